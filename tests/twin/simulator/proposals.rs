//! The locks of other interpreters, and those that were proposed (section 5 of the rules).

use gilsim::des::{Span, Time};
use gilsim::trace::ThreadState;

use super::lock::{Policy, Why};
use super::objects::Action::{self, ConditionSignal, ConditionWait, Lock, MutexLock, MutexUnlock};
use super::objects::OF_THREADS;
use super::{Cost, World};

/// round_robin and ruby.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum QueueStep {
    Look,
    Join,
    WaitForTurn,
    Woken,
    PassOn(Why),
    YieldIfQueued,
}

pub struct QueueLock {
    owner: Option<usize>,
    queue: Vec<usize>,
    pub interrupt: Vec<bool>,
    running_time: Vec<Span>,
    next_tick: Time,
    last_to_hold: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PypyStep {
    First,
    Counted,
    AtGate,
    Woken,
    Second,
    Left,
    Out,
    Open,
}

pub struct PypyLock {
    busy: bool,
    shut: bool,
    waiters: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BfsStep {
    Enter,
    Wait,
    Woken,
    Taken,
    NoSwitching,
    Drop(Why),
    AfterSignal(Why),
    Forced,
    ForcedWoken,
}

pub struct BfsLock {
    next: Option<usize>,
    queue: Vec<usize>,
    previous: Option<usize>,
    switching: Option<usize>,
    clock: Span,
    pub preempt: bool,
    pub look: bool,
    slice_left: Vec<Span>,
    deadline: Vec<Span>,
    since: Vec<Time>,
    after_release: Vec<ThreadState>,
}

impl QueueLock {
    pub fn new(threads: usize) -> QueueLock {
        QueueLock {
            owner: None,
            queue: Vec::new(),
            interrupt: vec![false; threads],
            running_time: vec![Span::ZERO; threads],
            next_tick: Time::ZERO,
            last_to_hold: None,
        }
    }
}

impl PypyLock {
    pub fn new() -> PypyLock {
        PypyLock { busy: false, shut: true, waiters: 0 }
    }
}

impl BfsLock {
    pub fn new(threads: usize) -> BfsLock {
        BfsLock {
            next: None,
            queue: Vec::new(),
            previous: None,
            switching: None,
            clock: Span::ZERO,
            preempt: false,
            look: false,
            slice_left: vec![Span::ZERO; threads],
            deadline: vec![Span::ZERO; threads],
            since: vec![Time::ZERO; threads],
            after_release: vec![ThreadState::RunsPython; threads],
        }
    }

    /// Who of the queue is to run next.
    fn pick(&self) -> Option<usize> {
        let mut picked = *self.queue.first()?;
        for other in &self.queue[1..] {
            if self.deadline[picked] <= self.clock {
                return Some(picked);
            }
            if self.deadline[*other] < self.deadline[picked] {
                picked = *other;
            }
        }
        Some(picked)
    }
}

const INTERLOCKED: Action = Action::Spend(Cost::AtomicOperation);

fn queue(step: QueueStep) -> Action {
    Lock(Policy::Queue(step))
}

fn pypy(step: PypyStep) -> Action {
    Lock(Policy::Pypy(step))
}

fn bfs(step: BfsStep) -> Action {
    Lock(Policy::Bfs(step))
}

/// A thread's own condition.
fn own(thread: usize) -> usize {
    OF_THREADS + thread
}

impl World<'_> {
    /// The part that round_robin and ruby share.
    pub fn queue_lock(&mut self, thread: usize, policy: Policy) {
        let at = self.interpreter_of(thread);
        let lock = &mut self.gils[at].queue;
        match policy {
            Policy::Take => self.then(thread, &[MutexLock(0), queue(QueueStep::Look)]),
            Policy::Release(why) => {
                self.then(thread, &[MutexLock(0), queue(QueueStep::PassOn(why)), MutexUnlock(0)]);
            }
            Policy::Queue(QueueStep::Look) if lock.owner.is_none() => {
                lock.owner = Some(thread);
                self.then(thread, &[Lock(Policy::Acquired), MutexUnlock(0)]);
            }
            Policy::Queue(QueueStep::Look) => self.then(thread, &[queue(QueueStep::Join)]),
            Policy::Queue(QueueStep::Join) => {
                lock.queue.push(thread);
                self.then(thread, &[queue(QueueStep::WaitForTurn)]);
            }
            Policy::Queue(QueueStep::WaitForTurn) if lock.owner == Some(thread) => {
                self.then(thread, &[Lock(Policy::Acquired), MutexUnlock(0)]);
            }
            Policy::Queue(QueueStep::WaitForTurn) => {
                self.then(thread, &[ConditionWait(own(thread), None), queue(QueueStep::Woken)]);
            }
            Policy::Queue(QueueStep::Woken) => {
                let timed_out = self.threads[thread].program.wait_timed_out;
                if lock.owner != Some(thread) && !timed_out {
                    self.failed_acquisition(thread);
                }
                self.then(thread, &[queue(QueueStep::WaitForTurn)]);
            }
            Policy::Queue(QueueStep::PassOn(why)) => {
                lock.owner = if lock.queue.is_empty() { None } else { Some(lock.queue.remove(0)) };
                if let Some(owner) = lock.owner {
                    self.then(thread, &[ConditionSignal(own(owner))]);
                }
                self.released(thread, why);
            }
            Policy::Acquired => self.acquired(thread),
            _ => unreachable!("{policy:?}"),
        }
    }

