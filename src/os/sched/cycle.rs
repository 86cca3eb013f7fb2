//! The schedulers' part in skipping cycles: see [`crate::des::cycle`].
//!
//! Only some take part. Those that look at the clock itself, whose multiples their ticks are, cannot.

use std::hash::{Hash, Hasher};

use super::Scheduler;
use crate::des::Time;
use crate::os::CoreId;
use crate::os::machine::SchedulerConfig;

impl SchedulerConfig {
    /// Whether cycles can be skipped under this scheduler.
    pub fn knows_cycles(&self) -> bool {
        matches!(self, SchedulerConfig::Mach { .. } | SchedulerConfig::RoundRobin { .. })
    }
}

impl Hash for Scheduler {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Scheduler::Mach(mach) => mach.hash(state),
            Scheduler::RoundRobin(round_robin) => round_robin.hash(state),
            _ => {}
        }
    }
}

impl Scheduler {
    /// Visits every amount, always in the same order.
    pub fn each_amount(&mut self, visit: &mut impl FnMut(&mut u64)) {
        if let Scheduler::Mach(mach) = self {
            mach.each_amount(visit);
        }
    }

    /// Cycles have been skipped: the slice on `core` ends at `end` now, [`Time::END`] if there is none.
    pub fn slice_comes_nearer(&mut self, core: CoreId, end: Time) {
        match self {
            Scheduler::Mach(mach) => mach.slice_comes_nearer(core, end),
            Scheduler::RoundRobin(round_robin) => round_robin.slice_comes_nearer(core, end),
            _ => {}
        }
    }
}
