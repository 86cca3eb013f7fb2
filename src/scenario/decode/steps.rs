//! What threads and functions do: lists of steps, with bytecode already looked up in the interpreter's table.

use std::collections::BTreeMap;

use crate::des::{Distribution, Span};
use crate::python::opcodes::OpcodeTable;
use crate::python::program;
use crate::python::stretch::{self, Stretch};
use crate::python::threading::Call;
use crate::scenario::decode::awaits::{self, Awaited, TaskObject};
use crate::scenario::decode::distribution::distribution;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::names::Names;
use crate::scenario::decode::objects::{self, Access, Instruction};
use crate::scenario::decode::parcel::{self, ContentCosts};
use crate::scenario::decode::pools;
use crate::scenario::diagnostic::{Position, Problems};
use crate::scenario::yaml::Node;

/// The kinds of steps.
const STEPS: [&str; 19] = [
    "bytecode", "ticks", "python", "loop", "call", "c", "io", "sleep", "send", "recv", "reply", "request",
    "mark", "start", "join", "add", "await", "submit", "gather",
];

/// Stands for every stretch of an interpreter in which something is wrong: then nothing is compiled.
const UNKNOWN_STRETCH: usize = usize::MAX;

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
    fn run(stretch: usize, span: Span) -> Action {
        Action::Step(program::Step::Run { stretch, span })
    }

    /// Call a method of an object.
    fn method(call: Call) -> Action {
        Action::Step(program::Step::Call(call))
    }
}

/// What decoding bytecode needs to know of the interpreter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interpreter<'a> {
    /// Its opcode table.
    pub opcodes: &'a OpcodeTable,
    /// The loop that plain Python time consists of.
    pub typical: &'a [String],
    /// The time of an instruction.
    pub instruction: Span,
}

/// The stretches of bytecode of one run, each kept once.
#[derive(Clone, Debug, Default)]
pub(crate) struct StretchPool {
    stretches: Vec<Stretch>,
    indices: BTreeMap<Vec<String>, usize>,
}

impl StretchPool {
    /// All stretches, by index.
    pub fn into_stretches(self) -> Vec<Stretch> {
        self.stretches
    }

    /// The index of the stretch that library code consists of: the interpreter's typical loop.
    pub fn library(&mut self, interpreter: Interpreter<'_>) -> usize {
        self.index_of(interpreter.typical, interpreter)
    }

