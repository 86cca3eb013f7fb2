//! Reading what the user names.

use std::io::{IsTerminal, Read};
use std::path::Path;

use clap::Args;

use crate::cli::Failure;
use crate::des::Span;
use crate::experiment::Effort;
use crate::scenario::units::{self, UnitError};
use crate::scenario::{self, Diagnostics, Repeat, Scenario, Template};

/// No text that is read may be longer, in bytes.
const LONGEST: u64 = 16 << 20;

/// A scenario and what is changed about it.
#[derive(Debug, Args)]
pub(super) struct ScenarioArguments {
    /// The scenario: a file, the name of a built-in one, or - for standard input
    pub scenario: String,
    /// Change a value, as in python.gil.interval=1ms, "runs.one core.machine.cores=4", threads.worker.count=8
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub overrides: Vec<String>,
    /// Use this seed in place of the scenario's
    #[arg(long, allow_hyphen_values = true, value_parser = count)]
    pub seed: Option<u64>,
}

/// How precisely results are to be known, and on how many cores.
#[derive(Debug, Args)]
pub(super) struct EffortArguments {
    /// Carry out every run so often, each time with another seed; auto until the results are precise
    #[arg(long, value_name = "COUNT", value_parser = repeat)]
    pub reps: Option<Repeat>,
    /// With --reps auto, how wide half an interval may be, relative to its mean
    #[arg(long, value_name = "PERCENT", value_parser = precision, default_value = "1%")]
    pub precision: f64,
    /// Carry out so many runs at a time [default: as many as there are cores]
    #[arg(short = 'j', long = "jobs", value_name = "COUNT", value_parser = jobs)]
    pub jobs: Option<usize>,
}

impl EffortArguments {
    /// The effort that is asked for; else as often as the scenario says, on all cores.
    pub fn effort(&self, repeat: Repeat) -> Effort {
        let default = Effort::of(self.reps.unwrap_or(repeat));
        Effort { precision: self.precision, threads: self.jobs.unwrap_or(default.threads), ..default }
    }
}

/// A scenario with the name by which figures refer to it.
pub(super) struct Loaded {
    pub scenario: Scenario,
    pub id: String,
    pub template: Template,
}

impl ScenarioArguments {
    /// Reads and checks the scenario.
    pub fn load(&self) -> Result<Loaded, Failure> {
        load(&self.scenario, &self.overrides)
    }
}

/// Reads and checks the scenario at `path`, or the built-in one of this name.
pub(super) fn load(path: &str, overrides: &[String]) -> Result<Loaded, Failure> {
    let (text, name) = scenario_text(path)?;
    let folder = if path == "-" { None } else { Path::new(path).parent() };
    let scenario = scenario::load_with_files(&text, &name, overrides, folder.unwrap_or(Path::new("")))
        .map_err(|diagnostics| explained(&diagnostics))?;
    let id = id_of(&name);
    Ok(Loaded { scenario, id, template: Template { name, text, overrides: overrides.to_vec() } })
}

/// The text of the scenario at `path`, or of the built-in one of this name, and what to call it.
pub(super) fn scenario_text(path: &str) -> Result<(String, String), Failure> {
    match built_in(path) {
        Some(text) => Ok((text.to_owned(), path.to_owned())),
        None => read(path).map_err(|failure| with_name_meant(failure, path)),
    }
}

/// The text of the built-in scenario of this name; a file of that name goes before it.
fn built_in(name: &str) -> Option<&'static str> {
    scenario::built_in_text(name).filter(|_| !Path::new(name).exists())
}

/// A file that does not exist may be a name that is misspelt.
fn with_name_meant(failure: Failure, path: &str) -> Failure {
    let meant = scenario::closest_name(path, scenario::built_in_names());
    match (failure, meant) {
        (Failure::Scenario(text), Some(meant)) if !Path::new(path).exists() => {
            Failure::Scenario(format!("{text}\nhelp: did you mean the built-in scenario `{meant}`?"))
        }
        (failure, _) => failure,
    }
}

/// What figures call the scenario of this name: the file without its folder and ending.
pub(super) fn id_of(name: &str) -> String {
    Path::new(name).file_stem().map_or(name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// What is wrong with a scenario, for a person.
pub(super) fn explained(diagnostics: &Diagnostics) -> Failure {
    Failure::Scenario(diagnostics.render(colour()))
}

/// The text at `path`, or from standard input for `-`, and what to call it.
pub(super) fn read(path: &str) -> Result<(String, String), Failure> {
    let name = if path == "-" { "standard input" } else { path };
    let cannot = |why: String| Failure::Scenario(format!("error: cannot read {name}: {why}"));
    let mut bytes = Vec::new();
    let outcome = if path == "-" {
        std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)
    } else if Path::new(path).is_dir() {
        return Err(cannot("it is a directory".to_owned()));
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
    };
    outcome.map_err(|error| cannot(lower_case(&error)))?;
    if bytes.len() as u64 > LONGEST {
        return Err(cannot("it is longer than 16 MiB".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| cannot("it is not UTF-8 text".to_owned()))?;
    Ok((text, name.to_owned()))
}

/// A count typed on the command line, with the same words on what is wrong as in a scenario.
pub(super) fn count(text: &str) -> Result<u64, String> {
    units::parse_count(text).map_err(|error| with_help(&error))
}

/// A duration typed on the command line, likewise.
pub(super) fn span(text: &str) -> Result<Span, String> {
    units::parse_span(text).map_err(|error| with_help(&error))
}

fn repeat(text: &str) -> Result<Repeat, String> {
    Repeat::parse(text).map_err(|error| with_help(&error))
}

fn precision(text: &str) -> Result<f64, String> {
    let fraction = units::parse_percentage(text).map_err(|error| with_help(&error))?;
    if fraction > 0.0 { Ok(fraction) } else { Err("it must be above 0%".to_owned()) }
}

fn jobs(text: &str) -> Result<usize, String> {
    match count(text)? {
        jobs @ 1..=1024 => Ok(jobs as usize),
        jobs => Err(format!("{jobs} is out of range: from 1 to 1024")),
    }
}

fn with_help(error: &UnitError) -> String {
    match &error.help {
        Some(help) => format!("{error} ({help})"),
        None => error.to_string(),
    }
}

/// Whether messages may be coloured: on a terminal, unless `NO_COLOR` is set.
pub(super) fn colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::io::stderr().is_terminal()
}

fn lower_case(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
