//! Finding a hand-over of the GIL, for a look through the microscope.

use crate::des::{Span, Time};
use crate::experiment::recording::beginning;
use crate::scenario::Run;
use crate::sim;
use crate::trace::{Mark, Observer, ThreadState};

/// The GIL going from one thread to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// Who gave it up.
    pub giver: usize,
    /// Who took it.
    pub taker: usize,
    /// When it began: with the drop request, else with the check at which it was given up, else with giving it up.
    pub begins: Time,
    /// When it was given up.
    pub released: Time,
    /// When it was taken.
    pub acquired: Time,
    /// When the giver, too, had come to rest: it waits, or goes on without the lock.
    pub settled: Time,
}

/// Looks for the first hand-over that begins at `from` or later.
struct Search {
    from: Time,
    interpreter_of: Vec<Option<usize>>,
    requested: Option<Time>,
    checked: Option<(usize, Time)>,
    released: Option<(usize, Time, Time)>,
    found: Option<HandOver>,
    states: Vec<ThreadState>,
    is_settled: bool,
}

/// The first look goes so far beyond the beginning, every other twice as far.
const FIRST_LOOK: Span = Span::from_millis(20);

/// The first hand-over of `run` that begins at `from` or later, if there is one.
pub fn hand_over(run: &Run, seed: u64, from: Time) -> Option<HandOver> {
    let mut look = FIRST_LOOK;
    loop {
        let end = from + look;
        let (report, search) = sim::run(&beginning(&run.model, end), seed, Search::new(run, from));
        let is_over = report.makespan < end || end == Time::END;
        // One that is not over when looking ends is looked at again.
        match search.found {
            Some(found) if search.is_settled || is_over => {
                return Some(HandOver { settled: found.settled.min(report.makespan), ..found });
            }
            _ if is_over => return None,
            _ => look = look * 2,
        }
    }
}

impl Search {
    fn new(run: &Run, from: Time) -> Search {
        Search {
            from,
            interpreter_of: run.model.threads.iter().map(|thread| thread.interpreter).collect(),
            requested: None,
            checked: None,
            released: None,
            found: None,
            states: vec![ThreadState::NotStarted; run.model.threads.len()],
            is_settled: false,
        }
    }
}

impl HandOver {
    /// How long it takes from the beginning until the lock is taken.
    pub fn length(&self) -> Span {
        self.acquired.since(self.begins)
    }

    /// How long nobody has the lock.
    pub fn gap(&self) -> Span {
        self.acquired.since(self.released)
    }

    /// A window around it, with a little time before and after.
    pub fn window(&self) -> (Time, Time) {
        let room = Span::from_picos((self.settled.since(self.begins).picos() / 8).max(1_000));
        let before = Span::from_picos(self.begins.picos()).saturating_sub(room);
        (Time::ZERO + before, self.settled + room)
    }
}

impl Observer for Search {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        self.states[thread] = state;
        if let Some(found) = self.found.as_mut().filter(|found| found.giver == thread)
            && !self.is_settled
            && is_at_rest(state)
        {
            found.settled = time;
            self.is_settled = true;
        }
    }

    fn core_runs(&mut self, _: Time, _: usize, _: Option<usize>) {}

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        if self.found.is_some() {
            return;
        }
        match mark {
            Mark::DropRequest => self.requested = Some(time),
            Mark::Check => self.checked = Some((thread, time)),
            Mark::Released => {
                let check = self.checked.filter(|(checker, _)| *checker == thread).map(|(_, at)| at);
                let begins = self.requested.filter(|_| check.is_some()).or(check).unwrap_or(time);
                self.released = Some((thread, begins, time));
                (self.requested, self.checked) = (None, None);
            }
            Mark::Acquired => {
                let same_lock = |giver: usize| {
                    self.interpreter_of[giver] == self.interpreter_of[thread] && giver != thread
                };
                if let Some((giver, begins, released)) = self.released.take()
                    && begins >= self.from
                    && same_lock(giver)
                {
                    let (taker, acquired) = (thread, time);
                    self.is_settled = is_at_rest(self.states[giver]);
                    self.found = Some(HandOver { giver, taker, begins, released, acquired, settled: time });
                }
            }
            Mark::FailedAcquisition => {}
        }
    }
}

/// Whether a thread that has given the lock up is done with that.
fn is_at_rest(state: ThreadState) -> bool {
    !matches!(state, ThreadState::InKernel | ThreadState::FailedAcquisition | ThreadState::RunsPython)
}
