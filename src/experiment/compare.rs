//! Many runs against one of them.

use crate::experiment::conduct::{RunOutcome, outcomes};
use crate::experiment::replications::{Effort, replicate};
use crate::experiment::statistics::Estimate;
use crate::scenario::Run;
use crate::sim::Report;

/// Ratios are shown with three decimals: what is closer to 1 is no difference to anybody.
const TOO_SMALL_TO_TELL: f64 = 0.0005;

/// Runs that have been carried out with the same random numbers.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The seed that was used.
    pub seed: u64,
    /// How often each run was carried out.
    pub replications: usize,
    /// What each run told, in the order in which they were given.
    pub outcomes: Vec<RunOutcome>,
    /// Which run each of them is compared with.
    pub references: Vec<usize>,
    /// Whether all replications were the same although there were several.
    pub is_always_the_same: bool,
}

/// Which run of a group the others are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The first.
    First,
    /// The one with the smallest value.
    Best,
}

/// How a run compares with the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    /// It is the reference.
    Reference,
    /// The interval around the ratio of the values holds 1, or the ratio is 1 to three decimals: there is no telling
    /// which is larger.
    NoDifference(Estimate),
    /// Its value is so many times that of the reference, above 1.
    Larger(Estimate),
    /// The reference's value is so many times its own, above 1.
    Smaller(Estimate),
    /// One of the values is zero or missing.
    Unknown,
}

/// Carries out some runs, all with the same seeds, until `metric` is known precisely enough. Each is compared within its
/// group, which has a number for each run.
pub fn compare(
    runs: &[Run],
    groups: &[usize],
    seed: u64,
    effort: Effort,
    metric: &str,
    reference: Reference,
) -> Comparison {
    let metrics: Vec<_> = runs.iter().map(|run| run.metric(metric)).collect();
    let watched = |reports: &[Report]| {
        let values = metrics.iter().zip(reports);
        values.filter_map(|(metric, report)| metric.as_ref()?.of(report)).collect()
    };
    let replications = replicate(runs, seed, effort, watched);
    let count = replications.len();
    let is_always_the_same = count > 1 && replications.windows(2).all(|pair| pair[0] == pair[1]);
    let outcomes = outcomes(runs, replications);
    let value =
        |index: usize| outcomes[index].estimate_of(metric).map_or(f64::INFINITY, |estimate| estimate.mean);
    let of_group = |group: usize| {
        let mut members = (0..runs.len()).filter(move |index| groups[*index] == group);
        match reference {
            Reference::First => members.next(),
            Reference::Best => members.min_by(|left, right| value(*left).total_cmp(&value(*right))),
        }
    };
    // Every group has a member: the run itself.
    let references =
        groups.iter().enumerate().map(|(index, group)| of_group(*group).unwrap_or(index)).collect();
    Comparison { seed, replications: count, outcomes, references, is_always_the_same }
}

impl Comparison {
    /// How many times that of its reference the value of a metric in a run is, replication by replication; `None` if a
    /// value is missing, or zero in the reference.
    pub fn ratio(&self, index: usize, metric: &str) -> Option<Estimate> {
        let (own, reference) = (&self.outcomes[index], &self.outcomes[self.references[index]]);
        own.ratio_to(reference, metric)
    }

    /// How the value of a metric in a run compares with that in the reference, replication by replication.
    pub fn relation(&self, index: usize, metric: &str) -> Relation {
        if index == self.references[index] {
            return Relation::Reference;
        }
        let (own, reference) = (&self.outcomes[index], &self.outcomes[self.references[index]]);
        let ratio = self.ratio(index, metric);
        let inverse = reference.ratio_to(own, metric);
        let (Some(ratio), Some(inverse)) = (ratio, inverse) else { return Relation::Unknown };
        let half_width = ratio.half_width.unwrap_or(0.0).max(TOO_SMALL_TO_TELL);
        if (ratio.mean - 1.0).abs() <= half_width {
            Relation::NoDifference(ratio)
        } else if ratio.mean > 1.0 {
            Relation::Larger(ratio)
        } else {
            Relation::Smaller(inverse)
        }
    }
}
