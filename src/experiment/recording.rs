//! Recording what happened within a window of some runs, for a picture.

use crate::des::{Span, Time};
use crate::scenario::{Run, Scenario};
use crate::sim::{self, Report};
use crate::trace::{Timeline, Window};

/// A run with the timeline of a window of it.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    /// The run.
    pub run: &'a Run,
    /// What it told.
    pub report: Report,
    /// What happened within the window.
    pub timeline: Timeline,
}

/// Why a window cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// The window ends where it begins, or before.
    #[error("the window from {from} to {to} is empty")]
    Empty {
        /// Where it begins.
        from: Time,
        /// Where it ends.
        to: Time,
    },
    /// Every run has ended when the window begins.
    #[error("nothing happens from {from} on: the last run ends at {end}")]
    AfterTheEnd {
        /// Where the window begins.
        from: Time,
        /// When the last run ends.
        end: Time,
    },
    /// The runs take no time at all.
    #[error("the runs take no time, so there is nothing to draw")]
    NoTime,
}

/// Records the runs of `scenario` that `chosen` names (all, if it names none), from `from` to `to` (else to the end of
/// the longest), in `columns` columns.
///
/// A run without an observer comes first, to learn when it ends; the second has the same outcome.
///
/// # Errors
/// If the window holds nothing to draw.
pub fn record<'a>(
    scenario: &'a Scenario,
    seed: Option<u64>,
    chosen: &[&'a Run],
    from: Option<Span>,
    to: Option<Span>,
    columns: usize,
) -> Result<Vec<Recording<'a>>, WindowError> {
    let seed = seed.unwrap_or(scenario.seed);
    let runs: Vec<&Run> = if chosen.is_empty() { scenario.runs.iter().collect() } else { chosen.to_vec() };
    let end = runs.iter().map(|run| sim::run(&run.model, seed, ()).0.makespan).max().unwrap_or(Time::ZERO);
    let window = Window {
        from: Time::ZERO + from.unwrap_or(Span::ZERO),
        to: to.map_or(end, |to| Time::ZERO + to),
        columns,
    };
    check(&window, end)?;
    let recordings = runs.into_iter().map(|run| record_one(run, seed, window));
    Ok(recordings.collect())
}

fn check(window: &Window, end: Time) -> Result<(), WindowError> {
    let Window { from, to, .. } = *window;
    if end == Time::ZERO {
        return Err(WindowError::NoTime);
    }
    if from >= end {
        return Err(WindowError::AfterTheEnd { from, end });
    }
    if from >= to {
        return Err(WindowError::Empty { from, to });
    }
    Ok(())
}

fn record_one(run: &Run, seed: u64, window: Window) -> Recording<'_> {
    let timeline = Timeline::new(window, run.model.threads.len(), run.model.machine.cores);
    let (report, mut timeline) = sim::run(&run.model, seed, timeline);
    timeline.finish(report.makespan);
    Recording { run, report, timeline }
}
