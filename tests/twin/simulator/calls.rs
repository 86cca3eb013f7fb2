//! Locks of the program, library code and shared variables (sections 4 and 6a of the rules).

use std::collections::VecDeque;

use gilsim::des::Span;
use gilsim::os::Birth;
use gilsim::os::machine::Platform;
use gilsim::python::exception::Exception;
use gilsim::python::interpreter::{GilConfig, ThreadingLock};
use gilsim::python::program::Step;
use gilsim::python::threading::{Call, Threading};
use gilsim::sim::Model;
use gilsim::trace::ThreadState;

use super::inheritance::Inherit;
use super::kernel::Mode;
use super::mutexes::Mutex;
use super::objects::Action::{
    self, ConditionSignal, ConditionWait, MutexLock, MutexUnlock, SemaphoreRaise, SemaphoreTry, Spend,
};
use super::objects::OF_PROGRAM;
use super::program::{Code, Do, show};
use super::sched::Entry;
use super::signals::{Again, Signal};
use super::world::Stop;
use super::{Cost, World};

/// What library code does next. A number is that of a lock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Library {
    Do(Call),
    /// The part of a call that has this number.
    Part(Call, u8),
    Python(u64),
    Take(usize),
    /// It has tried.
    Tried(usize),
    Free(usize),
    /// The lock itself is looked at, or changed.
    LookAtFlag(usize),
    TryFlag(usize),
    FlagOff(usize),
    Start(usize),
    /// The first thread of a process that has been made.
    /// C code that keeps the lock for as long as this costs.
    Hold(Cost),
    /// The lock has been taken.
    Held(usize),
    Joinable(usize),
    Mutex(Mutex, usize),
    Inherit(Inherit, usize),
}

/// All objects of the program, by number. The lock and conditions of each have numbers of their own.
pub struct Program {
    threading: Threading,
    /// The core that executed each piece of an interpreter's code last.
    pub code: Vec<((usize, Code), usize)>,
    /// How many locks there are before those that objects have of their own.
    of_threading: usize,
    flags: Vec<bool>,
    /// Which locks are held, from the end of a taking to the beginning of a releasing.
    held: Vec<bool>,
    /// Who took each last, and has not released it.
    holders: Vec<Option<usize>>,
    /// How often each thread held the lock of the condition that it waits for.
    saved_depths: Vec<u64>,
    rlocks: Vec<(Option<usize>, u64)>,
    /// For each condition, its lock and its queue of waiter locks.
    conditions: Vec<(usize, VecDeque<usize>)>,
    semaphores: Vec<Semaphore>,
    events: Vec<Event>,
    queues: Vec<Queue>,
    barriers: Vec<Barrier>,
    /// For each thread, its waiter lock, its end lock and its begun event.
    of_threads: Vec<(usize, usize, usize)>,
    started: Vec<bool>,
}

struct Semaphore {
    value: u64,
    first_value: u64,
    bounded: bool,
    condition: usize,
}

struct Event {
    is_set: bool,
    condition: usize,
}

struct Queue {
    items: u64,
    capacity: Option<u64>,
    not_empty: usize,
    not_full: usize,
}

struct Barrier {
    parties: u64,
    count: u64,
    draining: bool,
    condition: usize,
}

