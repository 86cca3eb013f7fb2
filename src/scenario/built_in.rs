//! The scenarios that come with the program, by name.

use crate::scenario::diagnostic::Problems;
use crate::scenario::{suggest, yaml};

/// The name and the text of each file of `scenarios/`, in the order of their names.
const SCENARIOS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// What a scenario says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// What it shows, in a line.
    pub title: String,
    /// What it belongs to.
    pub topic: Option<String>,
}

/// The names of all built-in scenarios, in alphabetical order.
pub fn built_in_names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|(name, _)| *name)
}

/// The YAML text of a built-in scenario.
pub fn built_in_text(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What a scenario says of itself, read without checking the rest; `None` if it has no title.
pub fn headline(text: &str) -> Option<Headline> {
    let root = yaml::parse(text, 0, 0, &mut Problems::default())?;
    let of = |key| root.get(key).and_then(yaml::Node::text).map(str::to_owned);
    Some(Headline { title: of("title")?, topic: of("topic") })
}

/// The name that was probably meant by one that does not exist.
pub fn closest_name(name: &str, known: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    suggest::closest(name, known)
}
