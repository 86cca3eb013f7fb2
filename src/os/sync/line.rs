//! Where the memory of an object is: in the cache of the core that touched it last.
//!
//! An operation on memory that another core has touched last waits until the cache line has come over.

use super::{CondvarId, LineId, MutexId, Objects, Request, SemaphoreId};
use crate::os::CoreId;

/// The core that touched each line last.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Lines(Vec<Option<CoreId>>);

impl Lines {
    /// A line that nobody has touched.
    pub fn add(&mut self) -> LineId {
        self.0.push(None);
        LineId(self.0.len() - 1)
    }

    /// `core` touches a line; whether it has to come over from another.
    pub fn touch(&mut self, line: LineId, core: CoreId) -> bool {
        self.0[line.0].replace(core).is_some_and(|last| last != core)
    }
}

/// The line of the object that a request operates on, if it operates on one itself.
pub(super) fn of_request(objects: &Objects, request: &Request) -> Option<LineId> {
    match *request {
        Request::MutexLock(MutexId(number)) | Request::MutexUnlock(MutexId(number)) => {
            Some(objects.mutex_lines[number])
        }
        Request::CondvarWait(CondvarId(number), ..) | Request::CondvarSignal(CondvarId(number)) => {
            Some(objects.condvar_lines[number])
        }
        Request::SemaphoreWait(SemaphoreId(number))
        | Request::SemaphoreTry(SemaphoreId(number))
        | Request::SemaphorePost(SemaphoreId(number)) => Some(objects.semaphore_lines[number]),
        Request::Touch(line) => Some(line),
        _ => None,
    }
}
