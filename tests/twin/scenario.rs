//! A model as a scenario, so that `gilsim run` can replay what a random model has shown.
//!
//! The steps of a stretch are spelled out in instructions of one length, the largest by which all are multiples. Four
//! made-up opcodes tell where ticks fall and which of them may check: a check may not happen before an opcode with
//! `_UNCHECKED` in its name.

use std::fmt::Write as _;

use gilsim::des::{Distribution, Span, Time};
use gilsim::os::Birth;
use gilsim::os::machine::{BirthCosts, Costs, Interruption, Platform, SchedulerConfig};
use gilsim::python::interpreter::{GilConfig, LockKind, OthersLook, ThreadingLock};
use gilsim::python::program::{Program, Step};
use gilsim::python::stretch::Stretch;
use gilsim::python::threading::{Call, Threading};
use gilsim::sim::{Arrivals, Model, ThreadSpec};

use crate::generator::instruction;
use crate::programs::{CHANNELS, COPY, LOADS, PAUSE};

const OPCODES: &str = "  opcodes:
    known: [PLAIN, TICK, PLAIN_UNCHECKED, TICK_UNCHECKED, STORE_PLAIN, STORE_TICK, STORE_PLAIN_UNCHECKED,
      STORE_TICK_UNCHECKED]
    after: [TICK, TICK_UNCHECKED, STORE_TICK, STORE_TICK_UNCHECKED]
    not_before: [PLAIN_UNCHECKED, TICK_UNCHECKED, STORE_PLAIN_UNCHECKED, STORE_TICK_UNCHECKED]
";

/// Whether a scenario can say all of `model`.
pub fn can_be_written(model: &Model) -> bool {
    let has_pool =
        |program: &Program| program.steps.iter().any(|step| matches!(step, Step::Submitted { .. }));
    // All instructions of the text take the same time, so that a round has another number of them.
    let counts_instructions = model.machine.costs.moved_instruction != Distribution::ZERO;
    model.loops.is_empty() && !model.programs.iter().any(has_pool) && !counts_instructions
}

/// The text of a scenario whose only run is `model`.
pub fn text(model: &Model, seed: u64) -> String {
    let instruction = instruction(&model.stretches);
    let daemons_only = model.threads.iter().all(|thread| thread.daemon || thread.background);
    let mut text = format!("gilsim: 1\ntitle: A random model\nseed: {seed}\n");
    if let Some(until) = model.until {
        let _ = writeln!(text, "until: {}", time(until.since(Time::ZERO)));
    }
    text += &machine(model);
    text += &python(model, instruction);
    text += &objects(model);
    text += "functions:\n";
    // The names of latencies are numbered as they are met, and channels have two ends.
    let marks: Vec<String> =
        (0..model.latencies).map(|latency| format!("mark: {{begin: {}}}", name_of(latency))).collect();
    let ends = (0..CHANNELS).map(|channel| format!("send: channel {channel}}}, {{recv: channel {channel}"));
    // A thread may be started or joined in a loop that is left out because it is never executed.
    let met = model.threads.iter().enumerate().filter(|(_, thread)| thread.announced);
    let met = met.map(|(number, thread)| {
        format!("{}: thread {number}", if thread.started_by_step { "start" } else { "join" })
    });
    let names: Vec<String> =
        marks.into_iter().chain(ends).chain(met).map(|step| format!("{{{step}}}")).collect();
    let _ = writeln!(text, "  all names: [{}]", names.join(", "));
    for (number, program) in model.programs.iter().enumerate().filter(|(_, program)| !runs_tasks(program)) {
        let writer = Writer { model, program, instruction };
        let _ =
            writeln!(text, "  program {number}: [{}]", writer.steps(0, program.steps.len() - 1).join(", "));
    }
    if !model.signals.is_empty() {
        text += "signals:\n";
    }
    for signal in &model.signals {
        let every = signal.every.map_or(String::new(), |every| format!(", every: {}", time(every)));
        let times = signal.times.filter(|_| signal.every.is_some());
        let times = times.map_or(String::new(), |times| format!(", times: {times}"));
        let handler = match signal.handler {
            Some(program) => format!("[call: program {program}]"),
            None => "KeyboardInterrupt".to_owned(),
        };
        let (name, at) = (name_of(signal.latency), time(signal.at));
        let _ = writeln!(text, "  - {{name: {name}, at: {at}{every}{times}, handler: {handler}}}");
    }
    text += "threads:\n";
    for (number, thread) in model.threads.iter().enumerate().filter(|(_, thread)| !thread.background) {
        // A run waits for daemons if there is nobody else, but the language wants an end that can be seen.
        let daemon = if thread.daemon && !daemons_only { ", daemon: true" } else { "" };
        let start = match thread.birth {
            Birth::Thread => time(thread.start),
            Birth::Fork => "fork".to_owned(),
            Birth::Spawn => "spawn".to_owned(),
        };
        let program = thread.program;
        let interpreter = match thread.interpreter {
            Some(interpreter) => format!("process: process {interpreter}"),
            None => "native: true".to_owned(),
        };
        let does = format!("do: [call: program {program}]");
        let attributes = attributes(model, thread);
        let _ = writeln!(
            text,
            "  - {{name: thread {number}, {interpreter}, start: {start}{daemon}, {attributes}, {does}}}"
        );
    }
    text
}

