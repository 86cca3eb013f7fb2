//! What threads and functions do: lists of steps. Those of bytecode are in `bytecode`.

use std::collections::BTreeMap;

use crate::des::{Distribution, Span};
use crate::python::program::{self, Pause};
use crate::python::threading::{Call, METHOD_CALL};
use crate::scenario::decode::awaits::{self, Awaited, TaskObject};
use crate::scenario::decode::bytecode::{Interpreter, StretchPool};
use crate::scenario::decode::distribution::distribution;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::names::Names;
use crate::scenario::decode::objects;
use crate::scenario::decode::parcel::{self, ContentCosts};
use crate::scenario::decode::pools;
use crate::scenario::diagnostic::{Position, Problems};
use crate::scenario::yaml::Node;

/// The kinds of steps.
const STEPS: [&str; 20] = [
    "bytecode", "ticks", "python", "loop", "call", "c", "io", "sleep", "send", "recv", "reply", "request",
    "mark", "start", "join", "add", "await", "submit", "gather", "collect",
];

/// One step, with calls and loops not yet expanded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// What is done.
    pub action: Action,
    /// Where it is written.
    pub position: Position,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// What a program does in one step, neither a jump nor its end.
    Step(program::Step),
    /// Several steps, one after the other.
    Block(Vec<Step>),
    /// Steps between two calls; the second comes also if an exception leaves them.
    With {
        /// What is called first.
        enter: Call,
        /// What is done then.
        body: Vec<Step>,
        /// What is called last.
        leave: Call,
    },
    /// Repeat a body.
    Loop {
        /// How often; `None` is forever.
        count: Option<u64>,
        /// What is repeated.
        body: Vec<Step>,
    },
    /// Do what the function with this index does.
    Call(usize),
    /// Start the threads of this name.
    Start(String),
    /// Join the threads of this name.
    Join(String),
    /// Give the pool with this number a task.
    Submit(usize),
    /// Take the results of all tasks that were submitted to a pool.
    Gather(usize),
    /// Let other tasks of the event loop go on meanwhile.
    Await(Awaited),
    /// Send a message and wait for the answer.
    Request {
        /// The channel.
        channel: usize,
        /// The latency that is measured.
        latency: usize,
    },
}

impl Action {
    /// Go round a stretch of bytecode for some time.
    pub fn run(stretch: usize, span: Span) -> Action {
        Action::Step(program::Step::Run { stretch, span })
    }

    /// Call a method of an object.
    fn method(call: Call) -> Action {
        Action::Step(program::Step::Call(call))
    }
}

/// Decodes the steps of one run.
pub(crate) struct StepDecoder<'a> {
    /// The interpreter; `None` if something is wrong with it, and then bytecode is not looked at closely.
    pub interpreter: Option<Interpreter<'a>>,
    /// The index of each function.
    pub functions: &'a BTreeMap<&'a str, usize>,
    /// The stretches met so far.
    pub pool: StretchPool,
    /// The names met so far.
    pub names: Names,
    /// What the contents of messages cost.
    pub contents: ContentCosts,
    /// Whether each interpreter of a process has a lock of its own (PEP 684).
    pub own_locks: bool,
}

