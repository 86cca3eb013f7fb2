//! The finding of an experiment in a sentence, computed from its numbers.

use crate::des::Span;
use crate::experiment::Recording;
use crate::trace::Timeline;

/// What whole runs show: how much longer the slowest took than the first.
pub fn of_runs(title: &str, recordings: &[Recording]) -> String {
    let Some((first, others)) = recordings.split_first() else { return title.to_owned() };
    let slowest = others.iter().max_by_key(|recording| recording.report.makespan);
    match slowest {
        Some(slowest) if slowest.report.makespan > first.report.makespan => {
            let ratio = slowest.report.makespan.as_secs() / first.report.makespan.as_secs();
            format!("\"{}\" takes {ratio:.2} times as long as \"{}\"", slowest.run.name, first.run.name)
        }
        Some(_) => format!("No run takes longer than \"{}\"", first.run.name),
        None => title.to_owned(),
    }
}

/// What a window of one or more runs shows: how often the lock was wanted in vain.
pub fn of_window(title: &str, recordings: &[Recording]) -> String {
    let failed: u64 = recordings.iter().map(|recording| failed_within(&recording.timeline)).sum();
    let length = recordings.first().map_or(Span::ZERO, |recording| {
        let window = recording.timeline.window();
        window.to.since(window.from)
    });
    match failed {
        0 => title.to_owned(),
        1 => format!("In {length}, the GIL is wanted in vain once"),
        _ => format!("In {length}, the GIL is wanted in vain {failed} times"),
    }
}

fn failed_within(timeline: &Timeline) -> u64 {
    let columns = timeline.window().columns;
    (0..timeline.threads().len())
        .flat_map(|thread| (0..columns).map(move |column| (thread, column)))
        .map(|(thread, column)| u64::from(timeline.failed_acquisitions(thread, column)))
        .sum()
}