fn runs_tasks(program: &Program) -> bool {
    program.steps.contains(&Step::RunTasks)
}

/// What the scheduler is told of a thread.
fn attributes(model: &Model, thread: &ThreadSpec) -> String {
    let allowed: Vec<usize> =
        (0..model.machine.cores).filter(|core| thread.attributes.cores.contains(*core)).collect();
    let scheduler = &model.machine.scheduler;
    let rank = match (scheduler.heeds_nice(), scheduler.priorities()) {
        (true, _) => format!(", nice: {}", thread.attributes.nice),
        (_, Some(_)) => format!(", priority: {}", thread.attributes.priority),
        _ => String::new(),
    };
    format!("cores: {allowed:?}{rank}")
}

/// The other programs on the machine.
fn background(model: &Model) -> String {
    let load = |(number, thread): (usize, &ThreadSpec)| {
        let busy = match model.programs[thread.program].steps.as_slice() {
            [_, Step::C { span, .. }, Step::Sleep { span: idle }, ..] => {
                format!("busy: {}, idle: {}", distribution(span), distribution(idle))
            }
            _ => "busy: forever".to_owned(),
        };
        format!("    - {{name: load {number}, {busy}, {}}}\n", attributes(model, thread))
    };
    let loads = model.threads.iter().enumerate().filter(|(_, thread)| thread.background);
    let loads: String = loads.map(load).collect();
    if loads.is_empty() { loads } else { format!("  background:\n{loads}") }
}

/// How a latency is called.
fn name_of(latency: usize) -> String {
    match latency {
        latency if latency < CHANNELS => format!("channel {latency}"),
        latency if latency == PAUSE.stopping => "stopping".to_owned(),
        latency if latency == PAUSE.whole => "pause".to_owned(),
        latency => format!("mark {latency}"),
    }
}

fn python(model: &Model, instruction: Span) -> String {
    let typical = opcodes(&model.stretches[model.library.0], instruction).join(", ");
    let rules = model.signal_rules;
    let looks = match rules.others_look {
        OthersLook::Always => "always",
        OthersLook::UntilSwitch => "until_switch",
        OthersLook::Never => "never",
    };
    let signals = format!(
        "{{interrupt_locks: {}, retry_calls: {}, others_look: {looks}}}",
        rules.interrupts_locks, rules.retries_calls
    );
    let lock = match model.threading_lock {
        ThreadingLock::Platform => "platform",
        ThreadingLock::PyMutex { .. } => "py_mutex",
    };
    let spins = model.object_locks.expect("all objects have locks");
    let lock = format!("  lock: {lock}\n  lock_spins: {spins}\n  object_locks: true\n");
    let (from_start, tries_first) = (model.lone_thread_locks, model.lock_tries_first);
    let sleeps_until = model.sleeps_until;
    format!(
        "python:\n  instruction: {}\n{OPCODES}  typical: [{typical}]\n  gil: {}\n  gil_from_start: {from_start}\n  \
         lock_tries_first: {tries_first}\n  sleeps_until: {sleeps_until}\n  signals: {signals}\n  \
         reference_counts: biased\n{lock}",
        time(instruction),
        gil(model)
    )
}

