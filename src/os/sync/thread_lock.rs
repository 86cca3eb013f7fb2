//! The lock behind `threading.Lock` (`PyThread_allocate_lock`, `Python/thread_pthread.h`): a semaphore where the platform
//! has POSIX semaphores (Linux), else a flag with a mutex and a condition variable (OS X).

use super::{CondvarId, LockId, MutexId, Next, Objects, Outcome, Phase, Request, SemaphoreId};

#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum ThreadLock {
    Semaphore(SemaphoreId),
    Flag { mutex: MutexId, released: CondvarId, held: bool },
}

/// Takes the lock, waiting while it is held.
pub(super) fn take(objects: &mut Objects, id: LockId, phase: Phase) -> Next {
    match (&mut objects.locks[id.0], phase) {
        (ThreadLock::Semaphore(semaphore), Phase::Begin) => {
            Next::Inner(Request::SemaphoreWait(*semaphore), Phase::Finish)
        }
        (ThreadLock::Flag { mutex, .. }, Phase::Begin) => Next::Inner(Request::MutexLock(*mutex), Phase::Try),
        (ThreadLock::Flag { mutex, released, held: true }, Phase::Try) => {
            Next::Inner(Request::CondvarWait(*released, *mutex, None), Phase::Try)
        }
        (ThreadLock::Flag { mutex, held, .. }, Phase::Try) => {
            *held = true;
            Next::Inner(Request::MutexUnlock(*mutex), Phase::Finish)
        }
        _ => Next::Done(Outcome::Done),
    }
}

/// Takes the lock if it is free.
pub(super) fn try_take(objects: &mut Objects, id: LockId, phase: Phase) -> Next {
    match (&mut objects.locks[id.0], phase) {
        (ThreadLock::Semaphore(semaphore), Phase::Begin) => {
            Next::LastInner(Request::SemaphoreTry(*semaphore))
        }
        (ThreadLock::Flag { mutex, .. }, Phase::Begin) => Next::Inner(Request::MutexLock(*mutex), Phase::Try),
        (ThreadLock::Flag { mutex, held: true, .. }, Phase::Try) => {
            Next::Inner(Request::MutexUnlock(*mutex), Phase::Retry)
        }
        (ThreadLock::Flag { mutex, held, .. }, Phase::Try) => {
            *held = true;
            Next::Inner(Request::MutexUnlock(*mutex), Phase::Finish)
        }
        (_, Phase::Retry) => Next::Done(Outcome::Refused),
        _ => Next::Done(Outcome::Done),
    }
}

/// Releases the lock; anybody may, not only who took it.
pub(super) fn release(objects: &mut Objects, id: LockId, phase: Phase) -> Next {
    match (&mut objects.locks[id.0], phase) {
        (ThreadLock::Semaphore(semaphore), Phase::Begin) => {
            Next::LastInner(Request::SemaphorePost(*semaphore))
        }
        (ThreadLock::Flag { mutex, .. }, Phase::Begin) => Next::Inner(Request::MutexLock(*mutex), Phase::Try),
        (ThreadLock::Flag { mutex, held, .. }, Phase::Try) => {
            *held = false;
            Next::Inner(Request::MutexUnlock(*mutex), Phase::Wake)
        }
        (ThreadLock::Flag { released, .. }, Phase::Wake) => {
            Next::LastInner(Request::CondvarSignal(*released))
        }
        _ => Next::Done(Outcome::Done),
    }
}

/// Somebody who sleeps for the lock stops doing so (`sem_wait` returns with `EINTR`). That the wait for a flag can be
/// interrupted is not modelled.
pub(super) fn stops_waiting(objects: &mut Objects, id: LockId) -> bool {
    match objects.locks[id.0] {
        ThreadLock::Semaphore(semaphore) => {
            objects.semaphores[semaphore.0].stops_waiting();
            true
        }
        ThreadLock::Flag { .. } => false,
    }
}
