//! The lock as a small scheduler: the "BFS" patch of N. Aides for CPython 3.2 (bpo-7946, 2010; `Python/bfs.c` there).
//!
//! A thread has a slice of running time and a virtual deadline; when the slice is used up, both begin anew. Of those
//! that wait, the earliest deadline runs next, or the first whose deadline has passed. A thread that comes preempts the
//! holder if its own deadline is earlier. The clock advances by what holders run. Left out: before a thread that is
//! next takes over from a more urgent one, the patch lets it spin for 12 us, in case that one comes back.

use std::collections::VecDeque;

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
    SwitchSignalled,
    LockedToDrop,
    NextSignalled,
    ForcedWaited,
    UnlockedAfterDrop,
}

#[derive(Clone, Copy, Debug)]
struct Thread {
    want: Want,
    phase: Phase,
    condition: CondvarId,
    slice_left: Span,
    deadline: Span,
    /// When it took the lock.
    since: Time,
}

/// The state of the scheduler.
#[derive(Clone, Debug)]
pub struct Bfs {
    slice: Span,
    factor: u64,
    ticker: Ticker,
    mutex: MutexId,
    /// The thread that runs, or is to run next.
    next: Option<ThreadId>,
    queue: VecDeque<ThreadId>,
    /// Who gave the lock up of its own accord, while the next has not taken over.
    previous: Option<ThreadId>,
    /// Who waits until the next has taken over.
    switching: Option<ThreadId>,
    /// Running time of all holders.
    clock: Span,
    preempt: bool,
    look: bool,
    threads: Vec<Thread>,
}

impl Bfs {
    pub(super) fn new(
        slice: Span,
        factor: u64,
        ticker: Ticker,
        objects: &mut Objects,
        threads: usize,
    ) -> Bfs {
        let mutex = objects.new_mutex();
        let thread = |_| Thread {
            want: Want::Take,
            phase: Phase::Idle,
            condition: objects.new_condvar(),
            slice_left: Span::ZERO,
            deadline: Span::ZERO,
            since: Time::ZERO,
        };
        Bfs {
            slice,
            factor,
            ticker,
            mutex,
            next: None,
            queue: VecDeque::with_capacity(threads),
            previous: None,
            switching: None,
            clock: Span::ZERO,
            preempt: false,
            look: false,
            threads: (0..threads).map(thread).collect(),
        }
    }

    pub(super) fn begin(&mut self, thread: ThreadId, want: Want, now: Time) -> Decision {
        self.threads[thread].want = want;
        let used = self.used(thread, now);
        if want == Want::Yield {
            self.look = false;
            if !self.preempt && self.threads[thread].slice_left > used {
                return Decision::done();
            }
        }
        if matches!(want, Want::Yield | Want::Release) {
            self.clock += used;
            let left = &mut self.threads[thread].slice_left;
            *left = left.saturating_sub(used);
        }
        let phase = if want == Want::Take { Phase::LockedToTake } else { Phase::LockedToDrop };
        self.ask(thread, phase, Request::MutexLock(self.mutex))
    }

    /// The ticker is set back.
    pub(super) fn checks(&mut self) {
        self.ticker.reset();
    }

    pub(super) fn next_check(&self, stretch: &Stretch, position: Span) -> Option<Span> {
        if self.preempt || self.look {
            return stretch.next_check_after(position);
        }
        self.ticker.next_check(stretch, position)
    }

    pub(super) fn executed(&mut self, stretch: &Stretch, from: Span, to: Span) {
        self.ticker.executed(stretch, from, to);
    }

    pub(super) fn resume(&mut self, thread: ThreadId, outcome: Outcome, now: Time) -> Decision {
        match self.threads[thread].phase {
            Phase::LockedToTake => self.enter(thread, now),
            Phase::Waited => self.waited(thread, outcome, now),
            Phase::SwitchSignalled => {
                self.switching = None;
                self.unlock(thread, Phase::UnlockedAfterTaking)
            }
            Phase::LockedToDrop => self.drop_lock(thread),
            Phase::NextSignalled if self.must_wait_for_next(thread) => {
                self.switching = Some(thread);
                self.wait_for_next(thread).noting(Note::ForcedWait)
            }
            Phase::NextSignalled => self.unlock(thread, Phase::UnlockedAfterDrop),
            Phase::ForcedWaited if self.switching == Some(thread) => self.wait_for_next(thread),
            Phase::ForcedWaited => self.unlock(thread, Phase::UnlockedAfterDrop).noting(Note::ForcedWaitOver),
            Phase::UnlockedAfterDrop if self.threads[thread].want == Want::Yield => {
                self.ask(thread, Phase::LockedToTake, Request::MutexLock(self.mutex))
            }
            Phase::UnlockedAfterDrop | Phase::UnlockedAfterTaking | Phase::Idle => {
                self.threads[thread].phase = Phase::Idle;
                Decision::done()
            }
        }
    }

