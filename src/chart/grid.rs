//! Where on the picture the columns of a timeline lie.

use crate::des::{Span, Time};
use crate::trace::{Lane, Timeline, Window};
use std::ops::Range;

/// Divides a stretch of the picture into cells, each of one or more whole columns of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    left: i32,
    width: i32,
    cells: usize,
    columns: usize,
}

impl Grid {
    /// A grid from `left` on, `width` pixels wide, whose cells are at least `coarseness` pixels wide.
    pub fn new(left: i32, width: i32, columns: usize, coarseness: i32) -> Grid {
        let width = width.max(1);
        let most = (width / coarseness.max(1)).max(1) as usize;
        Grid { left, width, cells: columns.clamp(1, most), columns }
    }

    /// The grid of `timeline` on an axis that begins at `left`, is `room` pixels wide and lasts `longest`.
    pub fn of(timeline: &Timeline, left: i32, room: i32, longest: Span, coarseness: i32) -> Grid {
        let window = timeline.window();
        let length = u128::from(window.to.since(window.from).picos());
        let width = length * room as u128 / u128::from(longest.picos()).max(1);
        Grid::new(left, width.min(room as u128) as i32, window.columns, coarseness)
    }

    /// How many cells there are.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Where the grid begins and ends.
    pub fn edges(&self) -> Range<i32> {
        self.left..self.left + self.width
    }

    /// Where `cell` begins and ends.
    pub fn cell_edges(&self, cell: usize) -> Range<i32> {
        let edge = |cell: usize| self.left + (self.width as usize * cell / self.cells) as i32;
        edge(cell)..edge(cell + 1)
    }

    /// Where `time` lies, which belongs to the window that the grid shows.
    pub fn place_of(&self, time: Time, window: &Window) -> i32 {
        let length = u128::from(window.length().picos()).max(1);
        let offset = u128::from(time.min(window.to).since(window.from).picos());
        self.left + (offset * self.width as u128 / length) as i32
    }

    /// The columns that `cell` holds.
    pub fn columns(&self, cell: usize) -> Range<usize> {
        self.columns * cell / self.cells..self.columns * (cell + 1) / self.cells
    }

    /// Adds up into `shares` how long each kind lasted in `cell` of `lane`, in picoseconds.
    pub fn add_up(&self, lane: &Lane, cell: usize, shares: &mut Vec<u64>) {
        shares.clear();
        for column in self.columns(cell) {
            let spans = lane.column(column);
            shares.resize(spans.len(), 0);
            for (share, span) in shares.iter_mut().zip(spans) {
                *share = share.saturating_add(span.picos());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_every_column_and_every_pixel_once() {
        for (columns, coarseness) in [(1600, 1), (7, 1), (5000, 1), (1600, 8), (999, 3)] {
            let grid = Grid::new(260, 1600, columns, coarseness);
            assert_eq!(grid.cell_edges(0).start, 260);
            assert_eq!(grid.cell_edges(grid.cells() - 1).end, 1860);
            assert_eq!(grid.columns(grid.cells() - 1).end, columns);
            for cell in 1..grid.cells() {
                assert_eq!(grid.columns(cell - 1).end, grid.columns(cell).start);
                assert!(grid.cell_edges(cell).len() as i32 >= coarseness);
            }
        }
    }
}
