//! The dispatcher of Windows (Russinovich, Solomon, Ionescu: Windows Internals, 5th and 6th edition, "Thread
//! Scheduling"; "Priority Boosts" in Microsoft's documentation).
//!
//! The highest priority runs, and threads of equal priority take turns after a quantum of some clock ticks: two on a
//! client, twelve on a server. A thread whose wait has ended has a higher priority for a while, which it loses level by
//! level, a quantum each. Each thread has an ideal processor: it runs there or on an idle one, and queues there.

use super::clock::Clock;
use super::{Arrival, CoreView, Departure, busiest};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::attributes::{self, Attributes};
use crate::os::{CoreId, ThreadId};

/// From here on, priorities are those of real time: they are never boosted.
const LOWEST_REAL_TIME: u8 = 16;

#[derive(Clone, Copy, Debug)]
struct Thread {
    base: u8,
    priority: u8,
    ideal: CoreId,
    /// Use of the processor in this quantum.
    used: Span,
    /// Its quantum is over, and it makes room: it goes behind those of its priority.
    rotates: bool,
}

/// The state of the dispatcher.
#[derive(Clone, Debug)]
pub struct Windows {
    quantum: Span,
    clock: Clock,
    threads: Vec<Thread>,
    /// By falling priority.
    queues: Vec<Vec<ThreadId>>,
    /// When the running thread of a core, which has only just arrived, is to make room for a higher priority that came
    /// before it.
    looks_at: Vec<Time>,
    /// On which cores each thread may run.
    affinity: Vec<CoreSet>,
}

