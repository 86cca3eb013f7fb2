//! The finding of an experiment in a sentence, computed from its numbers.

use crate::des::Span;
use crate::experiment::recording::Recording;
use crate::sim::Report;
use crate::trace::{Mark, ThreadState};

/// Runs that spend times on Python whose ratio is no larger do the same work.
const SAME_WORK: f64 = 1.25;

/// What whole runs show: how much longer the slowest took than the first. `title` is what to say of a single run.
pub fn of_runs(title: &str, runs: &[(&str, &Report)]) -> String {
    let Some(((first, first_report), others)) = runs.split_first() else { return title.to_owned() };
    let slowest = others.iter().max_by_key(|(_, report)| report.makespan);
    let fastest = others.iter().min_by_key(|(_, report)| report.makespan);
    match slowest {
        Some((slowest, report)) if report.makespan > first_report.makespan => {
            let ratio = times(report.makespan.as_secs() / first_report.makespan.as_secs());
            if ratio == "1.00" {
                return format!("\"{slowest}\" takes as long as \"{first}\"");
            }
            if first_report.threads.len() == 1
                && report.threads.len() > 1
                && is_same_work(first_report, report)
            {
                let threads = in_words(report.threads.len());
                return format!("{threads} threads take {ratio} times as long as one (\"{slowest}\")");
            }
            format!("\"{slowest}\" takes {ratio} times as long as \"{first}\"")
        }
        _ => fastest.map_or_else(
            || title.to_owned(),
            |(fastest, report)| {
                let ratio = times(first_report.makespan.as_secs() / report.makespan.as_secs());
                if ratio == "1.00" {
                    return "All runs take the same time".to_owned();
                }
                format!("\"{first}\" takes {ratio} times as long as \"{fastest}\"")
            },
        ),
    }
}

/// What the values of a quantity in some runs show: how far apart they are. `title` is what to say if there are none.
pub fn of_values(title: &str, quantity: &str, values: &[(&str, f64)]) -> String {
    let most = values.iter().max_by(|one, other| one.1.total_cmp(&other.1));
    let least = values.iter().min_by(|one, other| one.1.total_cmp(&other.1));
    let (Some(most), Some(least)) = (most, least) else { return title.to_owned() };
    if most.1 > least.1 && least.1 > 0.0 {
        let ratio = times(most.1 / least.1);
        return format!("{quantity} of \"{}\" is {ratio} times that of \"{}\"", most.0, least.0);
    }
    if most.1 > least.1 {
        return format!("{quantity} is largest in \"{}\", and zero in \"{}\"", most.0, least.0);
    }
    format!("{quantity} is the same in all runs")
}

/// What a window of one or more runs shows: how often the lock was wanted in vain.
pub fn of_window(title: &str, recordings: &[Recording]) -> String {
    let failed: u64 = recordings.iter().map(failed_within).sum();
    let length = recordings.first().map_or(Span::ZERO, |recording| recording.timeline.window().length());
    match failed {
        0 => title.to_owned(),
        1 => format!("In {length}, a thread is woken for the GIL in vain once"),
        _ => format!("In {length}, threads are woken for the GIL in vain {failed} times"),
    }
}

/// How often a thread of a recording was woken for the lock in vain, within its window.
pub fn failed_within(recording: &Recording) -> u64 {
    let columns = recording.timeline.window().columns;
    (0..columns).map(|column| recording.timeline.count_of_all(Mark::FailedAcquisition, column)).sum()
}

/// How many times: `1.85`, `12.3`, `440`, `0.034`.
pub fn times(ratio: f64) -> String {
    match ratio {
        large if large >= 99.95 => format!("{large:.0}"),
        medium if medium >= 9.995 => format!("{medium:.1}"),
        tiny if tiny < 0.095 => format!("{tiny:.3}"),
        small => format!("{small:.2}"),
    }
}

/// A number as a sentence begins with it.
pub fn in_words(count: usize) -> String {
    const WORDS: [&str; 13] = [
        "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
        "Twelve",
    ];
    WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

fn is_same_work(one: &Report, other: &Report) -> bool {
    let python = |report: &Report| {
        report.total_time(|thread| thread.usage.state_times[ThreadState::RunsPython.index()]).as_secs()
    };
    let (one, other) = (python(one), python(other));
    one.max(other) <= SAME_WORK * one.min(other)
}
