//! The objects of `threading` and `queue` that steps name, and the variables that threads share.

use std::collections::BTreeMap;

use crate::os::machine::{Machine, Platform};
use crate::python::threading::{Call, Threading};
use crate::scenario::decode::awaits::{TaskObject, TaskQueue};
use crate::scenario::decode::counts::{self, SharedObject};
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::{Position, Problems, quoted};
use crate::scenario::yaml::Node;

/// The kinds of objects; some have a number.
const KINDS: [&str; 14] = [
    "lock",
    "rlock",
    "semaphore",
    "bounded_semaphore",
    "event",
    "condition",
    "queue",
    "barrier",
    "variable",
    "async_semaphore",
    "async_queue",
    "object",
    "deferred_object",
    "immortal_object",
];
/// The steps that name an object.
pub(crate) const STEPS: [&str; 13] = [
    "lock",
    "unlock",
    "with",
    "acquire",
    "release",
    "set",
    "clear",
    "wait",
    "notify",
    "notify_all",
    "put",
    "get",
    "barrier",
];

/// An object, by its number among those of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Lock(usize),
    RLock(usize),
    Semaphore(usize),
    Event(usize),
    Condition { condition: usize, rlock: usize },
    Queue(usize),
    Barrier(usize),
    Variable(usize),
    Shared(usize),
    OfTasks(TaskObject),
}

/// The objects of a run, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    named: BTreeMap<String, Object>,
    variables: Vec<String>,
    shared: Vec<SharedObject>,
    /// How many places each semaphore of an event loop has at first.
    task_semaphores: Vec<u64>,
    /// Where a lock is said to let its holder inherit priorities.
    inheriting: Vec<Position>,
    /// Their state at first.
    pub threading: Threading,
}

impl Objects {
    /// The objects of a run whose section `objects` is this.
    pub fn new(section: Option<&Node>, problems: &mut Problems) -> Objects {
        let mut objects = Objects::default();
        let Some(node) = section else { return objects };
        let Some(entries) = node.entries() else {
            fields::expected("a mapping of names to objects", node, problems);
            return objects;
        };
        for (key, node) in entries {
            if let Some(object) = objects.object(&key.text, node, problems) {
                objects.named.insert(key.text.clone(), object);
            }
        }
        objects
    }

    /// The names of the shared variables, by number.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The objects whose reference counts threads share, by number.
    pub fn shared(&self) -> &[SharedObject] {
        &self.shared
    }

    /// The names of locks, and of objects that have one, by the number of the lock.
    pub fn lock_names(&self) -> BTreeMap<usize, String> {
        let number = |object: &Object| match *object {
            Object::Lock(lock) => Some(lock),
            Object::RLock(rlock) | Object::Condition { rlock, .. } => self.threading.rlocks().nth(rlock),
            Object::Semaphore(semaphore) => self.threading.semaphore_locks().nth(semaphore),
            Object::Event(event) => self.threading.event_locks().nth(event),
            Object::Queue(queue) => self.threading.queue_locks().nth(queue),
            Object::Barrier(barrier) => self.threading.barrier_locks().nth(barrier),
            Object::Variable(_) | Object::Shared(_) | Object::OfTasks(_) => None,
        };
        let named = self.named.iter().filter_map(|(name, object)| Some((number(object)?, name.clone())));
        named.collect()
    }

    /// Reports the locks that let holders inherit priorities on a machine that does not know that.
    pub fn check_inheritance(&self, machine: &Machine, problems: &mut Problems) {
        if machine.scheduler.lends_priorities() && machine.platform == Platform::Linux {
            return;
        }
        let platform = if machine.platform == Platform::Linux { "" } else { " without Linux" };
        let scheduler = machine.scheduler.name();
        for position in &self.inheriting {
            let message = format!("no priority is inherited under {}{platform}", quoted(scheduler));
            let help = "leave `inherit` out, or take a machine with Linux and `scheduler: fifo`";
            problems.add_with_help(*position, message, help);
        }
    }

    /// How many places each semaphore of an event loop has at first; each loop has its own.
    pub fn task_semaphores(&self) -> &[u64] {
        &self.task_semaphores
    }

