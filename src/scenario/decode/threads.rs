//! The threads of a run.

use std::collections::BTreeSet;

use crate::des::Span;
use crate::os::Birth;
use crate::os::attributes::Attributes;
use crate::os::machine::Machine;
use crate::scenario::decode::attributes::attributes;
use crate::scenario::decode::calls::Inspector;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::names;
use crate::scenario::decode::pools;
use crate::scenario::decode::steps::{Step, StepDecoder};
use crate::scenario::decode::tasks::{self, EventLoop};
use crate::scenario::diagnostic::{Position, Problems, quoted};
use crate::scenario::yaml::Node;

const KEYS: [&str; 14] = [
    "name",
    "count",
    "do",
    "loop",
    "tasks",
    "daemon",
    "start",
    "core",
    "cores",
    "nice",
    "priority",
    "process",
    "interpreter",
    "native",
];
/// The process or interpreter that each thread has for itself.
const OWN: &str = "own";
/// The most threads of a run.
const MOST_THREADS: u64 = 4096;

/// An entry of `threads`: some threads that do the same.
#[derive(Clone, Debug)]
pub(crate) struct ThreadGroup {
    /// The name of them all.
    pub name: String,
    /// The name of each thread.
    pub names: Vec<String>,
    /// What each does.
    pub steps: Vec<Step>,
    /// The event loop that each runs in place of steps.
    pub event_loop: Option<EventLoop>,
    /// Whether the run ends without waiting for them.
    pub daemon: bool,
    /// When they start.
    pub start: Span,
    /// How they come into being.
    pub birth: Birth,
    /// What the scheduler is told of them.
    pub attributes: Attributes,
    /// The number of the interpreter of each thread; none for threads that run no Python.
    pub interpreters: Option<Vec<usize>>,
    /// Where the entry is.
    pub position: Position,
}

