//! Events told in a line: what whom happens to.

use crate::des::Time;
use crate::experiment::recording::{Entry, Event, Journal};
use crate::trace::{Mark, ThreadState};

/// What happens to a thread at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Time,
    /// To which thread.
    pub thread: usize,
    /// What, without the name of the thread.
    pub text: String,
}

/// The events of a journal, those of one thread at one instant together; only of threads that are `wanted`.
pub fn steps(journal: &Journal, wanted: impl Fn(usize) -> bool) -> Vec<Step> {
    let entries: Vec<&Entry> = journal.entries.iter().filter(|entry| wanted(entry.thread)).collect();
    let mut groups: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        let same = groups.iter_mut().rev().take_while(|group| group[0].at == entry.at);
        let mut same = same.filter(|group| group[0].thread == entry.thread);
        match same.next() {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    let mut steps: Vec<Step> = groups.iter().filter_map(|group| step(group)).collect();
    // What is told twice in a row about a thread has not changed.
    let mut last: Vec<(usize, String)> = Vec::new();
    steps.retain(|step| match last.iter_mut().find(|(thread, _)| *thread == step.thread) {
        Some((_, text)) if *text == step.text => false,
        Some((_, text)) => {
            text.clone_from(&step.text);
            true
        }
        None => {
            last.push((step.thread, step.text.clone()));
            true
        }
    });
    steps
}

/// What comes of the events of one thread at one instant: the marks in their order, and the state at the end.
fn step(group: &[&Entry]) -> Option<Step> {
    let first = group.first()?;
    let mut parts: Vec<&str> = Vec::new();
    for entry in group {
        if let Event::Mark(mark) = entry.event {
            parts.push(of_mark(mark));
        }
    }
    let is_marked = !parts.is_empty();
    let state = group.iter().rev().find_map(|entry| match entry.event {
        Event::State(state) => Some(state),
        _ => None,
    });
    let gets_core = group.iter().any(|entry| matches!(entry.event, Event::Core { thread: Some(_), .. }));
    match state {
        // A mark says more than the state it leaves behind.
        Some(
            ThreadState::RunsPython
            | ThreadState::WaitsForGil
            | ThreadState::FailedAcquisition
            | ThreadState::RunsWithoutGil,
        ) if is_marked => {}
        Some(state) => parts.push(of_state(state)),
        None if gets_core => parts.push("gets a core"),
        None => {}
    }
    parts.dedup();
    let text = match parts.as_slice() {
        [] => return None,
        [only] => (*only).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    };
    Some(Step { at: first.at, thread: first.thread, text })
}

fn of_mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Check => "notices at a check of the eval breaker",
        Mark::Acquired => "takes the GIL",
        Mark::Released => "gives the GIL up",
        Mark::FailedAcquisition => "finds the GIL taken",
        Mark::DropRequest => "asks the holder to drop the GIL",
    }
}

fn of_state(state: ThreadState) -> &'static str {
    match state {
        ThreadState::NotStarted => "has not begun",
        ThreadState::RunsPython => "runs Python",
        ThreadState::RunsCHoldingGil => "runs C code and keeps the GIL",
        ThreadState::RunsWithoutGil => "goes on without the GIL",
        ThreadState::InKernel => "enters the kernel",
        ThreadState::WaitsForGil => "waits for the GIL",
        ThreadState::FailedAcquisition => "has been woken in vain",
        ThreadState::Runnable => "is woken, and has no core yet",
        ThreadState::BlockedOnIo => "waits for I/O",
        ThreadState::Sleeping => "sleeps",
        ThreadState::BlockedOnLock => "waits for a lock or queue",
        ThreadState::ForcedSwitch => "waits until another has the GIL",
        ThreadState::Done => "ends",
    }
}
