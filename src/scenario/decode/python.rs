//! An interpreter: its opcode table, what plain Python time consists of, and its lock.

use std::collections::BTreeMap;

use crate::des::Span;
use crate::os::machine::Platform;
use crate::python::interpreter::{GilConfig, OthersLook, SignalRules, ThreadingLock};
use crate::python::opcodes::{Looks, OpcodeTable};
use crate::scenario::decode::constant::constant;
use crate::scenario::decode::counts::{Counting, counting};
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::gil::{DecodedGil, gil};
use crate::scenario::diagnostic::{Position, Problems};
use crate::scenario::yaml::Node;

const KEYS: [&str; 17] = [
    "about",
    "source",
    "opcodes",
    "typical",
    "instruction",
    "instruction_factor",
    "gil",
    "gil_from_start",
    "gil_per_interpreter",
    "lock_tries_first",
    "sleeps_until",
    "lock_error",
    "lock",
    "lock_spins",
    "object_locks",
    "reference_counts",
    "signals",
];

/// No interpreter is so much faster or slower than another.
const SMALLEST_FACTOR: f64 = 0.001;
const LARGEST_FACTOR: f64 = 1000.0;

/// An interpreter, before it is known which platform it runs on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecodedPython {
    /// The opcode table.
    pub opcodes: OpcodeTable,
    /// The loop that plain Python time consists of.
    pub typical: Vec<String>,
    /// The mean time of an instruction, if it is given here.
    pub instruction: Option<Span>,
    /// How the time of an instruction compares with that of another interpreter.
    pub instruction_factor: Option<InstructionFactor>,
    /// Whether the lock exists before there is a second thread.
    pub lock_from_start: bool,
    /// Whether each interpreter of a process has a lock of its own.
    pub lock_per_interpreter: bool,
    /// Whether `lock.acquire()` tries before it gives the GIL up.
    pub lock_tries_first: bool,
    /// Whether `time.sleep()` computes when it will end before it gives the GIL up, where the system lets it wait for an
    /// instant.
    pub sleeps_until: bool,
    /// What `threading.Lock` is.
    pub threading_lock: ThreadingLock,
    /// Whether each object has a lock of its own, and how often a thread gives its core away before it parks for one.
    pub object_locks: Option<u32>,
    /// The class of the exception that `lock.release()` raises if the lock is not held.
    pub lock_error: String,
    /// How it changes reference counts.
    pub counting: Counting,
    /// What signals mean to it.
    pub signals: SignalRules,
    gil: DecodedGil,
}

/// An instruction takes so many times as long as one of another interpreter on the same machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InstructionFactor {
    /// The python preset of the other interpreter.
    pub of: String,
    /// Where that is written.
    pub position: Position,
    factor: f64,
}

impl InstructionFactor {
    /// The time of an instruction where one of the other interpreter takes `span`.
    pub fn times(&self, span: Span) -> Span {
        Span::from_picos((span.picos() as f64 * self.factor).round() as u64).max(Span::from_picos(1))
    }
}

impl DecodedPython {
    /// The check interval of a lock that counts ticks.
    pub fn check_interval(&self) -> Option<u32> {
        self.gil.check_interval()
    }

    /// The lock on a platform: the old lock is made of what the platform offers.
    pub fn gil_on(&self, platform: Platform) -> GilConfig {
        self.gil.on(platform)
    }
}

