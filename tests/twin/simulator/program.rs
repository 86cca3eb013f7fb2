//! Programs and bytecode (sections 6, 6a and 8 of the rules).

use std::collections::BTreeMap;
use std::mem::Discriminant;

use gilsim::des::{Span, Time};
use gilsim::python::program::Step;
use gilsim::python::threading::Call;
use gilsim::trace::{Mark, ThreadState};

use super::calls::Library;
use super::channels::Message;
use super::kernel::{Burst, Mode};
use super::lock::{Policy, Why, ticker_interval};
use super::objects::Action::{self, Lock, Program};
use super::objects::Queue;
use super::signals::{Again, MAIN, Signal};
use super::world::Stop;
use super::{Cost, World};

/// A word's visit of a core.
#[derive(Clone)]
pub struct Visit {
    core: usize,
    comes: Time,
    /// When all changes asked for are over.
    changed: Time,
    /// Known from when another core has asked for it.
    leaves: Option<Time>,
}

/// What a program does in a turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Do {
    /// Executes bytecode up to where it must stop next.
    Bytecode,
    BytecodeDone,
    /// From here on the thread shows these states, in user mode and when blocked.
    Show(ThreadState, ThreadState),
    Work(Mode, Span),
    /// Blocks until the time is over: a sleep may be late.
    Block(Span),
    /// Blocks until this instant, and for how late the timer is.
    SleepUntil(Time),
    Device(usize, Span),
    /// What was interrupted is done again.
    Retry,
    End,
    /// The kernel has taken apart what it had made for the thread.
    Gone,
}

/// Where a thread, or a task, is in its program, and what it remembers.
#[derive(Default)]
pub struct ProgramCounter {
    pub step: usize,
    /// How often each open loop has still to go round, the innermost last.
    pub loops: Vec<Option<u64>>,
    pub run: Run,
    stop: End,
    pub executes: bool,
    pub wait_timed_out: bool,
    pub after_release: Option<ThreadState>,
    /// The device that it uses or waits for, and for how long it will be served.
    pub service: Option<(usize, Span)>,
    marks: BTreeMap<usize, Time>,
    /// When it began to ask its last question, and what it has received last from each channel.
    pub asked: Option<Time>,
    pub to_answer: BTreeMap<usize, Message>,
    /// How many tasks it has submitted to each pool and not gathered.
    outstanding: BTreeMap<usize, u64>,
    /// Whether the lock that it has tried was held, or what it has tried with a channel could not be done.
    pub refused: bool,
    /// The calls that it is in, the innermost last, and whether it waits in `wait()`.
    pub calls: Vec<(Call, bool)>,
    /// An exception leaves them.
    pub is_leaving: bool,
    /// It has come to its end, and tells others.
    pub announces_end: bool,
    /// The handler that it runs.
    pub handler: Option<usize>,
    /// When its sleep should end, how many actions come after what it does without the lock, how that is done again if it
    /// is interrupted, and what is.
    pub due: Time,
    pub floor: usize,
    pub again: Option<Again>,
    pub retry: Option<(ThreadState, Vec<Action>)>,
    /// The exception on its way leaves the handlers around the step before this one.
    pub unwinding: Option<usize>,
    /// The variable that it has loaded: its value, and the number of stores to it.
    pub remembered: (i64, u64),
}

/// The stretch that is executed, up to which position; where the thread is in it, and the ticks executed there.
#[derive(Clone, Copy, Default)]
pub struct Run {
    stretch: usize,
    until: Span,
    position: Span,
    ticks: u64,
    pub code: Option<Code>,
    /// How many instructions its code has.
    pub instructions: u64,
}

/// Code that is told apart: where another core executed it last, it has to come over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Program(usize),
    Call(Discriminant<Call>, u64),
}

/// Where a burst of bytecode ends.
#[derive(Clone, Copy, Default)]
struct End {
    position: Span,
    ticks: u64,
    ticker: i64,
    check: bool,
    signal: bool,
    world: bool,
}

impl ProgramCounter {
    /// Whether signals do not interrupt it.
    pub fn is_deaf(&self) -> bool {
        self.is_leaving || self.announces_end
    }

