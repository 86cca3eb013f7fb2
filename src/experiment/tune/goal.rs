//! What is to be reached: `minimise: service.makespan`, as long as `batch.makespan <= 1.05 * best`.

use crate::scenario::units;
use crate::scenario::{Expression, Run};

/// What is to be small or large.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// As it is written.
    pub text: String,
    /// The quantity.
    pub expression: Expression,
    /// Which way.
    pub sense: Sense,
}

/// Which way a quantity is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// It is to be small.
    Minimise,
    /// It is to be large.
    Maximise,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// As it is written.
    pub text: String,
    /// The quantity.
    pub expression: Expression,
    /// Whether the limit is the largest value it may have (`<=`), or the smallest (`>=`).
    pub is_upper: bool,
    /// The limit.
    pub limit: Limit,
}

/// How large or small a quantity may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// So much; a time in seconds.
    Value(f64),
    /// So many times the best value of any point.
    TimesBest(f64),
}

impl Goal {
    /// Reads a goal over these runs.
    ///
    /// # Errors
    /// If it is none, with what is wrong.
    pub fn parse(text: &str, sense: Sense, runs: &[Run]) -> Result<Goal, String> {
        Ok(Goal { text: text.to_owned(), expression: Expression::parse(text, runs)?, sense })
    }
}

impl Constraint {
    /// Reads a constraint over these runs: `A.makespan <= 1.05 * best`, `A.makespan <= 20s`, `A.badness >= 0.5`.
    ///
    /// # Errors
    /// If it is none, with what is wrong.
    pub fn parse(text: &str, runs: &[Run]) -> Result<Constraint, String> {
        let upper = text.split_once("<=").map(|sides| (sides, true));
        let Some(((left, right), is_upper)) = upper.or(text.split_once(">=").map(|sides| (sides, false)))
        else {
            return Err(format!(
                "`{text}` has neither <= nor >= (write one such as makespan <= 1.05 * best)"
            ));
        };
        let expression = Expression::parse(left.trim(), runs)?;
        let limit = limit(right.trim(), &expression)?;
        Ok(Constraint { text: text.trim().to_owned(), expression, is_upper, limit })
    }

    /// How far a value is beyond the limit, relative to it; 0 if it is within. `best` is the best of all values.
    pub(super) fn excess(&self, value: f64, best: f64) -> f64 {
        let limit = match self.limit {
            Limit::Value(limit) => limit,
            Limit::TimesBest(factor) => factor * best,
        };
        let beyond = if self.is_upper { value - limit } else { limit - value };
        if beyond <= 0.0 { 0.0 } else { beyond / limit.abs().max(f64::MIN_POSITIVE) }
    }
}

fn limit(text: &str, left: &Expression) -> Result<Limit, String> {
    if let Some(factor) = text.strip_suffix("best") {
        let factor = factor.trim().trim_end_matches('*').trim();
        if factor.is_empty() {
            return Ok(Limit::TimesBest(1.0));
        }
        return units::parse_number(factor).map(Limit::TimesBest).map_err(|error| error.to_string());
    }
    match (units::parse_number(text), units::parse_span(text), left.time_power) {
        (Ok(number), _, 0) => Ok(Limit::Value(number)),
        (_, Ok(span), 1) => Ok(Limit::Value(span.as_secs())),
        (Ok(_), _, 1) => {
            Err(format!("a time is compared with {text} (write {text}s or {text}ms, whichever it is)"))
        }
        _ => Err(format!(
            "`{text}` is no limit here (write a number, a time, or a multiple such as 1.05 * best)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraint(text: &str) -> Result<Constraint, String> {
        let text_of_runs = "
gilsim: 1
title: two runs
machine: linux-2-core
python: cpython-3.11
threads: [{name: main, do: [python: 1ms]}]
runs: {a: {}, b: {}}
";
        let scenario = crate::scenario::load(text_of_runs, "two runs", &[]).unwrap();
        Constraint::parse(text, &scenario.runs)
    }

    #[test]
    fn a_limit_is_a_value_or_a_multiple_of_the_best() {
        assert_eq!(constraint("a.makespan <= 20s").unwrap().limit, Limit::Value(20.0));
        assert_eq!(constraint("a.makespan <= 1.05 * best").unwrap().limit, Limit::TimesBest(1.05));
        assert_eq!(constraint("a.makespan / b.makespan >= best").unwrap().limit, Limit::TimesBest(1.0));
        assert!(constraint("a.makespan <= 20s").unwrap().is_upper);
        assert!(!constraint("a.gil.checks >= 3").unwrap().is_upper);
    }

    #[test]
    fn the_excess_is_relative_to_the_limit() {
        let at_most = constraint("a.makespan <= 1.25 * best").unwrap();
        assert_eq!((at_most.excess(5.0, 4.0), at_most.excess(10.0, 4.0)), (0.0, 1.0));
        let at_least = constraint("a.gil.checks >= 4").unwrap();
        assert_eq!((at_least.excess(4.0, 9.0), at_least.excess(3.0, 9.0)), (0.0, 0.25));
    }

    #[test]
    fn what_is_no_constraint_is_explained() {
        assert!(constraint("a.makespan < 20s").unwrap_err().contains("neither <= nor >="));
        assert!(constraint("a.makespan <= 20").unwrap_err().contains("write 20s or 20ms"));
        assert!(constraint("a.makspan <= 20s").unwrap_err().contains("did you mean `makespan`?"));
        assert!(constraint("a.gil.checks <= 20s").unwrap_err().contains("is no limit here"));
    }
}
