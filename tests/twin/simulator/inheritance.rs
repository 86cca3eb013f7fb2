//! Locks whose holders inherit priorities (section 4 of the rules).

use std::collections::BTreeMap;

use gilsim::des::Span;

use super::calls::Library;
use super::kernel::Place;
use super::objects::{Action, Queue};
use super::sched::Entry;
use super::{Cost, World};

/// What is done with such a lock next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Inherit {
    Take,
    Sleep,
    Free,
    HandOver,
}

/// Of each lock that somebody has taken: its holder, and whether its word says that somebody waits.
#[derive(Default)]
pub struct Inheritance {
    locks: BTreeMap<usize, (Option<usize>, bool)>,
}

impl World<'_> {
    pub fn inherits(&self, lock: usize) -> bool {
        self.model.threading.inherits(lock)
    }

    /// Takes such a lock if nobody holds it; whether it did.
    pub fn try_inheriting(&mut self, thread: usize, lock: usize) -> bool {
        let (holder, _) = self.inheritance.locks.entry(lock).or_default();
        let is_free = holder.is_none();
        if is_free {
            *holder = Some(thread);
        }
        is_free
    }

    pub fn inherit_part(&mut self, thread: usize, part: Inherit, lock: usize) {
        let and_then = |part| Action::Library(Library::Inherit(part, lock));
        let call = Action::Spend(Cost::SystemCall);
        match part {
            Inherit::Take | Inherit::Sleep if self.try_inheriting(thread, lock) => {}
            Inherit::Take => self.then(thread, &[call, and_then(Inherit::Sleep)]),
            Inherit::Sleep => {
                self.inheritance.locks.entry(lock).or_default().1 = true;
                self.lend(thread, lock);
                self.block(thread, Some(Queue::Inheriting(lock)), None);
            }
            Inherit::Free => {
                let (holder, has_waiters) = self.inheritance.locks.entry(lock).or_default();
                if *has_waiters {
                    self.then(thread, &[call, and_then(Inherit::HandOver)]);
                } else {
                    *holder = None;
                }
            }
            Inherit::HandOver => self.hand_over(thread, lock),
        }
    }

    fn lend(&mut self, thread: usize, lock: usize) {
        let lent = self.rank(thread);
        let mut locks = vec![lock];
        while let Some(lock) = locks.pop() {
            let holder = self.inheritance.locks[&lock].0.expect("somebody holds it");
            if self.rank(holder) >= lent {
                continue;
            }
            if self.threads[holder].place == Place::Queued {
                self.scheduler.queues[0].queued.retain(|queued| *queued != holder);
                self.set_rank(holder, lent);
                self.make_ready(holder, Entry::Woken);
                self.reach = Span::ZERO;
            }
            self.set_rank(holder, lent);
            if let Some(Queue::Inheriting(other)) = self.threads[holder].sleeps_on {
                let sleepers = self.sleepers(Queue::Inheriting(other));
                sleepers.retain(|sleeper| *sleeper != holder);
                sleepers.push_back(holder);
                locks.push(other);
            }
        }
    }

    fn hand_over(&mut self, thread: usize, lock: usize) {
        let queue = Queue::Inheriting(lock);
        let mut sleepers: Vec<usize> = self.sleepers(queue).iter().copied().collect();
        sleepers.sort_by_key(|sleeper| std::cmp::Reverse(self.rank(*sleeper)));
        let next = sleepers.first().copied();
        self.inheritance.locks.insert(lock, (next, next.is_some()));
        if let Some(next) = next {
            self.sleepers(queue).retain(|sleeper| *sleeper != next);
            self.sleepers(queue).push_front(next);
        }
        let mut rank = self.model.threads[thread].attributes.priority;
        let held: Vec<usize> = self.inheritance.locks.keys().copied().collect();
        for held in held {
            if self.inheritance.locks[&held].0 == Some(thread) {
                let sleepers = self.sleepers(Queue::Inheriting(held)).clone();
                rank = sleepers.into_iter().map(|sleeper| self.rank(sleeper)).fold(rank, u8::max);
            }
        }
        self.set_rank(thread, rank);
        let core = self.threads[thread].core;
        if self.front(core).is_some_and(|front| front > rank) {
            self.make_room(core);
        }
        self.then(thread, &[Action::Wake(queue)]);
    }
}
