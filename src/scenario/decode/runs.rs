//! A run with its presets filled in, to a model.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::des::{Span, Time};
use crate::os::Birth;
use crate::os::machine::Platform;
use crate::python::program::{Program, Step};
use crate::python::stretch::Stretch;
use crate::scenario::decode::background::Load;
use crate::scenario::decode::bytecode::{Interpreter, StretchPool};
use crate::scenario::decode::calls::{Function, Inspector};
use crate::scenario::decode::clients;
use crate::scenario::decode::compile::{Compiler, MOST_STEPS, TooManySteps};
use crate::scenario::decode::constant::Provenance;
use crate::scenario::decode::fields;
use crate::scenario::decode::machine::{self, DecodedMachine};
use crate::scenario::decode::names::Names;
use crate::scenario::decode::python::{self, DecodedPython};
use crate::scenario::decode::signals::{self, Signal};
use crate::scenario::decode::steps::StepDecoder;
use crate::scenario::decode::tasks::EventLoop;
use crate::scenario::decode::threads::{self, ThreadGroup};
use crate::scenario::diagnostic::{Position, Problems, quoted};
use crate::scenario::yaml::Node;
use crate::sim::{ClientSpec, LoopSpec, Model, SignalSpec, ThreadSpec};

/// A run with its presets filled in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunSections<'a> {
    /// The machine, if there is one.
    pub machine: Option<&'a Node>,
    /// The interpreter, if there is one.
    pub python: Option<&'a Node>,
    /// The name of the interpreter's preset.
    pub python_name: Option<&'a str>,
    /// Everything else.
    pub sections: &'a Node,
    /// Where the run begins.
    pub position: Position,
}

/// How the things of a model are called, by index.
#[derive(Clone, Debug)]
pub(crate) struct ModelNames {
    /// The threads.
    pub threads: Vec<String>,
    /// The channels.
    pub channels: Vec<String>,
    /// What the latencies are measured of.
    pub latencies: Vec<String>,
    /// The shared variables.
    pub variables: Vec<String>,
    /// Locks, by their number.
    pub locks: BTreeMap<usize, String>,
    /// The class of what is raised by the release of a lock that is not held.
    pub lock_error: String,
    /// Where the constants of its machine come from.
    pub provenance: Vec<Provenance>,
}

/// The model of a run, and the names of what is in it. `budget` is how many steps its programs may have.
pub(crate) fn model(
    run: RunSections<'_>,
    budget: &mut usize,
    problems: &mut Problems,
) -> Option<(Model, ModelNames)> {
    let machine = run.machine.and_then(|node| machine::machine(node, problems));
    let python = run.python.and_then(|node| python::python(node, problems));
    let instruction = instruction_time(run, machine.as_ref(), python.as_ref(), problems);
    let interpreter = python.as_ref().zip(instruction).map(|(python, instruction)| Interpreter {
        opcodes: &python.opcodes,
        typical: &python.typical,
        instruction,
        counting: &python.counting,
        locks_objects: python.object_locks.is_some(),
        atomic_update: machine.as_ref().map_or(Span::ZERO, |machine| machine.machine.costs.atomic_update),
    });
    let until = match run.sections.get("until") {
        Some(node) => fields::positive_span(node, problems).map(|span| Some(Time::ZERO + span)),
        None => Some(None),
    };
    let own_locks = python.as_ref().is_some_and(|python| python.lock_per_interpreter);
    let workload = workload(run, machine.as_ref(), interpreter, own_locks, budget, problems);
    let (machine, python, workload) = (machine?, python?, workload?);
    let Workload { stretches, library, programs, threads, loops, clients, signals, names, thread_names } =
        workload;
    let library_instruction = run
        .python_name
        .and_then(|name| machine.library_instruction.get(name).copied())
        .unwrap_or(instruction?);
    names.objects.check_inheritance(&machine.machine, problems);
    let shared_objects = shared_objects(&names, &python, &thread_names, problems)?;
    let (channels, latencies) = (names.channels.in_order(), names.latencies.in_order());
    let variables = names.objects.variables().to_vec();
    let locks = names.objects.lock_names();
    let sleeps_until = python.sleeps_until && machine.machine.platform == Platform::Linux;
    let model = Model {
        gil: python.gil_on(machine.machine.platform),
        machine: machine.machine,
        interpreters: names.interpreters.in_order().len(),
        lone_thread_locks: python.lock_from_start,
        stretches,
        programs,
        library: (library, library_instruction),
        lock_tries_first: python.lock_tries_first,
        sleeps_until,
        threading_lock: python.threading_lock,
        variables: variables.len(),
        shared_objects,
        object_locks: python.object_locks,
        channels: names.capacities(),
        devices: names.device_specs(),
        latencies: latencies.len(),
        pools: names.reached_pools().len(),
        loops,
        clients,
        signal_rules: python.signals,
        signals,
        threads,
        threading: names.objects.threading,
        until: until?,
    };
    Some((
        model,
        ModelNames {
            threads: thread_names,
            channels,
            latencies,
            variables,
            locks,
            lock_error: python.lock_error,
            provenance: machine.provenance,
        },
    ))
}

