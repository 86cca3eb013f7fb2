//! A countdown of ticks, one for the whole process (`_Py_Ticker` of CPython up to 3.1, the action ticker of PyPy).

use crate::des::Span;
use crate::python::stretch::Stretch;

/// A ticker: every tick of the holder takes one off, and the holder checks when it has fallen below zero.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Ticker {
    interval: i64,
    value: i64,
}

impl Ticker {
    /// A ticker that begins with `first` and is set back to `interval`.
    pub fn new(interval: u32, first: u32) -> Ticker {
        Ticker { interval: i64::from(interval), value: i64::from(first) }
    }

    /// A check has been made.
    pub fn reset(&mut self) {
        self.value = self.interval;
    }

    /// The position, after `position`, at which the holder checks.
    pub fn next_check(&self, stretch: &Stretch, position: Span) -> Option<Span> {
        // A ticker of n goes below zero at the (n + 1)th tick; one below zero acts at the next tick that may.
        let ticks_to_go = self.value.max(0).unsigned_abs() + 1;
        let tick = stretch.first_check_from(stretch.ticks_until(position) + ticks_to_go)?;
        stretch.position_of_tick(tick)
    }

    /// The holder has executed a stretch from one position to another.
    pub fn executed(&mut self, stretch: &Stretch, from: Span, to: Span) {
        let ticks = stretch.ticks_until(to) - stretch.ticks_until(from);
        self.value = self.value.saturating_sub_unsigned(ticks).max(-1);
    }
}
