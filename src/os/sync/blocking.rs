//! Operations without an object: a blocking system call, a sleep, an interlocked instruction.

use super::{Next, Outcome, Phase, Timeout};
use crate::des::Span;

pub(super) fn atomic(phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::Atomic(Phase::Finish),
        _ => Next::Done(Outcome::Done),
    }
}

pub(super) fn io(span: Span, phase: Phase) -> Next {
    block(phase, span, Timeout::Device(span))
}

pub(super) fn sleep(span: Span, phase: Phase) -> Next {
    block(phase, span, Timeout::Timer(span))
}

/// A system call that blocks until its timer or device is ready; one that need not wait does not block.
fn block(phase: Phase, span: Span, timeout: Timeout) -> Next {
    match phase {
        Phase::Begin => Next::SystemCall(Phase::FallAsleep),
        Phase::FallAsleep if !span.is_zero() => {
            Next::Sleep { queue: None, timeout: Some(timeout), woken: None, then: Phase::Finish }
        }
        _ => Next::Done(Outcome::Done),
    }
}
