//! What the two fair schedulers of Linux share (`kernel/sched/fair.c`): scaling by cores, weights, the clock tick.

use super::clock::Clock;
use crate::des::{Span, Time};
use crate::os::attributes::Attributes;

/// `get_update_sysctl_factor`: 1 + log2 of the number of cores, of which at most 8 count.
pub(super) fn scaled_by_cores(span: Span, cores: usize) -> Span {
    span * u64::from(1 + cores.min(8).ilog2())
}

/// The weight of a thread of nice 0 (`NICE_0_LOAD`).
pub(super) const USUAL_WEIGHT: u64 = 1024;

/// `sched_prio_to_weight` (`kernel/sched/core.c`), from nice -20 to 19: a step is a quarter more or less.
const WEIGHTS: [u64; 40] = [
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121,
    2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29,
    23, 18, 15,
];

/// The weight of each thread.
pub(super) fn weights(threads: &[Attributes]) -> Vec<u64> {
    threads.iter().map(|thread| WEIGHTS[(i64::from(thread.nice) + 20).clamp(0, 39) as usize]).collect()
}

/// `calc_delta_fair`: the virtual time that passes for a thread of this weight, in picoseconds. It is rounded down.
pub(super) fn virtual_time(picos: i128, weight: u64) -> i128 {
    if weight == USUAL_WEIGHT {
        return picos;
    }
    ratio(picos * i128::from(USUAL_WEIGHT), i128::from(weight))
}

/// The time in which so much virtual time passes for a thread of this weight, in picoseconds. It is rounded down.
pub(super) fn real_time(picos: i128, weight: u64) -> i128 {
    if weight == USUAL_WEIGHT {
        return picos;
    }
    ratio(picos * i128::from(weight), i128::from(USUAL_WEIGHT))
}

/// A sum divided by a weight, rounded towards zero: in the 64 bits of the processor wherever that suffices.
pub(super) fn ratio(sum: i128, weight: i128) -> i128 {
    match (i64::try_from(sum), i64::try_from(weight)) {
        (Ok(sum), Ok(weight)) => i128::from(sum / weight),
        _ => sum / weight,
    }
}

/// `hrtick_start` (`kernel/sched/core.c`) sets no high-resolution timer to come sooner than this.
const SHORTEST_TIMER: Span = Span::from_micros(10);

/// The next tick of the clock after `now`; where there are none, a high-resolution timer `rest` from now.
pub(super) fn next_tick(clock: &Clock, now: Time, rest: impl FnOnce() -> Span) -> Time {
    if clock.tick().is_zero() {
        return now + rest().max(SHORTEST_TIMER);
    }
    clock.next(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_steps_of_nice_are_a_third_of_the_weight() {
        let thread = |nice| Attributes { nice, ..Attributes::default() };
        assert_eq!(weights(&[thread(-20), thread(0), thread(5), thread(19)]), [88761, 1024, 335, 15]);
        assert_eq!(virtual_time(335, 335), 1024);
    }

    #[test]
    fn a_high_resolution_timer_comes_no_sooner_than_after_10_us() {
        let (clock, now, micros) =
            (Clock::new(Span::ZERO, Span::ZERO), Time::from_picos(7), Span::from_micros);
        assert_eq!(next_tick(&clock, now, || micros(3)), now + micros(10));
        assert_eq!(next_tick(&clock, now, || micros(11)), now + micros(11));
    }
}
