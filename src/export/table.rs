//! Results as tables for the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use crate::experiment::compare::{Comparison, Relation};
use crate::experiment::sweep::Swept;
use crate::experiment::{Conducted, Estimate, Role, RunOutcome, Standing, Verdict};
use crate::export::number::{self, Unit};
use crate::scenario::{Bound, Metric};
use crate::sim::{Ending, Report};

/// The runs side by side, a line a quantity: means over the replications, with 95 % confidence intervals if there are
/// several.
pub fn runs(conducted: &Conducted) -> String {
    let mut table = table();
    let names = conducted.runs.iter().map(|run| run.name.clone());
    table.set_header(std::iter::once(String::new()).chain(names));
    let mut line = |name: &str, cell: &dyn Fn(&RunOutcome) -> String| {
        table.add_row(std::iter::once(name.to_owned()).chain(conducted.runs.iter().map(cell)));
    };
    line("makespan", &|run| time(run, makespan));
    line("ratio to the first run", &|run| ratio(run.ratio_to(&conducted.runs[0], "makespan")));
    line("CPU user", &|run| {
        time(run, |report| Some(report.total_time(|thread| thread.usage.user).as_secs()))
    });
    line("CPU system", &|run| {
        time(run, |report| Some(report.total_time(|thread| thread.usage.system).as_secs()))
    });
    line("GIL checks", &|run| count(run, |report| report.gil.checks));
    line("GIL acquisitions", &|run| count(run, |report| report.gil.acquisitions));
    line("failed acquisitions", &|run| count(run, |report| report.gil.failed_acquisitions));
    line("hand-overs", &|run| count(run, |report| report.gil.hand_overs));
    line("drop requests", &|run| count(run, |report| report.gil.drop_requests));
    line("switches, voluntary", &|run| {
        count(run, |report| report.total(|thread| thread.usage.voluntary_switches))
    });
    line("switches, involuntary", &|run| {
        count(run, |report| report.total(|thread| thread.usage.involuntary_switches))
    });
    line("system calls", &|run| count(run, |report| report.total(|thread| thread.usage.system_calls)));
    line("badness", &|run| ratio(run.estimate(Report::badness)));
    align_right(&mut table);
    table.trim_fmt()
}

fn makespan(report: &Report) -> Option<f64> {
    Some(report.makespan.as_secs())
}

fn time(run: &RunOutcome, of: impl Fn(&Report) -> Option<f64>) -> String {
    run.estimate(of).map_or("-".to_owned(), |estimate| number::estimate(&estimate, Unit::Seconds))
}

fn count(run: &RunOutcome, of: impl Fn(&Report) -> u64) -> String {
    let estimate = run.estimate(|report| Some(of(report) as f64));
    estimate.map_or("-".to_owned(), |estimate| number::estimate(&estimate, Unit::Count))
}

fn ratio(estimate: Option<Estimate>) -> String {
    estimate.map_or("-".to_owned(), |estimate| number::estimate(&estimate, Unit::Ratio))
}

/// The expectations of an experiment and what was found.
pub fn verdicts<'a>(
    verdicts: impl IntoIterator<Item = (&'a str, &'a Verdict)>,
    with_scenario: bool,
) -> String {
    let mut table = table();
    let header = ["scenario", "expectation", "expected", "found", "error", "figure", "verdict"];
    let skip = usize::from(!with_scenario);
    table.set_header(header.into_iter().skip(skip));
    for (scenario, verdict) in verdicts {
        let cells = [
            scenario.to_owned(),
            verdict.that.clone(),
            expected(verdict),
            found(verdict),
            verdict.error().map_or(String::new(), |error| format!("{:+.1} %", error * 100.0)),
            match &verdict.role {
                Role::Input(constant) => format!("input ({constant})"),
                Role::Prediction => "prediction".to_owned(),
            },
            match verdict.standing {
                Standing::Met if verdict.known_gap.is_some() => "met (no gap any more)".to_owned(),
                Standing::Met => "met".to_owned(),
                Standing::Failed => "FAILED".to_owned(),
                Standing::KnownGap => "KNOWN GAP".to_owned(),
            },
        ];
        table.add_row(cells.into_iter().skip(skip));
    }
    table.trim_fmt()
}

/// A sweep, a line for each run at each point, and how many lines are left out because there are more than `most`.
pub fn sweep(swept: &Swept, metrics: &[String], most: usize) -> (String, usize) {
    let mut table = table();
    let several = swept.runs.len() > 1;
    let run = several.then(|| "run".to_owned());
    table.set_header(swept.paths.iter().chain(&run).chain(metrics));
    let summaries = swept.summaries();
    for summary in summaries.iter().take(most) {
        let run = several.then(|| summary.run.to_owned());
        let cells = metrics
            .iter()
            .map(|metric| cell(metric, swept.place_of(metric).and_then(|index| summary.estimates[index])));
        table.add_row(summary.values.iter().cloned().chain(run).chain(cells));
    }
    align_right(&mut table);
    (table.trim_fmt(), summaries.len().saturating_sub(most))
}

