//! Simulated against measured outcomes, as a table for the terminal.

use crate::export::{number, table};
use crate::reality::{Comparison, Unit};

/// A line a quantity of each run.
pub fn table(comparisons: &[Comparison]) -> String {
    let mut table = table::table();
    table.set_header(["run", "", "simulated", "measured", "10 %", "90 %", "error"]);
    for comparison in comparisons {
        for row in &comparison.rows {
            let value = |value: f64| match row.unit {
                Unit::Seconds => number::seconds(value),
                Unit::Times | Unit::Rate | Unit::Ratio => number::plain(value),
            };
            let measured = |of: Option<f64>| of.map_or("-".to_owned(), value);
            table.add_row([
                comparison.run.clone(),
                row.quantity.clone(),
                row.simulated.map_or("-".to_owned(), value),
                measured(row.measured.map(|spread| spread.median)),
                measured(row.measured.map(|spread| spread.tenth)),
                measured(row.measured.map(|spread| spread.ninetieth)),
                row.error().map_or(String::new(), |error| format!("{:+.1} %", error * 100.0)),
            ]);
        }
    }
    table::align_right(&mut table);
    table.trim_fmt()
}