impl Program {
    pub fn new(model: &Model) -> Program {
        let threading = model.threading.clone();
        let mut locks = threading.locks();
        let mut conditions: Vec<_> = threading.conditions().map(|lock| (lock, VecDeque::new())).collect();
        let mut new_lock = || {
            locks += 1;
            locks - 1
        };
        let mut new_condition = |lock| {
            conditions.push((lock, VecDeque::new()));
            conditions.len() - 1
        };
        let semaphores = threading.semaphores().map(|(value, bounded)| Semaphore {
            value,
            first_value: value,
            bounded,
            condition: new_condition(new_lock()),
        });
        let semaphores = semaphores.collect();
        let events = (0..threading.events())
            .map(|_| Event { is_set: false, condition: new_condition(new_lock()) })
            .collect();
        let queues = threading.queues().map(|capacity| {
            let lock = new_lock();
            Queue { items: 0, capacity, not_empty: new_condition(lock), not_full: new_condition(lock) }
        });
        let queues = queues.collect();
        let barriers = threading.barriers().map(|parties| Barrier {
            parties,
            count: 0,
            draining: false,
            condition: new_condition(new_lock()),
        });
        let barriers = barriers.collect();
        let held: Vec<usize> = threading.held_at_first().collect();
        let begun = threading.events() - held.len() / 2;
        let of_thread = |(thread, locks): (usize, &[usize])| (locks[0], locks[1], begun + thread);
        let of_threads = held.chunks(2).enumerate().map(of_thread).collect();
        let mut flags = vec![false; locks];
        held.into_iter().for_each(|lock| flags[lock] = true);
        let of_threading = flags.len();
        flags.extend(model.shared_objects.iter().map(|_| false));
        Program {
            code: Vec::new(),
            of_threading,
            rlocks: vec![(None, 0); threading.rlocks().count()],
            threading,
            held: flags.clone(),
            holders: vec![None; flags.len()],
            flags,
            saved_depths: vec![0; model.threads.len()],
            conditions,
            semaphores,
            events,
            queues,
            barriers,
            of_threads,
            started: vec![false; model.threads.len()],
        }
    }
}

/// What it costs to make a thread, to begin and to end it.
const OF_THREADS: [Cost; 3] = [Cost::ThreadStart, Cost::ThreadBegin, Cost::ThreadEnd];

use Library::*;

