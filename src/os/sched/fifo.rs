//! Static priorities without time slices: POSIX `SCHED_FIFO` (sched(7); `kernel/sched/rt.c`).
//!
//! The highest priority runs, until it blocks or a higher one becomes ready. Who is displaced stays before those of its
//! priority, who becomes ready comes after them. On several cores the threads of highest priority run wherever they may:
//! Linux pushes and pulls them between its cores, which is as if there were one queue.
//!
//! Here alone priorities are inherited: who holds a lock may be lent a higher one.

use super::{Arrival, CoreView, Departure, idle_core};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::attributes::{self, Attributes};
use crate::os::{CoreId, ThreadId};

#[derive(Clone, Copy, Debug)]
struct Core {
    /// The highest priority that has come here since the running thread got the core: who comes next does not count on
    /// displacing the same thread.
    claimed: u8,
    /// When the running thread, which has only just arrived, is to make room for a higher priority that came before it.
    looks_at: Time,
}

/// The state of the scheduler.
#[derive(Clone, Debug)]
pub struct Fifo {
    /// What each thread has been given, and what counts: that, or a higher one that it has been lent.
    own_priorities: Vec<u8>,
    priorities: Vec<u8>,
    /// By falling priority.
    queue: Vec<ThreadId>,
    cores: Vec<Core>,
    /// On which cores each thread may run.
    affinity: Vec<CoreSet>,
}

impl Fifo {
    pub(super) fn new(cores: usize, attributes: &[Attributes]) -> Fifo {
        let priorities: Vec<u8> = attributes.iter().map(|thread| thread.priority).collect();
        Fifo {
            own_priorities: priorities.clone(),
            priorities,
            queue: Vec::with_capacity(attributes.len()),
            cores: vec![Core { claimed: 0, looks_at: Time::END }; cores],
            affinity: attributes::affinity(attributes),
        }
    }

    /// `find_lowest_rq`: an idle core, else the one of the lowest priority, if that is lower; the last of the equals.
    pub(super) fn place(&self, thread: ThreadId, last_core: Option<CoreId>, cores: &[CoreView]) -> CoreId {
        let allowed = &self.affinity[thread];
        if let Some(idle) = idle_core(allowed, last_core, cores) {
            return idle;
        }
        let lowest = (0..cores.len())
            .filter(|core| allowed.contains(*core))
            .min_by_key(|core| (self.priority_on(*core, cores), Some(*core) != last_core))
            .unwrap_or(0);
        if self.priority_on(lowest, cores) < self.priorities[thread] {
            return lowest;
        }
        last_core.unwrap_or(lowest)
    }

    pub(super) fn enqueue(&mut self, core: CoreId, thread: ThreadId, arrival: Arrival) {
        let priority = self.priorities[thread];
        self.cores[core].claimed = self.cores[core].claimed.max(priority);
        self.insert(thread, arrival == Arrival::Preempted);
    }

    pub(super) fn pick(&mut self, core: CoreId) -> Option<ThreadId> {
        let position = self.queue.iter().position(|thread| self.affinity[*thread].contains(core))?;
        Some(self.queue.remove(position))
    }

    pub(super) fn run(&mut self, core: CoreId, thread: ThreadId, _: Option<Arrival>, now: Time) {
        let claimed = self.higher_than(thread, core);
        let looks_at = if claimed.is_some() { now } else { Time::END };
        self.cores[core] = Core { claimed: claimed.unwrap_or(0), looks_at };
    }

    pub(super) fn charge(&mut self, _: CoreId, _: ThreadId, _: Span) {}

    pub(super) fn stop(&mut self, core: CoreId, _: ThreadId, _: Departure, _: Time) {
        self.cores[core] = Core { claimed: 0, looks_at: Time::END };
    }

    pub(super) fn preempts(&mut self, _: CoreId, running: ThreadId, woken: ThreadId) -> bool {
        self.priorities[woken] > self.priorities[running]
    }

    pub(super) fn next_timer(&self, core: CoreId, _: Time) -> Time {
        self.cores[core].looks_at
    }

