//! Other programs on the machine: threads that run no Python, and compute without an end or now and then.

use crate::des::{Distribution, Span};
use crate::os::attributes::Attributes;
use crate::os::machine::Machine;
use crate::python::program::{Program, Step};
use crate::scenario::decode::attributes::attributes;
use crate::scenario::decode::distribution::distribution;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

const KEYS: [&str; 8] = ["name", "count", "busy", "idle", "core", "cores", "nice", "priority"];
/// The most threads of a load.
const MOST: u64 = 1024;
/// A thread that is always busy computes in rounds of this length.
const ALWAYS: Span = Span::from_secs(3600);

/// Some threads of another program that do the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Load {
    /// The name of each.
    pub names: Vec<String>,
    /// What each does.
    pub program: Program,
    /// What the scheduler is told of them.
    pub attributes: Attributes,
}

/// The loads of a machine.
pub(crate) fn loads(node: Option<&Node>, machine: &Machine, problems: &mut Problems) -> Option<Vec<Load>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let items = fields::items(node, "a list of loads", problems)?;
    let loads: Vec<Option<Load>> = items.iter().map(|item| load(item, machine, problems)).collect();
    loads.into_iter().collect()
}

fn load(item: &Node, machine: &Machine, problems: &mut Problems) -> Option<Load> {
    let keys = Fields::of(item, "a load", &KEYS, problems)?;
    let name = keys.required("name", problems).and_then(|node| fields::text(node, problems));
    let count = match keys.get("count") {
        Some(node) => fields::count(node, 1..=MOST, problems),
        None => Some(1),
    };
    let busy = keys.required("busy", problems);
    let body = busy.and_then(|busy| body(busy, keys.get("idle"), problems));
    let attributes = attributes(&keys, Some(machine), problems);
    let (name, count) = (name?, count?);
    let names = match count {
        1 => vec![name.to_owned()],
        _ => (1..=count).map(|number| format!("{name} {number}")).collect(),
    };
    Some(Load { names, program: endless(body?), attributes: attributes? })
}

/// What is done again and again: `busy: forever`, or a time to compute and a time to sleep.
fn body(busy: &Node, idle: Option<&Node>, problems: &mut Problems) -> Option<Vec<Step>> {
    let compute = |span| Step::C { span, holds_gil: false };
    match (busy.text(), idle) {
        (Some("forever"), None) => return Some(vec![compute(Distribution::Constant(ALWAYS))]),
        (Some("forever"), Some(idle)) => {
            problems.add(idle.position, "who is busy forever is never idle");
            return None;
        }
        (_, None) => {
            let help = "add `idle: 10ms`, or write `busy: forever`";
            problems.add_with_help(busy.position, "this says nothing of how long it is idle", help);
            return None;
        }
        _ => {}
    }
    let span = distribution(busy, problems);
    let pause = idle.and_then(|idle| distribution(idle, problems));
    let (span, pause) = (span?, pause?);
    if span.constant() == Some(Span::ZERO) {
        problems.add(busy.position, "this must be longer than no time at all");
        return None;
    }
    Some(vec![compute(span), Step::Sleep { span: pause }])
}

fn endless(body: Vec<Step>) -> Program {
    let exit = body.len() + 2;
    let mut steps = vec![Step::LoopStart { count: None, exit }];
    steps.extend(body);
    steps.push(Step::LoopEnd { start: 0 });
    steps.push(Step::End);
    Program { steps, handlers: Vec::new() }
}
