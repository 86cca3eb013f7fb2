//! The POSIX semaphore as glibc builds it (`nptl/sem_waitcommon.c`, `sem_post.c`, 2.21 and later).
//!
//! Taking and raising it is one operation on memory as long as nobody waits. A waiter is counted from its
//! registration until it has taken the semaphore, asleep or awake; a post enters the kernel whenever the count is not
//! zero, so it does even when the one waiter is awake already and merely has not run. Whoever comes first takes it
//! (barging): on several cores the poster nearly always wins against the thread it woke.

use super::{Next, Objects, Outcome, Phase, QueueId, SemaphoreId, Timeout, WaitQueues};
use crate::des::Span;

#[derive(Clone, Debug, Hash)]
pub(super) struct Semaphore {
    value: u64,
    waiters: u64,
    sleepers: QueueId,
}

impl Semaphore {
    pub fn new(value: u64, queues: &mut WaitQueues) -> Semaphore {
        Semaphore { value, waiters: 0, sleepers: queues.add() }
    }

    /// One of the waiters waits no more.
    pub fn stops_waiting(&mut self) {
        self.waiters -= 1;
    }
}

#[inline]
pub(super) fn wait(objects: &mut Objects, id: SemaphoreId, phase: Phase) -> Next {
    let semaphore = &mut objects.semaphores[id.0];
    match phase {
        Phase::Try if semaphore.value > 0 => {
            semaphore.value -= 1;
            Next::Done(Outcome::Done)
        }
        Phase::Try => {
            semaphore.waiters += 1;
            Next::SystemCall(Phase::Queue)
        }
        Phase::Queue => Next::Queueing(Phase::FallAsleep),
        // futex(2): the kernel compares the value once more and does not sleep if it has changed.
        Phase::FallAsleep if semaphore.value > 0 => Next::Atomic(Phase::RetryAwake),
        Phase::FallAsleep => {
            Next::Sleep { queue: Some(semaphore.sleepers), timeout: None, woken: None, then: Phase::Woken }
        }
        Phase::Woken => Next::Atomic(Phase::Retry),
        Phase::Retry | Phase::RetryAwake if semaphore.value > 0 => {
            semaphore.value -= 1;
            semaphore.waiters -= 1;
            Next::Done(Outcome::Done)
        }
        Phase::Retry => Next::InVain(Phase::AfterWake),
        Phase::RetryAwake | Phase::AfterWake => Next::SystemCall(Phase::Queue),
        _ => Next::LockOperation(Phase::Try),
    }
}

/// `sem_clockwait`: the same for a time at most, which its caller counts from a reading of the clock.
pub(super) fn wait_for(
    objects: &mut Objects,
    id: SemaphoreId,
    timeout: Span,
    phase: Phase,
    timed_out: bool,
) -> Next {
    match phase {
        Phase::Begin => Next::Clock(Phase::ClockRead),
        Phase::Retry if timed_out => {
            objects.semaphores[id.0].waiters -= 1;
            Next::Done(Outcome::TimedOut)
        }
        _ => match wait(objects, id, phase) {
            Next::Sleep { queue, woken, then, .. } => {
                Next::Sleep { queue, timeout: Some(Timeout::Timer(timeout)), woken, then }
            }
            next => next,
        },
    }
}

/// `sem_trywait`: takes the semaphore, or is refused at once.
pub(super) fn try_wait(objects: &mut Objects, id: SemaphoreId, phase: Phase) -> Next {
    let semaphore = &mut objects.semaphores[id.0];
    match phase {
        Phase::Try if semaphore.value > 0 => {
            semaphore.value -= 1;
            Next::Done(Outcome::Done)
        }
        Phase::Try => Next::Done(Outcome::Refused),
        _ => Next::LockOperation(Phase::Try),
    }
}

#[inline]
pub(super) fn post(objects: &mut Objects, id: SemaphoreId, phase: Phase) -> Next {
    let semaphore = &mut objects.semaphores[id.0];
    match phase {
        Phase::Try => {
            semaphore.value += 1;
            if semaphore.waiters > 0 { Next::SystemCall(Phase::Wake) } else { Next::Done(Outcome::Done) }
        }
        Phase::Wake => Next::Waking(objects.queues.pop(semaphore.sleepers), Phase::Finish),
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::LockOperation(Phase::Try),
    }
}
