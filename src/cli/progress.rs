//! A progress bar with an estimate, on a terminal and nowhere else.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often it is drawn, a second.
const RATE: u8 = 10;

/// A progress bar, which is gone when it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Whether it is known how fast it goes.
    has_estimate: Cell<bool>,
}

impl Progress {
    /// A bar for so many pieces of work, of which some are done.
    pub fn new(count: usize, done: usize) -> Progress {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(RATE)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(count as u64), target);
        bar.set_style(style("{wide_bar} {pos} of {len}"));
        bar.set_position(done as u64);
        // What was done before says nothing about how fast it goes.
        bar.reset_eta();
        Progress { bar, has_estimate: Cell::new(false) }
    }

    /// One more is done. From the first on, there is an estimate.
    pub fn advance(&self) {
        if !self.has_estimate.replace(true) {
            self.bar.set_style(style("{wide_bar} {pos} of {len}, {eta} left"));
        }
        self.bar.inc(1);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
