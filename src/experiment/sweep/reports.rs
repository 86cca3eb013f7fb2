//! Whole reports at every point of a sweep, for charts: they show latencies, which rows of tables do not have.

use crate::experiment::conduct::{is_complete, watched};
use crate::experiment::parallel;
use crate::experiment::replications::{Effort, replicate};
use crate::scenario::{Diagnostics, Scenario, Setting, Sweep, Template};
use crate::sim::Report;

/// What all runs told at a point.
#[derive(Clone, Debug)]
pub struct PointReports {
    /// The values at the point, one an axis.
    pub settings: Vec<Setting>,
    /// The scenario with these values.
    pub scenario: Scenario,
    /// The reports of every replication (outer) and run (inner).
    pub replications: Vec<Vec<Report>>,
}

impl PointReports {
    /// Whether every run came to an end that the scenario asked for, in every replication.
    pub fn is_complete(&self) -> bool {
        let of_one = |reports: &Vec<Report>| {
            self.scenario.runs.iter().zip(reports).all(|(run, report)| is_complete(run, report))
        };
        self.replications.iter().all(of_one)
    }
}

/// Carries out a scenario at every point of a sweep and keeps the reports, in the order of the points.
///
/// # Errors
/// If the scenario is wrong at a point.
pub fn reports(
    template: &Template,
    sweep: &Sweep,
    seed: Option<u64>,
    effort: Effort,
) -> Result<Vec<PointReports>, Box<Diagnostics>> {
    let one = Effort { threads: 1, ..effort };
    let points = parallel::map(sweep.len(), effort.threads, |point| {
        let settings = sweep.point(point, seed.unwrap_or(0));
        let scenario = template.at(&settings)?;
        let seed = seed.unwrap_or(scenario.seed);
        let replications = replicate(&scenario.runs, seed, one, |reports| watched(&scenario, reports));
        Ok(PointReports { settings, scenario, replications })
    });
    points.into_iter().map(|point| point.map_err(Box::new)).collect()
}
