//! Operations without an object: a blocking system call, a sleep, computing, an interlocked instruction.

use super::{Next, Objects, Outcome, Phase, Timeout};
use crate::des::{Span, Time};
use crate::os::{Birth, ThreadId};

pub(super) fn atomic(phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::Atomic(Phase::Finish),
        _ => Next::Done(Outcome::Done),
    }
}

pub(super) fn touch(phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::Touch(Phase::Finish),
        _ => Next::Done(Outcome::Done),
    }
}

pub(super) fn compute(span: Span, phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::User(span, Phase::Finish),
        _ => Next::Done(Outcome::Done),
    }
}

/// `clone(2)`, `fork(2)`: the child can run when its stack or its address space has been made. Whatever `spawn` does is of
/// the same form.
pub(super) fn start(other: ThreadId, birth: Birth, phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::SystemCall(Phase::Try),
        Phase::Try => Next::Make(birth, Phase::Wake),
        Phase::Wake => Next::Start(other, Phase::Finish),
        _ => Next::Done(Outcome::Done),
    }
}

/// A system call that works in the kernel and then blocks until something outside is ready; one that need not wait
/// does not block.
pub(super) fn io(work: Span, wait: Span, phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::SystemCall(Phase::Try),
        Phase::Try => Next::Kernel(work, Phase::FallAsleep),
        Phase::FallAsleep if !wait.is_zero() => asleep(Timeout::Device(wait)),
        _ => Next::Done(Outcome::Done),
    }
}

pub(super) fn sleep(span: Span, phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::SystemCall(Phase::FallAsleep),
        Phase::FallAsleep if !span.is_zero() => asleep(Timeout::Timer(span)),
        _ => Next::Done(Outcome::Done),
    }
}

/// A sleep until an instant (`clock_nanosleep` with `TIMER_ABSTIME`).
#[inline]
pub(super) fn sleep_until(objects: &Objects, time: Time, phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::SystemCall(Phase::FallAsleep),
        Phase::FallAsleep => Next::TellTime(Phase::TimeTold),
        Phase::TimeTold if time > objects.time => asleep(Timeout::Timer(time.since(objects.time))),
        _ => Next::Done(Outcome::Done),
    }
}

fn asleep(timeout: Timeout) -> Next {
    Next::Sleep { queue: None, timeout: Some(timeout), woken: None, then: Phase::Finish }
}
