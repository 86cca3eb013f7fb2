//! Who waits for the GIL: how many at a time, and how long.
//!
//! A wait begins when a thread asks for the lock and ends when it has it: waking up in vain, or having no core, is part of
//! it. Only waits that end are counted among the lengths; the longest may be one that never does.

use crate::des::{Span, Time};
use crate::sim::Latency;
use crate::trace::{Mark, Observer, ThreadState, Window};

/// A wait for the GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Who waits.
    pub thread: usize,
    /// Since when, or since the window began.
    pub from: Time,
    /// Until when, or until the window ends.
    pub to: Time,
}

impl Wait {
    /// How long it lasts.
    pub fn length(&self) -> Span {
        self.to.since(self.from)
    }
}

/// A thread that gives the GIL up because another has asked it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForcedDrop {
    /// Who gives it up.
    pub thread: usize,
    /// When.
    pub at: Time,
}

/// The waits for the GIL within a window, column by column and as a whole.
#[derive(Clone, Debug)]
pub struct Waits {
    window: Window,
    since: Vec<Option<Time>>,
    waiters: u32,
    waiters_since: Time,
    /// Of each column, the sum of all waits within it, in picoseconds.
    sums: Vec<u128>,
    most: Vec<u32>,
    longest: Option<Wait>,
    lengths: Latency,
    is_requested: bool,
    checked: Option<usize>,
    first_forced: Option<ForcedDrop>,
}

impl Waits {
    /// No waits yet, of so many threads.
    pub fn new(window: Window, threads: usize) -> Waits {
        Waits {
            window,
            since: vec![None; threads],
            waiters: 0,
            waiters_since: Time::ZERO,
            sums: vec![0; window.columns],
            most: vec![0; window.columns],
            longest: None,
            lengths: Latency::default(),
            is_requested: false,
            checked: None,
            first_forced: None,
        }
    }

    /// Closes the record; to be called once, when the run has ended.
    pub fn finish(&mut self, end: Time) {
        self.level(end, 0);
        for thread in 0..self.since.len() {
            if let Some(from) = self.since[thread].take() {
                self.note(Wait { thread, from, to: end });
            }
        }
    }

    /// How many threads wait within `column` on average.
    pub fn mean(&self, column: usize) -> f64 {
        self.sums[column] as f64 / self.window.column_length(column).picos().max(1) as f64
    }

    /// How many threads wait at the same time within `column` at the most.
    pub fn most(&self, column: usize) -> u32 {
        self.most[column]
    }

    /// How many threads wait within the window on average.
    pub fn mean_of_all(&self) -> f64 {
        self.sums.iter().sum::<u128>() as f64 / self.window.length().picos().max(1) as f64
    }

    /// The longest wait, as much of it as lies within the window; `None` if there is none.
    pub fn longest(&self) -> Option<Wait> {
        self.longest
    }

    /// How long the waits took that ended within the window.
    pub fn lengths(&self) -> &Latency {
        &self.lengths
    }

    /// The first time within the window that a thread gave the GIL up because it was asked to.
    pub fn first_forced(&self) -> Option<ForcedDrop> {
        self.first_forced
    }

    fn begins(&mut self, time: Time, thread: usize) {
        if self.since[thread].is_none() {
            self.since[thread] = Some(time);
            self.level(time, self.waiters + 1);
        }
    }

    fn ends(&mut self, time: Time, thread: usize, has_it: bool) {
        if let Some(from) = self.since[thread].take() {
            self.level(time, self.waiters - 1);
            if has_it {
                self.note(Wait { thread, from, to: time });
                if self.window.holds(time) {
                    self.lengths.record(time.since(from));
                }
            }
        }
    }

    /// So many threads wait from `time` on.
    fn level(&mut self, time: Time, waiters: u32) {
        let Waits { window, sums, most, waiters: current, waiters_since, .. } = self;
        window.spread(*waiters_since, time, |column, span| {
            sums[column] += u128::from(span.picos()) * u128::from(*current);
            most[column] = most[column].max(*current);
        });
        (*current, *waiters_since) = (waiters, time);
    }

    fn note(&mut self, wait: Wait) {
        let wait = Wait { from: wait.from.max(self.window.from), to: wait.to.min(self.window.to), ..wait };
        if wait.from < wait.to && self.longest.is_none_or(|longest| wait.length() > longest.length()) {
            self.longest = Some(wait);
        }
    }
}

impl Observer for Waits {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        match state {
            ThreadState::WaitsForGil | ThreadState::FailedAcquisition => self.begins(time, thread),
            // On its way to the lock or back from it, a thread may be in the kernel or have no core.
            ThreadState::InKernel | ThreadState::Runnable | ThreadState::ForcedSwitch => {}
            _ => self.ends(time, thread, false),
        }
    }

    fn core_runs(&mut self, _: Time, _: usize, _: Option<usize>) {}

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        match mark {
            Mark::Acquired => {
                self.ends(time, thread, true);
                self.is_requested = false;
            }
            Mark::DropRequest => self.is_requested = true,
            Mark::Check => self.checked = Some(thread),
            Mark::Released => {
                let is_forced = self.is_requested && self.checked == Some(thread);
                if is_forced && self.first_forced.is_none() && self.window.holds(time) {
                    self.first_forced = Some(ForcedDrop { thread, at: time });
                }
                self.is_requested = false;
                self.checked = None;
            }
            Mark::FailedAcquisition => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(picos: u64) -> Time {
        Time::from_picos(picos)
    }

    fn waits() -> Waits {
        let mut waits = Waits::new(Window { from: at(0), to: at(100), columns: 2 }, 2);
        waits.thread_state(at(10), 0, ThreadState::WaitsForGil);
        waits.thread_state(at(20), 1, ThreadState::WaitsForGil);
        waits.thread_state(at(25), 0, ThreadState::InKernel);
        waits.mark(at(60), 0, Mark::Acquired);
        waits.thread_state(at(60), 0, ThreadState::RunsPython);
        waits.finish(at(100));
        waits
    }

    #[test]
    fn a_wait_lasts_until_the_lock_is_taken() {
        assert_eq!((waits().lengths().count(), waits().lengths().mean()), (1, Some(Span::from_picos(50))));
    }

    #[test]
    fn the_longest_wait_may_be_one_that_does_not_end() {
        assert_eq!(waits().longest(), Some(Wait { thread: 1, from: at(20), to: at(100) }));
    }

    #[test]
    fn waiters_are_averaged_and_counted_in_each_column() {
        let waits = waits();
        assert_eq!((waits.mean(0), waits.most(0)), (1.4, 2));
        assert_eq!((waits.mean(1), waits.most(1)), (1.2, 2));
        assert_eq!(waits.mean_of_all(), 1.3);
    }

    #[test]
    fn a_drop_is_forced_if_it_was_asked_for_and_noticed_at_a_check() {
        let mut waits = Waits::new(Window { from: at(0), to: at(100), columns: 1 }, 2);
        waits.mark(at(10), 0, Mark::DropRequest);
        waits.mark(at(20), 1, Mark::Released);
        assert_eq!(waits.first_forced(), None);
        waits.mark(at(30), 1, Mark::DropRequest);
        waits.mark(at(40), 0, Mark::Check);
        waits.mark(at(41), 0, Mark::Released);
        assert_eq!(waits.first_forced(), Some(ForcedDrop { thread: 0, at: at(41) }));
    }
}
