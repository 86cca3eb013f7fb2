//! The operation that a thread carries out, and those that it is a part of: a condition wait locks a mutex, for instance.

use crate::os::sync::{Operation, Request};

/// How deep operations are nested: taking a lock of the program, its condition, the mutex of that (`darwin`).
const DEEPEST: usize = 3;

/// The operations of a thread whose time passes. Whoever carries them out has the present one at hand, and puts it here when
/// it takes time.
#[derive(Clone, Debug, Hash)]
pub(super) struct OperationStack {
    present: Option<Operation>,
    /// Those that it is a part of, the innermost last.
    around: Vec<Operation>,
}

impl OperationStack {
    pub fn new() -> OperationStack {
        OperationStack { present: None, around: Vec::with_capacity(DEEPEST - 1) }
    }

    /// The present operation has come so far, and goes on later.
    #[inline]
    pub fn stays_at(&mut self, present: Operation) {
        self.present = Some(present);
    }

    /// The present operation goes on.
    #[inline]
    pub fn take(&mut self) -> Option<Operation> {
        self.present.take()
    }

    /// The present operation.
    pub fn present(&self) -> Option<&Operation> {
        self.present.as_ref()
    }

    /// Another operation, which is a part of this one, comes first.
    #[inline]
    pub fn goes_around(&mut self, around: Operation) {
        self.around.push(around);
    }

    /// An operation has ended: that goes on which it is a part of, if there is one.
    #[inline]
    pub fn innermost_around(&mut self) -> Option<Operation> {
        self.around.pop()
    }

    /// What the thread has asked for: the request that all of them are parts of.
    pub fn request(&self) -> Option<Request> {
        self.around.first().or(self.present.as_ref()).map(|operation| operation.request)
    }

    /// Gives all of them up.
    pub fn clear(&mut self) {
        self.present = None;
        self.around.clear();
    }
}