/// The time of an instruction: the interpreter's own, or else what the machine says of the interpreter, or else of the
/// one it is compared with.
fn instruction_time(
    run: RunSections<'_>,
    machine: Option<&DecodedMachine>,
    python: Option<&DecodedPython>,
    problems: &mut Problems,
) -> Option<Span> {
    let python = python?;
    if let Some(span) = python.instruction {
        return Some(span);
    }
    let times = &machine?.instruction;
    if let Some(span) = run.python_name.and_then(|name| times.get(name)) {
        return Some(*span);
    }
    let factor = python.instruction_factor.as_ref();
    if let Some((factor, span)) = factor.and_then(|factor| Some((factor, times.get(&factor.of)?))) {
        return Some(factor.times(*span));
    }
    let position = run.python?.position;
    let name = run.python_name.map_or("this interpreter".to_owned(), quoted);
    let message = format!("nothing says how long an instruction of {name} takes on this machine");
    let help = match factor {
        Some(factor) => format!(
            "add a time such as `instruction: 20ns` to `python`, or `instruction: {{{}: 20ns}}` to `machine`",
            factor.of
        ),
        None => "add a time such as `instruction: 20ns` to `python`".to_owned(),
    };
    problems.add_with_help(position, message, help);
    None
}

/// For each object whose reference count threads share, the thread that changes it by plain additions, if any does.
fn shared_objects(
    names: &Names,
    python: &DecodedPython,
    threads: &[String],
    problems: &mut Problems,
) -> Option<Vec<Option<usize>>> {
    let mut owners = Vec::new();
    for object in names.objects.shared() {
        let Some((name, position)) = &object.owner else {
            owners.push(None);
            continue;
        };
        let owner = threads.iter().position(|thread| thread == name);
        if owner.is_none() {
            problems.unknown(*position, "thread", name, threads.iter().map(String::as_str));
        }
        owners.push(owner.filter(|_| python.counting.spares_owners()));
    }
    problems.is_empty().then_some(owners)
}

/// What the threads of a run do.
struct Workload {
    stretches: Vec<Stretch>,
    library: usize,
    programs: Vec<Program>,
    threads: Vec<ThreadSpec>,
    loops: Vec<LoopSpec>,
    clients: Vec<ClientSpec>,
    signals: Vec<SignalSpec>,
    names: Names,
    thread_names: Vec<String>,
}

