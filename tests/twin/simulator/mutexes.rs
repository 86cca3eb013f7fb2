//! `PyMutex` (section 4 of the rules).

use std::collections::{BTreeMap, VecDeque};

use gilsim::des::{Span, Time};
use gilsim::sim::Model;
use gilsim::trace::ThreadState;

use super::calls::Library;
use super::objects::Action::{self, SemaphoreRaise, SemaphoreTry, Spend};
use super::objects::PARKED;
use super::signals::Again;
use super::{Cost, World};

/// What comes next with the mutex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mutex {
    Look,
    Waits(u32),
    Ask,
    Park,
    /// It holds the lock, or has to wait.
    Tried,
    /// It has waited.
    Handed,
    Woken,
    Free,
    Unpark,
    HandOver,
}

#[derive(Default)]
struct PyMutex {
    held: bool,
    parked: bool,
    queue: VecDeque<usize>,
}

pub struct Mutexes {
    /// Those that something has been done with, or that are held at first.
    mutexes: BTreeMap<usize, PyMutex>,
    fair_times: Vec<Option<Time>>,
    handed: Vec<bool>,
}

impl Mutexes {
    pub fn new(model: &Model) -> Mutexes {
        let held = model.threading.held_at_first();
        Mutexes {
            mutexes: held.map(|lock| (lock, PyMutex { held: true, ..PyMutex::default() })).collect(),
            fair_times: vec![None; model.threads.len()],
            handed: vec![false; model.threads.len()],
        }
    }
}

impl World<'_> {
    pub fn try_mutex(&mut self, thread: usize, lock: usize) {
        let look = [Spend(Cost::LockOperation), Action::Library(Library::Mutex(Mutex::Look, lock))];
        self.with_lock(thread, &look, &[Library::Mutex(Mutex::Tried, lock)]);
    }

    pub fn free_mutex(&mut self, thread: usize, lock: usize) {
        let free = [Spend(Cost::LockOperation), Action::Library(Library::Mutex(Mutex::Free, lock))];
        self.with_lock(thread, &free, &[]);
    }

    /// The thread waits for no mutex any more.
    pub fn stops_parking(&mut self, thread: usize) {
        self.mutexes.fair_times[thread] = None;
        for mutex in self.mutexes.mutexes.values_mut() {
            mutex.queue.retain(|other| *other != thread);
        }
    }

    pub fn mutex_part(&mut self, thread: usize, part: Mutex, lock: usize) {
        let and_then = |part| Action::Library(Library::Mutex(part, lock));
        let (operation, atomic) = (Spend(Cost::LockOperation), Spend(Cost::AtomicOperation));
        let now = self.now;
        let of_kind = if self.is_of_an_object(lock) {
            self.model.object_locks
        } else {
            self.model.threading_lock.spins()
        };
        let Mutexes { mutexes, fair_times, handed } = &mut self.mutexes;
        let mutex = mutexes.entry(lock).or_default();
        match part {
            Mutex::Look | Mutex::Ask if !mutex.held => {
                mutex.held = true;
                fair_times[thread] = None;
                self.is_held_by(thread, lock);
            }
            Mutex::Look => {
                let spins = if mutex.parked { 0 } else { of_kind.expect("it is a mutex") };
                self.then(thread, &[Spend(Cost::ClockRead), and_then(Mutex::Waits(spins))]);
            }
            Mutex::Waits(spins) => {
                fair_times[thread] = Some(now + Span::from_millis(1));
                self.then(thread, &[atomic, and_then(Mutex::Ask)]);
                (0..spins).for_each(|_| self.then(thread, &[Spend(Cost::SystemCall)]));
            }
            Mutex::Ask => {
                mutex.parked = true;
                self.then(thread, &[operation, and_then(Mutex::Park)]);
            }
            Mutex::Park if mutex.held && mutex.parked => mutex.queue.push_back(thread),
            Mutex::Park => self.then(thread, &[atomic, and_then(Mutex::Ask)]),
            Mutex::Tried if fair_times[thread].is_none() => {}
            Mutex::Tried => self.waits_for_mutex(thread, lock),
            Mutex::Handed => {
                if std::mem::take(&mut handed[thread]) {
                    fair_times[thread] = None;
                    self.is_held_by(thread, lock);
                }
            }
            Mutex::Woken if fair_times[thread].is_none() => {}
            Mutex::Woken => {
                let tried = [Library::Mutex(Mutex::Tried, lock)];
                self.with_lock(thread, &[atomic, and_then(Mutex::Ask)], &tried);
            }
            Mutex::Free if !mutex.parked => mutex.held = false,
            Mutex::Free => self.then(thread, &[operation, and_then(Mutex::Unpark)]),
            Mutex::Unpark => self.then(thread, &[Spend(Cost::ClockRead), and_then(Mutex::HandOver)]),
            Mutex::HandOver => {
                let first = mutex.queue.pop_front();
                mutex.parked = !mutex.queue.is_empty();
                mutex.held = first.is_some_and(|first| fair_times[first].is_some_and(|fair| fair < now));
                if let Some(first) = first {
                    handed[first] = mutex.held;
                    self.then(thread, &[operation, SemaphoreRaise(PARKED + first)]);
                }
            }
        }
    }

    fn waits_for_mutex(&mut self, thread: usize, lock: usize) {
        let wait = [
            Spend(Cost::LockOperation),
            SemaphoreTry(PARKED + thread),
            Action::Library(Library::Mutex(Mutex::Handed, lock)),
        ];
        self.then(thread, &[Action::Library(Library::Mutex(Mutex::Woken, lock))]);
        if self.has_lock(thread) {
            self.without_lock(thread, ThreadState::BlockedOnLock, &wait);
        } else {
            self.without_a_gil(thread, &wait);
        }
        self.threads[thread].program.again = Some(Again::Take(lock));
    }
}
