//! Lock policies: how a thread takes the GIL, gives it up, and makes room for others.
//!
//! A policy is built from the kernel objects of [`os`](crate::os) alone, and it only decides: it answers every call
//! with what the thread asks of the kernel next. A new policy is a file here, a variant of [`Gil`] and a variant of
//! [`GilConfig`].

mod bfs;
mod check_interval;
mod cycle;
mod priority;
mod pypy;
mod round_robin;
mod ruby;
mod switch_interval;
mod ticker;

use crate::des::{Span, Time};
use crate::os::ThreadId;
use crate::os::sync::{LineId, Objects, Outcome, Request};
use crate::python::interpreter::GilConfig;
use crate::python::stretch::Stretch;
use bfs::Bfs;
use check_interval::CheckInterval;
use pypy::Pypy;
use round_robin::{RoundRobin, Turns};
use ruby::Clock;
use switch_interval::SwitchInterval;
use ticker::Ticker;

/// What a thread wants of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// To hold it.
    Take,
    /// To give it up, before it blocks or computes without it.
    Release,
    /// To give it up for ever: the thread ends.
    Leave,
    /// To give others a chance and hold it again: the eval breaker led here.
    Yield,
}

/// A policy's answer: what happened, and what the thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What the call has brought about.
    pub note: Option<Note>,
    /// What the thread asks of the holder.
    pub demand: Option<Demand>,
    /// What the thread does next.
    pub action: Action,
}

/// What a thread does next on behalf of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask this of the kernel, and tell the policy how it ended.
    Ask(Request),
    /// Nothing more: the thread has what it wanted.
    Done,
}

/// Something a policy brought about that others want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The thread holds the lock now.
    Acquired,
    /// The thread does not hold it any more.
    Released,
    /// The thread was woken for the lock and found it held.
    Failed,
    /// The thread's timed wait ran out.
    TimedOut,
    /// The thread waits until another has taken the lock.
    ForcedWait,
    /// Another has taken the lock: the forced wait is over.
    ForcedWaitOver,
}

/// What a thread that waits for the lock asks of its holder. The holder learns of it at its next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// To drop the lock.
    Drop,
    /// To see for itself whether it has had its time.
    Look,
}

impl Decision {
    fn ask(request: Request) -> Decision {
        Decision { note: None, demand: None, action: Action::Ask(request) }
    }

    fn done() -> Decision {
        Decision { note: None, demand: None, action: Action::Done }
    }

    fn noting(self, note: Note) -> Decision {
        Decision { note: Some(note), ..self }
    }

    fn demanding(self, demand: Option<Demand>) -> Decision {
        Decision { demand, ..self }
    }
}

/// An interpreter's lock.
#[derive(Clone, Debug)]
pub enum Gil {
    /// There is no lock, and so nobody ever takes it.
    None,
    /// CPython 1.5 to 3.1.
    CheckInterval(CheckInterval),
    /// CPython 3.2 and later, with or without priorities.
    SwitchInterval(SwitchInterval),
    /// A queue, by ticks or by time.
    RoundRobin(RoundRobin),
    /// PyPy.
    Pypy(Pypy),
    /// Virtual deadlines.
    Bfs(Bfs),
}

