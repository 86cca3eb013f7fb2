//! Operations on objects: how far one has come, and what its next step decides.

use super::{DeviceId, LockId, Outcome, QueueId, Request, Selector, WordId};
use crate::des::Span;
use crate::os::{Birth, ThreadId};

/// An operation in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::os) struct Operation {
    pub request: Request,
    pub phase: Phase,
}

impl Operation {
    /// Nothing of it has been done.
    #[inline]
    pub fn begin(request: Request) -> Operation {
        Operation { request, phase: Phase::Begin }
    }
}

/// Where an operation stands: which of its steps is next. Each object's file says which phases it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::os) enum Phase {
    /// Nothing has been done.
    Begin,
    /// The clock has been read, to know when a timed wait ends.
    ClockRead,
    /// The lock's memory is about to be read and changed.
    Try,
    /// In the kernel, on the way into a wait queue.
    Queue,
    /// In the kernel, about to sleep.
    FallAsleep,
    /// Just woken (or timed out).
    Woken,
    /// Awake again, about to read the lock's memory again.
    Retry,
    /// The same, but for a thread that did not fall asleep, because the memory had changed meanwhile.
    RetryAwake,
    /// In the kernel, about to wake a sleeper.
    Wake,
    /// The time has been told.
    TimeTold,
    /// About to give the core away once more, or to park.
    Spin,
    /// The bucket of the parking lot has been locked.
    Park,
    /// About to look for a signal, the mutex of a condition wait given up.
    Look,
    /// About to look whether anybody of a group that is being closed is still inside.
    Close,
    /// About to give a signal to a group.
    Give,
    /// After the call that woke (or did not wake) a sleeper.
    AfterWake,
    /// The same as `Wake`, for a thread whose time to wait is over.
    WakeTimedOut,
    /// The time to wait is over, and nobody counts on this thread any more.
    TimedOut,
    /// In the kernel, about to wake those that poll, from the poller with this number on.
    WakePollers(u16),
    /// About to take back the mutex of a condition wait.
    TakeMutexBack,
    /// In the kernel, about to collect the token of a mutex in transit (`darwin`).
    CollectToken,
    /// The token of a mutex in transit has been collected (`darwin`).
    Collected,
    /// The holder of the lock has been lent this thread's priority.
    Lent,
    /// The mutex was handed to this thread.
    Owned,
    /// Nothing is left to do.
    Finish,
}

/// What an operation decides that its thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::os) enum Next {
    /// Lock, unlock, post or take in user mode: one library call that does not enter the kernel.
    LockOperation(Phase),
    /// One atomic operation in user mode, within a longer library call.
    Atomic(Phase),
    /// Compute in user mode for a time.
    User(Span, Phase),
    /// Touch the object's memory, which costs nothing where it is.
    Touch(Phase),
    /// Change a word in memory once it is free and has come over.
    Change {
        /// The word.
        word: WordId,
        /// Whether the instruction is atomic.
        is_atomic: bool,
        /// What comes after.
        then: Phase,
    },
    /// Read the clock, which does not enter the kernel.
    Clock(Phase),
    /// Note when a time that begins now is over, for [`Timeout::Due`].
    Due(Span, Phase),
    /// Be told the time, as `Objects::tell_time` does.
    TellTime(Phase),
    /// Enter the kernel; a system call is counted.
    SystemCall(Phase),
    /// Come to the head of a wait queue, within a system call, where what is waited for is looked at once more.
    Queueing(Phase),
    /// Work in the kernel for a time, within a system call.
    Kernel(Span, Phase),
    /// Put a message into a channel, within a system call, and copy its contents for so long.
    ChannelSend(Span, Phase),
    /// Take a message out of a channel, within a system call, and copy its contents for so long.
    ChannelReceive(Span, Phase),
    /// Look at so many descriptors, within a system call.
    Scan(Selector, u64, Phase),
    /// Map memory for a large block, within a system call.
    Allocate(Phase),
    /// Within a system call: wake this sleeper, or find none; both take time in the kernel.
    Waking(Option<ThreadId>, Phase),
    /// Within a system call: hand a lock over to the most urgent of those that wait for it, and wake it, or find none.
    HandOver(LockId, Phase),
    /// Within a system call: who holds the lock inherits the priority of this thread.
    Lend(LockId, Phase),
    /// Block until woken, having woken this other thread.
    Sleep {
        /// The queue in which the thread can be found; `None` if only its timer ends the sleep.
        queue: Option<QueueId>,
        /// When a timer ends the sleep.
        timeout: Option<Timeout>,
        /// Another thread that the same system call wakes.
        woken: Option<ThreadId>,
        /// What comes after.
        then: Phase,
    },
    /// The thread was woken for something that another has taken; the next step follows at once.
    InVain(Phase),
    /// Carry out another operation first.
    Inner(Request, Phase),
    /// Carry out another operation, which is all that is left of this one.
    LastInner(Request),
    /// Make a thread or a process, within a system call.
    Make(Birth, Phase),
    /// Start the thread that has been made, or the first of the process.
    Start(ThreadId, Phase),
    /// Go on at once.
    Go(Phase),
    /// The operation has ended.
    Done(Outcome),
}

/// A timer that ends a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::os) enum Timeout {
    /// After this time, late as timers are.
    Timer(Span),
    /// When the time is over that [`Next::Due`] has noted, late as timers are.
    Due,
    /// After this time exactly, when what is outside the processor has finished.
    Device(Span),
    /// The same, for a device that then comes to its next request.
    Service(DeviceId, Span),
}