impl StepDecoder<'_> {
    /// A list of steps. Steps in which something is wrong are left out.
    pub fn steps(&mut self, node: &Node, problems: &mut Problems) -> Vec<Step> {
        let items = fields::items(node, "a list of steps", problems).unwrap_or_default();
        let mut steps = Vec::new();
        let mut rest = items.iter().peekable();
        while let Some(item) = rest.next() {
            // `[loop: 3, body: [...]]` is YAML for a list of two mappings of one key each.
            let body = rest.peek().copied().and_then(body_alone).filter(|_| wants_body(item));
            if body.is_some() {
                rest.next();
            }
            let action = self.action(item, body, problems);
            steps.extend(action.map(|action| Step { action, position: item.position }));
        }
        steps
    }

    fn action(&mut self, item: &Node, body: Option<&Node>, problems: &mut Problems) -> Option<Action> {
        let (name, value) = step_of(item, problems)?;
        match name {
            "bytecode" => self.bytecode(value, item.get("for"), problems),
            "ticks" => self.ticks(value, problems),
            "python" => {
                let span = fields::span(value, problems)?;
                Some(self.python(span))
            }
            "loop" => self.repeat(item, value, body, problems),
            "with" => self.with(item, value, body, problems),
            "start" => self.names.started(value, problems).map(Action::Start),
            "join" => self.names.joined(value, problems).map(Action::Join),
            "add" => self.add(value, problems),
            "submit" => pools::named(value, &self.names, problems).map(Action::Submit),
            "gather" => pools::named(value, &self.names, problems).map(Action::Gather),
            "await" => awaits::awaited(value, &mut self.names, problems).map(Action::Await),
            "release" if self.names.objects.is_of_tasks(value) => {
                match self.names.objects.of_tasks(value, problems)? {
                    TaskObject::Semaphore(semaphore) => Some(Action::Await(Awaited::Release(semaphore))),
                    TaskObject::Queue(_) => {
                        let help = "use put, get";
                        problems.add_with_help(value.position, "an async_queue cannot be released", help);
                        None
                    }
                }
            }
            step if objects::STEPS.contains(&step) => {
                self.names.objects.call(step, value, problems).map(Action::method)
            }
            "call" => self.call(value, problems),
            "c" => self.c(value, problems),
            "collect" => self.collect(value, problems),
            "io" => self.io(value, problems),
            "send" if value.text().is_none() => {
                let (channel, bytes, is_buffer) = parcel::contents(value, problems)?;
                let channel = self.names.sent_to(channel, problems)?;
                let steps = self.contents.sending(channel, bytes, is_buffer);
                let step = |step| Step { action: Action::Step(step), position: item.position };
                Some(Action::Block(steps.into_iter().map(step).collect()))
            }
            "send" => {
                let channel = self.names.sent_to(value, problems)?;
                Some(Action::Step(program::Step::Send { channel, asks: false }))
            }
            "recv" => {
                let channel = self.names.received_from(value, problems)?;
                Some(Action::Step(program::Step::Receive { channel }))
            }
            "reply" => {
                let channel = self.names.answered_from(value, problems)?;
                Some(Action::Step(program::Step::Reply { channel }))
            }
            "request" => {
                let channel = self.names.sent_to(value, problems)?;
                let latency = self.names.latencies.number_of(value.text()?);
                Some(Action::Request { channel, latency })
            }
            "mark" => self.mark(value, problems),
            _ => distribution(value, problems).map(|span| Action::Step(program::Step::Sleep { span })),
        }
    }

    /// Steps between taking and releasing an object.
    fn with(
        &mut self,
        item: &Node,
        object: &Node,
        body: Option<&Node>,
        problems: &mut Problems,
    ) -> Option<Action> {
        let calls = self.names.objects.with(object, problems);
        let Some(body) = item.get("body").or(body) else {
            problems.add_with_help(
                item.position,
                "a `with` needs a body",
                "add `body: [...]` next to `with`",
            );
            return None;
        };
        let body = self.steps(body, problems);
        let (enter, leave) = calls?;
        Some(Action::With { enter, body, leave })
    }

    fn repeat(
        &mut self,
        item: &Node,
        count: &Node,
        body: Option<&Node>,
        problems: &mut Problems,
    ) -> Option<Action> {
        let count = match count.text() {
            Some("forever") => Some(None),
            _ => fields::count(count, 0..=u64::MAX, problems).map(Some),
        };
        let Some(body) = item.get("body").or(body) else {
            problems.add_with_help(item.position, "a loop needs a body", "add `body: [...]` next to `loop`");
            return None;
        };
        let body = self.steps(body, problems);
        Some(Action::Loop { count: count?, body })
    }

    fn io(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        if node.get("for").is_none() && node.get("work").is_none() && node.get("device").is_none() {
            let wait = distribution(node, problems)?;
            return Some(Action::Step(program::Step::Io { work: Distribution::ZERO, wait, device: None }));
        }
        let keys = Fields::of(node, "`io`", &["for", "work", "device"], problems)?;
        let wait = keys.required("for", problems).and_then(|node| distribution(node, problems));
        let work = match keys.get("work") {
            Some(node) => distribution(node, problems),
            None => Some(Distribution::ZERO),
        };
        let device = match keys.get("device") {
            Some(node) => self.names.device(node, problems).map(Some),
            None => Some(None),
        };
        if let (Some(node), Some(_)) = (keys.get("work"), keys.get("device")) {
            problems
                .add(node.position, "a device does the work itself: `work` and `device` exclude each other");
            return None;
        }
        Some(Action::Step(program::Step::Io { work: work?, wait: wait?, device: device? }))
    }

    /// C code that computes, perhaps with the lock of an object.
    fn c(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let keys = Fields::of(node, "`c`", &["for", "gil", "object"], problems)?;
        let span = keys.required("for", problems).and_then(|node| distribution(node, problems));
        let choices = [("held", true), ("released", false)];
        let holds_gil = match (keys.get("gil"), keys.get("object")) {
            // Operations on objects keep the GIL, but for those that do something else besides.
            (None, Some(_)) => Some(true),
            _ => keys
                .required("gil", problems)
                .and_then(|node| fields::choice(node, "way", &choices, problems)),
        };
        let object = match keys.get("object") {
            Some(node) => Some(self.names.objects.shared_object(node, problems)?),
            None => None,
        };
        let (span, holds_gil) = (span?, holds_gil?);
        let compute = program::Step::C { span, holds_gil };
        let locks_objects = self.interpreter.is_some_and(|interpreter| interpreter.locks_objects);
        let Some(object) = object.filter(|_| locks_objects) else { return Some(Action::Step(compute)) };
        let (lock, unlock) = (program::Step::LockObject { object }, program::Step::UnlockObject { object });
        let steps = if holds_gil {
            vec![lock, compute, unlock]
        } else {
            // A thread that gives the GIL up, or would, gives up the locks of objects, and takes them back afterwards
            // (`_PyCriticalSection_SuspendAll` and `_PyCriticalSection_Resume`, Python/critical_section.c at v3.13).
            vec![lock.clone(), unlock.clone(), compute, lock, unlock]
        };
        let step = |step| Step { action: Action::Step(step), position: node.position };
        Some(Action::Block(steps.into_iter().map(step).collect()))
    }

    /// A call of `gc.collect()`.
    fn collect(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let span = distribution(node, problems)?;
        let latencies = &mut self.names.latencies;
        let pause = Pause { stopping: latencies.number_of("stopping"), whole: latencies.number_of("pause") };
        let steps =
            [program::Step::Library { instructions: METHOD_CALL }, program::Step::Collect { span, pause }];
        let step = |step| Step { action: Action::Step(step), position: node.position };
        Some(Action::Block(steps.into_iter().map(step).collect()))
    }

    fn mark(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let (end, name) = fields::only_entry(node, "`mark`", &["begin", "end"], problems)?;
        let latency = self.names.latencies.number_of(fields::text(name, problems)?);
        Some(Action::Step(match end {
            "begin" => program::Step::BeginMark { latency },
            _ => program::Step::EndMark { latency },
        }))
    }

    fn call(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let name = fields::text(node, problems)?;
        let index = self.functions.get(name);
        if index.is_none() {
            problems.unknown(node.position, "function", name, self.functions.keys().copied());
        }
        index.map(|index| Action::Call(*index))
    }
}