impl Windows {
    pub(super) fn new(quantum: u32, clock: Clock, cores: usize, attributes: &[Attributes]) -> Windows {
        let thread = |(number, thread): (usize, &Attributes)| Thread {
            base: thread.priority,
            priority: thread.priority,
            ideal: ideal(number, &thread.cores, cores),
            used: Span::ZERO,
            rotates: false,
        };
        Windows {
            quantum: clock.tick() * u64::from(quantum),
            clock,
            threads: attributes.iter().enumerate().map(thread).collect(),
            queues: vec![Vec::with_capacity(attributes.len()); cores],
            looks_at: vec![Time::END; cores],
            affinity: attributes::affinity(attributes),
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The ideal processor if it is idle, or the last one, or the first that is idle; else the ideal one.
    pub(super) fn place(&self, thread: ThreadId, last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
        let ideal = self.threads[thread].ideal;
        let allowed = &self.affinity[thread];
        [Some(ideal), last_core]
            .into_iter()
            .flatten()
            .chain((0..cores.len()).filter(|core| allowed.contains(*core)))
            .find(|core| cores[*core].running.is_none())
            .unwrap_or(ideal)
    }

    /// A wait of `thread` has ended that boosts its priority by so much; a boost is one of the base priority.
    pub(super) fn wait_ended(&mut self, thread: ThreadId, boost: u8) {
        let thread = &mut self.threads[thread];
        if thread.base >= LOWEST_REAL_TIME {
            thread.used = Span::ZERO;
        } else if boost > 0 {
            thread.used = Span::ZERO;
            thread.priority = thread.priority.max((thread.base + boost).min(LOWEST_REAL_TIME - 1));
        }
    }

    pub(super) fn enqueue(&mut self, core: CoreId, thread: ThreadId, arrival: Arrival) {
        let rotates = std::mem::take(&mut self.threads[thread].rotates);
        let before_equals = arrival == Arrival::Preempted && !rotates;
        let (threads, priority) = (&self.threads, self.threads[thread].priority);
        let position = self.queues[core].partition_point(|other| {
            let other = threads[*other].priority;
            if before_equals { other > priority } else { other >= priority }
        });
        self.queues[core].insert(position, thread);
    }

    pub(super) fn pick(&mut self, core: CoreId) -> Option<ThreadId> {
        let from =
            if self.queues[core].is_empty() { busiest(&self.queues, core, &self.affinity)? } else { core };
        let position = self.queues[from].iter().position(|thread| self.affinity[*thread].contains(core))?;
        Some(self.queues[from].remove(position))
    }

    pub(super) fn run(&mut self, core: CoreId, thread: ThreadId, _: Option<Arrival>, now: Time) {
        let has_come_late = self.front(core).is_some_and(|front| front > self.threads[thread].priority);
        self.looks_at[core] = if has_come_late { now } else { Time::END };
    }

    pub(super) fn charge(&mut self, _: CoreId, thread: ThreadId, span: Span) {
        self.threads[thread].used += span;
    }

    pub(super) fn stop(&mut self, core: CoreId, thread: ThreadId, departure: Departure, _: Time) {
        self.looks_at[core] = Time::END;
        self.threads[thread].rotates &= departure == Departure::MakesRoom;
    }

    pub(super) fn preempts(&mut self, _: CoreId, running: ThreadId, woken: ThreadId) -> bool {
        self.threads[woken].priority > self.threads[running].priority
    }

    /// The next clock tick.
    pub(super) fn next_timer(&self, core: CoreId, now: Time) -> Time {
        self.clock.next(now).min(self.looks_at[core])
    }

    /// At a clock tick, a quantum may be over: the thread loses a level of its boost.
    pub(super) fn timer(&mut self, core: CoreId, running: ThreadId, now: Time) -> bool {
        self.looks_at[core] = Time::END;
        let thread = &mut self.threads[running];
        let is_tick = self.clock.ticks_at(now);
        let is_over = is_tick && thread.used >= self.quantum;
        if is_over {
            thread.used = Span::ZERO;
            thread.priority = thread.base.max(thread.priority - 1);
        }
        let priority = thread.priority;
        let must_yield =
            self.front(core).is_some_and(|front| front > priority || is_over && front == priority);
        self.threads[running].rotates |= is_over && must_yield;
        must_yield
    }

    /// The highest priority that queues on `core`.
    fn front(&self, core: CoreId) -> Option<u8> {
        self.queues[core].first().map(|thread| self.threads[*thread].priority)
    }
}

/// Ideal processors are given out in turns, among those on which a thread may run.
fn ideal(number: usize, allowed: &CoreSet, cores: usize) -> CoreId {
    let count = (0..cores).filter(|core| allowed.contains(*core)).count().max(1);
    (0..cores).filter(|core| allowed.contains(*core)).nth(number % count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Span = Span::from_micros(15_625);

    /// A client with these priorities on one core; thread 0 runs.
    fn windows(priorities: &[u8]) -> Windows {
        let thread = |priority: &u8| Attributes { priority: *priority, ..Attributes::default() };
        let attributes: Vec<Attributes> = priorities.iter().map(thread).collect();
        let mut windows = Windows::new(2, Clock::new(Span::ZERO, TICK), 1, &attributes);
        windows.run(0, 0, Some(Arrival::Started), Time::ZERO);
        windows
    }

    fn after(ticks: u64) -> Time {
        Time::ZERO + TICK * ticks
    }

    #[test]
    fn a_quantum_of_two_ticks_makes_room_for_an_equal_which_then_comes_first() {
        let mut windows = windows(&[8, 8]);
        windows.enqueue(0, 1, Arrival::Woken);
        windows.charge(0, 0, TICK);
        assert!(!windows.timer(0, 0, after(1)));
        windows.charge(0, 0, TICK);
        assert!(windows.timer(0, 0, after(2)));
        windows.stop(0, 0, Departure::MakesRoom, after(2));
        windows.enqueue(0, 0, Arrival::Preempted);
        assert_eq!(windows.pick(0), Some(1));
    }

    #[test]
    fn who_is_displaced_comes_before_its_equals() {
        let mut windows = windows(&[8, 8]);
        windows.enqueue(0, 1, Arrival::Woken);
        windows.stop(0, 0, Departure::MakesRoom, Time::ZERO);
        windows.enqueue(0, 0, Arrival::Preempted);
        assert_eq!(windows.pick(0), Some(0));
    }

    #[test]
    fn a_boost_displaces_and_is_lost_level_by_level_a_quantum_each() {
        let mut windows = windows(&[8, 8]);
        windows.wait_ended(1, 2);
        assert!(windows.preempts(0, 0, 1));
        for (ticks, expected) in [(2, 9), (4, 8), (6, 8)] {
            windows.charge(0, 1, TICK * 2);
            windows.timer(0, 1, after(ticks));
            assert_eq!(windows.threads[1].priority, expected);
        }
    }

    #[test]
    fn no_boost_reaches_into_real_time_and_none_is_given_there() {
        let mut windows = windows(&[14, 20]);
        windows.wait_ended(0, 6);
        windows.wait_ended(1, 6);
        assert_eq!((windows.threads[0].priority, windows.threads[1].priority), (15, 20));
    }

    #[test]
    fn threads_queue_at_their_ideal_processors() {
        let windows = Windows::new(2, Clock::new(Span::ZERO, TICK), 2, &[Attributes::default(); 4]);
        let cores = [CoreView { running: Some(0) }, CoreView { running: Some(1) }];
        assert_eq!((windows.place(2, Some(1), &cores), windows.place(3, Some(0), &cores)), (0, 1));
    }
}
