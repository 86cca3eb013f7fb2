//! The points at which a scenario is carried out: a grid over some of its values, or a random sample of it.

use serde::{Deserialize, Serialize};

use crate::des::Stream;
use crate::des::random::Purpose;
use crate::scenario::axis::{Axis, Domain};
use crate::scenario::inherit::SECTIONS;
use crate::scenario::load::NOT_OF_RUNS;
use crate::scenario::quantity::is_same_value;

/// The most points of a sweep.
pub const MOST_POINTS: u64 = 1_000_000;

/// What is varied, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    axes: Vec<Axis>,
    /// The values of each axis; `None` for a range that does not say how many it has.
    values: Vec<Option<Vec<String>>>,
    sample: Option<u64>,
    length: usize,
}

/// One value of a scenario that is set, as by `--set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The path of the value.
    pub path: String,
    /// The value, as it is written in a scenario.
    pub value: String,
}

/// Why some axes make no sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// There is nothing to vary.
    #[error("there is nothing to sweep over")]
    NoAxis,
    /// Something is varied that is of no run.
    #[error("a sweep over `{path}` changes no run{}", way_out(.path))]
    OfNoRun {
        /// Its path.
        path: String,
    },
    /// A value is varied twice.
    #[error("`{0}` is swept over twice")]
    Twice(String),
    /// A range does not say how many values it has, and they are not drawn at random.
    #[error("the range of `{0}` does not say how many values it has: add a number, as in `:20`, or a sample")]
    NoCount(String),
    /// There are too many points.
    #[error("a sweep of {0} points is too large, at most {MOST_POINTS}")]
    TooLarge(u128),
}

fn way_out(path: &str) -> &'static str {
    if path == "repeat" { ": say how often with --reps" } else { "" }
}

impl Setting {
    /// As it is written on the command line.
    pub fn text(&self) -> String {
        format!("{}={}", self.path, self.value)
    }

    /// Whether this sets the same value to the same.
    pub fn is_same_as(&self, other: &Setting) -> bool {
        self.path == other.path && is_same_value(&self.value, &other.value)
    }
}

impl Sweep {
    /// A sweep over the grid of some axes, or so many random points of it.
    ///
    /// # Errors
    /// If the axes make no sweep.
    pub fn new(axes: Vec<Axis>, sample: Option<u64>) -> Result<Sweep, SweepError> {
        if axes.is_empty() {
            return Err(SweepError::NoAxis);
        }
        for (index, axis) in axes.iter().enumerate() {
            if axes[..index].iter().any(|other| other.path == axis.path) {
                return Err(SweepError::Twice(axis.path.clone()));
            }
            if NOT_OF_RUNS.contains(&section_of(&axis.path)) {
                return Err(SweepError::OfNoRun { path: axis.path.clone() });
            }
        }
        let values: Vec<Option<Vec<String>>> = axes.iter().map(Axis::values).collect();
        let points = match sample {
            Some(sample) => u128::from(sample),
            None => grid_size(&axes, &values)?,
        };
        let length = usize::try_from(points).ok().filter(|_| points <= u128::from(MOST_POINTS));
        let length = length.ok_or(SweepError::TooLarge(points))?;
        Ok(Sweep { axes, values, sample, length })
    }

    /// How many points there are, from 1 to [`MOST_POINTS`].
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is no point, which is never so.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether a path leads to what every run has, unless it has its own: into a section of the scenario that is also one of
    /// runs.
    pub fn is_of_every_run(path: &str) -> bool {
        SECTIONS.contains(&section_of(path))
    }

    /// What is varied.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// How many points are drawn at random, if they are.
    pub fn sample(&self) -> Option<u64> {
        self.sample
    }

    /// The values at a point, one an axis. Of a grid, the last axis varies fastest; `seed` matters to a sample only.
    pub fn point(&self, index: usize, seed: u64) -> Vec<Setting> {
        let values = match self.sample {
            Some(_) => self.drawn(index, seed),
            None => self.of_grid(index),
        };
        self.axes.iter().zip(values).map(|(axis, value)| Setting { path: axis.path.clone(), value }).collect()
    }

