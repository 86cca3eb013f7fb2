//! Random legal models: small, and often with round numbers, so that things happen at the same instant.

use gilsim::des::{Distribution, Span, Time};
use gilsim::os::Birth;
use gilsim::os::affinity::CoreSet;
use gilsim::os::attributes::Attributes;
use gilsim::os::machine::{BirthCosts, Costs, Interruption, Machine, Platform, SchedulerConfig};
use gilsim::python::interpreter::{GilConfig, LockKind, OthersLook, SignalRules, ThreadingLock};
use gilsim::python::program::{Program, Step};
use gilsim::python::stretch::{Instruction, Stretch};
use gilsim::python::threading::Call;
use gilsim::sim::{Arrivals, ClientSpec, DeviceSpec, Model, SignalSpec, ThreadSpec};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::loops::{loops, with_programs};
use crate::programs::{CHANNELS, DEVICES, MARKS, PAUSES, SHARED, VARIABLES, compiled, program, threading};

/// All schedulers.
pub const SCHEDULERS: [&str; 6] = ["round_robin", "cfs", "eevdf", "mach", "fifo", "windows"];
/// The kinds of locks, by name.
pub const LOCKS: [&str; 11] = [
    "semaphore",
    "condvar",
    "handoff",
    "switch",
    "forced",
    "round_robin",
    "priority",
    "bfs",
    "pypy",
    "ruby",
    "none",
];
/// The program that handles signals comes after those of threads.
const HANDLER: usize = 3;

/// A model with one of the schedulers and one of the locks that are named.
pub fn model(cores: usize, schedulers: Vec<String>, locks: Vec<String>) -> impl Strategy<Value = Model> {
    let thread = || {
        (0..3_usize, prop::bool::weighted(0.1), start(), (affinity(), nice(), rank()), (0..4_usize, birth()))
    };
    // What comes first is made simpler first when a model fails: fewer threads say most.
    (
        prop_oneof![vec(thread(), 1..=4).boxed(), vec(thread(), 1..=12).boxed()].boxed(),
        vec(program().boxed(), 3),
        vec(stretch(), 2).boxed(),
        machine(cores, schedulers).boxed(),
        prop::sample::select(locks).prop_flat_map(|lock| gil(&lock)),
        prop_oneof![3 => Just(None), 1 => span(1, 2_000).prop_map(Some)],
        process(),
        (
            vec(device(), DEVICES),
            vec(1..=3_usize, CHANNELS),
            clients().boxed(),
            threading().boxed(),
            loops().boxed(),
            0..12_usize,
            background().boxed(),
            signals().boxed(),
            program().boxed(),
            (vec(prop_oneof![2 => Just(None), 1 => (0..4_usize).prop_map(Some)], SHARED), inheriting()),
        )
            .boxed(),
    )
        .prop_map(|(threads, programs, stretches, machine, gil, until, process, outside)| {
            let (
                devices,
                channels,
                clients,
                mut threading,
                loops,
                first_with_loop,
                loads,
                signals,
                handler,
                (owners, inheriting),
            ) = outside;
            let known_owner = |owner: Option<usize>| owner.filter(|owner| *owner < threads.len());
            let shared_objects = owners.into_iter().map(known_owner).collect();
            let (signal_rules, mut signals) = signals;
            let mut programs: Vec<Program> =
                programs.iter().map(|nodes| compiled(nodes, &stretches, threads.len())).collect();
            programs.push(compiled(&handler, &stretches, threads.len()));
            let runs_tasks = programs.len();
            programs.push(Program { steps: vec![Step::RunTasks, Step::End], handlers: Vec::new() });
            let loops = with_programs(loops, &mut programs, &stretches, threads.len());
            // The threads that run the loops come one after the other, somewhere.
            let count = threads.len();
            let loop_of = |number: usize| {
                Some((number + first_with_loop) % count).filter(|event_loop| *event_loop < loops.len())
            };
            let mut interpreters = Vec::new();
            let mut threads: Vec<ThreadSpec> = threads
                .into_iter()
                .enumerate()
                .map(|(number, (program, daemon, start, attributes, (interpreter, birth)))| {
                    (
                        number,
                        program,
                        daemon,
                        start,
                        attributes,
                        birth,
                        interpreter_of(interpreter, &process, &mut interpreters),
                    )
                })
                .map(|(number, program, daemon, start, attributes, birth, interpreter)| ThreadSpec {
                    program: loop_of(number).map_or(program, |_| runs_tasks),
                    event_loop: loop_of(number),
                    interpreter,
                    birth: if interpreter.is_some() && is_called(&programs, Call::Start(number)) {
                        birth
                    } else {
                        Birth::Thread
                    },
                    background: false,
                    started_by_step: is_called(&programs, Call::Start(number)),
                    announced: [Call::Start(number), Call::Join(number)]
                        .into_iter()
                        .any(|call| is_called(&programs, call)),
                    daemon: daemon || process.daemons_only,
                    start,
                    attributes: attributes_of(attributes, &machine),
                })
                .collect();
            if threads[0].interpreter.is_none() {
                signals.clear();
            }
            // The first two locks have no other object around them.
            let may_inherit = machine.scheduler.lends_priorities() && machine.platform == Platform::Linux;
            inheriting.into_iter().filter(|_| may_inherit).for_each(|lock| threading.let_inherit(lock));
            threading.add_threads(
                threads.iter().map(|thread| thread.birth).chain(loads.iter().map(|_| Birth::Thread)),
            );
            for (load, attributes) in loads {
                threads.push(background_thread(programs.len(), attributes_of(attributes, &machine)));
                programs.push(load);
            }
            let tasks = loops.iter().flat_map(|event_loop| &event_loop.tasks);
            let used = threads.iter().map(|thread| thread.program).chain(tasks.copied());
            let endless = !signals.is_empty()
                || !clients.is_empty()
                || used.into_iter().any(|program| is_endless(&programs[program]));
            let needs_an_end = endless || may_never_end(&machine.scheduler) || keeps_waking(&gil);
            // Waiters that are woken all the time may keep a holder from its core for ever, so every run has an end.
            // Loops wait for whole milliseconds, so that less happens in them.
            let latest = match (needs_an_end, loops.is_empty()) {
                (false, _) => Span::from_millis(100),
                (true, false) => Span::from_millis(10),
                (true, true) => Span::from_millis(3),
            };
            let until = Some(Time::ZERO + until.unwrap_or(latest));
            let sleeps_until = process.sleeps_until && machine.platform == Platform::Linux;
            let instruction = instruction(&stretches);
            Model {
                machine,
                interpreters: interpreters.len(),
                gil,
                lone_thread_locks: process.lone_thread_locks,
                library: (0, instruction),
                threading,
                lock_tries_first: process.lock_tries_first,
                sleeps_until,
                threading_lock: process.threading_lock,
                variables: VARIABLES,
                shared_objects,
                object_locks: Some(process.object_spins),
                stretches,
                programs,
                channels,
                devices,
                latencies: CHANNELS + MARKS + PAUSES + signals.len(),
                clients,
                pools: 1,
                loops,
                signal_rules,
                signals,
                threads,
                until,
            }
        })
}

