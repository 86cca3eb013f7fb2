//! `gilsim run`: carries out a scenario and compares its runs.

use std::path::PathBuf;

use clap::Args;

use crate::chart::terminal::{self, Characters};
use crate::cli::Failure;
use crate::cli::input::{EffortArguments, Loaded, ScenarioArguments};
use crate::cli::output::{self, Format};
use crate::cli::plot;
use crate::experiment::{Conducted, Standing, conduct_with, recording};
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
    /// Show the first and the most remarkable moments of a run in these characters: ascii, unicode, none, or auto for
    /// what the locale allows
    #[arg(long, value_name = "CHARACTERS", value_parser = TimelineChoice::parse, default_value = "auto")]
    timeline: TimelineChoice,
    /// Also write to this file: .json for the outcome, .svg or .png for a timeline of all runs
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    outputs: Vec<PathBuf>,
}

/// In which characters a timeline is shown.
#[derive(Clone, Copy, Debug)]
struct TimelineChoice(Option<Characters>);

impl TimelineChoice {
    fn parse(text: &str) -> Result<TimelineChoice, String> {
        Ok(TimelineChoice(match text {
            "auto" => Some(of_locale()),
            "ascii" => Some(Characters::Ascii),
            "unicode" => Some(Characters::Unicode),
            "none" => None,
            _ => return Err("write ascii, unicode, none or auto".to_owned()),
        }))
    }
}

/// The characters that the locale of the terminal allows: of its three variables the first that is set decides.
fn of_locale() -> Characters {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_uppercase();
    if locale.contains("UTF-8") || locale.contains("UTF8") { Characters::Unicode } else { Characters::Ascii }
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    output::check_files(&arguments.outputs, &[&arguments.scenario.scenario])?;
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
            let pictures = plot::timeline(&loaded, arguments.scenario.seed)?;
            plot::save(path, format, &pictures, 1.0)?;
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
    if let Some(characters) = arguments.timeline.0 {
        text.push_str(&moments(loaded, conducted, characters));
    }
    text.push_str(&format!("seed {}", conducted.seed));
    if conducted.replications > 1 {
        let replications = conducted.replications;
        text.push_str(&format!(", {replications} replications: means with 95 % confidence intervals"));
    }
    text.push_str(&format!("\n{}", table::fingerprints(&conducted.runs)));
    text
}

/// The first and the most remarkable moments of the run that has the most of them.
fn moments(loaded: &Loaded, conducted: &Conducted, characters: Characters) -> String {
    let index = recording::most_remarkable(conducted.runs.iter().map(|run| &run.report));
    let (run, report) = (&loaded.scenario.runs[index], &conducted.runs[index].report);
    let moments = recording::moments(run, conducted.seed, report, terminal::COLUMNS, terminal::MOST_LANES);
    if moments.is_empty() {
        String::new()
    } else {
        format!("{}\n", terminal::timelines(&moments, characters))
    }
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
