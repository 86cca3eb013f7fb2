//! Signals from outside, and the main thread, which alone runs their handlers (`Modules/signalmodule.c`).
//!
//! When a signal arrives, only a flag is set. The main thread sees it where it looks at the eval breaker, or when a wait
//! of its that can be interrupted ends early. A handler is a program that the main thread executes in between.

use super::{Activity, After, Engine, Execution, Routine};
use crate::des::Time;
use crate::os::ThreadId;
use crate::os::sync::Request;
use crate::python::exception::Exception;
use crate::python::gil::Want;
use crate::python::interpreter::{GilConfig, OthersLook};
use crate::python::threading::LockNumber;
use crate::sim::engine::traffic::Traffic;
use crate::sim::model::Model;
use crate::trace::Observer;

/// The thread that runs handlers: the first.
pub(super) const MAIN: ThreadId = 0;

/// What other threads than the main thread do while a signal is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    /// They check at every tick, giving the lock up each time.
    Check,
    /// They take the slow path at every look, and keep the lock.
    Look,
    /// The same, until the lock is taken anew.
    LookUntilSwitch,
    /// They do not see it.
    Nothing,
}

/// What the main thread does when it has run all handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It goes on.
    GoOn,
    /// It goes on with its check.
    Yield,
    /// It makes the call again that was interrupted.
    Ask(Request),
    /// It takes the lock whose taking was interrupted.
    Take(LockNumber),
    /// The call that was interrupted raises an exception.
    Raise(Exception),
}

/// What the main thread was doing when its handlers began, besides its routine.
#[derive(Clone, Copy, Debug)]
struct Suspended {
    then: Then,
    unwinding: Option<usize>,
    asked: Time,
}

/// The signals of a run.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    /// Since when each has been pending.
    pending: Vec<Option<Time>>,
    /// How many are.
    count: usize,
    /// How often each may still arrive; `None` for no end.
    left: Vec<Option<u64>>,
    others: Others,
    /// The lock has not been taken since the last signal arrived.
    is_fresh: bool,
    /// What the main thread waited for when it was interrupted.
    interrupted: Option<Request>,
    suspended: Option<Suspended>,
    /// The routine of handlers; while they run, that of the main thread is in its place.
    handlers: Routine,
}

impl Signals {
    pub fn new(model: &Model, seed: u64) -> Signals {
        let others = match (model.gil, model.signal_rules.others_look) {
            (GilConfig::CheckInterval { .. } | GilConfig::RoundRobin { .. }, _) => Others::Check,
            (GilConfig::None | GilConfig::Pypy { .. } | GilConfig::Ruby { .. }, _) => Others::Nothing,
            (_, OthersLook::Always) => Others::Look,
            (_, OthersLook::UntilSwitch) => Others::LookUntilSwitch,
            (_, OthersLook::Never) => Others::Nothing,
        };
        let handlers = model.signals.iter().filter_map(|signal| signal.handler);
        let deepest = handlers.max_by_key(|handler| model.programs[*handler].loop_depth());
        let program = deepest.unwrap_or(model.threads[MAIN].program);
        Signals {
            pending: vec![None; model.signals.len()],
            count: 0,
            left: model.signals.iter().map(|signal| signal.times).collect(),
            others,
            is_fresh: false,
            interrupted: None,
            suspended: None,
            handlers: Routine::new(MAIN, program, model, seed),
        }
    }

    /// The first signal that is pending, and since when; it is no more.
    fn next(&mut self) -> Option<(usize, Time)> {
        let signal = self.pending.iter().position(Option::is_some)?;
        self.count -= 1;
        Some((signal, self.pending[signal].take()?))
    }

    /// Another thread than the main thread has taken the lock of the main thread.
    pub fn lock_taken_by_another(&mut self) {
        self.is_fresh = false;
    }
}

