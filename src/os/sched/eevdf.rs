//! Earliest eligible virtual deadline first, Linux 6.6 and later (`kernel/sched/fair.c`), all threads with nice 0.
//!
//! A thread is eligible when it has run no more than the average of its queue; among the eligible, the earliest
//! deadline (vruntime at its request plus a slice) runs. A thread that has been picked is protected until its slice is
//! used up (`RUN_TO_PARITY`); its end is noticed at the clock tick or at a wake-up. A thread that sleeps keeps its lag.

use super::{Arrival, CoreView, busiest, fair};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::{CoreId, ThreadId};

#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    /// Virtual runtime in picoseconds, relative to its queue's zero.
    vruntime: i128,
    deadline: i128,
    /// Lag at the moment the thread left its queue.
    lag: i128,
}

#[derive(Clone, Copy, Debug, Default)]
struct Core {
    running: Option<ThreadId>,
    /// The running thread is not displaced before its vruntime has come here.
    protected_until: i128,
    /// The average vruntime when the queue was last seen with a thread in it.
    last_average: i128,
}

/// The state of the EEVDF scheduler.
#[derive(Clone, Debug)]
pub struct Eevdf {
    slice: i128,
    /// The largest lag that is kept, either way: two slices, or a tick if that is longer (`entity_lag`).
    lag_limit: i128,
    tick: Span,
    threads: Vec<Thread>,
    cores: Vec<Core>,
    queues: Vec<Vec<ThreadId>>,
    /// On which cores each thread may run.
    affinity: Vec<CoreSet>,
}

impl Eevdf {
    pub(super) fn new(base_slice: Span, tick: Span, cores: usize, affinity: &[CoreSet]) -> Eevdf {
        let slice = i128::from(fair::scaled_by_cores(base_slice, cores).picos());
        Eevdf {
            slice,
            lag_limit: (2 * slice).max(i128::from(tick.picos())),
            tick,
            threads: vec![Thread::default(); affinity.len()],
            cores: vec![Core::default(); cores],
            queues: vec![Vec::with_capacity(affinity.len()); cores],
            affinity: affinity.to_vec(),
        }
    }

    pub(super) fn place(&self, thread: ThreadId, last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
        fair::place(&self.affinity[thread], last_core, cores)
    }

    pub(super) fn enqueue(&mut self, core: CoreId, thread: ThreadId, arrival: Arrival) {
        self.place_entity(core, thread, arrival);
        self.queues[core].push(thread);
    }

    pub(super) fn pick(&mut self, core: CoreId) -> Option<ThreadId> {
        if self.queues[core].is_empty() {
            return self.pull(core);
        }
        let best = self.earliest_eligible(core)?;
        Some(self.queues[core].remove(best))
    }

    pub(super) fn run(&mut self, core: CoreId, thread: ThreadId, arrival: Option<Arrival>, _: Time) {
        if let Some(arrival) = arrival {
            self.place_entity(core, thread, arrival);
        }
        self.cores[core].running = Some(thread);
        self.cores[core].protected_until = self.threads[thread].deadline;
    }

    /// `update_curr` and `update_deadline`: a used-up slice gives a new deadline.
    pub(super) fn charge(&mut self, core: CoreId, id: ThreadId, span: Span) {
        let thread = &mut self.threads[id];
        thread.vruntime += i128::from(span.picos());
        if thread.vruntime >= thread.deadline {
            thread.deadline = thread.vruntime + self.slice;
        }
        self.cores[core].last_average = self.average(core);
    }

    pub(super) fn stop(&mut self, core: CoreId, thread: ThreadId, preempted: bool, _: Time) {
        if !preempted {
            let lag = self.average(core) - self.threads[thread].vruntime;
            self.threads[thread].lag = lag.clamp(-self.lag_limit, self.lag_limit);
        }
        self.cores[core].last_average = self.average(core);
        self.cores[core].running = None;
    }

    pub(super) fn preempts(&mut self, core: CoreId, running: ThreadId, _: ThreadId) -> bool {
        self.must_yield(core, running)
    }

    pub(super) fn next_timer(&self, core: CoreId, now: Time) -> Time {
        let Some(running) = self.cores[core].running.filter(|_| !self.queues[core].is_empty()) else {
            return Time::END;
        };
        let current = &self.threads[running];
        let protected = self.cores[core].protected_until - current.vruntime;
        // Without protection, nothing changes before the next deadline, or before it has run more than the average.
        let members = self.queues[core].len() as i128 + 1;
        let above_average = (self.average(core) - current.vruntime) * members / (members - 1) + 1;
        let rest = if protected > 0 {
            protected
        } else {
            (current.deadline - current.vruntime).min(above_average).max(1_000)
        };
        fair::next_tick(self.tick, now, now + Span::from_picos(u64::try_from(rest).unwrap_or(u64::MAX)))
    }

