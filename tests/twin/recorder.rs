//! Records from the engine what the second simulator records of itself.

use gilsim::des::Time;
use gilsim::sim::Model;
use gilsim::trace::{Mark, Observer, ThreadState};

use crate::simulator::{Outcome, finished, note};

/// An observer that keeps everything.
struct Recorder {
    states: Vec<Vec<(Time, ThreadState)>>,
    cores: Vec<Vec<(Time, Option<usize>)>>,
    marks: Vec<(Time, usize, Mark)>,
    calls: u64,
}

impl Observer for Recorder {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        note(&mut self.states[thread], time, state);
        self.calls += 1;
        crate::give_up_after(3_000_000, self.calls);
    }

    fn core_runs(&mut self, time: Time, core: usize, thread: Option<usize>) {
        note(&mut self.cores[core], time, thread);
    }

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        self.marks.push((time, thread, mark));
    }
}

/// Runs the engine.
pub fn run(model: &Model, seed: u64) -> Outcome {
    let recorder = Recorder {
        states: vec![vec![(Time::ZERO, ThreadState::NotStarted)]; model.threads.len()],
        cores: vec![vec![(Time::ZERO, None)]; model.machine.cores],
        marks: Vec::new(),
        calls: 0,
    };
    let (report, recorder) = gilsim::sim::run(model, seed, recorder);
    let end = report.makespan;
    Outcome {
        report,
        states: recorder.states.into_iter().map(|lane| finished(lane, end)).collect(),
        cores: recorder.cores.into_iter().map(|lane| finished(lane, end)).collect(),
        marks: recorder.marks,
    }
}