impl<O: Observer> Engine<'_, O> {
    /// The number of the alarm of the first signal: users and tasks have theirs before.
    pub(super) fn first_signal(&self) -> usize {
        self.outside.users() + self.model.tasks()
    }

    /// The run begins: each signal has its first arrival.
    pub(super) fn signals_begin(&mut self) {
        for (signal, spec) in self.model.signals.iter().enumerate() {
            self.kernel.set_alarm(self.first_signal() + signal, spec.at);
        }
    }

    /// A signal arrives: a flag is set, and the main thread is interrupted if it waits for what can be.
    pub(super) fn signal_arrives(&mut self, signal: usize) {
        let spec = &self.model.signals[signal];
        if let Some(left) = &mut self.signals.left[signal] {
            *left -= 1;
        }
        if let (Some(every), Some(1..) | None) = (spec.every, self.signals.left[signal]) {
            self.kernel.set_alarm(self.first_signal() + signal, every);
        }
        if self.signals.pending[signal].is_none() {
            self.signals.pending[signal] = Some(self.kernel.now());
            self.signals.count += 1;
        }
        self.signals.is_fresh = true;
        let is_waiting = self.threads[MAIN].activity == Activity::Outside
            && !self.threads[MAIN].is_leaving
            && self.threads[MAIN].wants.is_none_or(|lock| lock < self.threading.locks());
        if is_waiting && !self.threads[MAIN].announced && self.signals.suspended.is_none() {
            let locks = self.model.signal_rules.interrupts_locks;
            self.signals.interrupted = self.kernel.signal(MAIN, locks).or(self.signals.interrupted);
        }
        self.look_again(MAIN);
        let holder = self.threads[MAIN].lock.and_then(|lock| self.interpreters[lock].holder);
        if let Some(holder) = holder.filter(|holder| *holder != MAIN) {
            self.look_again(holder);
        }
    }

    /// Whether `thread` is led out of its bytecode at its next look because a signal is pending.
    pub(super) fn must_look(&self, thread: ThreadId) -> bool {
        if self.signals.count == 0 {
            return false;
        }
        let main = &self.threads[MAIN];
        if thread == MAIN {
            return self.signals.suspended.is_none() && !main.announced;
        }
        let is_beside = main.lock.is_some() && self.threads[thread].lock == main.lock;
        is_beside
            && match self.signals.others {
                Others::Check | Others::Look => true,
                Others::LookUntilSwitch => self.signals.is_fresh,
                Others::Nothing => false,
            }
    }

    /// Whether a look that a signal leads to is a check of the lock, too.
    pub(super) fn signal_checks(&self) -> bool {
        self.signals.others == Others::Check
    }

    /// A thread that cannot run handlers looks in vain, which takes about as long as an instruction.
    pub(super) fn take_slow_path(&mut self, thread: ThreadId, by_lock: bool) -> bool {
        self.threads[thread].activity = Activity::SlowPath { by_lock };
        let (_, instruction) = self.model.library;
        !self.kernel.execute_user(thread, instruction)
    }

    /// Whether the wait of `thread` has been interrupted.
    pub(super) fn is_interrupted(&self, thread: ThreadId) -> bool {
        thread == MAIN && self.signals.interrupted.is_some()
    }

    /// The main thread, whose wait has been interrupted, has the lock again. `None` if it can go on at once, else whether
    /// it is still on its turn.
    pub(super) fn resume_interrupted(&mut self) -> Option<bool> {
        let request = self.signals.interrupted.take()?;
        let then = match (self.threads[MAIN].wants.take(), request) {
            (Some(lock), _) => Then::Take(lock),
            (None, Request::Poll(poller, left)) => self.poll_again(poller, left),
            // PEP 475: calls are made again from 3.5 on.
            (None, request) if self.model.signal_rules.retries_calls => Then::Ask(request),
            // A sleep just ends (`floatsleep`, Modules/timemodule.c at v2.7).
            (None, Request::Sleep(_) | Request::SleepUntil(_)) => return None,
            (None, _) => Then::Raise(Exception::InterruptedCall),
        };
        self.handle_signals(then)
    }

    /// The main thread runs the handlers of all signals that are pending. `None` if it can go on at once, else whether it
    /// is still on its turn.
    pub(super) fn handle_signals(&mut self, then: Then) -> Option<bool> {
        let unwinding = self.threads[MAIN].unwinding.take();
        let asked = self.outside.asked[self.threads[MAIN].routine.number];
        self.signals.suspended = Some(Suspended { then, unwinding, asked });
        self.swap_handlers();
        self.next_handler()
    }

    /// Whether `thread` executes a handler.
    pub(super) fn is_in_handler(&self, thread: ThreadId) -> bool {
        thread == MAIN && self.signals.suspended.is_some()
    }

    /// The next signal that is pending is handled; after the last, the main thread goes back to what it was doing.
    pub(super) fn next_handler(&mut self) -> Option<bool> {
        let Some((signal, since)) = self.signals.next() else {
            let then = self.resume()?;
            return self.after_handlers(then);
        };
        let spec = &self.model.signals[signal];
        self.measured(spec.latency, since);
        match spec.handler {
            Some(program) => {
                let main = &mut self.threads[MAIN];
                (main.routine.program, main.routine.step) = (program, 0);
                main.routine.execution = Execution::default();
            }
            None => {
                self.resume();
                self.threads[MAIN].routine.traffic = Traffic::None;
                self.raise(MAIN, Exception::KeyboardInterrupt);
            }
        }
        None
    }

    /// The main thread goes back to what it was doing when its handlers began.
    fn resume(&mut self) -> Option<Then> {
        let suspended = self.signals.suspended.take()?;
        self.swap_handlers();
        self.signals.handlers.loops.clear();
        self.threads[MAIN].unwinding = suspended.unwinding;
        self.outside.asked[self.threads[MAIN].routine.number] = suspended.asked;
        Some(suspended.then)
    }

    /// The routine of handlers takes the place of the main thread's, or of the task's that goes on, or gives it back. What
    /// that draws, has received and has submitted goes on.
    fn swap_handlers(&mut self) {
        let (main, other) = (&mut self.threads[MAIN].routine, &mut self.signals.handlers);
        std::mem::swap(main, other);
        std::mem::swap(&mut main.number, &mut other.number);
        std::mem::swap(&mut main.stream, &mut other.stream);
        std::mem::swap(&mut main.received, &mut other.received);
        std::mem::swap(&mut main.outstanding, &mut other.outstanding);
    }

    /// An exception has left a handler: it goes on in what the main thread was doing.
    pub(super) fn handler_left(&mut self) {
        self.resume();
        let main = &mut self.threads[MAIN];
        main.routine.traffic = Traffic::None;
        main.routine.execution = Execution::default();
        main.unwinding = Some(main.unwinding.unwrap_or(main.routine.step));
        main.is_leaving = true;
    }

    fn after_handlers(&mut self, then: Then) -> Option<bool> {
        match then {
            Then::GoOn => None,
            Then::Yield => {
                let lock = self.threads[MAIN].lock?;
                Some(self.want(MAIN, lock, Want::Yield, After::Program))
            }
            Then::Ask(request) => Some(self.without_lock(MAIN, request)),
            Then::Take(lock) => Some(self.take(MAIN, lock)),
            Then::Raise(exception) => {
                self.threads[MAIN].routine.traffic = Traffic::None;
                self.raise(MAIN, exception);
                None
            }
        }
    }

    /// The main thread is led from its bytecode to its handlers.
    pub(super) fn signal_seen(&mut self, by_lock: bool) -> bool {
        let then = if by_lock { Then::Yield } else { Then::GoOn };
        self.handle_signals(then).unwrap_or_else(|| self.go_on(MAIN))
    }
}
