//! The event queue: at most one pending event an owner.
//!
//! What can be pending in a simulation is known beforehand: each core has a next moment, each thread a timer. So
//! the queue is a table with one slot an owner, and an event is set, moved or cancelled in its slot.
//!
//! **The tie rule.** Events happen in the order of (time, slot kind, sequence number): at one instant, kinds happen
//! in the order in which they were declared ([`EventQueue::new`]), and events of one kind in the order in which they
//! were last set. An event that is set to the instant at which it stands already keeps its place.

use std::hash::Hash;

use crate::des::{Skip, Snapshot, Time};

/// A queue with a fixed number of slots in kinds.
#[derive(Clone, Debug)]
pub struct EventQueue {
    /// When the event of each slot is to happen; [`Time::END`] if it has none.
    times: Vec<Time>,
    /// The order, among what happens at one instant, of the event that each slot has, or had last.
    orders: Vec<u64>,
    first_slot_of_kind: Vec<usize>,
    kind_of_slot: Vec<u8>,
    sequence: u64,
    /// The slot with the next event (any, if nothing is pending); `None` if it has to be looked for.
    next: Option<usize>,
}

/// An owner's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The kind: at one instant, lower kinds happen first.
    pub kind: usize,
    /// The owner's number within its kind.
    pub owner: usize,
}

impl EventQueue {
    /// An empty queue. `owners[k]` is the number of owners of kind `k`; kinds are declared in the order in which
    /// they happen at one instant. At most 256 kinds.
    pub fn new(owners: &[usize]) -> EventQueue {
        let mut first_slot_of_kind = Vec::with_capacity(owners.len());
        let mut kind_of_slot = Vec::new();
        for (kind, count) in owners.iter().enumerate() {
            first_slot_of_kind.push(kind_of_slot.len());
            kind_of_slot.extend(std::iter::repeat_n(kind as u8, *count));
        }
        let slots = kind_of_slot.len();
        EventQueue {
            times: vec![Time::END; slots],
            orders: vec![u64::MAX; slots],
            first_slot_of_kind,
            kind_of_slot,
            sequence: 0,
            next: None,
        }
    }

    /// Sets the event of `slot` to happen at `time`, in place of any it had. [`Time::END`] is never.
    pub fn set(&mut self, slot: Slot, time: Time) {
        let index = self.index(slot);
        if self.times[index] == time {
            return;
        }
        if time != Time::END {
            self.orders[index] = self.new_order(slot.kind);
        }
        self.put(index, time);
    }

    /// Sets the event of `slot` to happen at `time`, at the place of the one that was set last: what was taken out of the
    /// queue goes on.
    pub fn set_in_place(&mut self, slot: Slot, time: Time) {
        let index = self.index(slot);
        self.put(index, time);
    }

    /// Cancels the event of `slot`, if it has one.
    pub fn cancel(&mut self, slot: Slot) {
        let index = self.index(slot);
        if self.times[index] != Time::END {
            self.put(index, Time::END);
        }
    }

    /// When the next event happens; [`Time::END`] if nothing is pending.
    #[inline]
    pub fn next_time(&mut self) -> Time {
        let next = self.next_index();
        self.times[next]
    }

    /// When the next event happens besides that of `slot`; [`Time::END`] if nothing else is pending.
    pub fn next_time_besides(&self, slot: Slot) -> Time {
        let excepted = self.index(slot);
        let others = self.times[..excepted].iter().chain(&self.times[excepted + 1..]);
        others.min().copied().unwrap_or(Time::END)
    }

    /// When the event of `slot` is to happen; [`Time::END`] if it has none.
    pub fn time_of(&self, slot: Slot) -> Time {
        self.times[self.index(slot)]
    }

    /// Whether any owner of this kind has an event.
    pub fn any_pending(&self, kind: usize) -> bool {
        let first = self.first_slot_of_kind[kind];
        let end = self.first_slot_of_kind.get(kind + 1).copied().unwrap_or(self.times.len());
        self.times[first..end].iter().any(|time| *time != Time::END)
    }

    /// Takes the next event out of the queue; `None` if nothing is pending.
    pub fn pop(&mut self) -> Option<(Time, Slot)> {
        let next = self.next_index();
        let time = self.times[next];
        if time == Time::END {
            return None;
        }
        let kind = usize::from(self.kind_of_slot[next]);
        let slot = Slot { kind, owner: next - self.first_slot_of_kind[kind] };
        self.put(next, Time::END);
        Some((time, slot))
    }

