//! How often an experiment is carried out: `repeat: 20`, `repeat: auto`.

use crate::scenario::decode::fields;
use crate::scenario::diagnostic::Problems;
use crate::scenario::units::{self, UnitError};
use crate::scenario::yaml::Node;

/// The most replications of an experiment.
pub const MOST_REPLICATIONS: u32 = 100_000;

/// How often an experiment is carried out, each time with another seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// So often: from once to [`MOST_REPLICATIONS`].
    Times(u32),
    /// Until the results are as precise as wanted.
    Auto,
}

impl Repeat {
    /// Reads `20` or `auto`.
    ///
    /// # Errors
    /// If it is neither, or out of range.
    pub fn parse(text: &str) -> Result<Repeat, UnitError> {
        if text == "auto" {
            return Ok(Repeat::Auto);
        }
        let error = |message: String| UnitError { message, help: Some("write a number, or auto".to_owned()) };
        let count = units::parse_count(text).map_err(|unit| error(unit.message))?;
        let times = u32::try_from(count).ok().filter(|times| (1..=MOST_REPLICATIONS).contains(times));
        let too_many = || error(format!("{count} is out of range: from 1 to {MOST_REPLICATIONS}"));
        times.map(Repeat::Times).ok_or_else(too_many)
    }
}

/// The value of `repeat`; once if there is none.
pub(crate) fn repeat(node: Option<&Node>, problems: &mut Problems) -> Option<Repeat> {
    match node {
        Some(node) => fields::quantity(node, "a number of replications, or auto", Repeat::parse, problems),
        None => Some(Repeat::Times(1)),
    }
}