    /// Each point that differs from the first in one value only: where a value is wrong, one of these shows it. Of a
    /// range, its ends.
    pub fn probes(&self) -> Vec<Vec<Setting>> {
        let ends = |axis: &Axis| match &axis.domain {
            Domain::List(values) => values.clone(),
            Domain::Range(range) => vec![range.low.text(), range.high.text()],
        };
        let of_axis: Vec<Vec<String>> = self.axes.iter().map(ends).collect();
        let setting = |axis: &Axis, value: &str| Setting { path: axis.path.clone(), value: value.to_owned() };
        let first: Vec<Setting> =
            self.axes.iter().zip(&of_axis).map(|(axis, values)| setting(axis, &values[0])).collect();
        let mut probes = vec![first.clone()];
        for (index, values) in of_axis.iter().enumerate() {
            for value in &values[1..] {
                let mut probe = first.clone();
                probe[index] = setting(&self.axes[index], value);
                probes.push(probe);
            }
        }
        probes
    }

    fn of_grid(&self, index: usize) -> Vec<String> {
        let mut rest = index;
        let mut values: Vec<String> = Vec::with_capacity(self.axes.len());
        for of_axis in self.values.iter().rev().flatten() {
            values.push(of_axis[rest % of_axis.len()].clone());
            rest /= of_axis.len();
        }
        values.reverse();
        values
    }

    fn drawn(&self, index: usize, seed: u64) -> Vec<String> {
        let mut stream = Stream::new(seed, Purpose::Sample, index as u64);
        let axes = self.axes.iter().zip(&self.values);
        axes.map(|(axis, values)| match (values, &axis.domain) {
            (Some(values), _) | (None, Domain::List(values)) => {
                values[(stream.unit() * values.len() as f64) as usize].clone()
            }
            (None, Domain::Range(range)) => range.at(stream.unit()).text(),
        })
        .collect()
    }
}

/// The section of a scenario that a path leads into.
fn section_of(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn grid_size(axes: &[Axis], values: &[Option<Vec<String>>]) -> Result<u128, SweepError> {
    axes.iter().zip(values).try_fold(1_u128, |size, (axis, values)| {
        let count = values.as_ref().ok_or_else(|| SweepError::NoCount(axis.path.clone()))?.len();
        Ok(size.saturating_mul(count as u128))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::axis::Range;

    fn list(path: &str, values: &[&str]) -> Axis {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Axis { path: path.to_owned(), domain: Domain::List(values) }
    }

    fn range(path: &str, text: &str) -> Axis {
        Axis { path: path.to_owned(), domain: Domain::Range(Range::parse(text).unwrap().unwrap()) }
    }

    fn points(sweep: &Sweep, seed: u64) -> Vec<String> {
        let text = |index| {
            let settings: Vec<String> = sweep.point(index, seed).iter().map(Setting::text).collect();
            settings.join(" ")
        };
        (0..sweep.len()).map(text).collect()
    }

    #[test]
    fn a_grid_has_every_combination_and_the_last_axis_varies_fastest() {
        let sweep = Sweep::new(vec![list("a", &["x", "y"]), range("b", "1..3")], None).unwrap();
        assert_eq!(points(&sweep, 1), ["a=x b=1", "a=x b=2", "a=x b=3", "a=y b=1", "a=y b=2", "a=y b=3"]);
    }

    #[test]
    fn a_sample_is_drawn_from_the_grid_or_from_within_a_range() {
        let axes = vec![list("a", &["x", "y"]), range("b", "1ms..2ms")];
        let sweep = Sweep::new(axes, Some(200)).unwrap();
        let drawn = points(&sweep, 1);
        assert_eq!(drawn, points(&sweep, 1));
        assert_ne!(drawn, points(&sweep, 2));
        let with_x = drawn.iter().filter(|point| point.starts_with("a=x b=1.")).count();
        assert!((70..130).contains(&with_x), "{with_x}");
    }

    #[test]
    fn probes_differ_from_the_first_point_in_one_value() {
        let sweep = Sweep::new(vec![list("a", &["x", "y"]), range("b", "1..9")], None).unwrap();
        let text = |probe: &Vec<Setting>| probe.iter().map(Setting::text).collect::<Vec<_>>().join(" ");
        assert_eq!(sweep.probes().iter().map(text).collect::<Vec<_>>(), ["a=x b=1", "a=y b=1", "a=x b=9"]);
    }

    #[test]
    fn what_is_no_sweep_is_an_error() {
        let error = |axes| Sweep::new(axes, None).unwrap_err().to_string();
        assert_eq!(error(vec![]), "there is nothing to sweep over");
        assert_eq!(error(vec![list("a", &["1"]), list("a", &["2"])]), "`a` is swept over twice");
        let thousand = |path| range(path, "1..1000");
        assert_eq!(
            error(vec![thousand("a"), thousand("b"), thousand("c")]),
            "a sweep of 1000000000 points is too large, at most 1000000"
        );
        assert!(error(vec![range("a", "1ms..2ms")]).starts_with("the range of `a` does not say how many"));
    }
}
