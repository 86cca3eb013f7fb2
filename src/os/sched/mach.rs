//! Mach timesharing as in OS X 10.5 (`sched_prim.c`, `priority.c`, `sched_average.c` of xnu-1228).
//!
//! A thread's priority is its base less its usage, shifted by the load: usage decays by 5/8 eight times a second and
//! is ignored while there are no more runnable threads than cores. The highest priority runs. In its first quantum
//! after a switch a thread yields to higher priorities only, later to equal ones too. What is left of a quantum is kept
//! across a preemption.

use std::hash::{Hash, Hasher};

use super::{Arrival, CoreView, Departure, busiest, idle_core};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::attributes::{self, Attributes};
use crate::os::{CoreId, ThreadId};

/// `BASEPRI_DEFAULT`: the base priority of a user thread.
const BASE_PRIORITY: i64 = 31;

/// `min_std_quantum`: a smaller rest of a quantum counts as used up, and is added to the next.
const SMALLEST_QUANTUM: Span = Span::from_micros(250);

/// From this many decay ticks on, `update_priority` takes usage as forgotten (`SCHED_DECAY_TICKS`).
const FORGOTTEN_AFTER: u64 = 32;

#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    /// 31 less how nice it is (`donice` sets the importance of the task, `bsd/kern/kern_resource.c`).
    base: i64,
    priority: i64,
    usage: Span,
    /// Use of the core that `usage` does not contain yet.
    unaccounted: Span,
    /// Load shift at the last update; `None` while there was no contention.
    shift: Option<u32>,
    updated_at_tick: u64,
    quantum_left: Span,
}

#[derive(Clone, Copy, Debug)]
struct Core {
    quantum_end: Time,
    first_quantum: bool,
}

/// The state of the Mach scheduler.
#[derive(Clone, Debug)]
pub struct Mach {
    quantum: Span,
    decay_interval: Span,
    fixed_shift: u32,
    load_shift: Option<u32>,
    ticks: u64,
    threads: Vec<Thread>,
    cores: Vec<Core>,
    queues: Vec<Vec<ThreadId>>,
    /// On which cores each thread may run.
    affinity: Vec<CoreSet>,
}

impl Mach {
    pub(super) fn new(quantum: Span, decay_interval: Span, cores: usize, threads: &[Attributes]) -> Mach {
        let thread = |thread: &Attributes| {
            let base = BASE_PRIORITY - i64::from(thread.nice);
            Thread { base, priority: base, ..Thread::default() }
        };
        Mach {
            quantum,
            decay_interval,
            fixed_shift: fixed_shift(decay_interval),
            load_shift: None,
            ticks: 0,
            threads: threads.iter().map(thread).collect(),
            cores: vec![Core { quantum_end: Time::END, first_quantum: true }; cores],
            queues: vec![Vec::with_capacity(threads.len()); cores],
            affinity: attributes::affinity(threads),
        }
    }

    pub(super) fn decay_interval(&self) -> Span {
        self.decay_interval
    }

    /// `compute_averages`, then `thread_update_scan`: the load shift for the coming interval, and new priorities for
    /// all threads that queue.
    pub(super) fn tick(&mut self, runnable: usize) {
        self.ticks += 1;
        let cores = self.cores.len();
        let load = if runnable <= cores { 0 } else { runnable / cores };
        self.load_shift = load.checked_ilog2().map(|shift| self.fixed_shift.saturating_sub(shift));
        for core in 0..cores {
            let queued = std::mem::take(&mut self.queues[core]);
            for thread in &queued {
                self.update_priority(*thread);
            }
            self.queues[core] = queued;
            let threads = &self.threads;
            self.queues[core].sort_by_key(|thread| -threads[*thread].priority);
        }
    }

    /// `choose_processor`: the last core if it is idle or runs something less important, else an idle core, else the
    /// core that runs the least important thread, if that is less important.
    pub(super) fn place(&self, thread: ThreadId, last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
        let allowed = &self.affinity[thread];
        if let Some(idle) = idle_core(allowed, last_core, cores) {
            let last_is_less = last_core.is_some_and(|core| self.runs_less(core, cores, thread));
            return if last_is_less { last_core.unwrap_or(idle) } else { idle };
        }
        let lowest = (0..cores.len())
            .filter(|core| allowed.contains(*core))
            .min_by_key(|core| self.running_priority(*core, cores))
            .unwrap_or(0);
        match last_core {
            Some(last) if self.runs_less(last, cores, thread) || !self.runs_less(lowest, cores, thread) => {
                last
            }
            _ => lowest,
        }
    }

