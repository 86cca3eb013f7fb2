//! The points that have been simulated, and how good they are.

use std::cmp::Ordering;

use crate::experiment::conduct::{RunOutcome, outcomes};
use crate::experiment::parallel;
use crate::experiment::replications::{Effort, replicate};
use crate::experiment::statistics::Estimate;
use crate::experiment::tune::{Constraint, Goal, Sense, Task, Tuned, Unadvised};
use crate::scenario::{Diagnostics, Expression, Scenario, Setting};
use crate::sim::Report;

/// A point that has been simulated.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The values.
    pub settings: Vec<Setting>,
    /// What came of each goal; `None` if it has no value there.
    pub goals: Vec<Option<Estimate>>,
    /// What came of each constraint, likewise.
    pub constraints: Vec<Option<Estimate>>,
    /// What the runs told.
    pub outcomes: Vec<RunOutcome>,
}

impl Trial {
    /// Whether every run came to an end that the scenario asked for. What did not finish is no candidate, however good it
    /// looks: whoever is stuck at once has the smallest makespan.
    pub fn is_complete(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.complete)
    }
}

/// What trials are ranked by, among those that meet the constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ranking {
    /// One of the goals.
    Goal(usize),
    /// All goals alike, each on a scale from its best value to its worst on the front.
    All,
}

/// All trials, and where they stand in the space of the parameters: each from 0 to 1.
pub(super) struct Trials<'a> {
    task: &'a Task,
    pub positions: Vec<Vec<f64>>,
    pub trials: Vec<Trial>,
}

