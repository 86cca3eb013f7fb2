//! On which core a thread queues, and how it comes to another.

use super::{Arrival, CoreView, Doing, Eevdf, Thread};
use crate::des::Time;
use crate::os::sched::Waking;
use crate::os::{CoreId, ThreadId};

impl Eevdf {
    /// A thread that still queues goes on in its queue (`ttwu_runnable`).
    pub(in crate::os::sched) fn place(
        &mut self,
        thread: ThreadId,
        waking: &Waking,
        cores: &[CoreView],
        now: Time,
    ) -> CoreId {
        if let Some(core) = self.threads[thread].delayed_on {
            return core;
        }
        let Eevdf { balance, affinity, queues, threads, .. } = self;
        let allowed = &affinity[thread];
        let core = match (waking.arrival, waking.from, waking.last_core) {
            (Arrival::Started, Some(from), _) => {
                balance.place_started(allowed, from, |core| count(queues, threads, cores, core), now)
            }
            (_, _, last) => {
                let last = last.unwrap_or_else(|| allowed.first());
                balance.place_woken(thread, allowed, last, |core| cores[core].running.is_none())
            }
        };
        if waking.arrival == Arrival::Started {
            balance.loads.start(thread, core, now);
        }
        balance.loads.move_to(thread, core);
        core
    }

    /// `sched_balance_domains`: at the tick of `core`, where `running` runs, threads may be moved here that queue at a busier
    /// one. Whether `running` must make room for one of them.
    pub(in crate::os::sched) fn balance(
        &mut self,
        core: CoreId,
        running: ThreadId,
        cores: &[CoreView],
        now: Time,
    ) -> bool {
        if !self.balance.is_due(core, now) {
            return false;
        }
        let Eevdf { balance, queues, threads, .. } = self;
        let imbalance = balance.imbalance(core, |core| count(queues, threads, cores, core), now);
        let Some((busiest, mut amount)) = imbalance else { return false };
        let (mut displaces, mut looked_at, mut moved) = (false, 0, false);
        while !amount.is_nothing()
            && let Some(position) = self.next_to_move(busiest, looked_at)
        {
            let thread = self.queues[busiest][position];
            looked_at = self.came[thread];
            if self.may_move(thread, core) && self.balance.takes(core, thread, &mut amount, now) {
                self.detach(busiest, position, core);
                self.place_entity(core, thread, Arrival::Preempted);
                self.queues[core].push(thread);
                displaces |= self.preempts(core, running, thread, Arrival::Woken);
                self.comes(thread);
                moved = true;
            }
        }
        self.balance.has_balanced(core, moved);
        displaces
    }

    /// Position in the queue of `core` of the thread that came or got the core the longest ago, of those that did so after
    /// `looked_at`.
    fn next_to_move(&self, core: CoreId, looked_at: u64) -> Option<usize> {
        let came = |position: &usize| self.came[self.queues[core][*position]];
        (0..self.queues[core].len()).filter(|position| came(position) > looked_at).min_by_key(came)
    }

    /// `nohz_balancer_kick`: at the tick of `core`, an idle core that may run it takes the last of its queue.
    pub(in crate::os::sched) fn spread(
        &mut self,
        core: CoreId,
        cores: &[CoreView],
        now: Time,
    ) -> Option<(CoreId, ThreadId)> {
        let idle = (0..cores.len()).find(|other| {
            cores[*other].running.is_none() && self.queues[core].iter().any(|id| self.may_move(*id, *other))
        })?;
        let position = self.last_to_move(core, idle)?;
        let thread = self.detach(core, position, idle);
        self.balance.loads.turn_to(thread, Doing::Nothing, now);
        Some((idle, thread))
    }

    /// `sched_balance_newidle`: the last that may be moved here, of the longest queue that has one.
    pub(super) fn pull(&mut self, core: CoreId) -> Option<ThreadId> {
        let awake = |other: CoreId| {
            self.queues[other].iter().filter(|thread| self.threads[**thread].delayed_on.is_none()).count()
        };
        let busiest = (0..self.queues.len())
            .filter(|other| self.queues[*other].iter().any(|thread| self.may_move(*thread, core)))
            .max_by_key(|other| (awake(*other), usize::MAX - other))?;
        let position = self.last_to_move(busiest, core)?;
        let thread = self.detach(busiest, position, core);
        self.place_entity(core, thread, Arrival::Preempted);
        Some(thread)
    }

    /// `can_migrate_task`: a thread that sleeps in its queue stays there.
    fn may_move(&self, thread: ThreadId, core: CoreId) -> bool {
        self.threads[thread].delayed_on.is_none() && self.affinity[thread].contains(core)
    }

    /// Position in the queue of `from` of the last thread that may go to core `to`.
    fn last_to_move(&self, from: CoreId, to: CoreId) -> Option<usize> {
        self.queues[from].iter().rposition(|thread| self.may_move(*thread, to))
    }

    /// `detach_task`: takes the thread at this position out of the queue of `from`, to go to core `to`.
    fn detach(&mut self, from: CoreId, position: usize, to: CoreId) -> ThreadId {
        let id = self.queues[from][position];
        self.threads[id].lag = self.lag(from, id);
        self.threads[id].moved_deadline = Some(self.threads[id].deadline - self.threads[id].vruntime);
        self.cores[from].last_average = self.average(from);
        self.queues[from].remove(position);
        self.balance.loads.move_to(id, to);
        id
    }
}

/// How many threads run, arrive or queue on `core`; those that sleep in the queue do not count.
fn count(queues: &[Vec<ThreadId>], threads: &[Thread], cores: &[CoreView], core: CoreId) -> usize {
    let awake = queues[core].iter().filter(|thread| threads[**thread].delayed_on.is_none()).count();
    awake + usize::from(cores[core].running.is_some())
}