/// What programs use.
fn objects(model: &Model) -> String {
    let mut text = "devices:\n".to_owned();
    for (number, device) in model.devices.iter().enumerate() {
        let (servers, boost) = (device.servers, device.boost);
        let _ = writeln!(text, "  device {number}: {{servers: {servers}, boost: {boost}}}");
    }
    text += "objects:\n";
    for (name, kind) in objects_of(model) {
        let _ = writeln!(text, "  {name}: {kind}");
    }
    text += "channels:\n";
    for (number, capacity) in model.channels.iter().enumerate() {
        let _ = writeln!(text, "  channel {number}: {{capacity: {capacity}}}");
    }
    if !model.clients.is_empty() {
        text += "clients:\n";
    }
    for client in &model.clients {
        let channel = client.channel;
        let arrivals = match &client.arrivals {
            Arrivals::Closed { users, think } => {
                format!("closed: {{users: {users}, think: {}}}", distribution(think))
            }
            Arrivals::Open { between } => format!("open: {{every: {}}}", distribution(between)),
        };
        let requests = client.requests.map_or(String::new(), |requests| format!(", requests: {requests}"));
        let _ = writeln!(text, "  - {{channel: channel {channel}, {arrivals}{requests}}}");
    }
    text
}

/// The objects of the program, by name.
fn objects_of(model: &Model) -> Vec<(String, String)> {
    let threading = &model.threading;
    let of_locks = (0..threading.locks()).filter_map(|lock| {
        let is_inner = threading.rlocks().chain(threading.held_at_first()).any(|inner| inner == lock);
        let name = if is_inner { String::new() } else { lock_name(threading, lock) };
        let kind = if threading.inherits(lock) { "{lock: {inherit: true}}" } else { "lock" };
        name.starts_with("lock").then(|| (name, kind.to_owned()))
    });
    let mut objects: Vec<_> = of_locks.collect();
    let mut add = |kind: &str, number: usize, text: String| objects.push((format!("{kind} {number}"), text));
    let of_conditions: Vec<usize> = threading.conditions().collect();
    let alone = threading.rlocks().enumerate().filter(|(_, lock)| !of_conditions.contains(lock));
    alone.for_each(|(number, _)| add("rlock", number, "rlock".to_owned()));
    add("condition", 0, "condition".to_owned());
    for (number, (value, bounded)) in threading.semaphores().enumerate() {
        let kind = if bounded { "bounded_semaphore" } else { "semaphore" };
        add("semaphore", number, format!("{{{kind}: {value}}}"));
    }
    // Those of the threads come last.
    (0..threading.events() - model.threads.len()).for_each(|number| add("event", number, "event".to_owned()));
    for (number, capacity) in threading.queues().enumerate() {
        let text = capacity.map_or("queue".to_owned(), |capacity| format!("{{queue: {capacity}}}"));
        add("queue", number, text);
    }
    for (number, parties) in threading.barriers().enumerate() {
        add("barrier", number, format!("{{barrier: {parties}}}"));
    }
    objects.extend((0..model.variables).map(|number| (format!("variable{number}"), "variable".to_owned())));
    let shared = model.shared_objects.iter().enumerate().map(|(number, owner)| {
        let text = owner.map_or("object".to_owned(), |owner| format!("{{object: thread {owner}}}"));
        (format!("shared{number}"), text)
    });
    objects.extend(shared);
    objects
}

fn lock_name(threading: &Threading, lock: usize) -> String {
    match threading.conditions().position(|of_condition| of_condition == lock) {
        Some(condition) => format!("condition {condition}"),
        None => format!("lock {lock}"),
    }
}

fn rlock_name(threading: &Threading, number: usize) -> String {
    let lock = threading.rlocks().nth(number).expect("it exists");
    match threading.conditions().position(|of_condition| of_condition == lock) {
        Some(condition) => format!("condition {condition}"),
        None => format!("rlock {number}"),
    }
}

