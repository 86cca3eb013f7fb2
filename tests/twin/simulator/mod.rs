//! The second simulator: written from `docs/model.md` alone, one operation at a time, to judge the engine by.
//!
//! A thread's future is a stack of actions; an agenda of events says what happens next. Nothing is skipped and nothing
//! is precomputed, except that a burst of bytecode is as long as the rules make it.

mod calls;
mod channels;
mod conditions;
mod inheritance;
mod kernel;
mod loads;
mod lock;
mod mach;
mod mutexes;
mod objects;
mod priorities;
mod program;
mod proposals;
mod sched;
mod signals;
mod switching;
mod tasks;
mod world;

use gilsim::des::random::Purpose;
use gilsim::des::{Distribution, Span, Stream, Time};
use gilsim::os::machine::Costs;
use gilsim::python::interpreter::GilConfig;
use gilsim::sim::report::{GilCounters, Raised, Variable};
use gilsim::sim::{Ending, Latency, Model, Report};
use gilsim::trace::{Mark, ThreadState};

pub use kernel::{Core, Thread};

/// All that can be observed of a run. No entry of a lane has length zero, and neighbours differ.
#[derive(Debug)]
pub struct Outcome {
    pub report: Report,
    pub states: Vec<Vec<(Time, ThreadState)>>,
    pub cores: Vec<Vec<(Time, Option<usize>)>>,
    pub marks: Vec<(Time, usize, Mark)>,
}

/// Simulates `model` with the random streams of `seed`.
pub fn run(model: &Model, seed: u64) -> Outcome {
    let mut world = World::new(model, seed);
    for (thread, spec) in model.threads.iter().enumerate().filter(|(_, spec)| !spec.started_by_step) {
        world.agenda.set(Kind::Timer, thread, Time::ZERO + spec.start);
    }
    world.set_alarms();
    world.set_signals();
    world.set_tick();
    world.record();
    let mut handled = 0;
    let until = model.until.unwrap_or(Time::END);
    let ending = loop {
        if world.waited_for_have_ended() || world.all_requests_are_over() {
            break Ending::Finished;
        }
        if handled > 0 && world.is_stuck_beside_others() {
            break Ending::Stuck;
        }
        let Some(event) = world.agenda.take_next(until) else {
            if world.now < until && world.agenda.events.iter().all(|event| event.kind == Kind::Tick) {
                break Ending::Stuck;
            }
            world.now = until;
            break Ending::CutOff;
        };
        world.now = event.time;
        handled += 1;
        crate::give_up_after(1_000_000, handled);
        match event.kind {
            Kind::Alarm => match event.index.checked_sub(world.first_signal()) {
                Some(signal) => world.signal_has_come(signal, event.index),
                None => world.alarm_has_come(event.index),
            },
            Kind::Timer => world.timer_has_come(event.index),
            Kind::Core => world.piece_is_over(event.index),
            Kind::Interrupt => world.interrupt_has_come(event.index),
            Kind::Slice => world.slice_is_over(event.index),
            Kind::Host => world.host_interrupts(event.index),
            Kind::Tick => world.tick(),
        }
        world.record();
    };
    world.outcome(ending)
}

/// What can happen, in the order in which it happens at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Alarm,
    Timer,
    Core,
    Interrupt,
    Slice,
    Host,
    Tick,
}

/// One event to come; `place` is the order in which it was set.
#[derive(Clone, Copy, Debug)]
struct Event {
    time: Time,
    kind: Kind,
    place: u64,
    index: usize,
}

/// The events to come, in no order.
#[derive(Default)]
struct Agenda {
    events: Vec<Event>,
    last_place: u64,
}

impl Agenda {
    fn set(&mut self, kind: Kind, index: usize, time: Time) {
        if self.events.iter().any(|event| (event.kind, event.index, event.time) == (kind, index, time)) {
            return;
        }
        self.cancel(kind, index);
        self.last_place += 1;
        self.events.push(Event { time, kind, place: self.last_place, index });
    }