/// The same model with long computations in place of short waits, under eevdf: so many threads that cores take from each other.
pub fn crowded(model: &Model) -> Model {
    let mut model = model.clone();
    if !matches!(model.machine.scheduler, SchedulerConfig::Eevdf { .. }) {
        let (base_slice, tick) = (Span::from_micros(700), Span::from_millis(4));
        model.machine.scheduler = SchedulerConfig::Eevdf { base_slice, tick };
    }
    let steps = model.programs.iter_mut().flat_map(|program| &mut program.steps);
    for (number, step) in steps.enumerate() {
        if matches!(step, Step::Sleep { .. } | Step::Io { device: None, .. } | Step::C { .. }) {
            let millis = 1 + 29 * (number as u64) % 60;
            *step = Step::C { span: Distribution::Constant(Span::from_millis(millis)), holds_gil: false };
        }
    }
    model.until = Some(Time::ZERO + Span::from_millis(200));
    model
}

/// What is true of all threads of a model.
#[derive(Clone, Debug)]
struct Process {
    several_interpreters: bool,
    daemons_only: bool,
    lone_thread_locks: bool,
    lock_tries_first: bool,
    sleeps_until: bool,
    threading_lock: ThreadingLock,
    object_spins: u32,
}

/// Signals, mostly none.
fn signals() -> impl Strategy<Value = (SignalRules, Vec<SignalSpec>)> {
    let looks = prop::sample::select(vec![OthersLook::Always, OthersLook::UntilSwitch, OthersLook::Never]);
    let rules =
        (any::<bool>(), any::<bool>(), looks).prop_map(|(interrupts_locks, retries_calls, others_look)| {
            SignalRules { interrupts_locks, retries_calls, others_look }
        });
    let again = prop_oneof![
        1 => Just((None, Some(1))),
        1 => (span(10, 300), prop_oneof![Just(None), (1..5_u64).prop_map(Some)])
            .prop_map(|(every, times)| (Some(every), times)),
    ];
    let signal = (span(0, 500), again, prop::bool::weighted(0.8));
    let signals = prop_oneof![2 => Just(Vec::new()), 1 => vec(signal, 1..=3)];
    (rules, signals).prop_map(|(rules, signals)| {
        let specs = signals.into_iter().enumerate().map(|(number, (at, (every, times), has_handler))| {
            let (handler, latency) = (has_handler.then_some(HANDLER), CHANNELS + MARKS + PAUSES + number);
            SignalSpec { at, every, times, handler, latency }
        });
        (rules, specs.collect())
    })
}

