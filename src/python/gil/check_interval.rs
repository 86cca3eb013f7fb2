//! The old GIL: CPython 1.5 to 2.7, 3.0 and 3.1 (`Python/ceval.c`, `thread_pthread.h`, `thread_nt.h` at v2.6, v2.7).
//!
//! One ticker for the whole process counts down; when it falls below zero the running thread releases the lock and
//! takes it again at once. Nothing but a check sets the ticker back: neither a voluntary release nor a thread switch.

use super::ticker::Ticker;
use super::{Decision, Note, Want};
use crate::des::Span;
use crate::os::ThreadId;
use crate::os::sync::{CondvarId, EventId, MutexId, Objects, Request, SemaphoreId};
use crate::python::interpreter::LockKind;
use crate::python::stretch::Stretch;

/// The lock and its kernel objects.
#[derive(Clone, Copy, Debug, Hash)]
enum Lock {
    Semaphore(SemaphoreId),
    Condvar {
        mutex: MutexId,
        released: CondvarId,
        held: bool,
    },
    /// `owned` counts the holder and the waiters.
    Handoff {
        owned: u64,
        passed_on: EventId,
    },
}

/// How far a thread is on its way to what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    SemaphorePosted,
    SemaphoreTaken,
    MutexLockedToRelease,
    MutexUnlockedAfterRelease,
    Signalled,
    MutexLockedToTake,
    WokenToTake,
    MutexUnlockedAfterTaking,
    Decremented,
    EventSet,
    Incremented,
    PassedOn,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Progress {
    want: Want,
    phase: Phase,
}

/// The state of the old lock.
#[derive(Clone, Debug, Hash)]
pub struct CheckInterval {
    ticker: Ticker,
    lock: Lock,
    threads: Vec<Progress>,
}

impl CheckInterval {
    pub(super) fn new(
        ticker: Ticker,
        kind: LockKind,
        objects: &mut Objects,
        threads: usize,
    ) -> CheckInterval {
        let lock = match kind {
            LockKind::Semaphore => Lock::Semaphore(objects.new_semaphore(1)),
            LockKind::Condvar => {
                Lock::Condvar { mutex: objects.new_mutex(), released: objects.new_condvar(), held: false }
            }
            LockKind::Handoff => Lock::Handoff { owned: 0, passed_on: objects.new_event() },
        };
        CheckInterval {
            ticker,
            lock,
            threads: vec![Progress { want: Want::Take, phase: Phase::Idle }; threads],
        }
    }

    pub(super) fn begin(&mut self, thread: ThreadId, want: Want) -> Decision {
        self.threads[thread].want = want;
        if want == Want::Take { self.take(thread) } else { self.release(thread) }
    }

    /// The ticker is set back.
    pub(super) fn checks(&mut self) {
        self.ticker.reset();
    }

    pub(super) fn next_check(&self, stretch: &Stretch, position: Span) -> Option<Span> {
        self.ticker.next_check(stretch, position)
    }

    pub(super) fn executed(&mut self, stretch: &Stretch, from: Span, to: Span) {
        self.ticker.executed(stretch, from, to);
    }

    pub(super) fn resume(&mut self, thread: ThreadId) -> Decision {
        match (self.threads[thread].phase, &mut self.lock) {
            (Phase::MutexLockedToRelease, Lock::Condvar { mutex, held, .. }) => {
                *held = false;
                let unlock = Request::MutexUnlock(*mutex);
                self.ask(thread, Phase::MutexUnlockedAfterRelease, unlock).noting(Note::Released)
            }
            (Phase::MutexUnlockedAfterRelease, Lock::Condvar { released, .. }) => {
                let signal = Request::CondvarSignal(*released);
                self.ask(thread, Phase::Signalled, signal)
            }
            (Phase::MutexLockedToTake, Lock::Condvar { held: true, mutex, released }) => {
                let wait = Request::CondvarWait(*released, *mutex, None);
                self.ask(thread, Phase::WokenToTake, wait)
            }
            (Phase::WokenToTake, Lock::Condvar { held: true, mutex, released }) => {
                let wait = Request::CondvarWait(*released, *mutex, None);
                self.ask(thread, Phase::WokenToTake, wait).noting(Note::Failed)
            }
            (Phase::MutexLockedToTake | Phase::WokenToTake, Lock::Condvar { mutex, held, .. }) => {
                *held = true;
                let unlock = Request::MutexUnlock(*mutex);
                self.ask(thread, Phase::MutexUnlockedAfterTaking, unlock).noting(Note::Acquired)
            }
            (Phase::Decremented, Lock::Handoff { owned, passed_on }) => {
                *owned -= 1;
                let set = (*owned > 0).then_some(Request::EventSet(*passed_on));
                match set {
                    Some(set) => self.ask(thread, Phase::EventSet, set),
                    None => self.released(thread),
                }
                .noting(Note::Released)
            }
            (Phase::Incremented, Lock::Handoff { owned, passed_on }) => {
                *owned += 1;
                let wait = (*owned > 1).then_some(Request::EventWait(*passed_on));
                match wait {
                    Some(wait) => self.ask(thread, Phase::PassedOn, wait),
                    None => self.taken(thread).noting(Note::Acquired),
                }
            }
            (Phase::SemaphoreTaken | Phase::PassedOn, _) => self.taken(thread).noting(Note::Acquired),
            (Phase::MutexUnlockedAfterTaking, _) => self.taken(thread),
            _ => self.released(thread),
        }
    }

    fn take(&mut self, thread: ThreadId) -> Decision {
        match self.lock {
            Lock::Semaphore(semaphore) => {
                self.ask(thread, Phase::SemaphoreTaken, Request::SemaphoreWait(semaphore))
            }
            Lock::Condvar { mutex, .. } => {
                self.ask(thread, Phase::MutexLockedToTake, Request::MutexLock(mutex))
            }
            Lock::Handoff { .. } => self.ask(thread, Phase::Incremented, Request::Atomic),
        }
    }

    fn release(&mut self, thread: ThreadId) -> Decision {
        match self.lock {
            // The post frees the lock before it has returned, so the thread is taken to hold it no more from here on.
            Lock::Semaphore(semaphore) => self
                .ask(thread, Phase::SemaphorePosted, Request::SemaphorePost(semaphore))
                .noting(Note::Released),
            Lock::Condvar { mutex, .. } => {
                self.ask(thread, Phase::MutexLockedToRelease, Request::MutexLock(mutex))
            }
            Lock::Handoff { .. } => self.ask(thread, Phase::Decremented, Request::Atomic),
        }
    }

    /// The lock has been let go; a thread that yields takes it again at once.
    fn released(&mut self, thread: ThreadId) -> Decision {
        if self.threads[thread].want == Want::Yield {
            return self.take(thread);
        }
        self.threads[thread].phase = Phase::Idle;
        Decision::done()
    }

    fn taken(&mut self, thread: ThreadId) -> Decision {
        self.threads[thread].phase = Phase::Idle;
        Decision::done()
    }

    fn ask(&mut self, thread: ThreadId, phase: Phase, request: Request) -> Decision {
        self.threads[thread].phase = phase;
        Decision::ask(request)
    }
}
