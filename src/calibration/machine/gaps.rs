//! Gaps: what a loop sees that does nothing but read the clock.
//!
//! The kernel's clock tick and the host of a virtual machine both take the core from the thread that runs on it. Ticks
//! come at one place of each period of the clock; the rest are interruptions.

use std::time::{Duration, Instant};

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, on_core};
use crate::calibration::machine::system_call::each;
use crate::calibration::{Effort, Quantity};

/// How many clock ticks a batch of full size lasts.
const TICKS: usize = 25;
/// From here on, in nanoseconds, a gap is more than a reading of the clock that missed all caches, which takes 200 ns.
const SHORTEST: f64 = 500.0;
/// So many readings of the clock it must be as well: some clocks take a microsecond to read.
const READINGS: f64 = 10.0;
/// More gaps than this in a batch are not those of a clock and a host.
const MOST: usize = 5000;
/// How far apart, in nanoseconds, ticks may come within their periods.
const JITTER: f64 = 20_000.0;
/// In so many of all periods there must be a gap at the place of the tick: interruptions come anywhere.
const SHARE: f64 = 0.8;

/// Measures one batch on a machine whose clock ticks once each `tick` nanoseconds.
pub(super) fn measure(cores: Cores, tick: f64, effort: Effort, record: &mut Record) {
    let span = Duration::from_nanos(tick as u64) * effort.size(TICKS) as u32;
    let gaps = on_core(cores.first, || look(span));
    let Some(sorted) = sort(&gaps, tick) else { return };
    record.add(Quantity::ClockTick, sorted.ticks);
    record.add(Quantity::InterruptionEvery, sorted.every);
    record.add(Quantity::InterruptionLength, sorted.lengths);
}

/// A time in which the loop did not run, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Gap {
    /// When it began, since the beginning of the loop.
    at: f64,
    /// How long it was.
    length: f64,
}

fn look(span: Duration) -> Vec<Gap> {
    let shortest = SHORTEST.max(READINGS * each(1000, Instant::now));
    let mut gaps = Vec::with_capacity(MOST);
    let start = Instant::now();
    let mut last = Duration::ZERO;
    while last < span {
        let now = start.elapsed();
        let length = (now - last).as_nanos() as f64;
        if length >= shortest && gaps.len() <= MOST {
            gaps.push(Gap { at: last.as_nanos() as f64, length });
        }
        last = now;
    }
    gaps
}

/// Gaps by their cause.
struct Sorted {
    /// How long each clock tick was.
    ticks: Vec<f64>,
    /// From one interruption to the next.
    every: Vec<f64>,
    /// How long each interruption was.
    lengths: Vec<f64>,
}

/// Tells ticks from interruptions; nothing if there is no telling where in its period the tick comes.
fn sort(gaps: &[Gap], tick: f64) -> Option<Sorted> {
    if gaps.len() > MOST {
        return None;
    }
    let place = place_of_tick(gaps, tick)?;
    // In a gap as long as a time slice, another program has had the core.
    let short = gaps.iter().filter(|gap| gap.length < 0.5 * tick);
    let (ticks, others): (Vec<Gap>, Vec<Gap>) = short.partition(|gap| is_at(gap, place, tick));
    // An interruption may come beside the tick.
    let of_one_period = ticks.chunk_by(|one, next| next.at - one.at <= 2.0 * JITTER);
    Some(Sorted {
        ticks: of_one_period.map(|gaps| gaps.iter().map(|gap| gap.length).fold(0.0, f64::max)).collect(),
        every: others.windows(2).map(|pair| pair[1].at - pair[0].at).collect(),
        lengths: others.iter().map(|gap| gap.length).collect(),
    })
}

/// Where in each period of the clock most periods have a gap; of several such places, the one with the longest gaps.
fn place_of_tick(gaps: &[Gap], tick: f64) -> Option<f64> {
    let periods = (gaps.last()?.at / tick).ceil();
    let places = gaps.iter().map(|gap| gap.at % tick);
    let scored = places.map(|place| {
        let there = gaps.iter().filter(|gap| is_at(gap, place, tick));
        let mut hit: Vec<u64> = there.clone().map(|gap| (gap.at / tick) as u64).collect();
        hit.dedup();
        (hit.len(), there.map(|gap| gap.length).sum::<f64>(), place)
    });
    let best = scored.max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))?;
    (best.0 as f64 >= SHARE * periods).then_some(best.2)
}

fn is_at(gap: &Gap, place: f64, tick: f64) -> bool {
    let apart = (gap.at % tick - place).abs();
    apart.min(tick - apart) <= JITTER
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: f64 = 4e6;

    /// Ticks of 20 us, 1 ms after the beginning of each period, and interruptions of 3 us each 300 us.
    fn gaps() -> Vec<Gap> {
        let ticks = (0..25).map(|period| Gap { at: 1e6 + f64::from(period) * TICK, length: 20_000.0 });
        let others =
            (0..320).map(|number| Gap { at: 150_000.0 + f64::from(number) * 311_000.0, length: 3000.0 });
        let mut gaps: Vec<Gap> = ticks.chain(others).collect();
        gaps.sort_by(|a, b| a.at.total_cmp(&b.at));
        gaps
    }

    fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    #[test]
    fn ticks_are_told_from_interruptions() {
        let sorted = sort(&gaps(), TICK).unwrap();
        assert_eq!(median(sorted.ticks), 20_000.0);
        assert_eq!((median(sorted.every), median(sorted.lengths)), (311_000.0, 3000.0));
    }

    #[test]
    fn a_clock_that_does_not_tick_is_not_taken_for_one() {
        let gaps: Vec<Gap> = gaps().into_iter().filter(|gap| gap.length < 20_000.0).collect();
        assert!(sort(&gaps, TICK).is_none());
        assert!(sort(&[], TICK).is_none());
    }

    #[test]
    fn more_gaps_than_a_clock_and_a_host_make_are_not_sorted() {
        let many = |count: usize| vec![Gap { at: 1e6, length: 3000.0 }; count];
        assert!(sort(&many(MOST), TICK).is_some());
        assert!(sort(&many(MOST + 1), TICK).is_none());
    }
}
