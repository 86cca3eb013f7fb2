//! What a sweep is to do, checked as far as that is possible without doing it.

use crate::experiment::replications::Effort;
use crate::experiment::sweep::survey::{Survey, Unmoved};
use crate::scenario::{Diagnostics, Expression, NamedMetric, Repeat, Scenario, Setting, Sweep, Template};

/// The most runs that one sweep, or one shard of it, carries out: their results are held in memory.
const MOST_RUNS: u128 = 1_000_000;

/// A sweep that can be carried out.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario.
    pub template: Template,
    /// What is varied.
    pub sweep: Sweep,
    /// The seed, if not that of the scenario.
    pub seed: Option<u64>,
    /// How much is done at each point.
    pub effort: Effort,
    /// The share of this machine.
    pub shard: Shard,
    /// The scenario at the first point.
    pub first: Scenario,
    /// The names of the metrics that every row has, if its run has them: the columns of all runs, and whatever else the
    /// expectations speak of.
    pub metrics: Vec<String>,
    /// Every metric of every run, with many threads more than are in a row.
    known: Vec<NamedMetric>,
    /// The values that do not reach all runs.
    pub unmoved: Vec<Unmoved>,
}

/// One of several shares of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, counted from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// Why a sweep cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The scenario is wrong at some point.
    #[error("{0}")]
    Scenario(Box<Diagnostics>),
    /// There are too many runs.
    #[error("{runs} runs are too many, at most {MOST_RUNS}{}", divide(*.shards))]
    TooManyRuns {
        /// How many there are.
        runs: u128,
        /// How many shards would each have few enough.
        shards: u128,
    },
}

fn divide(shards: u128) -> String {
    format!("\nhelp: divide it, as in --shard 1/{shards}, or draw a --sample")
}

impl From<Diagnostics> for PlanError {
    fn from(diagnostics: Diagnostics) -> PlanError {
        PlanError::Scenario(Box::new(diagnostics))
    }
}

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };

    /// Whether a piece is part of this share. Neighbours are dealt to different shares, so that all take about as long.
    pub fn has(self, piece: usize) -> bool {
        piece % self.of == self.number - 1
    }
}

impl Plan {
    /// The plan to carry out the scenario at every point of a sweep.
    ///
    /// # Errors
    /// If the scenario is wrong with one of the values, or there are too many runs.
    pub fn new(
        template: Template,
        sweep: Sweep,
        seed: Option<u64>,
        effort: Effort,
        shard: Shard,
    ) -> Result<Plan, PlanError> {
        let Survey { first, known, unmoved } = Survey::of(&template, &sweep)?;
        let mut metrics = NamedMetric::columns(&known);
        let expressions = first.expectations.iter().map(|expectation| &expectation.expression);
        for name in expressions.flat_map(Expression::metrics) {
            if !metrics.contains(&name) {
                metrics.push(name);
            }
        }
        let plan = Plan { template, sweep, seed, effort, shard, first, metrics, known, unmoved };
        let shards = plan.runs().div_ceil(MOST_RUNS);
        match plan.runs().div_ceil(plan.shard.of as u128) {
            runs if runs > MOST_RUNS => Err(PlanError::TooManyRuns { runs, shards }),
            _ => Ok(plan),
        }
    }

    /// The same plan, with metrics in every row that somebody asks for.
    ///
    /// # Errors
    /// If no run has one of this name, with what was probably meant.
    pub fn with_metrics(mut self, names: &[String]) -> Result<Plan, String> {
        NamedMetric::check(names, self.known.iter().map(|named| named.name.as_str()))?;
        for name in names {
            if !self.metrics.contains(name) {
                self.metrics.push(name.clone());
            }
        }
        Ok(self)
    }

    /// The values at the first point that was looked at, that of [`Plan::first`].
    pub fn first_settings(&self) -> Vec<Setting> {
        self.sweep.probes().swap_remove(0)
    }

    /// The seed of the sample and, unless the scenario's seed is varied, of the first replication.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or(self.first.seed)
    }

    /// How many runs there are on all machines, if each is carried out as often as planned (or once).
    pub fn runs(&self) -> u128 {
        self.pieces() as u128 * self.first.runs.len() as u128
    }

    /// How many pieces there are on all machines.
    pub fn pieces(&self) -> usize {
        self.sweep.len() * self.pieces_of_point()
    }

    /// The numbers of the pieces of this machine's share.
    pub fn own_pieces(&self) -> impl Iterator<Item = usize> {
        let shard = self.shard;
        (0..self.pieces()).filter(move |piece| shard.has(*piece))
    }

    /// The point of a piece, and its replication; `None` if it is all of them.
    pub(super) fn place_of(&self, piece: usize) -> (usize, Option<usize>) {
        let of_point = self.pieces_of_point();
        let replication = matches!(self.effort.repeat, Repeat::Times(_)).then_some(piece % of_point);
        (piece / of_point, replication)
    }

    /// The values at a point.
    pub fn settings(&self, point: usize) -> Vec<Setting> {
        self.sweep.point(point, self.seed())
    }

    fn pieces_of_point(&self) -> usize {
        match self.effort.repeat {
            Repeat::Times(times) => times as usize,
            Repeat::Auto => 1,
        }
    }
}
