//! What a look at a few points of a sweep shows before it is carried out: whether the scenario is right there, which
//! metrics its runs have, and which of them no value changes.

use std::collections::BTreeSet;
use std::fmt;

use crate::scenario::{Diagnostics, NamedMetric, Run, Scenario, Setting, Sweep, Template};

/// What was seen.
pub(super) struct Survey {
    /// The scenario at the first point.
    pub first: Scenario,
    /// Every metric of every run, each name once.
    pub known: Vec<NamedMetric>,
    /// What is the same at every point.
    pub unmoved: Vec<Unmoved>,
}

/// A value that is varied, but not where a run has one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmoved {
    /// The path of the value.
    pub path: String,
    /// The run; `None` if it is all of them.
    pub run: Option<String>,
}

impl fmt::Display for Unmoved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, &self.run) {
            (path, None) => {
                write!(formatter, "`{path}` changes nothing: every run has a value of its own")
            }
            (path, Some(run)) => {
                write!(formatter, "run `{run}` has its own {path}: it is the same at every point")
            }
        }
    }
}

/// Which values of a sweep do not reach which runs.
///
/// # Errors
/// If the scenario is wrong with one of the values.
pub fn unmoved(template: &Template, sweep: &Sweep) -> Result<Vec<Unmoved>, Diagnostics> {
    Ok(Survey::of(template, sweep)?.unmoved)
}

impl Survey {
    /// Looks at each point that differs from the first in one value only, so that what is wrong is found before the work
    /// begins.
    pub fn of(template: &Template, sweep: &Sweep) -> Result<Survey, Diagnostics> {
        let probes = sweep.probes();
        let first = template.at(&probes[0])?;
        let mut metrics = Metrics::default();
        first.runs.iter().for_each(|run| metrics.add(run));
        let mut moves: Vec<Moves> = sweep.axes().iter().map(|axis| Moves::none(&axis.path)).collect();
        for probe in &probes[1..] {
            let scenario = template.at(probe)?;
            scenario.runs.iter().for_each(|run| metrics.add(run));
            let differs = |(setting, first): (&Setting, &Setting)| setting != first;
            if let Some(axis) = probe.iter().zip(&probes[0]).position(differs) {
                moves[axis].add(&first, &scenario);
            }
        }
        let unmoved = moves.into_iter().flat_map(|moves| moves.unmoved(&first.runs)).collect();
        Ok(Survey { first, known: metrics.known, unmoved })
    }
}

/// The metrics of some runs, each name once.
#[derive(Default)]
struct Metrics {
    known: Vec<NamedMetric>,
    names: BTreeSet<String>,
}

impl Metrics {
    fn add(&mut self, run: &Run) {
        for named in run.metrics() {
            if self.names.insert(named.name.clone()) {
                self.known.push(named);
            }
        }
    }
}

/// What the values of an axis have changed.
struct Moves {
    path: String,
    /// Whether there was more than one value.
    is_varied: bool,
    /// Whether anything at all has changed.
    is_busy: bool,
    /// The numbers of the runs that have changed.
    runs: BTreeSet<usize>,
}

impl Moves {
    fn none(path: &str) -> Moves {
        Moves { path: path.to_owned(), is_varied: false, is_busy: false, runs: BTreeSet::new() }
    }

    /// Takes in what another value has changed.
    fn add(&mut self, first: &Scenario, other: &Scenario) {
        self.is_varied = true;
        self.is_busy |= other.hash != first.hash;
        let pairs = first.runs.iter().zip(&other.runs).enumerate();
        self.runs.extend(pairs.filter(|(_, (one, other))| one.hash != other.hash).map(|(index, _)| index));
    }

    /// What has not changed although it was to. A path that leads into one run, or that is no section of runs, such as the
    /// seed, is not about all of them.
    fn unmoved(self, runs: &[Run]) -> Vec<Unmoved> {
        let unmoved = |run: Option<String>| Unmoved { path: self.path.clone(), run };
        if self.is_varied && !self.is_busy {
            return vec![unmoved(None)];
        }
        if !self.is_varied || !Sweep::is_of_every_run(&self.path) {
            return Vec::new();
        }
        let same = runs.iter().enumerate().filter(|(index, _)| !self.runs.contains(index));
        same.map(|(_, run)| unmoved(Some(run.name.clone()))).collect()
    }
}
