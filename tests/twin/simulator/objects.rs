//! What threads wait for (section 4 of the rules): each operation is a list of actions, pushed onto its thread's stack.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gilsim::des::{Span, Time};
use gilsim::os::machine::Platform;
use gilsim::python::threading::Threading;

use super::calls::Library;
use super::channels::Talk;
use super::conditions::{Condition, Step};
use super::kernel::{Burst, Mode};
use super::lock::Policy;
use super::program::Do;
use super::signals::Signal;
use super::tasks::Turn;
use super::world::Stop;
use super::{Cost, World};

/// One action of a thread. A number tells which mutex and condition: 0 is the lock's own, 1 that of forced switching (or
/// the mutex of PyPy's queue). Conditions from [`OF_THREADS`] on are those of single threads and go with mutex 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Execute a burst of this cost.
    Spend(Cost),
    /// The same, and copying takes so much longer.
    SpendAndCopy(Cost, Span),
    Wake(Queue),

    SemaphoreRaise(usize),
    SemaphoreTry(usize),
    SemaphoreSleep(usize),
    SemaphoreRetry(usize),

    MutexLock(usize),
    MutexUnlock(usize),
    MutexTry(usize),
    MutexSleep(usize),
    MutexRetry(usize),
    MutexFree(usize),
    DarwinMutexSleep(usize),
    DarwinMutexOwn(usize),
    DarwinMutexSignal(usize),

    ConditionWait(usize, Option<Span>),
    ConditionSignal(usize),
    /// On Linux.
    Condition(Step, usize),
    ConditionEnter(usize, Option<Span>),
    ConditionSleep(usize, Option<Span>),
    ConditionLeave(usize),
    ConditionAsk(usize),
    DarwinConditionSignalled(usize),

    EventSet,
    EventWait,

    /// What the lock's policy does next.
    Lock(Policy),
    /// What the program does next.
    Program(Do),
    /// What it does with channels.
    Channel(Talk),
    /// What library code does next.
    Library(Library),
    /// The thread sleeps now, unless it has been woken.
    FallAsleep,
    /// It takes its timer back, if it was woken before that came.
    TakeTimerBack,
    /// What an event loop does next, or its task.
    Turn(Turn),
    /// What is done about signals and exceptions.
    Signal(Signal),
    /// What is done about all threads standing still.
    World(Stop),
}

/// One of the objects with this number: of an interpreter's lock, or of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    interpreter: Option<usize>,
    number: usize,
}

impl Id {
    pub fn is_of_program(self) -> bool {
        self.interpreter.is_none() && self.number < WORLD
    }
}

/// What lies together in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    Semaphore(Id),
    Mutex(Id),
    Condition(Id),
    PyMutex(usize),
    /// The drop request of an interpreter's lock.
    Request(usize),
}

/// Where threads sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    Semaphore(Id),
    Event(Id),
    Mutex(Id),
    Condition(Id),
    /// Who closes the first group of this condition.
    Closer(Id),
    Device(usize),
    Receivers(usize),
    Senders(usize),
    /// The poll of this loop.
    Poll(usize),
    /// For the lock with this number, whose holder inherits.
    Inheriting(usize),
}

/// The objects of an interpreter's lock have smaller numbers, those of the program's locks begin here.
pub const OF_PROGRAM: usize = 10_000;
/// The number of the semaphore on which the first thread waits for a `PyMutex`.
pub const PARKED: usize = 20_000;
/// The number of the semaphore on which the first thread waits for the world.
pub const WORLD: usize = 30_000;
/// The number of the first thread's own condition.
pub const OF_THREADS: usize = 2;

/// The mutex that goes with a condition.
pub fn mutex_of(condition: usize) -> usize {
    if condition < OF_PROGRAM { usize::from(condition == 1) } else { condition }
}

struct Semaphore {
    value: u64,
    waiters: u64,
}

impl Default for Semaphore {
    fn default() -> Semaphore {
        Semaphore { value: 1, waiters: 0 }
    }
}

