//! `gilsim ticks`: shows where in a disassembly the interpreter looks up.

use clap::Args;

use crate::cli::{Failure, input, output};
use crate::python::listing::{self, ListingError, ListingProblem, Rule};
use crate::scenario;

/// The arguments of `gilsim ticks`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The interpreter that made the listing, as in cpython-2.6
    #[arg(long)]
    python: String,
    /// A disassembly as `python -m dis` prints it: a file, or - for standard input
    file: String,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let python = scenario::interpreter(&arguments.python)
        .map_err(|diagnostics| Failure::Scenario(diagnostics.render(input::colour())))?;
    let (text, name) = input::read(&arguments.file)?;
    let rule = python.check_interval.map_or(Rule::EvalBreaker, |interval| Rule::Ticks { interval });
    let explain = |error: ListingError| Failure::Scenario(explained(&name, &arguments.python, &error));
    let listing = listing::parse(&text).map_err(explain)?;
    if listing.instructions.is_empty() {
        return Err(Failure::Scenario(format!("error: {name}: there is no instruction in it")));
    }
    let annotated = listing.annotate(&python.opcodes, rule).map_err(explain)?;
    output::print(&annotated.render())
}

fn explained(name: &str, python: &str, error: &ListingError) -> String {
    let help = match &error.reason {
        ListingProblem::UnknownOpcode(_) => format!("\nhelp: is the listing from {python}?"),
        _ => String::new(),
    };
    format!("error: {name}: {error}{help}")
}
