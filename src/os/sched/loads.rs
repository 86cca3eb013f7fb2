//! How much the threads of a core have wanted to run and have run, with less regard to what is long ago: per-entity load
//! tracking (`kernel/sched/pelt.c`).
//!
//! Time is cut into periods of 1024 units of 1024 ns each. What happened a period ago counts y times as much as what happens
//! now, and y is such that half is left after 32 periods. All is counted in whole numbers, as the kernel does.

use super::fair;
use crate::des::{Span, Time};
use crate::os::attributes::Attributes;
use crate::os::{CoreId, ThreadId};

/// `runnable_avg_yN_inv` (`kernel/sched/sched-pelt.h`): the powers of y from 0 to 31, times 2^32 - 1, rounded down.
const POWERS: [u64; 32] = [
    0xffff_ffff,
    0xfa83_b2da,
    0xf525_7d14,
    0xefe4_b99a,
    0xeac0_c6e6,
    0xe5b9_06e6,
    0xe0cc_deeb,
    0xdbfb_b796,
    0xd744_fcc9,
    0xd2a8_1d91,
    0xce24_8c14,
    0xc9b9_bd85,
    0xc567_2a10,
    0xc12c_4cc9,
    0xbd08_a39e,
    0xb8fb_af46,
    0xb504_f333,
    0xb123_f581,
    0xad58_3ee9,
    0xa9a1_5ab4,
    0xa5fe_d6a9,
    0xa270_4302,
    0x9ef5_325f,
    0x9b8d_39b9,
    0x9837_f050,
    0x94f4_efa8,
    0x91c3_d373,
    0x8ea4_398a,
    0x8b95_c1e3,
    0x8898_0e80,
    0x85aa_c367,
    0x82cd_8698,
];

/// After how many periods half is left (`LOAD_AVG_PERIOD`).
const HALF_LIFE: u64 = 32;
/// The sum of one that has always run (`LOAD_AVG_MAX`).
const LONGEST: u64 = 47742;
/// Units of a period, and nanoseconds of a unit.
const UNITS: u64 = 1024;
/// What a core can do (`SCHED_CAPACITY_SCALE`).
pub(super) const CAPACITY: u64 = 1024;

/// What a thread does with a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Nothing,
    Queues,
    Runs,
}

/// What is wanted and used of a core, where 1024 is all that it has: by a thread, or by all that belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// What is wanted, by weight (`load_avg`).
    pub load: u64,
    /// What is wanted (`runnable_avg`).
    pub runnable: u64,
    /// What is used (`util_avg`).
    pub used: u64,
}

#[derive(Clone, Copy, Debug)]
struct Thread {
    weight: u64,
    core: Option<CoreId>,
    doing: Doing,
    sums: Load,
    /// Units of the period that has begun.
    part: u64,
    known_to: Time,
}

/// The loads of all threads.
#[derive(Clone, Debug)]
pub(super) struct Loads(Vec<Thread>);

impl Loads {
    pub fn new(threads: &[Attributes]) -> Loads {
        let thread = |weight| Thread {
            weight,
            core: None,
            doing: Doing::Nothing,
            sums: Load::default(),
            part: 0,
            known_to: Time::ZERO,
        };
        Loads(fair::weights(threads).into_iter().map(thread).collect())
    }

    /// A new `thread` belongs to `core`. It counts as a heavy one until more is known, and is taken for one that uses half of
    /// what the others leave (`init_entity_runnable_average`, `post_init_entity_util_avg`).
    pub fn start(&mut self, thread: ThreadId, core: CoreId, now: Time) {
        let others = self.of_core(core, now);
        let weight = self.0[thread].weight;
        let half_of_the_rest = CAPACITY.saturating_sub(others.used) / 2;
        let usual = if others.used == 0 { CAPACITY } else { others.used * weight / (others.load + 1) };
        let guess = half_of_the_rest.min(usual);
        let state = &mut self.0[thread];
        (state.core, state.part, state.known_to) = (Some(core), 0, now);
        let whole = state.whole();
        state.sums = Load { load: whole, runnable: guess * whole, used: guess * whole };
    }

    /// `thread` belongs to `core` now.
    pub fn move_to(&mut self, thread: ThreadId, core: CoreId) {
        self.0[thread].core = Some(core);
    }

    /// `thread` has ended.
    pub fn end(&mut self, thread: ThreadId) {
        self.0[thread].core = None;
    }

    /// From `now` on, this is what `thread` does.
    #[inline]
    pub fn turn_to(&mut self, thread: ThreadId, doing: Doing, now: Time) {
        let state = &mut self.0[thread];
        state.bring_to(now);
        state.doing = doing;
    }

