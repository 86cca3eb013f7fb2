//! `gilsim plot`: draws a chart of a scenario.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::chart::{self, KINDS, Kind, Lanes, Look, Picture, Refusal, Request, Shape, Theme, Words};
use crate::cli::Failure;
use crate::cli::input::{self, EffortArguments, Loaded, ScenarioArguments};
use crate::cli::output::{self, Format};
use crate::des::Span;
use crate::experiment::Effort;
use crate::scenario::{Repeat, Run, Sweep, parse_axes, suggest};

/// The arguments of `gilsim plot`.
#[derive(Debug, Args)]
#[command(after_long_help = long_help())]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Which chart to draw: see below
    #[arg(long, value_name = "KIND", value_parser = kind, default_value = "timeline")]
    chart: KindName,
    /// Draw this run only; may be given more than once
    #[arg(long = "run", value_name = "NAME")]
    runs: Vec<String>,
    /// Where the picture begins, as in 10s or 5.2ms
    #[arg(long, value_parser = input::span)]
    from: Option<Span>,
    /// Where the picture ends
    #[arg(long, value_parser = input::span)]
    to: Option<Span>,
    /// The quantity to show: makespan, echo.latency.p99, or an expression over runs; some charts take two
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// Vary a value, in place of the scenario's own sweep: PATH=1,2,4 or PATH=50us..100ms:log:20
    #[arg(long = "over", value_name = "PATH=VALUES")]
    over: Vec<String>,
    #[command(flatten)]
    effort: EffortArguments,
    #[command(flatten)]
    look: LookArguments,
    /// The file to write: .svg or .png; for the chart `steps` a file a step, or a .gif of all
    #[arg(short = 'o', long = "output", value_name = "FILE", required = true)]
    outputs: Vec<PathBuf>,
}

/// How the picture is to look.
#[derive(Debug, Args)]
struct LookArguments {
    /// Its colours: light, dark or grey-print
    #[arg(long, value_name = "NAME", value_parser = theme, default_value = "light")]
    theme: ThemeName,
    /// Its proportions: 16:9, 4:3 or square
    #[arg(long, value_name = "SHAPE", value_parser = shape, default_value = "16:9")]
    shape: Shape,
    /// Write this in place of the finding
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Leave out the line that says where the picture comes from
    #[arg(long)]
    no_footer: bool,
    /// Which lanes a timeline has: threads, cores or both
    #[arg(long, value_name = "WHICH", value_parser = lanes, default_value = "both")]
    lanes: Lanes,
    /// Make a .png or .gif so many times as large, from 0.1 to 4
    #[arg(long, value_name = "FACTOR", value_parser = scale, default_value = "1")]
    scale: f64,
    /// Take the words of the picture from this file: a line a label, as in `runs Python: läuft`
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
}

/// The name of a kind of chart that exists.
#[derive(Clone, Debug)]
struct KindName(&'static str);

/// The name of a theme that exists.
#[derive(Clone, Debug)]
struct ThemeName(&'static str);

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let labels = arguments.look.labels.as_ref().map(|path| path.to_string_lossy());
    let inputs: Vec<&str> =
        [arguments.scenario.scenario.as_str()].into_iter().chain(labels.as_deref()).collect();
    output::check_files(&arguments.outputs, &inputs)?;
    let formats: Vec<Format> = arguments
        .outputs
        .iter()
        .map(|path| output::format_of(path, allowed(arguments.chart.0)))
        .collect::<Result<_, _>>()?;
    let look = look(&arguments.look)?;
    let loaded = arguments.scenario.load()?;
    let sweep = sweep(&arguments.over, &loaded)?;
    let runs = chosen(&loaded.scenario.runs, &arguments.runs)?;
    let request = Request {
        scenario: &loaded.scenario,
        template: &loaded.template,
        id: &loaded.id,
        seed: arguments.scenario.seed,
        effort: arguments.effort.effort(loaded.scenario.repeat),
        runs,
        from: arguments.from,
        to: arguments.to,
        lanes: arguments.look.lanes,
        metrics: &arguments.metrics,
        sweep: sweep.as_ref(),
        look: &look,
    };
    // The parser lets only names of kinds pass.
    let Some(kind) = chart::named(arguments.chart.0) else { return Ok(()) };
    let pictures = drawn(kind, &request)?;
    for (path, format) in arguments.outputs.iter().zip(formats) {
        save(path, format, &pictures, arguments.look.scale)?;
    }
    match pictures.into_iter().find_map(|picture| picture.unfinished) {
        Some(unfinished) => Err(Failure::Incomplete(unfinished)),
        None => Ok(()),
    }
}

/// The timeline of all runs of a scenario as an SVG picture.
pub(super) fn timeline(loaded: &Loaded, seed: Option<u64>) -> Result<Vec<Picture>, Failure> {
    let request = Request {
        scenario: &loaded.scenario,
        template: &loaded.template,
        id: &loaded.id,
        seed,
        effort: Effort::of(Repeat::Times(1)),
        runs: loaded.scenario.runs.iter().collect(),
        from: None,
        to: None,
        lanes: Lanes::Both,
        metrics: &[],
        sweep: None,
        look: &Look::default(),
    };
    drawn(&chart::kinds::timeline::KIND, &request)
}

/// Draws, and tells what there is to know besides.
fn drawn(kind: &Kind, request: &Request) -> Result<Vec<Picture>, Failure> {
    let pictures = (kind.draw)(request).map_err(|refusal| match refusal {
        Refusal::Scenario(diagnostics) => input::explained(&diagnostics),
        other => Failure::Usage(other.to_string()),
    })?;
    for note in pictures.iter().flat_map(|picture| &picture.notes) {
        output::tell(&format!("note: {note}"));
    }
    Ok(pictures)
}

/// What a chart can be written as: only steps can be animated.
fn allowed(kind: &str) -> &'static [Format] {
    if kind == "steps" { &[Format::Gif, Format::Svg, Format::Png] } else { &[Format::Svg, Format::Png] }
}