    pub fn ruby_lock(&mut self, thread: usize, policy: Policy, quantum: Span, tick: Span) {
        let at = self.interpreter_of(thread);
        let now = self.now;
        let lock = &mut self.gils[at].queue;
        let is_last = lock.queue.last() == Some(&thread);
        match policy {
            Policy::Check => {
                lock.interrupt[thread] = false;
                lock.running_time[thread] += tick;
                if lock.running_time[thread] >= quantum {
                    self.then(thread, &[MutexLock(0), queue(QueueStep::YieldIfQueued)]);
                }
            }
            Policy::Queue(QueueStep::YieldIfQueued) if lock.queue.is_empty() => {
                self.then(thread, &[MutexUnlock(0)]);
            }
            Policy::Queue(QueueStep::YieldIfQueued) => {
                self.then(thread, &[queue(QueueStep::PassOn(Why::Check)), queue(QueueStep::Join)]);
            }
            Policy::Queue(QueueStep::Join) => {
                if lock.queue.is_empty() {
                    lock.next_tick = now + tick;
                }
                self.queue_lock(thread, policy);
            }
            Policy::Queue(QueueStep::WaitForTurn) if lock.owner != Some(thread) && is_last => {
                let timeout = lock.next_tick.since(now);
                self.then(thread, &[ConditionWait(own(thread), Some(timeout)), queue(QueueStep::Woken)]);
            }
            Policy::Queue(QueueStep::Woken)
                if lock.owner != Some(thread) && self.threads[thread].program.wait_timed_out =>
            {
                let gil = &mut self.gils[at];
                gil.counters.timed_out_waits += 1;
                let lock = &mut gil.queue;
                if let (true, Some(owner)) = (is_last, lock.owner) {
                    lock.next_tick = now + tick;
                    lock.interrupt[owner] = true;
                    self.holder_must_look(thread);
                }
                self.then(thread, &[queue(QueueStep::WaitForTurn)]);
            }
            Policy::Acquired => {
                if lock.last_to_hold != Some(thread) {
                    lock.running_time[thread] = Span::ZERO;
                }
                lock.last_to_hold = Some(thread);
                self.acquired(thread);
            }
            _ => self.queue_lock(thread, policy),
        }
    }