#[derive(Default)]
struct Mutex {
    held: bool,
    /// Linux: held with sleepers. Darwin: in transit.
    special: bool,
    waiters: u64,
    tokens: u64,
    /// Darwin: who owns it but must still be signalled by the condition wait that gave it up.
    pending: Option<usize>,
}

#[derive(Default)]
struct DarwinCondition {
    waiters: i64,
    /// Signals under way.
    signals: u64,
    semaphore: bool,
}

/// All of them, as they are at first unless something has been done with them.
#[derive(Default)]
pub struct Objects {
    pub sleepers: BTreeMap<Queue, VecDeque<usize>>,
    semaphores: BTreeMap<Id, Semaphore>,
    set_events: BTreeSet<Id>,
    mutexes: BTreeMap<Id, Mutex>,
    darwin_conditions: BTreeMap<Id, DarwinCondition>,
    pub conditions: BTreeMap<Id, Condition>,
}

impl Objects {
    /// Nobody waits for anything; the locks of the program that are held at first let nobody in.
    pub fn new(threading: &Threading, threads: usize) -> Objects {
        let own = (0..threads).flat_map(|thread| [PARKED + thread, WORLD + thread]);
        let own = own.map(|number| Id { interpreter: None, number });
        let held = threading.held_at_first().map(|lock| Id { interpreter: None, number: OF_PROGRAM + lock });
        Objects {
            semaphores: held.chain(own).map(|id| (id, Semaphore { value: 0, waiters: 0 })).collect(),
            ..Objects::default()
        }
    }
}

use Action::*;
pub const LOCK: Action = Spend(Cost::LockOperation);
pub const ATOMIC: Action = Spend(Cost::AtomicOperation);
pub const CALL: Action = Spend(Cost::SystemCall);
pub const QUEUE: Action = Spend(Cost::Queueing);

