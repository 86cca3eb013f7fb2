//! The lock, bytecode and programs (sections 5, 6 and 8 of the rules).

use gilsim::des::{Span, Time};
use gilsim::python::interpreter::{GilConfig, LockKind};
use gilsim::sim::report::GilCounters;
use gilsim::trace::{Mark, ThreadState};

use super::objects::Action::{self, ConditionSignal, ConditionWait, MutexLock, MutexUnlock, Spend};
use super::objects::Memory;
use super::proposals::{BfsLock, BfsStep, PypyLock, PypyStep, QueueLock, QueueStep};
use super::{Cost, World};

/// Why a thread gives up the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Check,
    Blocks,
    Ends,
}

/// What a policy does in a turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Policy {
    Take,
    Release(Why),
    /// What a check leads to.
    Check,
    Acquired,
    FlagOff(Why),
    /// Condvar: the flag is looked at; switch_interval: the same.
    Look,
    LookAgain,
    HandoffEnter,
    HandoffLeave(Why),
    LookAfterWait(u64),
    SwitchTaken,
    DropRequestOff,
    AfterDrop,
    ForcedWait,
    ForcedWaitEnded,
    Queue(QueueStep),
    Pypy(PypyStep),
    Bfs(BfsStep),
}

pub struct Gil {
    pub counters: GilCounters,
    pub holder: Option<usize>,
    last_holder: Option<usize>,
    held_since: Time,
    pub ticker: i64,
    count: u64,
    pub drop_request: bool,
    pub switch_holder: Option<usize>,
    pub switch_number: u64,
    /// Under priority: who is CPU-bound, and how many I/O-bound threads wait.
    pub is_cpu_bound: Vec<bool>,
    pub io_bound_waiting: u64,
    pub queue: QueueLock,
    pub pypy: PypyLock,
    pub bfs: BfsLock,
}

impl Gil {
    pub fn new(config: &GilConfig, threads: usize) -> Gil {
        let ticker = match config {
            GilConfig::CheckInterval { first_ticker, .. } | GilConfig::RoundRobin { first_ticker, .. } => {
                *first_ticker
            }
            _ => ticker_interval(config).unwrap_or(0),
        };
        Gil {
            counters: GilCounters::default(),
            holder: None,
            last_holder: None,
            held_since: Time::ZERO,
            ticker: i64::from(ticker),
            count: 0,
            drop_request: false,
            switch_holder: None,
            switch_number: 0,
            is_cpu_bound: vec![false; threads],
            io_bound_waiting: 0,
            queue: QueueLock::new(threads),
            pypy: PypyLock::new(),
            bfs: BfsLock::new(threads),
        }
    }
}

/// What the ticker is set back to, if there is one.
pub fn ticker_interval(config: &GilConfig) -> Option<u32> {
    match config {
        GilConfig::CheckInterval { interval, .. }
        | GilConfig::RoundRobin { interval, .. }
        | GilConfig::Pypy { interval, .. } => Some(*interval),
        GilConfig::Bfs { ticks, .. } => Some(*ticks),
        GilConfig::None
        | GilConfig::SwitchInterval { .. }
        | GilConfig::Priority { .. }
        | GilConfig::Ruby { .. } => None,
    }
}

use Action::Lock;

