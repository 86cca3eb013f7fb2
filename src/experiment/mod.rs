//! Floor 5: carrying out an experiment, and holding its outcome against what is expected.

pub mod compare;
pub mod conduct;
pub mod deadlock;
pub mod finding;
pub mod parallel;
pub mod recording;
pub mod reference;
pub mod replications;
pub mod statistics;
pub mod sweep;
pub mod trouble;
pub mod tune;
pub mod verdict;

pub use conduct::{Conducted, Notice, RunOutcome, conduct, conduct_with};
pub use recording::{Recording, View, record};
pub use replications::{Effort, seed_of};
pub use statistics::Estimate;
pub use verdict::{Role, Standing, Verdict};
