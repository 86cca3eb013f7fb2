//! The event queue: at most one pending event an owner.
//!
//! What can be pending in a simulation is known beforehand: each core has a next moment, each thread a timer. So
//! the queue is a table with one slot an owner, and an event is set, moved or cancelled in its slot.
//!
//! **The tie rule.** Events happen in the order of (time, slot kind, sequence number): at one instant, kinds happen
//! in the order in which they were declared ([`EventQueue::new`]), and events of one kind in the order in which they
//! were last set. An event that is set to the instant at which it stands already keeps its place.

use std::hash::Hash;
use std::hint::select_unpredictable;

use crate::des::{Skip, Snapshot, Time};

/// How many kinds there can be.
const KINDS: usize = 8;

/// How many slots are looked at together where the next event is looked for.
const GROUP: usize = 4;

/// In place of the next slot, if that has to be looked for.
const UNKNOWN: usize = usize::MAX;

/// A queue with a fixed number of slots in kinds.
#[derive(Clone, Debug)]
pub struct EventQueue {
    /// The event of each slot, in whole groups: in the last, there may be slots of no kind, without events.
    events: Vec<Event>,
    /// Where the slots of each kind begin, and where they end.
    slots_of_kind: [(usize, usize); KINDS],
    sequence: u64,
    /// The slot with the next event (any, if nothing is pending), or [`UNKNOWN`].
    next: usize,
    /// When that is to happen.
    next_time: Time,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    /// When it is to happen; [`Time::END`] if there is none.
    time: Time,
    /// The order, among what happens at one instant, of this event, or of the one that the slot had last: the kind, then
    /// the sequence number.
    order: u64,
}

/// How many bits of an order are the sequence number.
const SEQUENCE_BITS: u32 = 56;

/// The order of an event that was the `sequence`th to be set.
#[inline]
fn order_of(kind: usize, sequence: u64) -> u64 {
    ((kind as u64) << SEQUENCE_BITS) | sequence
}

impl Event {
    #[inline]
    fn kind(&self) -> usize {
        (self.order >> SEQUENCE_BITS) as usize
    }
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
    /// they happen at one instant.
    ///
    /// # Panics
    ///
    /// If there are more than 8 kinds.
    pub fn new(owners: &[usize]) -> EventQueue {
        let mut events = Vec::new();
        let mut slots_of_kind = [(0, 0); KINDS];
        for (kind, count) in owners.iter().enumerate() {
            slots_of_kind[kind] = (events.len(), events.len() + count);
            events.extend(std::iter::repeat_n(Event { time: Time::END, order: order_of(kind, 0) }, *count));
        }
        let whole_groups = events.len().max(1).next_multiple_of(GROUP);
        events.resize(whole_groups, Event { time: Time::END, order: 0 });
        EventQueue { events, slots_of_kind, sequence: 0, next: UNKNOWN, next_time: Time::END }
    }

    /// Sets the event of `slot` to happen at `time`, in place of any it had. [`Time::END`] is never.
    #[inline]
    pub fn set(&mut self, slot: Slot, time: Time) {
        let index = self.index(slot);
        let event = &mut self.events[index];
        if event.time == time {
            return;
        }
        if time != Time::END {
            self.sequence += 1;
            event.order = order_of(slot.kind, self.sequence);
        }
        self.put(index, time);
    }

    /// Sets the event of `slot` to happen at `time`, at the place of the one that was set last: what was taken out of the
    /// queue goes on.
    pub fn set_in_place(&mut self, slot: Slot, time: Time) {
        self.put(self.index(slot), time);
    }

    /// Cancels the event of `slot`, if it has one.
    #[inline]
    pub fn cancel(&mut self, slot: Slot) {
        let index = self.index(slot);
        if self.events[index].time != Time::END {
            self.put(index, Time::END);
        }
    }

