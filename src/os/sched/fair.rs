//! What the two fair schedulers of Linux share (`kernel/sched/fair.c`): scaling by cores, the clock tick, placement.

use super::{CoreView, idle_core};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::{CoreId, ThreadId};

/// `get_update_sysctl_factor`: 1 + log2 of the number of cores, of which at most 8 count.
pub(super) fn scaled_by_cores(span: Span, cores: usize) -> Span {
    span * u64::from(1 + cores.min(8).ilog2())
}

/// `select_task_rq_fair`, in short: the last core if it is idle, another idle core, else the last core.
pub(super) fn place(allowed: &CoreSet, last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
    idle_core(allowed, last_core, cores).or(last_core).unwrap_or_else(|| allowed.first())
}

/// `hrtick_start` (`kernel/sched/core.c`) sets no high-resolution timer to come sooner than this.
const SHORTEST_TIMER: Span = Span::from_micros(10);

/// The next clock tick after `now`; a tick of zero length is a high-resolution timer `rest` from now.
pub(super) fn next_tick(tick: Span, now: Time, rest: Span) -> Time {
    if tick.is_zero() {
        return now + rest.max(SHORTEST_TIMER);
    }
    let ticks = now.picos() / tick.picos() + 1;
    Time::ZERO + tick * ticks
}

/// Takes out of a queue, from the end, the first thread that may run on `core` (`detach_tasks`).
pub(super) fn detach(queue: &mut Vec<ThreadId>, core: CoreId, affinity: &[CoreSet]) -> Option<ThreadId> {
    let position = queue.iter().rposition(|thread| affinity[*thread].contains(core))?;
    Some(queue.remove(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_high_resolution_timer_comes_no_sooner_than_after_10_us() {
        let (now, micros) = (Time::from_picos(7), Span::from_micros);
        assert_eq!(next_tick(Span::ZERO, now, micros(3)), now + micros(10));
        assert_eq!(next_tick(Span::ZERO, now, micros(11)), now + micros(11));
    }
}
