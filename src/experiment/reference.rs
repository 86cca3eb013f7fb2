//! Holding what was simulated against what was measured or published: errors of single cells, and orderings of two.
//!
//! The error of a cell is |ln(simulated / median)|, and nothing between the quartiles. Two cells of one quantity have an
//! order if their medians differ by more than each of the two spreads between quartiles; it is right if what was simulated
//! stands in the same order.
//!
//! A published figure is what a scenario expects within a tolerance, with its source. It is scored in the same way, if it is
//! a prediction; instead of quartiles it has its tolerance, and has an order with what is farther away than that.

use crate::experiment::{Conducted, Role, Verdict};
use crate::scenario::expression::{EvaluationError, Operator, Term};
use crate::scenario::{Bound, Expectation, Expression, Figure, Found, Scenario};

/// The largest error of a cell that counts as hit, as a fraction.
pub const NEAR: f64 = 0.15;

/// A figure of a reference, held against the simulation.
#[derive(Clone, Debug)]
pub struct Score {
    /// The figure.
    pub figure: Figure,
    /// What was simulated: the median over the replications. `None` if the figure is not simulated.
    pub simulated: Option<Result<f64, EvaluationError>>,
}

/// The scores of some figures, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many cells have an error.
    pub scored: usize,
    /// How many figures are not simulated, or have no value in the simulation.
    pub not_simulated: usize,
    /// The median error; not a number without a scored cell, as all that follows.
    pub median: f64,
    /// The error that nine in ten cells do not exceed.
    pub ninetieth: f64,
    /// The share of cells whose error is at most [`NEAR`].
    pub near: f64,
    /// How many pairs of cells have an order.
    pub orderings: usize,
    /// How many of them have the same order in the simulation.
    pub right: usize,
}

impl Score {
    /// The error as |ln(simulated / median)|, infinite where one of them is zero; `None` if the figure has no error of its own.
    pub fn error(&self) -> Option<f64> {
        let found = self.figure.found.as_ref().ok().filter(|found| !found.only_order)?;
        self.value().map(|simulated| error(found, simulated))
    }

    /// What was simulated, if it has a value.
    pub fn value(&self) -> Option<f64> {
        self.simulated.as_ref()?.as_ref().ok().copied()
    }
}

/// 0 between the quartiles, and infinite where a logarithm says nothing (something against nothing).
fn error(found: &Found, simulated: f64) -> f64 {
    let (first, third) = found.quartiles;
    if (first..=third).contains(&simulated) || simulated == found.value {
        return 0.0;
    }
    let logarithm = libm::log(simulated / found.value).abs();
    if logarithm.is_nan() { f64::INFINITY } else { logarithm }
}

/// The scores of all figures of a scenario that was carried out.
pub fn scores(scenario: &Scenario, conducted: &Conducted) -> Vec<Score> {
    let score = |figure: &Figure| {
        let simulated = figure.found.as_ref().ok().map(|found| median_of(found, conducted));
        Score { figure: figure.clone(), simulated }
    };
    scenario.figures.iter().map(score).collect()
}

/// The scores of all published figures of a scenario that was carried out, but for the inputs.
pub fn published(scenario: &Scenario, conducted: &Conducted) -> Vec<Score> {
    let judged = scenario.expectations.iter().filter(|expectation| expectation.place.is_empty());
    let predictions = judged.zip(&conducted.verdicts).filter(|(_, verdict)| verdict.role == Role::Prediction);
    let score = |(expectation, verdict): (&Expectation, &Verdict)| {
        Some(Score { figure: published_figure(expectation)?, simulated: Some(verdict.found.clone()) })
    };
    predictions.filter_map(score).collect()
}

/// What was published, if it is one value.
fn published_figure(expectation: &Expectation) -> Option<Figure> {
    let Bound::Within { value, tolerance } = expectation.bound else { return None };
    expectation.source.as_ref()?;
    let found = Found {
        that: expectation.that.clone(),
        expression: expectation.expression.clone(),
        value,
        quartiles: (value, value),
        spread: tolerance * value.abs(),
        only_order: false,
    };
    let (cell, quantity) = (expectation.that.clone(), quantity(&expectation.expression));
    Some(Figure { cell, quantity, found: Ok(found) })
}

