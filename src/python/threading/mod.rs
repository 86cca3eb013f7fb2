//! What the modules `threading` and `queue` do, built from locks alone, as their Python code is
//! (`Lib/threading.py`, `Lib/queue.py`).
//!
//! A call is a small state machine. Each step decides what its thread does next ([`Next`]): execute so many instructions
//! of library code, take or release a lock, make another call first. The engine carries the decision out and comes back
//! for the next step. While it executes library code a thread holds the GIL, if there is one, and a switch can come
//! within. A file here is one kind of object; objects are numbered by kind, from 0.

mod barrier;
mod condition;
mod event;
mod queue;
mod rlock;
mod semaphore;
mod thread;

use std::mem::Discriminant;

use crate::os::{Birth, ThreadId};
use crate::python::exception::Exception;
use barrier::Barrier;
use condition::Condition;
use event::Event;
use queue::Queue;
use rlock::RLock;
use semaphore::Semaphore;

/// A call of a method of an object, by the object's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `lock.acquire()`.
    Acquire(LockNumber),
    /// `lock.release()`.
    Release(LockNumber),
    /// `rlock.acquire()`.
    RLockAcquire(usize),
    /// `rlock.release()`.
    RLockRelease(usize),
    /// `semaphore.acquire()`.
    SemaphoreAcquire(usize),
    /// `semaphore.release()`.
    SemaphoreRelease(usize),
    /// `event.set()`.
    EventSet(usize),
    /// `event.clear()`.
    EventClear(usize),
    /// `event.wait()`.
    EventWait(usize),
    /// `condition.wait()`.
    ConditionWait(usize),
    /// `condition.notify()`.
    Notify(usize),
    /// `condition.notify_all()`.
    NotifyAll(usize),
    /// `queue.put(item)`.
    Put(usize),
    /// `queue.get()`.
    Get(usize),
    /// `barrier.wait()`.
    BarrierWait(usize),
    /// `thread.start()`: it returns when the new thread has begun.
    Start(ThreadId),
    /// What a started thread does before its program: it says that it has begun.
    Begin,
    /// What a thread that is waited for does after its program: it lets those go on that wait for its end.
    End,
    /// `thread.join()`.
    Join(ThreadId),
}

/// A call in progress: how far it has come is the number of its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    call: Call,
    step: u8,
}

impl Frame {
    /// A call that has not begun.
    pub fn new(call: Call) -> Frame {
        Frame { call, step: 0 }
    }

    /// What is called, but for the object.
    pub fn kind(&self) -> Discriminant<Call> {
        std::mem::discriminant(&self.call)
    }
}

/// The number of a lock.
pub type LockNumber = usize;

/// What a call decides that its thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Execute so many instructions of library code.
    Python(u64),
    /// Take a lock, waiting while it is held.
    Take(LockNumber),
    /// Release a lock.
    Release(LockNumber),
    /// Make another call first.
    Call(Call),
    /// Make a thread, or a process whose first thread this is, that can run at once.
    Start(ThreadId, Birth),
    /// Do what a thread or a process does before its program.
    Begins(Birth),
    /// Do what a process does after its program.
    Ends(Birth),
    /// See whether a thread can be joined: else raise.
    Joinable(ThreadId),
    /// The call has returned.
    Return,
    /// The call has raised an exception, which ends the program of the thread.
    Raise(Exception),
}

/// What comes of it that an exception leaves a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Take this lock first, waiting while it is held.
    Take(LockNumber),
    /// The call has been left. If the thread holds the lock of its object, which the call would have released, it is
    /// released.
    Left(Option<LockNumber>),
}

/// The instructions of a call of a method that is written in C: load the object and the method, call, drop the result.
pub const METHOD_CALL: u64 = 5;

/// Instructions of library code, counted by tracing the opcodes of CPython 3.11. Those of 3.7 to 3.13 differ by less
/// than a third, those of most calls by less than a tenth.
mod instructions {
    pub use super::METHOD_CALL;
    /// The call of a method that is written in Python, and the `with` on a lock within it, up to taking the lock.
    pub const ENTER: u64 = 20;
    /// From the release of that lock to the return.
    pub const LEAVE: u64 = 11;
}

