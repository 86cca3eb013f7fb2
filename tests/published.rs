//! The scenarios expect what was published: neither another figure nor a wider tolerance.

use std::path::Path;

use gilsim::scenario::{self, Bound};
use serde::Deserialize;

#[derive(Deserialize)]
struct Experiment {
    source: String,
    scenario: String,
    tolerance: Tolerance,
    figures: Vec<Figure>,
}

#[derive(Deserialize)]
struct Tolerance {
    seconds: Option<f64>,
    calls: Option<f64>,
    ratio: Option<f64>,
    /// Of figures that are shares, in points.
    points: Option<f64>,
}

#[derive(Deserialize)]
struct Figure {
    that: String,
    seconds: Option<f64>,
    calls: Option<f64>,
    ratio: Option<f64>,
    share: Option<f64>,
}

impl Experiment {
    /// The published value of a figure and how far from it an outcome may be.
    fn bound(&self, figure: &Figure) -> Bound {
        let Tolerance { seconds, calls, ratio, points } = self.tolerance;
        // A bound is relative, and written with a tenth of a per cent.
        let of_points = |share: f64| points.map(|points| (points / share * 10.0).round() / 10.0 / 100.0);
        let found = match (figure.seconds, figure.calls, figure.ratio, figure.share) {
            (Some(value), None, None, None) => seconds.map(|tolerance| (value, tolerance)),
            (None, Some(value), None, None) => calls.map(|tolerance| (value, tolerance)),
            (None, None, Some(value), None) => ratio.map(|tolerance| (value, tolerance)),
            (None, None, None, Some(0.0)) => Some((0.0, 0.0)),
            (None, None, None, Some(share)) => of_points(share).map(|tolerance| (share, tolerance)),
            _ => None,
        };
        let (value, tolerance) = found
            .unwrap_or_else(|| panic!("{}: {} is not one figure with a tolerance", self.source, figure.that));
        Bound::Within { value, tolerance }
    }
}

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn every_published_figure_is_expected_as_it_was_published() {
    let experiments: Vec<Experiment> = serde_yaml::from_str(&text("tests/figures/published.yaml")).unwrap();
    assert!(!experiments.is_empty());
    for experiment in &experiments {
        let file = format!("scenarios/{}.yaml", experiment.scenario);
        let scenario = scenario::load(&text(&file), &file, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        for figure in &experiment.figures {
            let expectation = scenario.expectations.iter().find(|expected| expected.that == figure.that);
            let expectation = expectation.unwrap_or_else(|| panic!("{file} does not expect {}", figure.that));
            assert_eq!(expectation.bound, experiment.bound(figure), "{file}: {}", figure.that);
            assert!(expectation.source.is_some(), "{file} does not say who published {}", figure.that);
        }
    }
}

#[test]
fn what_a_scenario_expects_with_a_source_was_published() {
    let experiments: Vec<Experiment> = serde_yaml::from_str(&text("tests/figures/published.yaml")).unwrap();
    let published = |scenario: &str, that: &str| {
        let of_scenario = experiments.iter().filter(|experiment| experiment.scenario == scenario);
        of_scenario.flat_map(|experiment| &experiment.figures).any(|figure| figure.that == that)
    };
    for name in scenario::built_in_names() {
        let file = format!("scenarios/{name}.yaml");
        let scenario = scenario::load(&text(&file), &file, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        for expectation in scenario.expectations {
            let is_figure = expectation.source.is_some() && matches!(expectation.bound, Bound::Within { .. });
            assert!(!is_figure || published(name, &expectation.that), "{file}: {}", expectation.that);
        }
    }
}
