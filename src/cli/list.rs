//! `gilsim list`: the scenarios, machines and interpreters that come with the program.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::{Args, ValueEnum};

use crate::cli::{Failure, output};
use crate::scenario::{self, PresetKind};

/// The arguments of `gilsim list`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to list
    #[arg(value_enum, default_value_t = What::Scenarios)]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Scenarios, by topic
    Scenarios,
    /// Machines
    Machines,
    /// Interpreters
    Pythons,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let text = match arguments.what {
        What::Scenarios => scenarios()?,
        What::Machines => presets(PresetKind::Machine),
        What::Pythons => presets(PresetKind::Python),
    };
    output::print(&text)
}

/// All scenarios by topic, each with its title.
fn scenarios() -> Result<String, Failure> {
    let mut topics: BTreeMap<String, Vec<(&str, String)>> = BTreeMap::new();
    for name in scenario::built_in_names() {
        let text = scenario::built_in_text(name).unwrap_or_default();
        let headline = scenario::headline(text)
            .ok_or_else(|| Failure::Inside(format!("the scenario {name} has no title")))?;
        let topic = headline.topic.unwrap_or_else(|| "other".to_owned());
        topics.entry(topic).or_default().push((name, headline.title));
    }
    let widest = topics.values().flatten().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (topic, scenarios) in &topics {
        let _ = writeln!(text, "{topic}");
        for (name, title) in scenarios {
            let _ = writeln!(text, "  {name:widest$}  {title}");
        }
        text.push('\n');
    }
    // No empty line after the last topic.
    text.pop();
    Ok(text)
}

/// The names of all presets of a kind.
fn presets(kind: PresetKind) -> String {
    scenario::preset_names(kind).map(|name| format!("{name}\n")).collect()
}