/// All objects of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threading {
    locks: usize,
    inheriting: Vec<LockNumber>,
    rlocks: Vec<RLock>,
    semaphores: Vec<Semaphore>,
    events: Vec<Event>,
    conditions: Vec<Condition>,
    queues: Vec<Queue>,
    barriers: Vec<Barrier>,
    threads: Vec<thread::Thread>,
}

impl Threading {
    /// Adds what `threading` keeps of each thread, which comes into being like this.
    pub fn add_threads(&mut self, births: impl IntoIterator<Item = Birth>) {
        for birth in births {
            let (waiter, end, begun) = (self.add_lock(), self.add_lock(), self.add_event());
            self.threads.push(thread::Thread { waiter, end, begun, birth, saved_depth: 0 });
        }
    }

    /// All of this at the beginning of a run, with room for whatever comes: a run allocates nothing later.
    pub fn with_room(&self) -> Threading {
        let mut copy = self.clone();
        copy.conditions.iter_mut().for_each(|condition| condition.reserve(self.threads.len()));
        copy
    }

    /// A new lock that is free.
    pub fn add_lock(&mut self) -> LockNumber {
        self.locks += 1;
        self.locks - 1
    }

    /// From now on, the holder of `lock` has the priority of the most urgent thread that waits for it: it is no
    /// `threading.Lock` but a mutex of POSIX that some library brings (`PTHREAD_PRIO_INHERIT`). Only its holder may release it.
    pub fn let_inherit(&mut self, lock: LockNumber) {
        self.inheriting.push(lock);
    }

    /// Whether holders of `lock` inherit priorities.
    pub fn inherits(&self, lock: LockNumber) -> bool {
        self.inheriting.contains(&lock)
    }

    /// A new recursive lock that is free.
    pub fn add_rlock(&mut self) -> usize {
        let lock = self.add_lock();
        self.rlocks.push(RLock::new(lock));
        self.rlocks.len() - 1
    }

    /// A new condition with a recursive lock of its own, `threading.Condition()`: its number, and that of the lock.
    pub fn add_condition(&mut self) -> (usize, usize) {
        let rlock = self.add_rlock();
        self.conditions.push(Condition::new(self.rlocks[rlock].lock, Some(rlock)));
        (self.conditions.len() - 1, rlock)
    }

    /// A new condition over the lock of another object.
    fn add_inner_condition(&mut self, lock: LockNumber) -> usize {
        self.conditions.push(Condition::new(lock, None));
        self.conditions.len() - 1
    }

    /// A new semaphore of this value, which a bounded semaphore never exceeds.
    pub fn add_semaphore(&mut self, value: u64, bounded: bool) -> usize {
        let lock = self.add_lock();
        let condition = self.add_inner_condition(lock);
        self.semaphores.push(Semaphore::new(value, bounded, lock, condition));
        self.semaphores.len() - 1
    }

    /// A new event that is not set.
    pub fn add_event(&mut self) -> usize {
        let lock = self.add_lock();
        let condition = self.add_inner_condition(lock);
        self.events.push(Event::new(lock, condition));
        self.events.len() - 1
    }

    /// A new, empty queue for at most `capacity` items.
    pub fn add_queue(&mut self, capacity: Option<u64>) -> usize {
        let lock = self.add_lock();
        let not_empty = self.add_inner_condition(lock);
        let not_full = self.add_inner_condition(lock);
        self.queues.push(Queue::new(capacity, lock, not_empty, not_full));
        self.queues.len() - 1
    }

    /// A new barrier that `parties` threads pass together.
    pub fn add_barrier(&mut self, parties: u64) -> usize {
        let lock = self.add_lock();
        let condition = self.add_inner_condition(lock);
        self.barriers.push(Barrier::new(parties, lock, condition));
        self.barriers.len() - 1
    }

