//! `threading.Thread`: `start()` waits until the new thread has begun, `join()` until it has ended.
//!
//! Each thread has a lock that is held until it ends (`_tstate_lock` of 3.4 to 3.12); whoever joins it takes that lock
//! and releases it again. A process is started and joined in the same way (`multiprocessing.Process`), but nobody waits
//! for it to begin.

use super::{Call, LockNumber, Next};
use crate::os::{Birth, ThreadId};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thread {
    /// On this lock it waits to be notified of a condition: it waits for one at a time.
    pub waiter: LockNumber,
    /// Held until it has ended.
    pub end: LockNumber,
    /// The event that it has begun.
    pub begun: usize,
    /// Whether it is the first thread of a process.
    pub birth: Birth,
    /// How often it held the recursive lock of the condition that it waits for.
    pub saved_depth: u64,
}

/// Instructions of `multiprocessing.Process`, counted by tracing the opcodes of CPython 3.11.
mod process {
    /// `start()`, but for what the system and the new process do.
    pub const START: u64 = 227;
    /// `join()`.
    pub const JOIN: u64 = 83;
}

impl Thread {
    pub fn start(&self, own: ThreadId, step: u8) -> Next {
        match step {
            0 if self.is_process() => Next::Python(process::START),
            1 => Next::Start(own, self.birth),
            2 if self.is_process() => Next::Return,
            0 => Next::Python(60),
            2 => Next::Call(Call::EventWait(self.begun)),
            _ => Next::Return,
        }
    }

    pub fn begin(&self, step: u8) -> Next {
        match step {
            0 => Next::Begins(self.birth),
            1 if self.is_process() => Next::Return,
            1 => Next::Python(60),
            2 => Next::Call(Call::EventSet(self.begun)),
            _ => Next::Return,
        }
    }

    pub fn end(&self, step: u8) -> Next {
        match step {
            0 if self.is_process() => Next::Ends(self.birth),
            0 => Next::Python(40),
            1 => Next::Release(self.end),
            _ => Next::Return,
        }
    }

    pub fn join(&self, own: ThreadId, step: u8) -> Next {
        match step {
            0 if self.is_process() => Next::Python(process::JOIN),
            0 => Next::Python(30),
            1 => Next::Joinable(own),
            2 => Next::Take(self.end),
            3 => Next::Release(self.end),
            _ => Next::Return,
        }
    }

    fn is_process(&self) -> bool {
        self.birth != Birth::Thread
    }
}
