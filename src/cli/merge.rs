//! `gilsim merge`: puts the shares of a sweep together.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Failure, results};
use crate::experiment::sweep::Swept;
use crate::export::part::{Part, PartError};

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
    let formats = arguments.results.formats(false)?;
    let mut parts: Vec<Part> = Vec::new();
    for path in &arguments.parts {
        let part = Part::read(path).map_err(|error| results::cannot_use(path, &error))?;
        let first = parts.first().map_or(&part.header, |first| &first.header);
        if !part.header.is_same_sweep(first) || !part.header.is_current() {
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
    let swept = Swept::new(header.paths, header.runs, pieces);
    arguments.results.write(&swept, &formats)?;
    results::complete(&swept)
}

fn refused(message: String) -> Failure {
    Failure::Usage(message)
}
