//! Signals and exceptions (section 6b of the rules).

use gilsim::des::{Span, Time};
use gilsim::python::exception::Exception;
use gilsim::python::interpreter::{GilConfig, OthersLook};
use gilsim::python::threading::Call;
use gilsim::sim::Model;
use gilsim::sim::report::Raised;
use gilsim::trace::ThreadState;

use super::calls::Library::{self, Free, Take};
use super::kernel::{Mode, Place};
use super::objects::{Action, Queue};
use super::program::{Do, ProgramCounter};
use super::sched::Entry;
use super::{Kind, World};

/// The thread that runs handlers.
pub const MAIN: usize = 0;

/// What is done about signals and exceptions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// The main thread runs handlers, if signals are pending.
    Handle,
    /// The wait that was interrupted is over, and the lock is held again.
    Interrupted,
    Raise(Exception),
    /// The exception leaves the innermost call, or the innermost steps of a `with`.
    Leave,
    /// A call has come to its end.
    Returned,
    /// `wait()` waits from here on, or not any more.
    Waits(bool),
    /// The recursive lock of a condition is owned again.
    Restore(usize),
}

/// How a call that was interrupted goes on.
#[derive(Clone, Debug)]
pub enum Again {
    /// Not at all: it is over, and handlers run.
    Over,
    Sleep,
    Does(ThreadState, Vec<Action>),
    Take(usize),
}

/// A program that has been suspended for handlers.
pub struct Suspended {
    actions: Vec<Action>,
    counter: ProgramCounter,
}

/// All signals.
pub struct Signals {
    pending: Vec<Option<Time>>,
    left: Vec<Option<u64>>,
    is_fresh: bool,
    suspended: Option<Suspended>,
}

impl Signals {
    pub fn new(model: &Model) -> Signals {
        Signals {
            pending: vec![None; model.signals.len()],
            left: model.signals.iter().map(|signal| signal.times).collect(),
            is_fresh: false,
            suspended: None,
        }
    }
}

