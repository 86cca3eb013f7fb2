//! On which cores a thread may run (`sched_setaffinity`).

use crate::os::CoreId;

/// The most cores of a machine.
pub const MOST_CORES: usize = 512;

const BITS: usize = u64::BITS as usize;

/// A set of cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreSet {
    bits: [u64; MOST_CORES / BITS],
}

impl CoreSet {
    /// Every core there can be.
    pub const ALL: CoreSet = CoreSet { bits: [u64::MAX; MOST_CORES / BITS] };

    /// These cores, each below [`MOST_CORES`]; others are left out.
    pub fn of(cores: impl IntoIterator<Item = CoreId>) -> CoreSet {
        let mut bits = [0; MOST_CORES / BITS];
        for core in cores.into_iter().filter(|core| *core < MOST_CORES) {
            bits[core / BITS] |= 1 << (core % BITS);
        }
        CoreSet { bits }
    }

    /// Whether `core` is one of them.
    pub fn contains(&self, core: CoreId) -> bool {
        self.bits.get(core / BITS).is_some_and(|word| word >> (core % BITS) & 1 == 1)
    }

    /// The lowest of them; core 0 if there is none.
    pub fn first(&self) -> CoreId {
        (0..MOST_CORES).find(|core| self.contains(*core)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_contains_what_it_was_made_of() {
        let set = CoreSet::of([63, 64, 511, 512]);
        let members: Vec<CoreId> = (0..600).filter(|core| set.contains(*core)).collect();
        assert_eq!(members, [63, 64, 511]);
        assert_eq!(set.first(), 63);
    }
}
