//! Carrying out all runs of an experiment.

use std::fmt;

use crate::experiment::deadlock;
use crate::experiment::replications::{self, Effort, replicate, widest};
use crate::experiment::statistics::Estimate;
use crate::experiment::trouble;
use crate::experiment::verdict::{Verdict, judge};
use crate::scenario::{Metric, NamedMetric, Repeat, Run, Scenario};
use crate::sim::{Ending, Report};

/// An experiment that has been carried out.
#[derive(Clone, Debug)]
pub struct Conducted {
    /// The seed that was used.
    pub seed: u64,
    /// How often each run was carried out, at least once.
    pub replications: usize,
    /// The runs, in the order of the scenario.
    pub runs: Vec<RunOutcome>,
    /// One verdict an expectation that is not about a point of a sweep, in the order of the scenario.
    pub verdicts: Vec<Verdict>,
    /// What whoever reads the results should know about them.
    pub notices: Vec<Notice>,
}

/// A run and what it told.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// The name of the run.
    pub name: String,
    /// Everything that can be asked of it.
    pub metrics: Vec<NamedMetric>,
    /// What its first replication told.
    pub report: Report,
    /// What its other replications told, in order.
    pub repeats: Vec<Report>,
    /// Who waited for whom in a circle at the end of the first replication, if anybody did.
    pub deadlock: Option<String>,
    /// What else went wrong in the first replication: exceptions that nobody caught.
    pub trouble: Vec<String>,
    /// What was lost in the first replication: messages that nobody receives any more.
    pub unreceived: Vec<String>,
    /// Which threads that it waits for wait for ever in the first replication, and for what.
    pub blocked: Vec<String>,
    /// Whether every replication came to an end that the scenario asked for: all threads ended, or its `until`.
    pub complete: bool,
}

/// What whoever reads the results should know about them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Notice {
    /// Nothing in the experiment is random: one replication would have told as much.
    SeedDoesNotMatter {
        /// How many there were.
        replications: usize,
    },
    /// Some expectations are about points of a sweep, and only a sweep judges them.
    NotJudged {
        /// How many there are.
        expectations: usize,
    },
    /// The results are not as precise as wanted, and no more replications are tried.
    NotPrecise {
        /// How many there were.
        replications: usize,
        /// Half the width of the widest interval relative to its mean.
        reached: f64,
    },
}

impl Conducted {
    /// The run with this name.
    pub fn run(&self, name: &str) -> Option<&RunOutcome> {
        self.runs.iter().find(|run| run.name == name)
    }

    /// The fingerprint of the whole experiment: that of its only run, else those of all runs combined in order.
    pub fn fingerprint(&self) -> u64 {
        combined(self.runs.iter().map(RunOutcome::fingerprint))
    }
}

impl RunOutcome {
    /// What each replication told.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        std::iter::once(&self.report).chain(&self.repeats)
    }

    /// The fingerprint of the only replication, else those of all combined in order.
    pub fn fingerprint(&self) -> u64 {
        combined(self.reports().map(Report::fingerprint))
    }

    /// What is known of a quantity; `None` if it has no value in some replication.
    pub fn estimate(&self, of: impl Fn(&Report) -> Option<f64>) -> Option<Estimate> {
        let values: Option<Vec<f64>> = self.reports().map(of).collect();
        Estimate::of(&values?)
    }

    /// The metric with this name.
    pub fn metric(&self, name: &str) -> Option<Metric> {
        self.metrics.iter().find(|named| named.name == name).map(|named| named.metric)
    }

    /// What is known of the metric with this name; `None` if it has no value in some replication.
    pub fn estimate_of(&self, metric: &str) -> Option<Estimate> {
        let metric = self.metric(metric)?;
        self.estimate(|report| metric.of(report))
    }

    /// How many times as large a metric is as in another run, replication by replication; `None` if it has no value or is
    /// zero there.
    pub fn ratio_to(&self, other: &RunOutcome, metric: &str) -> Option<Estimate> {
        let (of_own, of_other) = (self.metric(metric)?, other.metric(metric)?);
        let ratio = |(own, other)| match (of_own.of(own), of_other.of(other)) {
            (Some(own), Some(other)) if other != 0.0 => Some(own / other),
            _ => None,
        };
        let ratios: Option<Vec<f64>> = self.reports().zip(other.reports()).map(ratio).collect();
        Estimate::of(&ratios?)
    }
}

/// The first of several fingerprints, with the others mixed in.
pub(crate) fn combined(mut prints: impl Iterator<Item = u64>) -> u64 {
    let first = prints.next().unwrap_or(0);
    prints.fold(first, |sum, print| sum.rotate_left(7) ^ print)
}

