//! What was measured, as a table for the terminal.

use crate::calibration::{Figures, profile};
use crate::export::table;

/// A line a quantity: median, tenth and ninetieth percentile, and whether the batches agree.
pub fn table(figures: &Figures) -> String {
    let mut table = table::table();
    table.set_header(["", "median", "10 %", "90 %", ""]);
    for (quantity, spread) in figures.iter() {
        let steady = if spread.is_steady() { "" } else { "unsteady" };
        let [median, tenth, ninetieth] =
            [spread.median, spread.tenth, spread.ninetieth].map(profile::duration);
        table.add_row([quantity.name().to_owned(), median, tenth, ninetieth, steady.to_owned()]);
    }
    table::align_right(&mut table);
    table.trim_fmt()
}
