//! Constants of a machine, with or without a word on where they come from.
//!
//! `wake_latency: 5us` and `wake_latency: {is: 5us, source: measured, from: "futex ping-pong"}` are the same
//! constant. With the second form, a check of the simulator against reality can tell its inputs from its
//! predictions.

use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

/// How a constant is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Measured on the machine.
    Measured,
    /// Published by somebody.
    Published,
    /// Computed from a published figure, which is then not a prediction.
    Inferred,
    /// Computed from a constant of another machine, by a ratio that is known.
    Scaled,
    /// A plausible value.
    Assumed,
}

/// Where one constant of a machine comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The name of the machine's preset.
    pub machine: String,
    /// The path of the constant, such as `costs.wake_latency.idle`.
    pub constant: String,
    /// How it is known.
    pub source: Origin,
    /// Who measured or published it, or why it is assumed.
    pub from: String,
    /// The reference figure it was inferred from.
    pub figure: Option<String>,
    /// The value as it is written in the preset.
    pub value: String,
}

const ORIGINS: [(&str, Origin); 5] = [
    ("measured", Origin::Measured),
    ("published", Origin::Published),
    ("inferred", Origin::Inferred),
    ("scaled", Origin::Scaled),
    ("assumed", Origin::Assumed),
];

/// The value of a constant, with or without its source. A source is added to `provenance`.
pub(crate) fn constant<'a>(
    node: &'a Node,
    path: &str,
    provenance: &mut Vec<Provenance>,
    problems: &mut Problems,
) -> Option<&'a Node> {
    if node.get("is").is_none() && node.get("source").is_none() {
        return Some(node);
    }
    let keys = Fields::of(node, "a constant", &["is", "source", "from", "figure"], problems)?;
    let value = keys.required("is", problems);
    let origin =
        keys.required("source", problems).and_then(|node| fields::choice(node, "source", &ORIGINS, problems));
    let from = keys.required("from", problems).and_then(|node| fields::text(node, problems));
    let figure = fields::optional_text(keys.get("figure"), problems);
    match (origin, &figure) {
        (Some(Origin::Inferred), None) => {
            let help = "add `figure:` with the reference figure it was inferred from";
            problems.add_with_help(keys.position(), "an inferred constant needs a figure", help);
        }
        (Some(Origin::Measured | Origin::Published | Origin::Scaled | Origin::Assumed), Some(_)) => {
            problems.add(keys.position(), "only an inferred constant has a figure");
        }
        _ => {}
    }
    let value = value?;
    provenance.push(Provenance {
        machine: String::new(),
        constant: path.to_owned(),
        source: origin?,
        from: from?.to_owned(),
        figure,
        value: value.flow(),
    });
    Some(value)
}