    /// What `thread` wants and uses.
    pub fn of_thread(&self, thread: ThreadId, now: Time) -> Load {
        self.0[thread].load(now)
    }

    /// What the threads that belong to `core` want and use.
    pub fn of_core(&self, core: CoreId, now: Time) -> Load {
        let threads = self.0.iter().filter(|thread| thread.core == Some(core));
        threads.map(|thread| thread.load(now)).fold(Load::default(), |sum, one| Load {
            load: sum.load + one.load,
            runnable: sum.runnable + one.runnable,
            used: sum.used + one.used,
        })
    }
}

impl Thread {
    /// The sum of one that has always run (`get_pelt_divider`).
    fn whole(&self) -> u64 {
        LONGEST - UNITS + self.part
    }

    /// `___update_load_avg`.
    fn load(mut self, now: Time) -> Load {
        self.bring_to(now);
        let whole = self.whole();
        Load {
            load: self.weight * self.sums.load / whole,
            runnable: self.sums.runnable / whole,
            used: self.sums.used / whole,
        }
    }

    /// `___update_load_sum`.
    #[inline]
    fn bring_to(&mut self, now: Time) {
        let units = now.since(self.known_to).picos() / Span::from_nanos(UNITS).picos();
        if units == 0 {
            return;
        }
        self.known_to += Span::from_nanos(units * UNITS);
        let part = self.part + units;
        let (periods, part) = (part / UNITS, part % UNITS);
        let contribution = if periods == 0 { units } else { self.begin_periods(periods, part) };
        self.part = part;
        if self.doing != Doing::Nothing {
            self.sums.load += contribution;
            self.sums.runnable += contribution * CAPACITY;
        }
        if self.doing == Doing::Runs {
            self.sums.used += contribution * CAPACITY;
        }
    }

    /// So many periods begin, the last of which has lasted for `part`: what has been counted counts less, and what has come
    /// since counts so much (`__accumulate_pelt_segments`).
    fn begin_periods(&mut self, periods: u64, part: u64) -> u64 {
        let Load { load, runnable, used } = &mut self.sums;
        [load, runnable, used].into_iter().for_each(|sum| *sum = decay(*sum, periods));
        decay(UNITS - self.part, periods) + LONGEST - decay(LONGEST, periods) - UNITS + part
    }
}

/// `decay_load`: what is left after so many periods.
fn decay(sum: u64, periods: u64) -> u64 {
    if periods > 63 * HALF_LIFE {
        return 0;
    }
    let halved = sum >> (periods / HALF_LIFE);
    match periods % HALF_LIFE {
        0 => halved,
        // A sum is below 2^26 x 2^10, so the product of its upper part does not overflow.
        rest => {
            (halved >> 32) * POWERS[rest as usize] + (((halved & 0xffff_ffff) * POWERS[rest as usize]) >> 32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::ZERO + Span::from_millis(millis)
    }

    #[test]
    fn the_powers_are_those_of_a_half_life_of_32_periods() {
        for (power, periods) in POWERS.into_iter().zip(0_u32..) {
            let exact = f64::from(u32::MAX) * 0.5_f64.powf(f64::from(periods) / 32.0);
            assert_eq!(power, exact as u64, "{periods}");
        }
    }

    #[test]
    fn a_new_thread_weighs_all_and_is_taken_to_use_half_of_an_empty_core() {
        let mut loads = Loads::new(&[Attributes::default(); 2]);
        loads.start(0, 0, Time::ZERO);
        assert_eq!(loads.of_core(0, Time::ZERO), Load { load: 1024, runnable: 512, used: 512 });
        loads.start(1, 0, Time::ZERO);
        assert_eq!(loads.of_thread(1, Time::ZERO), Load { load: 1024, runnable: 256, used: 256 });
    }

    #[test]
    fn who_does_nothing_for_32_periods_has_half_of_its_load_left() {
        let mut loads = Loads::new(&[Attributes::default()]);
        loads.start(0, 0, Time::ZERO);
        loads.turn_to(0, Doing::Runs, Time::ZERO);
        loads.turn_to(0, Doing::Nothing, at(2_000));
        assert_eq!(loads.of_thread(0, at(2_000)).used, 1024);
        let later = at(2_000) + Span::from_nanos(32 * 1024 * 1024);
        assert_eq!(loads.of_thread(0, later).load, 511);
    }

    #[test]
    fn who_queues_wants_a_core_but_uses_none() {
        let mut loads = Loads::new(&[Attributes::default()]);
        loads.start(0, 0, Time::ZERO);
        loads.turn_to(0, Doing::Queues, Time::ZERO);
        let load = loads.of_thread(0, at(1_000));
        assert_eq!((load.load, load.runnable, load.used), (1024, 1024, 0));
    }
}
