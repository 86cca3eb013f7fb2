//! The lock behind `threading.Lock` (`PyThread_allocate_lock`, `Python/thread_pthread.h`): a semaphore where the platform
//! has POSIX semaphores (Linux), else a flag with a mutex and a condition variable (OS X). From CPython 3.14 on it is a
//! [`py_mutex`]. A library may bring a lock of its own whose holder [inherits](super::inheriting) priorities.

use super::inheriting::Inheriting;
use super::py_mutex::{self, PyMutex};
use super::{CondvarId, LockId, MutexId, Next, Objects, Outcome, Phase, Request, SemaphoreId};
use crate::os::ThreadId;

#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum ThreadLock {
    Semaphore(SemaphoreId),
    Flag { mutex: MutexId, released: CondvarId, held: bool },
    PyMutex(PyMutex),
    Inheriting(Inheriting),
}

impl Objects {
    /// The lock with this number, if it is a `PyMutex`.
    pub(super) fn py_mutex(&mut self, id: LockId) -> Option<&mut PyMutex> {
        match &mut self.locks[id.0] {
            ThreadLock::PyMutex(mutex) => Some(mutex),
            _ => None,
        }
    }
}

/// Takes the lock, waiting while it is held.
pub(super) fn take(objects: &mut Objects, id: LockId, thread: ThreadId, phase: Phase) -> Next {
    match (&mut objects.locks[id.0], phase) {
        (ThreadLock::PyMutex(_), _) => py_mutex::wait(objects, thread, phase),
        (ThreadLock::Inheriting(mutex), _) => mutex.take(id, thread, phase),
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
pub(super) fn try_take(objects: &mut Objects, id: LockId, thread: ThreadId, phase: Phase) -> Next {
    match (&mut objects.locks[id.0], phase) {
        (ThreadLock::PyMutex(_), _) => py_mutex::try_take(objects, id, thread, phase),
        (ThreadLock::Inheriting(mutex), _) => mutex.try_take(thread, phase),
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

/// Releases the lock; anybody may, not only who took it, unless holders inherit.
pub(super) fn release(objects: &mut Objects, id: LockId, phase: Phase) -> Next {
    match (&mut objects.locks[id.0], phase) {
        (ThreadLock::PyMutex(_), _) => py_mutex::release(objects, id, phase),
        (ThreadLock::Inheriting(mutex), _) => mutex.release(id, phase),
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
/// interrupted is not modelled; that for a mutex is taken up again at once (`futex_lock_pi`).
pub(super) fn stops_waiting(objects: &mut Objects, id: LockId, thread: ThreadId) -> bool {
    match objects.locks[id.0] {
        ThreadLock::Semaphore(semaphore) => {
            objects.semaphores[semaphore.0].stops_waiting();
            true
        }
        ThreadLock::Flag { .. } | ThreadLock::Inheriting(_) => false,
        ThreadLock::PyMutex(mutex) => {
            py_mutex::stops_waiting(objects, mutex.parked(), thread);
            true
        }
    }
}
