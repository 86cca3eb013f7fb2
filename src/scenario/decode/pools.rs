//! Pools of threads or processes: `submit` gives one of them something to do, `gather` waits for all that was submitted.
//!
//! A pool of threads takes its tasks from a queue and puts its results into another (`concurrent.futures.thread`); one of
//! processes does so through pipes (`multiprocessing.pool`).

use crate::os::machine::Machine;
use crate::python::program;
use crate::python::threading::Call;
use crate::scenario::decode::attributes::attributes;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::names::Names;
use crate::scenario::decode::steps::{Action, Step, StepDecoder};
use crate::scenario::decode::threads::{self, ThreadGroup, ThreadNames};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

/// The most workers of a pool.
const MOST_WORKERS: u64 = 4096;

/// How tasks come to the workers of a pool, and results back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// Through queues of `threading`, by their numbers.
    OfThreads {
        /// Where the tasks are.
        tasks: usize,
        /// Where the results are.
        results: usize,
    },
    /// Through channels.
    OfProcesses {
        /// The channel of the tasks.
        tasks: usize,
        /// The channel of the results.
        results: usize,
    },
}

impl Pool {
    /// What gives a task to the pool.
    pub fn submit(self) -> program::Step {
        match self {
            Pool::OfThreads { tasks, .. } => program::Step::Call(Call::Put(tasks)),
            Pool::OfProcesses { tasks, .. } => program::Step::Send { channel: tasks, asks: false },
        }
    }

    /// What takes a result.
    pub fn take_result(self) -> program::Step {
        match self {
            Pool::OfThreads { results, .. } => program::Step::Call(Call::Get(results)),
            Pool::OfProcesses { results, .. } => program::Step::Receive { channel: results },
        }
    }

    fn take_task(self) -> program::Step {
        match self {
            Pool::OfThreads { tasks, .. } => program::Step::Call(Call::Get(tasks)),
            Pool::OfProcesses { tasks, .. } => program::Step::Receive { channel: tasks },
        }
    }

    fn give_result(self) -> program::Step {
        match self {
            Pool::OfThreads { results, .. } => program::Step::Call(Call::Put(results)),
            Pool::OfProcesses { results, .. } => program::Step::Send { channel: results, asks: false },
        }
    }
}

/// The workers of all pools of the section `pools`, on this machine, if nothing is wrong with it: daemons that do what the pool does for each task.
pub(crate) fn workers(
    section: Option<&Node>,
    machine: Option<&Machine>,
    names: &mut ThreadNames,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Vec<Option<ThreadGroup>> {
    let entries = section.and_then(Node::entries).unwrap_or_default();
    entries.iter().map(|(key, node)| group(&key.text, node, machine, names, decoder, problems)).collect()
}

fn group(
    name: &str,
    node: &Node,
    machine: Option<&Machine>,
    names: &mut ThreadNames,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Option<ThreadGroup> {
    let keys = Fields::of(
        node,
        "a pool",
        &["workers", "do", "process", "core", "cores", "nice", "priority"],
        problems,
    )?;
    let workers = keys.required("workers", problems);
    let workers = workers.and_then(|node| fields::count(node, 1..=MOST_WORKERS, problems));
    let steps = keys.required("do", problems).map(|node| decoder.steps(node, problems));
    let attributes = attributes(&keys, machine, problems);
    let pool = decoder.names.pool_named(name)?;
    let thread_names = names.of_group(name, workers?, node.position, problems)?;
    let interpreters = threads::interpreters(&keys, &thread_names, decoder, problems)?;
    let step = |step| Step { action: Action::Step(step), position: node.position };
    let body = [step(pool.take_task())].into_iter().chain(steps?).chain([step(pool.give_result())]);
    let body = Action::Loop { count: None, body: body.collect() };
    Some(ThreadGroup {
        steps: vec![Step { action: body, position: node.position }],
        daemon: true,
        attributes: attributes?,
        interpreters,
        ..ThreadGroup::new(name, thread_names, node.position)
    })
}

/// The pool that a step names.
pub(crate) fn named(node: &Node, names: &Names, problems: &mut Problems) -> Option<usize> {
    let name = fields::text(node, problems)?;
    let pool = names.pools.known(name);
    if pool.is_none() {
        problems.unknown(node.position, "pool", name, names.pools.names());
    }
    pool
}