/// The list of threads, on this machine, if nothing is wrong with it.
pub(crate) fn threads(
    node: &Node,
    pools: Option<&Node>,
    machine: Option<&Machine>,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Option<Vec<ThreadGroup>> {
    let items = fields::items(node, "a list of threads", problems)?;
    if items.is_empty() {
        problems.add(node.position, "a run needs at least one thread");
        return None;
    }
    let mut names = ThreadNames::default();
    let groups: Vec<Option<ThreadGroup>> =
        items.iter().map(|item| group(item, machine, decoder, &mut names, problems)).collect();
    let workers = pools::workers(pools, machine, &mut names, decoder, problems);
    groups.into_iter().chain(workers).collect()
}

/// The names given so far.
#[derive(Default)]
pub(crate) struct ThreadNames(BTreeSet<String>);

impl ThreadGroup {
    /// Threads of these names that do nothing.
    pub fn new(name: &str, names: Vec<String>, position: Position) -> ThreadGroup {
        ThreadGroup {
            name: name.to_owned(),
            names,
            steps: Vec::new(),
            event_loop: None,
            daemon: false,
            start: Span::ZERO,
            birth: Birth::Thread,
            attributes: Attributes::default(),
            interpreters: None,
            position,
        }
    }
}

fn group(
    item: &Node,
    machine: Option<&Machine>,
    decoder: &mut StepDecoder<'_>,
    names: &mut ThreadNames,
    problems: &mut Problems,
) -> Option<ThreadGroup> {
    let keys = Fields::of(item, "a thread", &KEYS, problems)?;
    let name_node = keys.required("name", problems);
    let name = name_node.and_then(|node| fields::text(node, problems));
    let count = match keys.get("count") {
        Some(node) => fields::count(node, 1..=MOST_THREADS, problems),
        None => Some(1),
    };
    let work = work(&keys, decoder, problems);
    let daemon = match keys.get("daemon") {
        Some(node) => fields::flag(node, problems),
        None => Some(false),
    };
    let start = start(&keys, problems);
    let attributes = attributes(&keys, machine, problems);
    let name = name?;
    let names = names.of_group(name, count?, name_node?.position, problems)?;
    let interpreters = interpreters(&keys, &names, decoder, problems)?;
    let (steps, event_loop) = work?;
    Some(ThreadGroup {
        steps,
        event_loop,
        daemon: daemon?,
        start: start?.0,
        birth: start?.1,
        attributes: attributes?,
        interpreters,
        ..ThreadGroup::new(name, names, item.position)
    })
}

/// What a thread does: the steps of `do`, or the tasks of an event loop.
fn work(
    keys: &Fields<'_>,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Option<(Vec<Step>, Option<EventLoop>)> {
    match (keys.get("loop"), keys.get("do")) {
        (Some(_), Some(node)) => {
            problems.add(node.position, "a thread that runs an event loop has `tasks` in place of `do`");
            None
        }
        (Some(node), None) => {
            let native = keys.get("native").filter(|node| node.text() == Some("true"));
            if let Some(native) = native {
                problems.add(native.position, "a native thread runs no Python, so it runs no event loop");
                return None;
            }
            let event_loop = tasks::event_loop(node, keys.get("tasks"), decoder, problems)?;
            Some((Vec::new(), Some(event_loop)))
        }
        (None, _) => {
            if let Some(node) = keys.get("tasks") {
                let help = "add `loop: asyncio` or `loop: gevent`";
                problems.add_with_help(node.position, "tasks need an event loop", help);
                return None;
            }
            Some((decoder.steps(keys.required("do", problems)?, problems), None))
        }
    }
}

/// Checks that every process that is to be forked or spawned is started by a step.
pub(crate) fn check_processes(groups: &[ThreadGroup], names: &names::Names, problems: &mut Problems) {
    let is_lost = |group: &&ThreadGroup| group.birth != Birth::Thread && !names.is_started(&group.name);
    for group in groups.iter().filter(is_lost) {
        let message = format!("nobody starts the process {}", quoted(&group.name));
        let help = format!("add the step `start: {}` to another thread", group.name);
        problems.add_with_help(group.position, message, help);
    }
}

/// When a thread starts, or `fork` or `spawn` for the first of a process that a step starts.
fn start(keys: &Fields<'_>, problems: &mut Problems) -> Option<(Span, Birth)> {
    let Some(node) = keys.get("start") else { return Some((Span::ZERO, Birth::Thread)) };
    let birth = match node.text() {
        Some("fork") => Birth::Fork,
        Some("spawn") => Birth::Spawn,
        _ => return fields::span(node, problems).map(|span| (span, Birth::Thread)),
    };
    if keys.get("process").is_none() {
        problems.add_with_help(node.position, "a process is one of its own", "add `process: own`");
        return None;
    }
    if let Some(native) = keys.get("native") {
        problems.add(native.position, "a process that is started executes Python");
        return None;
    }
    Some((Span::ZERO, birth))
}

/// The interpreter of each thread of a group: `process` and `interpreter` name one, or ask for one of their own.
pub(super) fn interpreters(
    keys: &Fields<'_>,
    names: &[String],
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Option<Option<Vec<usize>>> {
    let native = match keys.get("native") {
        Some(node) => fields::flag(node, problems)?,
        None => false,
    };
    if let (true, Some(node)) = (native, keys.get("interpreter")) {
        problems.add(node.position, "a native thread runs no Python, so it has no interpreter");
        return None;
    }
    let text = |name, problems: &mut Problems| match keys.get(name) {
        Some(node) => fields::text(node, problems).map(Some),
        None => Some(None),
    };
    let process = text("process", problems)?.unwrap_or_default();
    let interpreter = text("interpreter", problems)?.unwrap_or_default();
    if native {
        return Some(None);
    }
    let own =
        |name: &str, thread: &str| if name == OWN { format!("{OWN} {thread}") } else { name.to_owned() };
    let numbers = names.iter().map(|thread| {
        let process = own(process, thread);
        let interpreter = if decoder.own_locks { own(interpreter, thread) } else { String::new() };
        decoder.names.interpreters.number_of(&format!("{process}/{interpreter}"))
    });
    Some(Some(numbers.collect()))
}

impl ThreadNames {
    /// The names of `count` threads; each thread of a run has another name.
    pub fn of_group(
        &mut self,
        name: &str,
        count: u64,
        position: Position,
        problems: &mut Problems,
    ) -> Option<Vec<String>> {
        if self.0.len() as u64 + count > MOST_THREADS {
            problems.add(position, format!("a run has at most {MOST_THREADS} threads"));
            return None;
        }
        let names: Vec<String> = match count {
            1 => vec![name.to_owned()],
            _ => (1..=count).map(|number| format!("{name} {number}")).collect(),
        };
        for name in &names {
            if !self.0.insert(name.clone()) {
                problems.add(position, format!("there is another thread named {}", quoted(name)));
                return None;
            }
        }
        Some(names)
    }
}

/// Checks that something ends the run: `until` or clients with so many requests (`is_ended`), or threads that end and
/// that it waits for.
pub(crate) fn check_ending(
    groups: &[ThreadGroup],
    threads: Position,
    is_ended: bool,
    inspector: &mut Inspector<'_>,
) {
    let help = "give the run an `until`, such as `until: 10s`";
    let mut endless = Vec::new();
    for group in groups {
        let nature = inspector.steps(&group.steps);
        if let Some(position) = nature.and_then(|nature| nature.awaits) {
            let help = "give the thread an event loop: `loop: asyncio` and `tasks` in place of `do`";
            let message = "only a task of an event loop can `await`";
            inspector.problems().add_with_help(position, message, help);
        }
        let tasks = group.event_loop.iter().flat_map(|event_loop| &event_loop.tasks);
        let natures: Vec<_> = tasks.map(|task| inspector.steps(&task.steps)).chain([nature]).collect();
        if natures.iter().flatten().any(|nature| nature.endless) && !group.daemon {
            endless.push(group.position);
        }
    }
    if is_ended {
        return;
    }
    for position in endless {
        let message = "nothing ends this run: this thread loops forever and is no daemon";
        inspector.problems().add_with_help(position, message, help);
    }
    if groups.iter().all(|group| group.daemon) {
        let message = "nothing ends this run: all its threads are daemons";
        inspector.problems().add_with_help(threads, message, help);
    }
}
