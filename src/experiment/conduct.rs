//! Carrying out all runs of an experiment.

use std::num::NonZero;

use crate::experiment::verdict::{Verdict, judge};
use crate::scenario::{Metric, Run, Scenario};
use crate::sim::{self, Ending, Report};

/// An experiment that has been carried out.
#[derive(Clone, Debug)]
pub struct Conducted {
    /// The seed that was used.
    pub seed: u64,
    /// The runs, in the order of the scenario.
    pub runs: Vec<RunOutcome>,
    /// One verdict an expectation, in the order of the scenario.
    pub verdicts: Vec<Verdict>,
}

/// A run and what it told.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// The name of the run.
    pub name: String,
    /// What the run told.
    pub report: Report,
    /// Whether it came to an end that the scenario asked for: all threads ended, or its `until`.
    pub complete: bool,
}

impl Conducted {
    /// The run with this name.
    pub fn run(&self, name: &str) -> Option<&RunOutcome> {
        self.runs.iter().find(|run| run.name == name)
    }

    /// The fingerprint of the whole experiment: that of its only run, else those of all runs combined in order.
    pub fn fingerprint(&self) -> u64 {
        let mut prints = self.runs.iter().map(|run| run.report.fingerprint());
        let first = prints.next().unwrap_or(0);
        prints.fold(first, |sum, print| sum.rotate_left(7) ^ print)
    }
}

/// Carries out every run of `scenario` with its own seed, or with `seed`, and judges the expectations.
///
/// `id` is what the reference figures call the scenario: the name of its file without the ending.
pub fn conduct(scenario: &Scenario, id: &str, seed: Option<u64>) -> Conducted {
    let seed = seed.unwrap_or(scenario.seed);
    let runs = run_all(&scenario.runs, seed);
    let value_of = |run: &str, metric: Metric| {
        runs.iter().find(|outcome| outcome.name == run).and_then(|outcome| metric.of(&outcome.report))
    };
    let verdicts =
        scenario.expectations.iter().map(|expectation| judge(expectation, scenario, id, &value_of)).collect();
    Conducted { seed, runs, verdicts }
}

/// The runs are independent, so they are carried out side by side; their outcome does not depend on that.
fn run_all(runs: &[Run], seed: u64) -> Vec<RunOutcome> {
    let side_by_side = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut outcomes = Vec::with_capacity(runs.len());
    for group in runs.chunks(side_by_side) {
        std::thread::scope(|scope| {
            let workers: Vec<_> = group.iter().map(|run| scope.spawn(move || carry_out(run, seed))).collect();
            for worker in workers {
                match worker.join() {
                    Ok(outcome) => outcomes.push(outcome),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
    outcomes
}

fn carry_out(run: &Run, seed: u64) -> RunOutcome {
    let (report, ()) = sim::run(&run.model, seed, ());
    let complete = match report.ending {
        Ending::Finished => true,
        Ending::CutOff => run.model.until.is_some(),
        Ending::Stuck => false,
    };
    RunOutcome { name: run.name.clone(), report, complete }
}
