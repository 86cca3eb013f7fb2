//! `PyMutex` (`Python/lock.c` and `Python/parking_lot.c` at v3.14): the lock behind `threading.Lock` from CPython 3.14 on,
//! and the one that each object has of its own without a GIL (`ob_mutex`, PEP 703).
//!
//! A byte says whether the lock is held and whether somebody has parked. Whoever finds it held gives its core away some
//! times (only in builds without a GIL), says that it parks, and waits on a semaphore of its own. A release lets the first
//! of those who have parked try again, and any other thread may be faster; but who has waited for a millisecond is handed
//! the lock.
//!
//! The queue is that of a bucket of the parking lot, whose own lock is taken for granted here: it costs an operation.

use super::{LockId, Next, Objects, Outcome, Phase, QueueId, Request, SemaphoreId};
use crate::des::{Span, Time};
use crate::os::ThreadId;

/// Who has waited for longer is handed the lock (`TIME_TO_BE_FAIR_NS`).
const FAIR_AFTER: Span = Span::from_millis(1);

/// What the threads have for all locks of this kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Parking {
    parkers: Vec<Parker>,
}

/// What a thread has to wait with.
#[derive(Clone, Copy, Debug)]
struct Parker {
    semaphore: SemaphoreId,
    /// From when on the lock is handed to it, if it waits for one.
    fair: Option<Time>,
    /// The lock has been handed to it.
    is_owner: bool,
    spins_left: u32,
}

/// One lock.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct PyMutex {
    is_held: bool,
    /// Somebody has parked, or is about to.
    has_parked: bool,
    parked: QueueId,
    /// How often a thread gives its core away before it parks (`MAX_SPIN_COUNT`).
    spins: u32,
}

impl Objects {
    /// A new lock of this kind.
    pub(super) fn new_py_mutex(&mut self, spins: u32, is_held: bool) -> PyMutex {
        while self.parking.parkers.len() < self.threads {
            let semaphore = self.new_semaphore(0);
            let parker = Parker { semaphore, fair: None, is_owner: false, spins_left: 0 };
            self.parking.parkers.push(parker);
        }
        PyMutex { is_held, has_parked: false, parked: self.queues.add(), spins }
    }
}

/// Takes the lock, or parks and is refused: then the thread has to [wait](wait), and to try again.
pub(super) fn try_take(objects: &mut Objects, id: LockId, thread: ThreadId, phase: Phase) -> Next {
    let (now, parker) = (objects.time, objects.parking.parkers[thread]);
    let Some(mutex) = objects.py_mutex(id) else { return Next::Done(Outcome::Done) };
    match phase {
        Phase::Begin if parker.fair.is_some() => Next::Atomic(Phase::Retry),
        Phase::Begin => Next::LockOperation(Phase::Try),
        Phase::Try | Phase::Retry if !mutex.is_held => {
            mutex.is_held = true;
            objects.parking.parkers[thread].fair = None;
            Next::Done(Outcome::Done)
        }
        Phase::Try => {
            let spins_left = if mutex.has_parked { 0 } else { mutex.spins };
            objects.parking.parkers[thread].spins_left = spins_left;
            Next::Clock(Phase::ClockRead)
        }
        Phase::ClockRead => Next::TellTime(Phase::TimeTold),
        Phase::TimeTold => {
            objects.parking.parkers[thread].fair = Some(now + FAIR_AFTER);
            Next::Go(Phase::Spin)
        }
        // sched_yield(2). The lock is not looked at in between.
        Phase::Spin if parker.spins_left > 0 => {
            objects.parking.parkers[thread].spins_left -= 1;
            Next::SystemCall(Phase::Spin)
        }
        Phase::Retry => {
            mutex.has_parked = true;
            Next::LockOperation(Phase::Park)
        }
        Phase::Park if mutex.is_held && mutex.has_parked => {
            let queue = mutex.parked;
            objects.queues.push(queue, thread);
            Next::Done(Outcome::Refused)
        }
        _ => Next::Atomic(Phase::Retry),
    }
}

/// Waits until the thread is let go on; it is refused unless the lock has been handed to it.
pub(super) fn wait(objects: &mut Objects, thread: ThreadId, phase: Phase) -> Next {
    let parker = &mut objects.parking.parkers[thread];
    match phase {
        Phase::Begin => Next::Inner(Request::SemaphoreWait(parker.semaphore), Phase::Woken),
        _ if std::mem::take(&mut parker.is_owner) => {
            parker.fair = None;
            Next::Done(Outcome::Done)
        }
        _ => Next::Done(Outcome::Refused),
    }
}

/// Releases the lock, or hands it over.
pub(super) fn release(objects: &mut Objects, id: LockId, phase: Phase) -> Next {
    let now = objects.time;
    let Some(mutex) = objects.py_mutex(id) else { return Next::Done(Outcome::Done) };
    match phase {
        Phase::Begin => Next::LockOperation(Phase::Try),
        Phase::Try if mutex.has_parked => Next::LockOperation(Phase::Wake),
        Phase::Try => {
            mutex.is_held = false;
            Next::Done(Outcome::Done)
        }
        Phase::Wake => Next::Clock(Phase::ClockRead),
        Phase::ClockRead => Next::TellTime(Phase::TimeTold),
        _ => {
            let queue = mutex.parked;
            let first = objects.queues.pop(queue);
            let has_parked = !objects.queues.is_empty(queue);
            let owner = first.map(|thread| &mut objects.parking.parkers[thread]);
            let is_handed_over =
                owner.as_ref().is_some_and(|owner| owner.fair.is_some_and(|fair| now > fair));
            let woken = owner.map(|owner| {
                owner.is_owner = is_handed_over;
                owner.semaphore
            });
            if let Some(mutex) = objects.py_mutex(id) {
                (mutex.is_held, mutex.has_parked) = (is_handed_over, has_parked);
            }
            woken.map_or(Next::Done(Outcome::Done), |semaphore| {
                Next::LastInner(Request::SemaphorePost(semaphore))
            })
        }
    }
}

/// `thread`, which waits for the lock, stops doing so.
pub(super) fn stops_waiting(objects: &mut Objects, queue: QueueId, thread: ThreadId) {
    let parker = &mut objects.parking.parkers[thread];
    parker.fair = None;
    objects.semaphores[parker.semaphore.0].stops_waiting();
    objects.queues.remove(queue, thread);
}

impl PyMutex {
    /// Who has parked.
    pub fn parked(&self) -> QueueId {
        self.parked
    }
}