    /// The index of the stretch of these opcodes.
    fn index_of(&mut self, names: &[String], interpreter: Interpreter<'_>) -> usize {
        if let Some(index) = self.indices.get(names) {
            return *index;
        }
        let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
        let facts = interpreter.opcodes.classify(&borrowed, true);
        let instructions: Vec<stretch::Instruction> = facts
            .into_iter()
            .map(|facts| stretch::Instruction {
                cost: interpreter.instruction,
                tick: facts.tick,
                may_check: facts.may_check,
            })
            .collect();
        self.stretches.push(Stretch::new(&instructions));
        self.indices.insert(names.to_vec(), self.stretches.len() - 1);
        self.stretches.len() - 1
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
                Some(Action::run(self.typical().unwrap_or(UNKNOWN_STRETCH), span))
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
            "c" => c(value, problems),
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

    /// The bytecode of a step: once through, or round and round for some time.
    fn bytecode(&mut self, node: &Node, time: Option<&Node>, problems: &mut Problems) -> Option<Action> {
        let instructions = self.names.objects.instructions(node, problems);
        let time = match time {
            Some(node) => Some(fields::span(node, problems)?),
            None => None,
        };
        let instructions = instructions?;
        let names: Vec<String> = instructions.iter().map(|instruction| instruction.opcode.clone()).collect();
        let opcodes = self.interpreter.map(|interpreter| interpreter.opcodes);
        check_bytecode(node, &names, opcodes, problems)?;
        let Some(interpreter) = self.interpreter else {
            return Some(Action::run(UNKNOWN_STRETCH, Span::MAX));
        };
        let stretch = self.pool.index_of(&names, interpreter);
        let round = self.pool.stretches[stretch].round();
        if instructions.iter().all(|instruction| instruction.access.is_none()) {
            return Some(Action::run(stretch, time.unwrap_or(round)));
        }
        if time.is_some() {
            problems
                .add(node.position, "bytecode with a shared variable is executed once: put it into a loop");
            return None;
        }
        Some(Action::Block(accesses(&instructions, stretch, interpreter.instruction, node.position)))
    }

    /// `x += 1` as the interpreter compiles it.
    fn add(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let (variable, change) = self.names.objects.addition(node, problems)?;
        let Some(interpreter) = self.interpreter else {
            return Some(Action::run(UNKNOWN_STRETCH, Span::MAX));
        };
        let addition =
            ["INPLACE_ADD", "BINARY_OP"].into_iter().find(|name| interpreter.opcodes.is_known(name));
        let instruction = |opcode: &str, access| Instruction { opcode: opcode.to_owned(), access };
        let instructions = [
            instruction("LOAD_GLOBAL", Some(Access::Load(variable))),
            instruction("LOAD_CONST", None),
            instruction(addition.unwrap_or("LOAD_CONST"), None),
            instruction("STORE_GLOBAL", Some(Access::Store(variable, change))),
        ];
        let names: Vec<String> = instructions.iter().map(|instruction| instruction.opcode.clone()).collect();
        check_bytecode(node, &names, Some(interpreter.opcodes), problems)?;
        let stretch = self.pool.index_of(&names, interpreter);
        Some(Action::Block(accesses(&instructions, stretch, interpreter.instruction, node.position)))
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

    /// Plain Python until its `count`th tick.
    fn ticks(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let count = fields::count(node, 0..=u64::MAX, problems)?;
        let Some(stretch) = self.typical() else {
            return Some(Action::run(UNKNOWN_STRETCH, Span::from_picos(count)));
        };
        let span = match self.pool.stretches[stretch].position_of_tick(count) {
            Some(span) => span,
            None if count == 0 => Span::ZERO,
            None => {
                problems.add(node.position, "the interpreter's `typical` loop has no ticks");
                return None;
            }
        };
        if span == Span::MAX {
            problems.add(node.position, "so many ticks take longer than can be simulated (213 days)");
            return None;
        }
        Some(Action::run(stretch, span))
    }

    fn typical(&mut self) -> Option<usize> {
        let interpreter = self.interpreter?;
        Some(self.pool.index_of(interpreter.typical, interpreter))
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

/// C code that computes.
fn c(node: &Node, problems: &mut Problems) -> Option<Action> {
    let keys = Fields::of(node, "`c`", &["for", "gil"], problems)?;
    let span = keys.required("for", problems).and_then(|node| distribution(node, problems));
    let choices = [("held", true), ("released", false)];
    let holds_gil =
        keys.required("gil", problems).and_then(|node| fields::choice(node, "way", &choices, problems));
    Some(Action::Step(program::Step::C { span: span?, holds_gil: holds_gil? }))
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

/// Checks a list of opcodes that is to be executed.
fn check_bytecode(
    node: &Node,
    names: &[String],
    opcodes: Option<&OpcodeTable>,
    problems: &mut Problems,
) -> Option<()> {
    if names.is_empty() {
        problems.add(node.position, "at least one opcode is needed");
        return None;
    }
    let Some(table) = opcodes else { return Some(()) };
    let mut all_known = true;
    for (index, name) in names.iter().enumerate().filter(|(_, name)| !table.is_known(name)) {
        let items = fields::items(node, "a list of opcodes", &mut Problems::default());
        let position = items.and_then(|items| items.get(index)).map_or(node.position, |item| item.position);
        all_known = false;
        problems.unknown(position, "opcode", name, table.known.iter().map(String::as_str));
    }
    all_known.then_some(())
}

/// A round of a stretch, cut where an instruction begins that loads or stores a shared variable.
fn accesses(
    instructions: &[Instruction],
    stretch: usize,
    instruction: Span,
    position: Position,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut push = |action| steps.push(Step { action, position });
    let mut from = Span::ZERO;
    for (index, access) in instructions.iter().enumerate().filter_map(|(i, one)| Some((i, one.access?))) {
        let to = instruction * index as u64;
        push(Action::Step(program::Step::Part { stretch, from, to }));
        push(Action::Step(match access {
            Access::Load(variable) => program::Step::Load { variable },
            Access::Store(variable, change) => program::Step::Store { variable, change },
        }));
        from = to;
    }
    let to = instruction * instructions.len() as u64;
    push(Action::Step(program::Step::Part { stretch, from, to }));
    steps
}

fn body_alone(item: &Node) -> Option<&Node> {
    match item.entries() {
        Some([(key, value)]) if key.text == "body" => Some(value),
        _ => None,
    }
}