    /// The running time since the thread took the lock, a slice at most.
    fn used(&self, thread: ThreadId, now: Time) -> Span {
        now.since(self.threads[thread].since).min(self.slice)
    }

    /// The thread takes the lock, or joins the queue and says how urgent it is.
    fn enter(&mut self, thread: ThreadId, now: Time) -> Decision {
        if self.threads[thread].slice_left.is_zero() {
            self.threads[thread].slice_left = self.slice;
            self.threads[thread].deadline = self.clock + self.slice * self.factor;
        }
        let Some(next) = self.next else { return self.taken(thread, now) };
        let (own, other) = (self.threads[thread].deadline, self.threads[next].deadline);
        let is_urgent = own <= other && other >= self.clock;
        if is_urgent && self.previous.is_some() {
            return self.taken(thread, now);
        }
        self.queue.push_back(thread);
        let demand = if is_urgent { Demand::Drop } else { Demand::Look };
        self.preempt |= is_urgent;
        self.look |= !is_urgent;
        self.wait(thread).demanding(Some(demand))
    }

    /// Waits to be signalled by the holder, but not for ever: the holder may be in the middle of something slow.
    fn wait(&mut self, thread: ThreadId) -> Decision {
        let half = Span::from_picos(self.slice.picos() * 11 / 20);
        let timeout = half * self.queue.len() as u64;
        let wait = Request::CondvarWait(self.threads[thread].condition, self.mutex, Some(timeout));
        self.ask(thread, Phase::Waited, wait)
    }

    fn waited(&mut self, thread: ThreadId, outcome: Outcome, now: Time) -> Decision {
        let timed_out = outcome == Outcome::TimedOut;
        self.look |= timed_out;
        if self.next == Some(thread) {
            self.queue.retain(|waiting| *waiting != thread);
            return self.taken(thread, now);
        }
        if timed_out {
            return self.wait(thread).noting(Note::TimedOut).demanding(Some(Demand::Look));
        }
        self.wait(thread).noting(Note::Failed)
    }

    fn taken(&mut self, thread: ThreadId, now: Time) -> Decision {
        self.next = Some(thread);
        self.previous = None;
        self.threads[thread].since = now;
        match self.switching {
            Some(waiting) => {
                let signal = Request::CondvarSignal(self.threads[waiting].condition);
                self.ask(thread, Phase::SwitchSignalled, signal)
            }
            None => self.unlock(thread, Phase::UnlockedAfterTaking),
        }
        .noting(Note::Acquired)
    }

    fn drop_lock(&mut self, thread: ThreadId) -> Decision {
        self.preempt = false;
        self.look = false;
        if self.threads[thread].want == Want::Release {
            self.previous = Some(thread);
        }
        self.next = self.pick();
        match self.next {
            Some(next) => {
                let signal = Request::CondvarSignal(self.threads[next].condition);
                self.ask(thread, Phase::NextSignalled, signal)
            }
            None => self.unlock(thread, Phase::UnlockedAfterDrop),
        }
        .noting(Note::Released)
    }

    /// The earliest deadline of the queue, or the first that is past.
    fn pick(&self) -> Option<ThreadId> {
        let mut picked = *self.queue.front()?;
        for other in self.queue.iter().skip(1) {
            if self.threads[picked].deadline <= self.clock {
                break;
            }
            if self.threads[*other].deadline < self.threads[picked].deadline {
                picked = *other;
            }
        }
        Some(picked)
    }

    /// Whether the thread, which has let go, must not go on before the next has taken over.
    fn must_wait_for_next(&self, thread: ThreadId) -> bool {
        let (Some(next), None) = (self.next, self.switching) else { return false };
        let next = self.threads[next].deadline;
        let own = &self.threads[thread];
        own.want != Want::Leave && (own.slice_left.is_zero() || next < self.clock || own.deadline >= next)
    }

    fn wait_for_next(&mut self, thread: ThreadId) -> Decision {
        let wait = Request::CondvarWait(self.threads[thread].condition, self.mutex, None);
        self.ask(thread, Phase::ForcedWaited, wait)
    }

    fn unlock(&mut self, thread: ThreadId, phase: Phase) -> Decision {
        self.ask(thread, phase, Request::MutexUnlock(self.mutex))
    }

    fn ask(&mut self, thread: ThreadId, phase: Phase, request: Request) -> Decision {
        self.threads[thread].phase = phase;
        Decision::ask(request)
    }
}
