//! Where the memory of an object is: in the cache of the core that touched it last.
//!
//! An operation on memory that another core has touched last waits until the cache line has come over.

use super::{CondvarId, LineId, LockId, MutexId, Objects, Request, SemaphoreId};
use crate::os::CoreId;

/// In place of a core, where a line has been touched by none.
const NOBODY: CoreId = CoreId::MAX;

/// The core that touched each line last.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Lines(Vec<CoreId>);

impl Lines {
    /// A line that nobody has touched; its number.
    pub fn add(&mut self) -> usize {
        self.0.push(NOBODY);
        self.0.len() - 1
    }
}

/// All lines: of each kind of object, and those that belong to none.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Memory {
    pub mutexes: Lines,
    pub condvars: Lines,
    pub semaphores: Lines,
    pub locks: Lines,
    pub others: Lines,
}

impl Objects {
    /// A thread on `core` carries a request out, which touches the memory of its object, if it operates on one itself;
    /// whether that has to come over from another core.
    #[inline]
    pub(in crate::os) fn touch(&mut self, request: &Request, core: CoreId) -> bool {
        let Memory { mutexes, condvars, semaphores, locks, others } = &mut self.memory;
        let (lines, number) = match *request {
            Request::MutexLock(MutexId(number))
            | Request::MutexRetake(MutexId(number))
            | Request::MutexUnlock(MutexId(number)) => (mutexes, number),
            Request::CondvarWait(CondvarId(number), ..) | Request::CondvarSignal(CondvarId(number)) => {
                (condvars, number)
            }
            Request::SemaphoreWait(SemaphoreId(number))
            | Request::SemaphoreWaitFor(SemaphoreId(number), _)
            | Request::SemaphoreTry(SemaphoreId(number))
            | Request::SemaphorePost(SemaphoreId(number)) => (semaphores, number),
            Request::LockTake(LockId(number))
            | Request::LockTry(LockId(number))
            | Request::LockRelease(LockId(number)) => (locks, number),
            Request::Touch(LineId(number)) => (others, number),
            _ => return false,
        };
        let last = std::mem::replace(&mut lines.0[number], core);
        last != core && last != NOBODY
    }
}
