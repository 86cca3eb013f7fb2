//! Mutex of Linux: NPTL on futexes.
//!
//! The mutex is a word: free, held, or held with sleepers perhaps (`lowlevellock.h`). Unlocking it enters the kernel
//! only in the third case. Whoever comes first takes it.
use super::{MutexId, Next, Objects, Outcome, Phase, QueueId, WaitQueues};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::machine::Platform;

    #[test]
    fn who_unlocks_a_mutex_that_was_taken_back_enters_the_kernel_though_nobody_sleeps() {
        let mut objects = Objects::new(Platform::Linux, 1);
        let mutex = objects.new_mutex();
        lock(&mut objects, mutex, Phase::Try);
        assert_eq!(unlock(&mut objects, mutex, Phase::Try), Next::Done(Outcome::Done));
        assert_eq!(retake(&mut objects, mutex, Phase::Begin), Next::LockOperation(Phase::Retry));
        assert_eq!(retake(&mut objects, mutex, Phase::Retry), Next::Done(Outcome::Done));
        assert_eq!(unlock(&mut objects, mutex, Phase::Try), Next::SystemCall(Phase::Wake));
        assert_eq!(unlock(&mut objects, mutex, Phase::Wake), Next::Waking(None, Phase::Finish));
    }
}
