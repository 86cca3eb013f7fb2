//! `queue.Queue`: items under a lock, with one condition for those who want an item and one for those who want room.

use super::instructions::{ENTER, LEAVE};
use super::{Call, Frame, LockNumber, Next};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Queue {
    items: u64,
    pub capacity: Option<u64>,
    pub lock: LockNumber,
    not_empty: usize,
    not_full: usize,
}

impl Queue {
    pub fn new(capacity: Option<u64>, lock: LockNumber, not_empty: usize, not_full: usize) -> Queue {
        Queue { items: 0, capacity, lock, not_empty, not_full }
    }

    pub fn put(&mut self, frame: &mut Frame) -> Next {
        let is_full = self.capacity.is_some_and(|capacity| self.items >= capacity);
        match frame.step - 1 {
            2 if is_full => self.wait(frame, self.not_full),
            // A queue with a limit is asked for its size.
            2 => Next::Python(if self.capacity.is_some() { 54 } else { 35 }),
            3 => {
                self.items += 1;
                Next::Call(Call::Notify(self.not_empty))
            }
            step => self.enter_or_leave(step),
        }
    }

    pub fn get(&mut self, frame: &mut Frame) -> Next {
        match frame.step - 1 {
            2 if self.items == 0 => self.wait(frame, self.not_empty),
            2 => Next::Python(35),
            3 => {
                self.items -= 1;
                Next::Call(Call::Notify(self.not_full))
            }
            step => self.enter_or_leave(step),
        }
    }

    /// Waits, and looks again.
    fn wait(&self, frame: &mut Frame, condition: usize) -> Next {
        frame.step = 2;
        Next::Call(Call::ConditionWait(condition))
    }

    fn enter_or_leave(&self, step: u8) -> Next {
        match step {
            0 => Next::Python(ENTER),
            1 => Next::Take(self.lock),
            4 => Next::Release(self.lock),
            5 => Next::Python(LEAVE),
            _ => Next::Return,
        }
    }
}
