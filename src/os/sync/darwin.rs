//! Mutex and condition variable of OS X 10.5: Mach semaphores (`pthread_mutex.c`, `pthread_cond.c` of Libc-498).
//!
//! What matters for the GIL, and is found in no later system:
//!
//! - A condition variable has a semaphore from the first waiter's registration until the last waiter **has run again**
//!   and no signal is under way (`sigspending`). As long as it has one, every signal is a system call, although the
//!   waiter may long be awake and only lack a core.
//! - The mutex that a waiter gives up is left *in transit*: the system call that puts the waiter to sleep signals the
//!   mutex's semaphore, and the next thread to lock the mutex collects that token by a system call of its own.
//! - A mutex with waiters is handed over to the first of them.
//!
//! A thread that found the spin lock inside an object taken would spin for the length of a system call at most; here
//! it waits in the kernel like one that found the mutex held.

use super::{CondvarId, MutexId, Next, Objects, Outcome, Phase, QueueId, Request, Timeout, WaitQueues};
use crate::des::Span;
use crate::os::ThreadId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Nobody,
    Thread(ThreadId),
    /// Given up, and a token of the mutex's semaphore is (about to be) there to be collected.
    InTransit,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Mutex {
    owner: Owner,
    waiters: u64,
    tokens: u64,
    sleepers: QueueId,
    /// The owner is about to collect the token of the transit: the next token is its own, not a waiter's.
    is_collecting: bool,
    collector: QueueId,
}

impl Mutex {
    pub fn new(queues: &mut WaitQueues) -> Mutex {
        Mutex {
            owner: Owner::Nobody,
            waiters: 0,
            tokens: 0,
            sleepers: queues.add(),
            is_collecting: false,
            collector: queues.add(),
        }
    }

    /// `semaphore_signal`: wakes a sleeper or leaves a token.
    fn signal(&mut self, queues: &mut WaitQueues) -> Option<ThreadId> {
        let woken = queues.pop(if self.is_collecting { self.collector } else { self.sleepers });
        if woken.is_none() {
            self.tokens += 1;
        }
        woken
    }
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Condvar {
    waiters: u64,
    signals_under_way: u64,
    has_semaphore: bool,
    sleepers: QueueId,
}

impl Condvar {
    pub fn new(queues: &mut WaitQueues) -> Condvar {
        Condvar { waiters: 0, signals_under_way: 0, has_semaphore: false, sleepers: queues.add() }
    }

