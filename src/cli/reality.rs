//! `gilsim reality`: does with real interpreters what a scenario does, and compares.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::calibration::{CalibrationError, InterpreterFigures, identify_interpreter};
use crate::cli::input::{Loaded, ScenarioArguments};
use crate::cli::progress::Progress;
use crate::cli::temporary::TemporaryFolder;
use crate::cli::{Failure, input, output};
use crate::experiment::{Conducted, conduct};
use crate::export::{file, number, reality as tables};
use crate::reality::{self, Measurements};
use crate::scenario::Run;
use crate::sim::Ending;

/// The arguments of `gilsim reality`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// An interpreter to measure the runs of its version with; may be given more than once
    #[arg(long = "python", value_name = "PATH", required = true)]
    pythons: Vec<PathBuf>,
    /// How often each run is measured, in a process of its own
    #[arg(long, value_name = "N", default_value = "5", value_parser = repeat)]
    repeat: u64,
    /// Keep the Python programs in this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// No run is measured more often.
const MOST_REPEATS: u64 = 5000;

fn repeat(text: &str) -> Result<u64, String> {
    match input::count(text)? {
        repeat @ 1..=MOST_REPEATS => Ok(repeat),
        repeat => Err(format!("{repeat} is out of range: from 1 to {MOST_REPEATS}")),
    }
}

/// A run that can be measured.
struct Subject<'a> {
    /// The number of the run.
    index: usize,
    run: &'a Run,
    interpreter: &'a Path,
    script: PathBuf,
    /// So long is waited for each process.
    limit: Duration,
    measurements: Measurements,
    outcome: Outcome,
}

/// How measuring a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All is well so far.
    Measured,
    /// A process did not come to its end, and nothing more is measured.
    NoEnd,
    /// A process failed, which has been told.
    Failed,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let loaded = arguments.scenario.load()?;
    let pythons: Vec<InterpreterFigures> = arguments
        .pythons
        .iter()
        .map(|path| identify_interpreter(path).map_err(inside))
        .collect::<Result<_, _>>()?;
    tell_of_namesakes(&pythons);
    let temporary = TemporaryFolder::new()?;
    let folder = arguments.keep.as_deref().unwrap_or(temporary.path());
    output::check_folder(folder)?;
    let conducted = conduct(&loaded.scenario, &loaded.id, arguments.scenario.seed);
    let mut subjects = subjects(&loaded, &conducted, &pythons, folder)?;
    measure(&mut subjects, arguments.repeat);
    subjects.retain(|subject| subject.outcome != Outcome::Failed);
    if subjects.is_empty() {
        return Err(Failure::Inside("no run can be measured".to_owned()));
    }
    output::tell_load();
    output::print(&report(&loaded, &conducted, &subjects, arguments.repeat))?;
    match subjects.iter().find(|subject| subject.outcome == Outcome::NoEnd) {
        Some(subject) => Err(Failure::Incomplete(without_end(subject))),
        None => Ok(()),
    }
}

/// Of several interpreters that a run can be measured with, only the first is asked.
fn tell_of_namesakes(pythons: &[InterpreterFigures]) {
    for (index, python) in pythons.iter().enumerate().filter(|(_, python)| !python.is_stand_in) {
        let namesake = |other: &&InterpreterFigures| !other.is_stand_in && other.preset == python.preset;
        if let Some(first) = pythons[..index].iter().find(namesake) {
            let (path, first) = (python.program.display(), first.program.display());
            output::tell(&format!(
                "note: {path} is not asked: {first} is {}, too, and stands before it",
                python.preset
            ));
        }
    }
}