    /// When the next event happens; [`Time::END`] if nothing is pending.
    #[inline]
    pub fn next_time(&mut self) -> Time {
        if self.next == UNKNOWN {
            self.look_for_next();
        }
        self.next_time
    }

    /// When the next event happens besides that of `slot`; [`Time::END`] if nothing else is pending.
    pub fn next_time_besides(&self, slot: Slot) -> Time {
        let excepted = self.index(slot);
        let others = self.events[..excepted].iter().chain(&self.events[excepted + 1..]);
        others.fold(Time::END, |first, event| first.min(event.time))
    }

    /// When the event of `slot` is to happen; [`Time::END`] if it has none.
    #[inline]
    pub fn time_of(&self, slot: Slot) -> Time {
        self.events[self.index(slot)].time
    }

    /// Whether any owner of this kind has an event.
    pub fn any_pending(&self, kind: usize) -> bool {
        let (first, end) = self.slots_of_kind[kind];
        self.events[first..end].iter().any(|event| event.time != Time::END)
    }

    /// Takes the next event out of the queue; `None` if nothing is pending.
    pub fn pop(&mut self) -> Option<(Time, Slot)> {
        let time = self.next_time();
        if time == Time::END {
            return None;
        }
        let index = self.next;
        let event = &mut self.events[index];
        event.time = Time::END;
        let kind = event.kind();
        self.next = UNKNOWN;
        Some((time, Slot { kind, owner: index - self.slots_of_kind[kind].0 }))
    }

    /// Records what is pending, and in which order what happens at one instant would happen.
    pub fn record(&self, snapshot: &mut Snapshot) {
        let pending = || self.events.iter().filter(|event| event.time != Time::END);
        for event in &self.events {
            snapshot.event(event.time);
            if event.time != Time::END {
                pending().filter(|other| other.order < event.order).count().hash(snapshot);
            }
        }
    }

    /// Whether an owner's event comes nearer when these cycles are skipped.
    pub fn comes_nearer(&self, slot: Slot, skip: &Skip) -> bool {
        skip.stays(self.index(slot))
    }

    /// Lets cycles be skipped: the events that do not take part in them come nearer.
    pub fn skip(&mut self, skip: &Skip) {
        let span = skip.span();
        for (index, event) in self.events.iter_mut().enumerate() {
            if skip.stays(index) {
                event.time = event.time.nearer_by(span);
            }
        }
        self.next = UNKNOWN;
    }

    #[inline]
    fn put(&mut self, index: usize, time: Time) {
        let event = &mut self.events[index];
        event.time = time;
        let order = event.order;
        if index == self.next {
            // It may have moved behind another.
            self.next = UNKNOWN;
        } else if self.next != UNKNOWN
            && time <= self.next_time
            && (time < self.next_time || order < self.events[self.next].order)
        {
            (self.next, self.next_time) = (index, time);
        }
    }

    /// Looks at all events without a branch that depends on when they happen: nobody could foretell it.
    #[inline(never)]
    fn look_for_next(&mut self) {
        let (groups, _) = self.events.as_chunks::<GROUP>();
        let (mut first_group, mut earliest) = (0, Time::END);
        for (index, [one, two, three, four]) in groups.iter().enumerate() {
            let time = one.time.min(two.time).min(three.time.min(four.time));
            first_group = select_unpredictable(time < earliest, index, first_group);
            earliest = earliest.min(time);
        }
        let first = groups[first_group].iter().position(|event| event.time == earliest);
        let first = GROUP * first_group + first.unwrap_or(0);
        (self.next, self.next_time) = (first, earliest);
        // Kinds lie in their order: of two events at one instant, only one of the same kind could come before the first.
        let (_, end) = self.slots_of_kind[self.events[first].kind()];
        for index in first + 1..end {
            if self.events[index].time == earliest && self.events[index].order < self.events[self.next].order
            {
                self.next = index;
            }
        }
    }

    #[inline]
    fn index(&self, slot: Slot) -> usize {
        self.slots_of_kind[slot.kind].0 + slot.owner
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
