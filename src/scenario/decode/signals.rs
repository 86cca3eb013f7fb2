//! Signals that come from outside.

use crate::des::Span;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::steps::{Step, StepDecoder};
use crate::scenario::diagnostic::{Position, Problems};
use crate::scenario::yaml::Node;

/// What Python does with Ctrl-C unless it is told otherwise.
const KEYBOARD_INTERRUPT: &str = "KeyboardInterrupt";
/// The most signals of a run.
const MOST_SIGNALS: usize = 64;

/// An entry of `signals`.
#[derive(Clone, Debug)]
pub(crate) struct Signal {
    /// When it comes first.
    pub at: Span,
    /// The time from one arrival to the next.
    pub every: Option<Span>,
    /// How often it comes.
    pub times: Option<u64>,
    /// What its handler does; `None` if it raises `KeyboardInterrupt`.
    pub handler: Option<Vec<Step>>,
    /// The latency that is measured.
    pub latency: usize,
    /// Where it is written.
    pub position: Position,
}

/// The list of signals; empty if there is none. `has_end` tells whether the run ends at its `until` at the latest.
pub(crate) fn signals(
    node: Option<&Node>,
    has_end: bool,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Option<Vec<Signal>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let items = fields::items(node, "a list of signals", problems)?;
    if items.len() > MOST_SIGNALS {
        problems.add(node.position, format!("a run has at most {MOST_SIGNALS} signals"));
        return None;
    }
    let signals: Vec<Option<Signal>> =
        items.iter().map(|item| signal(item, has_end, decoder, problems)).collect();
    signals.into_iter().collect()
}

fn signal(
    item: &Node,
    has_end: bool,
    decoder: &mut StepDecoder<'_>,
    problems: &mut Problems,
) -> Option<Signal> {
    let keys = Fields::of(item, "a signal", &["name", "at", "every", "times", "handler"], problems)?;
    let name = keys.required("name", problems).and_then(|node| fields::text(node, problems));
    let at = match (keys.get("at"), keys.get("every")) {
        (Some(node), _) => fields::span(node, problems),
        (None, Some(node)) => fields::span(node, problems),
        (None, None) => {
            problems.add_with_help(item.position, "nothing says when this signal comes", "add `at: 1s`");
            None
        }
    };
    let every = match keys.get("every") {
        Some(node) => fields::positive_span(node, problems).map(Some),
        None => Some(None),
    };
    let times = match (keys.get("times"), keys.get("every")) {
        (Some(node), None) => {
            problems.add_with_help(node.position, "a signal without `every` comes once", "add `every: 1s`");
            None
        }
        (Some(node), Some(_)) => fields::count(node, 1..=u64::MAX, problems).map(Some),
        (None, Some(node)) if !has_end => {
            let help = "say how many `times` it comes, or give the run an `until`";
            problems.add_with_help(node.position, "nothing ends this signal", help);
            None
        }
        (None, Some(_)) => Some(None),
        (None, None) => Some(Some(1)),
    };
    let handler = keys.required("handler", problems);
    let handler = handler.and_then(|node| match node.text() {
        Some(KEYBOARD_INTERRUPT) => Some(None),
        Some(_) => {
            let help = format!("write a list of steps, or `handler: {KEYBOARD_INTERRUPT}`");
            problems.add_with_help(node.position, "this is no handler", help);
            None
        }
        None => Some(Some(decoder.steps(node, problems))),
    });
    let latency = name.map(|name| decoder.names.latencies.number_of(name));
    Some(Signal {
        at: at?,
        every: every?,
        times: times?,
        handler: handler?,
        latency: latency?,
        position: item.position,
    })
}