/// A call, as a step.
fn call(threading: &Threading, call: Call) -> String {
    match call {
        Call::Acquire(lock) => format!("lock: {}", lock_name(threading, lock)),
        Call::Release(lock) => format!("unlock: {}", lock_name(threading, lock)),
        Call::RLockAcquire(number) => format!("lock: {}", rlock_name(threading, number)),
        Call::RLockRelease(number) => format!("unlock: {}", rlock_name(threading, number)),
        Call::SemaphoreAcquire(number) => format!("acquire: semaphore {number}"),
        Call::SemaphoreRelease(number) => format!("release: semaphore {number}"),
        Call::EventSet(number) => format!("set: event {number}"),
        Call::EventClear(number) => format!("clear: event {number}"),
        Call::EventWait(number) => format!("wait: event {number}"),
        Call::ConditionWait(number) => format!("wait: condition {number}"),
        Call::Notify(number) => format!("notify: condition {number}"),
        Call::NotifyAll(number) => format!("notify_all: condition {number}"),
        Call::Put(number) => format!("put: queue {number}"),
        Call::Get(number) => format!("get: queue {number}"),
        Call::BarrierWait(number) => format!("barrier: barrier {number}"),
        Call::Start(thread) => format!("start: thread {thread}"),
        Call::Join(thread) => format!("join: thread {thread}"),
        Call::Begin | Call::End => unreachable!("no program has that"),
    }
}

/// A time in the largest unit in which it is a whole number.
fn time(span: Span) -> String {
    let units = [(1_000_000_000, "ms"), (1_000_000, "us"), (1_000, "ns"), (1, "ps")];
    let picos = span.picos();
    let (scale, unit) =
        units.into_iter().find(|(scale, _)| picos.is_multiple_of(*scale)).expect("1 divides all");
    format!("{}{unit}", picos / scale)
}

fn distribution(distribution: &Distribution) -> String {
    match distribution {
        Distribution::Constant(span) => time(*span),
        Distribution::Uniform { low, high } => format!("{{uniform: [{}, {}]}}", time(*low), time(*high)),
        Distribution::Exponential { mean } => format!("{{exponential: {}}}", time(*mean)),
        Distribution::LogNormal { median, sigma } => {
            format!("{{log_normal: {{median: {}, sigma: {sigma}}}}}", time(*median))
        }
        Distribution::Pareto { minimum, alpha } => {
            format!("{{pareto: {{minimum: {}, alpha: {alpha}}}}}", time(*minimum))
        }
        Distribution::Empirical { quantiles } => {
            let quantiles: Vec<String> = quantiles.iter().map(|span| time(*span)).collect();
            format!("{{empirical: [{}]}}", quantiles.join(", "))
        }
    }
}

fn machine(model: &Model) -> String {
    let machine = &model.machine;
    let platform = match machine.platform {
        Platform::Linux => "linux",
        Platform::Darwin => "darwin",
    };
    let scheduler = match machine.scheduler {
        SchedulerConfig::RoundRobin { quantum } => format!("round_robin: {{quantum: {}}}", time(quantum)),
        SchedulerConfig::Cfs { latency, minimum_granularity, wakeup_granularity, tick } => format!(
            "cfs: {{latency: {}, minimum_granularity: {}, wakeup_granularity: {}, tick: {}}}",
            time(latency),
            time(minimum_granularity),
            time(wakeup_granularity),
            time(tick)
        ),
        SchedulerConfig::Eevdf { base_slice, tick } => {
            format!("eevdf: {{base_slice: {}, tick: {}}}", time(base_slice), time(tick))
        }
        SchedulerConfig::Fifo => "fifo: {}".to_owned(),
        SchedulerConfig::Windows { quantum, tick } => {
            format!("windows: {{quantum: {quantum}, tick: {}}}", time(tick))
        }
        SchedulerConfig::Mach { quantum, decay_interval } => {
            format!("mach: {{quantum: {}, decay_interval: {}}}", time(quantum), time(decay_interval))
        }
    };
    let mut text = format!("machine:\n  cores: {}\n  platform: {platform}\n", machine.cores);
    let _ = writeln!(text, "  first_tick: {}", distribution(&machine.first_tick));
    let _ = writeln!(text, "  scheduler: {{{scheduler}}}\n{}\n{}", costs(&machine.costs), background(model));
    let (copy, loads) = (time(COPY), time(LOADS));
    let _ = writeln!(text, "  pickle: {{objects: {{loads: {loads}}}, copy: {copy}}}");
    text
}

