//! What a run needs to know of an interpreter: how its lock works.

use crate::des::Span;

/// An interpreter's lock policy and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GilConfig {
    /// No lock at all: threads execute bytecode side by side (PEP 703, Jython, IronPython).
    None,
    /// CPython 1.5 to 3.1: the lock is released and taken again every `interval + 1` ticks.
    CheckInterval {
        /// `sys.setcheckinterval`; 100 unless changed.
        interval: u32,
        /// What the ticker starts with: 100 in 2.6, 0 in 2.7.
        first_ticker: u32,
        /// What the lock is made of.
        lock: LockKind,
    },
    /// CPython 3.2 and later: a waiter asks the holder to drop the lock after `interval` without a switch.
    SwitchInterval {
        /// `sys.setswitchinterval`; 5 ms unless changed.
        interval: Span,
        /// Whether a thread that dropped the lock on request waits until another has taken it.
        forced_switching: bool,
    },
}

/// What the old lock is made of (`thread_pthread.h`, `thread_nt.h` of CPython 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// A POSIX semaphore, as on Linux.
    Semaphore,
    /// A mutex, a condition variable and a flag, as on OS X.
    Condvar,
    /// An interlocked count and an auto-reset event that hands the lock over, as on Windows.
    Handoff,
}
