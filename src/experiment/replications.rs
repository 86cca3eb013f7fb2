//! Carrying out runs again and again, each time with another seed.
//!
//! All runs of an experiment share the seed of a replication, and with it the random durations of whatever they have in
//! common (common random numbers): their difference, taken replication by replication, is sharper than either of them.

use crate::experiment::parallel;
use crate::experiment::statistics::Estimate;
use crate::scenario::{Repeat, Run};
use crate::sim::{self, Report};

/// With `auto`, no result rests on fewer replications: intervals of fewer are too often too narrow.
const FEWEST: u32 = 10;
/// With `auto`, no more are tried.
pub(crate) const MOST: u32 = 1_000;

/// How much is done to know a result precisely, and on how many cores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// How often each run is carried out.
    pub repeat: Repeat,
    /// How wide the intervals may be with [`Repeat::Auto`]: half of one relative to its mean, above 0.
    pub precision: f64,
    /// How many runs are carried out at a time, at least 1. Results do not depend on it.
    pub threads: usize,
}

impl Effort {
    /// The precision that is asked for by default: 1 %.
    pub const PRECISION: f64 = 0.01;

    /// So many replications, on all cores.
    pub fn of(repeat: Repeat) -> Effort {
        Effort { repeat, precision: Effort::PRECISION, threads: parallel::available() }
    }
}

/// The seed of a replication of an experiment. That of the first is the experiment's own, so that an experiment that is
/// carried out once is the first of many; the others are mixed (SplitMix64, Steele and others 2014), so that
/// experiments with neighbouring seeds share none. All fit into 53 bits, which every reader of JSON keeps.
pub fn seed_of(seed: u64, replication: usize) -> u64 {
    if replication == 0 {
        return seed;
    }
    let mut mixed = seed.wrapping_add((replication as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 11
}

/// The reports of every replication (outer) and run (inner).
///
/// `values` are the quantities whose precision matters to [`Repeat::Auto`], of one replication.
pub(crate) fn replicate(
    runs: &[Run],
    seed: u64,
    effort: Effort,
    values: impl Fn(&[Report]) -> Vec<f64>,
) -> Vec<Vec<Report>> {
    let mut replications = Vec::new();
    match effort.repeat {
        Repeat::Times(times) => carry_out(runs, seed, effort.threads, times, &mut replications),
        Repeat::Auto => {
            let mut times = Some(FEWEST);
            while let Some(more) = times {
                carry_out(runs, seed, effort.threads, more, &mut replications);
                let values: Vec<Vec<f64>> = replications.iter().map(|reports| values(reports)).collect();
                times = wanted(more, widest(&values) / effort.precision);
            }
        }
    }
    replications
}

/// Carries out replications until there are so many.
fn carry_out(runs: &[Run], seed: u64, threads: usize, times: u32, replications: &mut Vec<Vec<Report>>) {
    let (first, count) = (replications.len(), runs.len());
    let missing = (times as usize).saturating_sub(first);
    let mut reports = parallel::map(missing * count, threads, |index| {
        let seed = seed_of(seed, first + index / count);
        sim::run(&runs[index % count].model, seed, ()).0
    })
    .into_iter();
    replications.extend((0..missing).map(|_| reports.by_ref().take(count).collect()));
}

/// The widest of the intervals of some quantities, given those of each replication, relative to its mean. A quantity
/// that not every replication has tells nothing.
pub(crate) fn widest(values: &[Vec<f64>]) -> f64 {
    let count = values.iter().map(Vec::len).min().unwrap_or(0);
    let widths = (0..count).filter_map(|quantity| {
        let of_all: Vec<f64> = values.iter().map(|values| values[quantity]).collect();
        Estimate::of(&of_all).map(|estimate| estimate.relative_half_width())
    });
    widths.fold(0.0, f64::max)
}

/// How many replications are to be tried after `times` of them left the intervals `excess` times too wide; `None` if
/// they are precise enough, or no more are tried. An interval narrows with the root of their number.
fn wanted(times: u32, excess: f64) -> Option<u32> {
    if excess <= 1.0 || times >= MOST {
        return None;
    }
    let enough = (f64::from(times) * excess * excess).min(f64::from(MOST)) as u32;
    Some(enough.clamp(times + 1, 2 * times).min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experiments_with_neighbouring_seeds_share_no_replication() {
        let mut seeds: Vec<u64> =
            (1..=50).flat_map(|seed| (0..50).map(move |number| seed_of(seed, number))).collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 2_500);
        assert_eq!(seed_of(7, 0), 7);
    }

    #[test]
    fn replications_are_added_until_the_interval_is_narrow_enough() {
        assert_eq!(wanted(10, 1.0), None);
        assert_eq!(wanted(10, 1.2), Some(14));
        assert_eq!(wanted(10, 9.0), Some(20));
        assert_eq!(wanted(900, f64::INFINITY), Some(1_000));
        assert_eq!(wanted(1_000, 9.0), None);
    }

    #[test]
    fn the_widest_interval_counts() {
        let values = vec![vec![1.0, 10.0], vec![1.0, 12.0]];
        assert_eq!(widest(&values), Estimate::of(&[10.0, 12.0]).unwrap().relative_half_width());
        assert_eq!(widest(&[]), 0.0);
    }
}