/// What is computed, of whichever runs: `(makespan / makespan)`.
fn quantity(expression: &Expression) -> String {
    match &expression.term {
        Term::Constant(_) => "number".to_owned(),
        Term::Reference { metric, .. } => metric.clone(),
        Term::Operation { operator, left, right } => {
            let sign = match operator {
                Operator::Add => '+',
                Operator::Subtract => '-',
                Operator::Multiply => '*',
                Operator::Divide => '/',
            };
            format!("({} {sign} {})", quantity(left), quantity(right))
        }
    }
}

/// The median over the replications of what a figure is held against.
fn median_of(found: &Found, conducted: &Conducted) -> Result<f64, EvaluationError> {
    let value_in = |replication: usize| {
        found.expression.evaluate(&|run: &str, metric: &str| {
            let outcome = conducted.run(run)?;
            outcome.metric(metric)?.of(outcome.reports().nth(replication)?)
        })
    };
    let values: Result<Vec<f64>, EvaluationError> = (0..conducted.replications).map(value_in).collect();
    values.map(|values| quantile(values, 0.5))
}

/// The value at the fraction `at` of the way through some values in order, between two of them by interpolation.
fn quantile(mut values: Vec<f64>, at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let place = at * last as f64;
    let (low, high) = (values[place as usize], values[(place as usize + 1).min(last)]);
    let between = place - place.floor();
    // The upper one may be infinite.
    if low == high || between == 0.0 { low } else { low + (high - low) * between }
}

impl Summary {
    /// The summary of some references, each with its scores; cells are put in order only within a reference.
    pub fn of<'a>(references: impl IntoIterator<Item = &'a [Score]>) -> Summary {
        let mut errors = Vec::new();
        let (mut not_simulated, mut orderings, mut right) = (0, 0, 0);
        for scores in references {
            errors.extend(scores.iter().filter_map(Score::error));
            not_simulated += scores.iter().filter(|score| score.value().is_none()).count();
            let judged = ordered_pairs(scores);
            orderings += judged.len();
            right += judged.iter().filter(|pair| pair.right).count();
        }
        let near = errors.iter().filter(|error| **error <= NEAR).count() as f64 / errors.len() as f64;
        Summary {
            scored: errors.len(),
            not_simulated,
            median: quantile(errors.clone(), 0.5),
            ninetieth: quantile(errors, 0.9),
            near,
            orderings,
            right,
        }
    }
}

/// Two cells that stand in an order, the one with the smaller median first.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The cell with the smaller median.
    pub smaller: &'a Score,
    /// The cell with the larger one.
    pub larger: &'a Score,
    /// Whether they stand in the same order in the simulation.
    pub right: bool,
}

/// Every pair of cells of one quantity that have an order and are both simulated.
pub fn ordered_pairs(scores: &[Score]) -> Vec<Pair<'_>> {
    let simulated: Vec<_> = scores
        .iter()
        .filter_map(|score| Some((score, score.figure.found.as_ref().ok()?, score.value()?)))
        .collect();
    let mut pairs = Vec::new();
    for (index, one) in simulated.iter().enumerate() {
        for other in &simulated[index + 1..] {
            if one.0.figure.quantity != other.0.figure.quantity || !is_ordered(one.1, other.1) {
                continue;
            }
            let (smaller, larger) = if one.1.value < other.1.value { (one, other) } else { (other, one) };
            pairs.push(Pair { smaller: smaller.0, larger: larger.0, right: smaller.2 < larger.2 });
        }
    }
    pairs
}

/// Whether two medians differ by more than each of the spreads.
fn is_ordered(one: &Found, other: &Found) -> bool {
    (one.value - other.value).abs() > one.spread.max(other.spread)
}
