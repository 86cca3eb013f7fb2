//! The priorities that D. Beazley proposed for the new lock ("Understanding the Python GIL", PyCon 2010; bpo-7946).
//!
//! A thread counts as I/O-bound until it is forced off the lock; then it is CPU-bound, until it gives the lock up of its
//! own accord. An I/O-bound thread asks a CPU-bound holder to drop the lock at once, without waiting for an interval,
//! and gets it before CPU-bound ones. All else is as in [`switch_interval`](super::switch_interval).

use super::Want;
use crate::os::ThreadId;

/// The two kinds of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    IoBound,
    CpuBound,
}

/// The kind of each thread, and how many I/O-bound ones wait.
#[derive(Clone, Debug)]
pub(super) struct Priorities {
    kinds: Vec<Kind>,
    waiting_io_bound: usize,
}

impl Priorities {
    pub fn new(threads: usize) -> Priorities {
        Priorities { kinds: vec![Kind::IoBound; threads], waiting_io_bound: 0 }
    }

    pub fn kind(&self, thread: ThreadId) -> Kind {
        self.kinds[thread]
    }

    /// Whether `thread` has the holder drop the lock at once.
    pub fn preempts(&self, thread: ThreadId, holder: ThreadId) -> bool {
        (self.kinds[thread], self.kinds[holder]) == (Kind::IoBound, Kind::CpuBound)
    }

    /// `thread` begins to wait for the lock.
    pub fn waits(&mut self, thread: ThreadId) {
        self.waiting_io_bound += usize::from(self.kinds[thread] == Kind::IoBound);
    }

    /// `thread` waits no more.
    pub fn waited(&mut self, thread: ThreadId) {
        self.waiting_io_bound -= usize::from(self.kinds[thread] == Kind::IoBound);
    }

    /// `thread` drops the lock because it wants this.
    pub fn drops(&mut self, thread: ThreadId, want: Want) {
        self.kinds[thread] = if want == Want::Yield { Kind::CpuBound } else { Kind::IoBound };
    }

    /// The kind of which one is to be woken.
    pub fn first(&self) -> Kind {
        if self.waiting_io_bound > 0 { Kind::IoBound } else { Kind::CpuBound }
    }
}