    fn is_set(&self, kind: Kind, index: usize) -> bool {
        self.events.iter().any(|event| (event.kind, event.index) == (kind, index))
    }

    fn cancel(&mut self, kind: Kind, index: usize) {
        self.events.retain(|event| (event.kind, event.index) != (kind, index));
    }

    fn take_next(&mut self, until: Time) -> Option<Event> {
        let next = *self.events.iter().min_by_key(|event| (event.time, event.kind, event.place))?;
        let only_ticks = self.events.iter().all(|event| event.kind == Kind::Tick);
        if only_ticks || next.time > until || next.time == Time::END {
            return None;
        }
        self.cancel(next.kind, next.index);
        Some(next)
    }
}

/// What can cost time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    ContextSwitch,
    SystemCall,
    WakeSleeper,
    WakeNoSleeper,
    LatencyIdle,
    LatencyDeep,
    TimerLateness,
    LockOperation,
    AtomicOperation,
    Migration,
    Interrupt,
    LatencyBusy,
    LatencyJustIdle,
    GoingIdle,
    FromPolling,
    FromHalted,
    Queueing,
    OtherCore,
    ClockRead,
    CacheLine,
    LineKept,
    MovedInstruction,
    ThreadStart,
    ThreadBegin,
    ThreadEnd,
    ChannelSend,
    ChannelReceive,
    SelectDescriptor,
    PollDescriptor,
    LargeAllocation,
    ForkStart,
    ForkBegin,
    ForkEnd,
    SpawnStart,
    SpawnBegin,
    SpawnEnd,
    FallingAsleep,
    ClockTick,
    TimerChange,
    InterruptionEvery,
    InterruptionLength,
    /// Until the first interruption of a core at work: the whole time, and the stream of the part of it.
    RestWhole,
    RestPart,
    /// Nothing but what it takes to reach the core of a thread.
    Reach,
    /// Nothing but what it takes until the memory has come over.
    Touch,
}

/// The random streams, one for each cost and one for the program of each thread and each task.
struct Streams {
    costs: Vec<Stream>,
    programs: Vec<Stream>,
}

impl Streams {
    fn new(seed: u64, programs: usize) -> Streams {
        let keys = [
            (Purpose::ContextSwitch, 0),
            (Purpose::SystemCall, 0),
            (Purpose::WakeCall, 0),
            (Purpose::WakeCall, 1),
            (Purpose::WakeLatency, 0),
            (Purpose::WakeLatency, 1),
            (Purpose::TimerLateness, 0),
            (Purpose::LockOperation, 0),
            (Purpose::AtomicOperation, 0),
            (Purpose::Migration, 0),
            (Purpose::WakeCall, 2),
            (Purpose::WakeLatency, 2),
            (Purpose::WakeLatency, 3),
            (Purpose::WakeLatency, 4),
            (Purpose::ContextSwitch, 4),
            (Purpose::ContextSwitch, 5),
            (Purpose::ContextSwitch, 6),
            (Purpose::WakeCall, 3),
            (Purpose::SystemCall, 1),
            (Purpose::CacheLine, 0),
            (Purpose::CacheLine, 2),
            (Purpose::CacheLine, 1),
            (Purpose::Birth, 0),
            (Purpose::Birth, 7),
            (Purpose::Birth, 8),
            (Purpose::Channel, 0),
            (Purpose::Channel, 1),
            (Purpose::Channel, 2),
            (Purpose::Channel, 3),
            (Purpose::SystemCall, 2),
            (Purpose::Birth, 1),
            (Purpose::Birth, 2),
            (Purpose::Birth, 3),
            (Purpose::Birth, 4),
            (Purpose::Birth, 5),
            (Purpose::Birth, 6),
            (Purpose::ContextSwitch, 1),
            (Purpose::ContextSwitch, 2),
            (Purpose::ContextSwitch, 3),
            (Purpose::Interruption, 0),
            (Purpose::Interruption, 1),
            (Purpose::Interruption, 2),
            (Purpose::Interruption, 3),
        ];
        let costs = keys.into_iter().map(|(purpose, index)| Stream::new(seed, purpose, index)).collect();
        let program = |number| Stream::new(seed, Purpose::Program, number);
        Streams { costs, programs: (0..programs as u64).map(program).collect() }
    }