/// The locks whose holders inherit priorities, where they can.
fn inheriting() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::select(vec![vec![], vec![0], vec![0, 1]])
}

/// Users outside, mostly none.
fn clients() -> impl Strategy<Value = Vec<ClientSpec>> {
    let some_time = || {
        prop_oneof![
            span(5, 100).prop_map(Distribution::Constant),
            span(5, 100).prop_map(|mean| Distribution::Exponential { mean }),
        ]
    };
    let closed = (1..=3_usize, some_time()).prop_map(|(users, think)| Arrivals::Closed { users, think });
    let open = some_time().prop_map(|between| Arrivals::Open { between });
    let requests = prop_oneof![2 => Just(None), 1 => (1..20_u64).prop_map(Some)];
    let client =
        (0..CHANNELS, prop_oneof![closed, open], requests).prop_map(|(channel, arrivals, requests)| {
            ClientSpec { channel, latency: channel, arrivals, requests }
        });
    prop_oneof![4 => Just(Vec::new()), 1 => vec(client, 1..=2)]
}

fn process() -> impl Strategy<Value = Process> {
    let flags = (
        prop::bool::weighted(0.25),
        prop::bool::weighted(0.05),
        prop::bool::weighted(0.25),
        any::<(bool, bool)>(),
    );
    let lock = prop_oneof![
        2 => Just(ThreadingLock::Platform),
        1 => (0..4_u32).prop_map(|spins| ThreadingLock::PyMutex { spins }),
    ];
    (flags, lock, 0..4_u32).prop_map(|(flags, threading_lock, object_spins)| {
        let (several_interpreters, daemons_only, lone_thread_locks, (lock_tries_first, sleeps_until)) = flags;
        // The language knows one number for all.
        let object_spins = threading_lock.spins().unwrap_or(object_spins);
        Process {
            several_interpreters,
            daemons_only,
            lone_thread_locks,
            lock_tries_first,
            sleeps_until,
            threading_lock,
            object_spins,
        }
    })
}

/// The interpreters are numbered as they are met; 0 stands for none.
fn interpreter_of(choice: usize, process: &Process, met: &mut Vec<usize>) -> Option<usize> {
    let choice = if process.several_interpreters { choice } else { 1 };
    if choice == 0 {
        return None;
    }
    if !met.contains(&choice) {
        met.push(choice);
    }
    met.iter().position(|interpreter| *interpreter == choice)
}

/// The length of which the rounds and the positions of ticks of all stretches are multiples.
pub fn instruction(stretches: &[Stretch]) -> Span {
    let ends = stretches.iter().flat_map(|stretch| {
        let tick = |number| stretch.position_of_tick(number).expect("there are so many");
        (1..=stretch.ticks_per_round()).map(tick).chain([stretch.round()]).map(Span::picos)
    });
    Span::from_picos(ends.fold(0, greatest_common_divisor))
}

fn greatest_common_divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}

fn is_called(programs: &[Program], call: Call) -> bool {
    programs.iter().any(|program| program.steps.contains(&Step::Call(call)))
}

fn is_endless(program: &Program) -> bool {
    program.steps.iter().any(|step| matches!(step, Step::LoopStart { count: None, .. }))
}

/// Whether a slice may be so short that a thread gets no further than its context switch or migration.
fn may_never_end(scheduler: &SchedulerConfig) -> bool {
    scheduler.shortest_slice().is_some_and(|slice| slice < Span::from_micros(500))
}

