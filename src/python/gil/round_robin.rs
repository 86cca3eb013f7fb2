//! A lock with a queue: who gives it up hands it to the first in the queue, so that nobody can jump the queue.
//!
//! This is the round-robin lock that was proposed for CPython 2.7 (bpo-8299, 2010), where every check with a waiter is a
//! switch, as it had always been on Windows; and it is the lock of Ruby, which adds a clock (see [`ruby`](super::ruby)).

use std::collections::VecDeque;

use super::ruby::Clock;
use super::ticker::Ticker;
use super::{Decision, Demand, Note, Want};
use crate::des::{Span, Time};
use crate::os::ThreadId;
use crate::os::sync::{CondvarId, MutexId, Objects, Outcome, Request};
use crate::python::stretch::Stretch;

/// How far a thread is on its way to what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    LockedToTake,
    Waited,
    UnlockedAfterTaking,
    LockedToRelease,
    Signalled,
    UnlockedAfterRelease,
    LockedToYield,
    SignalledToYield,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    want: Want,
    phase: Phase,
    /// Signalled to the thread when its turn has come.
    turn: CondvarId,
}

/// What tells the holder that it has had its turn.
#[derive(Clone, Debug)]
pub(super) enum Turns {
    /// It has executed so many ticks.
    Ticks(Ticker),
    /// It has had the lock for so long.
    Time(Clock),
}

impl Turns {
    /// The holder checks: how it goes on, if it is to yield.
    fn check(&mut self, thread: ThreadId) -> Option<Phase> {
        match self {
            Turns::Ticks(_) => Some(Phase::LockedToRelease),
            Turns::Time(clock) => clock.has_had_its_time(thread).then_some(Phase::LockedToYield),
        }
    }
}

/// The state of the lock.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    turns: Turns,
    mutex: MutexId,
    owner: Option<ThreadId>,
    queue: VecDeque<ThreadId>,
    threads: Vec<Progress>,
}

impl RoundRobin {
    pub(super) fn new(turns: Turns, objects: &mut Objects, threads: usize) -> RoundRobin {
        let mutex = objects.new_mutex();
        let progress = |_| Progress { want: Want::Take, phase: Phase::Idle, turn: objects.new_condvar() };
        RoundRobin {
            turns,
            mutex,
            owner: None,
            queue: VecDeque::with_capacity(threads),
            threads: (0..threads).map(progress).collect(),
        }
    }

    pub(super) fn begin(&mut self, thread: ThreadId, want: Want) -> Decision {
        self.threads[thread].want = want;
        let phase = match want {
            Want::Take => Phase::LockedToTake,
            Want::Release | Want::Leave => Phase::LockedToRelease,
            Want::Yield => match self.turns.check(thread) {
                Some(phase) => phase,
                None => return Decision::done(),
            },
        };
        self.ask(thread, phase, Request::MutexLock(self.mutex))
    }

    /// The ticker is set back, if there is one.
    pub(super) fn checks(&mut self) {
        if let Turns::Ticks(ticker) = &mut self.turns {
            ticker.reset();
        }
    }

    pub(super) fn next_check(&self, stretch: &Stretch, position: Span) -> Option<Span> {
        match &self.turns {
            Turns::Ticks(ticker) => ticker.next_check(stretch, position),
            Turns::Time(clock) if self.owner.is_some_and(|owner| clock.interrupts(owner)) => {
                stretch.next_check_after(position)
            }
            Turns::Time(_) => None,
        }
    }

    pub(super) fn executed(&mut self, stretch: &Stretch, from: Span, to: Span) {
        if let Turns::Ticks(ticker) = &mut self.turns {
            ticker.executed(stretch, from, to);
        }
    }

    pub(super) fn resume(&mut self, thread: ThreadId, outcome: Outcome, now: Time) -> Decision {
        match self.threads[thread].phase {
            Phase::LockedToTake if self.owner.is_none() => {
                self.owner = Some(thread);
                self.taken(thread)
            }
            Phase::LockedToTake | Phase::SignalledToYield => {
                self.join_queue(thread, now);
                self.wait(thread, now)
            }
            Phase::Waited if self.owner == Some(thread) => self.taken(thread),
            Phase::Waited if outcome == Outcome::Done => self.wait(thread, now).noting(Note::Failed),
            Phase::Waited => self.timed_out(thread, now),
            Phase::LockedToRelease => self.pass_on(thread, Phase::Signalled),
            Phase::LockedToYield if self.queue.is_empty() => self.unlock(thread, Phase::UnlockedAfterTaking),
            Phase::LockedToYield => self.pass_on(thread, Phase::SignalledToYield),
            Phase::Signalled => self.unlock(thread, Phase::UnlockedAfterRelease),
            Phase::UnlockedAfterRelease if self.threads[thread].want == Want::Yield => {
                self.ask(thread, Phase::LockedToTake, Request::MutexLock(self.mutex))
            }
            Phase::UnlockedAfterRelease | Phase::UnlockedAfterTaking | Phase::Idle => {
                self.threads[thread].phase = Phase::Idle;
                Decision::done()
            }
        }
    }

    fn join_queue(&mut self, thread: ThreadId, now: Time) {
        if let Turns::Time(clock) = &mut self.turns
            && self.queue.is_empty()
        {
            clock.start(now);
        }
        self.queue.push_back(thread);
    }

    /// Waits for the turn; with a clock, the last of the queue keeps it.
    fn wait(&mut self, thread: ThreadId, now: Time) -> Decision {
        let is_last = self.queue.back() == Some(&thread);
        let timeout = match &self.turns {
            Turns::Time(clock) if is_last => Some(clock.time_to_tick(now)),
            _ => None,
        };
        let wait = Request::CondvarWait(self.threads[thread].turn, self.mutex, timeout);
        self.ask(thread, Phase::Waited, wait)
    }

    fn timed_out(&mut self, thread: ThreadId, now: Time) -> Decision {
        let is_last = self.queue.back() == Some(&thread);
        let mut demand = None;
        if let (Turns::Time(clock), Some(owner), true) = (&mut self.turns, self.owner, is_last) {
            clock.tick(owner, now);
            demand = Some(Demand::Look);
        }
        self.wait(thread, now).noting(Note::TimedOut).demanding(demand)
    }

    fn taken(&mut self, thread: ThreadId) -> Decision {
        if let Turns::Time(clock) = &mut self.turns {
            clock.acquired(thread);
        }
        self.unlock(thread, Phase::UnlockedAfterTaking).noting(Note::Acquired)
    }

    /// Gives the lock to the first in the queue, if there is one.
    fn pass_on(&mut self, thread: ThreadId, signalled: Phase) -> Decision {
        self.owner = self.queue.pop_front();
        match self.owner {
            Some(next) => self.ask(thread, signalled, Request::CondvarSignal(self.threads[next].turn)),
            None => self.unlock(thread, Phase::UnlockedAfterRelease),
        }
        .noting(Note::Released)
    }

    fn unlock(&mut self, thread: ThreadId, phase: Phase) -> Decision {
        self.ask(thread, phase, Request::MutexUnlock(self.mutex))
    }

    fn ask(&mut self, thread: ThreadId, phase: Phase, request: Request) -> Decision {
        self.threads[thread].phase = phase;
        Decision::ask(request)
    }
}