    fn draw(&mut self, costs: &Costs, cost: Cost) -> Span {
        let distribution = match cost {
            Cost::ContextSwitch => &costs.context_switch,
            Cost::SystemCall => &costs.system_call,
            Cost::WakeSleeper => &costs.wake_sleeper,
            Cost::WakeNoSleeper => &costs.wake_no_sleeper,
            Cost::LatencyIdle => &costs.wake_latency_idle,
            Cost::LatencyDeep => &costs.wake_latency_deep,
            Cost::TimerLateness => &costs.timer_lateness,
            Cost::LockOperation => &costs.lock_operation,
            Cost::AtomicOperation => &costs.atomic_operation,
            Cost::Migration => &costs.migration,
            Cost::Interrupt => &costs.wake_interrupt,
            Cost::LatencyJustIdle => &costs.wake_latency_just_idle,
            Cost::GoingIdle => &costs.going_idle,
            Cost::FromPolling => &costs.from_polling,
            Cost::FromHalted => &costs.from_halted,
            Cost::Queueing => &costs.queueing,
            Cost::ClockRead => &costs.clock_read,
            Cost::MovedInstruction => &costs.moved_instruction,
            Cost::CacheLine => &costs.cache_line,
            Cost::LineKept => &costs.line_kept,
            Cost::Touch | Cost::Reach => return Span::ZERO,
            Cost::ForkStart => &costs.fork.start,
            Cost::ForkBegin => &costs.fork.begin,
            Cost::ForkEnd => &costs.fork.end,
            Cost::SpawnStart => &costs.spawn.start,
            Cost::SpawnBegin => &costs.spawn.begin,
            Cost::SpawnEnd => &costs.spawn.end,
            Cost::FallingAsleep => &costs.falling_asleep,
            Cost::TimerChange => &costs.timer_change,
            Cost::ClockTick => &costs.clock_tick,
            Cost::InterruptionEvery | Cost::RestWhole => {
                &costs.interruption.as_ref().expect("there are some").every
            }
            Cost::InterruptionLength => &costs.interruption.as_ref().expect("there are some").length,
            Cost::RestPart => unreachable!("a part of a whole is no cost"),
            Cost::OtherCore => &costs.wake_other_core,
            Cost::LatencyBusy => &costs.wake_latency_busy,
            Cost::ThreadStart => &costs.thread.start,
            Cost::ThreadBegin => &costs.thread.begin,
            Cost::ThreadEnd => &costs.thread.end,
            Cost::ChannelSend => &costs.channel_send,
            Cost::ChannelReceive => &costs.channel_receive,
            Cost::SelectDescriptor => &costs.select_descriptor,
            Cost::PollDescriptor => &costs.poll_descriptor,
            Cost::LargeAllocation => &costs.large_allocation,
        };
        distribution.sample(&mut self.costs[cost as usize])
    }

    fn draw_program(&mut self, number: usize, distribution: &Distribution) -> Span {
        distribution.sample(&mut self.programs[number])
    }
}