    pub(super) fn enqueue(&mut self, core: CoreId, thread: ThreadId, arrival: Arrival) {
        self.update_if_stale(thread);
        let queue = &mut self.queues[core];
        let priority = self.threads[thread].priority;
        let threads = &self.threads;
        let quantum_used = self.threads[thread].quantum_left >= self.quantum;
        let at_head = arrival == Arrival::Preempted && !quantum_used;
        let position = queue.partition_point(|other| {
            let other = threads[*other].priority;
            if at_head { other > priority } else { other >= priority }
        });
        queue.insert(position, thread);
    }

    pub(super) fn pick(&mut self, core: CoreId) -> Option<ThreadId> {
        let from =
            if self.queues[core].is_empty() { busiest(&self.queues, core, &self.affinity)? } else { core };
        let queue = &mut self.queues[from];
        let position = queue.iter().position(|thread| self.affinity[*thread].contains(core))?;
        Some(queue.remove(position))
    }

    pub(super) fn run(&mut self, core: CoreId, thread: ThreadId, arrival: Option<Arrival>, now: Time) {
        self.update_if_stale(thread);
        let anew = matches!(arrival, Some(Arrival::Started | Arrival::Woken));
        if anew || self.threads[thread].quantum_left.is_zero() {
            self.threads[thread].quantum_left = self.quantum;
        }
        self.cores[core] = Core { quantum_end: now + self.threads[thread].quantum_left, first_quantum: true };
    }

    pub(super) fn charge(&mut self, _: CoreId, thread: ThreadId, span: Span) {
        self.threads[thread].unaccounted += span;
    }

    /// `thread_dispatch`: keeps the rest of the quantum; `thread_unblock` starts a new one after a sleep.
    pub(super) fn stop(&mut self, core: CoreId, thread: ThreadId, departure: Departure, now: Time) {
        self.update_if_stale(thread);
        let state = self.cores[core];
        let rest = if state.first_quantum { state.quantum_end.since(now) } else { Span::ZERO };
        let rest = if rest < SMALLEST_QUANTUM { rest + self.quantum } else { rest };
        self.threads[thread].quantum_left = if departure == Departure::MakesRoom { rest } else { Span::ZERO };
        self.cores[core].quantum_end = Time::END;
    }

    /// `csw_check`.
    pub(super) fn preempts(&mut self, core: CoreId, running: ThreadId, woken: ThreadId) -> bool {
        self.must_yield(core, running, self.threads[woken].priority)
    }

    pub(super) fn next_timer(&self, core: CoreId, _: Time) -> Time {
        self.cores[core].quantum_end
    }

    /// `thread_quantum_expire`.
    pub(super) fn timer(&mut self, core: CoreId, running: ThreadId, now: Time) -> bool {
        if self.threads[running].updated_at_tick == self.ticks {
            self.account(running);
            self.compute_priority(running);
        } else {
            self.update_priority(running);
        }
        self.cores[core] = Core { quantum_end: now + self.quantum, first_quantum: false };
        let highest = self.queues[core].first().map(|thread| self.threads[*thread].priority);
        highest.is_some_and(|priority| self.must_yield(core, running, priority))
    }

    pub(super) fn each_amount(&mut self, visit: &mut impl FnMut(&mut u64)) {
        self.threads.iter_mut().for_each(|thread| visit(thread.unaccounted.picos_mut()));
    }

    pub(super) fn slice_comes_nearer(&mut self, core: CoreId, end: Time) {
        self.cores[core].quantum_end = end;
    }

    fn must_yield(&self, core: CoreId, running: ThreadId, priority: i64) -> bool {
        let current = self.threads[running].priority;
        if self.cores[core].first_quantum { priority > current } else { priority >= current }
    }

    fn running_priority(&self, core: CoreId, cores: &[CoreView]) -> i64 {
        cores[core].running.map_or(i64::MIN, |thread| self.threads[thread].priority)
    }

    fn runs_less(&self, core: CoreId, cores: &[CoreView], thread: ThreadId) -> bool {
        self.running_priority(core, cores) < self.threads[thread].priority
    }

    fn update_if_stale(&mut self, thread: ThreadId) {
        if self.threads[thread].updated_at_tick != self.ticks {
            self.update_priority(thread);
        }
    }

