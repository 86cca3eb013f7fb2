//! Holding what was found against what is expected, and telling predictions from inputs.
//!
//! A figure from which a constant of the machine was inferred is an input: that it comes out right shows only that the
//! inference was done right. Every other figure is a prediction.

use crate::scenario::expression::{EvaluationError, Term};
use crate::scenario::{Bound, Expectation, Expression, Metric, Scenario, provenance_of};

/// What became of one expectation.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What was looked at, as the scenario writes it.
    pub that: String,
    /// What was expected of it.
    pub bound: Bound,
    /// What was found.
    pub found: Result<f64, EvaluationError>,
    /// Whether the value is a time in seconds.
    pub is_time: bool,
    /// How it stands.
    pub standing: Standing,
    /// What the figure is to the machines of the scenario.
    pub role: Role,
    /// Why the expectation is known not to be met, if it is.
    pub known_gap: Option<String>,
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
    /// This constant was inferred from it.
    Input(String),
    /// No constant was inferred from it.
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

/// Judges one expectation; `value_of` knows the quantities of the runs.
pub(crate) fn judge(
    expectation: &Expectation,
    scenario: &Scenario,
    id: &str,
    value_of: &impl Fn(&str, Metric) -> Option<f64>,
) -> Verdict {
    let found = expectation.expression.evaluate(value_of);
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
        is_time: expectation.expression.time_power == 1,
        standing,
        role: role_of(expectation, scenario, id),
        known_gap: expectation.known_gap.clone(),
    }
}

fn role_of(expectation: &Expectation, scenario: &Scenario, id: &str) -> Role {
    let figure = format!("{id}: {}", expectation.that);
    let machines = scenario
        .runs
        .iter()
        .filter(|run| mentions(&expectation.expression, &run.name))
        .filter_map(|run| run.machine_name.as_deref());
    for machine in machines {
        let constants = provenance_of(machine).unwrap_or_default();
        if let Some(constant) = constants.iter().find(|constant| constant.figure.as_deref() == Some(&figure))
        {
            return Role::Input(constant.constant.clone());
        }
    }
    Role::Prediction
}

fn mentions(expression: &Expression, name: &str) -> bool {
    match &expression.term {
        Term::Constant(_) => false,
        Term::Reference { run, .. } => run == name,
        Term::Operation { left, right, .. } => mentions(left, name) || mentions(right, name),
    }
}