/// Everything there is.
pub struct World<'a> {
    model: &'a Model,
    now: Time,
    agenda: Agenda,
    streams: Streams,
    threads: Vec<Thread>,
    cores: Vec<Core>,
    objects: objects::Objects,
    gils: Vec<lock::Gil>,
    busy_servers: Vec<usize>,
    channels: channels::Channels,
    program: calls::Program,
    mutexes: mutexes::Mutexes,
    inheritance: inheritance::Inheritance,
    stops: world::Stops,
    loops: Vec<tasks::EventLoop<'a>>,
    variables: Vec<Variable>,
    /// The cores that have loaded each variable from elsewhere since it was last stored.
    copies: Vec<Vec<usize>>,
    /// For each shared object, the visits of its count, and then those of each variable, in the order in which they were asked for.
    counts: Vec<Vec<program::Visit>>,
    latencies: Vec<Latency>,
    exceptions: Vec<Raised>,
    signals: signals::Signals,
    scheduler: sched::Scheduler,
    /// When the clock ticks first.
    first_tick: Time,
    load: mach::Load,
    loads: loads::Loads,
    ranks: priorities::Ranks,
    actions_done: u64,
    /// The core whose thread acts, during its turn.
    acting: Option<usize>,
    /// What it costs its waker that the last thread became ready elsewhere.
    reach: Span,
    /// The core that touched each object's memory last.
    touched: Vec<(objects::Memory, usize)>,
    marks: Vec<(Time, usize, Mark)>,
    states: Vec<Vec<(Time, ThreadState)>>,
    lanes: Vec<Vec<(Time, Option<usize>)>>,
}

