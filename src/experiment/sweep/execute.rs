//! Carrying out the pieces of a sweep, on several cores.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use crate::experiment::conduct::watched;
use crate::experiment::parallel;
use crate::experiment::replications::{Effort, replicate, seed_of};
use crate::experiment::sweep::{Piece, Plan};
use crate::scenario::{Diagnostics, Metric, Scenario, Setting};
use crate::sim;

/// Why a sweep was not carried out to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interruption<E> {
    /// The scenario is wrong at a point.
    Scenario(Box<Diagnostics>),
    /// A piece was not taken.
    NotTaken(E),
}

/// Carries out some pieces of a sweep and hands each to `take`, in no particular order. What a piece holds does not
/// depend on how many are carried out at a time.
///
/// # Errors
/// If `take` fails, or the scenario is wrong at a point: two values may each be right, and not go together.
pub fn execute<E: Send>(
    plan: &Plan,
    pieces: &[usize],
    mut take: impl FnMut(Piece) -> Result<(), E>,
) -> Result<(), Interruption<E>> {
    let scenarios = Scenarios::new(plan);
    let mut outcome = Ok(());
    parallel::for_each(
        pieces.len(),
        plan.effort.threads,
        |number| piece(plan, &scenarios, pieces[number]),
        |_, piece| {
            outcome = match piece {
                Ok(piece) => take(piece).map_err(Interruption::NotTaken),
                Err(diagnostics) => Err(Interruption::Scenario(Box::new(diagnostics))),
            };
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        },
    );
    outcome
}

fn piece(plan: &Plan, scenarios: &Scenarios<'_>, index: usize) -> Result<Piece, Diagnostics> {
    let (point, replication) = plan.place_of(index);
    let point = &*scenarios.at(point)?;
    let scenario = &point.scenario;
    let seed = plan.seed.unwrap_or(scenario.seed);
    let (first, reports) = match replication {
        Some(replication) => {
            let seed = seed_of(seed, replication);
            let reports = scenario.runs.iter().map(|run| sim::run(&run.model, seed, ()).0).collect();
            (replication, vec![reports])
        }
        None => {
            let effort = Effort { threads: 1, ..plan.effort };
            (0, replicate(&scenario.runs, seed, effort, |reports| watched(scenario, reports)))
        }
    };
    Ok(Piece::new(index, point, seed, first, &reports))
}

/// A point that is worked on.
pub(super) struct AtPoint {
    /// Which, counted from 0.
    pub index: usize,
    /// The values there.
    pub settings: Vec<Setting>,
    /// The scenario with these values.
    pub scenario: Scenario,
    /// The metrics of the sweep as each run there has them.
    pub metrics: Vec<Vec<Option<Metric>>>,
}

/// The scenarios at the points that are being worked on: neighbouring pieces are often of the same point.
struct Scenarios<'a> {
    plan: &'a Plan,
    recent: Mutex<VecDeque<Arc<AtPoint>>>,
}

impl<'a> Scenarios<'a> {
    fn new(plan: &'a Plan) -> Scenarios<'a> {
        Scenarios { plan, recent: Mutex::new(VecDeque::new()) }
    }

    fn at(&self, index: usize) -> Result<Arc<AtPoint>, Diagnostics> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = recent().iter().find(|point| point.index == index) {
            return Ok(Arc::clone(known));
        }
        let settings = self.plan.settings(index);
        let scenario = self.plan.template.at(&settings)?;
        let names = &self.plan.metrics;
        let metrics = scenario.runs.iter().map(|run| names.iter().map(|name| run.metric(name)).collect());
        let loaded = Arc::new(AtPoint { index, settings, metrics: metrics.collect(), scenario });
        let mut recent = recent();
        recent.push_back(Arc::clone(&loaded));
        if recent.len() > self.plan.effort.threads {
            recent.pop_front();
        }
        Ok(loaded)
    }
}
