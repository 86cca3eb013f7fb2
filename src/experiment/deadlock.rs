//! A deadlock in words: who waits for what, and who holds it.

use crate::scenario::Run;
use crate::sim::Report;

/// The circle of threads that wait for each other at the end of a run; `None` if there is none.
pub fn of_run(run: &Run, report: &Report) -> Option<String> {
    let circle = &report.deadlock;
    let name = |index: usize| &run.thread_names[circle[index % circle.len()].thread];
    let sentences = circle.iter().enumerate().map(|(index, waiting)| {
        let (thread, other) = (name(index), name(index + 1));
        match run.lock_names.get(&waiting.lock) {
            _ if waiting.joins => format!("{thread} waits for the end of {other}"),
            Some(lock) => format!("{thread} waits for {lock}, which {other} holds"),
            None => format!("{thread} waits for a lock that {other} holds"),
        }
    });
    (!circle.is_empty()).then(|| sentences.collect::<Vec<_>>().join("; "))
}