impl<'a> World<'a> {
    fn new(model: &'a Model, seed: u64) -> World<'a> {
        let threads = model.threads.len();
        World {
            model,
            now: Time::ZERO,
            agenda: Agenda::default(),
            streams: Streams::new(seed, threads + tasks(model)),
            threads: (0..threads).map(|_| Thread::default()).collect(),
            cores: (0..model.machine.cores).map(|_| Core::default()).collect(),
            objects: objects::Objects::new(&model.threading, threads),
            gils: (0..model.interpreters).map(|_| lock::Gil::new(&model.gil, threads)).collect(),
            busy_servers: vec![0; model.devices.len()],
            channels: channels::Channels::new(model, seed),
            program: calls::Program::new(model),
            mutexes: mutexes::Mutexes::new(model),
            inheritance: inheritance::Inheritance::default(),
            stops: world::Stops::new(model),
            loops: tasks::EventLoop::all(&model.loops),
            variables: vec![Variable::default(); model.variables],
            copies: vec![Vec::new(); model.variables],
            counts: vec![Vec::new(); model.shared_objects.len() + model.variables],
            latencies: vec![Latency::default(); model.latencies],
            exceptions: Vec::new(),
            signals: signals::Signals::new(model),
            scheduler: sched::Scheduler::new(model),
            first_tick: Time::ZERO
                + model.machine.first_tick.sample(&mut Stream::new(seed, Purpose::FirstTick, 0)),
            load: mach::Load::new(model),
            loads: loads::Loads::new(model),
            ranks: priorities::Ranks::new(model),
            actions_done: 0,
            acting: None,
            reach: Span::ZERO,
            touched: Vec::new(),
            marks: Vec::new(),
            states: vec![Vec::new(); threads],
            lanes: vec![Vec::new(); model.machine.cores],
        }
    }

    /// The run waits for all threads but daemons; if all are daemons, for all.
    fn waited_for_have_ended(&self) -> bool {
        let specs = self.model.threads.iter().zip(&self.threads).filter(|(spec, _)| !spec.background);
        let daemons_only = specs.clone().all(|(spec, _)| spec.daemon);
        specs.clone().all(|(spec, thread)| thread.is_done() || spec.daemon && !daemons_only)
    }

    /// Whether other programs keep the machine busy, and this one can do nothing any more.
    fn is_stuck_beside_others(&self) -> bool {
        let specs = &self.model.threads;
        let can_go_on = |thread: usize| match self.threads[thread].place {
            kernel::Place::Arriving | kernel::Place::Running | kernel::Place::Queued => true,
            _ => self.agenda.is_set(Kind::Timer, thread),
        };
        specs.iter().any(|spec| spec.background)
            && !(0..specs.len()).any(|thread| !specs[thread].background && can_go_on(thread))
            && !self.agenda.events.iter().any(|event| event.kind == Kind::Alarm)
    }

    /// The interpreter that executes `thread`.
    fn interpreter_of(&self, thread: usize) -> usize {
        self.model.threads[thread].interpreter.expect("it runs Python")
    }

    /// Whether `thread` needs a lock to execute.
    fn has_lock(&self, thread: usize) -> bool {
        let interpreter = self.model.threads[thread].interpreter;
        let threads = self.model.threads.iter().filter(|spec| spec.interpreter == interpreter).count();
        let is_needed = threads > 1 || self.model.lone_thread_locks;
        interpreter.is_some() && self.model.gil != GilConfig::None && is_needed
    }

    fn cost(&mut self, cost: Cost) -> Span {
        self.streams.draw(&self.model.machine.costs, cost)
    }

    fn mark(&mut self, thread: usize, mark: Mark) {
        self.marks.push((self.now, thread, mark));
    }

    /// Looks at every thread and every core.
    fn record(&mut self) {
        for thread in 0..self.threads.len() {
            let state = self.state_of(thread);
            note(&mut self.states[thread], self.now, state);
        }
        for core in 0..self.cores.len() {
            let runs = self.cores[core].running();
            note(&mut self.lanes[core], self.now, runs);
        }
    }

    fn outcome(mut self, ending: Ending) -> Outcome {
        for core in 0..self.cores.len() {
            self.account(core);
        }
        (0..self.gils.len()).for_each(|interpreter| self.stop_holding(interpreter));
        let end = self.now;
        let threads = (0..self.threads.len()).map(|thread| {
            let mut report = self.threads[thread].report;
            report.usage.state_times =
                ThreadState::ALL.map(|state| time_with(&self.states[thread], end, &state));
            report.background = self.model.threads[thread].background;
            report
        });
        let busy = |lane: &Vec<_>| end.since(Time::ZERO) - time_with(lane, end, &None);
        let report = Report {
            ending,
            makespan: end,
            gil: self.gils.iter().fold(GilCounters::default(), |sum, gil| sum.plus(&gil.counters)),
            interpreters: self.gils.iter().map(|gil| gil.counters).collect(),
            threads: threads.collect(),
            core_busy: self.lanes.iter().map(busy).collect(),
            latencies: self.latencies,
            variables: self.variables,
            deadlock: Vec::new(),
            exceptions: self.exceptions,
            unreceived: Vec::new(),
            blocked: Vec::new(),
            events: 0,
            skipped_events: 0,
        };
        let states = self.states.into_iter().map(|lane| finished(lane, end)).collect();
        let cores = self.lanes.into_iter().map(|lane| finished(lane, end)).collect();
        Outcome { report, states, cores, marks: self.marks }
    }
}

/// How many tasks all loops have.
fn tasks(model: &Model) -> usize {
    model.loops.iter().map(|event_loop| event_loop.tasks.len()).sum()
}

/// Adds to a lane what is the case from `now` on.
pub fn note<T: PartialEq>(lane: &mut Vec<(Time, T)>, now: Time, value: T) {
    if lane.last().is_some_and(|last| last.0 == now) {
        lane.pop();
    }
    if lane.last().is_none_or(|last| last.1 != value) {
        lane.push((now, value));
    }
}

/// A lane without what begins at its end.
pub fn finished<T>(mut lane: Vec<(Time, T)>, end: Time) -> Vec<(Time, T)> {
    lane.retain(|entry| entry.0 < end);
    lane
}

/// How long a lane had `value`.
fn time_with<T: PartialEq>(lane: &[(Time, T)], end: Time, value: &T) -> Span {
    let mut sum = Span::ZERO;
    for (index, (begin, entry)) in lane.iter().enumerate() {
        if entry == value {
            sum += lane.get(index + 1).map_or(end, |next| next.0).since(*begin);
        }
    }
    sum
}
