//! `threading.Semaphore` and `BoundedSemaphore`: a number under a condition.

use super::instructions::{ENTER, LEAVE};
use super::{Call, Frame, LockNumber, Next};
use crate::python::exception::Exception;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Semaphore {
    pub value: u64,
    /// The most that the value can be.
    pub bound: Option<u64>,
    pub lock: LockNumber,
    condition: usize,
}

impl Semaphore {
    pub fn new(value: u64, bounded: bool, lock: LockNumber, condition: usize) -> Semaphore {
        Semaphore { value, bound: bounded.then_some(value), lock, condition }
    }

    pub fn acquire(&mut self, frame: &mut Frame) -> Next {
        match frame.step - 1 {
            0 => Next::Python(ENTER),
            1 => Next::Take(self.lock),
            2 if self.value == 0 => {
                frame.step = 2;
                Next::Call(Call::ConditionWait(self.condition))
            }
            2 => {
                self.value -= 1;
                Next::Python(20)
            }
            3 => Next::Release(self.lock),
            4 => Next::Python(LEAVE),
            _ => Next::Return,
        }
    }

    pub fn release(&mut self, frame: &mut Frame) -> Next {
        match frame.step - 1 {
            0 => Next::Python(ENTER),
            1 => Next::Take(self.lock),
            2 if self.bound == Some(self.value) => {
                frame.step = RAISE;
                Next::Release(self.lock)
            }
            2 => {
                self.value += 1;
                Next::Python(30)
            }
            3 => Next::Call(Call::Notify(self.condition)),
            4 => Next::Release(self.lock),
            5 => Next::Python(LEAVE),
            RAISE => Next::Raise(Exception::ReleasedTooOften),
            _ => Next::Return,
        }
    }
}

/// A bounded semaphore was released too often: `ValueError`.
const RAISE: u8 = 100;
