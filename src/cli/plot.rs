//! `gilsim plot`: draws a chart of a scenario.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::chart::{self, Panel, Theme, TimelineChart};
use crate::cli::Failure;
use crate::cli::input::{self, Loaded, ScenarioArguments};
use crate::cli::output::{self, Format};
use crate::des::Span;
use crate::experiment::{finding, record};
use crate::export::json::hexadecimal;
use crate::scenario::Run;

/// The charts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Chart {
    /// What every thread and core did, over time
    Timeline,
}

/// The arguments of `gilsim plot`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Which chart to draw
    #[arg(long, value_enum, default_value_t = Chart::Timeline)]
    chart: Chart,
    /// Draw this run only; may be given more than once
    #[arg(long = "run", value_name = "NAME")]
    runs: Vec<String>,
    /// Where the picture begins, as in 10s or 5.2ms
    #[arg(long, value_parser = input::span)]
    from: Option<Span>,
    /// Where the picture ends
    #[arg(long, value_parser = input::span)]
    to: Option<Span>,
    /// The file to write: .svg or .png
    #[arg(short = 'o', long = "output", value_name = "FILE", required = true)]
    outputs: Vec<PathBuf>,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let formats: Vec<Format> = arguments
        .outputs
        .iter()
        .map(|path| output::format_of(path, &[Format::Svg, Format::Png]))
        .collect::<Result<_, _>>()?;
    let loaded = arguments.scenario.load()?;
    let picture = match arguments.chart {
        Chart::Timeline => {
            timeline(&loaded, arguments.scenario.seed, &arguments.runs, arguments.from, arguments.to)?
        }
    };
    for (path, format) in arguments.outputs.iter().zip(formats) {
        output::save_picture(path, format, &picture)?;
    }
    Ok(())
}

/// The timeline of some runs of a scenario (all, if none is named) as an SVG picture.
pub(super) fn timeline(
    loaded: &Loaded,
    seed: Option<u64>,
    names: &[String],
    from: Option<Span>,
    to: Option<Span>,
) -> Result<String, Failure> {
    let scenario = &loaded.scenario;
    let chosen: Vec<&Run> =
        names.iter().map(|name| run_named(&scenario.runs, name)).collect::<Result<_, _>>()?;
    let recordings = record(scenario, seed, &chosen, from, to, chart::COLUMNS)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let whole = from.is_none() && to.is_none();
    let title = if whole {
        finding::of_runs(&scenario.title, &recordings)
    } else {
        finding::of_window(&scenario.title, &recordings)
    };
    let fingerprints: Vec<String> =
        recordings.iter().map(|recording| hexadecimal(recording.report.fingerprint())).collect();
    let footer = format!(
        "gilsim {} - {} - seed {} - fingerprint {}",
        env!("CARGO_PKG_VERSION"),
        loaded.id,
        seed.unwrap_or(scenario.seed),
        fingerprints.join(" ")
    );
    let panels = recordings
        .iter()
        .map(|recording| Panel {
            title: format!("{}: {}", recording.run.name, recording.report.makespan),
            thread_names: recording.run.thread_names.clone(),
            timeline: &recording.timeline,
        })
        .collect();
    Ok(chart::draw(&TimelineChart { title, footer, panels, theme: Theme::light() }))
}

fn run_named<'a>(runs: &'a [Run], name: &str) -> Result<&'a Run, Failure> {
    runs.iter().find(|run| run.name == name).ok_or_else(|| {
        let names: Vec<String> = runs.iter().map(|run| format!("`{}`", run.name)).collect();
        Failure::Usage(format!("there is no run `{name}`\nhelp: the runs are {}", names.join(", ")))
    })
}
