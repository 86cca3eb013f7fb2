//! Earliest eligible virtual deadline first, Linux 6.18.33 and later (`kernel/sched/fair.c`).
//!
//! A thread is eligible when it has run no more than the average of its queue; among the eligible, the earliest
//! deadline (vruntime at its request plus a slice) runs. A thread that has been picked is protected until its slice is
//! used up (`RUN_TO_PARITY`), but only for as long as it is eligible itself. The clock tick and the arrival of others
//! notice that it is over. A thread that sleeps although it has run more than the average stays in the queue until it
//! would be picked (`DELAY_DEQUEUE`), be it only to see whether somebody who is woken comes first (since upstream commit
//! ac8e69e69363); one that is woken before that goes on where it was. Threads that are nice weigh less
//! in the average; their vruntime goes faster, and their deadlines are further off.

mod moves;

use super::balance::Balance;
use super::clock::Clock;
use super::loads::Doing;
use super::{Arrival, CoreView, Departure, fair};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::attributes::{self, Attributes};
use crate::os::{CoreId, ThreadId};

#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    weight: u64,
    /// Virtual runtime in picoseconds, relative to its queue's zero.
    vruntime: i128,
    deadline: i128,
    /// Lag at the moment the thread left its queue.
    lag: i128,
    /// How far off its deadline was when it was moved to another core (`rel_deadline`).
    moved_deadline: Option<i128>,
    /// The core in whose queue it sleeps (`sched_delayed`).
    delayed_on: Option<CoreId>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Core {
    running: Option<ThreadId>,
    /// Who ran last, while it makes room: if it is picked again, its protection is not renewed.
    previous: Option<ThreadId>,
    /// The running thread, while it is eligible, is not displaced before its vruntime has come here (`vprot`).
    protected_until: i128,
    /// The running thread was found to have used up its slice or protection while others queued.
    slice_used_up: bool,
    /// The average vruntime when the queue was last seen with a thread in it.
    last_average: i128,
}

/// The state of the EEVDF scheduler.
#[derive(Clone, Debug)]
pub struct Eevdf {
    slice: i128,
    /// The largest lag that is kept, either way: a slice and a tick (`entity_lag`).
    lag_limit: i128,
    clock: Clock,
    threads: Vec<Thread>,
    cores: Vec<Core>,
    /// Who queues on each core, with those that sleep there.
    queues: Vec<Vec<ThreadId>>,
    /// On which cores each thread may run.
    affinity: Vec<CoreSet>,
    balance: Balance,
    /// How often a thread has come to a core or got it, and when each did so last: the order in which they are moved.
    comings: u64,
    came: Vec<u64>,
}

