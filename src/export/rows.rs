//! Sweeps as tables for other programs: CSV and JSON lines, a row a run, or a summary row for all replications of a run
//! at a point. Times are in seconds.

use serde_json::{Map, Value, json};

use crate::experiment::sweep::{Piece, PointSummary, Row, Swept};
use crate::export::json::hexadecimal;
use crate::scenario::Metric;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Every run as CSV.
pub fn csv(swept: &Swept) -> String {
    let head = ["point".to_owned()].into_iter().chain(swept.paths.iter().map(|path| column(path)));
    let fixed = ["run", "replication", "seed", "ending", "fingerprint"].map(str::to_owned);
    let tail = ["scenario_hash", "gilsim"].map(str::to_owned);
    let metrics = Metric::ALL.iter().map(|metric| metric.name.to_owned());
    let header = head.chain(fixed).chain(metrics).chain(tail).collect();
    let rows = swept.rows().map(|(piece, row)| csv_row(swept, piece, row));
    written(std::iter::once(header).chain(rows))
}

/// The summary of each run at each point as CSV.
pub fn summary_csv(swept: &Swept) -> String {
    let head = ["point".to_owned()].into_iter().chain(swept.paths.iter().map(|path| column(path)));
    let fixed = ["run", "replications", "complete"].map(str::to_owned);
    let metrics = Metric::ALL.iter();
    let metrics =
        metrics.flat_map(|Metric { name, .. }| [format!("{name}.mean"), format!("{name}.half_width")]);
    let header = head.chain(fixed).chain(metrics).collect();
    let summaries = swept.summaries();
    let rows = summaries.iter().map(|summary| {
        let head = [summary.point.to_string()].into_iter().chain(summary.values.iter().cloned());
        let fixed = [summary.run.to_owned(), summary.replications.to_string(), summary.complete.to_string()];
        let metrics = summary.estimates.iter().flat_map(|estimate| {
            let half_width = estimate.and_then(|estimate| estimate.half_width);
            [number(estimate.map(|estimate| estimate.mean)), number(half_width)]
        });
        head.chain(fixed).chain(metrics).collect()
    });
    written(std::iter::once(header).chain(rows))
}

/// Every run as a line of JSON.
pub fn json_lines(swept: &Swept) -> String {
    let line = |(piece, row): (&Piece, &Row)| {
        json!({
            "point": piece.point,
            "values": values(&swept.paths, &piece.values),
            "run": swept.runs.get(row.run),
            "replication": row.replication,
            "seed": row.seed,
            "ending": row.ending,
            "fingerprint": hexadecimal(row.fingerprint),
            "metrics": named(row.metrics.iter().copied()),
            "scenario_hash": hexadecimal(piece.scenario_hash),
            "gilsim": VERSION,
        })
    };
    swept.rows().map(|row| format!("{}\n", line(row))).collect()
}

/// The summary of each run at each point as a line of JSON.
pub fn summary_json_lines(swept: &Swept) -> String {
    let line = |summary: &PointSummary<'_>| {
        let estimates = summary.estimates.iter();
        let means = estimates.clone().map(|estimate| estimate.map(|estimate| estimate.mean));
        let half_widths = estimates.map(|estimate| estimate.and_then(|estimate| estimate.half_width));
        json!({
            "point": summary.point,
            "values": values(&swept.paths, summary.values),
            "run": summary.run,
            "replications": summary.replications,
            "complete": summary.complete,
            "means": named(means),
            "half_widths": named(half_widths),
            "gilsim": VERSION,
        })
    };
    swept.summaries().iter().map(|summary| format!("{}\n", line(summary))).collect()
}

fn csv_row(swept: &Swept, piece: &Piece, row: &Row) -> Vec<String> {
    let head = [piece.point.to_string()].into_iter().chain(piece.values.iter().cloned());
    let fixed = [
        swept.runs.get(row.run).cloned().unwrap_or_default(),
        row.replication.to_string(),
        row.seed.to_string(),
        row.ending.clone(),
        hexadecimal(row.fingerprint),
    ];
    let metrics = row.metrics.iter().map(|value| number(*value));
    head.chain(fixed).chain(metrics).chain([hexadecimal(piece.scenario_hash), VERSION.to_owned()]).collect()
}

/// The name of the column of an axis: its path, but for the one that is also the name of another column.
fn column(path: &str) -> String {
    if path == "seed" { "scenario.seed".to_owned() } else { path.to_owned() }
}

fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn values(paths: &[String], values: &[String]) -> Map<String, Value> {
    paths.iter().cloned().zip(values.iter().map(|value| value.as_str().into())).collect()
}

fn named(values: impl Iterator<Item = Option<f64>>) -> Map<String, Value> {
    Metric::ALL.iter().map(|metric| metric.name.to_owned()).zip(values.map(Value::from)).collect()
}

fn written(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // Rows of the same length are written into memory without fail.
        let _ = writer.write_record(&row);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