/// A slice is longer than what is known of a switch and a migration; the language wants no other.
fn lengthen_slice(scheduler: &mut SchedulerConfig, costs: &Costs) {
    let known = |cost: &Distribution| cost.constant().unwrap_or(Span::ZERO);
    let slice = match scheduler {
        SchedulerConfig::RoundRobin { quantum } | SchedulerConfig::Mach { quantum, .. } => quantum,
        SchedulerConfig::Cfs { minimum_granularity, .. } => minimum_granularity,
        SchedulerConfig::Eevdf { base_slice, .. } => base_slice,
        SchedulerConfig::Windows { tick, .. } => tick,
        SchedulerConfig::Fifo => return,
    };
    *slice += known(&costs.context_switch) + known(&costs.migration);
}

/// Whether waiters may wake so often that they keep the holder from the mutex, and everybody from the lock.
fn keeps_waking(gil: &GilConfig) -> bool {
    let timeout = match gil {
        GilConfig::Priority { interval } => interval,
        GilConfig::Bfs { slice, .. } => slice,
        GilConfig::Pypy { poll, .. } => poll,
        GilConfig::Ruby { tick, .. } => tick,
        _ => return false,
    };
    *timeout < Span::from_micros(200)
}

/// From `low` to `high` microseconds, often a round number.
pub fn span(low: u64, high: u64) -> impl Strategy<Value = Span> + Clone {
    let round = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
    let mut round: Vec<u64> = round.into_iter().filter(|micros| (low..=high).contains(micros)).collect();
    if low == 0 {
        round.push(0);
    }
    prop_oneof![
        2 => prop::sample::select(round).prop_map(Span::from_micros),
        1 => (low * 1000..=high * 1000).prop_map(Span::from_nanos),
    ]
}

fn or_zero(span: impl Strategy<Value = Span>) -> impl Strategy<Value = Span> {
    prop_oneof![4 => span, 1 => Just(Span::ZERO)]
}

fn start() -> impl Strategy<Value = Span> {
    prop_oneof![3 => Just(Span::ZERO), 1 => span(0, 200)]
}

fn birth() -> impl Strategy<Value = Birth> {
    prop::sample::select(vec![Birth::Thread, Birth::Thread, Birth::Fork, Birth::Spawn])
}

fn birth_costs() -> impl Strategy<Value = BirthCosts> {
    (cost(50), cost(100), cost(50)).prop_map(|(start, begin, end)| BirthCosts { start, begin, end })
}

/// Other programs, mostly none: what each does, and what the scheduler is told of it.
fn background() -> impl Strategy<Value = Vec<(Program, (u8, i8, u8))>> {
    let compute = |span| Step::C { span, holds_gil: false };
    let endless = |body: Vec<Step>| {
        let exit = body.len() + 2;
        let mut steps = vec![Step::LoopStart { count: None, exit }];
        steps.extend(body);
        steps.extend([Step::LoopEnd { start: 0 }, Step::End]);
        Program { steps, handlers: Vec::new() }
    };
    let always = Just(endless(vec![compute(Distribution::Constant(Span::from_secs(3600)))]));
    let now_and_then = (span(1, 200), cost(200)).prop_map(move |(busy, span)| {
        endless(vec![compute(Distribution::Constant(busy)), Step::Sleep { span }])
    });
    let load = (prop_oneof![always, now_and_then], (affinity(), nice(), rank()));
    prop_oneof![5 => Just(Vec::new()), 1 => vec(load, 1..=2)]
}

/// A thread of another program.
fn background_thread(program: usize, attributes: Attributes) -> ThreadSpec {
    ThreadSpec {
        program,
        interpreter: None,
        daemon: true,
        start: Span::ZERO,
        birth: Birth::Thread,
        started_by_step: false,
        announced: false,
        background: true,
        event_loop: None,
        attributes,
    }
}

fn device() -> impl Strategy<Value = DeviceSpec> {
    (1..=2_usize, 0..=3_u8).prop_map(|(servers, boost)| DeviceSpec { servers, boost })
}

/// How nice a thread is, mostly not at all.
fn nice() -> impl Strategy<Value = i8> {
    prop_oneof![2 => Just(0), 1 => prop::sample::select(vec![-20, -15, -10, -5, -1, 1, 5, 10, 15, 19])]
}

