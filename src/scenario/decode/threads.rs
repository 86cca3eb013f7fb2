//! The threads of a run.

use std::collections::BTreeSet;

use crate::des::Span;
use crate::os::attributes::Attributes;
use crate::os::machine::Machine;
use crate::scenario::decode::attributes::attributes;
use crate::scenario::decode::calls::Inspector;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::steps::{Step, StepDecoder};
use crate::scenario::diagnostic::{Position, Problems, quoted};
use crate::scenario::yaml::Node;

const KEYS: [&str; 12] = [
    "name",
    "count",
    "do",
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
    /// Whether the run ends without waiting for them.
    pub daemon: bool,
    /// When they start.
    pub start: Span,
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
    machine: Option<&Machine>,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Option<Vec<ThreadGroup>> {
    let items = fields::items(node, "a list of threads", problems)?;
    if items.is_empty() {
        problems.add(node.position, "a run needs at least one thread");
        return None;
    }
    let mut names = Names::default();
    let groups: Vec<Option<ThreadGroup>> =
        items.iter().map(|item| group(item, machine, decoder, &mut names, problems)).collect();
    groups.into_iter().collect()
}

/// The names given so far.
#[derive(Default)]
struct Names(BTreeSet<String>);

fn group(
    item: &Node,
    machine: Option<&Machine>,
    decoder: &mut StepDecoder<'_>,
    names: &mut Names,
    problems: &mut Problems,
) -> Option<ThreadGroup> {
    let keys = Fields::of(item, "a thread", &KEYS, problems)?;
    let name_node = keys.required("name", problems);
    let name = name_node.and_then(|node| fields::text(node, problems));
    let count = match keys.get("count") {
        Some(node) => fields::count(node, 1..=MOST_THREADS, problems),
        None => Some(1),
    };
    let steps = keys.required("do", problems).map(|node| decoder.steps(node, problems));
    let daemon = match keys.get("daemon") {
        Some(node) => fields::flag(node, problems),
        None => Some(false),
    };
    let start = match keys.get("start") {
        Some(node) => fields::span(node, problems),
        None => Some(Span::ZERO),
    };
    let attributes = attributes(&keys, machine, problems);
    let name = name?;
    let names = names.of_group(name, count?, name_node?.position, problems)?;
    let interpreters = interpreters(&keys, &names, decoder, problems)?;
    Some(ThreadGroup {
        name: name.to_owned(),
        names,
        steps: steps?,
        daemon: daemon?,
        start: start?,
        attributes: attributes?,
        interpreters,
        position: item.position,
    })
}

/// The interpreter of each thread of a group: `process` and `interpreter` name one, or ask for one of their own.
fn interpreters(
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

impl Names {
    /// The names of `count` threads; each thread of a run has another name.
    fn of_group(
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
        if nature.is_some_and(|nature| nature.endless) && !group.daemon {
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
