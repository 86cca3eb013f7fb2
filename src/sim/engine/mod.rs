//! The engine: threads stepping through their programs, turn by turn.
//!
//! A thread's turn comes when it has nothing left to execute. The engine then carries it as far as it goes without
//! time passing: through its program (`program`, `bytecode`), through the lock policy (`lock`), through the kernel's
//! operations. It skips ahead to the next instant at which anything can change: a stretch of bytecode is one burst up
//! to the next check.

mod awaits;
mod blocked;
mod bytecode;
mod calls;
mod code;
mod cycle;
mod event_loop;
mod lock;
mod program;
mod signals;
mod tasks;
mod traffic;
mod unreceived;
mod world;

use crate::des::random::Purpose;
use crate::des::{Cycles, Distribution, Span, Stream, Time};
use crate::os::ThreadId;
use crate::os::kernel::{Happening, Kernel, LAST_INSTANT};
use crate::os::sync::{ChannelId, Message, Request, VariableId, WordId};
use crate::python::gil::Gil;
use crate::python::interpreter::GilConfig;
use crate::python::threading::{Frame, LockNumber, Threading};
use crate::sim::model::{Model, ThreadSpec};
use crate::sim::report::{Ending, GilCounters, Raised, Report, ThreadReport, Variable};
use crate::trace::Observer;
use code::{Code, CodeOf};
use event_loop::EventLoop;
use traffic::Traffic;

/// Runs a model to its end.
///
/// The outcome is a function of the model and the seed: the observer cannot change it.
pub fn run<O: Observer>(model: &Model, seed: u64, observer: O) -> (Report, O) {
    run_with(model, seed, observer, Shortcuts::default())
}

/// Which shortcuts the engine takes. They are exact: with or without them, the outcome is the same but for the number of
/// events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcuts {
    /// Execute bytecode up to the next check at once, instead of tick by tick.
    pub skip_ticks: bool,
    /// Let the clock run ahead of the event queue while nothing but one thread can do anything. Only with `skip_ticks`.
    pub run_ahead: bool,
    /// Skip what happens again and again where nothing random happens, if nobody watches. Only with `skip_ticks`.
    pub skip_cycles: bool,
}

impl Shortcuts {
    /// No shortcut: event by event, and tick by tick.
    pub const NONE: Shortcuts = Shortcuts { skip_ticks: false, run_ahead: false, skip_cycles: false };
}

impl Default for Shortcuts {
    fn default() -> Shortcuts {
        Shortcuts { skip_ticks: true, run_ahead: true, skip_cycles: true }
    }
}

/// The same as [`run`], with some shortcuts only.
pub fn run_with<O: Observer>(model: &Model, seed: u64, observer: O, shortcuts: Shortcuts) -> (Report, O) {
    let mut engine = Engine::new(model, seed, observer, shortcuts);
    let ending = engine.run();
    engine.report(ending)
}

/// Whether the run waits for a thread: it does not for a daemon, unless there are only daemons.
fn is_awaited(model: &Model, thread: &ThreadSpec) -> bool {
    !thread.background
        && (!thread.daemon || model.threads.iter().all(|other| other.daemon || other.background))
}

/// How deep calls of library code are nested: a method, the condition within.
const DEEPEST_CALL: usize = 4;

/// What a thread is doing when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Activity {
    /// It has just been started.
    Starting,
    /// It has executed bytecode up to the end of its burst.
    Bytecode,
    /// It has looked at a signal that it cannot handle; the lock may have led it there, too.
    SlowPath { by_lock: bool },
    /// The code that it is to execute has come over from another core.
    CodeComesOver,
    /// It has executed C code that keeps the lock.
    C,
    /// It has loaded a variable, which has come over from another core.
    Loaded,
    /// It deals with the lock, for what comes [after](Thread::after).
    Lock,
    /// It carries out a request to the kernel while it holds the lock.
    Inside,
    /// It carries out a request to the kernel without holding the lock.
    Outside,
    /// It stands still because others do, or makes them do so.
    World,
    /// The kernel does what is left to do for it.
    Exiting,
}

/// What a thread does when it has got what it wanted of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum After {
    /// Go on with its program: it holds the lock.
    Program,
    /// Run the handlers of the signals that it has seen.
    Handlers,
    /// Try once more to take the lock of the program that it wants: it holds the lock.
    TakeAgain,
    /// Make this request: it does not hold the lock.
    Request(Request),
    /// End.
    Exit,
}