/// Carries out every run of `scenario` as often as it says, with its own seed or with `seed`, and judges the
/// expectations.
///
/// `id` is what the reference figures call the scenario: the name of its file without the ending.
pub fn conduct(scenario: &Scenario, id: &str, seed: Option<u64>) -> Conducted {
    conduct_with(scenario, id, seed, Effort::of(scenario.repeat))
}

/// The same with another effort than the scenario's own.
pub fn conduct_with(scenario: &Scenario, id: &str, seed: Option<u64>, effort: Effort) -> Conducted {
    let seed = seed.unwrap_or(scenario.seed);
    let replications = replicate(&scenario.runs, seed, effort, |reports| watched(scenario, reports));
    let notices = notices(scenario, effort, &replications);
    let value_of = |replication: usize, run: &str, metric: &str| {
        scenario.value_of(&replications[replication], run, metric)
    };
    let judged = scenario.expectations.iter().filter(|expectation| expectation.place.is_empty());
    let verdicts = judged.map(|expectation| judge(expectation, scenario, id, replications.len(), &value_of));
    let verdicts = verdicts.collect();
    let count = replications.len();
    Conducted { seed, replications: count, runs: outcomes(&scenario.runs, replications), verdicts, notices }
}

/// The quantities that are to be known precisely: how long the runs take, and what is expected of them.
pub(crate) fn watched(scenario: &Scenario, reports: &[Report]) -> Vec<f64> {
    let value_of = |run: &str, metric: &str| scenario.value_of(reports, run, metric);
    let expected = scenario.expectations.iter();
    // What has no value cannot become precise either.
    let expected = expected.map(|expectation| expectation.expression.evaluate(&value_of).unwrap_or(0.0));
    reports.iter().map(|report| report.makespan.as_secs()).chain(expected).collect()
}

fn notices(scenario: &Scenario, effort: Effort, replications: &[Vec<Report>]) -> Vec<Notice> {
    let count = replications.len();
    let mut notices = Vec::new();
    let placed = scenario.expectations.iter().filter(|expectation| !expectation.place.is_empty()).count();
    if placed > 0 {
        notices.push(Notice::NotJudged { expectations: placed });
    }
    if count > 1 && replications.windows(2).all(|pair| pair[0] == pair[1]) {
        notices.push(Notice::SeedDoesNotMatter { replications: count });
    }
    let values: Vec<Vec<f64>> = replications.iter().map(|reports| watched(scenario, reports)).collect();
    let reached = widest(&values);
    if effort.repeat == Repeat::Auto && count >= replications::MOST as usize && reached > effort.precision {
        notices.push(Notice::NotPrecise { replications: count, reached });
    }
    notices
}

/// The reports of every replication and run, run by run.
pub(crate) fn outcomes(runs: &[Run], replications: Vec<Vec<Report>>) -> Vec<RunOutcome> {
    let mut replications = replications.into_iter();
    let first = replications.next().unwrap_or_default();
    let mut outcomes: Vec<RunOutcome> = runs
        .iter()
        .zip(first)
        .map(|(run, report)| RunOutcome {
            name: run.name.clone(),
            metrics: run.metrics(),
            complete: is_complete(run, &report),
            deadlock: deadlock::of_run(run, &report),
            trouble: trouble::exceptions(run, &report),
            unreceived: trouble::unreceived(run, &report),
            blocked: trouble::blocked(run, &report),
            report,
            repeats: Vec::new(),
        })
        .collect();
    for reports in replications {
        for ((run, outcome), report) in runs.iter().zip(&mut outcomes).zip(reports) {
            outcome.complete &= is_complete(run, &report);
            outcome.repeats.push(report);
        }
    }
    outcomes
}

/// Whether a run came to an end that it asked for.
pub(crate) fn is_complete(run: &Run, report: &Report) -> bool {
    match report.ending {
        Ending::Finished => true,
        Ending::CutOff => run.model.until.is_some(),
        Ending::Stuck => false,
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::SeedDoesNotMatter { replications } => write!(
                formatter,
                "nothing here is random, so the seed does not matter: all {replications} replications are the same"
            ),
            Notice::NotJudged { expectations } => write!(
                formatter,
                "not judged, because only `gilsim sweep` comes there: {expectations} expectations with `where`"
            ),
            Notice::NotPrecise { replications, reached } => write!(
                formatter,
                "after {replications} replications, an interval is still +- {:.2} % wide",
                reached * 100.0
            ),
        }
    }
}