    /// How many locks there are; they are numbered from 0.
    pub fn locks(&self) -> usize {
        self.locks
    }

    /// The lock that each recursive lock is made of.
    pub fn rlocks(&self) -> impl Iterator<Item = LockNumber> {
        self.rlocks.iter().map(|rlock| rlock.lock)
    }

    /// The lock within each semaphore.
    pub fn semaphore_locks(&self) -> impl Iterator<Item = LockNumber> {
        self.semaphores.iter().map(|semaphore| semaphore.lock)
    }

    /// The lock within each event.
    pub fn event_locks(&self) -> impl Iterator<Item = LockNumber> {
        self.events.iter().map(|event| event.lock)
    }

    /// The lock within each queue.
    pub fn queue_locks(&self) -> impl Iterator<Item = LockNumber> {
        self.queues.iter().map(|queue| queue.lock)
    }

    /// The lock within each barrier.
    pub fn barrier_locks(&self) -> impl Iterator<Item = LockNumber> {
        self.barriers.iter().map(|barrier| barrier.lock)
    }

    /// The value of each semaphore, and whether it is bounded.
    pub fn semaphores(&self) -> impl Iterator<Item = (u64, bool)> {
        self.semaphores.iter().map(|semaphore| (semaphore.value, semaphore.bound.is_some()))
    }

    /// How many events there are.
    pub fn events(&self) -> usize {
        self.events.len()
    }

    /// The lock of each condition.
    pub fn conditions(&self) -> impl Iterator<Item = LockNumber> {
        self.conditions.iter().map(|condition| condition.lock)
    }

    /// The capacity of each queue.
    pub fn queues(&self) -> impl Iterator<Item = Option<u64>> {
        self.queues.iter().map(|queue| queue.capacity)
    }

    /// How many threads pass each barrier together.
    pub fn barriers(&self) -> impl Iterator<Item = u64> {
        self.barriers.iter().map(|barrier| barrier.parties)
    }

    /// The locks that are held from the beginning, by nobody: nobody has been notified, and no thread has ended.
    pub fn held_at_first(&self) -> impl Iterator<Item = LockNumber> {
        self.threads.iter().flat_map(|thread| [thread.waiter, thread.end])
    }

    /// The thread for whose end a lock stands, if it stands for one.
    pub fn ended_by(&self, lock: LockNumber) -> Option<ThreadId> {
        self.threads.iter().position(|thread| thread.end == lock)
    }

    /// Whether a thread waits on this lock to be notified: then anybody may release it.
    pub fn is_notified_on(&self, lock: LockNumber) -> bool {
        self.threads.iter().any(|thread| thread.waiter == lock)
    }

    /// The lock of the condition that somebody waits on this lock to be notified of.
    pub fn notified_of(&self, waiter: LockNumber) -> Option<LockNumber> {
        self.conditions.iter().find(|condition| condition.has(waiter)).map(|condition| condition.lock)
    }

    /// Whether a thread that was started by another has said that it has begun.
    pub fn has_begun(&self, thread: ThreadId) -> bool {
        self.events[self.threads[thread].begun].is_set
    }

    /// Whether `thread`, in such a step of a call of a condition, holds its lock: it is asked at first.
    fn owns(&self, thread: ThreadId, condition: usize, step: u8) -> bool {
        let rlock = self.conditions[condition].rlock;
        step > 1 || rlock.is_none_or(|rlock| self.rlocks[rlock].is_owned_by(thread))
    }

    fn condition_wait(&mut self, thread: ThreadId, condition: usize, step: u8) -> Next {
        let condition = &mut self.conditions[condition];
        if let Some(rlock) = condition.rlock {
            let rlock = &mut self.rlocks[rlock];
            match step {
                1 => self.threads[thread].saved_depth = rlock.release_save(),
                4 => rlock.acquire_restore(thread, self.threads[thread].saved_depth),
                _ => {}
            }
        }
        condition.wait(self.threads[thread].waiter, step)
    }

