//! An observer that keeps exact time shares per column of a picture.
//!
//! A run has tens of millions of state changes and a picture about two thousand columns. The timeline therefore
//! adds up, per lane and column, how long each state lasted within it: exact, and flat in simulated time. Rare
//! marks are counted per column, so none is lost.

use crate::des::{Span, Time};
use crate::trace::{Mark, Observer, ThreadState};

/// The part of a run that is drawn, and into how many columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where the picture begins.
    pub from: Time,
    /// Where it ends; later than `from`.
    pub to: Time,
    /// How many columns it is divided into; at least 1.
    pub columns: usize,
}

impl Window {
    /// The instant at which column `column` begins (or, for `column == columns`, at which the window ends).
    pub fn column_start(&self, column: usize) -> Time {
        let length = u128::from(self.to.since(self.from).picos());
        let offset = length * column as u128 / self.columns as u128;
        self.from + Span::from_picos(offset as u64)
    }

    /// The column in which `time` lies; `time` must lie within the window.
    fn column_of(&self, time: Time) -> usize {
        let length = u128::from(self.to.since(self.from).picos()).max(1);
        let offset = u128::from(time.since(self.from).picos());
        let mut column = ((offset * self.columns as u128 / length) as usize).min(self.columns - 1);
        while self.column_start(column + 1) <= time && column + 1 < self.columns {
            column += 1;
        }
        column
    }
}

/// Time shares and marks of one thread or core, column by column.
#[derive(Clone, Debug)]
pub struct Lane {
    kinds: usize,
    shares: Vec<Span>,
    current: usize,
    since: Time,
}

impl Lane {
    fn new(kinds: usize, first: usize, window: &Window) -> Lane {
        Lane { kinds, shares: vec![Span::ZERO; kinds * window.columns], current: first, since: Time::ZERO }
    }

    /// How long each kind lasted within `column`, indexed by kind.
    ///
    /// For a thread lane the kind is [`ThreadState::index`]; for a core lane kind 0 is idle and kind `t + 1` is
    /// "runs thread `t`". The spans of a column add up to its length.
    pub fn column(&self, column: usize) -> &[Span] {
        &self.shares[column * self.kinds..(column + 1) * self.kinds]
    }

    fn switch_to(&mut self, kind: usize, time: Time, window: &Window) {
        self.add(time, window);
        self.current = kind;
        self.since = time;
    }

    fn add(&mut self, until: Time, window: &Window) {
        let mut from = self.since.max(window.from);
        let until = until.min(window.to);
        if from >= until {
            return;
        }
        let mut column = window.column_of(from);
        while from < until {
            let end = window.column_start(column + 1).min(until);
            self.shares[column * self.kinds + self.current] += end.since(from);
            from = end;
            column += 1;
        }
    }
}

/// What happened within a [`Window`] of a run, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Timeline {
    window: Window,
    threads: Vec<Lane>,
    cores: Vec<Lane>,
    failed: Vec<u32>,
    drop_requests: Vec<u32>,
}

impl Timeline {
    /// An empty timeline of a run with that many threads and cores.
    pub fn new(window: Window, threads: usize, cores: usize) -> Timeline {
        let lanes = |count: usize, kinds: usize| vec![Lane::new(kinds, 0, &window); count];
        Timeline {
            window,
            threads: lanes(threads, ThreadState::COUNT),
            cores: lanes(cores, threads + 1),
            failed: vec![0; threads * window.columns],
            drop_requests: vec![0; threads * window.columns],
        }
    }

    /// Closes every lane; to be called once, when the run has ended.
    pub fn finish(&mut self, end: Time) {
        let end = end.max(self.window.to);
        for lane in self.threads.iter_mut().chain(&mut self.cores) {
            lane.switch_to(lane.current, end, &self.window);
        }
    }

    /// The window that was recorded.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// One lane a thread.
    pub fn threads(&self) -> &[Lane] {
        &self.threads
    }

    /// One lane a core.
    pub fn cores(&self) -> &[Lane] {
        &self.cores
    }

    /// How many failed acquisitions `thread` had within `column`.
    pub fn failed_acquisitions(&self, thread: usize, column: usize) -> u32 {
        self.failed[thread * self.window.columns + column]
    }

    /// How many drop requests `thread` made within `column`.
    pub fn drop_requests(&self, thread: usize, column: usize) -> u32 {
        self.drop_requests[thread * self.window.columns + column]
    }
}

impl Observer for Timeline {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        self.threads[thread].switch_to(state.index(), time, &self.window);
    }

    fn core_runs(&mut self, time: Time, core: usize, thread: Option<usize>) {
        self.cores[core].switch_to(thread.map_or(0, |thread| thread + 1), time, &self.window);
    }

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        if time < self.window.from || time >= self.window.to {
            return;
        }
        let cell = thread * self.window.columns + self.window.column_of(time);
        match mark {
            Mark::FailedAcquisition => self.failed[cell] += 1,
            Mark::DropRequest => self.drop_requests[cell] += 1,
            Mark::Check | Mark::Acquired | Mark::Released => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(picos: u64) -> Time {
        Time::from_picos(picos)
    }

    #[test]
    fn the_shares_of_a_column_add_up_to_its_length() {
        let window = Window { from: at(10), to: at(107), columns: 9 };
        let mut timeline = Timeline::new(window, 1, 1);
        timeline.thread_state(at(0), 0, ThreadState::RunsPython);
        timeline.thread_state(at(33), 0, ThreadState::WaitsForGil);
        timeline.thread_state(at(60), 0, ThreadState::RunsPython);
        timeline.finish(at(80));
        for column in 0..window.columns {
            let sum = timeline.threads()[0].column(column).iter().fold(Span::ZERO, |sum, share| sum + *share);
            assert_eq!(sum, window.column_start(column + 1).since(window.column_start(column)));
        }
        let waits: u64 = (0..9)
            .map(|column| timeline.threads()[0].column(column)[ThreadState::WaitsForGil.index()].picos())
            .sum();
        assert_eq!(waits, 27);
    }

    #[test]
    fn a_mark_is_counted_in_the_column_it_falls_in_and_never_outside_the_window() {
        let window = Window { from: at(0), to: at(100), columns: 10 };
        let mut timeline = Timeline::new(window, 2, 1);
        timeline.mark(at(59), 1, Mark::FailedAcquisition);
        timeline.mark(at(100), 1, Mark::FailedAcquisition);
        assert_eq!(timeline.failed_acquisitions(1, 5), 1);
        assert_eq!((0..10).map(|column| timeline.failed_acquisitions(1, column)).sum::<u32>(), 1);
    }
}
