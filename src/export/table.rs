//! Results as tables for the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use crate::experiment::{Conducted, Role, RunOutcome, Standing, Verdict};
use crate::export::number;
use crate::scenario::Bound;
use crate::sim::Report;

/// The runs side by side, a line a quantity.
pub fn runs(conducted: &Conducted) -> String {
    let mut table = table();
    let names = conducted.runs.iter().map(|run| run.name.clone());
    table.set_header(std::iter::once(String::new()).chain(names));
    let first = conducted.runs.first().map_or(0.0, |run| run.report.makespan.as_secs());
    let mut line = |name: &str, cell: &dyn Fn(&Report) -> String| {
        let cells = conducted.runs.iter().map(|run| cell(&run.report));
        table.add_row(std::iter::once(name.to_owned()).chain(cells));
    };
    line("makespan", &|report| number::seconds(report.makespan.as_secs()));
    line("ratio to the first run", &|report| ratio(report.makespan.as_secs(), first));
    line("CPU user", &|report| number::seconds(report.total_time(|thread| thread.user).as_secs()));
    line("CPU system", &|report| number::seconds(report.total_time(|thread| thread.system).as_secs()));
    line("GIL checks", &|report| number::count(report.gil.checks));
    line("GIL acquisitions", &|report| number::count(report.gil.acquisitions));
    line("failed acquisitions", &|report| number::count(report.gil.failed_acquisitions));
    line("hand-overs", &|report| number::count(report.gil.hand_overs));
    line("drop requests", &|report| number::count(report.gil.drop_requests));
    line("switches, voluntary", &|report| number::count(report.total(|thread| thread.voluntary_switches)));
    line("switches, involuntary", &|report| {
        number::count(report.total(|thread| thread.involuntary_switches))
    });
    line("system calls", &|report| number::count(report.total(|thread| thread.system_calls)));
    line("badness", &|report| report.badness().map_or("-".to_owned(), |badness| format!("{badness:.3}")));
    align_right(&mut table);
    table.trim_fmt()
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

/// The fingerprint of every run, and that of a run that did not come to its end, in a line each.
pub fn fingerprints(runs: &[RunOutcome]) -> String {
    let mut text = String::new();
    for run in runs {
        text.push_str(&format!("fingerprint {:016x}  {}", run.report.fingerprint(), run.name));
        if !run.complete {
            text.push_str(&format!("  (INCOMPLETE: {})", incomplete(&run.report)));
        }
        text.push('\n');
    }
    text
}

fn incomplete(report: &Report) -> &'static str {
    match report.ending {
        crate::sim::Ending::Stuck => "the threads that are left wait for what cannot happen any more",
        _ => "cut off at the end of what can be simulated, 213 days",
    }
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table
}

fn align_right(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn ratio(makespan: f64, first: f64) -> String {
    if first > 0.0 { format!("{:.3}", makespan / first) } else { "-".to_owned() }
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
        Ok(value) => quantity(verdict, *value),
        Err(error) => error.to_string(),
    }
}

fn quantity(verdict: &Verdict, value: f64) -> String {
    if verdict.is_time { number::seconds(value) } else { number::plain(value) }
}