impl World<'_> {
    /// The memory of the object that an operation of this cost is on: that of the action for which it is done.
    fn memory_touched(&self, thread: usize, cost: Cost) -> Option<Memory> {
        match (cost, self.threads[thread].actions.last()?) {
            (Cost::Touch, _) => Some(Memory::Request(self.interpreter_of(thread))),
            (Cost::LockOperation | Cost::AtomicOperation, next) => match *next {
                SemaphoreRaise(number) | SemaphoreTry(number) | SemaphoreRetry(number) => {
                    Some(Memory::Semaphore(self.id(thread, number)))
                }
                Library(super::calls::Library::Mutex(_, lock)) => Some(Memory::PyMutex(lock)),
                Library(super::calls::Library::TryFlag(lock) | super::calls::Library::Inherit(_, lock)) => {
                    Some(Memory::Semaphore(self.id(thread, OF_PROGRAM + lock)))
                }
                MutexTry(number) | MutexRetry(number) | MutexFree(number) | DarwinMutexOwn(number) => {
                    Some(Memory::Mutex(self.id(thread, number)))
                }
                ConditionEnter(number, _)
                | ConditionLeave(number)
                | ConditionAsk(number)
                | Action::Condition(_, number)
                | DarwinConditionSignalled(number) => Some(Memory::Condition(self.id(thread, number))),
                _ => None,
            },
            _ => None,
        }
    }

    /// The thread's core touches some memory; whether another core touched it last.
    pub fn comes_over(&mut self, thread: usize, memory: Memory) -> bool {
        let core = self.threads[thread].core;
        let before = self.touched.iter().position(|(touched, _)| *touched == memory);
        let before = before.map(|index| self.touched.swap_remove(index).1);
        self.touched.push((memory, core));
        before.is_some_and(|before| before != core)
    }

    pub fn id(&self, thread: usize, number: usize) -> Id {
        let of_program = number >= OF_PROGRAM;
        Id { interpreter: (!of_program).then(|| self.interpreter_of(thread)), number }
    }

    fn event(&self, thread: usize) -> Id {
        self.id(thread, 0)
    }

    fn semaphore_of(&mut self, thread: usize, number: usize) -> &mut Semaphore {
        self.objects.semaphores.entry(self.id(thread, number)).or_default()
    }

    fn mutex(&mut self, thread: usize, number: usize) -> &mut Mutex {
        self.objects.mutexes.entry(self.id(thread, number)).or_default()
    }

    fn darwin_condition(&mut self, thread: usize, number: usize) -> &mut DarwinCondition {
        self.objects.darwin_conditions.entry(self.id(thread, number)).or_default()
    }

    /// `thread` does these actions next, the first one first.
    pub fn then(&mut self, thread: usize, actions: &[Action]) {
        self.threads[thread].actions.extend(actions.iter().rev());
    }

    /// One action of a thread that has nothing left to execute.
    pub fn act(&mut self, thread: usize) {
        self.actions_done += 1;
        crate::give_up_after(3_000_000, self.actions_done);
        let Some(action) = self.threads[thread].actions.pop() else { return self.next_step(thread) };
        let darwin = self.model.machine.platform == Platform::Darwin;
        match action {
            Spend(_) | SpendAndCopy(..) => {
                let (cost, copying) = match action {
                    SpendAndCopy(cost, copying) => (cost, copying),
                    Spend(cost) => (cost, Span::ZERO),
                    _ => unreachable!("it is one of these"),
                };
                let mode = match cost {
                    Cost::LockOperation | Cost::AtomicOperation | Cost::ClockRead | Cost::Touch => Mode::User,
                    _ => Mode::Kernel,
                };
                self.threads[thread].report.usage.system_calls += u64::from(cost == Cost::SystemCall);
                let mut left = self.cost(cost) + copying;
                if let Some(memory) = self.memory_touched(thread, cost)
                    && self.comes_over(thread, memory)
                {
                    left += self.cost(Cost::CacheLine);
                }
                if matches!(cost, Cost::WakeSleeper | Cost::Reach) {
                    left += std::mem::take(&mut self.reach);
                }
                self.threads[thread].burst = Some(Burst { mode, left, enters: cost == Cost::SystemCall });
            }
            Action::FallAsleep => self.fall_asleep(thread),
            Action::TakeTimerBack => self.take_timer_back(thread),
            Wake(queue) => {
                let cost = if self.wake_first(queue) { Cost::WakeSleeper } else { Cost::WakeNoSleeper };
                self.then(thread, &[Spend(cost)]);
            }
            Lock(policy) => self.lock_action(thread, policy),
            Program(next) => self.program_action(thread, next),
            Channel(talk) => self.talk(thread, talk),
            Library(part) => self.library(thread, part),
            Action::Turn(turn) => self.turn(thread, turn),
            Signal(signal) => self.signal(thread, signal),
            Action::World(stop) => self.stop(thread, stop),
            MutexLock(number) => self.then(thread, &[LOCK, MutexTry(number)]),
            MutexUnlock(number) => self.then(thread, &[LOCK, MutexFree(number)]),
            ConditionWait(number, timeout) if !darwin => self.wait_on_linux(thread, number, timeout),
            ConditionSignal(number) if !darwin => {
                self.then(thread, &[ATOMIC, Action::Condition(Step::Signal, number)]);
            }
            Action::Condition(step, number) => self.condition_on_linux(thread, step, number),
            ConditionWait(number, timeout) => self.then(thread, &[ATOMIC, ConditionEnter(number, timeout)]),
            ConditionSignal(number) => self.then(thread, &[ATOMIC, ConditionAsk(number)]),
            EventSet => {
                let event = self.event(thread);
                let woken = self.wake_first(Queue::Event(event));
                if !woken {
                    self.objects.set_events.insert(event);
                }
                let cost = if woken { Cost::WakeSleeper } else { Cost::WakeNoSleeper };
                self.then(thread, &[Spend(cost)]);
            }
            EventWait => {
                let event = self.event(thread);
                if !self.objects.set_events.remove(&event) {
                    self.block(thread, Some(Queue::Event(event)), None);
                }
            }
            SemaphoreRaise(number)
            | SemaphoreTry(number)
            | SemaphoreSleep(number)
            | SemaphoreRetry(number) => self.semaphore(thread, action, number),
            _ if darwin => self.darwin(thread, action),
            _ => self.linux(thread, action),
        }
    }

    fn semaphore(&mut self, thread: usize, action: Action, number: usize) {
        let queue = Queue::Semaphore(self.id(thread, number));
        let it = &self.threads[thread];
        let gives_up = self.stops.impatient[thread] && it.has_slept && it.timed_out;
        let semaphore = self.semaphore_of(thread, number);
        let available = semaphore.value > 0;
        match action {
            SemaphoreRaise(_) => {
                semaphore.value += 1;
                if semaphore.waiters > 0 {
                    self.then(thread, &[CALL, Wake(queue)]);
                }
            }
            SemaphoreTry(_) if available => semaphore.value -= 1,
            SemaphoreTry(_) => {
                semaphore.waiters += 1;
                self.then(thread, &[CALL, QUEUE, SemaphoreSleep(number)]);
            }
            SemaphoreSleep(_) => {
                self.then(thread, &[ATOMIC, SemaphoreRetry(number)]);
                self.threads[thread].has_slept = !available;
                if !available && self.stops.impatient[thread] {
                    let late = self.cost(Cost::TimerLateness);
                    let timer = self.now + Span::from_millis(1) + late;
                    self.block_with_timer(thread, Some(queue), Some(timer));
                } else if !available {
                    self.block(thread, Some(queue), None);
                }
            }
            _ if gives_up => {
                semaphore.waiters -= 1;
                self.threads[thread].program.wait_timed_out = true;
            }
            _ if available => {
                semaphore.value -= 1;
                semaphore.waiters -= 1;
            }
            _ => {
                if self.threads[thread].has_slept && number < OF_PROGRAM {
                    self.failed_acquisition(thread);
                }
                self.then(thread, &[CALL, QUEUE, SemaphoreSleep(number)]);
            }
        }
    }

    /// One who sleeps for the semaphore does so no more.
    pub fn stops_waiting(&mut self, id: Id) {
        self.objects.semaphores.get_mut(&id).expect("it is waited for").waiters -= 1;
    }

    /// Takes a semaphore if it lets the thread in at once; whether it did.
    pub fn try_semaphore(&mut self, thread: usize, number: usize) -> bool {
        let semaphore = self.semaphore_of(thread, number);
        let available = semaphore.value > 0;
        semaphore.value -= u64::from(available);
        available
    }

    fn linux(&mut self, thread: usize, action: Action) {
        match action {
            MutexTry(number) | MutexRetry(number) => {
                let mutex = self.mutex(thread, number);
                let was_held = mutex.held;
                mutex.held = true;
                mutex.special |= was_held || action == MutexRetry(number);
                if was_held {
                    self.then(thread, &[CALL, QUEUE, MutexSleep(number)]);
                }
            }
            MutexSleep(number) => {
                self.then(thread, &[ATOMIC, MutexRetry(number)]);
                if self.mutex(thread, number).special {
                    self.block(thread, Some(Queue::Mutex(self.id(thread, number))), None);
                }
            }
            MutexFree(number) => {
                let mutex = self.mutex(thread, number);
                let had_sleepers = mutex.special;
                (mutex.held, mutex.special) = (false, false);
                if had_sleepers {
                    self.then(thread, &[CALL, Wake(Queue::Mutex(self.id(thread, number)))]);
                }
            }
            _ => unreachable!("{action:?} on linux"),
        }
    }

    fn darwin(&mut self, thread: usize, action: Action) {
        match action {
            MutexTry(number) => {
                let mutex = self.mutex(thread, number);
                if !mutex.held && !mutex.special {
                    mutex.held = true;
                } else if mutex.special && mutex.waiters == 0 {
                    (mutex.held, mutex.special) = (true, false);
                    mutex.pending = Some(thread);
                    self.then(thread, &[CALL, DarwinMutexSleep(number)]);
                } else {
                    mutex.waiters += 1;
                    self.then(thread, &[CALL, DarwinMutexSleep(number), ATOMIC, DarwinMutexOwn(number)]);
                }
            }
            DarwinMutexSleep(number) if self.may_take_token(thread, number) => {
                self.mutex(thread, number).tokens -= 1;
                self.mutex(thread, number).pending = None;
            }
            DarwinMutexSleep(number) => self.block(thread, Some(Queue::Mutex(self.id(thread, number))), None),
            DarwinMutexOwn(number) => {
                let mutex = self.mutex(thread, number);
                mutex.waiters -= 1;
                (mutex.held, mutex.special) = (true, false);
                if mutex.waiters == 0 {
                    self.then(thread, &[CALL]);
                }
            }
            MutexFree(number) => {
                let mutex = self.mutex(thread, number);
                mutex.held = false;
                if mutex.waiters > 0 {
                    mutex.special = true;
                    self.then(thread, &[CALL, DarwinMutexSignal(number)]);
                }
            }
            DarwinMutexSignal(number) => {
                let cost =
                    if self.darwin_signal(thread, number) { Cost::WakeSleeper } else { Cost::WakeNoSleeper };
                self.then(thread, &[Spend(cost)]);
            }
            ConditionEnter(number, timeout) => {
                self.darwin_condition(thread, number).waiters += 1;
                self.darwin_condition(thread, number).semaphore = true;
                let mutex = self.mutex(thread, mutex_of(number));
                (mutex.held, mutex.special) = (false, true);
                self.then(thread, &[CALL, ConditionSleep(number, timeout), ATOMIC, ConditionLeave(number)]);
            }
            ConditionSleep(number, timeout) => {
                // One system call does both: the kernel signals the mutex and then gives the core away.
                self.darwin_signal(thread, mutex_of(number));
                self.sleep_on_condition(thread, number, timeout);
            }
            ConditionLeave(number) => {
                self.threads[thread].program.wait_timed_out = self.threads[thread].timed_out;
                self.darwin_condition(thread, number).waiters -= 1;
                self.forget_semaphore_if_unused(thread, number);
                self.then(thread, &[MutexLock(mutex_of(number))]);
            }
            ConditionAsk(number) => {
                if self.darwin_condition(thread, number).semaphore {
                    self.darwin_condition(thread, number).signals += 1;
                    let wake = Wake(Queue::Condition(self.id(thread, number)));
                    self.then(thread, &[CALL, wake, ATOMIC, DarwinConditionSignalled(number)]);
                }
            }
            DarwinConditionSignalled(number) => {
                self.darwin_condition(thread, number).signals -= 1;
                self.forget_semaphore_if_unused(thread, number);
            }
            _ => unreachable!("{action:?} on darwin"),
        }
    }

    /// Whether there is a token that `thread` may take: not one that another is to have.
    fn may_take_token(&mut self, thread: usize, number: usize) -> bool {
        let mutex = self.mutex(thread, number);
        mutex.tokens > 0 && (mutex.special || mutex.pending == Some(thread))
    }

    fn sleep_on_condition(&mut self, thread: usize, number: usize, timeout: Option<Span>) {
        let until: Option<Time> = timeout.map(|span| self.now + span + self.cost(Cost::TimerLateness));
        self.block_with_timer(thread, Some(Queue::Condition(self.id(thread, number))), until);
    }

    /// Signals the mutex; whether somebody slept.
    fn darwin_signal(&mut self, thread: usize, number: usize) -> bool {
        // A signal for the thread that took the mutex over in transit is for no other.
        let queue = Queue::Mutex(self.id(thread, number));
        let pending = self.mutex(thread, number).pending;
        let sleepers = self.objects.sleepers.entry(queue).or_default();
        let woken = match pending {
            Some(pending) if sleepers.contains(&pending) => {
                sleepers.retain(|sleeper| *sleeper != pending);
                sleepers.push_front(pending);
                self.mutex(thread, number).pending = None;
                self.wake_first(queue)
            }
            Some(_) => false,
            None => self.wake_first(queue),
        };
        self.mutex(thread, number).tokens += u64::from(!woken);
        woken
    }

    fn forget_semaphore_if_unused(&mut self, thread: usize, number: usize) {
        let condition = self.darwin_condition(thread, number);
        condition.semaphore &= condition.waiters > 0 || condition.signals > 0;
    }
}
