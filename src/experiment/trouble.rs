//! What went wrong in a run, in words.

use crate::scenario::Run;
use crate::sim::Report;

/// The exceptions that ended threads, with their time, in the words of Python.
pub fn exceptions(run: &Run, report: &Report) -> Vec<String> {
    let words = |raised: &crate::sim::report::Raised| {
        let thread = &run.thread_names[raised.thread];
        let exception = raised.exception.words(&run.lock_error);
        let since_beginning = raised.time.since(crate::des::Time::ZERO);
        format!("{thread} raises {exception}, at {since_beginning}")
    };
    report.exceptions.iter().map(words).collect()
}
