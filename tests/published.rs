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
    seconds: f64,
    calls: Option<f64>,
}

#[derive(Deserialize)]
struct Figure {
    that: String,
    seconds: Option<f64>,
    calls: Option<f64>,
}

impl Experiment {
    /// The published value of a figure and how far from it an outcome may be.
    fn bound(&self, figure: &Figure) -> Bound {
        match (figure.seconds, figure.calls, self.tolerance.calls) {
            (Some(value), None, _) => Bound::Within { value, tolerance: self.tolerance.seconds },
            (None, Some(value), Some(tolerance)) => Bound::Within { value, tolerance },
            _ => panic!("{}: {} is not one figure with a tolerance", self.source, figure.that),
        }
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
        }
    }
}
