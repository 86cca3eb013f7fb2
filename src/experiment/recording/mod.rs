//! Recording what happened within a window of some runs, for a picture.
//!
//! Observers that only pictures need live here, a file an observer: [`Waits`] for the GIL, its [`Ownership`], and the
//! [`Journal`] of every single event of a short window.

mod grouping;
mod hand_over;
mod journal;
mod moments;
mod ownership;
mod waits;

pub use grouping::LaneNames;
pub use hand_over::{HandOver, hand_over};
pub use journal::{Entry, Event, Journal};
pub use moments::{Moment, Remarkable, moments, most_remarkable};
pub use ownership::Ownership;
pub use waits::{ForcedDrop, Wait, Waits};

use crate::des::{Span, Time};
use crate::experiment::parallel;
use crate::scenario::{Run, Scenario};
use crate::sim::{self, Model, Report};
use crate::trace::{Timeline, Window};

/// A run with what happened within a window of it.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    /// The run.
    pub run: &'a Run,
    /// What it told.
    pub report: Report,
    /// What its threads and cores did within the window.
    pub timeline: Timeline,
    /// The names of the lanes in which its threads stand.
    pub lanes: LaneNames,
    /// Who waited for the GIL within the window, and how long.
    pub waits: Waits,
    /// Who held the GIL within the window.
    pub ownership: Ownership,
    /// What all its threads together did in the whole run, if the window is only a part of it.
    pub overview: Option<Timeline>,
}

/// Which part of some runs is recorded, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Where the window begins; else with the run.
    pub from: Option<Span>,
    /// Where it ends; else with the longest run.
    pub to: Option<Span>,
    /// How many columns it is divided into, at least 1.
    pub columns: usize,
    /// How many lanes there are at most: threads beyond share lanes. At least 1.
    pub most_lanes: usize,
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
    /// No thread does anything else in the window than before.
    #[error(
        "nothing changes between {from} and {to}: every thread does all the time what it did before\n\
         help: choose a longer window, or none"
    )]
    NoEvent {
        /// Where the window begins.
        from: Time,
        /// Where it ends.
        to: Time,
    },
    /// The runs take no time at all.
    #[error("the runs take no time, so there is nothing to draw")]
    NoTime,
}

/// Records some runs of `scenario` in one window.
///
/// A run without an observer comes first, to learn when it ends; the second has the same outcome.
///
/// # Errors
/// If the window holds nothing to draw.
pub fn record<'a>(
    scenario: &Scenario,
    seed: Option<u64>,
    runs: &[&'a Run],
    view: View,
) -> Result<Vec<Recording<'a>>, WindowError> {
    let seed = seed.unwrap_or(scenario.seed);
    let cores = parallel::available();
    let ends = parallel::map(runs.len(), cores, |run| sim::run(&runs[run].model, seed, ()).0.makespan);
    let end = ends.into_iter().max().unwrap_or(Time::ZERO);
    let window = window(view, end)?;
    let part = view.from.is_some() || view.to.is_some();
    let whole = part.then_some(Window { from: Time::ZERO, to: end, ..window });
    let recordings = parallel::map(runs.len(), cores, |run| {
        record_one(runs[run], &runs[run].model, seed, window, whole, view.most_lanes)
    });
    if part && recordings.iter().all(|recording| recording.timeline.changes() == 0) {
        return Err(WindowError::NoEvent { from: window.from, to: window.to });
    }
    Ok(recordings)
}

/// Records every event of a run between two instants, at most `most` of them.
pub fn journal(run: &Run, seed: u64, from: Time, to: Time, most: usize) -> Journal {
    let journal = Journal::new(from, to, most, run.model.threads.len(), run.model.machine.cores);
    sim::run(&beginning(&run.model, to), seed, journal).1
}

/// Records a short window of a run, which is carried out to its end only without an observer.
pub fn close_up<'a>(
    run: &'a Run,
    seed: u64,
    (from, to): (Time, Time),
    columns: usize,
    most_lanes: usize,
) -> Recording<'a> {
    let window = Window { from, to, columns };
    let recording = record_one(run, &beginning(&run.model, to), seed, window, None, most_lanes);
    Recording { report: sim::run(&run.model, seed, ()).0, ..recording }
}

/// A model that is cut off at `end`.
fn beginning(model: &Model, end: Time) -> Model {
    Model { until: Some(model.until.map_or(end, |until| until.min(end))), ..model.clone() }
}

fn window(view: View, end: Time) -> Result<Window, WindowError> {
    let from = Time::ZERO + view.from.unwrap_or(Span::ZERO);
    let to = view.to.map_or(end, |to| Time::ZERO + to);
    if end == Time::ZERO {
        return Err(WindowError::NoTime);
    }
    if from >= end {
        return Err(WindowError::AfterTheEnd { from, end });
    }
    if from >= to {
        return Err(WindowError::Empty { from, to });
    }
    Ok(Window { from, to, columns: view.columns })
}

/// Records a run, of which `model` may be the beginning only.
fn record_one<'a>(
    run: &'a Run,
    model: &Model,
    seed: u64,
    window: Window,
    whole: Option<Window>,
    most_lanes: usize,
) -> Recording<'a> {
    let (threads, cores) = (model.threads.len(), model.machine.cores);
    let lanes = LaneNames::of(&run.thread_names, threads, most_lanes);
    let timeline = Timeline::grouped(window, &lanes.lane_of, cores);
    let overview = whole.map(|window| Timeline::grouped(window, &vec![0; threads], cores));
    let interpreters: Vec<Option<usize>> = model.threads.iter().map(|thread| thread.interpreter).collect();
    let waits = Waits::new(window, threads);
    let ownership = Ownership::new(window, &lanes.lane_of, interpreters, model.interpreters);
    let observers = ((timeline, overview), (waits, ownership));
    let (report, ((mut timeline, mut overview), (mut waits, mut ownership))) =
        sim::run(model, seed, observers);
    timeline.finish(report.makespan);
    waits.finish(report.makespan);
    ownership.finish(report.makespan);
    overview.iter_mut().for_each(|overview| overview.finish(report.makespan));
    Recording { run, report, timeline, lanes, waits, ownership, overview }
}
