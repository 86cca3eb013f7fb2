//! What tasks of an event loop await, and the steps of a program that it takes in a loop of one kind or the other.

use crate::des::Distribution;
use crate::python::event_loop::{Await, Instructions};
use crate::python::program::Step;
use crate::scenario::decode::distribution::distribution;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::names::Names;
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

/// What can be awaited.
const AWAITABLE: [&str; 9] = ["sleep", "io", "recv", "send", "reply", "request", "acquire", "put", "get"];

/// What a task awaits, or does to a semaphore of its loop.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Awaited {
    /// That a time has passed.
    Sleep(Distribution),
    /// Work in the kernel, and an answer from outside.
    Io {
        /// Time in the kernel.
        work: Distribution,
        /// How long the answer takes.
        wait: Distribution,
    },
    /// A message from a channel.
    Receive(usize),
    /// That a message has gone to a channel.
    Send(usize),
    /// That the answer to a message has gone.
    Reply(usize),
    /// The answer to a question.
    Request {
        /// The channel.
        channel: usize,
        /// The latency that is measured.
        latency: usize,
    },
    /// A place of a semaphore.
    Acquire(usize),
    /// Room for an item of a queue.
    Put(TaskQueue),
    /// An item of a queue.
    Get(TaskQueue),
    /// It gives a place of a semaphore back, which takes no waiting.
    Release(usize),
}

/// A queue of an event loop: a semaphore of its room, if it is bounded, and one of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskQueue {
    /// The semaphore of the room.
    pub room: Option<usize>,
    /// The semaphore of the items.
    pub items: usize,
}

/// An object that tasks of an event loop share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskObject {
    /// The semaphore with this index.
    Semaphore(usize),
    /// A queue.
    Queue(TaskQueue),
}

/// What the step `await` names: `await: {sleep: 1s}`.
pub(crate) fn awaited(node: &Node, names: &mut Names, problems: &mut Problems) -> Option<Awaited> {
    let (what, value) = fields::only_entry(node, "`await`", &AWAITABLE, problems)?;
    Some(match what {
        "sleep" => Awaited::Sleep(distribution(value, problems)?),
        "io" => io(value, problems)?,
        "recv" => Awaited::Receive(names.received_from(value, problems)?),
        "send" => Awaited::Send(names.sent_to(value, problems)?),
        "reply" => Awaited::Reply(names.answered_from(value, problems)?),
        "request" => {
            let channel = names.sent_to(value, problems)?;
            Awaited::Request { channel, latency: names.latencies.number_of(value.text()?) }
        }
        what => match (what, names.objects.of_tasks(value, problems)?) {
            ("acquire", TaskObject::Semaphore(semaphore)) => Awaited::Acquire(semaphore),
            ("put", TaskObject::Queue(queue)) => Awaited::Put(queue),
            ("get", TaskObject::Queue(queue)) => Awaited::Get(queue),
            (what, object) => {
                let (kind, help) = match object {
                    TaskObject::Semaphore(_) => {
                        ("an async_semaphore", "acquire, and release without `await`")
                    }
                    TaskObject::Queue(_) => ("an async_queue", "put, get"),
                };
                let message = format!("{kind} cannot be used with `{what}`");
                problems.add_with_help(value.position, message, format!("use {help}"));
                return None;
            }
        },
    })
}

/// `io: 50ms`, or `io: {for: 50ms, work: 20us}`.
fn io(node: &Node, problems: &mut Problems) -> Option<Awaited> {
    if node.get("for").is_none() && node.get("work").is_none() {
        return Some(Awaited::Io { work: Distribution::ZERO, wait: distribution(node, problems)? });
    }
    let keys = Fields::of(node, "`io`", &["for", "work"], problems)?;
    let wait = keys.required("for", problems).and_then(|node| distribution(node, problems));
    let work = match keys.get("work") {
        Some(node) => distribution(node, problems),
        None => Some(Distribution::ZERO),
    };
    Some(Awaited::Io { work: work?, wait: wait? })
}

impl Awaited {
    /// The steps of a program, in a loop whose parts take so many instructions.
    pub fn steps(&self, instructions: &Instructions) -> Vec<Step> {
        let library = |instructions| Step::Library { instructions };
        match self {
            Awaited::Sleep(span) => vec![Step::Await(Await::Sleep { span: span.clone() })],
            Awaited::Io { work, wait } => vec![
                library(instructions.send + instructions.receive),
                Step::Await(Await::Io { work: work.clone(), wait: wait.clone() }),
            ],
            Awaited::Receive(channel) => {
                vec![library(instructions.receive), Step::Await(Await::Receive { channel: *channel })]
            }
            Awaited::Send(channel) => {
                vec![library(instructions.send), Step::Await(Await::Send { channel: *channel, asks: false })]
            }
            Awaited::Reply(channel) => {
                vec![library(instructions.send), Step::Await(Await::Reply { channel: *channel })]
            }
            Awaited::Request { channel, latency } => vec![
                library(instructions.send),
                Step::Await(Await::Send { channel: *channel, asks: true }),
                library(instructions.receive),
                Step::Await(Await::Answer { latency: Some(*latency) }),
            ],
            Awaited::Acquire(semaphore) => {
                vec![library(instructions.acquire), Step::Await(Await::Take { semaphore: *semaphore })]
            }
            Awaited::Release(semaphore) => {
                vec![library(instructions.release), Step::Give { semaphore: *semaphore }]
            }
            Awaited::Put(queue) => {
                let room = queue.room.map(|semaphore| Step::Await(Await::Take { semaphore }));
                let item = Step::Give { semaphore: queue.items };
                [library(instructions.put)].into_iter().chain(room).chain([item]).collect()
            }
            Awaited::Get(queue) => {
                let item = Step::Await(Await::Take { semaphore: queue.items });
                let room = queue.room.map(|semaphore| Step::Give { semaphore });
                [library(instructions.get), item].into_iter().chain(room).collect()
            }
        }
    }
}