fn costs(costs: &Costs) -> String {
    let of = distribution;
    [
        "  costs:".to_owned(),
        format!("context_switch: {}", of(&costs.context_switch)),
        format!("queueing: {}", of(&costs.queueing)),
        format!("falling_asleep: {}", of(&costs.falling_asleep)),
        format!("timer_change: {}", of(&costs.timer_change)),
        format!("clock_tick: {}", of(&costs.clock_tick)),
        interruption(costs.interruption.as_ref()),
        format!("system_call: {}", of(&costs.system_call)),
        format!(
            "futex_wake: {{sleeper: {}, no_sleeper: {}, other_core: {}, interrupt: {}}}",
            of(&costs.wake_sleeper),
            of(&costs.wake_no_sleeper),
            of(&costs.wake_other_core),
            of(&costs.wake_interrupt)
        ),
        format!("from_idle: {{polling: {}, halted: {}}}", of(&costs.from_polling), of(&costs.from_halted)),
        "wake_latency:".to_owned(),
        format!("  going_idle: {}", of(&costs.going_idle)),
        format!("  busy: {}", of(&costs.wake_latency_busy)),
        format!("  polls_after: {}", time(costs.polls_after)),
        format!("  just_idle: {}", of(&costs.wake_latency_just_idle)),
        format!("  just_idle_for: {}", time(costs.just_idle_for)),
        format!("  idle: {}", of(&costs.wake_latency_idle)),
        format!("  deep_idle: {}", of(&costs.wake_latency_deep)),
        format!("  deep_after: {}", time(costs.deep_idle_after)),
        format!("timer_lateness: {}", of(&costs.timer_lateness)),
        format!("lock_operation: {}", of(&costs.lock_operation)),
        format!("atomic_operation: {}", of(&costs.atomic_operation)),
        format!("clock_read: {}", of(&costs.clock_read)),
        format!("moved_instruction: {}", of(&costs.moved_instruction)),
        format!("cache_line: {}", of(&costs.cache_line)),
        format!("line_kept: {}", of(&costs.line_kept)),
        format!("atomic_update: {}", time(costs.atomic_update)),
        format!("migration: {}", of(&costs.migration)),
        process("thread", &costs.thread),
        process("fork", &costs.fork),
        process("spawn", &costs.spawn),
        format!("channel: {{send: {}, receive: {}}}", of(&costs.channel_send), of(&costs.channel_receive)),
        format!(
            "descriptor: {{select: {}, poll: {}}}",
            of(&costs.select_descriptor),
            of(&costs.poll_descriptor)
        ),
        format!("large_allocation: {}", of(&costs.large_allocation)),
    ]
    .join("\n    ")
}

/// How often and for how long the processor is taken away.
fn interruption(taken: Option<&Interruption>) -> String {
    taken.map_or_else(String::new, |taken| {
        let [every, length] = [&taken.every, &taken.length].map(distribution);
        format!("interruption: {{every: {every}, length: {length}}}")
    })
}

/// What a process costs.
fn process(name: &str, costs: &BirthCosts) -> String {
    let [start, begin, end] = [&costs.start, &costs.begin, &costs.end].map(distribution);
    format!("{name}: {{start: {start}, begin: {begin}, end: {end}}}")
}

