//! What the two fair schedulers of Linux share (`kernel/sched/fair.c`): scaling by cores, the clock tick, placement.

use super::{CoreView, idle_core};
use crate::des::{Span, Time};
use crate::os::{CoreId, ThreadId};

/// `get_update_sysctl_factor`: 1 + log2 of the number of cores, of which at most 8 count.
pub(super) fn scaled_by_cores(span: Span, cores: usize) -> Span {
    span * u64::from(1 + cores.min(8).ilog2())
}

/// `select_task_rq_fair`, in short: the last core if it is idle, another idle core, else the last core.
pub(super) fn place(last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
    idle_core(last_core, cores).or(last_core).unwrap_or(0)
}

/// The next clock tick after `now`; a tick of zero length is a high-resolution timer at `exact`.
pub(super) fn next_tick(tick: Span, now: Time, exact: Time) -> Time {
    if tick.is_zero() {
        return exact;
    }
    let ticks = now.picos() / tick.picos() + 1;
    Time::ZERO + tick * ticks
}

/// The core with the longest queue, from which an idle core pulls a thread (`newidle_balance`).
pub(super) fn busiest(queues: &[Vec<ThreadId>]) -> Option<CoreId> {
    let longest = (0..queues.len()).max_by_key(|core| (queues[*core].len(), usize::MAX - core))?;
    (!queues[longest].is_empty()).then_some(longest)
}
