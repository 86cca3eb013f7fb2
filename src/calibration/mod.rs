//! Floor 5: measuring the machine the program runs on, and interpreters, for profiles that scenarios can use.
//!
//! What is measured is a [`Quantity`]. Each is measured in batches that lie apart in time, so that its [`Spread`] tells
//! chance from a machine that was busy with something else. `constants` turns quantities into the constants of the
//! model, [`profile`] writes them down.

mod constants;
mod figures;
pub mod interpreter;
mod machine;
pub mod profile;
pub mod program;
mod quantity;
pub mod statistics;

use std::path::PathBuf;
use std::time::Duration;

pub use figures::Figures;
pub use interpreter::{InterpreterFigures, Interval, identify_interpreter, measure_interpreter};
pub use machine::{MachineFigures, measure_machine};
pub use quantity::Quantity;
pub use statistics::Spread;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// For constants to rely on: about fifteen seconds.
    Full,
    /// To see whether it works: about a second.
    Quick,
}

impl Effort {
    /// How often everything is measured.
    pub fn batches(self) -> usize {
        match self {
            Effort::Full => 30,
            Effort::Quick => 3,
        }
    }

    /// The size of a batch that is of size `full` with full effort, at least 1.
    fn size(self, full: usize) -> usize {
        match self {
            Effort::Full => full,
            Effort::Quick => full.div_ceil(5),
        }
    }
}

/// How many threads of all programs were running or waiting for a core over the last minute, if the system tells.
pub fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// Why something cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The machine is measured with system calls that only Linux has.
    #[error("only Linux can be measured yet")]
    Unsupported,
    /// No core can be had for the measuring threads.
    #[error("threads cannot be bound to cores: {0}")]
    Cores(String),
    /// A program that is said to be a Python cannot be run.
    #[error("cannot run {}: {why}", program.display())]
    CannotRun {
        /// The program.
        program: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The program did not end in time, and was ended.
    #[error("{} did not come to its end within {limit:?}: is it a Python?", program.display())]
    TooLong {
        /// The program.
        program: PathBuf,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The program ran, but did not do what a Python does.
    #[error("{} did not answer as a Python does: {answer}", program.display())]
    NotPython {
        /// The program.
        program: PathBuf,
        /// The last that it said, or how it ended.
        answer: String,
    },
    /// A Python, but none that the model knows.
    #[error("{} is {what}; known are CPython 2.7, and 3.2 and later with the GIL", program.display())]
    UnknownPython {
        /// The program.
        program: PathBuf,
        /// Its name and version.
        what: String,
    },
}