fn gil(model: &Model) -> String {
    match model.gil {
        GilConfig::None => "{policy: none}".to_owned(),
        GilConfig::CheckInterval { interval, first_ticker, lock } => {
            let lock = match lock {
                LockKind::Semaphore => "semaphore",
                LockKind::Condvar => "condvar",
                LockKind::Handoff => "handoff",
            };
            let ticks = format!("interval: {interval}, first_ticker: {first_ticker}");
            format!("{{policy: check_interval, {ticks}, lock: {lock}}}")
        }
        GilConfig::SwitchInterval { interval, forced_switching, ending_thread_waits } => {
            let interval = time(interval);
            let switching =
                format!("forced_switching: {forced_switching}, ending_thread_waits: {ending_thread_waits}");
            format!("{{policy: switch_interval, interval: {interval}, {switching}}}")
        }
        GilConfig::RoundRobin { interval, first_ticker } => {
            format!("{{policy: round_robin, interval: {interval}, first_ticker: {first_ticker}}}")
        }
        GilConfig::Priority { interval } => format!("{{policy: priority, interval: {}}}", time(interval)),
        GilConfig::Bfs { slice, factor, ticks } => {
            format!("{{policy: bfs, slice: {}, factor: {factor}, ticks: {ticks}}}", time(slice))
        }
        GilConfig::Pypy { interval, poll } => {
            format!("{{policy: pypy, interval: {interval}, poll: {}}}", time(poll))
        }
        GilConfig::Ruby { quantum, tick } => {
            format!("{{policy: ruby, quantum: {}, tick: {}}}", time(quantum), time(tick))
        }
    }
}

/// The ticks of a round: where, and whether it may check.
fn ticks(stretch: &Stretch) -> Vec<(Span, bool)> {
    let tick = |number| {
        let position = stretch.position_of_tick(number).expect("there are so many");
        (position, stretch.first_check_from(number) == Some(number))
    };
    (1..=stretch.ticks_per_round()).map(tick).collect()
}

/// Writes the steps of a program.
struct Writer<'a> {
    model: &'a Model,
    program: &'a Program,
    instruction: Span,
}