    /// Whether a step names an object that tasks of an event loop share.
    pub fn is_of_tasks(&self, node: &Node) -> bool {
        let object = node.text().and_then(|name| self.named.get(name));
        matches!(object, Some(Object::OfTasks(_)))
    }

    /// An object that tasks of an event loop share.
    pub fn of_tasks(&self, node: &Node, problems: &mut Problems) -> Option<TaskObject> {
        match self.named(node, problems)? {
            Object::OfTasks(object) => Some(object),
            object => {
                let message = format!("{} blocks its thread and cannot be awaited", object.describe());
                let help = "make it an `async_semaphore` or an `async_queue`, or leave `await` out";
                problems.add_with_help(node.position, message, help);
                None
            }
        }
    }

    fn task_semaphore(&mut self, places: u64) -> usize {
        self.task_semaphores.push(places);
        self.task_semaphores.len() - 1
    }

    /// The number of a shared variable.
    pub fn variable(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable == name)
    }

    /// The call that a step makes of the object it names.
    pub fn call(&self, step: &str, node: &Node, problems: &mut Problems) -> Option<Call> {
        let object = self.named(node, problems)?;
        let call = call_of(step, object);
        if call.is_none() && matches!(object, Object::OfTasks(_)) {
            let message = format!("{} is awaited", object.describe());
            problems.add_with_help(node.position, message, format!("write `await: {{{step}: ...}}`"));
            return None;
        }
        if call.is_none() {
            let message = format!("{} cannot be used with `{step}`", object.describe());
            let steps = STEPS.into_iter().filter(|step| call_of(step, object).is_some());
            let help = format!("use {}", steps.collect::<Vec<_>>().join(", "));
            problems.add_with_help(node.position, message, help);
        }
        call
    }

    /// The two calls around the body of a `with`.
    pub fn with(&self, node: &Node, problems: &mut Problems) -> Option<(Call, Call)> {
        let enter = self.call("with", node, problems)?;
        let object = self.named(node, problems)?;
        call_of("release", object).map(|leave| (enter, leave))
    }

    fn named(&self, node: &Node, problems: &mut Problems) -> Option<Object> {
        let name = fields::text(node, problems)?;
        let object = self.named.get(name).copied();
        if object.is_none() {
            problems.unknown(node.position, "object", name, self.named.keys().map(String::as_str));
        }
        object
    }

    fn object(&mut self, name: &str, node: &Node, problems: &mut Problems) -> Option<Object> {
        let (kind, number) = match node.text() {
            Some(_) => {
                let kinds = KINDS.map(|kind| (kind, kind));
                (fields::choice(node, "kind of object", &kinds, problems)?, None)
            }
            None => {
                let (kind, value) = fields::only_entry(node, "an object", &KINDS, problems)?;
                (kind, Some(value))
            }
        };
        if counts::KINDS.contains(&kind) {
            self.shared.push(counts::shared_object(kind, number, problems)?);
            return Some(Object::Shared(self.shared.len() - 1));
        }
        if let ("lock", Some(node)) = (kind, number.filter(|node| node.entries().is_some())) {
            let lock = self.threading.add_lock();
            let keys = Fields::of(node, "a lock", &["inherit"], problems);
            if let Some(inherit) = keys.and_then(|keys| keys.get("inherit"))
                && fields::flag(inherit, problems) == Some(true)
            {
                self.inheriting.push(inherit.position);
                self.threading.let_inherit(lock);
            }
            return Some(Object::Lock(lock));
        }
        let smallest = if kind.ends_with("semaphore") { 0 } else { 1 };
        let number = match number {
            Some(node) => Some(fields::count(node, smallest..=u64::from(u32::MAX), problems)?),
            None => None,
        };
        if let (Some(_), "lock" | "rlock" | "event" | "condition" | "variable") = (number, kind) {
            problems.add(node.position, format!("a {kind} has no number: write `{name}: {kind}`"));
            return None;
        }
        let of_tasks = match (kind, number) {
            ("async_semaphore", places) => {
                Some(TaskObject::Semaphore(self.task_semaphore(places.unwrap_or(1))))
            }
            ("async_queue", capacity) => {
                let room = capacity.map(|room| self.task_semaphore(room));
                Some(TaskObject::Queue(TaskQueue { room, items: self.task_semaphore(0) }))
            }
            _ => None,
        };
        if let Some(object) = of_tasks {
            return Some(Object::OfTasks(object));
        }
        let threading = &mut self.threading;
        Some(match kind {
            "lock" => Object::Lock(threading.add_lock()),
            "rlock" => Object::RLock(threading.add_rlock()),
            "semaphore" => Object::Semaphore(threading.add_semaphore(number.unwrap_or(1), false)),
            "bounded_semaphore" => Object::Semaphore(threading.add_semaphore(number.unwrap_or(1), true)),
            "event" => Object::Event(threading.add_event()),
            "condition" => {
                let (condition, rlock) = threading.add_condition();
                Object::Condition { condition, rlock }
            }
            "queue" => Object::Queue(threading.add_queue(number)),
            "barrier" => match number {
                Some(parties) => Object::Barrier(threading.add_barrier(parties)),
                None => {
                    let help = format!("write `{name}: {{barrier: 3}}`");
                    problems.add_with_help(node.position, "a barrier needs a number of parties", help);
                    return None;
                }
            },
            _ => {
                self.variables.push(name.to_owned());
                Object::Variable(self.variables.len() - 1)
            }
        })
    }
}