/// Where among the priorities that there are a thread is.
fn rank() -> impl Strategy<Value = u8> {
    prop::sample::select(vec![0, 0, 0, 1, 2, 3, 7, 8, 11])
}

/// What the scheduler of a machine is told of a thread.
fn attributes_of((affinity, nice, rank): (u8, i8, u8), machine: &Machine) -> Attributes {
    let nice = if machine.scheduler.heeds_nice() { nice } else { 0 };
    let priority = machine.scheduler.priorities().map_or(1, |[_, usual, _]| usual + rank);
    Attributes { cores: cores_of(affinity, machine.cores), nice, priority }
}

/// On which cores a thread may run: a bit each, often all.
fn affinity() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(u8::MAX), 1 => any::<u8>()]
}

/// The cores of a machine that `affinity` allows; all, if that is none.
fn cores_of(affinity: u8, cores: usize) -> CoreSet {
    let allowed: Vec<usize> = (0..cores).filter(|core| affinity >> (core % 8) & 1 == 1).collect();
    if allowed.is_empty() || affinity == u8::MAX { CoreSet::ALL } else { CoreSet::of(allowed) }
}

pub fn cost(high: u64) -> BoxedStrategy<Distribution> {
    let constant = span(0, high).prop_map(Distribution::Constant);
    let uniform = (span(0, high), span(0, high))
        .prop_map(|(one, other)| Distribution::Uniform { low: one.min(other), high: one.max(other) });
    let exponential = span(0, high).prop_map(|mean| Distribution::Exponential { mean });
    let log_normal = span(0, high).prop_map(|median| Distribution::LogNormal { median, sigma: 0.5 });
    // With a smaller alpha a draw in a million is so long that the run takes minutes.
    let pareto = (span(0, high), prop::sample::select(vec![3.0, 2.0]))
        .prop_map(|(minimum, alpha)| Distribution::Pareto { minimum, alpha });
    let empirical = vec(span(0, high), 1..5).prop_map(|mut quantiles| {
        quantiles.sort();
        Distribution::Empirical { quantiles }
    });
    let random = prop_oneof![uniform, exponential, log_normal, pareto, empirical];
    prop_oneof![2 => Just(Distribution::ZERO), 4 => constant, 3 => random].boxed()
}

/// How often the processor is taken away: mostly never.
fn interruption() -> impl Strategy<Value = Option<Interruption>> {
    let interruption = (cost(100), cost(5)).prop_map(|(every, length)| Interruption { every, length });
    prop_oneof![3 => Just(None), 1 => interruption.prop_map(Some)]
}

fn costs() -> impl Strategy<Value = Costs> {
    let kernel = (
        cost(5),
        cost(2),
        cost(5),
        cost(2),
        (cost(3), cost(10), interruption(), cost(5)),
        or_zero(span(0, 10)),
    );
    let waking = (
        cost(20),
        cost(100),
        span(0, 200),
        cost(50),
        cost(10),
        cost(20),
        cost(10),
        span(0, 20),
        (cost(5), cost(20), cost(3), cost(8), cost(2)),
    );
    let user = (cost(1), cost(1), cost(20), cost(1), cost(2), cost(1), or_zero(span(0, 1)), cost(1));
    let programs = (
        cost(20),
        cost(2),
        cost(2),
        (cost(1), cost(1), cost(10)),
        birth_costs(),
        birth_costs(),
        birth_costs(),
    );
    (kernel, waking, user, programs).prop_map(|(kernel, waking, user, programs)| Costs {
        context_switch: kernel.0,
        falling_asleep: kernel.4.0,
        clock_tick: kernel.4.1,
        timer_change: kernel.4.3,
        interruption: kernel.4.2,
        system_call: kernel.1,
        wake_sleeper: kernel.2,
        wake_no_sleeper: kernel.3,
        wake_interrupt: waking.4,
        wake_other_core: waking.8.0,
        going_idle: waking.8.1,
        from_polling: waking.8.2,
        from_halted: waking.8.3,
        queueing: waking.8.4,
        wake_latency_just_idle: waking.6,
        polls_after: kernel.5,
        just_idle_for: waking.7,
        wake_latency_busy: waking.5,
        wake_latency_idle: waking.0,
        wake_latency_deep: waking.1,
        deep_idle_after: waking.2,
        timer_lateness: waking.3,
        lock_operation: user.0,
        atomic_operation: user.1,
        migration: user.2,
        clock_read: user.3,
        thread: programs.6,
        fork: programs.4,
        spawn: programs.5,
        channel_send: programs.1,
        channel_receive: programs.2,
        select_descriptor: programs.3.0,
        poll_descriptor: programs.3.1,
        large_allocation: programs.3.2,
        cache_line: user.4,
        line_kept: user.7,
        moved_instruction: user.5,
        atomic_update: user.6,
    })
}

