//! The completely fair scheduler of Linux 2.6.23 to 6.5 (`kernel/sched/fair.c`).
//!
//! The thread that has run least (smallest `vruntime`) runs next. A slice is the latency period divided by the number
//! of runnable threads; its end is noticed at the clock tick. Threads that are nice have less weight: their vruntime goes
//! faster, and their share of the period is smaller. A sleeper wakes with a credit of half a latency period,
//! and preempts if it is behind by more than the wake-up granularity.

use super::clock::Clock;
use super::{Arrival, CoreView, Departure, busiest, fair, idle_core};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::attributes::{self, Attributes};
use crate::os::{CoreId, ThreadId};

/// `sched_nr_latency`: with more runnable threads, each gets the minimum granularity.
const THREADS_IN_A_PERIOD: u64 = 8;

#[derive(Clone, Copy, Debug, Default)]
struct Core {
    minimum_vruntime: i128,
    running: Option<ThreadId>,
    /// Use of the core since its thread was last picked (`sum_exec_runtime - prev_sum_exec_runtime`).
    used: Span,
}

/// The state of the completely fair scheduler.
#[derive(Clone, Debug)]
pub struct Cfs {
    latency: Span,
    minimum_granularity: Span,
    wakeup_granularity: Span,
    clock: Clock,
    weights: Vec<u64>,
    /// Virtual runtimes in picoseconds, relative to the zero of the queue of the thread's home.
    vruntimes: Vec<i128>,
    homes: Vec<CoreId>,
    cores: Vec<Core>,
    queues: Vec<Vec<ThreadId>>,
    /// On which cores each thread may run.
    affinity: Vec<CoreSet>,
}