/// The name of a step and its value.
fn step_of<'a>(item: &'a Node, problems: &mut Problems) -> Option<(&'a str, &'a Node)> {
    let Some(entries) = item.entries() else {
        let message = format!("a step is a mapping, found {}", item.describe());
        problems.add_with_help(item.position, message, "write a step such as `python: 5ms`");
        return None;
    };
    let mut all_known = true;
    for (key, _) in entries {
        let known = || STEPS.into_iter().chain(objects::STEPS);
        if !["body", "for"].contains(&key.text.as_str()) && !known().any(|step| step == key.text) {
            all_known = false;
            problems.unknown(key.position, "step", &key.text, known());
        }
    }
    if !all_known {
        return None;
    }
    let keys: Vec<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
    match keys.as_slice() {
        ["body"] => {
            problems.add(item.position, "a `body` belongs to a `loop` or a `with`");
            None
        }
        ["for"] => {
            let help = "write {bytecode: [...], for: 5us}, with braces";
            problems.add_with_help(item.position, "a `for` belongs to a step of `bytecode`", help);
            None
        }
        [name] => Some((*name, item.get(name)?)),
        ["loop", "body"] | ["body", "loop"] => Some(("loop", item.get("loop")?)),
        ["with", "body"] | ["body", "with"] => Some(("with", item.get("with")?)),
        ["bytecode", "for"] | ["for", "bytecode"] => Some(("bytecode", item.get("bytecode")?)),
        _ => {
            let help = "begin each step with a dash of its own; only `loop` and `with` (`body`) and bytecode (`for`) \
                        have a second key";
            problems.add_with_help(item.position, "a step is a mapping with one key", help);
            None
        }
    }
}

fn wants_body(item: &Node) -> bool {
    matches!(item.entries(), Some([(key, _)]) if key.text == "loop" || key.text == "with")
}

fn body_alone(item: &Node) -> Option<&Node> {
    match item.entries() {
        Some([(key, value)]) if key.text == "body" => Some(value),
        _ => None,
    }
}
