//! What the engine is given: a machine, a lock policy, programs and threads, all by index.

use crate::des::{Distribution, Span, Time};
use crate::os::Birth;
use crate::os::attributes::Attributes;
use crate::os::machine::Machine;
use crate::os::sync::Selector;
use crate::python::event_loop::LoopKind;
use crate::python::interpreter::{GilConfig, SignalRules, ThreadingLock};
use crate::python::program::Program;
use crate::python::stretch::Stretch;
use crate::python::threading::Threading;

/// Everything that decides the outcome of a run, but for the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The machine.
    pub machine: Machine,
    /// How many interpreters there are, each with a lock of its own; a process has at least one.
    pub interpreters: usize,
    /// The lock of each interpreter.
    pub gil: GilConfig,
    /// Whether an interpreter with one thread has a lock, too.
    pub lone_thread_locks: bool,
    /// The stretches of bytecode that programs refer to.
    pub stretches: Vec<Stretch>,
    /// The programs that threads refer to.
    pub programs: Vec<Program>,
    /// What library code consists of: the index of its stretch, and the time of one of its instructions.
    pub library: (usize, Span),
    /// The objects of `threading` and `queue` that programs refer to, as they are at first.
    pub threading: Threading,
    /// Whether `lock.acquire()` tries before it gives the GIL up (3.3 and later).
    pub lock_tries_first: bool,
    /// Whether `time.sleep()` waits for an instant that it has computed before it gives the GIL up (3.11 and later on Linux).
    pub sleeps_until: bool,
    /// What `threading.Lock` is.
    pub threading_lock: ThreadingLock,
    /// How many shared variables there are, all 0 at first.
    pub variables: usize,
    /// The objects whose reference counts threads share: for each, the thread that changes it by plain additions, if any
    /// does; the others need atomic instructions.
    pub shared_objects: Vec<Option<usize>>,
    /// Whether each shared object has a lock of its own, a `PyMutex` (PEP 703): how often a thread gives its core away before
    /// it parks.
    pub object_locks: Option<u32>,
    /// The pipes and sockets: how many messages each holds, at least one.
    pub channels: Vec<usize>,
    /// The devices.
    pub devices: Vec<DeviceSpec>,
    /// How many latencies are measured.
    pub latencies: usize,
    /// Users outside the machine, a group each.
    pub clients: Vec<ClientSpec>,
    /// How many pools tasks are submitted to.
    pub pools: usize,
    /// The event loops that threads run.
    pub loops: Vec<LoopSpec>,
    /// What a signal means to the interpreters.
    pub signal_rules: SignalRules,
    /// The signals from outside.
    pub signals: Vec<SignalSpec>,
    /// The threads, from 1 to 4096; the first is the main thread.
    pub threads: Vec<ThreadSpec>,
    /// When the run is cut off, if it has not ended by itself.
    pub until: Option<Time>,
}

impl Model {
    /// How many tasks all event loops have.
    pub fn tasks(&self) -> usize {
        self.loops.iter().map(|event_loop| event_loop.tasks.len()).sum()
    }
}

/// One thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadSpec {
    /// Index of its program.
    pub program: usize,
    /// Index of the interpreter that executes it; `None` for a thread that runs no Python.
    pub interpreter: Option<usize>,
    /// Whether the run ends without waiting for it.
    pub daemon: bool,
    /// When it is started.
    pub start: Span,
    /// How it comes into being: as the first of a process, if a step starts it, or as a thread.
    pub birth: Birth,
    /// Whether it is started by another thread's step instead.
    pub started_by_step: bool,
    /// Whether others wait for its beginning or for its end.
    pub announced: bool,
    /// Whether it belongs to another program, which keeps the machine busy; such threads come last.
    pub background: bool,
    /// What the scheduler is told of it.
    pub attributes: Attributes,
    /// Index of the event loop whose tasks it runs, if its program does.
    pub event_loop: Option<usize>,
}

/// An event loop; exactly one thread runs it.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopSpec {
    /// Whose it is.
    pub kind: LoopKind,
    /// How it learns what is ready.
    pub selector: Selector,
    /// How many descriptors it watches besides on which nothing ever happens, such as idle connections.
    pub idle_descriptors: u64,
    /// For each task, the index of its program.
    pub tasks: Vec<usize>,
    /// How many places each of its semaphores has at first.
    pub semaphores: Vec<u64>,
}

/// A device that serves threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    /// How many requests it serves at a time, at least one.
    pub servers: usize,
    /// By how much its driver boosts the priority of a thread that it has served; `windows` heeds it.
    pub boost: u8,
}

/// A signal that comes from outside, for the main thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalSpec {
    /// When it comes first.
    pub at: Span,
    /// The time from one arrival to the next; `None` if it comes once.
    pub every: Option<Span>,
    /// How often it comes, at least once; `None` for no end.
    pub times: Option<u64>,
    /// Index of the program that handles it; `None` if it raises `KeyboardInterrupt`.
    pub handler: Option<usize>,
    /// Index of the latency that is measured, from its arrival to the beginning of its handler.
    pub latency: usize,
}

/// Users outside the machine that send requests through a channel and wait for the answers.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSpec {
    /// Index of the channel.
    pub channel: usize,
    /// Index of the latency that is measured, from the sending of a request to the arrival of its answer.
    pub latency: usize,
    /// How the users send requests.
    pub arrivals: Arrivals,
    /// How many requests they send altogether; `None` for no end.
    pub requests: Option<u64>,
}

/// How users send requests.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Each of so many users sends a request, waits for the answer, thinks, and sends the next.
    Closed {
        /// How many users there are, at least one.
        users: usize,
        /// How long a user thinks.
        think: Distribution,
    },
    /// Requests come independently of the answers.
    Open {
        /// The time from one request to the next.
        between: Distribution,
    },
}

impl ClientSpec {
    /// How many users of this group act by themselves.
    pub fn users(&self) -> usize {
        match self.arrivals {
            Arrivals::Closed { users, .. } => users,
            Arrivals::Open { .. } => 1,
        }
    }
}
