//! Results as columns: what a table of runs, of points, of a comparison or of a tuning consists of, whatever file it goes
//! to.

use serde_json::Value;

use crate::experiment::Estimate;
use crate::experiment::compare::Comparison;
use crate::experiment::sweep::Swept;
use crate::experiment::tune::{Task, Tuned};
use crate::export::json::hexadecimal;
use crate::scenario::NamedMetric;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// What is in it, row by row.
    pub cells: Cells,
}

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Texts.
    Texts(Vec<String>),
    /// Whole numbers.
    Counts(Vec<u64>),
    /// Yes and no.
    Flags(Vec<bool>),
    /// Numbers, and where there is none.
    Numbers(Vec<Option<f64>>),
}

impl Cells {
    /// A cell as a text; empty where there is no number.
    pub fn text(&self, row: usize) -> String {
        match self {
            Cells::Texts(cells) => cells[row].clone(),
            Cells::Counts(cells) => cells[row].to_string(),
            Cells::Flags(cells) => cells[row].to_string(),
            Cells::Numbers(cells) => cells[row].map_or(String::new(), |value| value.to_string()),
        }
    }

    /// A cell as JSON; null where there is no number.
    pub fn json(&self, row: usize) -> Value {
        match self {
            Cells::Texts(cells) => cells[row].as_str().into(),
            Cells::Counts(cells) => cells[row].into(),
            Cells::Flags(cells) => cells[row].into(),
            Cells::Numbers(cells) => cells[row].into(),
        }
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        match self {
            Cells::Texts(cells) => cells.len(),
            Cells::Counts(cells) => cells.len(),
            Cells::Flags(cells) => cells.len(),
            Cells::Numbers(cells) => cells.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A row for every run.
pub fn of_runs(swept: &Swept) -> Vec<Column> {
    let rows: Vec<_> = swept.rows().collect();
    let texts = |name: &str, of: &dyn Fn(usize) -> String| {
        column(name, Cells::Texts((0..rows.len()).map(of).collect()))
    };
    let counts = |name: &str, of: &dyn Fn(usize) -> u64| {
        column(name, Cells::Counts((0..rows.len()).map(of).collect()))
    };
    let mut columns = vec![counts("point", &|row| rows[row].0.point as u64)];
    for (axis, path) in swept.paths.iter().enumerate() {
        columns.push(texts(&name_of(path), &|row| rows[row].0.values[axis].clone()));
    }
    columns.push(texts("run", &|row| swept.runs.get(rows[row].1.run).cloned().unwrap_or_default()));
    columns.push(counts("replication", &|row| rows[row].1.replication as u64));
    columns.push(counts("seed", &|row| rows[row].1.seed));
    columns.push(texts("ending", &|row| rows[row].1.ending.clone()));
    columns.push(texts("fingerprint", &|row| hexadecimal(rows[row].1.fingerprint)));
    for (index, metric) in swept.metrics.iter().enumerate() {
        let values = rows.iter().map(|(_, row)| row.metrics[index]).collect();
        columns.push(column(metric, Cells::Numbers(values)));
    }
    columns.push(texts("scenario_hash", &|row| hexadecimal(rows[row].0.scenario_hash)));
    columns.push(texts("gilsim", &|_| VERSION.to_owned()));
    columns
}

/// A row for each run at each point, with means and half widths of the 95 % confidence intervals.
pub fn of_points(swept: &Swept) -> Vec<Column> {
    let rows = swept.summaries();
    let mut columns = vec![column("point", Cells::Counts(rows.iter().map(|row| row.point as u64).collect()))];
    for (axis, path) in swept.paths.iter().enumerate() {
        let values = rows.iter().map(|row| row.values[axis].clone()).collect();
        columns.push(column(&name_of(path), Cells::Texts(values)));
    }
    columns.push(column("run", Cells::Texts(rows.iter().map(|row| row.run.to_owned()).collect())));
    let replications = rows.iter().map(|row| row.replications as u64).collect();
    columns.push(column("replications", Cells::Counts(replications)));
    columns.push(column("complete", Cells::Flags(rows.iter().map(|row| row.complete).collect())));
    for (index, metric) in swept.metrics.iter().enumerate() {
        columns.extend(estimates(metric, rows.iter().map(|row| row.estimates[index])));
    }
    columns
}

/// A row for each run of a comparison: how many times its reference it is by the first of some metrics, and all metrics,
/// with means and half widths of the 95 % confidence intervals.
pub fn of_comparison(comparison: &Comparison, metric: &str) -> Vec<Column> {
    let runs = &comparison.outcomes;
    let count = runs.len();
    let reference = |index: &usize| runs[*index].name.clone();
    let mut columns = vec![
        column("run", Cells::Texts(runs.iter().map(|run| run.name.clone()).collect())),
        column("reference", Cells::Texts(comparison.references.iter().map(reference).collect())),
        column("replications", Cells::Counts(vec![comparison.replications as u64; count])),
        column("seed", Cells::Counts(vec![comparison.seed; count])),
        column("complete", Cells::Flags(runs.iter().map(|run| run.complete).collect())),
        column("fingerprint", Cells::Texts(runs.iter().map(|run| hexadecimal(run.fingerprint())).collect())),
    ];
    let ratio = format!("{metric}.ratio");
    columns.extend(estimates(&ratio, (0..count).map(|index| comparison.ratio(index, metric))));
    for metric in NamedMetric::columns(runs.iter().flat_map(|run| &run.metrics)) {
        columns.extend(estimates(&metric, runs.iter().map(|run| run.estimate_of(&metric))));
    }
    columns.push(column("gilsim", Cells::Texts(vec![VERSION.to_owned(); count])));
    columns
}

/// A row for each point that a tuning has simulated: goals and constraints, with means and half widths of the 95 %
/// confidence intervals, and what was made of the point.
pub fn of_trials(task: &Task, tuned: &Tuned) -> Vec<Column> {
    let trials = &tuned.trials;
    let mut columns = Vec::new();
    for (axis, path) in task.axes.iter().map(|axis| &axis.path).enumerate() {
        let values = trials.iter().map(|trial| trial.settings[axis].value.clone()).collect();
        columns.push(column(&name_of(path), Cells::Texts(values)));
    }
    for (number, goal) in task.goals.iter().enumerate() {
        columns.extend(estimates(&goal.text, trials.iter().map(|trial| trial.goals[number])));
    }
    for (number, constraint) in task.constraints.iter().enumerate() {
        columns.extend(estimates(&constraint.text, trials.iter().map(|trial| trial.constraints[number])));
    }
    let flags = |name: &str, of: &dyn Fn(usize) -> bool| {
        column(name, Cells::Flags((0..trials.len()).map(of).collect()))
    };
    columns.push(flags("complete", &|trial| trials[trial].is_complete()));
    columns.push(flags("allowed", &|trial| tuned.allowed[trial]));
    columns.push(flags("front", &|trial| tuned.front.contains(&trial)));
    columns.push(flags("recommended", &|trial| tuned.recommended == Ok(trial)));
    columns
}

/// The columns of an estimate: means, and half widths of the 95 % confidence intervals.
fn estimates(name: &str, estimates: impl Iterator<Item = Option<Estimate>> + Clone) -> [Column; 2] {
    let means = estimates.clone().map(|estimate| estimate.map(|estimate| estimate.mean)).collect();
    let half_widths = estimates.map(|estimate| estimate.and_then(|estimate| estimate.half_width)).collect();
    [
        column(&format!("{name}.mean"), Cells::Numbers(means)),
        column(&format!("{name}.half_width"), Cells::Numbers(half_widths)),
    ]
}

fn column(name: &str, cells: Cells) -> Column {
    Column { name: name.to_owned(), cells }
}

/// The name of the column of an axis: its path, but for the one that is also the name of another column.
fn name_of(path: &str) -> String {
    if path == "seed" { "scenario.seed".to_owned() } else { path.to_owned() }
}
