//! The quantities that charts show, as the user names them.

use crate::chart::request::Refusal;
use crate::chart::scale::Unit;
use crate::experiment::Estimate;
use crate::scenario::{Expression, Metric, NamedMetric, Run, Scenario, suggest};
use crate::sim::Report;

/// What the throughput of a latency is called: requests answered, divided by the makespan.
const THROUGHPUT: &str = ".throughput";

/// A quantity of every run (`makespan`, `echo.latency.p99`, `echo.throughput`), or one that is computed of several
/// (`threaded.makespan / sequential.makespan`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// As it is written.
    pub text: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Whether every run has it.
    pub is_of_runs: bool,
}

impl Quantity {
    /// Reads a quantity of these runs.
    pub fn parse(text: &str, runs: &[Run]) -> Result<Quantity, Refusal> {
        let text = text.trim().to_owned();
        if let Some(unit) = runs.iter().find_map(|run| unit_of(&text, run)) {
            return Ok(Quantity { text, unit, is_of_runs: true });
        }
        match Expression::parse(&text, runs) {
            Ok(expression) => Ok(Quantity { text, unit: unit_of_expression(&expression), is_of_runs: false }),
            Err(error) => Err(Refusal::nothing(
                format!("there is no quantity `{text}` here: {error}"),
                known(&text, runs),
            )),
        }
    }

    /// Its value in a run; `None` where it has none.
    pub fn of_run(&self, run: &Run, report: &Report) -> Option<f64> {
        if let Some(name) = self.text.strip_suffix(THROUGHPUT) {
            let index = run.latency_names.iter().position(|latency| latency == name)?;
            return Some(report.latencies.get(index)?.count() as f64 / report.makespan.as_secs());
        }
        run.metric(&self.text)?.of(report)
    }

    /// What is known of it in the run with this index, or of all runs together, given every replication.
    pub fn estimate(
        &self,
        scenario: &Scenario,
        run: usize,
        replications: &[Vec<Report>],
    ) -> Option<Estimate> {
        if self.is_of_runs {
            let of = scenario.runs.get(run)?;
            let values: Option<Vec<f64>> =
                replications.iter().map(|reports| self.of_run(of, reports.get(run)?)).collect();
            return Estimate::of(&values?);
        }
        let expression = Expression::parse(&self.text, &scenario.runs).ok()?;
        let value = |reports: &Vec<Report>| {
            expression.evaluate(&|run: &str, metric: &str| scenario.value_of(reports, run, metric)).ok()
        };
        let values: Option<Vec<f64>> = replications.iter().map(value).collect();
        Estimate::of(&values?)
    }
}

/// What a quantity of `run` is counted in; `None` if it has none of this name.
fn unit_of(text: &str, run: &Run) -> Option<Unit> {
    if let Some(name) = text.strip_suffix(THROUGHPUT) {
        return run.latency_names.iter().any(|latency| latency == name).then_some(Unit::PerSecond);
    }
    run.metric(text).map(unit_of_metric)
}

/// What a metric is counted in.
pub fn unit_of_metric(metric: Metric) -> Unit {
    match metric.name {
        _ if metric.is_time => Unit::Seconds,
        "badness" | "latency.above_1ms" | "lost" => Unit::Share,
        _ => Unit::Plain,
    }
}

/// What an expression is counted in.
pub fn unit_of_expression(expression: &Expression) -> Unit {
    match expression.time_power {
        1 => Unit::Seconds,
        -1 => Unit::PerSecond,
        _ => Unit::Plain,
    }
}

/// What could be shown in its place.
fn known(text: &str, runs: &[Run]) -> String {
    let metrics: Vec<NamedMetric> = runs.iter().flat_map(Run::metrics).collect();
    let names = metrics.iter().map(|named| named.name.as_str());
    if let Some(meant) = suggest::closest(text, names) {
        return format!("did you mean `{meant}`?");
    }
    let latencies: Vec<&str> =
        runs.iter().flat_map(|run| run.latency_names.iter().map(String::as_str)).collect();
    match latencies.first() {
        Some(latency) => format!("there are makespan, {latency}.latency.p99, {latency}.throughput and more"),
        None => "no latency is measured here; there are makespan, system, gil.hand_overs, badness and more"
            .to_owned(),
    }
}

/// The quantities that the user names, or else these.
pub fn chosen(
    named: &[String],
    otherwise: &[String],
    most: usize,
    runs: &[Run],
) -> Result<Vec<Quantity>, Refusal> {
    let texts = if named.is_empty() { otherwise } else { named };
    if texts.len() > most {
        let message = format!("{} quantities are too many for this chart", texts.len());
        return Err(Refusal::nothing(message, format!("name at most {most} with --metric")));
    }
    texts.iter().map(|text| Quantity::parse(text, runs)).collect()
}
