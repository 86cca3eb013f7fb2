//! Holding what was found against what is expected, and telling predictions from inputs.
//!
//! A figure from which a constant of the machine was inferred is an input: that it comes out right shows only that the
//! inference was done right. Every other figure is a prediction.

use crate::experiment::statistics::Estimate;
use crate::scenario::expression::{EvaluationError, Term};
use crate::scenario::{Bound, Expectation, Expression, Scenario};

/// What became of one expectation.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What was looked at, as the scenario writes it.
    pub that: String,
    /// What was expected of it.
    pub bound: Bound,
    /// What was found: the mean over all replications.
    pub found: Result<f64, EvaluationError>,
    /// Half the width of the 95 % confidence interval of what was found, if there are replications.
    pub half_width: Option<f64>,
    /// Whether the value is a time in seconds.
    pub is_time: bool,
    /// How it stands.
    pub standing: Standing,
    /// What the figure is to the machines of the scenario.
    pub role: Role,
    /// Why the expectation is known not to be met, if it is.
    pub known_gap: Option<String>,
    /// Where the expected value comes from, if that was published.
    pub source: Option<String>,
}

/// How an expectation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is met.
    Met,
    /// It is not met.
    Failed,
    /// It is not met, and the scenario says that this is known.
    KnownGap,
}

/// What a figure is to the machines of the scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// These constants were inferred from it.
    Input(String),
    /// No constant was inferred from it (or not from all that it is computed from).
    Prediction,
}

impl Verdict {
    /// By how much the value found differs from the one expected, as a fraction of it; `None` for ranges.
    pub fn error(&self) -> Option<f64> {
        match (self.bound, &self.found) {
            (Bound::Within { value, .. }, Ok(found)) if value != 0.0 => Some(found / value - 1.0),
            _ => None,
        }
    }
}

/// Judges one expectation by its mean; `value_of` knows the quantities of the runs of each of so many `replications`.
pub(crate) fn judge(
    expectation: &Expectation,
    scenario: &Scenario,
    id: &str,
    replications: usize,
    value_of: &impl Fn(usize, &str, &str) -> Option<f64>,
) -> Verdict {
    let of_one = |replication| {
        expectation.expression.evaluate(&|run: &str, metric: &str| value_of(replication, run, metric))
    };
    let values: Result<Vec<f64>, EvaluationError> = (0..replications).map(of_one).collect();
    let estimate = values.as_ref().ok().and_then(|values| Estimate::of(values));
    let found = values.map(|_| estimate.map_or(f64::NAN, |estimate| estimate.mean));
    let met = found.as_ref().is_ok_and(|value| expectation.bound.holds(*value));
    let standing = match (met, &expectation.known_gap) {
        (true, _) => Standing::Met,
        (false, Some(_)) => Standing::KnownGap,
        (false, None) => Standing::Failed,
    };
    Verdict {
        that: expectation.that.clone(),
        bound: expectation.bound,
        found,
        half_width: estimate.and_then(|estimate| estimate.half_width),
        is_time: expectation.expression.time_power == 1,
        standing,
        role: role_of(expectation, scenario, id),
        known_gap: expectation.known_gap.clone(),
        source: expectation.source.clone(),
    }
}

/// A figure is an input if a constant was inferred from it, and so is whatever is computed from inputs alone.
fn role_of(expectation: &Expectation, scenario: &Scenario, id: &str) -> Role {
    let mut references = Vec::new();
    collect_references(&expectation.expression, &mut references);
    let constants: Option<Vec<String>> = references
        .iter()
        .map(|(run, metric)| constant_inferred_from(scenario, run, &format!("{id}: {run}.{metric}")))
        .collect();
    match constants {
        Some(constants) if !constants.is_empty() => Role::Input(constants.join(", ")),
        _ => Role::Prediction,
    }
}

fn collect_references<'a>(expression: &'a Expression, references: &mut Vec<(&'a str, &'a str)>) {
    match &expression.term {
        Term::Constant(_) => {}
        Term::Reference { run, metric } => references.push((run, metric)),
        Term::Operation { left, right, .. } => {
            collect_references(left, references);
            collect_references(right, references);
        }
    }
}

/// The constant of the run's machine that was inferred from `figure`.
fn constant_inferred_from(scenario: &Scenario, run: &str, figure: &str) -> Option<String> {
    let run = scenario.runs.iter().find(|other| other.name == run)?;
    let constant = run.provenance.iter().find(|constant| constant.figure.as_deref() == Some(figure))?;
    Some(constant.constant.clone())
}