impl Object {
    fn describe(self) -> &'static str {
        match self {
            Object::Lock(_) => "a lock",
            Object::RLock(_) => "a recursive lock",
            Object::Semaphore(_) => "a semaphore",
            Object::Event(_) => "an event",
            Object::Condition { .. } => "a condition",
            Object::Queue(_) => "a queue",
            Object::Barrier(_) => "a barrier",
            Object::Variable(_) => "a variable",
            Object::Shared(_) => "an object that is only counted",
            Object::OfTasks(TaskObject::Semaphore(_)) => "an async_semaphore",
            Object::OfTasks(TaskObject::Queue(_)) => "an async_queue",
        }
    }
}

/// What a step does with an object; `None` if it cannot.
fn call_of(step: &str, object: Object) -> Option<Call> {
    Some(match (step, object) {
        ("lock" | "acquire" | "with", Object::Lock(lock)) => Call::Acquire(lock),
        ("unlock" | "release", Object::Lock(lock)) => Call::Release(lock),
        ("lock" | "acquire" | "with", Object::RLock(rlock) | Object::Condition { rlock, .. }) => {
            Call::RLockAcquire(rlock)
        }
        ("unlock" | "release", Object::RLock(rlock) | Object::Condition { rlock, .. }) => {
            Call::RLockRelease(rlock)
        }
        ("acquire" | "with", Object::Semaphore(semaphore)) => Call::SemaphoreAcquire(semaphore),
        ("release", Object::Semaphore(semaphore)) => Call::SemaphoreRelease(semaphore),
        ("set", Object::Event(event)) => Call::EventSet(event),
        ("clear", Object::Event(event)) => Call::EventClear(event),
        ("wait", Object::Event(event)) => Call::EventWait(event),
        ("wait", Object::Condition { condition, .. }) => Call::ConditionWait(condition),
        ("notify", Object::Condition { condition, .. }) => Call::Notify(condition),
        ("notify_all", Object::Condition { condition, .. }) => Call::NotifyAll(condition),
        ("put", Object::Queue(queue)) => Call::Put(queue),
        ("get", Object::Queue(queue)) => Call::Get(queue),
        ("barrier" | "wait", Object::Barrier(barrier)) => Call::BarrierWait(barrier),
        _ => return None,
    })
}

/// An opcode with what it does to a shared variable: `LOAD_GLOBAL x`, `STORE_GLOBAL x += 1`; or with the shared objects
/// whose counts it changes: `LOAD_CONST one`, `COMPARE_OP zero true`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// The opcode.
    pub opcode: String,
    /// What it does.
    pub access: Option<Access>,
    /// The shared objects whose counts it changes, once for each time that it names one.
    pub counts: Vec<usize>,
}

