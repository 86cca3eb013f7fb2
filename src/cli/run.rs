//! `gilsim run`: carries out a scenario and compares its runs.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Failure;
use crate::cli::input::{EffortArguments, Loaded, ScenarioArguments};
use crate::cli::output::{self, Format};
use crate::cli::plot;
use crate::experiment::{Conducted, Standing, conduct_with};
use crate::export::{json, table};

/// The arguments of `gilsim run`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    effort: EffortArguments,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    /// Also write to this file: .json for the outcome, .svg or .png for a timeline of all runs
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    outputs: Vec<PathBuf>,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let allowed = [Format::Json, Format::Svg, Format::Png];
    let formats: Vec<Format> =
        arguments.outputs.iter().map(|path| output::format_of(path, &allowed)).collect::<Result<_, _>>()?;
    let loaded = arguments.scenario.load()?;
    let effort = arguments.effort.effort(loaded.scenario.repeat);
    let conducted = conduct_with(&loaded.scenario, &loaded.id, arguments.scenario.seed, effort);
    conducted.notices.iter().for_each(|notice| output::tell(&format!("warning: {notice}")));
    output::print(&shown(arguments, &loaded, &conducted))?;
    for (path, format) in arguments.outputs.iter().zip(formats) {
        if format == Format::Json {
            let document = json::document(&loaded.scenario, &loaded.id, &conducted);
            output::save(path, document.as_bytes())?;
        } else {
            let picture = plot::timeline(&loaded, arguments.scenario.seed, &[], None, None)?;
            output::save_picture(path, format, &picture)?;
        }
    }
    outcome(&conducted)
}

fn shown(arguments: &Arguments, loaded: &Loaded, conducted: &Conducted) -> String {
    if arguments.json {
        return json::document(&loaded.scenario, &loaded.id, conducted);
    }
    let mut text = format!("{}\n", loaded.scenario.title);
    if let Some(source) = &loaded.scenario.source {
        text.push_str(&format!("{source}\n"));
    }
    text.push_str(&format!("\n{}\n\n", table::runs(conducted)));
    if !conducted.verdicts.is_empty() {
        let verdicts = conducted.verdicts.iter().map(|verdict| (loaded.id.as_str(), verdict));
        text.push_str(&format!("{}\n\n", table::verdicts(verdicts, false)));
    }
    for verdict in conducted.verdicts.iter().filter(|verdict| verdict.standing == Standing::KnownGap) {
        let reason = verdict.known_gap.as_deref().unwrap_or_default().trim();
        text.push_str(&format!("known gap: {}: {reason}\n\n", verdict.that));
    }
    text.push_str(&format!("seed {}", conducted.seed));
    if conducted.replications > 1 {
        let replications = conducted.replications;
        text.push_str(&format!(", {replications} replications: means with 95 % confidence intervals"));
    }
    text.push_str(&format!("\n{}", table::fingerprints(&conducted.runs)));
    text
}

fn outcome(conducted: &Conducted) -> Result<(), Failure> {
    if let Some(run) = conducted.runs.iter().find(|run| !run.complete) {
        return Err(Failure::Incomplete(format!("run `{}` did not come to its end", run.name)));
    }
    match conducted.verdicts.iter().filter(|verdict| verdict.standing == Standing::Failed).count() {
        0 => Ok(()),
        1 => Err(Failure::Expectation("1 expectation is not met".to_owned())),
        failed => Err(Failure::Expectation(format!("{failed} expectations are not met"))),
    }
}