/// Writes the picture, or a file a step, or all steps as one.
pub(super) fn save(path: &Path, format: Format, pictures: &[Picture], scale: f64) -> Result<(), Failure> {
    match (pictures, format) {
        (_, Format::Gif) => {
            let svgs: Vec<&str> = pictures.iter().map(|picture| picture.svg.as_str()).collect();
            let bytes = chart::gif(&svgs, scale).map_err(|error| Failure::Inside(error.to_string()))?;
            output::save(path, &bytes)
        }
        ([picture], _) if picture.narration.is_none() => {
            output::save_picture(path, format, &picture.svg, scale)
        }
        _ => {
            let digits = pictures.len().to_string().len();
            for (index, picture) in pictures.iter().enumerate() {
                output::save_picture(&numbered(path, index + 1, digits), format, &picture.svg, scale)?;
                output::print(&format!(
                    "{:>digits$}  {}\n",
                    index + 1,
                    picture.narration.as_deref().unwrap_or("")
                ))?;
            }
            Ok(())
        }
    }
}

/// `step.png` with a number: `step-07.png`.
fn numbered(path: &Path, number: usize, digits: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number:0digits$}.{ending}"))
}

fn look(arguments: &LookArguments) -> Result<Look, Failure> {
    let words = match &arguments.labels {
        None => Words::default(),
        Some(path) => {
            let (text, name) = input::read(&path.to_string_lossy())?;
            Words::parse(&text).map_err(|error| Failure::Usage(format!("{name}, {error}")))?
        }
    };
    let theme = Theme::all().into_iter().find(|theme| theme.name == arguments.theme.0).unwrap_or_default();
    Ok(Look {
        theme,
        shape: arguments.shape,
        title: arguments.title.clone(),
        footer: !arguments.no_footer,
        words,
    })
}

fn sweep(over: &[String], loaded: &Loaded) -> Result<Option<Sweep>, Failure> {
    if over.is_empty() {
        return Ok(loaded.scenario.sweep.clone());
    }
    let axes = parse_axes(over).map_err(|diagnostics| input::explained(&diagnostics))?;
    Sweep::new(axes, None).map(Some).map_err(|error| Failure::Usage(error.to_string()))
}

/// The runs with these names, or all.
fn chosen<'a>(runs: &'a [Run], names: &[String]) -> Result<Vec<&'a Run>, Failure> {
    if names.is_empty() {
        return Ok(runs.iter().collect());
    }
    names.iter().map(|name| run_named(runs, name)).collect()
}

fn run_named<'a>(runs: &'a [Run], name: &str) -> Result<&'a Run, Failure> {
    runs.iter().find(|run| run.name == name).ok_or_else(|| {
        let names: Vec<String> = runs.iter().map(|run| format!("`{}`", run.name)).collect();
        Failure::Usage(format!("there is no run `{name}`\nhelp: the runs are {}", names.join(", ")))
    })
}

fn kind(text: &str) -> Result<KindName, String> {
    known(text, "chart", KINDS.iter().map(|kind| kind.name)).map(KindName)
}

fn theme(text: &str) -> Result<ThemeName, String> {
    known(text, "theme", Theme::all().map(|theme| theme.name)).map(ThemeName)
}

fn shape(text: &str) -> Result<Shape, String> {
    Ok(match known(text, "shape", ["16:9", "4:3", "square"])? {
        "4:3" => Shape::Classic,
        "square" => Shape::Square,
        _ => Shape::Wide,
    })
}

fn lanes(text: &str) -> Result<Lanes, String> {
    Ok(match known(text, "lane", ["threads", "cores", "both"])? {
        "threads" => Lanes::Threads,
        "cores" => Lanes::Cores,
        _ => Lanes::Both,
    })
}

/// One of the names that there are.
fn known(
    text: &str,
    what: &str,
    names: impl IntoIterator<Item = &'static str> + Clone,
) -> Result<&'static str, String> {
    names.clone().into_iter().find(|name| *name == text).ok_or_else(|| {
        let help = suggest::help(text, names).unwrap_or_default();
        format!("there is no {what} of this name ({help})")
    })
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (0.1..=4.0).contains(&factor) => Ok(factor),
        _ => Err("it must be a number from 0.1 to 4".to_owned()),
    }
}

/// The kinds of charts and all labels, for the help.
fn long_help() -> String {
    let lines = KINDS.iter().map(|kind| format!("  {:<10} {}\n", kind.name, kind.about));
    let labels: String = chart::words::LABELS.iter().map(|label| format!("  {label}\n")).collect();
    format!("Charts:\n{}\nLabels, for --labels:\n{labels}", lines.collect::<String>())
}