impl Instruction {
    /// An opcode that touches nothing that threads share.
    pub fn plain(opcode: String) -> Instruction {
        Instruction { opcode, access: None, counts: Vec::new() }
    }
}

/// What an instruction does to a shared variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It loads the variable.
    Load(usize),
    /// It stores what was loaded, changed by so much.
    Store(usize, i64),
}

impl Objects {
    /// The list of opcodes of a `bytecode` step, some perhaps with a shared variable.
    pub fn instructions(&self, node: &Node, problems: &mut Problems) -> Option<Vec<Instruction>> {
        let items = fields::items(node, "a list of opcodes", problems)?;
        let instructions: Vec<_> = items.iter().map(|item| self.instruction(item, problems)).collect();
        instructions.into_iter().collect()
    }

    fn instruction(&self, node: &Node, problems: &mut Problems) -> Option<Instruction> {
        let text = fields::text(node, problems)?;
        let mut words = text.split_whitespace();
        let opcode = words.next().unwrap_or_default().to_owned();
        let rest: Vec<&str> = words.collect();
        let Some(name) = rest.first() else { return Some(Instruction::plain(opcode)) };
        let Some(variable) = self.variable(name) else {
            let counts: Option<Vec<usize>> =
                rest.iter().map(|name| self.counted(name, node, problems)).collect();
            return Some(Instruction { counts: counts?, ..Instruction::plain(opcode) });
        };
        let access = match (rest.as_slice(), opcode.starts_with("STORE")) {
            ([_], false) => Some(Access::Load(variable)),
            ([_, "+=", change], true) => change.parse().ok().map(|change| Access::Store(variable, change)),
            ([_, "-=", change], true) => {
                change.parse::<i64>().ok().map(|change| Access::Store(variable, change.wrapping_neg()))
            }
            _ => None,
        };
        if access.is_none() {
            let message = format!("{} is not an access to a variable", quoted(text));
            let help = format!("write `LOAD_GLOBAL {name}` or `STORE_GLOBAL {name} += 1`");
            problems.add_with_help(node.position, message, help);
        }
        Some(Instruction { access: Some(access?), ..Instruction::plain(opcode) })
    }

    /// The number of a shared object that an instruction names.
    fn counted(&self, name: &str, node: &Node, problems: &mut Problems) -> Option<usize> {
        if let Some(Object::Shared(object)) = self.named.get(name) {
            return Some(*object);
        }
        let known = self.named.iter().filter(|(_, object)| matches!(object, Object::Shared(_)));
        let known = known.map(|(name, _)| name.as_str());
        let variables = self.variables.iter().map(String::as_str);
        problems.unknown(node.position, "variable or object", name, variables.chain(known));
        None
    }

    /// The number of the object that a step names whose lock it takes.
    pub fn shared_object(&self, node: &Node, problems: &mut Problems) -> Option<usize> {
        match self.named(node, problems)? {
            Object::Shared(object) => Some(object),
            object => {
                let message = format!("{} is not an object that C code operates on", object.describe());
                problems.add_with_help(
                    node.position,
                    message,
                    "declare one as in `objects: {cache: object}`",
                );
                None
            }
        }
    }

    /// The shared variable that an `add` step changes, and by how much: `add: x` or `add: {to: x, value: -1}`.
    pub fn addition(&self, node: &Node, problems: &mut Problems) -> Option<(usize, i64)> {
        let (name, change) = match node.text() {
            Some(_) => (node, 1),
            None => {
                let keys = Fields::of(node, "`add`", &["to", "value"], problems)?;
                let value = keys.required("value", problems)?;
                let change = value.text().and_then(|text| text.parse().ok());
                if change.is_none() {
                    fields::expected("a whole number", value, problems);
                }
                (keys.required("to", problems)?, change?)
            }
        };
        let text = fields::text(name, problems)?;
        let variable = self.variable(text);
        if variable.is_none() {
            problems.unknown(name.position, "variable", text, self.variables.iter().map(String::as_str));
        }
        Some((variable?, change))
    }
}
