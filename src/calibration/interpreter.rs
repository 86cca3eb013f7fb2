//! An interpreter: what a round of a countdown, a round trip of its lock, and library code take.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::calibration::figures::Record;
use crate::calibration::{CalibrationError, Effort, Figures, Quantity, program};
use crate::scenario::{self, PresetKind};

/// What the interpreter is given to run.
const SCRIPT: &str = include_str!("interpreter.py");
/// A full measurement takes about five seconds on an idle machine.
const LIMIT: Duration = Duration::from_secs(25);

/// What was found out about an interpreter.
#[derive(Clone, Debug, PartialEq)]
pub struct InterpreterFigures {
    /// The program.
    pub program: PathBuf,
    /// Its version, such as 3.11.7.
    pub version: [u32; 3],
    /// The compiler it was built by, as it tells itself.
    pub compiler: String,
    /// The preset with its opcodes.
    pub preset: String,
    /// Whether that preset is of another version, because there is none of its own.
    pub is_stand_in: bool,
    /// How many instructions a round of the countdown has, as that preset says.
    pub instructions: usize,
    /// How often it looks whether to give its lock away.
    pub interval: Interval,
    /// What was measured.
    pub figures: Figures,
}

/// How often an interpreter looks whether to give its lock away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interval {
    /// `sys.getcheckinterval()`, in ticks.
    Ticks(u32),
    /// `sys.getswitchinterval()`, in seconds.
    Seconds(f64),
}

/// What the script prints.
#[derive(Debug, Deserialize)]
struct Answer {
    implementation: String,
    version: [u32; 3],
    has_gil: bool,
    compiler: String,
    check_interval: Option<u32>,
    switch_interval: Option<f64>,
    #[serde(default)]
    long: Vec<f64>,
    #[serde(default)]
    short: Vec<f64>,
    #[serde(default)]
    threaded: Vec<f64>,
    #[serde(default)]
    gil_round_trip: Vec<f64>,
    #[serde(default)]
    library: Vec<f64>,
    #[serde(default)]
    slept: Vec<Vec<f64>>,
    #[serde(default)]
    moved: Vec<Vec<f64>>,
}

/// Measures the interpreter that is this program.
///
/// # Errors
/// If the program cannot be run, does not end in time, or is not a CPython whose lock the model knows.
pub fn measure_interpreter(program: &Path, effort: Effort) -> Result<InterpreterFigures, CalibrationError> {
    ask(program, effort.batches(), effort.size(25))
}

/// What this program is, without measuring anything.
///
/// # Errors
/// As [`measure_interpreter`].
pub fn identify_interpreter(program: &Path) -> Result<InterpreterFigures, CalibrationError> {
    ask(program, 0, 1)
}

fn ask(program: &Path, batches: usize, millis: usize) -> Result<InterpreterFigures, CalibrationError> {
    let arguments = ["-c", SCRIPT, &batches.to_string(), &millis.to_string()];
    let text = program::output(program, &arguments, LIMIT)?;
    let line = text.lines().next_back().unwrap_or_default();
    let not_python = || CalibrationError::NotPython {
        program: program.to_owned(),
        answer: format!("it printed {}", program::shortened(line)),
    };
    let answer: Answer = serde_json::from_str(line).map_err(|_| not_python())?;
    figures(program, answer)
}

fn figures(program: &Path, answer: Answer) -> Result<InterpreterFigures, CalibrationError> {
    let interval = match (answer.check_interval, answer.switch_interval) {
        (_, Some(seconds)) if answer.version >= [3, 2, 0] => Interval::Seconds(seconds),
        (Some(ticks), None) if answer.version[..2] == [2, 7] => Interval::Ticks(ticks),
        _ => return Err(unknown(program, &answer)),
    };
    if !answer.implementation.eq_ignore_ascii_case("cpython") || !answer.has_gil {
        return Err(unknown(program, &answer));
    }
    let (preset, is_stand_in) = preset_of(answer.version, &answer.compiler);
    let interpreter = scenario::interpreter(&preset).map_err(|_| unknown(program, &answer))?;
    let mut record = Record::default();
    for (quantity, values) in [
        (Quantity::LongCallRound, &answer.long),
        (Quantity::ShortCallRound, &answer.short),
        (Quantity::LongCallRoundThreaded, &answer.threaded),
        (Quantity::GilRoundTrip, &answer.gil_round_trip),
        (Quantity::LibraryCode, &answer.library),
    ] {
        // Each value is a batch of its own: the mean of many rounds.
        values.iter().for_each(|value| record.add(quantity, vec![*value]));
    }
    for (quantity, batches) in
        [(Quantity::LibraryCodeAfterSleep, answer.slept), (Quantity::LibraryCodeMoved, answer.moved)]
    {
        batches.into_iter().for_each(|batch| record.add(quantity, batch));
    }
    Ok(InterpreterFigures {
        program: program.to_owned(),
        version: answer.version,
        compiler: answer.compiler,
        preset,
        is_stand_in,
        instructions: interpreter.typical.len(),
        interval,
        figures: record.figures(),
    })
}

