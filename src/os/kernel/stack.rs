//! The operation that a thread carries out, and those that it is a part of: a condition wait locks a mutex, for instance.

use crate::os::sync::{Operation, Phase, Request};

/// How deep operations are nested: taking a lock of the program, its condition, the mutex of that (`darwin`).
const DEEPEST: usize = 3;

/// The operations of a thread. The present one stands apart, for every event of the thread looks at it.
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

    /// Begins an operation, as a part of the present one if there is one.
    #[inline]
    pub fn begin(&mut self, request: Request) {
        if let Some(around) = self.present {
            self.around.push(around);
        }
        self.present = Some(Operation { request, phase: Phase::Begin });
    }

    /// The present operation.
    #[inline]
    pub fn present(&self) -> Option<&Operation> {
        self.present.as_ref()
    }

    /// The present operation has come so far.
    #[inline]
    pub fn set_phase(&mut self, phase: Phase) {
        if let Some(operation) = &mut self.present {
            operation.phase = phase;
        }
    }

    /// The present operation has ended: that goes on which it is a part of. Returns whether there is one.
    #[inline]
    pub fn end(&mut self) -> bool {
        self.present = self.around.pop();
        self.present.is_some()
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