    /// Records what is pending, and in which order what happens at one instant would happen.
    pub fn record(&self, snapshot: &mut Snapshot) {
        let pending = || self.times.iter().zip(&self.orders).filter(|(time, _)| **time != Time::END);
        for (time, order) in self.times.iter().zip(&self.orders) {
            snapshot.event(*time);
            if *time != Time::END {
                pending().filter(|(_, other)| *other < order).count().hash(snapshot);
            }
        }
    }

    /// Lets cycles be skipped: the events that do not take part in them come nearer.
    pub fn skip(&mut self, skip: &Skip) {
        let span = skip.span();
        for (index, time) in self.times.iter_mut().enumerate() {
            if skip.stays(index) {
                *time = time.nearer_by(span);
            }
        }
        self.next = None;
    }

    /// The order of an event of this kind that is set now.
    fn new_order(&mut self, kind: usize) -> u64 {
        self.sequence += 1;
        ((kind as u64) << 56) | self.sequence
    }

    fn put(&mut self, index: usize, time: Time) {
        self.times[index] = time;
        match self.next {
            // What was next may have moved behind another.
            Some(next) if next == index => self.next = None,
            Some(next) if self.comes_before(index, next) => self.next = Some(index),
            _ => {}
        }
    }

    #[inline]
    fn comes_before(&self, index: usize, other: usize) -> bool {
        (self.times[index], self.orders[index]) < (self.times[other], self.orders[other])
    }

    /// The slot with the next event; any, if nothing is pending.
    #[inline]
    fn next_index(&mut self) -> usize {
        match self.next {
            Some(next) => next,
            None => self.look_for_next(),
        }
    }

    #[inline(never)]
    fn look_for_next(&mut self) -> usize {
        let (mut next, mut earliest) = (0, Time::END);
        for (index, time) in self.times.iter().enumerate() {
            if *time < earliest {
                (next, earliest) = (index, *time);
            } else if *time == earliest && self.orders[index] < self.orders[next] {
                // Two at one instant are rare.
                next = index;
            }
        }
        self.next = Some(next);
        next
    }

    fn index(&self, slot: Slot) -> usize {
        self.first_slot_of_kind[slot.kind] + slot.owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLY: usize = 0;
    const LATE: usize = 1;

    fn slot(kind: usize, owner: usize) -> Slot {
        Slot { kind, owner }
    }

    fn at(picos: u64) -> Time {
        Time::from_picos(picos)
    }

    fn drain(queue: &mut EventQueue) -> Vec<(u64, Slot)> {
        std::iter::from_fn(|| queue.pop()).map(|(time, slot)| (time.picos(), slot)).collect()
    }

    #[test]
    fn events_happen_in_the_order_of_time_then_kind_then_setting() {
        let mut queue = EventQueue::new(&[2, 3]);
        queue.set(slot(LATE, 2), at(5));
        queue.set(slot(LATE, 0), at(5));
        queue.set(slot(EARLY, 1), at(5));
        queue.set(slot(LATE, 1), at(4));
        let expected = vec![(4, slot(LATE, 1)), (5, slot(EARLY, 1)), (5, slot(LATE, 2)), (5, slot(LATE, 0))];
        assert_eq!(drain(&mut queue), expected);
    }

    #[test]
    fn setting_again_moves_the_event_behind_those_set_before() {
        let mut queue = EventQueue::new(&[0, 2]);
        queue.set(slot(LATE, 0), at(7));
        queue.set(slot(LATE, 1), at(9));
        queue.set(slot(LATE, 0), at(9));
        assert_eq!(drain(&mut queue), vec![(9, slot(LATE, 1)), (9, slot(LATE, 0))]);
    }

    #[test]
    fn setting_to_the_same_instant_keeps_the_place() {
        let mut queue = EventQueue::new(&[0, 2]);
        queue.set(slot(LATE, 0), at(9));
        queue.set(slot(LATE, 1), at(9));
        queue.set(slot(LATE, 0), at(9));
        assert_eq!(drain(&mut queue), vec![(9, slot(LATE, 0)), (9, slot(LATE, 1))]);
    }

    #[test]
    fn a_cancelled_event_never_happens() {
        let mut queue = EventQueue::new(&[1, 1]);
        queue.set(slot(EARLY, 0), at(1));
        queue.set(slot(LATE, 0), Time::END);
        queue.cancel(slot(EARLY, 0));
        assert_eq!(drain(&mut queue), vec![]);
    }
}