fn unknown(program: &Path, answer: &Answer) -> CalibrationError {
    let [major, minor, patch] = answer.version;
    let gil = if answer.has_gil { "" } else { " without the GIL" };
    let what = format!("{} {major}.{minor}.{patch}{gil}", answer.implementation);
    CalibrationError::UnknownPython { program: program.to_owned(), what }
}

/// The preset for a version, and whether it is that of another: the nearest older one of the same major version, or
/// else the oldest.
fn preset_of(version: [u32; 3], compiler: &str) -> (String, bool) {
    let [major, minor, patch] = version;
    // gcc builds 2.7.11 and later with computed gotos, as the preset of 2.7.18 has it (bpo-4753).
    if [major, minor] == [2, 7] {
        let gotos = patch >= 11 && compiler.contains("GCC");
        return (if gotos { "cpython-2.7.18" } else { "cpython-2.7" }.to_owned(), false);
    }
    let mut minors: Vec<u32> = scenario::preset_names(PresetKind::Python)
        .filter_map(|name| name.strip_prefix("cpython-")?.strip_prefix(&format!("{major}."))?.parse().ok())
        .collect();
    minors.sort_unstable();
    let nearest = minors.iter().rev().find(|known| **known <= minor).or(minors.first());
    let nearest = nearest.copied().unwrap_or(minor);
    (format!("cpython-{major}.{nearest}"), nearest != minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<InterpreterFigures, String> {
        figures(Path::new("python"), serde_json::from_str(line).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_version_has_the_preset_of_its_name_or_of_an_older_one() {
        assert_eq!(preset_of([3, 11, 7], "GCC"), ("cpython-3.11".to_owned(), false));
        assert!(preset_of([3, 99, 0], "GCC").1);
    }

    #[test]
    fn only_gcc_builds_late_versions_of_2_7_with_computed_gotos() {
        assert_eq!(preset_of([2, 7, 18], "[GCC 12.2.0]").0, "cpython-2.7.18");
        assert_eq!(preset_of([2, 7, 18], "[MSC v.1500 64 bit (AMD64)]").0, "cpython-2.7");
        assert_eq!(preset_of([2, 7, 3], "[GCC 4.6.3]").0, "cpython-2.7");
    }

    #[test]
    fn the_answer_of_an_interpreter_is_read() {
        let line = r#"{"implementation": "cpython", "version": [3, 11, 7], "has_gil": true, "compiler": "GCC",
                       "switch_interval": 0.005, "long": [16.0, 24.0, 32.0]}"#;
        let found = read(line).unwrap();
        assert_eq!((found.interval, found.instructions), (Interval::Seconds(0.005), 8));
        assert_eq!(found.figures.get(Quantity::LongCallRound).unwrap().median, 24.0);
        assert_eq!(found.figures.get(Quantity::GilRoundTrip), None);
    }

    #[test]
    fn what_the_model_has_no_lock_for_is_refused() {
        let with = |name: &str, version: &str, has_gil: bool, interval: &str| {
            let line = format!(
                r#"{{"implementation": "{name}", "version": {version}, "has_gil": {has_gil}, "compiler": "x", {interval}}}"#
            );
            read(&line).unwrap_err()
        };
        let known = "; known are CPython 2.7, and 3.2 and later with the GIL";
        let (ticks, seconds) = (r#""check_interval": 100"#, r#""switch_interval": 0.005"#);
        assert_eq!(with("CPython", "[2, 6, 9]", true, ticks), format!("python is CPython 2.6.9{known}"));
        assert_eq!(with("CPython", "[3, 1, 0]", true, ticks), format!("python is CPython 3.1.0{known}"));
        assert_eq!(with("pypy", "[3, 10, 0]", true, seconds), format!("python is pypy 3.10.0{known}"));
        let free = with("cpython", "[3, 13, 0]", false, seconds);
        assert_eq!(free, format!("python is cpython 3.13.0 without the GIL{known}"));
    }
}