/// An interpreter whose preset is filled in.
pub(crate) fn python(node: &Node, problems: &mut Problems) -> Option<DecodedPython> {
    let keys = Fields::of(node, "an interpreter", &KEYS, problems)?;
    fields::optional_text(keys.get("about"), problems);
    fields::optional_text(keys.get("source"), problems);
    let opcodes = keys.required("opcodes", problems).and_then(|node| opcodes(node, problems));
    let typical =
        keys.required("typical", problems).and_then(|node| bytecode(node, opcodes.as_ref(), problems));
    let instruction = match keys.get("instruction") {
        Some(node) => constant(node, "instruction", &mut Vec::new(), problems)
            .and_then(|value| fields::positive_span(value, problems))
            .map(Some),
        None => Some(None),
    };
    let instruction_factor = match keys.get("instruction_factor") {
        Some(node) => instruction_factor(node, problems).map(Some),
        None => Some(None),
    };
    let gil = keys.required("gil", problems).and_then(|node| gil(node, problems));
    let mut flag = |name| match keys.get(name) {
        Some(node) => fields::flag(node, problems),
        None => Some(false),
    };
    let (lock_from_start, lock_per_interpreter) = (flag("gil_from_start"), flag("gil_per_interpreter"));
    let (lock_tries_first, sleeps_until) = (flag("lock_tries_first"), flag("sleeps_until"));
    let mutexes = mutexes(keys, problems);
    let lock_error = match keys.get("lock_error") {
        Some(node) => fields::text(node, problems).map(str::to_owned),
        None => Some("RuntimeError".to_owned()),
    };
    let counting = match keys.get("reference_counts") {
        Some(node) => counting(node, opcodes.as_ref(), problems),
        None => Some(Counting::default()),
    };
    let signals = match keys.get("signals") {
        Some(node) => signal_rules(node, problems),
        None => Some(MODERN_SIGNALS),
    };
    let (threading_lock, object_locks) = mutexes?;
    Some(DecodedPython {
        opcodes: opcodes?,
        typical: typical?,
        instruction: instruction?,
        instruction_factor: instruction_factor?,
        lock_from_start: lock_from_start?,
        lock_per_interpreter: lock_per_interpreter?,
        lock_tries_first: lock_tries_first?,
        sleeps_until: sleeps_until?,
        threading_lock,
        object_locks,
        lock_error: lock_error?,
        counting: counting?,
        signals: signals?,
        gil: gil?,
    })
}

/// What signals mean to CPython 3.12 and later, and to an interpreter that does not say.
const MODERN_SIGNALS: SignalRules =
    SignalRules { interrupts_locks: true, retries_calls: true, others_look: OthersLook::Never };

/// What signals mean: `{interrupt_locks: false, retry_calls: false, others_look: always}`.
fn signal_rules(node: &Node, problems: &mut Problems) -> Option<SignalRules> {
    let keys = Fields::of(node, "`signals`", &["interrupt_locks", "retry_calls", "others_look"], problems)?;
    let mut flag = |name, usual| match keys.get(name) {
        Some(node) => fields::flag(node, problems),
        None => Some(usual),
    };
    let interrupts_locks = flag("interrupt_locks", MODERN_SIGNALS.interrupts_locks);
    let retries_calls = flag("retry_calls", MODERN_SIGNALS.retries_calls);
    let looks = [
        ("always", OthersLook::Always),
        ("until_switch", OthersLook::UntilSwitch),
        ("never", OthersLook::Never),
    ];
    let others_look = match keys.get("others_look") {
        Some(node) => fields::choice(node, "answer", &looks, problems),
        None => Some(MODERN_SIGNALS.others_look),
    };
    Some(SignalRules {
        interrupts_locks: interrupts_locks?,
        retries_calls: retries_calls?,
        others_look: others_look?,
    })
}

/// A thread does not spin more often.
const MOST_SPINS: u64 = 1_000_000;

/// What `threading.Lock` is, `lock: py_mutex`; whether each object has a lock of its own, `object_locks: true`, which is a
/// `PyMutex`, too; and how often those spin, `lock_spins: 40`.
fn mutexes(keys: Fields<'_>, problems: &mut Problems) -> Option<(ThreadingLock, Option<u32>)> {
    let kinds = [("platform", false), ("py_mutex", true)];
    let is_py_mutex = match keys.get("lock") {
        Some(node) => fields::choice(node, "kind of lock", &kinds, problems)?,
        None => false,
    };
    let locks_objects = match keys.get("object_locks") {
        Some(node) => fields::flag(node, problems)?,
        None => false,
    };
    let spins = match keys.get("lock_spins") {
        Some(node) => {
            let count = fields::count(node, 0..=MOST_SPINS, problems)?;
            if !is_py_mutex && !locks_objects {
                let help = "add `lock: py_mutex` or `object_locks: true`";
                problems.add_with_help(node.position, "only a PyMutex spins", help);
                return None;
            }
            u32::try_from(count).unwrap_or(0)
        }
        None => 0,
    };
    let threading_lock = if is_py_mutex { ThreadingLock::PyMutex { spins } } else { ThreadingLock::Platform };
    Some((threading_lock, locks_objects.then_some(spins)))
}

