//! The event loop of a thread, and its tasks.

use crate::os::sync::{MOST_SELECTED, Selector};
use crate::python::event_loop::LoopKind;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::steps::{Step, StepDecoder};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

const KINDS: [(&str, LoopKind); 2] = [("asyncio", LoopKind::Asyncio), ("gevent", LoopKind::Gevent)];
const SELECTORS: [(&str, Selector); 3] =
    [("select", Selector::Select), ("poll", Selector::Poll), ("epoll", Selector::Epoll)];
/// The most tasks of an event loop.
const MOST_TASKS: u64 = 65_536;
/// The most idle descriptors: as many as the hard limit of a process on most machines (`RLIMIT_NOFILE`).
const MOST_DESCRIPTORS: u64 = 1_048_576;

/// An event loop, as each thread of a group runs one.
#[derive(Clone, Debug)]
pub(crate) struct EventLoop {
    /// Whose it is.
    pub kind: LoopKind,
    /// How it learns what is ready.
    pub selector: Selector,
    /// How many idle descriptors it watches besides.
    pub idle: u64,
    /// Its tasks.
    pub tasks: Vec<TaskGroup>,
}

/// An entry of `tasks`: some tasks that do the same.
#[derive(Clone, Debug)]
pub(crate) struct TaskGroup {
    /// How many.
    pub count: usize,
    /// What each does.
    pub steps: Vec<Step>,
}

/// The event loop of a thread: `loop: asyncio`, or `loop: {kind: asyncio, selector: poll, idle: 1000}`.
pub(crate) fn event_loop(
    node: &Node,
    tasks: Option<&Node>,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Option<EventLoop> {
    let (kind, selector, idle) = match node.text() {
        Some(_) => (fields::choice(node, "event loop", &KINDS, problems), Some(Selector::Epoll), Some(0)),
        None => {
            let keys = Fields::of(node, "an event loop", &["kind", "selector", "idle"], problems)?;
            let kind = keys.required("kind", problems);
            let selector = match keys.get("selector") {
                Some(node) => fields::choice(node, "selector", &SELECTORS, problems),
                None => Some(Selector::Epoll),
            };
            let idle = match keys.get("idle") {
                Some(node) => idle_descriptors(node, selector, problems),
                None => Some(0),
            };
            (kind.and_then(|kind| fields::choice(kind, "event loop", &KINDS, problems)), selector, idle)
        }
    };
    let Some(tasks) = tasks else {
        problems.add_with_help(
            node.position,
            "an event loop needs tasks",
            "add `tasks: [...]` next to `loop`",
        );
        return None;
    };
    let items = fields::items(tasks, "a list of tasks", problems)?;
    if items.is_empty() {
        problems.add(tasks.position, "an event loop needs at least one task");
        return None;
    }
    let groups: Vec<Option<TaskGroup>> = items.iter().map(|item| group(item, decoder, problems)).collect();
    let tasks: Vec<TaskGroup> = groups.into_iter().collect::<Option<_>>()?;
    if tasks.iter().map(|group| group.count as u64).sum::<u64>() > MOST_TASKS {
        problems.add(node.position, format!("an event loop has at most {MOST_TASKS} tasks"));
        return None;
    }
    Some(EventLoop { kind: kind?, selector: selector?, idle: idle?, tasks })
}

fn idle_descriptors(node: &Node, selector: Option<Selector>, problems: &mut Problems) -> Option<u64> {
    let count = fields::count(node, 0..=MOST_DESCRIPTORS, problems)?;
    if selector == Some(Selector::Select) && count >= MOST_SELECTED as u64 {
        let message = format!("`select` watches at most {MOST_SELECTED} descriptors, and this loop has more");
        problems.add_with_help(node.position, message, "use `poll` or `epoll`");
        return None;
    }
    Some(count)
}

fn group(item: &Node, decoder: &mut StepDecoder<'_>, problems: &mut Problems) -> Option<TaskGroup> {
    let keys = Fields::of(item, "a task", &["name", "count", "do"], problems)?;
    fields::optional_text(keys.get("name"), problems);
    let count = match keys.get("count") {
        Some(node) => fields::count(node, 1..=MOST_TASKS, problems),
        None => Some(1),
    };
    let steps = keys.required("do", problems).map(|node| decoder.steps(node, problems));
    Some(TaskGroup { count: count? as usize, steps: steps? })
}
