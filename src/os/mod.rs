//! Floor 1: the operating system. Cores, run queues, schedulers, and the objects that threads wait for.
//!
//! Objects and schedulers decide (`sync::Next`, [`sched::Scheduler`]); only the [`kernel`] changes the state of a
//! thread or core. What a thread executes is cut into bursts, each in user or in kernel mode; what an operation does
//! happens at the end of a burst.

pub mod affinity;
pub mod attributes;
pub mod kernel;
pub mod machine;
pub mod sched;
pub mod sync;

/// A thread's index.
pub type ThreadId = usize;

/// How a thread comes into being.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Birth {
    /// As a thread of its process (`clone(2)`).
    #[default]
    Thread,
    /// As a copy of the process that starts it (`fork(2)`).
    Fork,
    /// In a program that is started anew, which has to get as far as this first (`posix_spawn(3)`).
    Spawn,
}

/// A core's index.
pub type CoreId = usize;
