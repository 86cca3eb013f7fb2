//! What threads wait for (section 4 of the rules): each operation is a list of actions, pushed onto its thread's stack.

use std::collections::VecDeque;

use gilsim::des::{Span, Time};
use gilsim::os::machine::Platform;

use super::kernel::{Burst, Mode};
use super::lock::Policy;
use super::{Cost, World};

/// One action of a thread. A number tells which mutex and condition: 0 is the lock's own, 1 that of forced switching (or
/// the mutex of PyPy's queue). Conditions from [`OF_THREADS`] on are those of single threads and go with mutex 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Execute a burst of this cost.
    Spend(Cost),
    Wake(Queue),

    SemaphoreRaise,
    SemaphoreTry,
    SemaphoreSleep,
    SemaphoreRetry,

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
    ConditionEnter(usize, Option<Span>),
    ConditionSleep(usize, Option<Span>),
    ConditionLeave(usize),
    ConditionAsk(usize),
    ConditionWake(usize),
    DarwinConditionSignalled(usize),

    EventSet,
    EventWait,

    /// What the lock's policy does next.
    Lock(Policy),
}

/// What lies together in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    Semaphore,
    Mutex(usize),
    Condition(usize),
    Request,
}

/// Where threads sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Semaphore,
    Event,
    Mutex(usize),
    Condition(usize),
}

impl Queue {
    pub fn index(self) -> usize {
        match self {
            Queue::Semaphore => 0,
            Queue::Event => 1,
            Queue::Mutex(number) => 2 + number,
            Queue::Condition(number) => 4 + number,
        }
    }
}

/// The number of the first thread's own condition.
pub const OF_THREADS: usize = 2;

