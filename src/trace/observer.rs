//! The interface between a run and whoever watches it.

use crate::des::Time;
use crate::trace::ThreadState;

/// A moment in a thread's life that a state alone does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mark {
    /// The eval breaker led into the lock code: the ticker ran out, or a drop request was noticed.
    Check,
    /// The GIL was taken.
    Acquired,
    /// The GIL was given up.
    Released,
    /// The thread was woken for the GIL and found it held.
    FailedAcquisition,
    /// A waiting thread asked the holder to drop the GIL.
    DropRequest,
}

impl Mark {
    /// How many marks there are.
    pub const COUNT: usize = 5;
}

/// Watches a run. Threads and cores are told by their index.
///
/// Times never decrease from call to call. The engine is generic over its observer, so that a run with the
/// empty observer `()` pays nothing.
pub trait Observer {
    /// Whether it watches at all: then nothing is skipped that happens again and again.
    const WATCHES: bool = true;

    /// `thread` is in `state` from `time` on.
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState);

    /// `core` runs `thread`, or is idle, from `time` on.
    fn core_runs(&mut self, time: Time, core: usize, thread: Option<usize>);

    /// Something momentary happened to `thread` at `time`.
    fn mark(&mut self, time: Time, thread: usize, mark: Mark);
}

impl Observer for () {
    const WATCHES: bool = false;

    fn thread_state(&mut self, _: Time, _: usize, _: ThreadState) {}
    fn core_runs(&mut self, _: Time, _: usize, _: Option<usize>) {}
    fn mark(&mut self, _: Time, _: usize, _: Mark) {}
}

/// Two observers that watch the same run.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        self.0.thread_state(time, thread, state);
        self.1.thread_state(time, thread, state);
    }

    fn core_runs(&mut self, time: Time, core: usize, thread: Option<usize>) {
        self.0.core_runs(time, core, thread);
        self.1.core_runs(time, core, thread);
    }

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        self.0.mark(time, thread, mark);
        self.1.mark(time, thread, mark);
    }
}

/// An observer that may be absent.
impl<A: Observer> Observer for Option<A> {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        if let Some(observer) = self {
            observer.thread_state(time, thread, state);
        }
    }

    fn core_runs(&mut self, time: Time, core: usize, thread: Option<usize>) {
        if let Some(observer) = self {
            observer.core_runs(time, core, thread);
        }
    }

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        if let Some(observer) = self {
            observer.mark(time, thread, mark);
        }
    }
}
