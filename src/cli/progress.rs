//! A progress bar with an estimate, on a terminal and nowhere else.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often it is drawn, a second.
const RATE: u8 = 10;

/// A progress bar, which is gone when it is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar for so many pieces of work, of which some are done.
    pub fn new(count: usize, done: usize) -> Progress {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(RATE)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(count as u64), target);
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len}, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_position(done as u64);
        // What was done before says nothing about how fast it goes.
        bar.reset_eta();
        Progress(bar)
    }

    /// One more is done.
    pub fn advance(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
