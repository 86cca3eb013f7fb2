//! Carrying out the Python program of a run, and putting its outcome beside the simulated one.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::calibration::statistics::Series;
use crate::calibration::{CalibrationError, Spread, program};
use crate::scenario::Run;
use crate::sim::Report;

/// Counts below this are mostly chance, and no error is told of them.
const SMALLEST_COUNT: f64 = 20.0;

/// What one process tells.
#[derive(Clone, Debug, Deserialize)]
struct Outcome {
    wall: f64,
    user: f64,
    system: f64,
    voluntary: f64,
    involuntary: f64,
    /// Of each latency the median, the 90th and the 99th percentile in seconds, if there was any request.
    latencies: Vec<Option<[f64; 3]>>,
    /// How often each latency was measured.
    counts: Vec<u64>,
    /// The value of each shared variable at the end.
    variables: Vec<i64>,
    /// Whether the users outside the machine had to use the cores of its threads.
    shared_cores: bool,
}

/// What the processes of one run told.
#[derive(Clone, Debug, Default)]
pub struct Measurements(Vec<Outcome>);

impl Measurements {
    /// Whether the users outside the machine had to use the cores of its threads, which nobody does in the simulation.
    pub fn users_shared_cores(&self) -> bool {
        self.0.iter().any(|outcome| outcome.shared_cores)
    }
}

/// The simulated and the measured outcome of a run.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The name of the run.
    pub run: String,
    /// A row a quantity.
    pub rows: Vec<Row>,
}

/// One quantity of a run.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub quantity: String,
    /// What it is counted in.
    pub unit: Unit,
    /// What was simulated; `None` if it did not occur there.
    pub simulated: Option<f64>,
    /// What was measured, in the same unit; `None` if it did not occur there.
    pub measured: Option<Spread>,
}

/// What a quantity is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A time.
    Seconds,
    /// How often something happened.
    Times,
    /// How often something happened in a second.
    Rate,
    /// A share of something else.
    Ratio,
}

impl Row {
    /// By how much the simulated value differs from the measured median, as a fraction of that; `None` if that says
    /// nothing.
    pub fn error(&self) -> Option<f64> {
        let measured = self.measured?.median;
        let smallest = if self.unit == Unit::Times { SMALLEST_COUNT } else { f64::MIN_POSITIVE };
        (measured >= smallest).then_some(self.simulated? / measured - 1.0)
    }
}

/// Carries out the Python program of a run once more.
///
/// # Errors
/// If the interpreter cannot be run, or the program fails or does not end within `limit`.
pub fn measure(
    interpreter: &Path,
    script: &Path,
    limit: Duration,
    measurements: &mut Measurements,
) -> Result<(), CalibrationError> {
    let text = program::output(interpreter, &[&script.to_string_lossy()], limit)?;
    let line = text.lines().next_back().unwrap_or_default();
    let outcome = serde_json::from_str(line).map_err(|_| CalibrationError::NotPython {
        program: interpreter.to_owned(),
        answer: format!("it printed {}", program::shortened(line)),
    })?;
    measurements.0.push(outcome);
    Ok(())
}

/// Puts the two outcomes of a run side by side. `first` is the first run that was measured: with it the ratios are made,
/// in which what is wrong with every run alike falls out.
pub fn compare(
    run: &Run,
    report: &Report,
    measurements: &Measurements,
    first: (&Report, &Measurements),
) -> Comparison {
    let simulated = |report: &Report| report.makespan.as_secs();
    let cpu = report.total_time(|thread| thread.usage.user) + report.total_time(|thread| thread.usage.system);
    let count = |of: u64| Some(of as f64);
    let of = |read: &dyn Fn(&Outcome) -> f64| spread(measurements.0.iter().map(read));
    let ratios = measurements.0.iter().zip(&first.1.0).map(|(own, first)| own.wall / first.wall);
    let mut rows = vec![
        row("makespan", Unit::Seconds, Some(simulated(report)), of(&|outcome| outcome.wall)),
        row(
            "ratio to the first run",
            Unit::Ratio,
            Some(simulated(report) / simulated(first.0)),
            spread(ratios),
        ),
        row("CPU time", Unit::Seconds, Some(cpu.as_secs()), of(&|outcome| outcome.user + outcome.system)),
        row(
            "switches, voluntary",
            Unit::Times,
            count(report.total(|thread| thread.usage.voluntary_switches)),
            of(&|outcome| outcome.voluntary),
        ),
        row(
            "switches, involuntary",
            Unit::Times,
            count(report.total(|thread| thread.usage.involuntary_switches)),
            of(&|outcome| outcome.involuntary),
        ),
    ];
    for (index, (name, latency)) in run.latency_names.iter().zip(&report.latencies).enumerate() {
        if run.model.clients.iter().any(|client| client.latency == index) {
            let rate = |outcome: &Outcome| Some(*outcome.counts.get(index)? as f64 / outcome.wall);
            rows.push(row(
                &format!("{name}, a second"),
                Unit::Rate,
                Some(latency.count() as f64 / simulated(report)),
                spread(measurements.0.iter().filter_map(rate)),
            ));
        }
        for (place, share) in [0.5, 0.9, 0.99].into_iter().enumerate() {
            let found = |outcome: &Outcome| Some((*outcome.latencies.get(index)?)?[place]);
            rows.push(row(
                &format!("{name}, {:.0} %", share * 100.0),
                Unit::Seconds,
                latency.quantile(share).map(|span| span.as_secs()),
                spread(measurements.0.iter().filter_map(found)),
            ));
        }
    }
    for (index, (name, variable)) in run.variable_names.iter().zip(&report.variables).enumerate() {
        let found = |outcome: &Outcome| outcome.variables.get(index).map(|value| *value as f64);
        rows.push(row(
            &format!("{name} at the end"),
            Unit::Times,
            Some(variable.value as f64),
            spread(measurements.0.iter().filter_map(found)),
        ));
    }
    Comparison { run: run.name.clone(), rows }
}

fn row(quantity: &str, unit: Unit, simulated: Option<f64>, measured: Option<Spread>) -> Row {
    Row { quantity: quantity.to_owned(), unit, simulated, measured }
}

fn spread(values: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut series = Series::default();
    // Every process stands for itself.
    values.for_each(|value| series.add(vec![value]));
    series.spread()
}
