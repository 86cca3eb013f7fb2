//! Floor 5: carrying out an experiment, and holding its outcome against what is expected.

pub mod conduct;
pub mod finding;
pub mod recording;
pub mod verdict;

pub use conduct::{Conducted, RunOutcome, conduct};
pub use recording::{Recording, record};
pub use verdict::{Role, Standing, Verdict};
