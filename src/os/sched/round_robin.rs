//! Round robin: one queue for the machine, a fixed quantum, no priorities, no wake-up preemption.

use std::collections::VecDeque;

use super::{Arrival, CoreView, idle_core};
use crate::des::{Span, Time};
use crate::os::{CoreId, ThreadId};

/// The state of the round-robin scheduler.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    quantum: Span,
    queue: VecDeque<ThreadId>,
    quantum_ends: Vec<Time>,
}

impl RoundRobin {
    pub(super) fn new(quantum: Span, cores: usize) -> RoundRobin {
        RoundRobin { quantum, queue: VecDeque::new(), quantum_ends: vec![Time::END; cores] }
    }

    pub(super) fn place(&self, _: ThreadId, last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
        idle_core(last_core, cores).or(last_core).unwrap_or(0)
    }

    pub(super) fn enqueue(&mut self, _: CoreId, thread: ThreadId, _: Arrival) {
        self.queue.push_back(thread);
    }

    pub(super) fn pick(&mut self, _: CoreId) -> Option<ThreadId> {
        self.queue.pop_front()
    }

    pub(super) fn run(&mut self, core: CoreId, _: ThreadId, _: Option<Arrival>, now: Time) {
        self.quantum_ends[core] = now + self.quantum;
    }

    pub(super) fn charge(&mut self, _: CoreId, _: ThreadId, _: Span) {}

    pub(super) fn stop(&mut self, core: CoreId, _: ThreadId, _: bool, _: Time) {
        self.quantum_ends[core] = Time::END;
    }

    pub(super) fn preempts(&mut self, _: CoreId, _: ThreadId, _: ThreadId) -> bool {
        false
    }

    pub(super) fn next_timer(&self, core: CoreId, _: Time) -> Time {
        self.quantum_ends[core]
    }

    pub(super) fn timer(&mut self, core: CoreId, _: ThreadId, now: Time) -> bool {
        self.quantum_ends[core] = now + self.quantum;
        !self.queue.is_empty()
    }
}