/// Runs compared with one of them by the first of some metrics.
pub fn comparison(comparison: &Comparison, metrics: &[String]) -> String {
    let mut table = table();
    let names = metrics.iter().map(String::as_str);
    table.set_header(["run"].into_iter().chain(names).chain(["compared"]));
    for (index, run) in comparison.outcomes.iter().enumerate() {
        let cells = metrics.iter().map(|metric| cell(metric, run.estimate_of(metric)));
        let relation = metrics.first().map(|metric| relation(comparison.relation(index, metric), metric));
        table.add_row(std::iter::once(run.name.clone()).chain(cells).chain(relation));
    }
    align_right(&mut table);
    table.trim_fmt()
}

/// What is known of the metric with this name, as people read it.
fn cell(metric: &str, estimate: Option<Estimate>) -> String {
    let is_time = Metric::of_any(metric).is_some_and(|metric| metric.is_time);
    estimate.map_or("-".to_owned(), |estimate| number::estimate(&estimate, unit_of(is_time)))
}

fn relation(relation: Relation, metric: &str) -> String {
    let (more, less) = match metric {
        "makespan" => ("times slower", "times faster"),
        _ => ("times as much", "times less"),
    };
    let ratio = |estimate: &Estimate| number::estimate(estimate, Unit::Ratio);
    match relation {
        Relation::Reference => "reference".to_owned(),
        Relation::NoDifference(estimate) => format!("no difference ({})", ratio(&estimate)),
        Relation::Larger(estimate) => format!("{} {more}", ratio(&estimate)),
        Relation::Smaller(estimate) => format!("{} {less}", ratio(&estimate)),
        Relation::Unknown => "-".to_owned(),
    }
}

/// What became of the expectations of a sweep. Of very many, those that are met are left out.
pub fn sweep_verdicts(judged: &[Verdict]) -> String {
    const MANY: usize = 100;
    let shown = judged.iter().filter(|verdict| judged.len() <= MANY || verdict.standing != Standing::Met);
    let shown: Vec<&Verdict> = shown.take(MANY).collect();
    let table = verdicts(shown.iter().map(|verdict| ("", *verdict)), false);
    match judged.len() - shown.len() {
        0 => table,
        left_out => format!("{table}\n and {left_out} more"),
    }
}

fn unit_of(is_time: bool) -> Unit {
    if is_time { Unit::Seconds } else { Unit::Plain }
}

/// The fingerprint of every run, and that of a run that did not come to its end, in a line each.
pub fn fingerprints(runs: &[RunOutcome]) -> String {
    let mut text = String::new();
    for run in runs {
        text.push_str(&format!("fingerprint {:016x}  {}", run.fingerprint(), run.name));
        if !run.complete {
            text.push_str(&format!("  (INCOMPLETE: {})", incomplete(run)));
        }
        if let Some(deadlock) = &run.deadlock {
            text.push_str(&format!("  (DEADLOCK: {deadlock})"));
        }
        text.push('\n');
        for trouble in run.trouble.iter().chain(&run.unreceived).chain(&run.blocked) {
            text.push_str(&format!("  {trouble}\n"));
        }
    }
    text
}

fn incomplete(run: &RunOutcome) -> &'static str {
    match run.reports().any(|report| report.ending == Ending::Stuck) {
        true => "the threads that are left wait for what cannot happen any more",
        false => "cut off at the end of what can be simulated, 213 days",
    }
}

/// Lines of cells, the first of which are the names of the columns.
pub(super) fn plain(lines: &[Vec<String>]) -> String {
    let mut table = table();
    let (header, rows) = lines.split_first().map_or((&[] as &[String], lines), |(first, rest)| (first, rest));
    table.set_header(header);
    table.add_rows(rows);
    table.trim_fmt()
}

pub(super) fn table() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table
}

pub(super) fn align_right(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn expected(verdict: &Verdict) -> String {
    let value = |value: f64| quantity(verdict, value);
    match verdict.bound {
        Bound::Within { value: expected, tolerance } => {
            format!("{} within {} %", value(expected), number::plain(tolerance * 100.0))
        }
        Bound::Between { above: Some(above), below: Some(below) } => {
            format!("between {} and {}", value(above), value(below))
        }
        Bound::Between { above: Some(above), below: None } => format!("above {}", value(above)),
        Bound::Between { above: None, below: Some(below) } => format!("below {}", value(below)),
        Bound::Between { above: None, below: None } => String::new(),
    }
}

fn found(verdict: &Verdict) -> String {
    match &verdict.found {
        Ok(value) => match verdict.half_width {
            Some(half_width) => number::with_half_width(*value, half_width, unit_of(verdict.is_time)),
            None => quantity(verdict, *value),
        },
        Err(error) => error.to_string(),
    }
}

fn quantity(verdict: &Verdict, value: f64) -> String {
    if verdict.is_time { number::seconds(value) } else { number::plain(value) }
}