/// Bytecode that a thread executes, or has executed: one stretch.
#[derive(Clone, Copy, Debug, Default)]
struct Execution {
    stretch: usize,
    /// The position at which it ends.
    span: Span,
    /// The position at which the current burst began.
    position: Span,
    burst: Span,
    /// The position at which the burst leads into the lock code, if it does.
    check_at: Option<Span>,
    /// Whether that is because of the lock, and whether it is because of a signal.
    by_lock: bool,
    by_signal: bool,
    /// Whether that is because the world is to stop.
    by_world: bool,
    /// The position up to which nothing can come of it, the end of the burst if ticks are skipped.
    target: Span,
    /// How many stretches and loops the thread had begun when it began this.
    number: u64,
    /// Of what code it is.
    code_of: CodeOf,
}

/// A loop that a thread is in.
#[derive(Clone, Copy, Debug)]
struct Turns {
    /// The step at which its body starts.
    body: usize,
    /// How many turns are left, with the present one; `None` is forever.
    left: Option<u64>,
    /// How many stretches and loops the thread had begun when it began this.
    number: u64,
}

#[derive(Clone, Debug)]
struct Thread {
    activity: Activity,
    /// What it does when it has got what it wants of the lock.
    after: After,
    /// The interpreter whose lock it must hold to execute bytecode; `None` if there is no such lock.
    lock: Option<usize>,
    /// The program that it goes through: its own, or that of a task of its event loop.
    routine: Routine,
    /// An exception is leaving the steps around the one before this, which comes next if it is caught.
    unwinding: Option<usize>,
    /// It leaves the calls that it is in because of an exception.
    is_leaving: bool,
    /// The lock of the program that it is about to take.
    wants: Option<LockNumber>,
    /// A step has started it.
    is_started: bool,
    /// For how long it has to make objects of what it has received.
    unpickle: Span,
    /// It has told others of its end.
    announced: bool,
    ended: Option<Time>,
    acquisitions: u64,
    failed_acquisitions: u64,
    /// It was woken for the lock in vain, and has not slept since.
    has_failed: bool,
}

/// How far a program has come, and what it remembers.
#[derive(Clone, Debug)]
struct Routine {
    /// Threads come first, then the tasks of event loops.
    number: usize,
    program: usize,
    /// The step that comes next.
    step: usize,
    execution: Execution,
    /// The loops that it is in, the innermost last.
    loops: Vec<Turns>,
    /// How many stretches and loops it has begun.
    begun: u64,
    /// The calls of library code that it is in, the innermost last.
    calls: Vec<Frame>,
    /// The shared variable it loaded last.
    loaded: i64,
    /// How often that variable had been stored to.
    stores_seen: u64,
    stream: Stream,
    /// What comes when the request to the kernel has been carried out.
    traffic: Traffic,
    /// The message it received last from each channel, and has not answered.
    received: Vec<Option<Message>>,
    /// How many tasks it has submitted to each pool and not gathered.
    outstanding: Vec<u64>,
    /// The task that joins the queue of the event loop when the present bytecode has been executed.
    wakes: Option<usize>,
    /// What it has just received.
    inbox: Option<Message>,
    /// What it is sending, until it has gone.
    outgoing: Option<(ChannelId, Message)>,
    /// It has tried in vain to receive or to send.
    was_refused: bool,
    /// What it has drawn for a sleep that it has not begun.
    sleeps: Option<Span>,
    /// Its question has gone out of the machine.
    awaits_io: bool,
    /// How many instructions of library code come first when it goes on.
    instructions_before: u64,
    /// It is a task that has come to its end.
    has_ended: bool,
}

impl Routine {
    fn new(number: usize, program: usize, model: &Model, seed: u64) -> Routine {
        Routine {
            number,
            program,
            step: 0,
            execution: Execution::default(),
            loops: Vec::with_capacity(model.programs[program].loop_depth()),
            begun: 0,
            calls: Vec::with_capacity(DEEPEST_CALL),
            loaded: 0,
            stores_seen: 0,
            stream: Stream::new(seed, Purpose::Program, number as u64),
            traffic: Traffic::None,
            received: vec![None; model.channels.len()],
            outstanding: vec![0; model.pools],
            wakes: None,
            inbox: None,
            outgoing: None,
            was_refused: false,
            sleeps: None,
            awaits_io: false,
            instructions_before: 0,
            has_ended: false,
        }
    }
}

/// An interpreter and its lock.
#[derive(Clone, Debug)]
struct Interpreter {
    gil: Gil,
    holder: Option<ThreadId>,
    held_since: Time,
    last_holder: Option<ThreadId>,
    counters: GilCounters,
}

