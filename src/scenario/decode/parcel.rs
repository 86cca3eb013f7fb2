//! Messages with contents: what it costs to pickle so many bytes, to copy them, and to make objects of them again.

use crate::des::{Distribution, Span};
use crate::os::sync::Parcel;
use crate::python::program::Step;
use crate::scenario::decode::constant::{Provenance, constant};
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

/// What contents cost on a machine, a byte. What is not given costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContentCosts {
    objects: PickleCosts,
    buffer: PickleCosts,
    copy: Span,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PickleCosts {
    dumps: Span,
    loads: Span,
}

/// The costs under `pickle`, of a machine.
pub(crate) fn content_costs(
    node: Option<&Node>,
    provenance: &mut Vec<Provenance>,
    problems: &mut Problems,
) -> Option<ContentCosts> {
    let Some(node) = node else { return Some(ContentCosts::default()) };
    let keys = Fields::of(node, "`pickle`", &["objects", "buffer", "copy"], problems)?;
    let mut a_byte = |node: Option<&Node>, path: &str, problems: &mut Problems| match node {
        Some(node) => {
            constant(node, path, provenance, problems).and_then(|value| fields::span(value, problems))
        }
        None => Some(Span::ZERO),
    };
    let mut kind = |name: &str, problems: &mut Problems| {
        let Some(node) = keys.get(name) else { return Some(PickleCosts::default()) };
        let keys = Fields::of(node, "what pickling costs", &["dumps", "loads"], problems)?;
        let mut cost = |of: &str| a_byte(keys.get(of), &format!("pickle.{name}.{of}"), problems);
        Some(PickleCosts { dumps: cost("dumps")?, loads: cost("loads")? })
    };
    let (objects, buffer) = (kind("objects", problems), kind("buffer", problems));
    let copy = a_byte(keys.get("copy"), "pickle.copy", problems);
    Some(ContentCosts { objects: objects?, buffer: buffer?, copy: copy? })
}

/// `send: {to: CHANNEL, bytes: 1MB}`: the channel, how many bytes, and whether they are those of one buffer.
pub(crate) fn contents<'a>(node: &'a Node, problems: &mut Problems) -> Option<(&'a Node, u64, bool)> {
    let keys = Fields::of(node, "`send`", &["to", "bytes", "of"], problems)?;
    let channel = keys.required("to", problems);
    let bytes = keys.required("bytes", problems).and_then(|node| bytes(node, problems));
    let is_buffer = match keys.get("of") {
        Some(node) => {
            fields::choice(node, "kind of contents", &[("objects", false), ("buffer", true)], problems)
        }
        None => Some(false),
    };
    Some((channel?, bytes?, is_buffer?))
}

/// A number of bytes: `100B`, `64kB`, `1MB`, `2GB`.
fn bytes(node: &Node, problems: &mut Problems) -> Option<u64> {
    let text = fields::text(node, problems)?;
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = [("B", 1), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000_u64)]
        .into_iter()
        .find(|(name, _)| *name == &text[digits.len()..]);
    let number: Option<u64> = digits.trim().replace('_', "").parse().ok();
    let bytes = number.zip(unit).and_then(|(number, (_, unit))| number.checked_mul(unit));
    let bytes = bytes.filter(|bytes| *bytes <= MOST_BYTES);
    if bytes.is_none() {
        fields::expected("a number of bytes such as 64kB or 1MB, 1000GB at most", node, problems);
    }
    bytes
}

/// The most that is sent at once.
const MOST_BYTES: u64 = 1_000_000_000_000;

impl ContentCosts {
    /// The steps that pickle so many bytes and send them to a channel.
    pub fn sending(&self, channel: usize, bytes: u64, is_buffer: bool) -> Vec<Step> {
        let costs = if is_buffer { self.buffer } else { self.objects };
        let parcel = Parcel { copy: times(self.copy, bytes), unpickle: times(costs.loads, bytes) };
        let pickling = times(costs.dumps, bytes);
        let pickle = Step::C { span: Distribution::Constant(pickling), holds_gil: true };
        let pickle = (!pickling.is_zero()).then_some(pickle);
        pickle.into_iter().chain([Step::SendParcel { channel, parcel }]).collect()
    }
}

fn times(a_byte: Span, bytes: u64) -> Span {
    Span::from_picos(a_byte.picos().saturating_mul(bytes))
}