    pub fn pypy_lock(&mut self, thread: usize, policy: Policy, poll: Span) {
        let at = self.interpreter_of(thread);
        let lock = &mut self.gils[at].pypy;
        match policy {
            Policy::Take => self.then(thread, &[INTERLOCKED, pypy(PypyStep::First)]),
            Policy::Pypy(PypyStep::First) if lock.busy => {
                let wait = [
                    INTERLOCKED,
                    pypy(PypyStep::Counted),
                    MutexLock(1),
                    MutexLock(0),
                    pypy(PypyStep::AtGate),
                    INTERLOCKED,
                    pypy(PypyStep::Left),
                    MutexUnlock(0),
                    MutexUnlock(1),
                ];
                self.then(thread, &wait);
            }
            Policy::Pypy(PypyStep::First) => {
                lock.busy = true;
                self.acquired(thread);
            }
            Policy::Pypy(PypyStep::Counted) => lock.waiters += 1,
            Policy::Pypy(PypyStep::Left) => lock.waiters -= 1,
            Policy::Pypy(PypyStep::AtGate) if lock.shut => {
                self.then(thread, &[ConditionWait(0, Some(poll)), pypy(PypyStep::Woken)]);
            }
            Policy::Pypy(PypyStep::AtGate | PypyStep::Woken) if !lock.shut => {
                lock.shut = true;
                self.acquired(thread);
            }
            Policy::Pypy(PypyStep::Woken) if !lock.busy => {
                self.then(thread, &[INTERLOCKED, pypy(PypyStep::Second)]);
            }
            Policy::Pypy(PypyStep::Woken) => {
                if self.threads[thread].program.wait_timed_out {
                    self.gils[at].counters.timed_out_waits += 1;
                } else {
                    self.failed_acquisition(thread);
                }
                self.then(thread, &[pypy(PypyStep::AtGate)]);
            }
            Policy::Pypy(PypyStep::Second) if lock.busy => self.then(thread, &[pypy(PypyStep::AtGate)]),
            Policy::Pypy(PypyStep::Second) => {
                lock.busy = true;
                self.acquired(thread);
            }
            Policy::Release(why) => self.then(thread, &[INTERLOCKED, Lock(Policy::FlagOff(why))]),
            Policy::FlagOff(why) => {
                lock.busy = false;
                self.released(thread, why);
            }
            Policy::Check if lock.waiters == 0 => {}
            Policy::Check => {
                let yields = [MutexLock(0), pypy(PypyStep::Open), MutexUnlock(0), ConditionSignal(0)];
                self.then(thread, &[pypy(PypyStep::Out)]);
                self.then(thread, &yields);
            }
            Policy::Pypy(PypyStep::Open) => {
                lock.shut = false;
                self.released(thread, Why::Check);
            }
            Policy::Pypy(PypyStep::Out) => self.then(thread, &[INTERLOCKED, pypy(PypyStep::First)]),
            _ => unreachable!("{policy:?}"),
        }
    }

