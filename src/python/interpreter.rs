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
        /// Whether it does so also when it ends: in 3.9 to 3.11 only.
        ending_thread_waits: bool,
    },
    /// The queue proposed for CPython 2.7 (bpo-8299): as in `CheckInterval`, but nobody may jump the queue.
    RoundRobin {
        /// `sys.setcheckinterval`.
        interval: u32,
        /// What the ticker starts with.
        first_ticker: u32,
    },
    /// The new lock with the priorities of Beazley 2010: I/O-bound threads preempt CPU-bound ones.
    Priority {
        /// `sys.setswitchinterval`.
        interval: Span,
    },
    /// The scheduler proposed for CPython 3.2 (bpo-7946): the earliest virtual deadline runs.
    Bfs {
        /// Running time after which a thread yields; 10 ms in the patch, 10 s at most here.
        slice: Span,
        /// A deadline is so many slices away; 8 in the patch.
        factor: u32,
        /// The holder looks at the clock every `ticks + 1` ticks, unasked; 5000 in the patch.
        ticks: u32,
    },
    /// PyPy: released by one operation on memory, and handed over by force every `interval + 1` ticks.
    Pypy {
        /// `sys.setcheckinterval`; 10000 unless changed.
        interval: u32,
        /// How often the first waiter looks whether the lock is free; 0.1 ms in PyPy.
        poll: Span,
    },
    /// Ruby: a queue, and a clock that ends a turn.
    Ruby {
        /// `RUBY_THREAD_TIMESLICE`; 100 ms unless changed.
        quantum: Span,
        /// How often the clock ticks; 10 ms in Ruby 3.3 and later, the quantum up to 3.2.
        tick: Span,
    },
}

/// What `threading.Lock` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThreadingLock {
    /// The lock of the platform (`PyThread_allocate_lock`): up to 3.13.
    #[default]
    Platform,
    /// A `PyMutex`: from 3.14 on.
    PyMutex {
        /// How often a thread gives its core away before it parks: 40 without a GIL, 0 with one.
        spins: u32,
    },
}

impl ThreadingLock {
    /// How often a thread gives its core away before it parks, if it is a `PyMutex`.
    pub fn spins(self) -> Option<u32> {
        match self {
            ThreadingLock::Platform => None,
            ThreadingLock::PyMutex { spins } => Some(spins),
        }
    }
}

/// What signals mean to an interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalRules {
    /// Whether a signal interrupts the main thread while it waits for a lock: from 3.2 on.
    pub interrupts_locks: bool,
    /// Whether a call that was interrupted is made again: from 3.5 on (PEP 475).
    pub retries_calls: bool,
    /// Whether threads that cannot run handlers look at a pending signal all the same. It says nothing of locks that count
    /// ticks: with them, every tick is a check until the main thread has run the handlers.
    pub others_look: OthersLook,
}

/// How long the threads that cannot run handlers take the slow path at every look at the eval breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OthersLook {
    /// Until the main thread has run them: up to 3.8.
    Always,
    /// Until the lock is taken the next time: 3.9 to 3.11 (bpo-40010).
    UntilSwitch,
    /// Not at all.
    Never,
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
