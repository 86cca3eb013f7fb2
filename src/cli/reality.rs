//! `gilsim reality`: does with real interpreters what a scenario does, and compares.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::calibration::{CalibrationError, InterpreterFigures, identify_interpreter};
use crate::cli::input::{Loaded, ScenarioArguments};
use crate::cli::progress::Progress;
use crate::cli::{Failure, input, output};
use crate::experiment::{Conducted, conduct};
use crate::export::{file, reality as tables};
use crate::reality::{self, Measurements};
use crate::scenario::Run;

/// The arguments of `gilsim reality`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// An interpreter to measure the runs of its version with; may be given more than once
    #[arg(long = "python", value_name = "PATH", required = true)]
    pythons: Vec<PathBuf>,
    /// How often each run is measured, in a process of its own
    #[arg(long, value_name = "N", default_value = "5", value_parser = input::count)]
    repeat: u64,
    /// Keep the Python programs in this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
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
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let loaded = arguments.scenario.load()?;
    let pythons: Vec<InterpreterFigures> = arguments
        .pythons
        .iter()
        .map(|path| identify_interpreter(path).map_err(inside))
        .collect::<Result<_, _>>()?;
    let temporary = tempfile::tempdir()
        .map_err(|error| Failure::Inside(format!("cannot make a temporary folder: {error}")))?;
    let folder = arguments.keep.as_deref().unwrap_or(temporary.path());
    let conducted = conduct(&loaded.scenario, &loaded.id, arguments.scenario.seed);
    let mut subjects = subjects(&loaded, &conducted, &pythons, folder)?;
    if subjects.is_empty() {
        return Err(Failure::Inside("no run can be measured".to_owned()));
    }
    measure(&mut subjects, arguments.repeat.max(1))?;
    output::tell_load();
    output::print(&report(&loaded, &conducted, &subjects, arguments.repeat.max(1)))
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
        });
    }
    Ok(subjects)
}

/// Measures the runs in turns, so that a change of the machine meets them all.
fn measure(subjects: &mut [Subject<'_>], repeat: u64) -> Result<(), Failure> {
    let progress = Progress::new(subjects.len().saturating_mul(repeat as usize), 0);
    for _ in 0..repeat {
        for subject in &mut *subjects {
            let measured = reality::measure(
                subject.interpreter,
                &subject.script,
                subject.limit,
                &mut subject.measurements,
            );
            progress.advance();
            measured.map_err(|error| match error {
                CalibrationError::NotPython { answer, .. } => {
                    Failure::Inside(format!("run `{}` cannot be measured: {answer}", subject.run.name))
                }
                other => inside(other),
            })?;
        }
    }
    Ok(())
}

fn report(loaded: &Loaded, conducted: &Conducted, subjects: &[Subject<'_>], repeat: u64) -> String {
    let report_of = |subject: &Subject<'_>| &conducted.runs[subject.index].report;
    let comparisons: Vec<_> = subjects
        .iter()
        .map(|subject| {
            let first = (report_of(&subjects[0]), &subjects[0].measurements);
            reality::compare(subject.run, report_of(subject), &subject.measurements, first)
        })
        .collect();
    format!(
        "{}\n\n{}\n\neach run measured {repeat} times; error: simulated against the median measured\n",
        loaded.scenario.title,
        tables::table(&comparisons)
    )
}

fn inside(error: CalibrationError) -> Failure {
    Failure::Inside(error.to_string())
}