struct Engine<'a, O> {
    model: &'a Model,
    shortcuts: Shortcuts,
    /// Where the run is cut off, if it has not ended by itself.
    limit: Time,
    /// Looks for cycles to skip.
    cycles: Option<Box<Cycles>>,
    /// How many events were skipped with them.
    skipped_events: u64,
    kernel: Kernel<O>,
    interpreters: Vec<Interpreter>,
    /// Where the code of each interpreter is; of none if it makes no difference.
    code: Vec<Code>,
    threads: Vec<Thread>,
    loops: Vec<EventLoop>,
    outside: traffic::Outside,
    threading: Threading,
    locks: Vec<calls::Lock>,
    variables: Vec<Variable>,
    /// The reference counts of the objects that threads share.
    counts: Vec<WordId>,
    /// Where each shared variable is, if there is no GIL: with one, hardly anybody ever waits for them.
    places: Vec<VariableId>,
    /// The exceptions that have ended programs of threads.
    exceptions: Vec<Raised>,
    signals: signals::Signals,
    world: world::World,
    /// How many threads the run still waits for: all but the daemons, or, if there are only daemons, all.
    awaited: usize,
    /// How many threads are the program's own: the others, of the background, come after them.
    own_threads: usize,
}

impl<'a, O: Observer> Engine<'a, O> {
    fn new(model: &'a Model, seed: u64, observer: O, shortcuts: Shortcuts) -> Engine<'a, O> {
        let count = model.threads.len();
        let users: usize = model.clients.iter().map(|client| client.users()).sum();
        let attributes: Vec<_> = model.threads.iter().map(|thread| thread.attributes).collect();
        let mut kernel = Kernel::new(
            &model.machine,
            &attributes,
            users + model.tasks() + model.signals.len(),
            seed,
            observer,
        );
        let interpreters = (0..model.interpreters).map(|_| Interpreter {
            gil: Gil::new(model.gil, kernel.objects(), count),
            holder: None,
            held_since: Time::ZERO,
            last_holder: None,
            counters: GilCounters::default(),
        });
        let interpreters = interpreters.collect();
        let code_moves =
            model.machine.cores > 1 && model.machine.costs.moved_instruction != Distribution::ZERO;
        let told_apart = if code_moves { model.interpreters } else { 0 };
        let code = vec![Code::new(model.stretches.len()); told_apart];
        let threads = model.threads.iter().enumerate().map(|(index, spec)| Thread {
            activity: Activity::Starting,
            after: After::Program,
            lock: spec.interpreter.filter(|interpreter| has_lock(model, *interpreter)),
            routine: Routine::new(index, spec.program, model, seed),
            unwinding: None,
            is_leaving: false,
            wants: None,
            is_started: false,
            unpickle: Span::ZERO,
            announced: false,
            ended: None,
            acquisitions: 0,
            failed_acquisitions: 0,
            has_failed: false,
        });
        let threads = threads.collect();
        let mut first_task = count;
        let loops = model.loops.iter().map(|spec| {
            let first = first_task;
            first_task += spec.tasks.len();
            EventLoop::new(spec, first, model, seed, kernel.objects())
        });
        let loops = loops.collect();
        let looks_for_cycles =
            shortcuts.skip_cycles && shortcuts.skip_ticks && !O::WATCHES && cycle::are_known(model);
        let places = if model.gil == GilConfig::None { model.variables } else { 0 };
        Engine {
            model,
            shortcuts,
            limit: model.until.unwrap_or(LAST_INSTANT),
            cycles: looks_for_cycles.then(Box::default),
            skipped_events: 0,
            // Where cycles are skipped, no step takes any, and so they are no part of the state.
            locks: if looks_for_cycles { Vec::new() } else { calls::locks(model, kernel.objects()) },
            threading: model.threading.with_room(),
            variables: vec![Variable::default(); model.variables],
            places: (0..places).map(|_| kernel.objects().new_variable()).collect(),
            counts: model.shared_objects.iter().map(|_| kernel.objects().new_word()).collect(),
            exceptions: Vec::with_capacity(count),
            signals: signals::Signals::new(model, seed),
            world: world::World::new(model, kernel.objects()),
            interpreters,
            code,
            threads,
            loops,
            outside: traffic::Outside::new(model, seed, kernel.objects()),
            own_threads: model.threads.iter().filter(|thread| !thread.background).count(),
            awaited: model.threads.iter().filter(|thread| is_awaited(model, thread)).count(),
            kernel,
        }
    }

    fn run(&mut self) -> Ending {
        for (thread, spec) in self.model.threads.iter().enumerate().filter(|(_, spec)| !spec.started_by_step)
        {
            self.kernel.start(thread, Time::ZERO + spec.start);
        }
        self.users_begin();
        self.signals_begin();
        if self.may_run_ahead() {
            self.kernel.may_run_ahead(self.limit);
        }
        while self.awaited > 0 {
            match self.kernel.next(self.limit) {
                Happening::Turn(thread) => self.turn(thread),
                Happening::Alarm(alarm) => match alarm.checked_sub(self.first_signal()) {
                    Some(signal) => self.signal_arrives(signal),
                    None => self.user_acts(alarm),
                },
                Happening::Internal => {}
                Happening::Nothing if self.kernel.now() == self.limit => return Ending::CutOff,
                Happening::Nothing => return Ending::Stuck,
            }
            if self.outside.all_answered() {
                return Ending::Finished;
            }
            if self.own_threads < self.threads.len() && !self.kernel.awaits_any_of(self.own_threads) {
                return if self.awaited > 0 { Ending::Stuck } else { Ending::Finished };
            }
        }
        Ending::Finished
    }

    /// Whether the clock may run ahead of the event queue. Beside other programs it may not: after every event, the run is
    /// over if only those can go on.
    fn may_run_ahead(&self) -> bool {
        self.shortcuts.run_ahead && self.shortcuts.skip_ticks && self.own_threads == self.threads.len()
    }

    fn report(mut self, ending: Ending) -> (Report, O) {
        let end = self.kernel.now();
        let makespan = self.kernel.instant();
        let deadlock = self.deadlock();
        let unreceived = self.unreceived(ending);
        let mut blocked = self.blocked(ending);
        blocked.retain(|blocked| deadlock.iter().all(|waiting| waiting.thread != blocked.thread));
        for interpreter in &mut self.interpreters {
            if interpreter.holder.is_some() {
                interpreter.counters.held += end.since(interpreter.held_since);
            }
        }
        let (kernel, observer) = self.kernel.close(end);
        let exceptions_of =
            |thread| self.exceptions.iter().filter(|raised| raised.thread == thread).count() as u64;
        let threads: Vec<ThreadReport> = self
            .threads
            .iter()
            .enumerate()
            .map(|(index, thread)| ThreadReport {
                usage: *kernel.usage(index),
                acquisitions: thread.acquisitions,
                failed_acquisitions: thread.failed_acquisitions,
                exceptions: exceptions_of(index),
                ended: thread.ended,
                background: self.model.threads[index].background,
            })
            .collect();
        let interpreters: Vec<GilCounters> =
            self.interpreters.iter().map(|interpreter| interpreter.counters).collect();
        let report = Report {
            ending,
            variables: self.variables,
            deadlock,
            exceptions: self.exceptions,
            unreceived,
            blocked,
            makespan,
            gil: interpreters.iter().fold(GilCounters::default(), |sum, one| sum.plus(one)),
            interpreters,
            threads,
            core_busy: (0..self.model.machine.cores).map(|core| kernel.core_busy(core)).collect(),
            latencies: self.outside.into_latencies(),
            events: kernel.event_count(),
            skipped_events: self.skipped_events,
        };
        (report, observer)
    }

    /// Carries `thread` as far as it goes without time passing.
    fn turn(&mut self, thread: ThreadId) {
        let mut goes_on = true;
        while goes_on {
            goes_on = match self.threads[thread].activity {
                Activity::Starting => self.begin_program(thread),
                Activity::Bytecode => self.bytecode_executed(thread),
                Activity::CodeComesOver => self.run_bytecode(thread),
                Activity::SlowPath { by_lock } => self.go_on_from_look(thread, by_lock),
                Activity::C => self.c_executed(thread),
                Activity::Loaded => self.go_on(thread),
                Activity::Lock => self.lock(thread),
                Activity::Inside => self.inside(thread),
                Activity::Outside => self.outside(thread),
                Activity::World => self.world(thread),
                Activity::Exiting => self.gone(thread),
            };
        }
    }
}

/// Whether there is a lock in an interpreter: there is none until there is a second thread, unless the lock is made
/// when the interpreter is.
fn has_lock(model: &Model, interpreter: usize) -> bool {
    let threads = model.threads.iter().filter(|thread| thread.interpreter == Some(interpreter)).count();
    model.gil != GilConfig::None && (threads > 1 || model.lone_thread_locks)
}
