//! How long a sweep will take.

use std::time::{Duration, Instant};

use crate::experiment::replications::seed_of;
use crate::experiment::sweep::Plan;
use crate::scenario::{Diagnostics, Repeat};
use crate::sim;

/// How many points are tried.
const TRIED: usize = 5;

/// About how long it takes to carry out so many `pieces` of a plan on its number of cores: as long as one replication
/// at some points, spread over the sweep, lets expect. `None` if nobody knows how many replications there will be.
///
/// # Errors
/// If the scenario is wrong at one of these points.
pub fn estimate(plan: &Plan, pieces: usize) -> Result<Option<Duration>, Diagnostics> {
    if plan.effort.repeat == Repeat::Auto {
        return Ok(None);
    }
    let points = plan.sweep.len();
    let tried = TRIED.min(points);
    let start = Instant::now();
    for number in 0..tried {
        let settings = plan.settings(number * (points - 1) / (tried - 1).max(1));
        let scenario = plan.template.at(&settings)?;
        let seed = seed_of(plan.seed.unwrap_or(scenario.seed), 0);
        scenario.runs.iter().for_each(|run| drop(sim::run(&run.model, seed, ())));
    }
    let of_one = start.elapsed().div_f64(tried as f64);
    let cores = plan.effort.threads.min(pieces.max(1));
    Ok(Some(of_one.mul_f64(pieces as f64 / cores as f64)))
}