    /// An exception leaves `thread`'s call (the `with` and `finally` in `Lib/threading.py` and `Lib/queue.py`).
    pub fn leave(&mut self, thread: ThreadId, frame: &mut Frame) -> Leave {
        let guard = match frame.call {
            Call::SemaphoreAcquire(semaphore) | Call::SemaphoreRelease(semaphore) => {
                Some(self.semaphores[semaphore].lock)
            }
            Call::EventSet(event) | Call::EventClear(event) | Call::EventWait(event) => {
                Some(self.events[event].lock)
            }
            Call::Put(queue) | Call::Get(queue) => Some(self.queues[queue].lock),
            Call::BarrierWait(barrier) => Some(self.barriers[barrier].lock),
            Call::ConditionWait(condition) => return self.leave_wait(thread, condition, frame),
            _ => None,
        };
        Leave::Left(guard)
    }

    /// Who waits for a notification takes the lock of the condition back before it leaves.
    fn leave_wait(&mut self, thread: ThreadId, condition: usize, frame: &mut Frame) -> Leave {
        let condition = &mut self.conditions[condition];
        match frame.step {
            condition::WAITING | condition::TAKES_BACK => {
                condition.forget(self.threads[thread].waiter);
                frame.step = condition::LEAVING;
                Leave::Take(condition.lock)
            }
            condition::LEAVING => {
                if let Some(rlock) = condition.rlock {
                    self.rlocks[rlock].acquire_restore(thread, self.threads[thread].saved_depth);
                }
                Leave::Left(None)
            }
            _ => Leave::Left(None),
        }
    }

    /// The next step of `thread`'s call.
    pub fn step(&mut self, thread: ThreadId, frame: &mut Frame) -> Next {
        let step = frame.step;
        frame.step += 1;
        match frame.call {
            Call::Acquire(lock) => after_call(step, Next::Take(lock)),
            Call::Release(lock) => after_call(step, Next::Release(lock)),
            Call::RLockAcquire(rlock) => self.rlocks[rlock].acquire(thread, step),
            Call::RLockRelease(rlock) => self.rlocks[rlock].release(thread, step),
            Call::SemaphoreAcquire(semaphore) => self.semaphores[semaphore].acquire(frame),
            Call::SemaphoreRelease(semaphore) => self.semaphores[semaphore].release(frame),
            Call::EventSet(event) => self.events[event].set(step),
            Call::EventClear(event) => self.events[event].clear(step),
            Call::EventWait(event) => self.events[event].wait(frame),
            Call::ConditionWait(condition) if self.owns(thread, condition, step) => {
                self.condition_wait(thread, condition, step)
            }
            Call::ConditionWait(_) => unowned(step, Exception::WaitUnacquired),
            Call::Notify(condition) if self.owns(thread, condition, step) => {
                self.conditions[condition].notify(step)
            }
            Call::NotifyAll(condition) if self.owns(thread, condition, step) => {
                self.conditions[condition].notify_all(frame)
            }
            Call::Notify(_) | Call::NotifyAll(_) => unowned(step, Exception::NotifyUnacquired),
            Call::Put(queue) => self.queues[queue].put(frame),
            Call::Get(queue) => self.queues[queue].get(frame),
            Call::BarrierWait(barrier) => self.barriers[barrier].wait(frame),
            Call::Start(other) => self.threads[other].start(other, step),
            Call::Begin => self.threads[thread].begin(step),
            Call::End => self.threads[thread].end(step),
            Call::Join(other) => self.threads[other].join(other, step),
        }
    }
}

/// What a method of a condition does whose lock its caller does not hold: it looks (`_is_owned`), and raises.
fn unowned(step: u8, exception: Exception) -> Next {
    after_call(step, Next::Raise(exception))
}

/// A method written in C: the call, and what it does.
fn after_call(step: u8, action: Next) -> Next {
    match step {
        0 => Next::Python(instructions::METHOD_CALL),
        1 => action,
        _ => Next::Return,
    }
}
