//! The pieces every decoder is made of: the keys of a mapping, and single values.

use std::ops::RangeInclusive;

use crate::des::Span;
use crate::scenario::diagnostic::{Position, Problems, quoted};
use crate::scenario::units::{self, UnitError};
use crate::scenario::yaml::{Kind, Node};

/// A mapping whose keys are all known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    node: &'a Node,
    what: &'a str,
}

impl<'a> Fields<'a> {
    /// The mapping `node`, which describes `what` ("a thread"). A key that is not among `known` is reported.
    pub fn of(node: &'a Node, what: &'a str, known: &[&str], problems: &mut Problems) -> Option<Fields<'a>> {
        let Some(entries) = node.entries() else {
            let help = format!("the keys of {what} are {}", known.join(", "));
            let message = format!("{what} is a mapping, found {}", node.describe());
            problems.add_with_help(node.position, message, help);
            return None;
        };
        for (key, value) in entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
            // `{from: half of it, 22.6 ns}`: the comma ended the text.
            if key.text.contains(' ') && value.describe() == "nothing" {
                let message = format!("unknown key {}", quoted(&key.text));
                problems.add_with_help(key.position, message, "put a text with a comma in quotes");
            } else {
                problems.unknown(key.position, "key", &key.text, known.iter().copied());
            }
        }
        Some(Fields { node, what })
    }

    /// The value of a key that may be missing.
    pub fn get(&self, name: &str) -> Option<&'a Node> {
        self.node.get(name)
    }

    /// The value of a key that must be there.
    pub fn required(&self, name: &str, problems: &mut Problems) -> Option<&'a Node> {
        let value = self.get(name);
        if value.is_none() {
            problems.add(self.position(), format!("{} needs the key `{name}`", self.what));
        }
        value
    }

    /// Where the mapping is.
    pub fn position(&self) -> Position {
        self.node.position
    }
}

/// Reports that a value is of the wrong kind.
pub(crate) fn expected(what: &str, node: &Node, problems: &mut Problems) {
    problems.add(node.position, format!("expected {what}, found {}", node.describe()));
}

/// A text.
pub(crate) fn text<'a>(node: &'a Node, problems: &mut Problems) -> Option<&'a str> {
    let text = node.text();
    if text.is_none() {
        expected("a text", node, problems);
    }
    text
}

/// A text that may be missing.
pub(crate) fn optional_text(node: Option<&Node>, problems: &mut Problems) -> Option<String> {
    text(node?, problems).map(str::to_owned)
}

/// A duration.
pub(crate) fn span(node: &Node, problems: &mut Problems) -> Option<Span> {
    quantity(node, "a time such as 5ms", units::parse_span, problems)
}

/// A duration that is not zero.
pub(crate) fn positive_span(node: &Node, problems: &mut Problems) -> Option<Span> {
    let span = span(node, problems)?;
    if span.is_zero() {
        problems.add(node.position, "this must be longer than no time at all");
        return None;
    }
    Some(span)
}

/// A whole number within a range.
pub(crate) fn count(node: &Node, range: RangeInclusive<u64>, problems: &mut Problems) -> Option<u64> {
    let count = quantity(node, "a whole number", units::parse_count, problems)?;
    if !range.contains(&count) {
        let message = format!("{count} is out of range: from {} to {}", range.start(), range.end());
        problems.add(node.position, message);
        return None;
    }
    Some(count)
}

/// A plain number.
pub(crate) fn number(node: &Node, problems: &mut Problems) -> Option<f64> {
    quantity(node, "a number", units::parse_number, problems)
}

/// A percentage, as a fraction.
pub(crate) fn percentage(node: &Node, problems: &mut Problems) -> Option<f64> {
    quantity(node, "a percentage such as 5%", units::parse_percentage, problems)
}

/// `true` or `false`.
pub(crate) fn flag(node: &Node, problems: &mut Problems) -> Option<bool> {
    match node.text() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => {
            expected("true or false", node, problems);
            None
        }
    }
}

/// One of several words, each of which stands for a value.
pub(crate) fn choice<T: Copy>(
    node: &Node,
    what: &str,
    choices: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let word = text(node, problems)?;
    let found = choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    if found.is_none() {
        problems.unknown(node.position, what, word, choices.iter().map(|(name, _)| *name));
    }
    found
}

/// The items of a list.
pub(crate) fn items<'a>(node: &'a Node, what: &str, problems: &mut Problems) -> Option<&'a [Node]> {
    match &node.kind {
        Kind::Sequence(items) => Some(items),
        _ => {
            expected(what, node, problems);
            None
        }
    }
}

/// A list of texts.
pub(crate) fn texts(node: &Node, what: &str, problems: &mut Problems) -> Option<Vec<String>> {
    let texts = items(node, what, problems)?.iter().map(|item| text(item, problems).map(str::to_owned));
    // Every item is looked at, so that every wrong one is reported.
    texts.collect::<Vec<_>>().into_iter().collect()
}

/// The only key of a mapping and its value: `{uniform: ...}`.
pub(crate) fn only_entry<'a>(
    node: &'a Node,
    what: &str,
    known: &[&str],
    problems: &mut Problems,
) -> Option<(&'a str, &'a Node)> {
    Fields::of(node, what, known, problems)?;
    match node.entries()? {
        [(key, value)] => known.contains(&key.text.as_str()).then_some((key.text.as_str(), value)),
        entries => {
            let message = format!("{what} has exactly one key, found {}", entries.len());
            problems.add_with_help(node.position, message, format!("one of {}", known.join(", ")));
            None
        }
    }
}

/// A scalar that is read by `parse`.
pub(crate) fn quantity<T>(
    node: &Node,
    what: &str,
    parse: fn(&str) -> Result<T, UnitError>,
    problems: &mut Problems,
) -> Option<T> {
    let Some(text) = node.text() else {
        expected(what, node, problems);
        return None;
    };
    parse(text).map_err(|error| report_unit_error(node.position, error, text, problems)).ok()
}

fn report_unit_error(position: Position, error: UnitError, text: &str, problems: &mut Problems) {
    // The message repeats the text, which a stranger may have made very long.
    let message = error.message.replace(&format!("`{text}`"), &quoted(text));
    match error.help.filter(|_| text.len() < 40) {
        Some(help) => problems.add_with_help(position, message, help),
        None => problems.add(position, message),
    }
}
