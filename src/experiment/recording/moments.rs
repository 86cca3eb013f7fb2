//! The moments of a run that are worth a look: how it begins, and what is most remarkable about it.

use crate::des::{Span, Time};
use crate::experiment::recording::{Recording, Waits, beginning as cut_off, record_one};
use crate::scenario::Run;
use crate::sim::{self, Report};
use crate::trace::{Mark, Observer, ThreadState, Timeline, Window};

/// No more of a run is looked at than about so many events, so that looking takes a moment only.
const MOST_EVENTS: u64 = 1_000_000;

/// The first moments last until the lock has changed hands so often,
const HAND_OVERS: usize = 6;

/// or threads have changed their state so often, if that is later.
const CHANGES: usize = 24;

/// A search for the remarkable divides the run into so many stretches.
const STRETCHES: usize = 2_000;

/// Fewer failed acquisitions in a stretch are no battle.
const BATTLE: u64 = 2;

/// A moment of a run.
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    /// What is to be seen.
    pub what: Remarkable,
    /// What happened.
    pub recording: Recording<'a>,
}

/// Why a moment is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remarkable {
    /// The run begins.
    Beginning,
    /// Nowhere are more threads woken in vain.
    Battle,
    /// Nowhere does a thread wait longer for the GIL: that thread, and how long.
    Wait(usize, Span),
}

/// Which of some runs is worth a look: the one in which threads are most often woken in vain, else the one in which the
/// lock changes hands the most, else the first.
pub fn most_remarkable<'a>(reports: impl Iterator<Item = &'a Report>) -> usize {
    let weight = |report: &Report| (report.gil.failed_acquisitions, report.gil.hand_overs);
    let weights: Vec<(u64, u64)> = reports.map(weight).collect();
    (0..weights.len()).max_by_key(|index| (weights[*index], std::cmp::Reverse(*index))).unwrap_or(0)
}

/// How a run begins, and the worst battle or else the longest wait of its first million events, in so many columns and
/// at most so many lanes.
pub fn moments<'a>(
    run: &'a Run,
    seed: u64,
    report: &Report,
    columns: usize,
    most_lanes: usize,
) -> Vec<Moment<'a>> {
    let end = cut(report);
    if end == Time::ZERO {
        return Vec::new();
    }
    let model = cut_off(&run.model, end);
    let window = Window { from: Time::ZERO, to: end, columns: STRETCHES };
    // All threads in one lane: who is woken in vain does not matter here.
    let timeline = Timeline::grouped(window, &vec![0; model.threads.len()], model.machine.cores);
    let observers = (timeline, (Waits::new(window, model.threads.len()), Beginning::default()));
    let (_, (mut timeline, (mut waits, beginning))) = sim::run(&model, seed, observers);
    timeline.finish(end);
    waits.finish(end);
    let length = beginning.end().unwrap_or(end).since(Time::ZERO);
    let mut found = vec![(Remarkable::Beginning, Time::ZERO, Time::ZERO + length)];
    found.extend(battle(&timeline, length).or_else(|| longest_wait(&waits)));
    found
        .into_iter()
        .filter(|(_, from, to)| from < to)
        .map(|(what, from, to)| {
            let window = Window { from, to: to.min(end), columns };
            Moment { what, recording: record_one(run, &model, seed, window, None, most_lanes) }
        })
        .collect()
}

/// Where looking ends: with the run, or after about so many events.
fn cut(report: &Report) -> Time {
    if report.events <= MOST_EVENTS {
        return report.makespan;
    }
    let picos = u128::from(report.makespan.picos()) * u128::from(MOST_EVENTS) / u128::from(report.events);
    Time::from_picos(picos as u64)
}

/// The stretch with the most failed acquisitions, `length` long around its middle.
fn battle(timeline: &Timeline, length: Span) -> Option<(Remarkable, Time, Time)> {
    let count = |column: usize| timeline.count_of_all(Mark::FailedAcquisition, column);
    let worst = (0..STRETCHES).max_by_key(|column| (count(*column), std::cmp::Reverse(*column)))?;
    if count(worst) < BATTLE {
        return None;
    }
    let middle = timeline.window().column_start(worst)
        + Span::from_picos(timeline.window().column_length(worst).picos() / 2);
    let half = Span::from_picos(length.picos() / 2);
    let from = Time::ZERO + middle.since(Time::ZERO).saturating_sub(half);
    Some((Remarkable::Battle, from, from + length))
}

/// The longest wait, with a little time before and after.
fn longest_wait(waits: &Waits) -> Option<(Remarkable, Time, Time)> {
    let wait = waits.longest()?;
    let room = Span::from_picos(wait.length().picos() / 6);
    let from = Time::ZERO + wait.from.since(Time::ZERO).saturating_sub(room);
    Some((Remarkable::Wait(wait.thread, wait.length()), from, wait.to + room))
}

/// When the lock had changed hands, and threads their states, for the first few times.
#[derive(Debug, Default)]
struct Beginning {
    last: Option<usize>,
    hand_overs: Vec<Time>,
    changes: Vec<Time>,
}

impl Beginning {
    /// When the first moments are over; `None` if they last as long as the run.
    fn end(&self) -> Option<Time> {
        let change = *self.changes.get(CHANGES - 1)?;
        Some(self.hand_overs.get(HAND_OVERS - 1).map_or(change, |hand_over| change.max(*hand_over)))
    }
}

impl Observer for Beginning {
    fn thread_state(&mut self, time: Time, _: usize, _: ThreadState) {
        if self.changes.len() < CHANGES {
            self.changes.push(time);
        }
    }

    fn core_runs(&mut self, _: Time, _: usize, _: Option<usize>) {}

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        if mark == Mark::Acquired
            && self.last.replace(thread).is_some_and(|last| last != thread)
            && self.hand_overs.len() < HAND_OVERS
        {
            self.hand_overs.push(time);
        }
    }
}
