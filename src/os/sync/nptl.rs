//! Mutex and condition variable of Linux: NPTL on futexes (glibc 2.25 and later).
//!
//! The mutex is a word: free, held, or held with sleepers perhaps (`lowlevellock.h`). Unlocking it enters the kernel
//! only in the third case. Whoever comes first takes it.
//!
//! The condition variable counts waiters out when they are signalled, not when they have run: a signal with nobody
//! left to signal is one operation on memory (`pthread_cond_signal.c`). Signals are for a group of waiters; when all of
//! the group have been signalled, those that have come since are the next (`pthread_cond_common.c`, 2.25 and later). So
//! nobody takes a signal from under one that waited before.

use super::{CondvarId, MutexId, Next, Objects, Outcome, Phase, QueueId, Request, Timeout, WaitQueues};
use crate::des::Span;
use crate::os::ThreadId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Word {
    Free,
    Held,
    HeldWithSleepers,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Mutex {
    word: Word,
    sleepers: QueueId,
}

impl Mutex {
    pub fn new(queues: &mut WaitQueues) -> Mutex {
        Mutex { word: Word::Free, sleepers: queues.add() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Condvar {
    /// Registered and not signalled yet.
    pub(super) waiters: u64,
    /// How many have ever registered: the ticket of the next.
    pub(super) registered: u64,
    /// Waiters with tickets below this are of the group that is signalled, or of one before.
    pub(super) group_end: u64,
    /// Waiters with tickets below this are of a group before: all of those have been signalled.
    pub(super) group_start: u64,
    /// How many of the group have not been signalled yet.
    pub(super) group_left: u64,
    /// Signals that no sleeper has collected: their receivers are on their way to sleep.
    pub(super) signals: u64,
    pub(super) sleepers: QueueId,
}

impl Condvar {
    pub fn new(queues: &mut WaitQueues) -> Condvar {
        Condvar {
            waiters: 0,
            registered: 0,
            group_end: 0,
            group_start: 0,
            group_left: 0,
            signals: 0,
            sleepers: queues.add(),
        }
    }
}

#[inline]
pub(super) fn lock(objects: &mut Objects, id: MutexId, phase: Phase) -> Next {
    let mutex = &mut objects.nptl_mutexes[id.0];
    match phase {
        Phase::Try if mutex.word == Word::Free => {
            mutex.word = Word::Held;
            Next::Done(Outcome::Done)
        }
        // A thread that has slept cannot know whether others do: it takes the mutex as if they did.
        Phase::Retry if mutex.word == Word::Free => {
            mutex.word = Word::HeldWithSleepers;
            Next::Done(Outcome::Done)
        }
        Phase::Try | Phase::Retry => {
            mutex.word = Word::HeldWithSleepers;
            Next::SystemCall(Phase::Queue)
        }
        Phase::Queue => Next::Queueing(Phase::FallAsleep),
        Phase::FallAsleep if mutex.word == Word::HeldWithSleepers => {
            Next::Sleep { queue: Some(mutex.sleepers), timeout: None, woken: None, then: Phase::Woken }
        }
        Phase::FallAsleep | Phase::Woken => Next::Atomic(Phase::Retry),
        _ => Next::LockOperation(Phase::Try),
    }
}

/// Takes the mutex back after a wait for a condition: others may have been moved to it, so it counts as one that others
/// sleep for, and whoever unlocks it enters the kernel (`pthread_mutex_cond_lock.c`, `lll_cond_lock`).
#[inline]
pub(super) fn retake(objects: &mut Objects, id: MutexId, phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::LockOperation(Phase::Retry),
        _ => lock(objects, id, phase),
    }
}

#[inline]
pub(super) fn unlock(objects: &mut Objects, id: MutexId, phase: Phase) -> Next {
    let mutex = &mut objects.nptl_mutexes[id.0];
    match phase {
        Phase::Try => {
            let sleepers = mutex.word == Word::HeldWithSleepers;
            mutex.word = Word::Free;
            if sleepers { Next::SystemCall(Phase::Wake) } else { Next::Done(Outcome::Done) }
        }
        Phase::Wake => Next::Waking(objects.queues.pop(mutex.sleepers), Phase::Finish),
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::LockOperation(Phase::Try),
    }
}

#[inline(always)]
pub(super) fn wait(
    objects: &mut Objects,
    id: CondvarId,
    mutex: MutexId,
    timeout: Option<Span>,
    thread: ThreadId,
    phase: Phase,
    timed_out: bool,
) -> Next {
    let condvar = &mut objects.nptl_condvars[id.0];
    match phase {
        Phase::Try => {
            objects.tickets[thread] = condvar.registered;
            condvar.registered += 1;
            condvar.waiters += 1;
            Next::Inner(Request::MutexUnlock(mutex), Phase::MutexGivenUp)
        }
        Phase::MutexGivenUp => Next::SystemCall(Phase::Queue),
        Phase::Queue => Next::Queueing(Phase::FallAsleep),
        Phase::FallAsleep if condvar.signals > 0 && objects.tickets[thread] < condvar.group_end => {
            condvar.signals -= 1;
            Next::Inner(Request::MutexRetake(mutex), Phase::Finish)
        }
        Phase::FallAsleep => Next::Sleep {
            queue: Some(condvar.sleepers),
            timeout: timeout.map(Timeout::Timer),
            woken: None,
            then: Phase::Woken,
        },
        // A signal may have counted this waiter out after its timer fired: then that signal was for it.
        Phase::Woken if timed_out => {
            let ticket = objects.tickets[thread];
            let is_of_group = ticket < condvar.group_end;
            // Of a group before, it has been counted out; if its signal is gone, one of the present group has taken it.
            let is_left_over = ticket < condvar.group_start && condvar.signals > 0;
            if is_of_group && (condvar.group_left == 0 || is_left_over) {
                condvar.signals = condvar.signals.saturating_sub(1);
            } else {
                condvar.waiters -= 1;
                condvar.group_left -= u64::from(is_of_group);
            }
            Next::Inner(Request::MutexRetake(mutex), Phase::TakeMutexBack)
        }
        Phase::Woken => Next::Inner(Request::MutexRetake(mutex), Phase::Finish),
        Phase::TakeMutexBack => Next::Done(Outcome::TimedOut),
        Phase::Finish => Next::Done(Outcome::Done),
        // The timeout is an instant (`pthread_cond_timedwait`): who waits for a time adds it to that of the clock.
        Phase::Begin if timeout.is_some() => Next::Clock(Phase::ClockRead),
        _ => Next::Atomic(Phase::Try),
    }
}

#[inline(always)]
pub(super) fn signal(objects: &mut Objects, id: CondvarId, phase: Phase) -> Next {
    let condvar = &mut objects.nptl_condvars[id.0];
    match phase {
        Phase::Try if condvar.waiters == 0 => Next::Done(Outcome::Done),
        Phase::Try => {
            if condvar.group_left == 0 {
                condvar.group_start = condvar.group_end;
                condvar.group_end = condvar.registered;
                condvar.group_left = condvar.waiters;
            }
            condvar.group_left -= 1;
            condvar.waiters -= 1;
            condvar.signals += 1;
            Next::SystemCall(Phase::Wake)
        }
        Phase::Wake => {
            let tickets = &objects.tickets;
            let is_of_group = |thread: ThreadId| tickets[thread] < condvar.group_end;
            let woken = if condvar.signals > 0 {
                objects.queues.pop_first(condvar.sleepers, is_of_group)
            } else {
                None
            };
            if woken.is_some() {
                condvar.signals -= 1;
            }
            Next::Waking(woken, Phase::Finish)
        }
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::Atomic(Phase::Try),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::machine::Platform;

    /// Puts a waiter to sleep on a new condition variable; the mutex plays no part.
    fn asleep() -> (Objects, CondvarId, MutexId) {
        let mut objects = Objects::new(Platform::Linux, 2);
        let (condvar, mutex) = (objects.new_condvar(), objects.new_mutex());
        wait(&mut objects, condvar, mutex, None, 0, Phase::Try, false);
        let Next::Sleep { queue: Some(queue), .. } =
            wait(&mut objects, condvar, mutex, None, 0, Phase::FallAsleep, false)
        else {
            panic!("the waiter does not sleep");
        };
        objects.queues.push(queue, 0);
        (objects, condvar, mutex)
    }

    #[test]
    fn a_signal_to_a_waiter_whose_timer_has_fired_is_used_up_by_that_waiter() {
        let (mut objects, condvar, mutex) = asleep();
        let sleepers = objects.nptl_condvars[condvar.0].sleepers;
        objects.queues.remove(sleepers, 0);
        assert_eq!(signal(&mut objects, condvar, Phase::Try), Next::SystemCall(Phase::Wake));
        assert_eq!(signal(&mut objects, condvar, Phase::Wake), Next::Waking(None, Phase::Finish));
        wait(&mut objects, condvar, mutex, None, 0, Phase::Woken, true);
        assert_eq!(signal(&mut objects, condvar, Phase::Try), Next::Done(Outcome::Done));
        assert_eq!(objects.nptl_condvars[condvar.0].signals, 0);
    }

    #[test]
    fn a_waiter_that_was_counted_out_late_leaves_the_count_of_the_next_group_alone() {
        let (mut objects, condvar, mutex) = asleep();
        let sleepers = objects.nptl_condvars[condvar.0].sleepers;
        objects.queues.remove(sleepers, 0);
        signal(&mut objects, condvar, Phase::Try);
        signal(&mut objects, condvar, Phase::Wake);
        // Two more come and are the next group, of which one is signalled.
        wait(&mut objects, condvar, mutex, None, 1, Phase::Try, false);
        objects.nptl_condvars[condvar.0].registered += 1;
        objects.nptl_condvars[condvar.0].waiters += 1;
        signal(&mut objects, condvar, Phase::Try);
        wait(&mut objects, condvar, mutex, None, 0, Phase::Woken, true);
        assert_eq!(objects.nptl_condvars[condvar.0].waiters, 1);
        assert_eq!(objects.nptl_condvars[condvar.0].signals, 1);
    }

    #[test]
    fn a_signal_wakes_the_sleeper_and_the_next_finds_nobody() {
        let (mut objects, condvar, _) = asleep();
        signal(&mut objects, condvar, Phase::Try);
        assert_eq!(signal(&mut objects, condvar, Phase::Wake), Next::Waking(Some(0), Phase::Finish));
        assert_eq!(signal(&mut objects, condvar, Phase::Try), Next::Done(Outcome::Done));
    }
}
