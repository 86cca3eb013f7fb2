//! Finding the values that reach a goal, in few simulated points.
//!
//! A coarse grid first, then refinement around its best points: steps to both sides along each axis, which are halved
//! where none of them is better. All points share their random numbers, so that a small difference is not lost in noise.

mod goal;
mod search;
mod trial;

use crate::experiment::replications::Effort;
use crate::scenario::axis::Axis;
use crate::scenario::{Diagnostics, Scenario, Template};

pub use goal::{Constraint, Goal, Limit, Sense};
pub use trial::Trial;

use trial::Trials;

/// The most parameters that are tuned at once: a coarse grid over more has too many points.
pub const MOST_AXES: usize = 4;
/// The smallest number of points that is enough to look around.
pub const FEWEST_POINTS: usize = 5;

/// What is to be found.
#[derive(Clone, Debug)]
pub struct Task {
    /// The scenario.
    pub template: Template,
    /// The parameters, from 1 to [`MOST_AXES`].
    pub axes: Vec<Axis>,
    /// What is to be small or large, at least one.
    pub goals: Vec<Goal>,
    /// What must hold besides.
    pub constraints: Vec<Constraint>,
    /// The seed, if not that of the scenario.
    pub seed: Option<u64>,
    /// How much is done at each point.
    pub effort: Effort,
    /// How many points are simulated at most, at least [`FEWEST_POINTS`].
    pub points: usize,
}

/// Why no point is recommended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unadvised {
    /// No point came to its end.
    NothingFinishes,
    /// No point that came to its end has a value of every goal.
    NoValue,
    /// No point that came to its end and has a value of every goal meets the constraints.
    BeyondLimits,
    /// All points, and the scenario as it stands, are as good as each other.
    AllAlike,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// Every point that was simulated, in the order of the parameters.
    pub trials: Vec<Trial>,
    /// Whether each of them came to its end and meets the constraints.
    pub allowed: Vec<bool>,
    /// The recommended one, or why there is none.
    pub recommended: Result<usize, Unadvised>,
    /// With several goals, the points that no other surpasses in all of them.
    pub front: Vec<usize>,
    /// The scenario as it stands, if it can be carried out without the parameters.
    pub standing: Option<Trial>,
}

/// Tunes the parameters.
///
/// # Errors
/// If the scenario is wrong with some of the values.
pub fn tune(task: &Task) -> Result<Tuned, Box<Diagnostics>> {
    let mut trials = Trials::new(task);
    search::search(task, &mut trials)?;
    let standing =
        task.template.at(&[]).ok().map(|scenario: Scenario| trial::carry_out(task, &[], &scenario));
    Ok(trials.finish(standing))
}
