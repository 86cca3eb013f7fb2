//! A mutex whose holder inherits the priority of who waits for it, as Linux has it: `PTHREAD_PRIO_INHERIT` over `FUTEX_LOCK_PI`
//! (glibc `nptl/pthread_mutex_lock.c`; `kernel/futex/pi.c` and `kernel/locking/rtmutex.c` of Linux; futex(2)).
//!
//! As long as nobody waits, taking and releasing it is one operation on memory, which says who holds it. Who finds it held
//! enters the kernel, and sleeps there; a release finds the most urgent waiter there, and makes it the holder: nobody comes in
//! between. What becomes of priorities is for the kernel ([`crate::os::kernel`]).
//!
//! Left out: that a thread of higher priority that comes before the new holder has run may steal the mutex.

use super::thread_lock::ThreadLock;
use super::{LockId, Next, Objects, Outcome, Phase, QueueId, WaitQueues};
use crate::os::ThreadId;

/// One mutex.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Inheriting {
    holder: Option<ThreadId>,
    /// Its word says that somebody waits (`FUTEX_WAITERS`), or did when it was handed over.
    has_waiters: bool,
    waiters: QueueId,
}

impl Inheriting {
    pub fn new(queues: &mut WaitQueues) -> Inheriting {
        Inheriting { holder: None, has_waiters: false, waiters: queues.add() }
    }

    /// Makes `thread` the holder if there is none.
    fn give_to(&mut self, thread: ThreadId) -> bool {
        let is_free = self.holder.is_none();
        if is_free {
            self.holder = Some(thread);
        }
        is_free
    }

    /// Takes the mutex, waiting while it is held.
    pub fn take(&mut self, id: LockId, thread: ThreadId, phase: Phase) -> Next {
        match phase {
            Phase::Begin => Next::LockOperation(Phase::Try),
            // The kernel looks once more before the thread sleeps (`futex_lock_pi_atomic`).
            Phase::Try | Phase::FallAsleep if self.give_to(thread) => Next::Done(Outcome::Done),
            Phase::Try => Next::SystemCall(Phase::FallAsleep),
            Phase::FallAsleep => {
                self.has_waiters = true;
                Next::Lend(id, Phase::Lent)
            }
            Phase::Lent => {
                Next::Sleep { queue: Some(self.waiters), timeout: None, woken: None, then: Phase::Owned }
            }
            _ => Next::Done(Outcome::Done),
        }
    }

    /// Takes the mutex if it is free.
    pub fn try_take(&mut self, thread: ThreadId, phase: Phase) -> Next {
        match phase {
            Phase::Begin => Next::LockOperation(Phase::Try),
            _ if self.give_to(thread) => Next::Done(Outcome::Done),
            _ => Next::Done(Outcome::Refused),
        }
    }

    /// Releases the mutex, or hands it over.
    pub fn release(&mut self, id: LockId, phase: Phase) -> Next {
        match phase {
            Phase::Begin => Next::LockOperation(Phase::Try),
            Phase::Try if self.has_waiters => Next::SystemCall(Phase::Wake),
            Phase::Try => {
                self.holder = None;
                Next::Done(Outcome::Done)
            }
            Phase::Wake => Next::HandOver(id, Phase::Finish),
            _ => Next::Done(Outcome::Done),
        }
    }
}

impl Objects {
    /// A new lock whose holder inherits the priority of who waits for it.
    pub fn new_inheriting_lock(&mut self) -> LockId {
        let lock = ThreadLock::Inheriting(Inheriting::new(&mut self.queues));
        self.add_lock(lock)
    }

    /// Who holds the lock, if holders inherit.
    pub(in crate::os) fn heir(&self, lock: LockId) -> Option<ThreadId> {
        match self.locks[lock.0] {
            ThreadLock::Inheriting(mutex) => mutex.holder,
            _ => None,
        }
    }

    /// `thread`, which waits for a lock whose holder inherits, does so behind those that wait there already; which lock that is.
    pub(in crate::os) fn waits_anew(&mut self, thread: ThreadId, queue: QueueId) -> Option<LockId> {
        let is_of =
            |lock: &ThreadLock| matches!(lock, ThreadLock::Inheriting(mutex) if mutex.waiters == queue);
        let lock = self.locks.iter().position(is_of)?;
        self.queues.remove(queue, thread);
        self.queues.push(queue, thread);
        Some(LockId(lock))
    }

    /// Makes the most urgent of those that wait for the lock its holder, the first of equals; which that is.
    pub(in crate::os) fn hand_over(
        &mut self,
        lock: LockId,
        priority: impl Fn(ThreadId) -> u8,
    ) -> Option<ThreadId> {
        let ThreadLock::Inheriting(mutex) = &mut self.locks[lock.0] else { return None };
        let first = self.queues.iter(mutex.waiters).rev().max_by_key(|thread| priority(*thread));
        mutex.holder = first;
        mutex.has_waiters = first.is_some();
        if let Some(first) = first {
            self.queues.remove(mutex.waiters, first);
        }
        first
    }

    /// Who waits for anything that `thread` holds and inherits by.
    pub(in crate::os) fn creditors(&self, thread: ThreadId) -> impl Iterator<Item = ThreadId> {
        self.locks
            .iter()
            .filter_map(move |lock| match lock {
                ThreadLock::Inheriting(mutex) if mutex.holder == Some(thread) => Some(mutex.waiters),
                _ => None,
            })
            .flat_map(|waiters| self.queues.iter(waiters))
    }
}
