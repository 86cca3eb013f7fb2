//! Every single event of a short window.

use crate::des::Time;
use crate::trace::{Mark, Observer, ThreadState};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A thread is in another state from now on.
    State(ThreadState),
    /// A core runs a thread from now on, or nothing.
    Core {
        /// The core.
        core: usize,
        /// What it runs.
        thread: Option<usize>,
    },
    /// Something momentary.
    Mark(Mark),
}

/// An event, when and to whom it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// To which thread; of a core that becomes idle, the thread it ran.
    pub thread: usize,
    /// What.
    pub event: Event,
}

/// The events between two instants, and what every thread and core did before.
#[derive(Clone, Debug)]
pub struct Journal {
    from: Time,
    to: Time,
    most: usize,
    /// The state of each thread when the first event comes.
    pub states: Vec<ThreadState>,
    /// What each core runs when the first event comes.
    pub cores: Vec<Option<usize>>,
    /// Who holds the GIL when the first event comes: the last to have taken it.
    pub holder: Option<usize>,
    /// The events, in order.
    pub entries: Vec<Entry>,
    running: Vec<Option<usize>>,
}

impl Journal {
    /// The journal of so many threads and cores from `from` to `to`, of at most `most` events.
    pub fn new(from: Time, to: Time, most: usize, threads: usize, cores: usize) -> Journal {
        Journal {
            from,
            to,
            most,
            states: vec![ThreadState::NotStarted; threads],
            cores: vec![None; cores],
            holder: None,
            entries: Vec::new(),
            running: vec![None; cores],
        }
    }

    /// Whether there were more events than it was to hold.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= self.most
    }

    fn add(&mut self, entry: Entry) {
        if entry.at >= self.from && entry.at < self.to && !self.is_full() {
            self.entries.push(entry);
        }
    }
}

impl Observer for Journal {
    fn thread_state(&mut self, at: Time, thread: usize, state: ThreadState) {
        if at < self.from {
            self.states[thread] = state;
        }
        self.add(Entry { at, thread, event: Event::State(state) });
    }

    fn core_runs(&mut self, at: Time, core: usize, thread: Option<usize>) {
        if at < self.from {
            self.cores[core] = thread;
        }
        let before = std::mem::replace(&mut self.running[core], thread);
        if let Some(whom) = thread.or(before) {
            self.add(Entry { at, thread: whom, event: Event::Core { core, thread } });
        }
    }

    fn mark(&mut self, at: Time, thread: usize, mark: Mark) {
        if at < self.from {
            match mark {
                Mark::Acquired => self.holder = Some(thread),
                Mark::Released => self.holder = None,
                _ => {}
            }
        }
        self.add(Entry { at, thread, event: Event::Mark(mark) });
    }
}