/// The runs that one of the interpreters can do, written to files; of the others it is told why not.
fn subjects<'a>(
    loaded: &'a Loaded,
    conducted: &Conducted,
    pythons: &'a [InterpreterFigures],
    folder: &Path,
) -> Result<Vec<Subject<'a>>, Failure> {
    let mut subjects = Vec::new();
    for (index, run) in loaded.scenario.runs.iter().enumerate() {
        let name = &run.name;
        let preset = run.python_name.as_deref().unwrap_or("an interpreter without a preset");
        let fits = |python: &&InterpreterFigures| python.preset == preset && !python.is_stand_in;
        let Some(python) = pythons.iter().find(fits) else {
            output::tell(&format!(
                "note: run `{name}` is not measured: none of the interpreters is {preset}"
            ));
            continue;
        };
        let text = match reality::script(run) {
            Ok(text) => text,
            Err(why) => {
                output::tell(&format!("note: run `{name}` is not measured: {why}"));
                continue;
            }
        };
        // Python looks for modules beside the program: one named queue.py would stand in for the library's.
        let script = folder.join(format!("run-{name}.py"));
        file::write(&script, text.as_bytes())
            .map_err(|error| Failure::Inside(format!("cannot write {}: {error}", script.display())))?;
        let simulated = conducted.runs[index].report.makespan.as_secs();
        let limit = Duration::from_secs_f64((10.0 + 10.0 * simulated).min(86_400.0));
        let interpreter = python.program.as_path();
        subjects.push(Subject {
            index,
            run,
            interpreter,
            script,
            limit,
            measurements: Measurements::default(),
            outcome: Outcome::Measured,
        });
    }
    Ok(subjects)
}

/// Measures the runs in turns, so that a change of the machine meets them all. One that does not come to its end, or fails,
/// leaves the others alone.
fn measure(subjects: &mut [Subject<'_>], repeat: u64) {
    let progress = Progress::new(subjects.len().saturating_mul(repeat as usize), 0);
    for _ in 0..repeat {
        for subject in subjects.iter_mut() {
            if subject.outcome == Outcome::Measured {
                subject.measure();
            }
            progress.advance();
        }
    }
}

impl Subject<'_> {
    /// Measures the run once more.
    fn measure(&mut self) {
        let measured = reality::measure(self.interpreter, &self.script, self.limit, &mut self.measurements);
        let why = match measured {
            Ok(()) => return,
            Err(CalibrationError::TooLong { .. }) => {
                self.outcome = Outcome::NoEnd;
                return;
            }
            Err(CalibrationError::NotPython { answer, .. }) => answer,
            Err(other) => other.to_string(),
        };
        self.outcome = Outcome::Failed;
        output::tell(&format!("note: run `{}` is not measured: {why}", self.run.name));
    }
}

fn report(loaded: &Loaded, conducted: &Conducted, subjects: &[Subject<'_>], repeat: u64) -> String {
    let report_of = |subject: &Subject<'_>| &conducted.runs[subject.index].report;
    let (measured, endless): (Vec<_>, Vec<_>) =
        subjects.iter().partition(|subject| subject.outcome == Outcome::Measured);
    let mut text = format!("{}\n\n", loaded.scenario.title);
    if let Some(first) = measured.first() {
        let first = (report_of(first), &first.measurements);
        let compared = |subject: &&Subject<'_>| {
            reality::compare(subject.run, report_of(subject), &subject.measurements, first)
        };
        let comparisons: Vec<_> = measured.iter().map(compared).collect();
        text.push_str(&format!("{}\n\n", tables::table(&comparisons)));
    }
    for subject in endless {
        let report = report_of(subject);
        let simulated = match report.ending {
            Ending::Finished => number::seconds(report.makespan.as_secs()),
            Ending::CutOff | Ending::Stuck => "no end either".to_owned(),
        };
        text.push_str(&format!("{} (simulated: {simulated})\n", without_end(subject)));
    }
    if measured.iter().any(|subject| subject.measurements.users_shared_cores()) {
        text.push_str(
            "the users outside the machine had to share its cores, for there were no others: see README.md\n",
        );
    }
    text.push_str(&format!(
        "each run measured {repeat} times; error: simulated against the median measured\n"
    ));
    text
}

fn without_end(subject: &Subject<'_>) -> String {
    let limit = number::seconds(subject.limit.as_secs_f64());
    format!("run `{}` did not come to its end within {limit}", subject.run.name)
}

fn inside(error: CalibrationError) -> Failure {
    Failure::Inside(error.to_string())
}
