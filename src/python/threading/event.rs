//! `threading.Event`: a flag under a condition.

use super::instructions::{ENTER, LEAVE};
use super::{Call, Frame, LockNumber, Next};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub is_set: bool,
    pub lock: LockNumber,
    condition: usize,
}

impl Event {
    pub fn new(lock: LockNumber, condition: usize) -> Event {
        Event { is_set: false, lock, condition }
    }

    pub fn set(&mut self, step: u8) -> Next {
        match step {
            0 => Next::Python(ENTER),
            1 => Next::Take(self.lock),
            2 => {
                self.is_set = true;
                Next::Call(Call::NotifyAll(self.condition))
            }
            3 => Next::Release(self.lock),
            4 => Next::Python(LEAVE),
            _ => Next::Return,
        }
    }

    pub fn clear(&mut self, step: u8) -> Next {
        match step {
            0 => Next::Python(ENTER),
            1 => Next::Take(self.lock),
            2 => {
                self.is_set = false;
                Next::Release(self.lock)
            }
            3 => Next::Python(LEAVE),
            _ => Next::Return,
        }
    }

    /// Waits at most once: a waiter that has been notified does not look at the flag again.
    pub fn wait(&mut self, frame: &mut Frame) -> Next {
        match frame.step - 1 {
            0 => Next::Python(ENTER),
            1 => Next::Take(self.lock),
            2 if self.is_set => Next::Python(5),
            2 => Next::Call(Call::ConditionWait(self.condition)),
            3 => Next::Release(self.lock),
            4 => Next::Python(LEAVE),
            _ => Next::Return,
        }
    }
}