impl Gil {
    /// A free lock; its kernel objects are made among `objects`.
    pub fn new(config: GilConfig, objects: &mut Objects, threads: usize) -> Gil {
        match config {
            GilConfig::None => Gil::None,
            GilConfig::CheckInterval { interval, first_ticker, lock } => {
                let ticker = Ticker::new(interval, first_ticker);
                Gil::CheckInterval(CheckInterval::new(ticker, lock, objects, threads))
            }
            GilConfig::SwitchInterval { interval, forced_switching, ending_thread_waits } => {
                Gil::SwitchInterval(SwitchInterval::new(
                    interval,
                    forced_switching,
                    ending_thread_waits,
                    objects,
                    threads,
                ))
            }
            GilConfig::Priority { interval } => {
                let lock = SwitchInterval::new(interval, true, false, objects, threads);
                Gil::SwitchInterval(lock.with_priorities())
            }
            GilConfig::RoundRobin { interval, first_ticker } => {
                let turns = Turns::Ticks(Ticker::new(interval, first_ticker));
                Gil::RoundRobin(RoundRobin::new(turns, objects, threads))
            }
            GilConfig::Ruby { quantum, tick } => {
                let turns = Turns::Time(Clock::new(quantum, tick, threads));
                Gil::RoundRobin(RoundRobin::new(turns, objects, threads))
            }
            GilConfig::Pypy { interval, poll } => {
                Gil::Pypy(Pypy::new(Ticker::new(interval, interval), poll, objects, threads))
            }
            GilConfig::Bfs { slice, factor, ticks } => {
                Gil::Bfs(Bfs::new(slice, u64::from(factor), Ticker::new(ticks, ticks), objects, threads))
            }
        }
    }

    /// `thread` wants something of the lock.
    #[inline]
    pub fn begin(&mut self, thread: ThreadId, want: Want, now: Time) -> Decision {
        match self {
            Gil::None => Decision::done(),
            Gil::CheckInterval(policy) => policy.begin(thread, want),
            Gil::SwitchInterval(policy) => policy.begin(thread, want),
            Gil::RoundRobin(policy) => policy.begin(thread, want),
            Gil::Pypy(policy) => policy.begin(thread, want),
            Gil::Bfs(policy) => policy.begin(thread, want, now),
        }
    }

    /// What `thread` asked of the kernel has ended.
    #[inline]
    pub fn resume(&mut self, thread: ThreadId, outcome: Outcome, now: Time) -> Decision {
        match self {
            Gil::None => Decision::done(),
            Gil::CheckInterval(policy) => policy.resume(thread),
            Gil::SwitchInterval(policy) => policy.resume(thread, outcome),
            Gil::RoundRobin(policy) => policy.resume(thread, outcome, now),
            Gil::Pypy(policy) => policy.resume(thread, outcome),
            Gil::Bfs(policy) => policy.resume(thread, outcome, now),
        }
    }

    /// The holder has been led into the lock code: first of all, a ticker is set back. [`Want::Yield`] comes next, unless an
    /// exception does.
    pub fn checks(&mut self) {
        match self {
            Gil::None | Gil::SwitchInterval(_) => {}
            Gil::CheckInterval(policy) => policy.checks(),
            Gil::RoundRobin(policy) => policy.checks(),
            Gil::Pypy(policy) => policy.checks(),
            Gil::Bfs(policy) => policy.checks(),
        }
    }

    /// Where in memory a waiter leaves its demand, if that costs the holder something to read.
    pub fn request_line(&self) -> Option<LineId> {
        match self {
            Gil::SwitchInterval(policy) => Some(policy.request_line()),
            _ => None,
        }
    }

    /// The position, after `position`, at which the holder is led from this stretch into the lock code as things
    /// stand; `None` if it is not.
    pub fn next_check(&self, stretch: &Stretch, position: Span) -> Option<Span> {
        match self {
            Gil::None => None,
            Gil::CheckInterval(policy) => policy.next_check(stretch, position),
            Gil::SwitchInterval(policy) => policy.next_check(stretch, position),
            Gil::RoundRobin(policy) => policy.next_check(stretch, position),
            Gil::Pypy(policy) => policy.next_check(stretch, position),
            Gil::Bfs(policy) => policy.next_check(stretch, position),
        }
    }

    /// The holder has executed a stretch from one position to another.
    pub fn executed(&mut self, stretch: &Stretch, from: Span, to: Span) {
        match self {
            Gil::CheckInterval(policy) => policy.executed(stretch, from, to),
            Gil::None | Gil::SwitchInterval(_) => {}
            Gil::RoundRobin(policy) => policy.executed(stretch, from, to),
            Gil::Pypy(policy) => policy.executed(stretch, from, to),
            Gil::Bfs(policy) => policy.executed(stretch, from, to),
        }
    }
}