fn workload(
    run: RunSections<'_>,
    machine: Option<&DecodedMachine>,
    interpreter: Option<Interpreter<'_>>,
    own_locks: bool,
    budget: &mut usize,
    problems: &mut Problems,
) -> Option<Workload> {
    let reports = problems.reports();
    let function_names = function_names(run.sections.get("functions"), problems);
    let names = Names::new(run.sections, problems);
    let mut decoder = StepDecoder {
        interpreter,
        functions: &function_names,
        pool: StretchPool::default(),
        names,
        own_locks,
        contents: machine.map(|machine| machine.contents).unwrap_or_default(),
    };
    let functions = functions(run.sections.get("functions"), &mut decoder, problems);
    let Some(node) = run.sections.get("threads") else {
        problems.add_with_help(run.position, "this run has no threads", "add `threads: [...]`");
        return None;
    };
    let hardware = machine.map(|machine| &machine.machine);
    let groups = threads::threads(node, run.sections.get("pools"), hardware, &mut decoder, problems);
    let clients = clients::clients(run.sections.get("clients"), &mut decoder.names, problems);
    let has_end = run.sections.get("until").is_some();
    let signals = signals::signals(run.sections.get("signals"), has_end, &mut decoder, problems);
    let StepDecoder { mut pool, mut names, .. } = decoder;
    let library = interpreter.map_or(0, |interpreter| pool.library(interpreter));
    let stretches = pool.into_stretches();
    let (groups, clients, signals) = (groups?, clients?, signals?);
    // A step that was left out could make a loop seem empty.
    if problems.reports() == reports {
        let mut inspector = Inspector::new(&functions, problems);
        inspector.inspect_functions();
        let is_ended =
            run.sections.get("until").is_some() || clients.iter().any(|client| client.requests.is_some());
        threads::check_ending(&groups, node.position, is_ended, &mut inspector);
        for steps in signals.iter().filter_map(|signal| signal.handler.as_deref()) {
            inspector.steps(steps);
        }
        threads::check_processes(&groups, &names, problems);
        check_main_thread(&groups, &signals, problems);
        names.check_channels(problems);
        names.check_threads(groups.iter().map(|group| group.name.as_str()), problems);
    }
    // Programs are compiled only from steps that are known to be sound: a circle of calls would never end.
    if !problems.is_empty() {
        return None;
    }
    let indices = indices_by_name(&groups);
    let compiler = Compiler {
        functions: &functions,
        stretches: &stretches,
        threads: &indices,
        pools: names.reached_pools(),
        event_loop: None,
        budget,
        handlers: Vec::new(),
    };
    match compiled(&groups, &signals, &names, compiler) {
        Ok(mut compiled) => {
            if let Some(machine) = machine {
                add_background(&machine.background, &mut compiled, run.position, problems)?;
            }
            let Compiled { programs, threads, loops, signals, names: thread_names } = compiled;
            names.objects.threading.add_threads(threads.iter().map(|thread| thread.birth));
            Some(Workload {
                stretches,
                library,
                programs,
                threads,
                loops,
                clients,
                signals,
                names,
                thread_names,
            })
        }
        Err(TooManySteps) => {
            let message = format!("the programs have more than {MOST_STEPS} steps together");
            problems.add_with_help(node.position, message, "use a loop instead of calls in calls");
            None
        }
    }
}

/// Signals are for the main thread, the first of all, which must run Python.
fn check_main_thread(groups: &[ThreadGroup], signals: &[Signal], problems: &mut Problems) {
    let is_native = groups.first().is_some_and(|main| main.interpreters.is_none());
    if let (Some(signal), true) = (signals.first(), is_native) {
        let message = "signals are for the main thread, the first of all, and that runs no Python here";
        problems.add(signal.position, message);
    }
}

/// The index of each function.
fn function_names<'a>(node: Option<&'a Node>, problems: &mut Problems) -> BTreeMap<&'a str, usize> {
    let Some(node) = node else { return BTreeMap::new() };
    let Some(entries) = node.entries() else {
        fields::expected("a mapping of names to lists of steps", node, problems);
        return BTreeMap::new();
    };
    entries.iter().enumerate().map(|(index, (key, _))| (key.text.as_str(), index)).collect()
}

fn functions<'a>(
    node: Option<&'a Node>,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Vec<Function<'a>> {
    let entries = node.and_then(Node::entries).unwrap_or_default();
    entries
        .iter()
        .map(|(key, node)| Function { name: &key.text, steps: decoder.steps(node, problems) })
        .collect()
}

