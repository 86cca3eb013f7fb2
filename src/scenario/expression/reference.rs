//! What an expression refers to: a metric of a run, or what is wrong where there is none.

use std::ops::Range;

use crate::scenario::diagnostic::quoted;
use crate::scenario::expression::{Expression, ExpressionError, Term};
use crate::scenario::known::KnownRun;
use crate::scenario::metrics::Metric;
use crate::scenario::suggest;

/// A metric of a run; where there is only one run, it need not be named.
pub(super) fn reference(
    text: &str,
    range: Range<usize>,
    runs: &[KnownRun<'_>],
) -> Result<Expression, ExpressionError> {
    let found = |run: &KnownRun<'_>, name: &str, metric: Metric| Expression {
        range: range.clone(),
        term: Term::Reference { run: run.name.to_owned(), metric: name.to_owned() },
        time_power: i32::from(metric.is_time),
    };
    if let [run] = runs
        && let Some(metric) = run.metric(text)
    {
        return Ok(found(run, text, metric));
    }
    let Some((run, name)) = text.split_once('.') else { return Err(without_run(text, range, runs)) };
    match runs.iter().find(|known| known.name == run) {
        Some(known) => match known.metric(name) {
            Some(metric) => Ok(found(known, name, metric)),
            None => Err(unknown_metric(name, known, range.end)),
        },
        None => Err(unknown_run(text, run, range, runs)),
    }
}

/// What is wrong with a reference whose run there is not: where there is only one run, it may be a metric that is
/// misspelt.
fn unknown_run(text: &str, run: &str, range: Range<usize>, runs: &[KnownRun<'_>]) -> ExpressionError {
    match runs {
        [only] if only.closest_metric(text).is_some() => unknown_metric(text, only, range.end),
        runs if runs.iter().any(|run| run.metric(text).is_some()) => without_run(text, range, runs),
        runs => ExpressionError {
            message: format!("unknown run {}", quoted(run)),
            help: suggest::help(run, runs.iter().map(|known| known.name)),
            range: range.start..range.start + run.len(),
        },
    }
}

/// What is wrong with a reference that names no run.
fn without_run(text: &str, range: Range<usize>, runs: &[KnownRun<'_>]) -> ExpressionError {
    let has_it = runs.iter().filter(|run| run.metric(text).is_some());
    let names: Vec<String> = has_it.map(|run| quoted(&format!("{}.{text}", run.name))).collect();
    if !names.is_empty() {
        let message = format!("{} does not say of which run", quoted(text));
        return ExpressionError { message, help: Some(format!("write {}", names.join(" or "))), range };
    }
    let run = runs.first().map_or("threaded", |run| run.name);
    ExpressionError {
        message: format!("{} is not a quantity", quoted(text)),
        help: Some(format!("write RUN.METRIC such as `{run}.makespan`, a number, or a time")),
        range,
    }
}

fn unknown_metric(name: &str, run: &KnownRun<'_>, end: usize) -> ExpressionError {
    let joined = name.contains(['+', '*', '/']);
    let help =
        if joined { Some("put a space on both sides of an operator".to_owned()) } else { run.help(name) };
    ExpressionError {
        message: format!("unknown metric {}", quoted(name)),
        help,
        range: end - name.len()..end,
    }
}
