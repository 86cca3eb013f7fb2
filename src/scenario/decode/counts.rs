//! Reference counts: whether an interpreter needs more than a plain addition to change one, and which objects threads share.

use std::collections::BTreeMap;

use crate::python::opcodes::OpcodeTable;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::{Position, Problems};
use crate::scenario::yaml::Node;

/// More references than an instruction can count.
const MOST_COUNTS: u64 = 1000;

/// How an interpreter changes reference counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Counting {
    /// By plain additions: a lock keeps the others out. That is part of what an instruction takes.
    #[default]
    Plain,
    /// By atomic instructions, always (the Gilectomy); so many by each opcode.
    Atomic(BTreeMap<String, u64>),
    /// By atomic instructions if the object is another thread's; immortal objects and those whose counting is put off are
    /// not counted (PEP 703).
    Biased,
}

impl Counting {
    /// How many counts of objects that are nobody else's an instruction changes by atomic instructions, if it changes so
    /// many of objects that threads share.
    pub fn atomic_own(&self, opcode: &str, shared: usize) -> u64 {
        match self {
            Counting::Plain | Counting::Biased => 0,
            Counting::Atomic(by) => by.get(opcode).copied().unwrap_or(0).saturating_sub(shared as u64),
        }
    }

    /// Whether it takes time to change the count of a shared object.
    pub fn takes_time(&self, object: &SharedObject) -> bool {
        match self {
            Counting::Plain => false,
            Counting::Atomic(_) => true,
            Counting::Biased => object.lifetime == Lifetime::Counted,
        }
    }

    /// Whether the thread that has made an object changes its count by plain additions.
    pub fn spares_owners(&self) -> bool {
        *self == Counting::Biased
    }
}

/// An object whose reference count threads share.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SharedObject {
    /// Whether it is counted at all.
    pub lifetime: Lifetime,
    /// The thread that has made it, and where that is written; none that is part of the run, if it is not said.
    pub owner: Option<(String, Position)>,
}

/// Whether a free-threaded interpreter counts the references to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// It does.
    Counted,
    /// It puts that off until the garbage collector comes: functions, modules, code.
    Deferred,
    /// The object stays for ever: small integers, `True`, `None`, constants of code.
    Immortal,
}

/// The kinds of objects with a count that threads share.
pub(crate) const KINDS: [&str; 3] = ["object", "deferred_object", "immortal_object"];

/// An object of one of these [`KINDS`]; `owner` is the name of a thread.
pub(crate) fn shared_object(
    kind: &str,
    owner: Option<&Node>,
    problems: &mut Problems,
) -> Option<SharedObject> {
    let lifetime = match kind {
        "deferred_object" => Lifetime::Deferred,
        "immortal_object" => Lifetime::Immortal,
        _ => Lifetime::Counted,
    };
    let owner = match owner {
        Some(node) if lifetime != Lifetime::Counted => {
            problems.add(node.position, "it makes no difference who has made an object that is not counted");
            return None;
        }
        Some(node) => Some((fields::text(node, problems)?.to_owned(), node.position)),
        None => None,
    };
    Some(SharedObject { lifetime, owner })
}

/// How reference counts are changed: `biased`, or `{are: atomic, changed_by: {LOAD_FAST: 1}}`.
pub(crate) fn counting(
    node: &Node,
    opcodes: Option<&OpcodeTable>,
    problems: &mut Problems,
) -> Option<Counting> {
    if node.text().is_some() {
        return way(node, problems);
    }
    let keys = Fields::of(node, "`reference_counts`", &["are", "changed_by"], problems)?;
    let way = keys.required("are", problems).and_then(|node| way(node, problems));
    let Some(changed_by) = keys.get("changed_by") else { return way };
    let Some(entries) = changed_by.entries() else {
        fields::expected("a mapping of opcodes to numbers of counts", changed_by, problems);
        return None;
    };
    let mut by = BTreeMap::new();
    for (key, value) in entries {
        if let Some(table) = opcodes.filter(|table| !table.is_known(&key.text)) {
            problems.unknown(key.position, "opcode", &key.text, table.known.iter().map(String::as_str));
            return None;
        }
        by.insert(key.text.clone(), fields::count(value, 0..=MOST_COUNTS, problems)?);
    }
    if !matches!(way?, Counting::Atomic(_)) {
        problems
            .add(changed_by.position, "how many counts an opcode changes matters only if they are atomic");
        return None;
    }
    Some(Counting::Atomic(by))
}

fn way(node: &Node, problems: &mut Problems) -> Option<Counting> {
    let ways = ["plain", "atomic", "biased"].map(|way| (way, way));
    Some(match fields::choice(node, "way to count references", &ways, problems)? {
        "plain" => Counting::Plain,
        "atomic" => Counting::Atomic(BTreeMap::new()),
        _ => Counting::Biased,
    })
}