fn scheduler(name: &str) -> BoxedStrategy<SchedulerConfig> {
    let tick = || or_zero(span(5, 1000));
    match name {
        "round_robin" => span(2, 5_000).prop_map(|quantum| SchedulerConfig::RoundRobin { quantum }).boxed(),
        "cfs" => (span(5, 2_000), span(1, 500), or_zero(span(1, 500)), tick())
            .prop_map(|(latency, minimum_granularity, wakeup_granularity, tick)| SchedulerConfig::Cfs {
                latency,
                minimum_granularity,
                wakeup_granularity,
                tick,
            })
            .boxed(),
        "eevdf" => (span(5, 1_000), tick())
            .prop_map(|(base_slice, tick)| SchedulerConfig::Eevdf { base_slice, tick })
            .boxed(),
        "fifo" => Just(SchedulerConfig::Fifo).boxed(),
        "windows" => (1..4_u32, span(2, 1_000))
            .prop_map(|(quantum, tick)| SchedulerConfig::Windows { quantum, tick })
            .boxed(),
        _ => (span(5, 1_000), span(50, 1_000))
            .prop_map(|(quantum, decay_interval)| SchedulerConfig::Mach { quantum, decay_interval })
            .boxed(),
    }
}

fn machine(cores: usize, schedulers: Vec<String>) -> impl Strategy<Value = Machine> {
    let platform = prop::sample::select(vec![Platform::Linux, Platform::Darwin]);
    let scheduler = prop::sample::select(schedulers).prop_flat_map(|name| scheduler(&name));
    let machine = (1..=cores, platform, scheduler, cost(500), costs());
    machine.prop_map(|(cores, platform, mut scheduler, first_tick, costs)| {
        lengthen_slice(&mut scheduler, &costs);
        Machine { cores, platform, scheduler, first_tick, costs }
    })
}

fn gil(lock: &str) -> BoxedStrategy<GilConfig> {
    let interval = prop_oneof![4 => span(1, 200), 1 => span(1, 10_000)];
    let ticks = || (1..200_u32, 0..200_u32);
    let old = |lock| {
        ticks().prop_map(move |(interval, first_ticker)| GilConfig::CheckInterval {
            interval,
            first_ticker,
            lock,
        })
    };
    match lock {
        "none" => Just(GilConfig::None).boxed(),
        "semaphore" => old(LockKind::Semaphore).boxed(),
        "condvar" => old(LockKind::Condvar).boxed(),
        "handoff" => old(LockKind::Handoff).boxed(),
        "round_robin" => ticks()
            .prop_map(|(interval, first_ticker)| GilConfig::RoundRobin { interval, first_ticker })
            .boxed(),
        "priority" => interval.prop_map(|interval| GilConfig::Priority { interval }).boxed(),
        "bfs" => (span(1, 300), 1..20_u32, 1..500_u32)
            .prop_map(|(slice, factor, ticks)| GilConfig::Bfs { slice, factor, ticks })
            .boxed(),
        "pypy" => {
            (1..500_u32, span(1, 100)).prop_map(|(interval, poll)| GilConfig::Pypy { interval, poll }).boxed()
        }
        "ruby" => {
            (span(1, 300), span(1, 100)).prop_map(|(quantum, tick)| GilConfig::Ruby { quantum, tick }).boxed()
        }
        _ => {
            let forced_switching = lock == "forced";
            (interval, any::<bool>())
                .prop_map(move |(interval, ending_thread_waits)| GilConfig::SwitchInterval {
                    interval,
                    forced_switching,
                    ending_thread_waits,
                })
                .boxed()
        }
    }
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let nanos = prop::sample::select(vec![100_u64, 200, 250, 500, 1000, 137, 333]);
    let instruction = (nanos, prop::bool::weighted(0.6), prop::bool::weighted(0.8))
        .prop_map(|(nanos, tick, may_check)| Instruction { cost: Span::from_nanos(nanos), tick, may_check });
    vec(instruction, 1..6).prop_map(|instructions| Stretch::new(&instructions))
}