impl World<'_> {
    pub fn lock_action(&mut self, thread: usize, policy: Policy) {
        if policy == Policy::Take {
            self.set_states(thread, ThreadState::WaitsForGil, ThreadState::WaitsForGil);
        }
        self.policy(thread, policy);
    }

    fn policy(&mut self, thread: usize, policy: Policy) {
        match self.model.gil {
            GilConfig::Ruby { quantum, tick } => return self.ruby_lock(thread, policy, quantum, tick),
            GilConfig::Pypy { poll, .. } => return self.pypy_lock(thread, policy, poll),
            GilConfig::Bfs { slice, factor, .. } => return self.bfs_lock(thread, policy, slice, factor),
            _ => {}
        }
        if policy == Policy::Check {
            let look = match self.model.gil {
                GilConfig::SwitchInterval { .. } | GilConfig::Priority { .. } => vec![Spend(Cost::Touch)],
                _ => Vec::new(),
            };
            self.then(thread, &[Lock(Policy::Release(Why::Check)), Lock(Policy::Take)]);
            return self.then(thread, &look);
        }
        match self.model.gil {
            GilConfig::CheckInterval { lock: LockKind::Semaphore, .. } => self.semaphore_lock(thread, policy),
            GilConfig::CheckInterval { lock: LockKind::Condvar, .. } => self.condvar_lock(thread, policy),
            GilConfig::CheckInterval { lock: LockKind::Handoff, .. } => self.handoff_lock(thread, policy),
            GilConfig::RoundRobin { .. } => self.queue_lock(thread, policy),
            GilConfig::SwitchInterval { interval, forced_switching, ending_thread_waits } => {
                self.switch_interval(thread, policy, interval, forced_switching, ending_thread_waits);
            }
            GilConfig::Priority { interval } => self.switch_interval(thread, policy, interval, true, false),
            _ => unreachable!("done above"),
        }
    }

    fn semaphore_lock(&mut self, thread: usize, policy: Policy) {
        match policy {
            Policy::Take => self.then(
                thread,
                &[Action::Spend(Cost::LockOperation), Action::SemaphoreTry(0), Lock(Policy::Acquired)],
            ),
            Policy::Acquired => self.acquired(thread),
            Policy::Release(why) => {
                self.released(thread, why);
                self.then(thread, &[Action::Spend(Cost::LockOperation), Action::SemaphoreRaise(0)]);
            }
            _ => unreachable!("{policy:?}"),
        }
    }

    fn condvar_lock(&mut self, thread: usize, policy: Policy) {
        let at = self.interpreter_of(thread);
        match policy {
            Policy::Take => self.then(thread, &[MutexLock(0), Lock(Policy::Look)]),
            Policy::LookAgain | Policy::Look => {
                if self.gils[at].holder.is_some() {
                    if policy == Policy::LookAgain {
                        self.failed_acquisition(thread);
                    }
                    self.then(thread, &[ConditionWait(0, None), Lock(Policy::LookAgain)]);
                } else {
                    self.acquired(thread);
                    self.then(thread, &[MutexUnlock(0)]);
                }
            }
            Policy::Release(why) => {
                let release = [MutexLock(0), Lock(Policy::FlagOff(why)), MutexUnlock(0), ConditionSignal(0)];
                self.then(thread, &release);
            }
            Policy::FlagOff(why) => self.released(thread, why),
            _ => unreachable!("{policy:?}"),
        }
    }

    fn handoff_lock(&mut self, thread: usize, policy: Policy) {
        let at = self.interpreter_of(thread);
        let interlocked = Action::Spend(Cost::AtomicOperation);
        match policy {
            Policy::Take => self.then(thread, &[interlocked, Lock(Policy::HandoffEnter)]),
            Policy::HandoffEnter => {
                self.gils[at].count += 1;
                self.then(thread, &[Lock(Policy::Acquired)]);
                if self.gils[at].count > 1 {
                    self.then(thread, &[Action::Spend(Cost::SystemCall), Action::EventWait]);
                }
            }
            Policy::Acquired => self.acquired(thread),
            Policy::Release(why) => self.then(thread, &[interlocked, Lock(Policy::HandoffLeave(why))]),
            Policy::HandoffLeave(why) => {
                self.gils[at].count -= 1;
                self.released(thread, why);
                if self.gils[at].count > 0 {
                    self.then(thread, &[Action::Spend(Cost::SystemCall), Action::EventSet]);
                }
            }
            _ => unreachable!("{policy:?}"),
        }
    }

    pub fn set_states(&mut self, thread: usize, user: ThreadState, blocked: ThreadState) {
        self.threads[thread].user_state = user;
        self.threads[thread].blocked_state = blocked;
    }

    pub fn acquired(&mut self, thread: usize) {
        let at = self.interpreter_of(thread);
        assert!(self.gils[at].holder.is_none(), "two hold the lock");
        self.gils[at].counters.acquisitions += 1;
        self.threads[thread].report.acquisitions += 1;
        self.gils[at].counters.hand_overs +=
            u64::from(self.gils[at].last_holder.is_some_and(|last| last != thread));
        self.gils[at].holder = Some(thread);
        self.gils[at].last_holder = Some(thread);
        self.gils[at].held_since = self.now;
        self.takes_the_lock(thread);
        self.set_states(thread, ThreadState::RunsPython, ThreadState::WaitsForGil);
        self.mark(thread, Mark::Acquired);
    }

    pub fn released(&mut self, thread: usize, why: Why) {
        let at = self.interpreter_of(thread);
        self.stop_holding(at);
        let user = if why == Why::Check { ThreadState::WaitsForGil } else { ThreadState::RunsWithoutGil };
        self.set_states(thread, user, ThreadState::WaitsForGil);
        self.mark(thread, Mark::Released);
    }

    /// The lock is held no longer.
    pub fn stop_holding(&mut self, at: usize) {
        let gil = &mut self.gils[at];
        if gil.holder.take().is_some() {
            gil.counters.held += self.now.since(gil.held_since);
        }
    }

    pub fn failed_acquisition(&mut self, thread: usize) {
        let at = self.interpreter_of(thread);
        self.gils[at].counters.failed_acquisitions += 1;
        self.threads[thread].report.failed_acquisitions += 1;
        self.set_states(thread, ThreadState::FailedAcquisition, ThreadState::WaitsForGil);
        self.mark(thread, Mark::FailedAcquisition);
    }

    pub fn request_drop(&mut self, thread: usize) {
        let at = self.interpreter_of(thread);
        self.gils[at].counters.drop_requests += 1;
        self.mark(thread, Mark::DropRequest);
        self.comes_over(thread, Memory::Request(at));
        self.holder_must_look(thread);
    }

    /// Something was put on that the holder sees at its first look from now on.
    pub fn holder_must_look(&mut self, thread: usize) {
        let at = self.interpreter_of(thread);
        let Some(holder) = self.gils[at].holder.filter(|holder| self.threads[*holder].program.executes)
        else {
            return;
        };
        // It may be in the middle of a burst of bytecode: where is it now, and where must it stop?
        let core = self.threads[holder].core;
        self.account(core);
        let left = self.threads[holder].burst.map_or(Span::ZERO, |burst| burst.left);
        self.stop_sooner(holder, left);
    }

    /// Whether something is on that the holder will see.
    pub fn has_been_asked(&self, thread: usize) -> bool {
        let at = self.interpreter_of(thread);
        match self.model.gil {
            GilConfig::SwitchInterval { .. } | GilConfig::Priority { .. } => self.gils[at].drop_request,
            GilConfig::Ruby { .. } => {
                self.gils[at].holder.is_some_and(|holder| self.gils[at].queue.interrupt[holder])
            }
            GilConfig::Bfs { .. } => self.gils[at].bfs.preempt || self.gils[at].bfs.look,
            _ => false,
        }
    }
}
