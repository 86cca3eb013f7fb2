//! `gilsim check`: reads scenarios and says what is wrong with them, without carrying them out.

use clap::Args;

use crate::cli::{Failure, input, output};

/// The arguments of `gilsim check`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scenarios: files, names of built-in ones, or - for standard input
    #[arg(required = true)]
    scenarios: Vec<String>,
    /// Change a value in all of them, as in --set python.gil.interval=1ms
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
}

/// Runs the subcommand: all scenarios are read, also after one in which something is wrong.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for path in &arguments.scenarios {
        match input::load(path, &arguments.overrides) {
            Ok(loaded) => {
                let scenario = &loaded.scenario;
                let expectations = scenario.expectations.len();
                output::print(&format!(
                    "{path}: well, {} and {}\n",
                    counted(scenario.runs.len(), "run"),
                    counted(expectations, "expectation"),
                ))?;
            }
            Err(Failure::Scenario(text)) => wrong.push(text.trim_end().to_owned()),
            Err(failure) => return Err(failure),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Scenario(wrong.join("\n\n"))) }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
