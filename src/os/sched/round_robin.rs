//! Round robin: one queue for the machine, a fixed quantum, no priorities, no wake-up preemption.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use super::{Arrival, CoreView, Departure, idle_core};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::attributes::{self, Attributes};
use crate::os::{CoreId, ThreadId};

/// The state of the round-robin scheduler.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    quantum: Span,
    queue: VecDeque<ThreadId>,
    quantum_ends: Vec<Time>,
    /// On which cores each thread may run.
    affinity: Vec<CoreSet>,
}

impl RoundRobin {
    pub(super) fn new(quantum: Span, cores: usize, threads: &[Attributes]) -> RoundRobin {
        RoundRobin {
            quantum,
            queue: VecDeque::with_capacity(threads.len()),
            quantum_ends: vec![Time::END; cores],
            affinity: attributes::affinity(threads),
        }
    }

    pub(super) fn place(&self, thread: ThreadId, last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
        let allowed = &self.affinity[thread];
        idle_core(allowed, last_core, cores).or(last_core).unwrap_or_else(|| allowed.first())
    }

    pub(super) fn enqueue(&mut self, _: CoreId, thread: ThreadId, _: Arrival) {
        self.queue.push_back(thread);
    }

    pub(super) fn pick(&mut self, core: CoreId) -> Option<ThreadId> {
        let position = self.queue.iter().position(|thread| self.affinity[*thread].contains(core))?;
        self.queue.remove(position)
    }

    pub(super) fn run(&mut self, core: CoreId, _: ThreadId, _: Option<Arrival>, now: Time) {
        self.quantum_ends[core] = now + self.quantum;
    }

    pub(super) fn charge(&mut self, _: CoreId, _: ThreadId, _: Span) {}

    pub(super) fn stop(&mut self, core: CoreId, _: ThreadId, _: Departure, _: Time) {
        self.quantum_ends[core] = Time::END;
    }

    pub(super) fn next_timer(&self, core: CoreId, _: Time) -> Time {
        self.quantum_ends[core]
    }

    pub(super) fn timer(&mut self, core: CoreId, _: ThreadId, now: Time) -> bool {
        self.quantum_ends[core] = now + self.quantum;
        self.queue.iter().any(|thread| self.affinity[*thread].contains(core))
    }

    pub(super) fn slice_comes_nearer(&mut self, core: CoreId, end: Time) {
        self.quantum_ends[core] = end;
    }
}

/// Everything but the ends of quanta, which are events.
impl Hash for RoundRobin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let RoundRobin { quantum: _, queue, quantum_ends: _, affinity: _ } = self;
        queue.hash(state);
    }
}