impl World<'_> {
    /// Pushes parts of library code.
    fn next(&mut self, thread: usize, parts: &[Library]) {
        let actions: Vec<Action> = parts.iter().copied().map(Action::Library).collect();
        self.then(thread, &actions);
    }

    pub fn variable_step(&mut self, thread: usize, step: &Step) {
        self.variable_moves(thread, step);
        let counter = &mut self.threads[thread].program;
        match *step {
            Step::Load { variable } => {
                counter.remembered = (self.variables[variable].value, self.variables[variable].stores);
            }
            Step::Store { variable, change } => {
                let variable = &mut self.variables[variable];
                variable.value = counter.remembered.0.wrapping_add(change);
                variable.overwritten += u64::from(variable.stores != counter.remembered.1);
                variable.stores += 1;
                variable.expected = variable.expected.wrapping_add(change);
            }
            _ => unreachable!("{step:?} is about no variable"),
        }
    }

    /// Where no GIL exists, a load waits for a variable that others have stored, and a store takes it away from them.
    fn variable_moves(&mut self, thread: usize, step: &Step) {
        let core = self.threads[thread].core;
        let (Step::Load { variable } | Step::Store { variable, .. }) = *step else { return };
        if self.model.gil != GilConfig::None {
            return;
        }
        let number = self.model.shared_objects.len() + variable;
        let has_line =
            self.counts[number].is_empty() || self.visit_that_lasts(number, core, Span::ZERO).is_some();
        if matches!(step, Step::Store { .. }) {
            self.copies[variable].clear();
            if !has_line || self.counts[number].is_empty() {
                self.word_visits(number, core);
            }
        } else if !has_line && !self.copies[variable].contains(&core) {
            self.copies[variable].push(core);
            let span = self.cost(Cost::CacheLine);
            self.then(thread, &[Action::Program(Do::Work(Mode::User, span))]);
        }
    }

    pub fn library(&mut self, thread: usize, part: Library) {
        let darwin = self.model.machine.platform == Platform::Darwin;
        match part {
            Do(call) => {
                self.threads[thread].program.calls.push((call, false));
                self.then(thread, &[Action::Signal(Signal::Returned)]);
                self.part(thread, call, 0);
            }
            Part(call, number) => self.part(thread, call, number),
            Python(count) => {
                let (stretch, instruction) = self.model.library;
                self.begin_run(thread, stretch, gilsim::des::Span::ZERO, instruction * count);
                let counter = &mut self.threads[thread].program;
                counter.run.code =
                    counter.calls.last().map(|(call, _)| Code::Call(std::mem::discriminant(call), count));
                counter.run.instructions = count;
            }
            Library::Mutex(part, lock) => self.mutex_part(thread, part, lock),
            Library::Inherit(part, lock) => self.inherit_part(thread, part, lock),
            Take(lock) if self.is_mutex(lock) => {
                self.try_mutex(thread, lock);
            }
            Take(lock) if self.has_lock(thread) && self.model.lock_tries_first => {
                let trying = if darwin {
                    vec![MutexLock(OF_PROGRAM + lock), Action::Library(TryFlag(lock))]
                } else {
                    vec![Spend(Cost::LockOperation), Action::Library(TryFlag(lock))]
                };
                self.with_lock(thread, &trying, &[Tried(lock)]);
            }
            Take(lock) if self.has_lock(thread) => self.take_without_gil(thread, lock),
            Take(lock) => {
                let take = self.taking(lock);
                self.without_a_gil(thread, &take);
                self.threads[thread].program.again = Some(Again::Take(lock));
            }
            Tried(lock) => {
                if self.threads[thread].program.refused {
                    self.take_without_gil(thread, lock);
                } else {
                    self.is_held_by(thread, lock);
                }
            }
            Free(lock) if !self.program.held[lock] => self.raise(thread, Exception::ReleaseUnlocked),
            Free(lock) if self.inherits(lock) && !self.is_holder(thread, lock) => {
                self.raise(thread, Exception::ReleaseUnacquired);
            }
            Free(lock) if self.inherits(lock) => {
                self.program.held[lock] = false;
                self.program.holders[lock] = None;
                let free = Action::Library(Library::Inherit(Inherit::Free, lock));
                self.with_lock(thread, &[Spend(Cost::LockOperation), free], &[]);
            }
            Free(lock) if self.is_mutex(lock) => {
                self.program.held[lock] = false;
                self.program.holders[lock] = None;
                self.free_mutex(thread, lock);
            }
            Free(lock) if darwin => {
                self.program.held[lock] = false;
                self.program.holders[lock] = None;
                let number = OF_PROGRAM + lock;
                let flag_off = Action::Library(FlagOff(lock));
                let release = [MutexLock(number), flag_off, MutexUnlock(number), ConditionSignal(number)];
                self.with_lock(thread, &release, &[]);
            }
            Free(lock) => {
                self.program.held[lock] = false;
                self.program.holders[lock] = None;
                let release = [Spend(Cost::LockOperation), SemaphoreRaise(OF_PROGRAM + lock)];
                self.with_lock(thread, &release, &[]);
            }
            FlagOff(lock) => self.program.flags[lock] = false,
            LookAtFlag(lock) => {
                let number = OF_PROGRAM + lock;
                if self.program.flags[lock] {
                    self.then(thread, &[ConditionWait(number, None), Action::Library(LookAtFlag(lock))]);
                } else {
                    self.program.flags[lock] = true;
                    self.then(thread, &[MutexUnlock(number)]);
                }
            }
            TryFlag(lock) if self.inherits(lock) => {
                self.threads[thread].program.refused = !self.try_inheriting(thread, lock);
            }
            TryFlag(lock) if darwin => {
                self.threads[thread].program.refused = self.program.flags[lock];
                self.program.flags[lock] = true;
                self.then(thread, &[MutexUnlock(OF_PROGRAM + lock)]);
            }
            TryFlag(lock) => {
                let taken = self.try_semaphore(thread, OF_PROGRAM + lock);
                self.threads[thread].program.refused = !taken;
            }
            Start(other) => {
                self.begin_program(other);
                self.make_ready(other, Entry::Started);
                self.then(thread, &[Spend(Cost::Reach)]);
            }
            Hold(cost) => {
                let span = self.cost(cost);
                self.computes_in_c(thread, span);
            }
            Held(lock) => self.is_held_by(thread, lock),
            Joinable(other) => {
                let (_, _, begun) = self.program.of_threads[other];
                let has_begun = match self.process_costs(other) {
                    Some(_) => self.program.started[other],
                    None => self.program.events[begun].is_set,
                };
                if self.model.threads[other].started_by_step && !has_begun {
                    self.raise(thread, Exception::JoinedBeforeStart);
                } else if other == thread {
                    self.raise(thread, Exception::JoinedItself);
                }
            }
        }
    }

    /// The lock that a shared object has of its own.
    pub fn lock_of(&self, object: usize) -> usize {
        self.program.of_threading + object
    }

    pub fn is_of_an_object(&self, lock: usize) -> bool {
        lock >= self.program.of_threading
    }

    fn is_mutex(&self, lock: usize) -> bool {
        !self.inherits(lock)
            && (self.is_of_an_object(lock) || self.model.threading_lock != ThreadingLock::Platform)
    }

    pub fn is_held_by(&mut self, thread: usize, lock: usize) {
        self.program.held[lock] = true;
        self.program.holders[lock] = Some(thread);
    }

    pub fn is_holder(&self, thread: usize, lock: usize) -> bool {
        self.program.holders[lock] == Some(thread)
    }

    fn rlock_of(&self, condition: usize) -> Option<usize> {
        let (lock, _) = self.program.conditions[condition];
        self.program.threading.rlocks().position(|of_rlock| of_rlock == lock)
    }

    /// After `wait()`, the lock of the condition is owned as before.
    pub fn owns_again(&mut self, thread: usize, condition: usize) {
        if let Some(rlock) = self.rlock_of(condition) {
            self.program.rlocks[rlock] = (Some(thread), self.program.saved_depths[thread]);
        }
    }

    /// An exception leaves `wait()`: nobody is to notify the thread any more. Gives the lock of the condition.
    pub fn gives_up_waiting(&mut self, thread: usize, condition: usize) -> usize {
        let (waiter, _, _) = self.program.of_threads[thread];
        let (lock, queue) = &mut self.program.conditions[condition];
        queue.retain(|other| *other != waiter);
        *lock
    }

    /// The lock within an object, which a call of it holds for some time.
    pub fn guard_of(&self, call: Call) -> Option<usize> {
        let condition = match call {
            Call::SemaphoreAcquire(it) | Call::SemaphoreRelease(it) => self.program.semaphores[it].condition,
            Call::EventSet(it) | Call::EventClear(it) | Call::EventWait(it) => {
                self.program.events[it].condition
            }
            Call::Put(it) | Call::Get(it) => self.program.queues[it].not_empty,
            Call::BarrierWait(it) => self.program.barriers[it].condition,
            _ => return None,
        };
        Some(self.program.conditions[condition].0)
    }

    fn taking(&self, lock: usize) -> Vec<Action> {
        let (number, held) = (OF_PROGRAM + lock, Action::Library(Held(lock)));
        match self.model.machine.platform {
            _ if self.inherits(lock) => {
                vec![Spend(Cost::LockOperation), Action::Library(Library::Inherit(Inherit::Take, lock)), held]
            }
            Platform::Darwin => vec![MutexLock(number), Action::Library(LookAtFlag(lock)), held],
            Platform::Linux => vec![Spend(Cost::LockOperation), SemaphoreTry(number), held],
        }
    }

    fn take_without_gil(&mut self, thread: usize, lock: usize) {
        let take = self.taking(lock);
        self.without_lock(thread, ThreadState::BlockedOnLock, &take);
        self.threads[thread].program.again = Some(Again::Take(lock));
    }

    /// Takes a lock where there is no GIL to give up: nothing is seen of that.
    pub fn without_a_gil(&mut self, thread: usize, does: &[Action]) {
        let shows = self.computing(thread);
        self.then(thread, &[Action::World(Stop::Attach)]);
        self.threads[thread].program.floor = self.threads[thread].actions.len();
        self.then(thread, does);
        self.then(thread, &[Action::World(Stop::Detach), show(shows, ThreadState::BlockedOnLock)]);
    }

    /// Does something that keeps the GIL, if there is one.
    pub fn with_lock(&mut self, thread: usize, does: &[Action], then: &[Library]) {
        let shows = self.computing(thread);
        self.next(thread, then);
        self.then(thread, &[show(shows, ThreadState::WaitsForGil)]);
        self.then(thread, does);
        self.then(thread, &[show(shows, ThreadState::BlockedOnLock)]);
    }

    fn part(&mut self, thread: usize, call: Call, number: u8) {
        match call {
            Call::Acquire(lock) => self.next(thread, &[Python(5), Take(lock)]),
            Call::Release(lock) => self.next(thread, &[Python(5), Free(lock)]),
            Call::RLockAcquire(rlock) | Call::RLockRelease(rlock) => self.rlock(thread, rlock, call, number),
            Call::ConditionWait(condition) | Call::Notify(condition) | Call::NotifyAll(condition) => {
                self.condition_call(thread, condition, call, number);
            }
            Call::SemaphoreAcquire(semaphore) | Call::SemaphoreRelease(semaphore) => {
                self.semaphore_call(thread, semaphore, call, number);
            }
            Call::EventSet(event) | Call::EventClear(event) | Call::EventWait(event) => {
                self.event_call(thread, event, call, number);
            }
            Call::Put(queue) | Call::Get(queue) => self.queue_call(thread, queue, call, number),
            Call::BarrierWait(barrier) => self.barrier(thread, barrier, call, number),
            Call::Start(other) if number == 0 && self.process_costs(other).is_some() => {
                self.next(thread, &[Python(227), Part(call, 1)]);
            }
            Call::Start(_) if number == 0 => self.next(thread, &[Python(60), Part(call, 1)]),
            Call::Start(other) if self.program.started[other] => {
                self.raise(thread, Exception::StartedTwice);
            }
            Call::Start(other) => {
                self.program.started[other] = true;
                let [making, ..] = self.process_costs(other).unwrap_or(OF_THREADS);
                let start = [Spend(Cost::SystemCall), Spend(making), Action::Library(Start(other))];
                let (_, _, begun) = self.program.of_threads[other];
                let wait = [Do(Call::EventWait(begun))];
                self.with_lock(thread, &start, if self.process_costs(other).is_some() { &[] } else { &wait });
            }
            Call::Begin => {
                if let Some([_, begin, _]) = self.process_costs(thread) {
                    return self.next(thread, &[Hold(begin)]);
                }
                let (_, _, begun) = self.program.of_threads[thread];
                let [_, begin, _] = OF_THREADS;
                self.next(thread, &[Hold(begin), Python(60), Do(Call::EventSet(begun))]);
            }
            Call::End => {
                let (_, end, _) = self.program.of_threads[thread];
                if let Some([.., ending]) = self.process_costs(thread) {
                    return self.next(thread, &[Hold(ending), Free(end)]);
                }
                self.next(thread, &[Python(40), Free(end)]);
            }
            Call::Join(other) => {
                let (_, end, _) = self.program.of_threads[other];
                let call = if self.process_costs(other).is_some() { 83 } else { 30 };
                self.next(thread, &[Python(call), Joinable(other), Take(end), Free(end)]);
            }
        }
    }

    /// Whether the kernel has something to do for it after its program.
    pub fn is_taken_apart(&self, thread: usize) -> bool {
        self.model.threads[thread].announced && self.process_costs(thread).is_none()
    }

    /// What it costs to make the process of which this is the first thread, to begin and to end it; if it is such a thread.
    fn process_costs(&self, thread: usize) -> Option<[Cost; 3]> {
        match self.model.threads[thread].birth {
            Birth::Thread => None,
            Birth::Fork => Some([Cost::ForkStart, Cost::ForkBegin, Cost::ForkEnd]),
            Birth::Spawn => Some([Cost::SpawnStart, Cost::SpawnBegin, Cost::SpawnEnd]),
        }
    }

    fn rlock(&mut self, thread: usize, rlock: usize, call: Call, number: u8) {
        let lock = self.program.threading.rlocks().nth(rlock).expect("it exists");
        let (owner, depth) = &mut self.program.rlocks[rlock];
        match (call, number) {
            (_, 0) => self.next(thread, &[Python(5), Part(call, 1)]),
            (Call::RLockAcquire(_), 1) if *owner == Some(thread) => *depth += 1,
            (Call::RLockAcquire(_), 1) => self.next(thread, &[Take(lock), Part(call, 2)]),
            (Call::RLockAcquire(_), _) => (*owner, *depth) = (Some(thread), 1),
            (_, _) if *owner != Some(thread) => {
                self.raise(thread, Exception::ReleaseUnacquired);
            }
            (_, _) if *depth > 1 => *depth -= 1,
            (_, _) => {
                (*owner, *depth) = (None, 0);
                self.next(thread, &[Free(lock)]);
            }
        }
    }

    fn condition_call(&mut self, thread: usize, condition: usize, call: Call, number: u8) {
        let (lock, queue) = &mut self.program.conditions[condition];
        let lock = *lock;
        let rlock = self.program.threading.rlocks().position(|of_rlock| of_rlock == lock);
        let owns = |owner: Option<usize>| owner == Some(thread);
        match (call, number) {
            (_, 0) if rlock.is_some_and(|rlock| !owns(self.program.rlocks[rlock].0)) => {
                let exception = match call {
                    Call::ConditionWait(_) => Exception::WaitUnacquired,
                    _ => Exception::NotifyUnacquired,
                };
                self.then(thread, &[Action::Library(Python(5)), raising(exception)]);
            }
            (Call::ConditionWait(_), 2) => self.owns_again(thread, condition),
            (Call::ConditionWait(_), 0) => self.next(thread, &[Python(45), Part(call, 1)]),
            (Call::ConditionWait(_), _) => {
                let (waiter, _, _) = self.program.of_threads[thread];
                queue.push_back(waiter);
                if let Some(rlock) = rlock {
                    self.program.saved_depths[thread] = self.program.rlocks[rlock].1;
                    self.program.rlocks[rlock] = (None, 0);
                }
                let waits = |waits| Action::Signal(Signal::Waits(waits));
                self.next(thread, &[Part(call, 2), Python(29)]);
                self.then(thread, &[Action::Library(Take(lock)), waits(false)]);
                self.then(thread, &[Action::Library(Free(lock)), waits(true), Action::Library(Take(waiter))]);
            }
            (Call::Notify(_), 0) => {
                let instructions = if queue.is_empty() { 17 } else { 57 };
                self.next(thread, &[Python(instructions), Part(call, 1)]);
            }
            (Call::NotifyAll(_), 0) => self.next(thread, &[Python(25), Part(call, 1)]),
            (_, _) => {
                let first = queue.pop_front();
                if let (Call::NotifyAll(_), Some(_)) = (call, first) {
                    self.next(thread, &[Part(call, 1)]);
                }
                if let Some(waiter) = first {
                    self.next(thread, &[Free(waiter)]);
                }
            }
        }
    }

    fn semaphore_call(&mut self, thread: usize, semaphore: usize, call: Call, number: u8) {
        let semaphore = &mut self.program.semaphores[semaphore];
        let condition = semaphore.condition;
        let (lock, _) = self.program.conditions[condition];
        match (call, number) {
            (_, 0) => self.next(thread, &[Python(20), Take(lock), Part(call, 1)]),
            (Call::SemaphoreAcquire(_), _) if semaphore.value == 0 => {
                self.next(thread, &[Do(Call::ConditionWait(condition)), Part(call, 1)]);
            }
            (Call::SemaphoreAcquire(_), _) => {
                semaphore.value -= 1;
                self.next(thread, &[Python(20), Free(lock), Python(11)]);
            }
            (_, _) if semaphore.bounded && semaphore.value == semaphore.first_value => {
                self.then(thread, &[Action::Library(Free(lock)), raising(Exception::ReleasedTooOften)]);
            }
            (_, _) => {
                semaphore.value += 1;
                let notify = Do(Call::Notify(condition));
                self.next(thread, &[Python(30), notify, Free(lock), Python(11)]);
            }
        }
    }

    fn event_call(&mut self, thread: usize, event: usize, call: Call, number: u8) {
        let event = &mut self.program.events[event];
        let condition = event.condition;
        let (lock, _) = self.program.conditions[condition];
        let does = match (call, number) {
            (_, 0) => return self.next(thread, &[Python(20), Take(lock), Part(call, 1)]),
            (Call::EventSet(_), _) => {
                event.is_set = true;
                vec![Do(Call::NotifyAll(condition))]
            }
            (Call::EventClear(_), _) => {
                event.is_set = false;
                vec![]
            }
            (_, _) if event.is_set => vec![Python(5)],
            (_, _) => vec![Do(Call::ConditionWait(condition))],
        };
        self.next(thread, &[Free(lock), Python(11)]);
        self.next(thread, &does);
    }

    fn queue_call(&mut self, thread: usize, queue: usize, call: Call, number: u8) {
        let queue = &mut self.program.queues[queue];
        let (not_empty, not_full) = (queue.not_empty, queue.not_full);
        let (lock, _) = self.program.conditions[not_empty];
        let is_put = matches!(call, Call::Put(_));
        let must_wait = if is_put { queue.capacity == Some(queue.items) } else { queue.items == 0 };
        match number {
            0 => self.next(thread, &[Python(20), Take(lock), Part(call, 1)]),
            1 if must_wait => {
                let condition = if is_put { not_full } else { not_empty };
                self.next(thread, &[Do(Call::ConditionWait(condition)), Part(call, 1)]);
            }
            1 => {
                let instructions = if is_put && queue.capacity.is_some() { 54 } else { 35 };
                self.next(thread, &[Python(instructions), Part(call, 2)]);
            }
            _ => {
                queue.items = if is_put { queue.items + 1 } else { queue.items - 1 };
                let condition = if is_put { not_empty } else { not_full };
                self.next(thread, &[Do(Call::Notify(condition)), Free(lock), Python(11)]);
            }
        }
    }

    fn barrier(&mut self, thread: usize, barrier: usize, call: Call, number: u8) {
        let barrier = &mut self.program.barriers[barrier];
        let condition = barrier.condition;
        let (lock, _) = self.program.conditions[condition];
        let wait = Do(Call::ConditionWait(condition));
        let notify_all = Do(Call::NotifyAll(condition));
        match number {
            0 => self.next(thread, &[Python(20), Take(lock), Part(call, 1)]),
            1 if barrier.draining => self.next(thread, &[wait, Part(call, 1)]),
            1 => {
                barrier.count += 1;
                self.next(thread, &[Python(20), Part(call, 2)]);
            }
            2 if barrier.count == barrier.parties => {
                barrier.draining = true;
                self.next(thread, &[notify_all, Part(call, 4)]);
            }
            2 => self.next(thread, &[Part(call, 3)]),
            3 if !barrier.draining => self.next(thread, &[wait, Part(call, 3)]),
            3 => self.next(thread, &[Part(call, 4)]),
            4 => {
                barrier.count -= 1;
                self.next(thread, &[Python(20), Part(call, 5)]);
            }
            _ => {
                let last = if barrier.count == 0 {
                    barrier.draining = false;
                    notify_all
                } else {
                    Python(1)
                };
                self.next(thread, &[last, Free(lock), Python(11)]);
            }
        }
    }
}

fn raising(exception: Exception) -> Action {
    Action::Signal(Signal::Raise(exception))
}
