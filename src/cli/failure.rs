//! Why the program ends without success, and with which exit code.

use std::process::ExitCode;

use crate::cli::output;

/// Why the program ends without success.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something inside failed, such as writing a result: exit code 1.
    #[error("error: {0}")]
    Inside(String),
    /// The words of the command are wrong together: exit code 2.
    #[error("error: {0}")]
    Usage(String),
    /// The scenario cannot be read, or is not one: exit code 3. The text is complete, with its places.
    #[error("{0}")]
    Scenario(String),
    /// A run did not come to its end: exit code 4. What there is has been shown.
    #[error("error: {0}")]
    Incomplete(String),
    /// An expectation is not met: exit code 99.
    #[error("error: {0}")]
    Expectation(String),
}

impl Failure {
    /// Tells the user, and gives the exit code.
    pub(super) fn report(&self) -> ExitCode {
        output::tell(self.to_string().trim_end());
        ExitCode::from(match self {
            Failure::Inside(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Scenario(_) => 3,
            Failure::Incomplete(_) => 4,
            Failure::Expectation(_) => 99,
        })
    }
}
