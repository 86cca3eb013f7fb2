//! Who holds the GIL, and when nobody does.

use crate::des::{Span, Time};
use crate::trace::lane::Member;
use crate::trace::{Lane, Mark, Observer, ThreadState, Window};

/// Time shares of the holders of every interpreter's lock.
#[derive(Clone, Debug)]
pub struct Ownership {
    window: Window,
    interpreter_of: Vec<Option<usize>>,
    lane_of: Vec<usize>,
    locks: Vec<Lane>,
    members: Vec<Member>,
    hand_overs: Vec<u64>,
    last: Vec<Option<usize>>,
}

impl Ownership {
    /// An empty record of so many interpreters, of threads that stand in these lanes.
    pub fn new(
        window: Window,
        lane_of: &[usize],
        interpreter_of: Vec<Option<usize>>,
        interpreters: usize,
    ) -> Ownership {
        let lanes = lane_of.iter().max().map_or(0, |last| last + 1);
        Ownership {
            window,
            interpreter_of,
            lane_of: lane_of.to_vec(),
            locks: vec![Lane::new(lanes + 1, &window); interpreters],
            members: (0..interpreters).map(Member::new).collect(),
            hand_overs: vec![0; interpreters],
            last: vec![None; interpreters],
        }
    }

    /// Closes the record; to be called once, when the run has ended.
    pub fn finish(&mut self, end: Time) {
        for member in &mut self.members {
            member.finish(end, &mut self.locks, &self.window);
        }
    }

    /// A lane for each interpreter: kind 0 is "nobody holds the GIL", kind `l + 1` is "a thread of lane `l` does".
    pub fn locks(&self) -> &[Lane] {
        &self.locks
    }

    /// How often the lock of an interpreter went from one thread to another within the window.
    pub fn hand_overs(&self, interpreter: usize) -> u64 {
        self.hand_overs[interpreter]
    }

    /// How long each lane held any lock within the window, and how long nobody held it (kind 0).
    pub fn totals(&self, interpreter: usize) -> Vec<Span> {
        self.locks[interpreter].totals()
    }
}

impl Observer for Ownership {
    fn thread_state(&mut self, _: Time, _: usize, _: ThreadState) {}

    fn core_runs(&mut self, _: Time, _: usize, _: Option<usize>) {}

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        let Some(interpreter) = self.interpreter_of[thread] else { return };
        let kind = match mark {
            Mark::Acquired => self.lane_of[thread] + 1,
            Mark::Released => 0,
            Mark::Check | Mark::FailedAcquisition | Mark::DropRequest => return,
        };
        self.members[interpreter].switch_to(kind, time, &mut self.locks, &self.window);
        if mark == Mark::Acquired {
            let last = self.last[interpreter].replace(thread);
            let is_other = last.is_some_and(|last| last != thread);
            self.hand_overs[interpreter] += u64::from(is_other && self.window.holds(time));
        }
    }
}
