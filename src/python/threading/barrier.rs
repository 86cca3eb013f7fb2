//! `threading.Barrier`: the last to come lets all go on; nobody comes in again before all have left.

use super::instructions::{ENTER, LEAVE};
use super::{Call, Frame, LockNumber, Next};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Barrier {
    pub parties: u64,
    /// How many are within.
    count: u64,
    /// All have come, and are leaving.
    draining: bool,
    pub lock: LockNumber,
    condition: usize,
}

impl Barrier {
    pub fn new(parties: u64, lock: LockNumber, condition: usize) -> Barrier {
        Barrier { parties, count: 0, draining: false, lock, condition }
    }

    pub fn wait(&mut self, frame: &mut Frame) -> Next {
        match frame.step - 1 {
            0 => Next::Python(ENTER),
            1 => Next::Take(self.lock),
            2 if self.draining => self.wait_and_return_to(2, frame),
            2 => {
                self.count += 1;
                Next::Python(20)
            }
            3 if self.count == self.parties => {
                self.draining = true;
                frame.step = 5;
                Next::Call(Call::NotifyAll(self.condition))
            }
            3 | 4 if !self.draining => self.wait_and_return_to(4, frame),
            3..=5 => {
                frame.step = 6;
                self.count -= 1;
                Next::Python(20)
            }
            6 if self.count == 0 => {
                self.draining = false;
                Next::Call(Call::NotifyAll(self.condition))
            }
            6 => Next::Python(1),
            7 => Next::Release(self.lock),
            8 => Next::Python(LEAVE),
            _ => Next::Return,
        }
    }

    fn wait_and_return_to(&self, step: u8, frame: &mut Frame) -> Next {
        frame.step = step;
        Next::Call(Call::ConditionWait(self.condition))
    }
}