    /// Marks, and what was submitted to pools, are those of the thread, whichever program it runs.
    pub fn take_marks(&mut self, other: &mut ProgramCounter) {
        self.marks = std::mem::take(&mut other.marks);
        self.outstanding = std::mem::take(&mut other.outstanding);
    }
}

impl World<'_> {
    pub fn begin_program(&mut self, thread: usize) {
        if self.model.threads[thread].announced {
            self.then(thread, &[Action::Library(Library::Do(Call::Begin))]);
        }
        if self.has_lock(thread) {
            self.then(thread, &[Lock(Policy::Take)]);
        } else {
            let shows = self.computing(thread);
            self.set_states(thread, shows, shows);
            self.then(thread, &[Action::World(Stop::Attach)]);
        }
    }

    /// What a thread shows that executes its program.
    pub fn computing(&self, thread: usize) -> ThreadState {
        match self.model.threads[thread].interpreter {
            Some(_) => ThreadState::RunsPython,
            None => ThreadState::RunsWithoutGil,
        }
    }

    /// How long it takes a thread to change the count of an object that others change, too.
    fn count_reference(&mut self, thread: usize, object: usize) -> Span {
        let core = self.threads[thread].core;
        let change = match self.model.shared_objects[object] {
            Some(owner) if owner == thread => Span::ZERO,
            _ => self.model.machine.costs.atomic_update,
        };
        let present = self.visit_that_lasts(object, core, change);
        let at = present.unwrap_or_else(|| self.word_visits(object, core));
        let visit = &mut self.counts[object][at];
        visit.changed = visit.changed.max(self.now) + change;
        visit.changed.since(self.now)
    }

    /// The number of a word's latest visit of a core, if that is long enough for a change that is asked for now.
    pub fn visit_that_lasts(&self, word: usize, core: usize, change: Span) -> Option<usize> {
        let is_over_in_time = |visit: &Visit| {
            let begin = visit.changed.max(self.now);
            visit.leaves.is_none_or(|leaves| begin < leaves && begin + change <= leaves)
        };
        let latest = self.counts[word].iter().rposition(|visit| visit.core == core);
        latest.filter(|at| is_over_in_time(&self.counts[word][*at]))
    }

    /// A core asks for the word of an object; the number of its visit there.
    pub fn word_visits(&mut self, object: usize, core: usize) -> usize {
        let mut comes = Time::ZERO;
        if !self.counts[object].is_empty() {
            let kept = self.cost(Cost::LineKept);
            let rest = self.cost(Cost::CacheLine).saturating_sub(kept);
            let last = self.counts[object].last_mut().expect("there is one");
            let leaves = last.changed.max(last.comes.max(self.now) + kept);
            last.leaves = Some(leaves);
            comes = leaves + rest;
        }
        self.counts[object].push(Visit { core, comes, changed: comes, leaves: None });
        self.counts[object].len() - 1
    }

    /// The next step of the program.
    pub fn next_step(&mut self, thread: usize) {
        let model = self.model;
        let program = self.program_of(thread);
        let counter = &mut self.threads[thread].program;
        let step = &program.steps[counter.step];
        counter.step += 1;
        match step {
            Step::Run { stretch, span } => self.begin_run(thread, *stretch, Span::ZERO, *span),
            Step::Part { stretch, from, to } => self.begin_run(thread, *stretch, *from, *to),
            Step::LoopStart { count: Some(0), exit } => counter.step = *exit,
            Step::LoopStart { count, .. } => counter.loops.push(*count),
            Step::LoopEnd { start } => {
                let left = counter.loops.pop().expect("a loop is open").map(|left| left - 1);
                if left != Some(0) {
                    counter.loops.push(left);
                    counter.step = start + 1;
                }
            }
            Step::C { span, holds_gil: true } => {
                let span = self.draw(thread, span);
                self.computes_in_c(thread, span);
            }
            Step::C { span, holds_gil: false } => {
                let span = self.draw(thread, span);
                self.without_lock(thread, ThreadState::BlockedOnIo, &[Program(Do::Work(Mode::User, span))]);
            }
            Step::Io { work, wait, device } => {
                let work = self.draw(thread, work);
                let wait = self.draw(thread, wait);
                let call = Action::Spend(Cost::SystemCall);
                let does = match device {
                    Some(device) => vec![call, Program(Do::Device(*device, wait))],
                    None => vec![call, Program(Do::Work(Mode::Kernel, work)), Program(Do::Block(wait))],
                };
                self.without_lock(thread, ThreadState::BlockedOnIo, &does);
            }
            Step::Sleep { span } => {
                let span = self.draw(thread, span);
                let sleep =
                    if self.model.sleeps_until { Do::SleepUntil(self.now + span) } else { Do::Block(span) };
                let does = [Action::Spend(Cost::SystemCall), Program(sleep)];
                self.without_lock(thread, ThreadState::Sleeping, &does);
            }
            Step::BeginMark { latency } => {
                counter.marks.insert(*latency, self.now);
            }
            Step::EndMark { latency } => {
                if let Some(begun) = counter.marks.remove(latency) {
                    self.latencies[*latency].record(self.now.since(begun));
                }
            }
            Step::Send { .. }
            | Step::SendParcel { .. }
            | Step::Receive { .. }
            | Step::Reply { .. }
            | Step::AwaitReply { .. } => {
                self.channel_step(thread, step);
            }
            Step::Load { .. } | Step::Store { .. } => self.variable_step(thread, step),
            Step::CountReference { object } => {
                let span = self.count_reference(thread, *object);
                self.then(thread, &[Program(Do::Work(Mode::User, span))]);
            }
            Step::Collect { span, pause } => {
                let span = self.draw(thread, span);
                self.then(thread, &[Action::World(Stop::Collect(span, *pause))]);
            }
            Step::LockObject { object } => {
                let lock = self.lock_of(*object);
                self.then(thread, &[Action::Library(Library::Take(lock))]);
            }
            Step::UnlockObject { object } => {
                let lock = self.lock_of(*object);
                self.then(thread, &[Action::Library(Library::Free(lock))]);
            }
            Step::Call(call) => self.then(thread, &[Action::Library(Library::Do(*call))]),
            Step::Submitted { pool } => *counter.outstanding.entry(*pool).or_default() += 1,
            Step::LeaveIfGathered { pool, exit } => {
                let left = counter.outstanding.entry(*pool).or_default();
                if *left > 0 {
                    *left -= 1;
                } else {
                    counter.loops.pop();
                    counter.step = *exit;
                }
            }
            Step::Library { instructions } => {
                self.then(thread, &[Action::Library(Library::Python(*instructions))]);
            }
            Step::Await(what) => self.awaits(thread, what),
            Step::Give { semaphore } => self.give(thread, *semaphore),
            Step::RunTasks => self.run_tasks(thread),
            Step::End if self.is_in_handler(thread) => self.next_handler(),
            Step::End if self.current_task(thread).is_some() => self.end_task(thread),
            Step::End => {
                self.then(thread, &[Program(Do::End)]);
                let leave = if self.has_lock(thread) {
                    Lock(Policy::Release(Why::Ends))
                } else {
                    Action::World(Stop::Leave)
                };
                self.then(thread, &[leave]);
                if model.threads[thread].announced {
                    self.threads[thread].program.announces_end = true;
                    self.then(thread, &[Action::Library(Library::Do(Call::End))]);
                }
            }
        }
    }

    /// Executes C code that keeps the lock.
    pub fn computes_in_c(&mut self, thread: usize, span: Span) {
        let shows = self.computing(thread);
        let in_c = if shows == ThreadState::RunsPython { ThreadState::RunsCHoldingGil } else { shows };
        let compute = Program(Do::Work(Mode::User, span));
        let blocked = ThreadState::WaitsForGil;
        self.then(thread, &[show(in_c, blocked), compute, show(shows, blocked)]);
    }

    /// Does something without the lock; the thread shows `blocked` when it blocks.
    pub fn without_lock(&mut self, thread: usize, blocked: ThreadState, does: &[Action]) {
        let free = show(ThreadState::RunsWithoutGil, blocked);
        let has_lock = self.has_lock(thread);
        self.then(thread, &[if has_lock { Lock(Policy::Take) } else { Action::World(Stop::Attach) }]);
        self.threads[thread].program.floor = self.threads[thread].actions.len();
        self.threads[thread].program.again = Some(Again::Does(blocked, does.to_vec()));
        self.then(thread, does);
        self.then(thread, &[free]);
        let release = if has_lock { Lock(Policy::Release(Why::Blocks)) } else { Action::World(Stop::Detach) };
        self.then(thread, &[release]);
    }

    pub fn program_action(&mut self, thread: usize, next: Do) {
        match next {
            Do::Bytecode => self.begin_bytecode(thread),
            Do::BytecodeDone => self.end_bytecode(thread),
            Do::Show(user, blocked) => self.set_states(thread, user, blocked),
            Do::Work(mode, span) => {
                self.threads[thread].burst = Some(Burst { mode, left: span, enters: false })
            }
            Do::Block(span) if span.is_zero() => {}
            Do::Block(span) => {
                self.threads[thread].program.due = self.now + span;
                let sleeps = self.threads[thread].blocked_state == ThreadState::Sleeping;
                if sleeps {
                    let late = self.cost(Cost::TimerLateness);
                    self.block_with_timer(thread, None, Some(self.now + span + late));
                } else {
                    self.block(thread, None, Some(self.now + span));
                }
            }
            Do::SleepUntil(due) if due <= self.now => {}
            Do::SleepUntil(due) => {
                self.threads[thread].program.due = due;
                let late = self.cost(Cost::TimerLateness);
                self.block_with_timer(thread, None, Some(due + late));
            }
            Do::Device(_, span) if span.is_zero() => {}
            Do::Device(device, span) => {
                self.threads[thread].program.service = Some((device, span));
                if self.busy_servers[device] < self.model.devices[device].servers {
                    self.busy_servers[device] += 1;
                    self.block(thread, None, Some(self.now + span));
                } else {
                    self.block(thread, Some(Queue::Device(device)), None);
                }
            }
            Do::Retry => {
                let (blocked, does) = self.threads[thread].program.retry.take().expect("it was interrupted");
                self.without_lock(thread, blocked, &does);
            }
            Do::End if self.is_taken_apart(thread) => {
                self.then(thread, &[Action::Spend(super::Cost::ThreadEnd), Program(Do::Gone)]);
            }
            Do::End | Do::Gone => self.end_thread(thread),
        }
    }

    /// By how much the device boosts that has served `thread`, if one has.
    pub fn boost_of_device(&self, thread: usize) -> Option<u8> {
        let (device, _) = self.threads[thread].program.service?;
        Some(self.model.devices[device].boost)
    }

    /// If a device has served `thread`, it serves the next.
    pub fn device_has_served(&mut self, thread: usize) {
        let Some((device, _)) = self.threads[thread].program.service.take() else { return };
        let Some(next) = self.sleepers(Queue::Device(device)).pop_front() else {
            self.busy_servers[device] -= 1;
            return;
        };
        let (_, span) = self.threads[next].program.service.expect("it waits for the device");
        self.threads[next].sleeps_on = None;
        self.agenda.set(super::Kind::Timer, next, self.now + span);
    }

    /// Executes a stretch from one position to another.
    pub fn begin_run(&mut self, thread: usize, stretch: usize, from: Span, until: Span) {
        let ticks = self.model.stretches[stretch].ticks_until(from);
        let code = Some(Code::Program(stretch));
        let instructions = self.model.stretches[stretch].instructions();
        self.threads[thread].program.run = Run { stretch, until, position: from, ticks, code, instructions };
        self.then(thread, &[Program(Do::Bytecode)]);
    }

    /// The code that `thread` executes is on this core from now on: whether it was on another.
    fn code_comes_over(&mut self, thread: usize) -> bool {
        if !self.has_lock(thread) {
            return false;
        }
        let Some(code) = self.threads[thread].program.run.code else { return false };
        let (at, core) = (self.interpreter_of(thread), self.threads[thread].core);
        let key = (at, code);
        match self.program.code.iter_mut().find(|(known, _)| *known == key) {
            Some((_, last)) => std::mem::replace(last, core) != core,
            None => {
                self.program.code.push((key, core));
                false
            }
        }
    }

    fn begin_bytecode(&mut self, thread: usize) {
        let run = self.threads[thread].program.run;
        if run.position == run.until {
            return;
        }
        if self.code_comes_over(thread) {
            let left =
                self.cost(super::Cost::MovedInstruction) * self.threads[thread].program.run.instructions;
            self.threads[thread].burst = Some(Burst { mode: Mode::User, left, enters: false });
            return self.then(thread, &[Program(Do::Bytecode)]);
        }
        let stop = self.stop_after(thread, run.position);
        self.threads[thread].program.stop = stop;
        self.threads[thread].program.executes = true;
        self.threads[thread].burst =
            Some(Burst { mode: Mode::User, left: stop.position - run.position, enters: false });
        self.then(thread, &[Program(Do::BytecodeDone)]);
    }

    fn end_bytecode(&mut self, thread: usize) {
        let counter = &mut self.threads[thread].program;
        let stop = counter.stop;
        counter.executes = false;
        (counter.run.position, counter.run.ticks) = (stop.position, stop.ticks);
        self.then(thread, &[Program(Do::Bytecode)]);
        if !self.has_lock(thread) {
            if stop.signal {
                self.then(thread, &[Action::Signal(Signal::Handle)]);
            }
            if stop.world {
                self.then(thread, &[Action::World(Stop::Stand)]);
            }
            return;
        }
        let at = self.interpreter_of(thread);
        self.gils[at].ticker = stop.ticker;
        if stop.check {
            if let Some(interval) = ticker_interval(&self.model.gil) {
                self.gils[at].ticker = i64::from(interval);
            }
            self.gils[at].counters.checks += 1;
            self.mark(thread, Mark::Check);
            self.then(thread, &[Lock(Policy::Check)]);
        }
        if stop.signal && thread == MAIN {
            self.then(thread, &[Action::Signal(Signal::Handle)]);
        } else if stop.signal && !self.signal_checks() {
            let (_, instruction) = self.model.library;
            self.then(thread, &[Program(Do::Work(Mode::User, instruction))]);
        }
    }

    /// The burst of bytecode, of which so much is left, ends sooner if the thread must look at something before.
    pub fn stop_sooner(&mut self, thread: usize, left: Span) {
        let before = self.threads[thread].program.stop;
        let position = before.position - left;
        let stop = self.stop_after(thread, position);
        let leads = |stop: End| stop.check || stop.signal || stop.world;
        if stop.position < before.position || (leads(stop) && !leads(before)) {
            self.threads[thread].program.stop = stop;
            self.cut_burst(thread, stop.position - position);
        } else if stop.position == before.position {
            // What it was to stop for it still does, and perhaps for something else as well.
            let of = &mut self.threads[thread].program.stop;
            of.check |= stop.check;
            of.signal |= stop.signal;
            of.world |= stop.world;
        }
    }

    /// Executes bytecode from `position` tick by tick, up to a check or the end of the run.
    fn stop_after(&self, thread: usize, position: Span) -> End {
        let run = self.threads[thread].program.run;
        let stretch = &self.model.stretches[run.stretch];
        let mut stop = End { position: run.until, ticks: run.ticks, ..End::default() };
        let has_lock = self.has_lock(thread);
        if has_lock {
            stop.ticker = self.gils[self.interpreter_of(thread)].ticker;
        }
        while let Some(tick) = stretch.position_of_tick(stop.ticks + 1).filter(|tick| *tick <= run.until) {
            stop.ticks += 1;
            let may_check = stretch.first_check_from(stop.ticks) == Some(stop.ticks);
            let mut asked = has_lock && self.has_been_asked(thread) && tick > position;
            let signal = self.sees_signal(thread) && tick > position;
            if has_lock && ticker_interval(&self.model.gil).is_some() {
                stop.ticker = (stop.ticker - 1).max(-1);
                asked |= stop.ticker < 0;
            }
            asked |= has_lock && signal && self.signal_checks();
            let world = self.is_to_stand(thread) && tick > position;
            if (asked || signal || world) && may_check {
                return End { position: tick, check: asked, signal, world, ..stop };
            }
        }
        stop
    }
}

/// The thread shows these states from here on.
pub fn show(user: ThreadState, blocked: ThreadState) -> Action {
    Program(Do::Show(user, blocked))
}
