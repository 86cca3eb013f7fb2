//! `threading.RLock`, as written in C since 3.2: its holder takes it again without waiting.

use super::instructions::METHOD_CALL;
use super::{LockNumber, Next};
use crate::os::ThreadId;
use crate::python::exception::Exception;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct RLock {
    pub lock: LockNumber,
    owner: Option<ThreadId>,
    depth: u64,
}

impl RLock {
    pub fn new(lock: LockNumber) -> RLock {
        RLock { lock, owner: None, depth: 0 }
    }

    pub fn is_owned_by(&self, thread: ThreadId) -> bool {
        self.owner == Some(thread)
    }

    /// A condition gives the lock up, however often it was taken: how often.
    pub fn release_save(&mut self) -> u64 {
        self.owner = None;
        std::mem::take(&mut self.depth)
    }

    /// A condition has taken the lock again for `thread`.
    pub fn acquire_restore(&mut self, thread: ThreadId, depth: u64) {
        self.owner = Some(thread);
        self.depth = depth;
    }

    pub fn acquire(&mut self, thread: ThreadId, step: u8) -> Next {
        match step {
            0 => Next::Python(METHOD_CALL),
            1 if self.is_owned_by(thread) => {
                self.depth += 1;
                Next::Return
            }
            1 => Next::Take(self.lock),
            _ => {
                self.owner = Some(thread);
                self.depth = 1;
                Next::Return
            }
        }
    }

    pub fn release(&mut self, thread: ThreadId, step: u8) -> Next {
        match step {
            0 => Next::Python(METHOD_CALL),
            1 if !self.is_owned_by(thread) => Next::Raise(Exception::ReleaseUnacquired),
            1 if self.depth > 1 => {
                self.depth -= 1;
                Next::Return
            }
            1 => {
                self.depth = 0;
                self.owner = None;
                Next::Release(self.lock)
            }
            _ => Next::Return,
        }
    }
}