impl<'a> Trials<'a> {
    pub fn new(task: &'a Task) -> Trials<'a> {
        Trials { task, positions: Vec::new(), trials: Vec::new() }
    }

    /// Simulates some points, but none twice, as far as there are points left.
    pub fn add(&mut self, points: Vec<(Vec<f64>, Vec<Setting>)>) -> Result<(), Box<Diagnostics>> {
        let mut new: Vec<(Vec<f64>, Vec<Setting>)> = Vec::new();
        for point in points {
            let known = self.find(&point.1).is_some() || new.iter().any(|(_, settings)| *settings == point.1);
            if !known && self.trials.len() + new.len() < self.task.points {
                new.push(point);
            }
        }
        let task = self.task;
        let trials = parallel::map(new.len(), task.effort.threads, |index| {
            let settings = &new[index].1;
            task.template.at(settings).map(|scenario| carry_out(task, settings, &scenario))
        });
        for ((position, _), trial) in new.into_iter().zip(trials) {
            self.positions.push(position);
            self.trials.push(trial?);
        }
        Ok(())
    }

    /// Whether no more points may be simulated.
    pub fn is_full(&self) -> bool {
        self.trials.len() >= self.task.points
    }

    /// The trial with these values.
    pub fn find(&self, settings: &[Setting]) -> Option<usize> {
        self.trials.iter().position(|trial| trial.settings == settings)
    }

    /// The numbers of the trials, the best first.
    pub fn ranked(&self, ranking: Ranking) -> Vec<usize> {
        let keys: Vec<(f64, f64)> = self.excesses().into_iter().zip(self.badness(ranking)).collect();
        let mut order: Vec<usize> = (0..self.trials.len()).collect();
        order.sort_by(|left, right| compare(keys[*left], keys[*right]));
        order
    }

    /// The result, with the trials in the order of the parameters.
    pub fn finish(mut self, standing: Option<Trial>) -> Tuned {
        let mut order: Vec<usize> = (0..self.trials.len()).collect();
        order.sort_by(|left, right| {
            let pairs = self.positions[*left].iter().zip(&self.positions[*right]);
            pairs
                .map(|(left, right)| left.total_cmp(right))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        self.trials = order.iter().map(|index| self.trials[*index].clone()).collect();
        let several = self.task.goals.len() > 1;
        let ranking = if several { Ranking::All } else { Ranking::Goal(0) };
        let allowed: Vec<bool> = self.excesses().iter().map(|excess| *excess == 0.0).collect();
        let recommended = match self.obstacle(&allowed, standing.as_ref()) {
            Some(obstacle) => Err(obstacle),
            None => self.ranked(ranking).first().copied().ok_or(Unadvised::NothingFinishes),
        };
        let front = if several { self.front() } else { Vec::new() };
        Tuned { trials: self.trials, allowed, recommended, front, standing }
    }

    /// Why none of the trials can be recommended, if that is so.
    fn obstacle(&self, allowed: &[bool], standing: Option<&Trial>) -> Option<Unadvised> {
        let complete: Vec<&Trial> = self.trials.iter().filter(|trial| trial.is_complete()).collect();
        let has_values = |trial: &Trial| trial.goals.iter().all(Option::is_some);
        let is_sound = |(trial, allowed): (&Trial, &bool)| *allowed && has_values(trial);
        if complete.is_empty() {
            return Some(Unadvised::NothingFinishes);
        }
        if !complete.into_iter().any(has_values) {
            return Some(Unadvised::NoValue);
        }
        if !self.trials.iter().zip(allowed).any(is_sound) {
            return Some(Unadvised::BeyondLimits);
        }
        let is_choice = allowed.len() > 1 && standing.is_none_or(Trial::is_complete);
        let costs = self.trials.iter().chain(standing).map(|trial| self.costs(trial));
        let all_alike = is_choice && allowed.iter().all(|allowed| *allowed) && is_constant(costs);
        all_alike.then_some(Unadvised::AllAlike)
    }

    /// The trials that meet the constraints and that no other such trial surpasses in all goals.
    fn front(&self) -> Vec<usize> {
        let excesses = self.excesses();
        let sound: Vec<usize> = (0..self.trials.len()).filter(|index| excesses[*index] == 0.0).collect();
        let surpassed = |index: usize| {
            let own = self.costs(&self.trials[index]);
            sound.iter().any(|other| {
                let costs = self.costs(&self.trials[*other]);
                let no_worse = costs.iter().zip(&own).all(|(cost, own)| cost <= own);
                no_worse && costs.iter().zip(&own).any(|(cost, own)| cost < own)
            })
        };
        sound.iter().copied().filter(|index| !surpassed(*index)).collect()
    }

    /// The goals of a trial as costs: less is better.
    fn costs(&self, trial: &Trial) -> Vec<f64> {
        let goals = self.task.goals.iter().zip(&trial.goals);
        goals.map(|(goal, estimate)| cost(goal, estimate.as_ref())).collect()
    }

    fn badness(&self, ranking: Ranking) -> Vec<f64> {
        let costs: Vec<Vec<f64>> = self.trials.iter().map(|trial| self.costs(trial)).collect();
        match ranking {
            Ranking::Goal(goal) => costs.into_iter().map(|costs| costs[goal]).collect(),
            Ranking::All => {
                let front = self.front();
                let ends: Vec<(f64, f64)> = (0..self.task.goals.len())
                    .map(|goal| {
                        let of_front = || front.iter().map(|index| costs[*index][goal]);
                        (
                            of_front().fold(f64::INFINITY, f64::min),
                            of_front().fold(f64::NEG_INFINITY, f64::max),
                        )
                    })
                    .collect();
                let scaled = |cost: &f64, (best, worst): &(f64, f64)| {
                    if worst > best { (cost - best) / (worst - best) } else { 0.0 }
                };
                costs
                    .iter()
                    .map(|costs| costs.iter().zip(&ends).map(|(cost, ends)| scaled(cost, ends)).sum())
                    .collect()
            }
        }
    }

    /// How far each trial is beyond the constraints, all of them added up; 0 if it meets them, and infinitely far if it
    /// did not come to its end.
    fn excesses(&self) -> Vec<f64> {
        let none = |trial: &Trial| if trial.is_complete() { 0.0 } else { f64::INFINITY };
        let mut excesses: Vec<f64> = self.trials.iter().map(none).collect();
        for (number, constraint) in self.task.constraints.iter().enumerate() {
            let value = |trial: &Trial| {
                let estimate = trial.constraints[number].filter(|_| trial.is_complete());
                estimate.map(|estimate| estimate.mean)
            };
            let values: Vec<Option<f64>> = self.trials.iter().map(value).collect();
            let best = best(constraint, &values);
            for (excess, value) in excesses.iter_mut().zip(values) {
                *excess += value.map_or(f64::INFINITY, |value| constraint.excess(value, best));
            }
        }
        excesses
    }
}

fn best(constraint: &Constraint, values: &[Option<f64>]) -> f64 {
    let values = values.iter().flatten().copied();
    if constraint.is_upper {
        values.fold(f64::INFINITY, f64::min)
    } else {
        values.fold(f64::NEG_INFINITY, f64::max)
    }
}

fn cost(goal: &Goal, estimate: Option<&Estimate>) -> f64 {
    match (estimate, goal.sense) {
        (None, _) => f64::INFINITY,
        (Some(estimate), Sense::Minimise) => estimate.mean,
        (Some(estimate), Sense::Maximise) => -estimate.mean,
    }
}

/// Whether all of some values are the same.
fn is_constant(mut values: impl Iterator<Item = Vec<f64>>) -> bool {
    let first = values.next();
    values.all(|value| Some(&value) == first.as_ref())
}

/// The one that meets the constraints, or is less beyond them, is the better; then the one with the better goal.
fn compare(left: (f64, f64), right: (f64, f64)) -> Ordering {
    left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1))
}

/// Simulates one point, until goals and constraints are known precisely enough.
pub(super) fn carry_out(task: &Task, settings: &[Setting], scenario: &Scenario) -> Trial {
    let goals: Vec<&Expression> = task.goals.iter().map(|goal| &goal.expression).collect();
    let constraints: Vec<&Expression> =
        task.constraints.iter().map(|constraint| &constraint.expression).collect();
    let value_of = |expression: &Expression, reports: &[Report]| {
        expression.evaluate(&|run: &str, metric: &str| scenario.value_of(reports, run, metric)).ok()
    };
    let all = || goals.iter().chain(&constraints);
    let watched =
        |reports: &[Report]| all().map(|expression| value_of(expression, reports).unwrap_or(0.0)).collect();
    let effort = Effort { threads: 1, ..task.effort };
    let replications = replicate(&scenario.runs, task.seed.unwrap_or(scenario.seed), effort, watched);
    let estimates = |expressions: &[&Expression]| {
        let estimate = |expression: &&Expression| {
            let values: Option<Vec<f64>> =
                replications.iter().map(|reports| value_of(expression, reports)).collect();
            Estimate::of(&values?)
        };
        expressions.iter().map(estimate).collect()
    };
    Trial {
        settings: settings.to_vec(),
        goals: estimates(&goals),
        constraints: estimates(&constraints),
        outcomes: outcomes(&scenario.runs, replications.clone()),
    }
}