impl Cfs {
    pub(super) fn new(
        latency: Span,
        minimum_granularity: Span,
        wakeup_granularity: Span,
        clock: Clock,
        cores: usize,
        threads: &[Attributes],
    ) -> Cfs {
        Cfs {
            latency: fair::scaled_by_cores(latency, cores),
            minimum_granularity: fair::scaled_by_cores(minimum_granularity, cores),
            wakeup_granularity: fair::scaled_by_cores(wakeup_granularity, cores),
            clock,
            weights: fair::weights(threads),
            vruntimes: vec![0; threads.len()],
            homes: vec![0; threads.len()],
            cores: vec![Core::default(); cores],
            queues: vec![Vec::with_capacity(threads.len()); cores],
            affinity: attributes::affinity(threads),
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// `select_task_rq_fair`, in short: the last core if it is idle, another idle core, else the last core.
    pub(super) fn place(&self, thread: ThreadId, last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
        let allowed = &self.affinity[thread];
        idle_core(allowed, last_core, cores).or(last_core).unwrap_or_else(|| allowed.first())
    }

    pub(super) fn enqueue(&mut self, core: CoreId, thread: ThreadId, arrival: Arrival) {
        self.place_vruntime(core, thread, arrival);
        self.queues[core].push(thread);
    }

    pub(super) fn pick(&mut self, core: CoreId) -> Option<ThreadId> {
        if self.queues[core].is_empty() {
            return self.pull(core);
        }
        let leftmost = self.leftmost(core)?;
        Some(self.queues[core].remove(leftmost))
    }

    pub(super) fn run(&mut self, core: CoreId, thread: ThreadId, arrival: Option<Arrival>, _: Time) {
        if let Some(arrival) = arrival {
            self.place_vruntime(core, thread, arrival);
        }
        self.cores[core].running = Some(thread);
        self.cores[core].used = Span::ZERO;
        self.update_minimum(core);
    }

    pub(super) fn charge(&mut self, core: CoreId, thread: ThreadId, span: Span) {
        self.vruntimes[thread] += fair::virtual_time(span.picos().into(), self.weights[thread]);
        self.cores[core].used += span;
        self.update_minimum(core);
    }

    pub(super) fn stop(&mut self, core: CoreId, _: ThreadId, _: Departure, _: Time) {
        self.cores[core].running = None;
    }

    /// `wakeup_preempt_entity`, with the granularity as long as it is for the woken thread (`wakeup_gran`).
    pub(super) fn preempts(&mut self, _: CoreId, running: ThreadId, woken: ThreadId) -> bool {
        let granularity = fair::virtual_time(self.wakeup_granularity.picos().into(), self.weights[woken]);
        self.vruntimes[running] - self.vruntimes[woken] > granularity
    }

    pub(super) fn next_timer(&self, core: CoreId, now: Time) -> Time {
        let Some(running) = self.cores[core].running.filter(|_| !self.queues[core].is_empty()) else {
            return Time::END;
        };
        fair::next_tick(&self.clock, now, || self.slice(core, running) - self.cores[core].used)
    }

    /// `check_preempt_tick`.
    pub(super) fn timer(&mut self, core: CoreId, running: ThreadId, _: Time) -> bool {
        let Some(leftmost) = self.leftmost(core) else { return false };
        let slice = self.slice(core, running);
        let used = self.cores[core].used;
        if used >= slice {
            return true;
        }
        let behind = self.vruntimes[running] - self.vruntimes[self.queues[core][leftmost]];
        used >= self.minimum_granularity && behind > i128::from(slice.picos())
    }

    /// `sched_slice`: the share of `running` in a period, by weight.
    fn slice(&self, core: CoreId, running: ThreadId) -> Span {
        let queue = &self.queues[core];
        let runnable = queue.len() as u64 + 1;
        let period =
            if runnable > THREADS_IN_A_PERIOD { self.minimum_granularity * runnable } else { self.latency };
        let weight = self.weights[running];
        let all = queue.iter().map(|thread| self.weights[*thread]).sum::<u64>() + weight;
        let share = u128::from(period.picos()) * u128::from(weight) / u128::from(all);
        Span::from_picos(u64::try_from(share).unwrap_or(u64::MAX))
    }

    /// `place_entity`: a new thread starts at the queue's minimum, a sleeper half a latency period before it, but none
    /// gains by having slept for less.
    fn place_vruntime(&mut self, core: CoreId, thread: ThreadId, arrival: Arrival) {
        if arrival != Arrival::Started {
            self.move_home(core, thread);
        }
        let minimum = self.cores[core].minimum_vruntime;
        let credit = i128::from(self.latency.picos() / 2);
        let vruntime = &mut self.vruntimes[thread];
        *vruntime = match arrival {
            Arrival::Started => minimum,
            Arrival::Woken => (*vruntime).max(minimum - credit),
            Arrival::Preempted => *vruntime,
        };
        self.homes[thread] = core;
    }

    /// `migrate_task_rq_fair`: a thread that changes cores keeps its distance from the minimum.
    fn move_home(&mut self, core: CoreId, thread: ThreadId) {
        let old = std::mem::replace(&mut self.homes[thread], core);
        self.vruntimes[thread] += self.cores[core].minimum_vruntime - self.cores[old].minimum_vruntime;
    }

    /// `detach_tasks`: the last that may run here, of the longest queue that has one.
    fn pull(&mut self, core: CoreId) -> Option<ThreadId> {
        let busiest = busiest(&self.queues, core, &self.affinity)?;
        let queue = &mut self.queues[busiest];
        let last = queue.iter().rposition(|thread| self.affinity[*thread].contains(core))?;
        let thread = queue.remove(last);
        self.move_home(core, thread);
        Some(thread)
    }

    /// Position in the queue of the thread with the smallest vruntime, the first of equals.
    fn leftmost(&self, core: CoreId) -> Option<usize> {
        let queue = &self.queues[core];
        (0..queue.len()).min_by_key(|position| self.vruntimes[queue[*position]])
    }

    /// `update_min_vruntime`: it follows the smallest vruntime and never goes back.
    fn update_minimum(&mut self, core: CoreId) {
        let queued = self.leftmost(core).map(|position| self.vruntimes[self.queues[core][position]]);
        let running = self.cores[core].running.map(|thread| self.vruntimes[thread]);
        let smallest = queued.into_iter().chain(running).min();
        let minimum = &mut self.cores[core].minimum_vruntime;
        *minimum = smallest.map_or(*minimum, |smallest| smallest.max(*minimum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock::new(Span::ZERO, Span::from_millis(4))
    }

    fn cfs() -> Cfs {
        let micros = Span::from_micros;
        Cfs::new(micros(6_000), micros(750), micros(1_000), clock(), 1, &[Attributes::default(); 3])
    }

    /// Thread 0 has run for `used`; thread 1 queues since the beginning.
    fn after(used: Span) -> Cfs {
        let mut cfs = cfs();
        cfs.run(0, 0, Some(Arrival::Started), Time::ZERO);
        cfs.enqueue(0, 1, Arrival::Started);
        cfs.charge(0, 0, used);
        cfs
    }

    #[test]
    fn two_threads_have_slices_of_half_the_latency_noticed_at_the_tick() {
        let mut cfs = after(Span::from_micros(2_900));
        assert!(!cfs.timer(0, 0, Time::ZERO));
        cfs.charge(0, 0, Span::from_micros(100));
        assert!(cfs.timer(0, 0, Time::ZERO));
        assert_eq!(
            cfs.next_timer(0, Time::ZERO + Span::from_micros(4_100)),
            Time::ZERO + Span::from_millis(8)
        );
    }

    #[test]
    fn a_lone_thread_needs_no_timer() {
        let mut cfs = cfs();
        cfs.run(0, 0, Some(Arrival::Started), Time::ZERO);
        assert_eq!(cfs.next_timer(0, Time::ZERO), Time::END);
    }

    #[test]
    fn a_sleeper_preempts_if_it_is_behind_by_more_than_the_wakeup_granularity() {
        let mut cfs = after(Span::from_micros(900));
        assert!(!cfs.preempts(0, 0, 1));
        cfs.charge(0, 0, Span::from_micros(200));
        assert!(cfs.preempts(0, 0, 1));
    }

    #[test]
    fn a_thread_that_wakes_up_on_another_core_keeps_its_distance_from_the_minimum() {
        let micros = Span::from_micros;
        let mut cfs =
            Cfs::new(micros(6_000), micros(750), micros(1_000), clock(), 2, &[Attributes::default(); 2]);
        cfs.run(0, 0, Some(Arrival::Started), Time::ZERO);
        cfs.charge(0, 0, Span::from_secs(10));
        cfs.stop(0, 0, Departure::Sleeps, Time::ZERO);
        cfs.run(1, 0, Some(Arrival::Woken), Time::ZERO);
        assert_eq!(cfs.vruntimes[0], 0);
    }

    #[test]
    fn a_long_sleep_is_credited_with_half_the_latency_only() {
        let mut cfs = cfs();
        cfs.run(0, 0, Some(Arrival::Started), Time::ZERO);
        cfs.charge(0, 0, Span::from_millis(100));
        cfs.enqueue(0, 2, Arrival::Woken);
        assert_eq!(cfs.vruntimes[2], i128::from(Span::from_millis(97).picos()));
    }
}
