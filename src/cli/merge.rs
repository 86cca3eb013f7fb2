//! `gilsim merge`: puts the shares of a sweep together, and judges the whole.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Failure, input, results};
use crate::experiment::sweep::Swept;
use crate::export::part::{Header, Part, PartError};
use crate::scenario::{NamedMetric, Scenario};

/// The arguments of `gilsim merge`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The parts, one for each share, in any order
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    #[command(flatten)]
    results: results::ResultArguments,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let inputs: Vec<String> =
        arguments.parts.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    arguments.results.check(&inputs.iter().map(String::as_str).collect::<Vec<_>>())?;
    let formats = arguments.results.formats(false)?;
    let mut parts: Vec<Part> = Vec::new();
    for path in &arguments.parts {
        let part = Part::read(path).map_err(|error| results::cannot_use(path, &error))?;
        let first = parts.first().map_or(&part.header, |first| &first.header);
        if !part.header.is_same_sweep(first) {
            return Err(results::cannot_use(path, &PartError::OtherSweep));
        }
        if parts.iter().any(|other| other.header.shard == part.header.shard) {
            return Err(refused(format!("share {} is there twice", part.header.shard)));
        }
        if !part.is_complete() {
            let message = format!("{} is not complete\nhelp: run its command again", path.display());
            return Err(Failure::Incomplete(message));
        }
        parts.push(part);
    }
    let header = parts[0].header.clone();
    let missing = (1..=header.shards).find(|shard| parts.iter().all(|part| part.header.shard != *shard));
    if let Some(missing) = missing {
        return Err(refused(format!("share {missing} of {} is missing", header.shards)));
    }
    let pieces = parts.into_iter().flat_map(|part| part.pieces).collect();
    let known = header.metrics.iter().map(String::as_str);
    NamedMetric::check(&arguments.results.metrics, known).map_err(refused)?;
    let swept = Swept::new(header.paths.clone(), header.runs.clone(), header.metrics.clone(), pieces);
    arguments.results.write(&swept, &formats)?;
    match scenario(&header)? {
        Some(scenario) => results::judged(&swept, &scenario, &header.scenario),
        None => results::complete(&swept),
    }
}

/// The scenario of the parts, if anything is expected of it. Its text is in the parts, but it may name files that are not.
fn scenario(header: &Header) -> Result<Option<Scenario>, Failure> {
    const NOT_JUDGED: &str = "error: the expectations are not judged, because";
    if header.expectations == 0 {
        return Ok(None);
    }
    let scenario = header.read_scenario().map_err(|diagnostics| {
        let why = diagnostics.render(input::colour());
        Failure::Scenario(format!("{NOT_JUDGED} the scenario cannot be read here\n{why}"))
    })?;
    if header.is_of(&scenario) {
        return Ok(Some(scenario));
    }
    let message = "a file that the scenario names has changed since the parts were made";
    Err(Failure::Scenario(format!("{NOT_JUDGED} {message}")))
}

fn refused(message: String) -> Failure {
    Failure::Usage(message)
}
