//! What a scheduler is told of a thread beforehand (`sched_setaffinity`, `setpriority`, `sched_setscheduler`).

use crate::os::affinity::CoreSet;

/// The scheduling attributes of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// On which cores it may run; at least one of the machine's.
    pub cores: CoreSet,
    /// From -20 to 19: how willingly it leaves the cores to others. `cfs`, `eevdf` and `mach` heed it.
    pub nice: i8,
    /// The larger, the more important. `fifo` (1 to 99) and `windows` (1 to 31) heed it.
    pub priority: u8,
}

impl Default for Attributes {
    /// Every core, nice 0, and the lowest priority.
    fn default() -> Attributes {
        Attributes { cores: CoreSet::ALL, nice: 0, priority: 1 }
    }
}

/// On which cores each thread may run.
pub(super) fn affinity(attributes: &[Attributes]) -> Vec<CoreSet> {
    attributes.iter().map(|thread| thread.cores).collect()
}