impl World<'_> {
    /// The number of the alarm of the first signal: users and tasks have theirs before.
    pub fn first_signal(&self) -> usize {
        let users: usize = self.model.clients.iter().map(|client| client.users()).sum();
        users + self.model.tasks()
    }

    pub fn set_signals(&mut self) {
        let first = self.first_signal();
        for (signal, spec) in self.model.signals.iter().enumerate() {
            self.agenda.set(Kind::Alarm, first + signal, Time::ZERO + spec.at);
        }
    }

    pub fn signal_has_come(&mut self, signal: usize, alarm: usize) {
        let spec = self.model.signals[signal];
        if let Some(left) = &mut self.signals.left[signal] {
            *left -= 1;
        }
        if let Some(every) = spec.every.filter(|_| self.signals.left[signal] != Some(0)) {
            self.agenda.set(Kind::Alarm, alarm, self.now + every);
        }
        self.signals.pending[signal].get_or_insert(self.now);
        self.signals.is_fresh = true;
        let is_deaf = self.threads[MAIN].program.is_deaf() || self.is_in_handler(MAIN);
        let waits = self.threads[MAIN].place == Place::Blocked || self.threads[MAIN].sets_timer;
        if waits && !is_deaf {
            self.interrupt_wait();
        }
        for thread in 0..self.threads.len() {
            if self.threads[thread].program.executes {
                let core = self.threads[thread].core;
                self.account(core);
                let left = self.threads[thread].burst.map_or(Span::ZERO, |burst| burst.left);
                self.stop_sooner(thread, left);
            }
        }
    }

    /// The main thread sleeps; if it may be interrupted, it wakes up, and what it was doing is over.
    fn interrupt_wait(&mut self) {
        let main = &self.threads[MAIN];
        let again = match main.sleeps_on {
            Some(Queue::Receivers(_) | Queue::Senders(_)) => main.program.again.clone(),
            Some(Queue::Poll(_)) => self.polls_again(MAIN, self.threads[MAIN].program.due),
            Some(Queue::Semaphore(id)) if id.is_of_program() => {
                let of_object =
                    matches!(main.program.again, Some(Again::Take(lock)) if self.is_of_an_object(lock));
                if !self.model.signal_rules.interrupts_locks || of_object {
                    return;
                }
                self.stops_waiting(id);
                self.stops_parking(MAIN);
                self.threads[MAIN].program.again.clone()
            }
            None if main.program.service.is_none() => {
                let due = main.program.due;
                let left = if due > self.now { due.since(self.now) } else { Span::ZERO };
                match main.program.again.clone() {
                    Some(Again::Does(blocked, mut does)) => {
                        for action in &mut does {
                            *action = match *action {
                                Action::Program(Do::Work(Mode::Kernel, _)) => {
                                    Action::Program(Do::Work(Mode::Kernel, Span::ZERO))
                                }
                                Action::Program(Do::Block(_)) if blocked == ThreadState::Sleeping => {
                                    Action::Program(Do::SleepUntil(due))
                                }
                                Action::Program(Do::Block(_)) => Action::Program(Do::Block(left)),
                                other => other,
                            };
                        }
                        let retries = self.model.signal_rules.retries_calls;
                        let sleeps = blocked == ThreadState::Sleeping && !retries;
                        Some(if sleeps { Again::Sleep } else { Again::Does(blocked, does) })
                    }
                    other => other,
                }
            }
            _ => return,
        };
        let Some(again) = again else { return };
        if let Some(queue) = self.threads[MAIN].sleeps_on {
            self.sleepers(queue).retain(|sleeper| *sleeper != MAIN);
        }
        self.agenda.cancel(Kind::Timer, MAIN);
        let main = &mut self.threads[MAIN];
        let floor = main.program.floor;
        main.actions.truncate(floor);
        main.actions.insert(floor - 1, Action::Signal(Signal::Interrupted));
        main.program.again = Some(again);
        main.takes_back = None;
        if std::mem::take(&mut main.sets_timer) {
            main.sleeps_on = None;
        } else {
            self.make_ready(MAIN, Entry::Woken);
        }
    }

    /// Whether `thread` sees a pending signal where it looks.
    pub fn sees_signal(&self, thread: usize) -> bool {
        if self.signals.pending.iter().all(Option::is_none) {
            return false;
        }
        if thread == MAIN {
            return self.signals.suspended.is_none() && !self.threads[MAIN].program.announces_end;
        }
        let interpreter = |thread: usize| self.model.threads[thread].interpreter;
        let beside = self.has_lock(thread) && interpreter(thread) == interpreter(MAIN);
        let looks = match (self.model.gil, self.model.signal_rules.others_look) {
            (GilConfig::CheckInterval { .. } | GilConfig::RoundRobin { .. }, _) => true,
            (GilConfig::None | GilConfig::Pypy { .. } | GilConfig::Ruby { .. }, _) => false,
            (_, OthersLook::Always) => true,
            (_, OthersLook::UntilSwitch) => self.signals.is_fresh,
            (_, OthersLook::Never) => false,
        };
        beside && looks
    }

    /// Whether to see a signal is to check.
    pub fn signal_checks(&self) -> bool {
        matches!(self.model.gil, GilConfig::CheckInterval { .. } | GilConfig::RoundRobin { .. })
    }

    /// `thread` has taken the lock of its interpreter.
    pub fn takes_the_lock(&mut self, thread: usize) {
        let interpreter = |thread: usize| self.model.threads[thread].interpreter;
        self.signals.is_fresh &= thread == MAIN || interpreter(thread) != interpreter(MAIN);
    }

    pub fn signal(&mut self, thread: usize, signal: Signal) {
        match signal {
            Signal::Handle => {
                let main = &mut self.threads[MAIN];
                let mut counter = ProgramCounter::default();
                std::mem::swap(&mut counter, &mut main.program);
                main.program.to_answer = std::mem::take(&mut counter.to_answer);
                main.program.take_marks(&mut counter);
                let actions = std::mem::take(&mut main.actions);
                self.signals.suspended = Some(Suspended { actions, counter });
                self.next_handler();
            }
            Signal::Interrupted => self.interrupted(),
            Signal::Raise(exception) => self.raise(thread, exception),
            Signal::Leave => self.leave(thread),
            Signal::Returned => {
                self.threads[thread].program.calls.pop();
            }
            Signal::Waits(waits) => {
                self.threads[thread].program.calls.last_mut().expect("it is in wait()").1 = waits;
            }
            Signal::Restore(condition) => self.owns_again(thread, condition),
        }
    }

    fn interrupted(&mut self) {
        let again = self.threads[MAIN].program.again.take().expect("something was interrupted");
        match again {
            Again::Take(lock) => self.then(MAIN, &[Action::Library(Take(lock))]),
            Again::Sleep => return,
            Again::Over => {}
            Again::Does(blocked, does) if self.model.signal_rules.retries_calls => {
                self.threads[MAIN].program.retry = Some((blocked, does));
                self.then(MAIN, &[Action::Program(Do::Retry)]);
            }
            Again::Does(..) => {
                self.then(MAIN, &[Action::Signal(Signal::Raise(Exception::InterruptedCall))]);
            }
        }
        self.then(MAIN, &[Action::Signal(Signal::Handle)]);
    }

    /// Begins the handler of the next signal; goes back to the program if there is none.
    pub fn next_handler(&mut self) {
        let Some(signal) = self.signals.pending.iter().position(Option::is_some) else {
            return self.resume();
        };
        let since = self.signals.pending[signal].take().expect("it is pending");
        let spec = &self.model.signals[signal];
        self.latencies[spec.latency].record(self.now.since(since));
        match spec.handler {
            Some(handler) => {
                self.threads[MAIN].program.handler = Some(handler);
                self.threads[MAIN].program.step = 0;
            }
            None => {
                self.resume();
                self.raise(MAIN, Exception::KeyboardInterrupt);
            }
        }
    }

    /// Whether `thread` runs a handler.
    pub fn is_in_handler(&self, thread: usize) -> bool {
        thread == MAIN && self.signals.suspended.is_some()
    }

    fn resume(&mut self) {
        let Suspended { actions, mut counter } = self.signals.suspended.take().expect("a program");
        let main = &mut self.threads[MAIN];
        counter.to_answer = std::mem::take(&mut main.program.to_answer);
        counter.take_marks(&mut main.program);
        main.program = counter;
        main.actions = actions;
    }

    pub fn raise(&mut self, thread: usize, exception: Exception) {
        self.exceptions.push(Raised { thread, time: self.now, exception });
        self.threads[thread].report.exceptions += 1;
        self.goes_on_raising(thread);
    }

    fn goes_on_raising(&mut self, thread: usize) {
        let it = &mut self.threads[thread];
        it.actions.clear();
        it.program.is_leaving = true;
        it.program.unwinding.get_or_insert(it.program.step);
        self.then(thread, &[Action::Signal(Signal::Leave)]);
    }

    fn leave(&mut self, thread: usize) {
        const LEAVE: Action = Action::Signal(Signal::Leave);
        while let Some((call, waits)) = self.threads[thread].program.calls.pop() {
            if let (Call::ConditionWait(condition), true) = (call, waits) {
                let lock = self.gives_up_waiting(thread, condition);
                let restore = Action::Signal(Signal::Restore(condition));
                return self.then(thread, &[Action::Library(Take(lock)), restore, LEAVE]);
            }
            if let Some(lock) = self.guard_of(call).filter(|lock| self.is_holder(thread, *lock)) {
                return self.then(thread, &[Action::Library(Free(lock)), LEAVE]);
            }
        }
        self.threads[thread].program.is_leaving = false;
        let program = self.program_of(thread);
        let in_handler = self.is_in_handler(thread);
        let it = &mut self.threads[thread].program;
        let step = it.unwinding.expect("an exception is on its way");
        // The inner ones come first.
        let around = program.handlers.iter().find(|handler| handler.from < step && step <= handler.to);
        it.unwinding = around.map(|handler| handler.from);
        match around {
            Some(handler) => self.then(thread, &[Action::Library(Library::Do(handler.leave)), LEAVE]),
            None if in_handler => {
                self.resume();
                self.goes_on_raising(thread);
            }
            None => {
                let last = self.exceptions.iter().rfind(|raised| raised.thread == thread);
                let interrupts = last.is_some_and(|raised| raised.exception == Exception::KeyboardInterrupt);
                if interrupts && self.current_task(thread).is_some() {
                    self.suspend(thread);
                    self.threads[thread].actions.clear();
                }
                let end = self.program_of(thread).steps.len() - 1;
                let it = &mut self.threads[thread].program;
                it.loops.clear();
                it.step = end;
            }
        }
    }
}