/// The mutex that goes with a condition.
fn mutex_of(condition: usize) -> usize {
    usize::from(condition == 1)
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
struct Condition {
    waiters: i64,
    /// Linux: those that wait and are of the group, or of one before, those that are not, and how many of the group have
    /// not been signalled.
    group: Vec<usize>,
    later: Vec<usize>,
    unsignalled: i64,
    /// Linux: signals to be taken. Darwin: signals under way.
    signals: u64,
    semaphore: bool,
}

#[derive(Default)]
pub struct Objects {
    pub sleepers: Vec<VecDeque<usize>>,
    semaphore: u64,
    semaphore_waiters: u64,
    event_is_set: bool,
    mutexes: [Mutex; 2],
    conditions: Vec<Condition>,
}

impl Objects {
    /// Nobody waits for anything, and the semaphore lets one thread in.
    pub fn new(threads: usize) -> Objects {
        // Priorities need one condition more even if there are fewer threads.
        let conditions = OF_THREADS + threads.max(1);
        Objects {
            semaphore: 1,
            sleepers: (0..4 + conditions).map(|_| VecDeque::new()).collect(),
            conditions: (0..conditions).map(|_| Condition::default()).collect(),
            ..Objects::default()
        }
    }
}

use Action::*;
const LOCK: Action = Spend(Cost::LockOperation);
const ATOMIC: Action = Spend(Cost::AtomicOperation);
const CALL: Action = Spend(Cost::SystemCall);

impl World<'_> {
    /// The memory of the object that an operation of this cost is on: that of the action for which it is done.
    fn memory_touched(&self, thread: usize, cost: Cost) -> Option<Memory> {
        match (cost, self.threads[thread].actions.last()?) {
            (Cost::Touch, _) => Some(Memory::Request),
            (Cost::LockOperation | Cost::AtomicOperation, next) => match *next {
                SemaphoreRaise | SemaphoreTry | SemaphoreRetry => Some(Memory::Semaphore),
                MutexTry(number) | MutexRetry(number) | MutexFree(number) | DarwinMutexOwn(number) => {
                    Some(Memory::Mutex(number))
                }
                ConditionEnter(number, _)
                | ConditionLeave(number)
                | ConditionAsk(number)
                | DarwinConditionSignalled(number) => Some(Memory::Condition(number)),
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
            Spend(cost) => {
                let mode = match cost {
                    Cost::LockOperation | Cost::AtomicOperation | Cost::ClockRead | Cost::Touch => Mode::User,
                    _ => Mode::Kernel,
                };
                self.threads[thread].report.system_calls += u64::from(cost == Cost::SystemCall);
                let mut left = self.cost(cost);
                if let Some(memory) = self.memory_touched(thread, cost)
                    && self.comes_over(thread, memory)
                {
                    left += self.cost(Cost::CacheLine);
                }
                if cost == Cost::WakeSleeper {
                    for besides in std::mem::take(&mut self.reach) {
                        left += self.cost(besides);
                    }
                }
                self.threads[thread].burst = Some(Burst { mode, left });
            }
            Wake(queue) => {
                let cost = if self.wake_first(queue) { Cost::WakeSleeper } else { Cost::WakeNoSleeper };
                self.then(thread, &[Spend(cost)]);
            }
            Lock(policy) => self.lock_action(thread, policy),
            MutexLock(number) => self.then(thread, &[LOCK, MutexTry(number)]),
            MutexUnlock(number) => self.then(thread, &[LOCK, MutexFree(number)]),
            ConditionWait(number, timeout) if !darwin && timeout.is_some() => {
                let clock = Spend(Cost::ClockRead);
                self.then(thread, &[clock, ATOMIC, ConditionEnter(number, timeout)]);
            }
            ConditionWait(number, timeout) => self.then(thread, &[ATOMIC, ConditionEnter(number, timeout)]),
            ConditionSignal(number) => self.then(thread, &[ATOMIC, ConditionAsk(number)]),
            EventSet => {
                let woken = self.wake_first(Queue::Event);
                self.objects.event_is_set |= !woken;
                let cost = if woken { Cost::WakeSleeper } else { Cost::WakeNoSleeper };
                self.then(thread, &[Spend(cost)]);
            }
            EventWait if self.objects.event_is_set => self.objects.event_is_set = false,
            EventWait => self.block(thread, Some(Queue::Event), None),
            SemaphoreRaise | SemaphoreTry | SemaphoreSleep | SemaphoreRetry => self.semaphore(thread, action),
            _ if darwin => self.darwin(thread, action),
            _ => self.linux(thread, action),
        }
    }

    fn semaphore(&mut self, thread: usize, action: Action) {
        let available = self.objects.semaphore > 0;
        match action {
            SemaphoreRaise => {
                self.objects.semaphore += 1;
                if self.objects.semaphore_waiters > 0 {
                    self.then(thread, &[CALL, Wake(Queue::Semaphore)]);
                }
            }
            SemaphoreTry if available => self.objects.semaphore -= 1,
            SemaphoreTry => {
                self.objects.semaphore_waiters += 1;
                self.then(thread, &[CALL, SemaphoreSleep]);
            }
            SemaphoreSleep => {
                self.then(thread, &[ATOMIC, SemaphoreRetry]);
                self.threads[thread].has_slept = !available;
                if !available {
                    self.block(thread, Some(Queue::Semaphore), None);
                }
            }
            _ if available => {
                self.objects.semaphore -= 1;
                self.objects.semaphore_waiters -= 1;
            }
            _ => {
                if self.threads[thread].has_slept {
                    self.failed_acquisition(thread);
                }
                self.then(thread, &[CALL, SemaphoreSleep]);
            }
        }
    }

    fn linux(&mut self, thread: usize, action: Action) {
        match action {
            MutexTry(number) | MutexRetry(number) => {
                let mutex = &mut self.objects.mutexes[number];
                let was_held = mutex.held;
                mutex.held = true;
                mutex.special |= was_held || action == MutexRetry(number);
                if was_held {
                    self.then(thread, &[CALL, MutexSleep(number)]);
                }
            }
            MutexSleep(number) => {
                self.then(thread, &[ATOMIC, MutexRetry(number)]);
                if self.objects.mutexes[number].special {
                    self.block(thread, Some(Queue::Mutex(number)), None);
                }
            }
            MutexFree(number) => {
                let mutex = &mut self.objects.mutexes[number];
                let had_sleepers = mutex.special;
                (mutex.held, mutex.special) = (false, false);
                if had_sleepers {
                    self.then(thread, &[CALL, Wake(Queue::Mutex(number))]);
                }
            }
            ConditionEnter(number, timeout) => {
                self.objects.conditions[number].waiters += 1;
                self.objects.conditions[number].later.push(thread);
                self.then(thread, &[MutexUnlock(mutex_of(number)), CALL, ConditionSleep(number, timeout)]);
            }
            ConditionSleep(number, timeout) => {
                self.then(thread, &[ConditionLeave(number)]);
                self.threads[thread].timed_out = false;
                let condition = &mut self.objects.conditions[number];
                if condition.signals > 0 && condition.group.contains(&thread) {
                    condition.signals -= 1;
                } else {
                    self.sleep_on_condition(thread, number, timeout);
                }
            }
            ConditionLeave(number) => {
                let timed_out = self.threads[thread].timed_out;
                self.threads[thread].program.wait_timed_out = timed_out;
                let condition = &mut self.objects.conditions[number];
                let is_of_group = condition.group.contains(&thread);
                condition.group.retain(|other| *other != thread);
                condition.later.retain(|other| *other != thread);
                if timed_out && !is_of_group {
                    condition.waiters -= 1;
                } else if timed_out && condition.unsignalled > 0 {
                    condition.waiters -= 1;
                    condition.unsignalled -= 1;
                } else if timed_out {
                    // A signal has been given for each of the group already: the one for this waiter is taken back.
                    condition.signals = condition.signals.saturating_sub(1);
                }
                self.then(thread, &[MutexLock(mutex_of(number))]);
            }
            ConditionAsk(number) => {
                let condition = &mut self.objects.conditions[number];
                if condition.waiters != 0 {
                    if condition.unsignalled == 0 {
                        condition.group.append(&mut condition.later);
                        condition.unsignalled = condition.waiters;
                    }
                    condition.unsignalled -= 1;
                    condition.waiters -= 1;
                    condition.signals += 1;
                    self.then(thread, &[CALL, ConditionWake(number)]);
                }
            }
            ConditionWake(number) => {
                let condition = &self.objects.conditions[number];
                let asleep = &self.objects.sleepers[Queue::Condition(number).index()];
                let first = asleep.iter().copied().find(|sleeper| condition.group.contains(sleeper));
                let first = first.filter(|_| condition.signals > 0);
                if let Some(first) = first {
                    self.sleepers(Queue::Condition(number)).retain(|sleeper| *sleeper != first);
                    self.sleepers(Queue::Condition(number)).push_front(first);
                    self.wake_first(Queue::Condition(number));
                }
                let woken = first.is_some();
                self.objects.conditions[number].signals -= u64::from(woken);
                let cost = if woken { Cost::WakeSleeper } else { Cost::WakeNoSleeper };
                self.then(thread, &[Spend(cost)]);
            }
            _ => unreachable!("{action:?} on linux"),
        }
    }

    fn darwin(&mut self, thread: usize, action: Action) {
        match action {
            MutexTry(number) => {
                let mutex = &mut self.objects.mutexes[number];
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
                self.objects.mutexes[number].tokens -= 1;
                self.objects.mutexes[number].pending = None;
            }
            DarwinMutexSleep(number) => self.block(thread, Some(Queue::Mutex(number)), None),
            DarwinMutexOwn(number) => {
                let mutex = &mut self.objects.mutexes[number];
                mutex.waiters -= 1;
                (mutex.held, mutex.special) = (true, false);
                if mutex.waiters == 0 {
                    self.then(thread, &[CALL]);
                }
            }
            MutexFree(number) => {
                let mutex = &mut self.objects.mutexes[number];
                mutex.held = false;
                if mutex.waiters > 0 {
                    mutex.special = true;
                    self.then(thread, &[CALL, DarwinMutexSignal(number)]);
                }
            }
            DarwinMutexSignal(number) => {
                let cost = if self.darwin_signal(number) { Cost::WakeSleeper } else { Cost::WakeNoSleeper };
                self.then(thread, &[Spend(cost)]);
            }
            ConditionEnter(number, timeout) => {
                self.objects.conditions[number].waiters += 1;
                self.objects.conditions[number].semaphore = true;
                let mutex = &mut self.objects.mutexes[mutex_of(number)];
                (mutex.held, mutex.special) = (false, true);
                self.then(thread, &[CALL, ConditionSleep(number, timeout), ATOMIC, ConditionLeave(number)]);
            }
            ConditionSleep(number, timeout) => {
                // One system call does both: the kernel signals the mutex and then gives the core away.
                self.darwin_signal(mutex_of(number));
                self.sleep_on_condition(thread, number, timeout);
            }
            ConditionLeave(number) => {
                self.threads[thread].program.wait_timed_out = self.threads[thread].timed_out;
                self.objects.conditions[number].waiters -= 1;
                self.forget_semaphore_if_unused(number);
                self.then(thread, &[MutexLock(mutex_of(number))]);
            }
            ConditionAsk(number) => {
                if self.objects.conditions[number].semaphore {
                    self.objects.conditions[number].signals += 1;
                    let wake = Wake(Queue::Condition(number));
                    self.then(thread, &[CALL, wake, ATOMIC, DarwinConditionSignalled(number)]);
                }
            }
            DarwinConditionSignalled(number) => {
                self.objects.conditions[number].signals -= 1;
                self.forget_semaphore_if_unused(number);
            }
            _ => unreachable!("{action:?} on darwin"),
        }
    }

    /// Whether there is a token that `thread` may take: not one that another is to have.
    fn may_take_token(&self, thread: usize, number: usize) -> bool {
        let mutex = &self.objects.mutexes[number];
        mutex.tokens > 0 && (mutex.special || mutex.pending == Some(thread))
    }

    fn sleep_on_condition(&mut self, thread: usize, number: usize, timeout: Option<Span>) {
        let until: Option<Time> = timeout.map(|span| self.now + span + self.cost(Cost::TimerLateness));
        self.block(thread, Some(Queue::Condition(number)), until);
    }

    /// Signals the mutex; whether somebody slept.
    fn darwin_signal(&mut self, number: usize) -> bool {
        // A signal for the thread that took the mutex over in transit is for no other.
        let sleepers = &mut self.objects.sleepers[Queue::Mutex(number).index()];
        let woken = match self.objects.mutexes[number].pending {
            Some(pending) if sleepers.contains(&pending) => {
                sleepers.retain(|sleeper| *sleeper != pending);
                sleepers.push_front(pending);
                self.objects.mutexes[number].pending = None;
                self.wake_first(Queue::Mutex(number))
            }
            Some(_) => false,
            None => self.wake_first(Queue::Mutex(number)),
        };
        self.objects.mutexes[number].tokens += u64::from(!woken);
        woken
    }

    fn forget_semaphore_if_unused(&mut self, number: usize) {
        let condition = &mut self.objects.conditions[number];
        condition.semaphore &= condition.waiters > 0 || condition.signals > 0;
    }
}
