//! PyPy's global lock (`rpython/translator/c/src/thread_gil.c`, `pypy/module/thread/gil.py`).
//!
//! A call out of the interpreter releases the lock by one operation on memory and usually wins it back by another.
//! Of those that wait, one polls every 0.1 ms; the others queue for its place. After 10000 bytecodes the holder hands
//! the lock over by another door: it leaves the fast flag as it is and opens a gate, at which only the one that polls is.

use super::ticker::Ticker;
use super::{Decision, Note, Want};
use crate::des::Span;
use crate::os::ThreadId;
use crate::os::sync::{CondvarId, MutexId, Objects, Outcome, Request};
use crate::python::stretch::Stretch;

/// How far a thread is on its way to what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Tried,
    WaiterCounted,
    PlaceTaken,
    AtGate,
    Waited,
    Snatched,
    WaiterDiscounted,
    GateUnlocked,
    PlaceLeft,
    Let,
    GateLockedToOpen,
    GateOpened,
    GateSignalled,
}

/// The state of PyPy's lock.
#[derive(Clone, Debug)]
pub struct Pypy {
    poll: Span,
    ticker: Ticker,
    /// `rpy_fastgil`.
    is_busy: bool,
    /// Whether the gate is shut (`mutex_gil`).
    is_shut: bool,
    waiters: u64,
    gate_mutex: MutexId,
    gate_condition: CondvarId,
    /// Held by the thread that polls (`mutex_gil_stealer`).
    place: MutexId,
    threads: Vec<Phase>,
}

impl Pypy {
    pub(super) fn new(ticker: Ticker, poll: Span, objects: &mut Objects, threads: usize) -> Pypy {
        Pypy {
            poll,
            ticker,
            is_busy: false,
            is_shut: true,
            waiters: 0,
            gate_mutex: objects.new_mutex(),
            gate_condition: objects.new_condvar(),
            place: objects.new_mutex(),
            threads: vec![Phase::Idle; threads],
        }
    }

    pub(super) fn begin(&mut self, thread: ThreadId, want: Want) -> Decision {
        match want {
            Want::Take => self.ask(thread, Phase::Tried, Request::Atomic),
            Want::Release | Want::Leave => self.ask(thread, Phase::Let, Request::Atomic),
            Want::Yield => {
                if self.waiters == 0 {
                    return Decision::done();
                }
                self.ask(thread, Phase::GateLockedToOpen, Request::MutexLock(self.gate_mutex))
            }
        }
    }

    /// The ticker is set back.
    pub(super) fn checks(&mut self) {
        self.ticker.reset();
    }

    pub(super) fn next_check(&self, stretch: &Stretch, position: Span) -> Option<Span> {
        self.ticker.next_check(stretch, position)
    }

    pub(super) fn executed(&mut self, stretch: &Stretch, from: Span, to: Span) {
        self.ticker.executed(stretch, from, to);
    }

    pub(super) fn resume(&mut self, thread: ThreadId, outcome: Outcome) -> Decision {
        match self.threads[thread] {
            Phase::Tried if self.is_busy => self.ask(thread, Phase::WaiterCounted, Request::Atomic),
            Phase::Tried => {
                self.is_busy = true;
                self.done(thread).noting(Note::Acquired)
            }
            Phase::WaiterCounted => {
                self.waiters += 1;
                self.ask(thread, Phase::PlaceTaken, Request::MutexLock(self.place))
            }
            Phase::PlaceTaken => self.ask(thread, Phase::AtGate, Request::MutexLock(self.gate_mutex)),
            Phase::AtGate => self.poll(thread),
            Phase::Waited if !self.is_shut => self.pass_gate(thread),
            Phase::Waited if !self.is_busy => self.ask(thread, Phase::Snatched, Request::Atomic),
            Phase::Waited => {
                let note = if outcome == Outcome::TimedOut { Note::TimedOut } else { Note::Failed };
                self.poll(thread).noting(note)
            }
            Phase::Snatched if self.is_busy => self.poll(thread),
            Phase::Snatched => {
                self.is_busy = true;
                self.acquired(thread)
            }
            Phase::WaiterDiscounted => {
                self.waiters -= 1;
                self.ask(thread, Phase::GateUnlocked, Request::MutexUnlock(self.gate_mutex))
            }
            Phase::GateUnlocked => self.ask(thread, Phase::PlaceLeft, Request::MutexUnlock(self.place)),
            Phase::Let => {
                self.is_busy = false;
                self.done(thread).noting(Note::Released)
            }
            Phase::GateLockedToOpen => {
                self.is_shut = false;
                let unlock = Request::MutexUnlock(self.gate_mutex);
                self.ask(thread, Phase::GateOpened, unlock).noting(Note::Released)
            }
            Phase::GateOpened => {
                self.ask(thread, Phase::GateSignalled, Request::CondvarSignal(self.gate_condition))
            }
            Phase::GateSignalled => self.ask(thread, Phase::Tried, Request::Atomic),
            Phase::PlaceLeft | Phase::Idle => self.done(thread),
        }
    }

    /// The thread has the place at the gate: it passes if the gate is open, and otherwise waits a little.
    fn poll(&mut self, thread: ThreadId) -> Decision {
        if !self.is_shut {
            return self.pass_gate(thread);
        }
        let wait = Request::CondvarWait(self.gate_condition, self.gate_mutex, Some(self.poll));
        self.ask(thread, Phase::Waited, wait)
    }

    fn pass_gate(&mut self, thread: ThreadId) -> Decision {
        self.is_shut = true;
        self.acquired(thread)
    }

    fn acquired(&mut self, thread: ThreadId) -> Decision {
        self.ask(thread, Phase::WaiterDiscounted, Request::Atomic).noting(Note::Acquired)
    }

    fn done(&mut self, thread: ThreadId) -> Decision {
        self.threads[thread] = Phase::Idle;
        Decision::done()
    }

    fn ask(&mut self, thread: ThreadId, phase: Phase, request: Request) -> Decision {
        self.threads[thread] = phase;
        Decision::ask(request)
    }
}
