//! An observer that keeps exact time shares per column of a picture.
//!
//! A run has tens of millions of state changes and a picture about two thousand columns. The timeline therefore
//! adds up, per lane and column, how long each state lasted within it: exact, and flat in simulated time. Rare
//! marks are counted per column, so none is lost.

use crate::des::Time;
use crate::trace::lane::Member;
use crate::trace::{Lane, Mark, Observer, ThreadState, Window};

/// What happened within a [`Window`] of a run, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Timeline {
    window: Window,
    threads: Vec<Lane>,
    cores: Vec<Lane>,
    thread_members: Vec<Member>,
    core_members: Vec<Member>,
    /// How often each mark was made, by mark, lane and column.
    marks: Vec<u32>,
    changes: u64,
}

impl Timeline {
    /// An empty timeline of a run with that many threads and cores, a lane each.
    pub fn new(window: Window, threads: usize, cores: usize) -> Timeline {
        Timeline::grouped(window, &(0..threads).collect::<Vec<_>>(), cores)
    }

    /// An empty timeline in which threads share lanes: `lane_of` says for each thread which is its lane.
    pub fn grouped(window: Window, lane_of: &[usize], cores: usize) -> Timeline {
        let lanes = lane_of.iter().max().map_or(0, |last| last + 1);
        Timeline {
            window,
            threads: vec![Lane::new(ThreadState::COUNT, &window); lanes],
            cores: vec![Lane::new(lanes + 1, &window); cores],
            thread_members: lane_of.iter().map(|lane| Member::new(*lane)).collect(),
            core_members: (0..cores).map(Member::new).collect(),
            marks: vec![0; Mark::COUNT * lanes * window.columns],
            changes: 0,
        }
    }

    /// Closes every lane; to be called once, when the run has ended.
    pub fn finish(&mut self, end: Time) {
        for member in &mut self.thread_members {
            member.finish(end, &mut self.threads, &self.window);
        }
        for member in &mut self.core_members {
            member.finish(end, &mut self.cores, &self.window);
        }
    }

    /// The window that was recorded.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The lanes of the threads.
    pub fn threads(&self) -> &[Lane] {
        &self.threads
    }

    /// One lane a core.
    pub fn cores(&self) -> &[Lane] {
        &self.cores
    }

    /// How many threads share a lane.
    pub fn members(&self, lane: usize) -> usize {
        self.thread_members.iter().filter(|member| member.lane == lane).count()
    }

    /// How often the threads of `lane` made `mark` within `column`.
    pub fn count(&self, mark: Mark, lane: usize, column: usize) -> u32 {
        self.marks[self.cell(mark, lane, column)]
    }

    /// How often any thread made `mark` within `column`.
    pub fn count_of_all(&self, mark: Mark, column: usize) -> u64 {
        (0..self.threads.len()).map(|lane| u64::from(self.count(mark, lane, column))).sum()
    }

    /// How many changes of a thread's state, and marks, there were within the window.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    fn cell(&self, mark: Mark, lane: usize, column: usize) -> usize {
        (mark as usize * self.threads.len() + lane) * self.window.columns + column
    }
}

impl Observer for Timeline {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        self.changes += u64::from(self.window.holds(time));
        self.thread_members[thread].switch_to(state.index(), time, &mut self.threads, &self.window);
    }

    fn core_runs(&mut self, time: Time, core: usize, thread: Option<usize>) {
        let kind = thread.map_or(0, |thread| self.thread_members[thread].lane + 1);
        self.core_members[core].switch_to(kind, time, &mut self.cores, &self.window);
    }

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        if self.window.holds(time) {
            self.changes += 1;
            let cell = self.cell(mark, self.thread_members[thread].lane, self.window.column_of(time));
            self.marks[cell] = self.marks[cell].saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::Span;

    fn at(picos: u64) -> Time {
        Time::from_picos(picos)
    }

    #[test]
    fn the_shares_of_a_column_add_up_to_its_length() {
        let window = Window { from: at(10), to: at(107), columns: 9 };
        let mut timeline = Timeline::new(window, 1, 1);
        timeline.thread_state(at(0), 0, ThreadState::RunsPython);
        timeline.thread_state(at(33), 0, ThreadState::WaitsForGil);
        timeline.thread_state(at(60), 0, ThreadState::RunsPython);
        timeline.finish(at(80));
        for column in 0..window.columns {
            let sum = timeline.threads()[0].column(column).iter().fold(Span::ZERO, |sum, share| sum + *share);
            assert_eq!(sum, window.column_start(column + 1).since(window.column_start(column)));
        }
        let waits: u64 = (0..9)
            .map(|column| timeline.threads()[0].column(column)[ThreadState::WaitsForGil.index()].picos())
            .sum();
        assert_eq!(waits, 27);
    }

    #[test]
    fn a_mark_is_counted_in_the_column_it_falls_in_and_never_outside_the_window() {
        let window = Window { from: at(0), to: at(100), columns: 10 };
        let mut timeline = Timeline::new(window, 2, 1);
        timeline.mark(at(59), 1, Mark::FailedAcquisition);
        timeline.mark(at(100), 1, Mark::FailedAcquisition);
        assert_eq!(timeline.count(Mark::FailedAcquisition, 1, 5), 1);
        assert_eq!((0..10).map(|column| timeline.count(Mark::FailedAcquisition, 1, column)).sum::<u32>(), 1);
    }

    #[test]
    fn threads_that_share_a_lane_add_up() {
        let window = Window { from: at(0), to: at(100), columns: 1 };
        let mut timeline = Timeline::grouped(window, &[0, 0, 1], 1);
        timeline.thread_state(at(0), 0, ThreadState::RunsPython);
        timeline.thread_state(at(40), 1, ThreadState::RunsPython);
        timeline.core_runs(at(0), 0, Some(2));
        timeline.finish(at(100));
        assert_eq!(timeline.threads()[0].column(0)[ThreadState::RunsPython.index()], Span::from_picos(160));
        assert_eq!(timeline.cores()[0].column(0)[2], Span::from_picos(100));
        assert_eq!((timeline.members(0), timeline.members(1)), (2, 1));
    }
}