    pub fn bfs_lock(&mut self, thread: usize, policy: Policy, slice: Span, factor: u32) {
        let at = self.interpreter_of(thread);
        let now = self.now;
        let lock = &mut self.gils[at].bfs;
        let used = now.since(lock.since[thread]).min(slice);
        match policy {
            Policy::Take => self.then(thread, &[MutexLock(0), bfs(BfsStep::Enter)]),
            Policy::Check => {
                lock.look = false;
                if lock.preempt || lock.slice_left[thread] <= used {
                    self.then(thread, &[Lock(Policy::Release(Why::Check)), Lock(Policy::Take)]);
                }
            }
            Policy::Release(why) => {
                if why != Why::Ends {
                    lock.clock += used;
                    lock.slice_left[thread] = lock.slice_left[thread].saturating_sub(used);
                }
                self.then(thread, &[MutexLock(0), bfs(BfsStep::Drop(why)), MutexUnlock(0)]);
            }
            Policy::Bfs(BfsStep::Enter) => {
                if lock.slice_left[thread].is_zero() {
                    lock.slice_left[thread] = slice;
                    lock.deadline[thread] = lock.clock + slice * u64::from(factor);
                }
                self.bfs_enter(thread);
            }
            Policy::Bfs(BfsStep::Wait) => {
                let part = Span::from_picos(slice.picos() * 11 / 20);
                let timeout = part * lock.queue.len() as u64;
                self.then(thread, &[ConditionWait(own(thread), Some(timeout)), bfs(BfsStep::Woken)]);
            }
            Policy::Bfs(BfsStep::Woken) => self.bfs_woken(thread),
            Policy::Bfs(BfsStep::Taken) => {
                lock.next = Some(thread);
                lock.previous = None;
                lock.since[thread] = now;
                let switching = lock.switching;
                self.then(thread, &[MutexUnlock(0)]);
                if let Some(waiting) = switching {
                    self.then(thread, &[ConditionSignal(own(waiting)), bfs(BfsStep::NoSwitching)]);
                }
                self.acquired(thread);
            }
            Policy::Bfs(BfsStep::NoSwitching) => lock.switching = None,
            Policy::Bfs(BfsStep::Drop(why)) => {
                (lock.preempt, lock.look) = (false, false);
                if why == Why::Blocks {
                    lock.previous = Some(thread);
                }
                lock.next = lock.pick();
                if let Some(next) = lock.next {
                    self.then(thread, &[ConditionSignal(own(next)), bfs(BfsStep::AfterSignal(why))]);
                }
                self.released(thread, why);
            }
            Policy::Bfs(BfsStep::AfterSignal(why)) => self.bfs_after_signal(thread, why),
            Policy::Bfs(BfsStep::Forced) => {
                self.then(thread, &[ConditionWait(own(thread), None), bfs(BfsStep::ForcedWoken)]);
            }
            Policy::Bfs(BfsStep::ForcedWoken) if lock.switching == Some(thread) => {
                self.then(thread, &[bfs(BfsStep::Forced)]);
            }
            Policy::Bfs(BfsStep::ForcedWoken) => {
                let user = lock.after_release[thread];
                self.set_states(thread, user, ThreadState::WaitsForGil);
            }
            _ => unreachable!("{policy:?}"),
        }
    }

    fn bfs_enter(&mut self, thread: usize) {
        let at = self.interpreter_of(thread);
        let lock = &mut self.gils[at].bfs;
        let Some(next) = lock.next else { return self.then(thread, &[bfs(BfsStep::Taken)]) };
        let other = lock.deadline[next];
        let is_urgent = lock.deadline[thread] <= other && other >= lock.clock;
        if is_urgent && lock.previous.is_some() {
            return self.then(thread, &[bfs(BfsStep::Taken)]);
        }
        lock.queue.push(thread);
        if is_urgent {
            lock.preempt = true;
            self.request_drop(thread);
        } else {
            lock.look = true;
            self.holder_must_look(thread);
        }
        self.then(thread, &[bfs(BfsStep::Wait)]);
    }

    fn bfs_woken(&mut self, thread: usize) {
        let at = self.interpreter_of(thread);
        let timed_out = self.threads[thread].program.wait_timed_out;
        let lock = &mut self.gils[at].bfs;
        let is_next = lock.next == Some(thread);
        if is_next {
            lock.queue.retain(|waiting| *waiting != thread);
            self.then(thread, &[bfs(BfsStep::Taken)]);
        } else {
            self.then(thread, &[bfs(BfsStep::Wait)]);
        }
        if timed_out {
            self.gils[at].bfs.look = true;
            self.gils[at].counters.timed_out_waits += u64::from(!is_next);
            self.holder_must_look(thread);
        } else if !is_next {
            self.failed_acquisition(thread);
        }
    }

    /// The next has been signalled: must this thread wait until it has taken over?
    fn bfs_after_signal(&mut self, thread: usize, why: Why) {
        let at = self.interpreter_of(thread);
        let lock = &mut self.gils[at].bfs;
        let next = lock.deadline[lock.next.expect("it was signalled")];
        let must_wait =
            lock.slice_left[thread].is_zero() || next < lock.clock || next <= lock.deadline[thread];
        if why == Why::Ends || lock.switching.is_some() || !must_wait {
            return;
        }
        lock.switching = Some(thread);
        lock.after_release[thread] = self.threads[thread].user_state;
        self.gils[at].counters.forced_waits += 1;
        self.set_states(thread, ThreadState::WaitsForGil, ThreadState::ForcedSwitch);
        self.then(thread, &[bfs(BfsStep::Forced)]);
    }
}
