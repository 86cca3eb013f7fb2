//! The lock, bytecode and programs (sections 5, 6 and 8 of the rules).

use gilsim::des::{Span, Time};
use gilsim::python::interpreter::{GilConfig, LockKind};
use gilsim::python::program::Step;
use gilsim::trace::{Mark, ThreadState};

use super::kernel::{Burst, Mode};
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
    /// Executes bytecode up to where it must stop next.
    Bytecode,
    BytecodeDone,
    /// The call of input, output or a sleep has been made.
    Block(Span),
    StepState(ThreadState),
    End,
}

pub struct Gil {
    exists: bool,
    pub holder: Option<usize>,
    last_holder: Option<usize>,
    held_since: Time,
    ticker: i64,
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
            exists: threads > 1,
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
fn ticker_interval(config: &GilConfig) -> Option<u32> {
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

/// Where a thread is in its program, and what it remembers of the lock.
#[derive(Default)]
pub struct ProgramCounter {
    step: usize,
    /// How often each open loop has still to go round, the innermost last.
    loops: Vec<Option<u64>>,
    /// Position in the stretch of the current step, and the ticks executed there.
    position: Span,
    ticks: u64,
    stop: Stop,
    executes: bool,
    pub wait_timed_out: bool,
    pub after_release: Option<ThreadState>,
}

/// Where a burst of bytecode ends.
#[derive(Clone, Copy, Default)]
struct Stop {
    position: Span,
    ticks: u64,
    ticker: i64,
    check: bool,
}

use Action::Lock;

impl World<'_> {
    pub fn begin_program(&mut self, thread: usize) {
        if self.gil.exists {
            self.then(thread, &[Lock(Policy::Take)]);
        }
    }

    /// The next step of the program.
    pub fn next_step(&mut self, thread: usize) {
        let model = self.model;
        let program = &model.programs[model.threads[thread].program];
        let counter = &mut self.threads[thread].program;
        let exists = self.gil.exists;
        match &program.steps[counter.step] {
            Step::Run { .. } => {
                (counter.position, counter.ticks) = (Span::ZERO, 0);
                self.then(thread, &[Lock(Policy::Bytecode)]);
            }
            Step::LoopStart { count: Some(0), exit } => counter.step = *exit,
            Step::LoopStart { count, .. } => {
                counter.loops.push(*count);
                counter.step += 1;
            }
            Step::LoopEnd { start } => {
                let left = counter.loops.pop().expect("a loop is open").map(|left| left - 1);
                if left == Some(0) {
                    counter.step += 1;
                } else {
                    counter.loops.push(left);
                    counter.step = start + 1;
                }
            }
            step @ (Step::Io { wait: span, .. } | Step::Sleep { span }) => {
                counter.step += 1;
                let (span, blocked) = match step {
                    Step::Io { .. } => (self.streams.draw_program(thread, span), ThreadState::BlockedOnIo),
                    _ => (self.streams.draw_program(thread, span), ThreadState::Sleeping),
                };
                let call = [
                    Lock(Policy::StepState(blocked)),
                    Action::Spend(Cost::SystemCall),
                    Lock(Policy::Block(span)),
                ];
                if exists {
                    self.then(
                        thread,
                        &[Lock(Policy::Release(Why::Blocks)), call[0], call[1], call[2], Lock(Policy::Take)],
                    );
                } else {
                    self.then(
                        thread,
                        &[call[0], call[1], call[2], Lock(Policy::StepState(ThreadState::RunsPython))],
                    );
                }
            }
            Step::End if exists => self.then(thread, &[Lock(Policy::Release(Why::Ends)), Lock(Policy::End)]),
            Step::End => self.then(thread, &[Lock(Policy::End)]),
            other => unimplemented!("{other:?} in the twin"),
        }
    }

    pub fn lock_action(&mut self, thread: usize, policy: Policy) {
        match policy {
            Policy::Bytecode => self.begin_bytecode(thread),
            Policy::BytecodeDone => self.end_bytecode(thread),
            Policy::StepState(state) => {
                self.threads[thread].blocked_state = state;
                self.threads[thread].user_state = match state {
                    ThreadState::RunsPython => state,
                    _ => ThreadState::RunsWithoutGil,
                };
            }
            Policy::Block(span) if span.is_zero() => {}
            Policy::Block(span) => {
                let sleeps = self.threads[thread].blocked_state == ThreadState::Sleeping;
                let late = if sleeps { self.cost(Cost::TimerLateness) } else { Span::ZERO };
                self.block(thread, None, Some(self.now + span + late));
            }
            Policy::End => self.end_thread(thread),
            Policy::Take => {
                self.set_states(thread, ThreadState::WaitsForGil, ThreadState::WaitsForGil);
                self.policy(thread, policy);
            }
            _ => self.policy(thread, policy),
        }
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
                &[Action::Spend(Cost::LockOperation), Action::SemaphoreTry, Lock(Policy::Acquired)],
            ),
            Policy::Acquired => self.acquired(thread),
            Policy::Release(why) => {
                self.released(thread, why);
                self.then(thread, &[Action::Spend(Cost::LockOperation), Action::SemaphoreRaise]);
            }
            _ => unreachable!("{policy:?}"),
        }
    }

    fn condvar_lock(&mut self, thread: usize, policy: Policy) {
        match policy {
            Policy::Take => self.then(thread, &[MutexLock(0), Lock(Policy::Look)]),
            Policy::LookAgain | Policy::Look => {
                if self.gil.holder.is_some() {
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
        let interlocked = Action::Spend(Cost::AtomicOperation);
        match policy {
            Policy::Take => self.then(thread, &[interlocked, Lock(Policy::HandoffEnter)]),
            Policy::HandoffEnter => {
                self.gil.count += 1;
                self.then(thread, &[Lock(Policy::Acquired)]);
                if self.gil.count > 1 {
                    self.then(thread, &[Action::Spend(Cost::SystemCall), Action::EventWait]);
                }
            }
            Policy::Acquired => self.acquired(thread),
            Policy::Release(why) => self.then(thread, &[interlocked, Lock(Policy::HandoffLeave(why))]),
            Policy::HandoffLeave(why) => {
                self.gil.count -= 1;
                self.released(thread, why);
                if self.gil.count > 0 {
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
        assert!(self.gil.holder.is_none(), "two hold the lock");
        self.counters.acquisitions += 1;
        self.threads[thread].report.acquisitions += 1;
        self.counters.hand_overs += u64::from(self.gil.last_holder.is_some_and(|last| last != thread));
        self.gil.holder = Some(thread);
        self.gil.last_holder = Some(thread);
        self.gil.held_since = self.now;
        self.set_states(thread, ThreadState::RunsPython, ThreadState::WaitsForGil);
        self.mark(thread, Mark::Acquired);
    }

    pub fn released(&mut self, thread: usize, why: Why) {
        self.stop_holding();
        let user = if why == Why::Check { ThreadState::WaitsForGil } else { ThreadState::RunsWithoutGil };
        self.set_states(thread, user, ThreadState::WaitsForGil);
        self.mark(thread, Mark::Released);
    }

    /// The lock is held no longer.
    pub fn stop_holding(&mut self) {
        if self.gil.holder.take().is_some() {
            self.counters.held += self.now.since(self.gil.held_since);
        }
    }

    pub fn failed_acquisition(&mut self, thread: usize) {
        self.counters.failed_acquisitions += 1;
        self.threads[thread].report.failed_acquisitions += 1;
        self.set_states(thread, ThreadState::FailedAcquisition, ThreadState::WaitsForGil);
        self.mark(thread, Mark::FailedAcquisition);
    }

    pub fn request_drop(&mut self, thread: usize) {
        self.counters.drop_requests += 1;
        self.mark(thread, Mark::DropRequest);
        self.comes_over(thread, Memory::Request);
        self.holder_must_look();
    }

    /// Something was put on that the holder sees at its first look from now on.
    pub fn holder_must_look(&mut self) {
        let Some(holder) = self.gil.holder.filter(|holder| self.threads[*holder].program.executes) else {
            return;
        };
        // It may be in the middle of a burst of bytecode: where is it now, and where must it stop?
        let core = self.threads[holder].core;
        self.account(core);
        let left = self.threads[holder].burst.map_or(Span::ZERO, |burst| burst.left);
        let position = self.threads[holder].program.stop.position - left;
        let stop = self.stop_after(holder, position);
        let counter = &mut self.threads[holder].program;
        if stop.position < counter.stop.position || (stop.check && !counter.stop.check) {
            counter.stop = stop;
            self.cut_burst(holder, stop.position - position);
        }
    }

    fn begin_bytecode(&mut self, thread: usize) {
        let position = self.threads[thread].program.position;
        let Step::Run { span, .. } = self.run_step(thread) else { unreachable!("it runs") };
        if position == *span {
            self.threads[thread].program.step += 1;
            return;
        }
        let stop = self.stop_after(thread, position);
        self.threads[thread].program.stop = stop;
        self.threads[thread].program.executes = true;
        self.threads[thread].burst = Some(Burst { mode: Mode::User, left: stop.position - position });
        self.then(thread, &[Lock(Policy::BytecodeDone)]);
    }

    fn end_bytecode(&mut self, thread: usize) {
        let counter = &mut self.threads[thread].program;
        let stop = counter.stop;
        counter.executes = false;
        (counter.position, counter.ticks) = (stop.position, stop.ticks);
        self.gil.ticker = stop.ticker;
        self.then(thread, &[Lock(Policy::Bytecode)]);
        if stop.check {
            if let Some(interval) = ticker_interval(&self.model.gil) {
                self.gil.ticker = i64::from(interval);
            }
            self.counters.checks += 1;
            self.mark(thread, Mark::Check);
            self.then(thread, &[Lock(Policy::Check)]);
        }
    }

    fn run_step(&self, thread: usize) -> &Step {
        let program = self.model.threads[thread].program;
        &self.model.programs[program].steps[self.threads[thread].program.step]
    }

    /// Executes bytecode from `position` tick by tick, up to a check or the end of the step.
    fn stop_after(&self, thread: usize, position: Span) -> Stop {
        let Step::Run { stretch, span } = self.run_step(thread) else { unreachable!("it runs") };
        let stretch = &self.model.stretches[*stretch];
        let mut stop = Stop {
            position: *span,
            ticks: self.threads[thread].program.ticks,
            ticker: self.gil.ticker,
            check: false,
        };
        if !self.gil.exists {
            return stop;
        }
        while let Some(tick) = stretch.position_of_tick(stop.ticks + 1).filter(|tick| tick <= span) {
            stop.ticks += 1;
            let may_check = stretch.first_check_from(stop.ticks) == Some(stop.ticks);
            let mut asked = self.has_been_asked() && tick > position;
            if ticker_interval(&self.model.gil).is_some() {
                stop.ticker = (stop.ticker - 1).max(-1);
                asked |= stop.ticker < 0;
            }
            if asked && may_check {
                return Stop { position: tick, check: true, ..stop };
            }
        }
        stop
    }

    /// Whether something is on that the holder will see.
    fn has_been_asked(&self) -> bool {
        match self.model.gil {
            GilConfig::SwitchInterval { .. } | GilConfig::Priority { .. } => self.gil.drop_request,
            GilConfig::Ruby { .. } => self.gil.holder.is_some_and(|holder| self.gil.queue.interrupt[holder]),
            GilConfig::Bfs { .. } => self.gil.bfs.preempt || self.gil.bfs.look,
            _ => false,
        }
    }
}