/// How an interpreter's instructions compare with those of another: `{of: cpython-3.13, is: 1.4}`.
fn instruction_factor(node: &Node, problems: &mut Problems) -> Option<InstructionFactor> {
    let keys = Fields::of(node, "`instruction_factor`", &["of", "is"], problems)?;
    let of = keys.required("of", problems);
    let name = of.and_then(|node| fields::text(node, problems));
    let is = keys.required("is", problems)?;
    let factor = fields::number(is, problems)?;
    if !(SMALLEST_FACTOR..=LARGEST_FACTOR).contains(&factor) {
        problems.add(is.position, format!("a factor is from {SMALLEST_FACTOR} to {LARGEST_FACTOR}"));
        return None;
    }
    Some(InstructionFactor { of: name?.to_owned(), position: of?.position, factor })
}

/// A list of at least one opcode, each known to the interpreter if that is known.
pub(crate) fn bytecode(
    node: &Node,
    opcodes: Option<&OpcodeTable>,
    problems: &mut Problems,
) -> Option<Vec<String>> {
    let names = fields::texts(node, "a list of opcodes", problems)?;
    if names.is_empty() {
        problems.add(node.position, "at least one opcode is needed");
        return None;
    }
    let mut all_known = true;
    if let Some(table) = opcodes {
        for item in fields::items(node, "a list of opcodes", problems)? {
            let name = fields::text(item, problems)?;
            if !table.is_known(name) {
                all_known = false;
                problems.unknown(item.position, "opcode", name, table.known.iter().map(String::as_str));
            }
        }
    }
    all_known.then_some(names)
}

/// An opcode table.
pub(crate) fn opcodes(node: &Node, problems: &mut Problems) -> Option<OpcodeTable> {
    let known_keys = ["known", "after_all_but", "after", "not_before"];
    let keys = Fields::of(node, "an opcode table", &known_keys, problems)?;
    let names = |node: Option<&Node>, problems: &mut Problems| match node {
        Some(node) => fields::texts(node, "a list of opcodes", problems),
        None => Some(Vec::new()),
    };
    let known = names(keys.required("known", problems), problems);
    let not_before = names(keys.get("not_before"), problems);
    let looks = match (keys.get("after_all_but"), keys.get("after")) {
        (Some(node), None) => after_all_but(node, problems),
        (None, Some(node)) => names(Some(node), problems).map(Looks::After),
        _ => {
            problems.add(node.position, "an opcode table has either `after_all_but` or `after`");
            None
        }
    };
    Some(OpcodeTable { known: known?, looks: looks?, not_before: not_before? })
}

fn after_all_but(node: &Node, problems: &mut Problems) -> Option<Looks> {
    let keys = Fields::of(node, "`after_all_but`", &["fast", "predicted"], problems)?;
    let fast = keys.required("fast", problems);
    let fast = fast.and_then(|node| fields::texts(node, "a list of opcodes", problems));
    let mut predicted = BTreeMap::new();
    if let Some(node) = keys.get("predicted") {
        let Some(entries) = node.entries() else {
            fields::expected("a mapping of opcodes to lists of opcodes", node, problems);
            return None;
        };
        for (key, followers) in entries {
            let followers = fields::texts(followers, "a list of opcodes", problems)?;
            predicted.insert(key.text.clone(), followers);
        }
    }
    Some(Looks::AfterAllBut { fast: fast?, predicted })
}
