//! Results as texts for other programs: CSV and JSON lines, of a sweep a row a run, or a summary row for all replications
//! of a run at a point. Times are in seconds.

use serde_json::{Map, Value, json};

use crate::experiment::sweep::{Piece, PointSummary, Row, Swept};
use crate::export::columns::Column;
use crate::export::json::hexadecimal;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A table as CSV.
pub fn csv(columns: &[Column]) -> String {
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let header = columns.iter().map(|column| column.name.clone()).collect();
    let row = |row| columns.iter().map(|column| column.cells.text(row)).collect();
    written(std::iter::once(header).chain((0..rows).map(row)))
}

/// The rows of a table as lines of JSON, with its columns as keys.
pub fn json_lines_of(columns: &[Column]) -> String {
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let line = |row| {
        let cells = columns.iter().map(|column| (column.name.clone(), column.cells.json(row)));
        format!("{}\n", Value::Object(cells.collect()))
    };
    (0..rows).map(line).collect()
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
            "metrics": named(&swept.metrics, row.metrics.iter().copied()),
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
            "means": named(&swept.metrics, means),
            "half_widths": named(&swept.metrics, half_widths),
            "gilsim": VERSION,
        })
    };
    swept.summaries().iter().map(|summary| format!("{}\n", line(summary))).collect()
}

fn values(paths: &[String], values: &[String]) -> Map<String, Value> {
    paths.iter().cloned().zip(values.iter().map(|value| value.as_str().into())).collect()
}

fn named(metrics: &[String], values: impl Iterator<Item = Option<f64>>) -> Map<String, Value> {
    metrics.iter().cloned().zip(values.map(Value::from)).collect()
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
