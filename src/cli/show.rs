//! `gilsim show`: prints a scenario, a machine or an interpreter that comes with the program.

use clap::Args;

use crate::cli::{Failure, output};
use crate::scenario::{self, PresetKind};

const KINDS: [PresetKind; 2] = [PresetKind::Machine, PresetKind::Python];

/// The arguments of `gilsim show`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The name of a scenario, machine or interpreter, as gilsim list shows it; machine/NAME and python/NAME where a
    /// scenario has the same name
    name: String,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let name = arguments.name.as_str();
    let Some(text) = scenario::built_in_text(name).or_else(|| preset(name)) else {
        let presets = KINDS.into_iter().flat_map(scenario::preset_names);
        let help = match scenario::closest_name(name, scenario::built_in_names().chain(presets)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`gilsim list` shows all names".to_owned(),
        };
        return Err(Failure::Usage(format!(
            "nothing that comes with gilsim has the name `{name}`\nhelp: {help}"
        )));
    };
    output::print(text)
}

/// The text of a preset, by its name alone or with the word for its kind before it.
fn preset(name: &str) -> Option<&'static str> {
    KINDS.into_iter().find_map(|kind| {
        let own = name.strip_prefix(kind.word()).and_then(|rest| rest.strip_prefix('/'));
        scenario::preset_text(kind, own.unwrap_or(name))
    })
}
