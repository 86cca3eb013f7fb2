//! Priority inheritance: who holds a lock that a more urgent thread waits for has the priority of that one meanwhile
//! (`rt_mutex_adjust_prio_chain`, kernel/locking/rtmutex.c; `rt_mutex_setprio`, kernel/sched/core.c).

use super::{Kernel, Place};
use crate::os::ThreadId;
use crate::os::sched::Arrival;
use crate::os::sync::LockId;
use crate::trace::Observer;

impl<O: Observer> Kernel<O> {
    /// `waiter`, on its turn, is about to sleep for `lock`: whoever holds it is to be as urgent, and so on along the locks that
    /// the holders themselves wait for, until one is urgent enough.
    pub(super) fn lend(&mut self, waiter: ThreadId, lock: LockId) {
        let priority = self.scheduler.priority(waiter);
        let mut wanted = Some(lock);
        while let Some(holder) = wanted.and_then(|lock| self.objects.heir(lock)) {
            if self.scheduler.priority(holder) >= priority {
                return;
            }
            self.becomes_more_urgent(holder, priority, waiter);
            let queue = self.threads[holder].queue;
            wanted = queue.and_then(|queue| self.objects.waits_anew(holder, queue));
        }
    }

    /// A thread that queues for a core does so anew, as if `waiter` had woken it.
    fn becomes_more_urgent(&mut self, holder: ThreadId, priority: u8, waiter: ThreadId) {
        let queues = self.threads[holder].place == Place::Queued;
        if queues {
            self.scheduler.leave_queue(holder);
        }
        self.scheduler.set_priority(holder, priority);
        if queues {
            self.make_runnable(holder, Arrival::Woken, self.threads[waiter].last_core);
        }
    }

    /// `thread`, on its turn, hands `lock` over to the most urgent of those that wait for it; which that is. From now on it is
    /// as urgent as it is itself, or as the most urgent that waits for anything else it holds.
    pub(super) fn hand_over(&mut self, thread: ThreadId, lock: LockId) -> Option<ThreadId> {
        let scheduler = &self.scheduler;
        let next = self.objects.hand_over(lock, |waiter| scheduler.priority(waiter));
        let lent = self.objects.creditors(thread).map(|waiter| scheduler.priority(waiter)).max();
        let priority = lent.unwrap_or(0).max(scheduler.own_priority(thread));
        self.scheduler.set_priority(thread, priority);
        if let Place::Running(core) = self.threads[thread].place
            && self.scheduler.is_outranked(core, thread)
        {
            self.reschedule(core, thread);
        }
        next
    }
}
