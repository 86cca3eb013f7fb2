//! What went wrong in a run, in words.

use crate::scenario::Run;
use crate::sim::Report;
use crate::sim::report::{Awaited, Blocked};

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

/// The threads that wait for ever, and for what.
pub fn blocked(run: &Run, report: &Report) -> Vec<String> {
    let words = |blocked: &Blocked| {
        let channel = |index: usize| &run.channel_names[index];
        let awaits = match blocked.awaits {
            Awaited::Message(index) => format!("for a message in {}", channel(index)),
            Awaited::Room(index) => format!("for room in {}", channel(index)),
            Awaited::Answer => "for an answer".to_owned(),
            Awaited::Lock(lock) => match run.lock_names.get(&lock) {
                Some(name) => format!("for {name}"),
                None => "for a lock".to_owned(),
            },
            Awaited::Notification(lock) => match run.lock_names.get(&lock) {
                Some(name) => format!("to be notified of {name}"),
                None => "to be notified".to_owned(),
            },
            Awaited::End(thread) => format!("for the end of {}", run.thread_names[thread]),
        };
        let thread = &run.thread_names[blocked.thread];
        let since = blocked.since.since(crate::des::Time::ZERO);
        format!("{thread} waits for ever {awaits}, since {since}")
    };
    report.blocked.iter().map(words).collect()
}

/// The messages that nobody receives any more, with the time at which the first of them was sent.
pub fn unreceived(run: &Run, report: &Report) -> Vec<String> {
    let words = |lying: &crate::sim::report::Unreceived| {
        let channel = &run.channel_names[lying.channel];
        let sent = lying.since.since(crate::des::Time::ZERO);
        match lying.messages {
            1 => format!("a message in {channel}, sent at {sent}, is never received"),
            messages => {
                format!("{messages} messages in {channel}, the first sent at {sent}, are never received")
            }
        }
    };
    report.unreceived.iter().map(words).collect()
}