/// The indices of the threads of each group.
fn indices_by_name(groups: &[ThreadGroup]) -> BTreeMap<String, Range<usize>> {
    let mut first = 0;
    let mut indices = BTreeMap::new();
    for group in groups {
        let end = first + group.names.len();
        indices.insert(group.name.clone(), first..end);
        first = end;
    }
    indices
}

/// What threads and tasks do.
#[derive(Default)]
struct Compiled {
    programs: Vec<Program>,
    threads: Vec<ThreadSpec>,
    loops: Vec<LoopSpec>,
    signals: Vec<SignalSpec>,
    names: Vec<String>,
}

/// Adds the threads of other programs that the machine runs; each thread of a run has another name.
fn add_background(
    loads: &[Load],
    Compiled { programs, threads, names, .. }: &mut Compiled,
    position: Position,
    problems: &mut Problems,
) -> Option<()> {
    for load in loads {
        for name in &load.names {
            if names.contains(name) {
                let message =
                    format!("{} is the name of a thread and of a load of the machine", quoted(name));
                problems.add(position, message);
                return None;
            }
            names.push(name.clone());
            threads.push(ThreadSpec {
                program: programs.len(),
                interpreter: None,
                daemon: true,
                start: Span::ZERO,
                birth: Birth::Thread,
                background: true,
                event_loop: None,
                attributes: load.attributes,
                started_by_step: false,
                announced: false,
            });
        }
        programs.push(load.program.clone());
    }
    Some(())
}

/// One program for each group of threads, of tasks and of handlers, and all threads with their names.
fn compiled(
    groups: &[ThreadGroup],
    signals: &[Signal],
    known: &Names,
    mut compiler: Compiler<'_>,
) -> Result<Compiled, TooManySteps> {
    let mut all = Compiled::default();
    for group in groups {
        let program = all.programs.len();
        let event_loop = match &group.event_loop {
            Some(event_loop) => {
                all.programs.push(Program { steps: vec![Step::RunTasks, Step::End], handlers: Vec::new() });
                Some(loop_of(event_loop, known, &mut compiler, &mut all.programs)?)
            }
            None => {
                all.programs.push(compiler.program(&group.steps)?);
                None
            }
        };
        for (index, name) in group.names.iter().enumerate() {
            all.threads.push(ThreadSpec {
                program,
                interpreter: group.interpreters.as_ref().map(|numbers| numbers[index]),
                daemon: group.daemon,
                start: group.start,
                birth: group.birth,
                background: false,
                attributes: group.attributes,
                event_loop: event_loop.as_ref().map(|_| all.loops.len()),
                started_by_step: known.is_started(&group.name),
                announced: known.is_started(&group.name) || known.is_joined(&group.name),
            });
            all.loops.extend(event_loop.clone());
            all.names.push(name.clone());
        }
    }
    for signal in signals {
        let handler = match &signal.handler {
            Some(steps) => {
                all.programs.push(compiler.program(steps)?);
                Some(all.programs.len() - 1)
            }
            None => None,
        };
        let Signal { at, every, times, latency, .. } = *signal;
        all.signals.push(SignalSpec { at, every, times, handler, latency });
    }
    Ok(all)
}

/// An event loop, with the programs of its tasks.
fn loop_of(
    event_loop: &EventLoop,
    known: &Names,
    compiler: &mut Compiler<'_>,
    programs: &mut Vec<Program>,
) -> Result<LoopSpec, TooManySteps> {
    compiler.event_loop = Some(event_loop.kind.instructions());
    let mut tasks = Vec::new();
    for group in &event_loop.tasks {
        tasks.extend(std::iter::repeat_n(programs.len(), group.count));
        programs.push(compiler.program(&group.steps)?);
    }
    compiler.event_loop = None;
    Ok(LoopSpec {
        kind: event_loop.kind,
        selector: event_loop.selector,
        idle_descriptors: event_loop.idle,
        tasks,
        semaphores: known.objects.task_semaphores().to_vec(),
    })
}