    /// `update_priority`: usage since the last tick is added under the new load, and all of it decays.
    fn update_priority(&mut self, id: ThreadId) {
        let ticks = self.ticks - self.threads[id].updated_at_tick;
        self.threads[id].shift = self.load_shift;
        self.threads[id].updated_at_tick = self.ticks;
        self.account(id);
        let usage = &mut self.threads[id].usage;
        *usage = if ticks < FORGOTTEN_AFTER { decayed(*usage, ticks) } else { Span::ZERO };
        self.compute_priority(id);
    }

    /// Usage accumulates only while there is contention for the processors.
    fn account(&mut self, id: ThreadId) {
        let thread = &mut self.threads[id];
        if thread.shift.is_some() {
            thread.usage += thread.unaccounted;
        }
        thread.unaccounted = Span::ZERO;
    }

    /// `do_priority_computation`; usage is shifted in the kernel's unit, nanoseconds.
    fn compute_priority(&mut self, id: ThreadId) {
        let thread = &mut self.threads[id];
        let nanos = thread.usage.picos() / 1_000;
        let penalty = thread.shift.map_or(0, |shift| (nanos >> shift) as i64);
        thread.priority = (thread.base - penalty).max(0);
    }
}

/// Everything but the ends of quanta, which are events, and the use that is not accounted for, which is an amount.
impl Hash for Mach {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Mach {
            quantum: _,
            decay_interval: _,
            fixed_shift: _,
            load_shift,
            ticks,
            threads,
            cores,
            queues,
            affinity: _,
        } = self;
        (load_shift, queues).hash(state);
        for thread in threads {
            let Thread { base: _, priority, usage, unaccounted: _, shift, updated_at_tick, quantum_left } =
                thread;
            (priority, usage, shift, ticks - updated_at_tick, quantum_left).hash(state);
        }
        for Core { quantum_end: _, first_quantum } in cores {
            first_quantum.hash(state);
        }
    }
}

/// `sched_timebase_init`: the shift by which the usage of one busy thread (5/3 of the decay interval, in nanoseconds)
/// becomes at most the base priority.
fn fixed_shift(decay_interval: Span) -> u32 {
    let mut usage = decay_interval.picos() / 1_000 / 3 * 5;
    let mut shift = 0;
    while usage > BASE_PRIORITY as u64 {
        usage >>= 1;
        shift += 1;
    }
    shift
}

/// (5/8) to the power of `ticks`.
fn decayed(usage: Span, ticks: u64) -> Span {
    (0..ticks).fold(usage, |usage, _| Span::from_picos(usage.picos() / 8 * 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mach(cores: usize) -> Mach {
        Mach::new(Span::from_millis(10), Span::from_millis(125), cores, &[Attributes::default(); 2])
    }

    /// Runs thread 0 on core 0 for one quantum, with thread 1 queueing, after a tick that saw both.
    fn after_a_quantum(cores: usize) -> (Mach, bool) {
        let mut mach = mach(cores);
        mach.tick(2);
        mach.enqueue(0, 1, Arrival::Woken);
        mach.run(0, 0, Some(Arrival::Woken), Time::ZERO);
        mach.charge(0, 0, Span::from_millis(10));
        let must_yield = mach.timer(0, 0, Time::ZERO + Span::from_millis(10));
        (mach, must_yield)
    }

    #[test]
    fn a_level_of_priority_is_8_4_ms_of_usage_before_the_load_is_counted() {
        assert_eq!(fixed_shift(Span::from_millis(125)), 23);
    }

    #[test]
    fn usage_lowers_priority_only_while_threads_outnumber_cores() {
        assert_eq!(after_a_quantum(1).0.threads[0].priority, BASE_PRIORITY - 2);
        assert_eq!(after_a_quantum(2).0.threads[0].priority, BASE_PRIORITY);
    }

    #[test]
    fn a_thread_in_its_first_quantum_yields_to_higher_priorities_only() {
        let mut mach = mach(1);
        mach.run(0, 0, Some(Arrival::Woken), Time::ZERO);
        assert!(!mach.preempts(0, 0, 1));
        mach.timer(0, 0, Time::ZERO + Span::from_millis(10));
        assert!(mach.preempts(0, 0, 1));
    }

    #[test]
    fn a_used_up_quantum_makes_room_for_an_equal() {
        assert!(after_a_quantum(1).1);
    }

    #[test]
    fn usage_decays_by_five_eighths_a_tick() {
        assert_eq!(decayed(Span::from_picos(64), 2), Span::from_picos(25));
    }
}