impl Eevdf {
    pub(super) fn new(base_slice: Span, clock: Clock, cores: usize, threads: &[Attributes]) -> Eevdf {
        let slice = i128::from(fair::scaled_by_cores(base_slice, cores).picos());
        Eevdf {
            slice,
            lag_limit: slice + i128::from(clock.tick().picos()),
            balance: Balance::new(clock.tick(), cores, threads),
            comings: 0,
            came: vec![0; threads.len()],
            clock,
            threads: fair::weights(threads)
                .into_iter()
                .map(|weight| Thread { weight, ..Thread::default() })
                .collect(),
            cores: vec![Core::default(); cores],
            queues: vec![Vec::with_capacity(threads.len()); cores],
            affinity: attributes::affinity(threads),
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn enqueue(&mut self, core: CoreId, thread: ThreadId, arrival: Arrival, now: Time) {
        if arrival != Arrival::Preempted {
            self.comes(thread);
            self.balance.loads.turn_to(thread, Doing::Queues, now);
        }
        self.place_entity(core, thread, arrival);
        self.queues[core].push(thread);
    }

    fn comes(&mut self, thread: ThreadId) {
        self.comings += 1;
        self.came[thread] = self.comings;
    }

    /// `requeue_delayed_entity`: whether `thread` sleeps in the queue of `core`; it is awake there now. If it would be
    /// owed time by now, it is not (`DELAY_ZERO`).
    ///
    /// Nothing on this way updates the vruntime of the running thread (`enqueue_task_fair` with `ENQUEUE_DELAYED`), so
    /// the average is the one that was charged last. The woken thread can then be behind the running one all the same
    /// when that is charged (`check_preempt_wakeup_fair`), and displace it.
    pub(super) fn requeue(&mut self, core: CoreId, thread: ThreadId, now: Time) -> bool {
        if self.threads[thread].delayed_on.take().is_none() {
            return false;
        }
        self.balance.loads.turn_to(thread, Doing::Queues, now);
        if self.lag(core, thread) > 0 {
            self.queues[core].retain(|queued| *queued != thread);
            self.threads[thread].lag = 0;
            self.place_entity(core, thread, Arrival::Woken);
            self.queues[core].push(thread);
        }
        true
    }

    /// `pick_eevdf`: who ran last, if it is eligible and protected, else the earliest deadline. Sleepers that would be
    /// picked leave the queue.
    pub(super) fn pick(&mut self, core: CoreId) -> Option<ThreadId> {
        if self.queues.iter().all(Vec::is_empty) {
            return None;
        }
        while let Some(best) = self.protected_previous(core).or_else(|| self.earliest_eligible(core)) {
            let thread = self.queues[core][best];
            if !self.lets_sleeper_go(core, best) {
                self.queues[core].remove(best);
                return Some(thread);
            }
        }
        self.pull(core)
    }

    /// `pick_next_entity`: a sleeper that would be picked leaves the queue, owed nothing (`DELAY_ZERO`). Whether the one at this
    /// position is a sleeper.
    fn lets_sleeper_go(&mut self, core: CoreId, position: usize) -> bool {
        let thread = self.queues[core][position];
        if self.threads[thread].delayed_on.take().is_none() {
            return false;
        }
        self.threads[thread].lag = self.lag(core, thread).min(0);
        self.cores[core].last_average = self.average(core);
        self.queues[core].remove(position);
        true
    }

    pub(super) fn run(&mut self, core: CoreId, thread: ThreadId, arrival: Option<Arrival>, now: Time) {
        self.comes(thread);
        self.balance.loads.turn_to(thread, Doing::Runs, now);
        if let Some(arrival) = arrival {
            self.place_entity(core, thread, arrival);
        }
        let state = &mut self.cores[core];
        state.running = Some(thread);
        state.slice_used_up = false;
        if state.previous.take() != Some(thread) {
            state.protected_until = self.threads[thread].deadline;
        }
    }

    /// `update_curr` and `update_deadline`: a used-up slice gives a new deadline.
    pub(super) fn charge(&mut self, core: CoreId, id: ThreadId, span: Span) {
        let thread = &mut self.threads[id];
        thread.vruntime += fair::virtual_time(span.picos().into(), thread.weight);
        let mut used_up = thread.vruntime >= self.cores[core].protected_until;
        if thread.vruntime >= thread.deadline {
            thread.deadline = thread.vruntime + fair::virtual_time(self.slice, thread.weight);
            used_up = true;
        }
        self.cores[core].slice_used_up |= used_up && !self.queues[core].is_empty();
        self.cores[core].last_average = self.average(core);
    }

    pub(super) fn stop(&mut self, core: CoreId, thread: ThreadId, departure: Departure, now: Time) {
        let goes_on = departure == Departure::MakesRoom;
        self.balance.leaves(thread, if goes_on { Doing::Queues } else { Doing::Nothing }, now);
        if departure == Departure::Ends {
            self.balance.loads.end(thread);
        }
        self.cores[core].previous = (departure == Departure::MakesRoom).then_some(thread);
        let average = self.average(core);
        self.cores[core].running = None;
        // Alone, it is the average.
        if self.queues[core].is_empty() {
            self.threads[thread].lag = 0;
            self.cores[core].last_average = average;
            return;
        }
        let eligible = self.threads[thread].vruntime <= average;
        if departure == Departure::Sleeps && !eligible {
            self.threads[thread].delayed_on = Some(core);
            self.queues[core].push(thread);
        } else {
            self.threads[thread].lag = self.lag_behind(average, thread);
            self.cores[core].last_average = average;
        }
    }

    /// `check_preempt_wakeup_fair`: it does if `pick_next_entity` would choose `woken` now. One that has just been started
    /// does not (`WF_FORK`).
    pub(super) fn preempts(
        &mut self,
        core: CoreId,
        running: ThreadId,
        woken: ThreadId,
        arrival: Arrival,
    ) -> bool {
        if self.cores[core].slice_used_up {
            return true;
        }
        if arrival == Arrival::Started {
            return false;
        }
        while let Some(best) = self.comes_before(core, running) {
            let thread = self.queues[core][best];
            if !self.lets_sleeper_go(core, best) {
                return thread == woken;
            }
        }
        false
    }

    /// `pick_eevdf`: position in the queue of the thread that would be picked in place of `running`, if one would be.
    fn comes_before(&self, core: CoreId, running: ThreadId) -> Option<usize> {
        let (current, average) = (&self.threads[running], self.average(core));
        let eligible = current.vruntime <= average;
        if eligible && current.vruntime < self.cores[core].protected_until {
            return None;
        }
        let best = self.earliest_eligible(core)?;
        let first = &self.threads[self.queues[core][best]];
        let comes_before = first.vruntime <= average && !(eligible && current.deadline < first.deadline);
        comes_before.then_some(best)
    }

    /// The next clock tick; with a high-resolution tick, the end of the slice.
    pub(super) fn next_timer(&self, core: CoreId, now: Time) -> Time {
        let Some(running) = self.cores[core].running else { return Time::END };
        if self.clock.tick().is_zero() && self.queues[core].is_empty() {
            return Time::END;
        }
        fair::next_tick(&self.clock, now, || {
            let current = &self.threads[running];
            let rest = fair::real_time(current.deadline - current.vruntime, current.weight);
            Span::from_picos(u64::try_from(rest).unwrap_or(0))
        })
    }

    /// `entity_tick`: what [`Eevdf::charge`] has just found.
    pub(super) fn timer(&mut self, core: CoreId, _: ThreadId, _: Time) -> bool {
        self.cores[core].slice_used_up
    }

    /// `avg_vruntime`: the average over the queue and the running thread, by weight.
    #[inline(always)]
    fn average(&self, core: CoreId) -> i128 {
        if self.queues[core].is_empty() {
            let running = self.cores[core].running;
            return running.map_or(self.cores[core].last_average, |running| self.threads[running].vruntime);
        }
        self.average_of_several(core)
    }

    fn average_of_several(&self, core: CoreId) -> i128 {
        let (sum, weight) = self.members(core).fold((0, 0), |(sum, weights), thread| {
            let weight = i128::from(thread.weight);
            (sum + thread.vruntime * weight, weights + weight)
        });
        fair::ratio(sum, weight)
    }

    /// Who queues or runs on a core.
    fn members(&self, core: CoreId) -> impl Iterator<Item = &Thread> {
        let members = self.queues[core].iter().copied().chain(self.cores[core].running);
        members.map(|id| &self.threads[id])
    }

    /// `entity_lag`.
    fn lag(&self, core: CoreId, thread: ThreadId) -> i128 {
        self.lag_behind(self.average(core), thread)
    }

    fn lag_behind(&self, average: i128, thread: ThreadId) -> i128 {
        let limit = fair::virtual_time(self.lag_limit, self.threads[thread].weight);
        (average - self.threads[thread].vruntime).clamp(-limit, limit)
    }

    /// Position in the queue of the thread that makes room, if it is protected.
    fn protected_previous(&self, core: CoreId) -> Option<usize> {
        let previous = self.cores[core].previous?;
        let vruntime = self.threads[previous].vruntime;
        let protected = vruntime < self.cores[core].protected_until && vruntime <= self.average(core);
        self.queues[core].iter().position(|thread| protected && *thread == previous)
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
    /// does not take from it; its deadline is a slice later, for a new thread half a slice, for a moved one as far off
    /// as it was.
    fn place_entity(&mut self, core: CoreId, id: ThreadId, arrival: Arrival) {
        let moved_deadline = self.threads[id].moved_deadline.take();
        if arrival == Arrival::Preempted && moved_deadline.is_none() {
            return;
        }
        let load: i128 = self.members(core).map(|thread| i128::from(thread.weight)).sum();
        let weight = self.threads[id].weight;
        let lag = match (arrival, self.threads[id].lag) {
            (Arrival::Started, _) | (_, 0) => 0,
            _ if load == 0 => 0,
            (_, lag) => lag * (load + i128::from(weight)) / load,
        };
        let slice = fair::virtual_time(self.slice, weight);
        let slice = if arrival == Arrival::Started { slice / 2 } else { slice };
        let average = self.average(core);
        let thread = &mut self.threads[id];
        thread.vruntime = average - lag;
        thread.deadline = thread.vruntime + moved_deadline.unwrap_or(slice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::sched::Waking;

    const MICRO: i128 = 1_000_000;

    fn clock() -> Clock {
        Clock::new(Span::ZERO, Span::from_millis(4))
    }

    /// Thread 0 runs and thread 1 queues on one core, base slice 1 ms.
    fn two_threads() -> Eevdf {
        let mut eevdf = Eevdf::new(Span::from_millis(1), clock(), 1, &[Attributes::default(); 3]);
        eevdf.run(0, 0, Some(Arrival::Woken), Time::ZERO);
        eevdf.enqueue(0, 1, Arrival::Woken, Time::ZERO);
        eevdf
    }

    /// Thread 0 has run for 200 us beside thread 1, and has gone to sleep.
    fn a_sleeper_that_has_run_more_than_its_share() -> Eevdf {
        let mut eevdf = two_threads();
        eevdf.charge(0, 0, Span::from_micros(200));
        eevdf.stop(0, 0, Departure::Sleeps, Time::ZERO);
        eevdf
    }

    /// The same, and thread 1 runs.
    fn beside_a_sleeper() -> Eevdf {
        let mut eevdf = a_sleeper_that_has_run_more_than_its_share();
        assert_eq!(eevdf.pick(0), Some(1));
        eevdf.run(0, 1, None, Time::ZERO);
        eevdf
    }

    #[test]
    fn the_running_thread_is_protected_while_it_is_eligible() {
        let mut eevdf = two_threads();
        eevdf.threads[1].deadline -= 500 * MICRO;
        assert!(!eevdf.preempts(0, 0, 1, Arrival::Woken));
        eevdf.charge(0, 0, Span::from_micros(1));
        assert!(eevdf.preempts(0, 0, 1, Arrival::Woken));
    }

    #[test]
    fn a_used_up_slice_is_noticed_at_the_clock_tick() {
        let mut eevdf = two_threads();
        assert_eq!(eevdf.next_timer(0, Time::ZERO), Time::ZERO + Span::from_millis(4));
        eevdf.charge(0, 0, Span::from_micros(999));
        assert!(!eevdf.timer(0, 0, Time::ZERO));
        eevdf.charge(0, 0, Span::from_micros(1));
        assert!(eevdf.timer(0, 0, Time::ZERO));
    }

    #[test]
    fn of_the_eligible_the_earliest_deadline_runs() {
        let mut eevdf = two_threads();
        eevdf.enqueue(0, 2, Arrival::Started, Time::ZERO);
        assert_eq!(eevdf.pick(0), Some(2));
    }

    #[test]
    fn who_has_run_more_than_its_share_sleeps_in_its_queue_and_is_woken_there() {
        let mut eevdf = a_sleeper_that_has_run_more_than_its_share();
        assert_eq!(eevdf.pick(0), Some(1));
        let cores = [CoreView { running: Some(1) }, CoreView { running: None }];
        let waking = Waking { arrival: Arrival::Woken, last_core: Some(0), from: None };
        assert_eq!(eevdf.place(0, &waking, &cores, Time::ZERO), 0);
        eevdf.run(0, 1, None, Time::ZERO);
        assert!(eevdf.requeue(0, 0, Time::ZERO));
        assert_eq!(eevdf.threads[0].vruntime, 200 * MICRO);
        assert!(!eevdf.preempts(0, 1, 0, Arrival::Woken));
    }

    #[test]
    fn who_is_woken_in_its_queue_before_the_running_thread_is_charged_may_displace_it() {
        let mut eevdf = beside_a_sleeper();
        assert!(eevdf.requeue(0, 0, Time::ZERO));
        eevdf.charge(0, 1, Span::from_micros(201));
        assert!(eevdf.preempts(0, 1, 0, Arrival::Woken));
    }

    #[test]
    fn a_sleeper_that_would_be_picked_is_in_nobodys_way() {
        let mut eevdf = beside_a_sleeper();
        eevdf.charge(0, 1, Span::from_micros(300));
        // The sleeper is at 200 us with the earlier deadline, thread 1 at 300 us, and thread 2 comes at the average.
        eevdf.enqueue(0, 2, Arrival::Woken, Time::ZERO);
        assert!(eevdf.preempts(0, 1, 2, Arrival::Woken));
        assert_eq!(eevdf.threads[0].delayed_on, None);
        assert_eq!(eevdf.queues[0], vec![2]);
    }

    #[test]
    fn who_has_just_been_started_displaces_nobody() {
        let mut eevdf = two_threads();
        eevdf.charge(0, 0, Span::from_micros(1));
        eevdf.enqueue(0, 2, Arrival::Started, Time::ZERO);
        assert!(!eevdf.preempts(0, 0, 2, Arrival::Started));
        assert!(eevdf.preempts(0, 0, 2, Arrival::Woken));
    }

    #[test]
    fn a_sleeper_leaves_its_queue_when_it_would_be_picked() {
        let mut eevdf = beside_a_sleeper();
        eevdf.charge(0, 1, Span::from_micros(300));
        eevdf.stop(0, 1, Departure::Ends, Time::ZERO);
        assert_eq!(eevdf.pick(0), None);
        assert_eq!(eevdf.threads[0].delayed_on, None);
    }

    #[test]
    fn who_sleeps_with_less_than_its_share_keeps_its_lag() {
        let mut eevdf = two_threads();
        eevdf.charge(0, 0, Span::from_micros(200));
        eevdf.stop(0, 0, Departure::MakesRoom, Time::ZERO);
        eevdf.enqueue(0, 0, Arrival::Preempted, Time::ZERO);
        assert_eq!(eevdf.pick(0), Some(1));
        eevdf.run(0, 1, None, Time::ZERO);
        eevdf.stop(0, 1, Departure::Sleeps, Time::ZERO);
        assert_eq!(eevdf.threads[1].lag, 100 * MICRO);
    }

    #[test]
    fn an_idle_core_takes_a_thread_that_queues_at_the_tick() {
        let mut eevdf = Eevdf::new(Span::from_millis(1), clock(), 2, &[Attributes::default(); 2]);
        eevdf.run(0, 0, Some(Arrival::Woken), Time::ZERO);
        eevdf.enqueue(0, 1, Arrival::Woken, Time::ZERO);
        let cores = [CoreView { running: Some(0) }, CoreView { running: None }];
        assert_eq!(eevdf.spread(0, &cores, Time::ZERO), Some((1, 1)));
    }
}