impl Writer<'_> {
    /// The steps from `from` up to, not including, `until`. Loops that do nothing are left out.
    fn steps(&self, from: usize, until: usize) -> Vec<String> {
        let mut written = Vec::new();
        let mut index = from;
        while index < until {
            match &self.program.steps[index] {
                Step::Run { span, .. } if span.is_zero() => {}
                Step::Run { stretch, span } => {
                    let opcodes = opcodes(&self.model.stretches[*stretch], self.instruction).join(", ");
                    written.push(format!("{{bytecode: [{opcodes}], for: {}}}", time(*span)));
                }
                Step::Io { work, wait, device: None } => {
                    let (work, wait) = (distribution(work), distribution(wait));
                    written.push(format!("io: {{work: {work}, for: {wait}}}"));
                }
                Step::Io { wait, device: Some(device), .. } => {
                    let wait = distribution(wait);
                    written.push(format!("io: {{for: {wait}, device: device {device}}}"));
                }
                Step::C { span, holds_gil } => {
                    let gil = if *holds_gil { "held" } else { "released" };
                    written.push(format!("c: {{for: {}, gil: {gil}}}", distribution(span)));
                }
                Step::Library { .. } => {
                    let Step::Collect { span, .. } = &self.program.steps[index + 1] else {
                        unreachable!("only a collection calls the library")
                    };
                    written.push(format!("collect: {}", distribution(span)));
                    index += 1;
                }
                Step::LockObject { object } => {
                    // Who gives the GIL up gives the lock up meanwhile.
                    let (place, last) = match self.program.steps[index + 1] {
                        Step::UnlockObject { .. } => (index + 2, index + 4),
                        _ => (index + 1, index + 2),
                    };
                    let Step::C { span, holds_gil } = &self.program.steps[place] else {
                        unreachable!("an operation is C code")
                    };
                    let gil = if *holds_gil { "held" } else { "released" };
                    let span = distribution(span);
                    written.push(format!("c: {{for: {span}, gil: {gil}, object: shared{object}}}"));
                    index = last;
                }
                Step::Call(enter) => {
                    let within = self.program.handlers.iter().find(|handler| handler.from == index + 1);
                    let text = call(&self.model.threading, *enter);
                    match within {
                        None => written.push(text),
                        Some(handler) => {
                            let name = text.split(": ").nth(1).expect("a call names an object");
                            let body = self.steps(handler.from, handler.to).join(", ");
                            written.push(format!("{{with: {name}, body: [{body}]}}"));
                            index = handler.to;
                        }
                    }
                }
                Step::Part { .. } | Step::Load { .. } | Step::Store { .. } | Step::CountReference { .. } => {
                    let (text, last) = self.accesses(index);
                    written.push(text);
                    index = last;
                }
                Step::Send { channel, asks: false } => written.push(format!("send: channel {channel}")),
                Step::Send { channel, asks: true } => {
                    written.push(format!("request: channel {channel}"));
                    index += 1;
                }
                Step::SendParcel { channel, parcel } => {
                    let bytes = parcel.copy.picos() / COPY.picos();
                    written.push(format!("send: {{to: channel {channel}, bytes: {bytes}B}}"));
                }
                Step::Receive { channel } => written.push(format!("recv: channel {channel}")),
                Step::Reply { channel } => written.push(format!("reply: channel {channel}")),
                Step::BeginMark { latency } => {
                    written.push(format!("mark: {{begin: {}}}", name_of(*latency)))
                }
                Step::EndMark { latency } => written.push(format!("mark: {{end: {}}}", name_of(*latency))),
                Step::Sleep { span } => written.push(format!("sleep: {}", distribution(span))),
                Step::LoopStart { count, exit } => {
                    written.extend(self.repeated(*count, self.steps(index + 1, exit - 1)));
                    index = exit - 1;
                }
                other => unreachable!("{other:?} within a body"),
            }
            index += 1;
        }
        written
    }

    /// A round of a stretch with accesses to variables, from the step `first` on; and its last step.
    fn accesses(&self, first: usize) -> (String, usize) {
        let mut accesses = Vec::new();
        let mut position = Span::ZERO;
        for (index, step) in self.program.steps.iter().enumerate().skip(first) {
            let Step::Part { stretch, to, .. } = step else {
                accesses.push((position.picos() / self.instruction.picos(), step));
                continue;
            };
            position = *to;
            let stretch = &self.model.stretches[*stretch];
            if *to < stretch.round() {
                continue;
            }
            let mut names: Vec<String> =
                opcodes(stretch, self.instruction).into_iter().map(str::to_owned).collect();
            for (number, access) in accesses {
                let name = &mut names[number as usize];
                *name = match access {
                    Step::Load { variable } => format!("{name} variable{variable}"),
                    Step::Store { variable, change } => {
                        format!("STORE_{name} variable{variable} += {change}")
                    }
                    Step::CountReference { object } => format!("{name} shared{object}"),
                    _ => unreachable!("{access:?} within a round"),
                };
            }
            return (format!("bytecode: [{}]", names.join(", ")), index);
        }
        unreachable!("a round has an end")
    }

    /// A loop with this body. The language makes one step of a loop whose body is a single run of bytecode, but that
    /// is another program: events of one instant may then come in another order. So such a body is never left alone.
    fn repeated(&self, count: Option<u64>, body: Vec<String>) -> Vec<String> {
        let alone = matches!(body.as_slice(), [only] if only.starts_with("{bytecode"));
        let written =
            |count: &str, body: &[String]| format!("{{loop: {count}, body: [{}]}}", body.join(", "));
        match count {
            _ if body.is_empty() => body,
            // The language wants no loop in which no time passes.
            Some(0) => Vec::new(),
            Some(count) if body.iter().all(|step| step.starts_with("mark:")) => {
                vec![body; count as usize].concat()
            }
            Some(count) if alone => vec![body[0].clone(); count as usize],
            None if alone => vec![written("forever", &vec![body[0].clone(); 2])],
            Some(count) => vec![written(&count.to_string(), &body)],
            None => vec![written("forever", &body)],
        }
    }
}

fn opcodes(stretch: &Stretch, instruction: Span) -> Vec<&'static str> {
    let length = stretch.round().picos() / instruction.picos();
    let ticks = ticks(stretch);
    let tick_after = |number: u64| ticks.iter().find(|(position, _)| *position == instruction * number);
    let opcode = |number: u64| {
        // The first instruction of a round comes after the last.
        let before = tick_after(if number == 1 { length } else { number - 1 });
        match (tick_after(number).is_some(), before.is_some_and(|(_, may_check)| !may_check)) {
            (false, false) => "PLAIN",
            (true, false) => "TICK",
            (false, true) => "PLAIN_UNCHECKED",
            (true, true) => "TICK_UNCHECKED",
        }
    };
    (1..=length).map(opcode).collect()
}