    fn drop_semaphore_if_unused(&mut self) {
        if self.waiters == 0 && self.signals_under_way == 0 {
            self.has_semaphore = false;
        }
    }
}

#[inline]
pub(super) fn lock(objects: &mut Objects, id: MutexId, thread: ThreadId, phase: Phase) -> Next {
    let mutex = &mut objects.darwin_mutexes[id.0];
    match phase {
        Phase::Try if mutex.owner == Owner::Nobody => {
            mutex.owner = Owner::Thread(thread);
            Next::Done(Outcome::Done)
        }
        Phase::Try if mutex.owner == Owner::InTransit && mutex.waiters == 0 => {
            mutex.owner = Owner::Thread(thread);
            mutex.is_collecting = true;
            Next::SystemCall(Phase::CollectToken)
        }
        Phase::CollectToken if mutex.tokens > 0 => {
            mutex.tokens -= 1;
            Next::Go(Phase::Collected)
        }
        Phase::CollectToken => {
            Next::Sleep { queue: Some(mutex.collector), timeout: None, woken: None, then: Phase::Collected }
        }
        Phase::Collected => {
            mutex.is_collecting = false;
            Next::Done(Outcome::Done)
        }
        Phase::Try => {
            mutex.waiters += 1;
            Next::SystemCall(Phase::FallAsleep)
        }
        Phase::FallAsleep if mutex.tokens > 0 && !mutex.is_collecting => {
            mutex.tokens -= 1;
            Next::Go(Phase::Woken)
        }
        Phase::FallAsleep => {
            Next::Sleep { queue: Some(mutex.sleepers), timeout: None, woken: None, then: Phase::Woken }
        }
        Phase::Woken => Next::Atomic(Phase::Owned),
        Phase::Owned => {
            mutex.waiters -= 1;
            mutex.owner = Owner::Thread(thread);
            // The last waiter takes back the semaphore that kept the order of arrival.
            if mutex.waiters == 0 { Next::SystemCall(Phase::Finish) } else { Next::Done(Outcome::Done) }
        }
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::LockOperation(Phase::Try),
    }
}

#[inline]
pub(super) fn unlock(objects: &mut Objects, id: MutexId, phase: Phase) -> Next {
    let mutex = &mut objects.darwin_mutexes[id.0];
    match phase {
        Phase::Try if mutex.waiters > 0 => {
            mutex.owner = Owner::InTransit;
            Next::SystemCall(Phase::Wake)
        }
        Phase::Try => {
            mutex.owner = Owner::Nobody;
            Next::Done(Outcome::Done)
        }
        Phase::Wake => Next::Waking(mutex.signal(&mut objects.queues), Phase::Finish),
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::LockOperation(Phase::Try),
    }
}

#[inline]
pub(super) fn wait(
    objects: &mut Objects,
    id: CondvarId,
    mutex_id: MutexId,
    timeout: Option<Span>,
    phase: Phase,
    timed_out: bool,
) -> Next {
    let condvar = &mut objects.darwin_condvars[id.0];
    let mutex = &mut objects.darwin_mutexes[mutex_id.0];
    match phase {
        Phase::Try => {
            condvar.waiters += 1;
            condvar.has_semaphore = true;
            mutex.owner = Owner::InTransit;
            Next::SystemCall(Phase::FallAsleep)
        }
        // semaphore_wait_signal: first asleep on the condition, then the mutex is let go.
        Phase::FallAsleep => Next::Sleep {
            queue: Some(condvar.sleepers),
            timeout: timeout.map(Timeout::Timer),
            woken: mutex.signal(&mut objects.queues),
            then: Phase::Woken,
        },
        Phase::Woken => Next::Atomic(if timed_out { Phase::TakeMutexBack } else { Phase::Retry }),
        Phase::Retry | Phase::TakeMutexBack => {
            condvar.waiters -= 1;
            condvar.drop_semaphore_if_unused();
            let then = if phase == Phase::Retry { Phase::Finish } else { Phase::AfterWake };
            Next::Inner(Request::MutexRetake(mutex_id), then)
        }
        Phase::AfterWake => Next::Done(Outcome::TimedOut),
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::Atomic(Phase::Try),
    }
}

#[inline]
pub(super) fn signal(objects: &mut Objects, id: CondvarId, phase: Phase) -> Next {
    let condvar = &mut objects.darwin_condvars[id.0];
    match phase {
        Phase::Try if !condvar.has_semaphore => Next::Done(Outcome::Done),
        Phase::Try => {
            condvar.signals_under_way += 1;
            Next::SystemCall(Phase::Wake)
        }
        // semaphore_signal_thread(THREAD_NULL): wakes a sleeper, and leaves no token if there is none.
        Phase::Wake => Next::Waking(objects.queues.pop(condvar.sleepers), Phase::AfterWake),
        Phase::AfterWake => Next::Atomic(Phase::Finish),
        Phase::Finish => {
            condvar.signals_under_way -= 1;
            condvar.drop_semaphore_if_unused();
            Next::Done(Outcome::Done)
        }
        _ => Next::Atomic(Phase::Try),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::machine::Platform;

    fn objects() -> (Objects, CondvarId, MutexId) {
        let mut objects = Objects::new(Platform::Darwin, 3);
        let (condvar, mutex) = (objects.new_condvar(), objects.new_mutex());
        (objects, condvar, mutex)
    }

    /// Thread 0 waits for the condition and leaves the mutex in transit.
    fn in_transit() -> (Objects, CondvarId, MutexId) {
        let (mut objects, condvar, mutex) = objects();
        lock(&mut objects, mutex, 0, Phase::Try);
        wait(&mut objects, condvar, mutex, None, Phase::Try, false);
        (objects, condvar, mutex)
    }

    #[test]
    fn the_next_to_lock_a_mutex_in_transit_pays_a_system_call_for_its_token() {
        let (mut objects, condvar, mutex) = in_transit();
        wait(&mut objects, condvar, mutex, None, Phase::FallAsleep, false);
        assert_eq!(lock(&mut objects, mutex, 1, Phase::Try), Next::SystemCall(Phase::CollectToken));
        assert_eq!(lock(&mut objects, mutex, 1, Phase::CollectToken), Next::Go(Phase::Collected));
    }

    #[test]
    fn the_token_of_a_transit_goes_to_its_collector_and_to_no_waiter() {
        let (mut objects, condvar, mutex) = in_transit();
        lock(&mut objects, mutex, 1, Phase::Try);
        lock(&mut objects, mutex, 2, Phase::Try);
        wait(&mut objects, condvar, mutex, None, Phase::FallAsleep, false);
        assert!(matches!(lock(&mut objects, mutex, 2, Phase::FallAsleep), Next::Sleep { .. }));
        assert_eq!(lock(&mut objects, mutex, 1, Phase::CollectToken), Next::Go(Phase::Collected));
    }

    #[test]
    fn a_signal_under_way_makes_later_signals_enter_the_kernel_with_nobody_waiting() {
        let (mut objects, condvar, mutex) = in_transit();
        assert_eq!(signal(&mut objects, condvar, Phase::Try), Next::SystemCall(Phase::Wake));
        wait(&mut objects, condvar, mutex, None, Phase::Retry, false);
        assert_eq!(signal(&mut objects, condvar, Phase::Try), Next::SystemCall(Phase::Wake));
        signal(&mut objects, condvar, Phase::Finish);
        signal(&mut objects, condvar, Phase::Finish);
        assert_eq!(signal(&mut objects, condvar, Phase::Try), Next::Done(Outcome::Done));
    }
}
