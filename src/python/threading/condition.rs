//! `threading.Condition`: each waiter waits on a lock of its own, which a notification releases.

use std::collections::VecDeque;

use super::{Frame, LockNumber, Next};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub lock: LockNumber,
    /// The recursive lock that this is the lock of; `None` for one within another object, which always holds it.
    pub rlock: Option<usize>,
    /// The locks of those that wait, in the order of their coming.
    waiters: VecDeque<LockNumber>,
}

/// The steps after those in which `wait()` waits to be notified, and takes the lock back.
pub(super) const WAITING: u8 = 3;
pub(super) const TAKES_BACK: u8 = 4;
/// An exception leaves `wait()`.
pub(super) const LEAVING: u8 = 100;

impl Condition {
    pub fn new(lock: LockNumber, rlock: Option<usize>) -> Condition {
        Condition { lock, rlock, waiters: VecDeque::new() }
    }

    /// Makes room for so many waiters.
    pub fn reserve(&mut self, threads: usize) {
        self.waiters.reserve(threads);
    }

    /// `wait()`: the caller holds the lock, gives it up, waits to be notified, and takes it again. What the recursive
    /// lock is given up and taken back with (`_release_save`, `_acquire_restore`) is done by the caller.
    pub fn wait(&mut self, waiter: LockNumber, step: u8) -> Next {
        match step {
            0 => Next::Python(45),
            1 => {
                self.waiters.push_back(waiter);
                Next::Release(self.lock)
            }
            2 => Next::Take(waiter),
            3 => Next::Take(self.lock),
            4 => Next::Python(29),
            _ => Next::Return,
        }
    }

    /// Whether somebody waits on this lock to be notified.
    pub fn has(&self, waiter: LockNumber) -> bool {
        self.waiters.contains(&waiter)
    }

    /// A waiter gives up waiting.
    pub fn forget(&mut self, waiter: LockNumber) {
        self.waiters.retain(|other| *other != waiter);
    }

    /// `notify()`: whoever has waited longest can go on once the lock is free.
    pub fn notify(&mut self, step: u8) -> Next {
        match step {
            0 if self.waiters.is_empty() => Next::Python(17),
            0 => Next::Python(57),
            1 => self.waiters.pop_front().map_or(Next::Return, Next::Release),
            _ => Next::Return,
        }
    }

    /// `notify_all()`, which notifies one after the other.
    pub fn notify_all(&mut self, frame: &mut Frame) -> Next {
        if frame.step == 1 {
            return Next::Python(25);
        }
        frame.step = 2;
        self.waiters.pop_front().map_or(Next::Return, Next::Release)
    }
}