    pub(super) fn timer(&mut self, core: CoreId, running: ThreadId, _: Time) -> bool {
        self.must_yield(core, running)
    }

    /// Whether the running thread has used its slice, and `pick_eevdf` would choose another: one that is eligible, while
    /// the running thread is not or has a later deadline.
    fn must_yield(&self, core: CoreId, running: ThreadId) -> bool {
        let current = &self.threads[running];
        if current.vruntime < self.cores[core].protected_until {
            return false;
        }
        let average = self.average(core);
        let best = self.earliest_eligible(core).map(|position| &self.threads[self.queues[core][position]]);
        best.is_some_and(|best| {
            best.vruntime <= average && (current.vruntime > average || best.deadline < current.deadline)
        })
    }

    /// `avg_vruntime`: the average over the queue and the running thread.
    fn average(&self, core: CoreId) -> i128 {
        let members = self.queues[core].iter().copied().chain(self.cores[core].running);
        let (sum, count) =
            members.fold((0, 0), |(sum, count), id| (sum + self.threads[id].vruntime, count + 1));
        if count == 0 { self.cores[core].last_average } else { sum / count }
    }

    /// Position in the queue of the eligible thread with the earliest deadline; with none eligible (rounding), of the
    /// earliest deadline of all.
    fn earliest_eligible(&self, core: CoreId) -> Option<usize> {
        let average = self.average(core);
        let queue = &self.queues[core];
        (0..queue.len()).min_by_key(|position| {
            let thread = &self.threads[queue[*position]];
            (thread.vruntime > average, thread.deadline)
        })
    }

    /// `place_entity`: a thread comes back with the lag it left with, inflated so that its own weight in the average
    /// does not take from it; its deadline is a slice later, for a new thread half a slice.
    fn place_entity(&mut self, core: CoreId, id: ThreadId, arrival: Arrival) {
        if arrival == Arrival::Preempted {
            return;
        }
        let load = self.queues[core].len() as i128 + i128::from(self.cores[core].running.is_some());
        let lag = match arrival {
            Arrival::Woken if load > 0 => self.threads[id].lag * (load + 1) / load,
            _ => 0,
        };
        let vruntime = self.average(core) - lag;
        let slice = if arrival == Arrival::Started { self.slice / 2 } else { self.slice };
        self.threads[id] = Thread { vruntime, deadline: vruntime + slice, lag: 0 };
    }

    fn pull(&mut self, core: CoreId) -> Option<ThreadId> {
        let busiest = busiest(&self.queues, core, &self.affinity)?;
        let shift = self.average(core) - self.average(busiest);
        let thread = fair::detach(&mut self.queues[busiest], core, &self.affinity)?;
        self.threads[thread].vruntime += shift;
        self.threads[thread].deadline += shift;
        Some(thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thread 0 runs and thread 1 queues on one core, base slice 1 ms.
    fn two_threads() -> Eevdf {
        let mut eevdf = Eevdf::new(Span::from_millis(1), Span::from_millis(4), 1, &[CoreSet::ALL; 3]);
        eevdf.run(0, 0, Some(Arrival::Woken), Time::ZERO);
        eevdf.enqueue(0, 1, Arrival::Woken);
        eevdf
    }

    #[test]
    fn the_running_thread_is_protected_until_its_slice_is_used_up() {
        let mut eevdf = two_threads();
        eevdf.charge(0, 0, Span::from_micros(999));
        assert!(!eevdf.preempts(0, 0, 1));
        eevdf.charge(0, 0, Span::from_micros(1));
        assert!(eevdf.preempts(0, 0, 1));
    }

    #[test]
    fn the_end_of_a_slice_is_noticed_at_the_clock_tick() {
        assert_eq!(two_threads().next_timer(0, Time::ZERO), Time::ZERO + Span::from_millis(4));
    }

    #[test]
    fn of_the_eligible_the_earliest_deadline_runs() {
        let mut eevdf = two_threads();
        eevdf.enqueue(0, 2, Arrival::Started);
        assert_eq!(eevdf.pick(0), Some(2));
    }

    #[test]
    fn a_sleeper_keeps_its_lag() {
        let mut eevdf = two_threads();
        eevdf.charge(0, 0, Span::from_micros(200));
        eevdf.stop(0, 0, false, Time::ZERO);
        assert_eq!(eevdf.threads[0].lag, -i128::from(Span::from_micros(100).picos()));
    }
}