    pub(super) fn timer(&mut self, core: CoreId, running: ThreadId, _: Time) -> bool {
        self.cores[core].looks_at = Time::END;
        self.is_outranked(core, running)
    }

    pub(super) fn priority(&self, thread: ThreadId) -> u8 {
        self.priorities[thread]
    }

    pub(super) fn own_priority(&self, thread: ThreadId) -> u8 {
        self.own_priorities[thread]
    }

    /// From now on, this is the priority of `thread`, which does not queue.
    pub(super) fn set_priority(&mut self, thread: ThreadId, priority: u8) {
        self.priorities[thread] = priority;
    }

    pub(super) fn leave_queue(&mut self, thread: ThreadId) {
        self.queue.retain(|queued| *queued != thread);
    }

    /// Whether one of higher priority than `running` queues that may run on `core`.
    pub(super) fn is_outranked(&self, core: CoreId, running: ThreadId) -> bool {
        self.higher_than(running, core).is_some()
    }

    /// Puts a thread before or behind those of its priority.
    fn insert(&mut self, thread: ThreadId, before_equals: bool) {
        let (priorities, priority) = (&self.priorities, self.priorities[thread]);
        let position = self.queue.partition_point(|other| {
            let other = priorities[*other];
            if before_equals { other > priority } else { other >= priority }
        });
        self.queue.insert(position, thread);
    }

    /// The priority of who runs or arrives on a core, or of who has come to displace it.
    fn priority_on(&self, core: CoreId, cores: &[CoreView]) -> u8 {
        let running = cores[core].running.map_or(0, |thread| self.priorities[thread]);
        running.max(self.cores[core].claimed)
    }

    /// The highest priority that queues and may run on `core`, if it is above that of `thread`.
    fn higher_than(&self, thread: ThreadId, core: CoreId) -> Option<u8> {
        let first = self.queue.iter().find(|other| self.affinity[**other].contains(core))?;
        let priority = self.priorities[*first];
        (priority > self.priorities[thread]).then_some(priority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fifo(cores: usize, priorities: &[u8]) -> Fifo {
        let thread = |priority: &u8| Attributes { priority: *priority, ..Attributes::default() };
        Fifo::new(cores, &priorities.iter().map(thread).collect::<Vec<_>>())
    }

    #[test]
    fn who_is_displaced_comes_before_its_equals_and_who_is_woken_after_them() {
        let mut fifo = fifo(1, &[1, 1, 1]);
        fifo.enqueue(0, 0, Arrival::Woken);
        fifo.enqueue(0, 1, Arrival::Preempted);
        fifo.enqueue(0, 2, Arrival::Woken);
        assert_eq!([fifo.pick(0), fifo.pick(0), fifo.pick(0)], [Some(1), Some(0), Some(2)]);
    }

    #[test]
    fn only_a_higher_priority_displaces() {
        let mut fifo = fifo(1, &[5, 5, 6]);
        assert!(!fifo.preempts(0, 0, 1));
        assert!(fifo.preempts(0, 0, 2));
    }

    #[test]
    fn two_woken_threads_displace_two_others() {
        let mut fifo = fifo(2, &[1, 2, 9, 9]);
        let cores = [CoreView { running: Some(0) }, CoreView { running: Some(1) }];
        assert_eq!(fifo.place(2, Some(1), &cores), 0);
        fifo.enqueue(0, 2, Arrival::Woken);
        assert_eq!(fifo.place(3, Some(0), &cores), 1);
    }

    #[test]
    fn who_arrives_after_a_higher_priority_has_come_makes_room_at_once() {
        let mut fifo = fifo(1, &[1, 9]);
        fifo.enqueue(0, 1, Arrival::Woken);
        fifo.run(0, 0, Some(Arrival::Woken), Time::ZERO);
        assert_eq!(fifo.next_timer(0, Time::ZERO), Time::ZERO);
        assert!(fifo.timer(0, 0, Time::ZERO));
    }
}
