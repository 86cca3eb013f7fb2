//! What is expected of the runs.

use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::sweep;
use crate::scenario::diagnostic::{Position, Problems};
use crate::scenario::expression::{self, Expression};
use crate::scenario::known::KnownRun;
use crate::scenario::sweep::{Setting, Sweep};
use crate::scenario::units;
use crate::scenario::yaml::{Kind, Node};

const KEYS: [&str; 9] = ["that", "is", "within", "above", "below", "where", "note", "source", "known_gap"];

/// One expectation: an expression and what its value should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The expression as it is written.
    pub that: String,
    /// The expression.
    pub expression: Expression,
    /// What its value should be.
    pub bound: Bound,
    /// At which points of a sweep; if empty, wherever the scenario is carried out.
    pub place: Vec<Setting>,
    /// A remark.
    pub note: Option<String>,
    /// Where the expected value comes from.
    pub source: Option<String>,
    /// Why it is known not to hold.
    pub known_gap: Option<String>,
}

/// What a value should be. Times are in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// About equal.
    Within {
        /// The expected value.
        value: f64,
        /// The largest relative error, as a fraction.
        tolerance: f64,
    },
    /// Strictly between two ends, of which one may be open.
    Between {
        /// The lower end.
        above: Option<f64>,
        /// The upper end.
        below: Option<f64>,
    },
}

impl Bound {
    /// Whether a value is as it should be.
    pub fn holds(&self, actual: f64) -> bool {
        match self {
            Bound::Within { value, tolerance } => (actual - value).abs() <= tolerance * value.abs(),
            Bound::Between { above, below } => {
                above.is_none_or(|above| actual > above) && below.is_none_or(|below| actual < below)
            }
        }
    }
}

/// The list of expectations about these runs, which may be about some points of a sweep. Those in which something is wrong are left out.
pub(crate) fn expectations(
    node: &Node,
    runs: &[KnownRun<'_>],
    sweep: Option<&Sweep>,
    problems: &mut Problems,
) -> Vec<Expectation> {
    let items = fields::items(node, "a list of expectations", problems).unwrap_or_default();
    items.iter().filter_map(|item| expectation(item, runs, sweep, problems)).collect()
}

fn expectation(
    item: &Node,
    runs: &[KnownRun<'_>],
    sweep: Option<&Sweep>,
    problems: &mut Problems,
) -> Option<Expectation> {
    let keys = Fields::of(item, "an expectation", &KEYS, problems)?;
    let that = keys.required("that", problems);
    let expression = that.and_then(|node| expression(node, runs, problems));
    let bound = bound(keys, expression.as_ref(), problems);
    let place = match keys.get("where") {
        Some(node) => sweep::place(node, sweep, problems),
        None => Some(Vec::new()),
    };
    let note = fields::optional_text(keys.get("note"), problems);
    let source = fields::optional_text(keys.get("source"), problems);
    let known_gap = fields::optional_text(keys.get("known_gap"), problems);
    let that = that?.text()?.to_owned();
    Some(Expectation { that, expression: expression?, bound: bound?, place: place?, note, source, known_gap })
}

/// The expression that a text spells out.
pub(super) fn expression(node: &Node, runs: &[KnownRun<'_>], problems: &mut Problems) -> Option<Expression> {
    let text = fields::text(node, problems)?;
    match expression::parse(text, runs) {
        Ok(expression) => Some(expression),
        Err(error) => {
            let position = within(node, text, error.range);
            match error.help {
                Some(help) => problems.add_with_help(position, error.message, help),
                None => problems.add(position, error.message),
            }
            None
        }
    }
}

/// The position of a part of a scalar's text; of the whole scalar where escapes make that hard to tell.
fn within(node: &Node, text: &str, range: std::ops::Range<usize>) -> Position {
    let Position { source, start, end } = node.position;
    let quotes = match node.kind {
        Kind::Scalar { quoted: true, .. } => 1,
        _ => 0,
    };
    if end - start != text.len() + 2 * quotes {
        return node.position;
    }
    let start = start + quotes;
    Position { source, start: start + range.start, end: start + range.end }
}

fn bound(keys: Fields<'_>, expression: Option<&Expression>, problems: &mut Problems) -> Option<Bound> {
    let within = keys.get("within").map(|node| fields::percentage(node, problems));
    let mut ends = |name| keys.get(name).map(|node| value(node, expression, problems));
    match (ends("is"), within, ends("above"), ends("below")) {
        (Some(value), Some(tolerance), None, None) => {
            Some(Bound::Within { value: value?, tolerance: tolerance? })
        }
        (None, None, Some(above), None) => Some(Bound::Between { above: Some(above?), below: None }),
        (None, None, None, Some(below)) => Some(Bound::Between { above: None, below: Some(below?) }),
        (None, None, Some(above), Some(below)) => {
            Some(Bound::Between { above: Some(above?), below: Some(below?) })
        }
        (Some(_), None, None, None) => {
            problems.add_with_help(keys.position(), "`is` needs `within`", "add a tolerance: `within: 5%`");
            None
        }
        _ => {
            let message = "an expectation has `is` and `within`, or `above` or `below` or both of these";
            problems.add(keys.position(), message);
            None
        }
    }
}

/// A time in seconds or a plain number, whichever the expression is.
pub(super) fn value(node: &Node, expression: Option<&Expression>, problems: &mut Problems) -> Option<f64> {
    let Some(text) = node.text() else {
        fields::expected("a number or a time", node, problems);
        return None;
    };
    let is_number = units::parse_number(text).is_ok();
    let value =
        if is_number { fields::number(node, problems)? } else { fields::span(node, problems)?.as_secs() };
    match expression.map(|expression| expression.time_power) {
        Some(1) if is_number => {
            let help = format!("write {text}s or {text}ms, whichever it is");
            problems.add_with_help(
                node.position,
                "this is compared with a time, and a time needs a unit",
                help,
            );
            None
        }
        Some(0) if !is_number => {
            problems.add(node.position, "this is compared with a plain number, and is a time");
            None
        }
        Some(power) if power != 0 && power != 1 => {
            let message = "the expression is neither a time nor a plain number";
            problems.add_with_help(node.position, message, "divide a time by a time");
            None
        }
        _ => Some(value),
    }
}
