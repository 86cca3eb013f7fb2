//! What must hold in every run of the engine, checked at every event.
//!
//! 1. Time never runs backwards.
//! 2. At most one thread holds each interpreter's lock: it is taken when it is free and released by its holder.
//! 3. No bytecode without the lock (where there is one).
//! 4. A core runs one thread, and a thread is in one place: on one core if its state is one of executing, else on none.
//! 5. A drop request comes only after at least one interval without a switch.
//! 6. Forced switching: who was asked to drop the lock does not take it before another has.
//! 7. The states of a thread add up to the length of the run; so do, for each core, busy and idle time; the cores are
//!    busy for as long as threads use them; the lock is held for as long as holders held it.
//! 8. Whoever takes the lock gives it back before another takes it: acquisitions less releases is 0 or 1, and the report
//!    counts as many acquisitions as there were.
//! 9. No waking is lost: while the lock is free and a thread sleeps for it, another is awake (on a core or on its way to
//!    one) that takes the lock next, or has given it up and not slept since for anything else. So a free lock is taken as
//!    soon as such a thread has woken up and executed what it must.
//! 10. A thread that ends has executed as much bytecode and C code as its program has, if no call in it has raised an
//!     exception; devices have had time for what they have served, no message is lost or made, and the variables have
//!     been stored to as often as programs say (`balance`).

use std::cell::Cell;

use gilsim::des::{Span, Time};
use gilsim::python::interpreter::GilConfig;
use gilsim::sim::report::ThreadReport;
use gilsim::sim::{Model, Report};
use gilsim::trace::{Mark, Observer, ThreadState};

use crate::balance;

/// An observer that holds every event against the invariants and remembers the first that is broken.
struct Watch<'a> {
    model: &'a Model,
    now: Time,
    locks: Vec<Lock>,
    /// Who takes the lock next, and who has given it up and not slept since for anything else.
    wants: Vec<bool>,
    lets_go: Vec<bool>,
    /// For how many steps of time the lock was free while a thread slept for it.
    free_with_sleeper: u64,
    states: Vec<ThreadState>,
    cores: Vec<Option<usize>>,
    busy: Vec<Span>,
    broken: Option<String>,
    /// How much it has seen.
    seen: u64,
}

/// What has happened to the lock of an interpreter.
#[derive(Clone, Default)]
struct Lock {
    holder: Option<usize>,
    held: Span,
    held_since: Time,
    last_holder: Option<usize>,
    last_switch: Time,
    /// The thread that was asked to drop the lock, until another takes it.
    must_not_take: Option<usize>,
    acquisitions: u64,
    releases: u64,
}

impl Watch<'_> {
    fn lock_of(&mut self, thread: usize) -> &mut Lock {
        let interpreter = self.model.threads[thread].interpreter.expect("only Python takes the lock");
        &mut self.locks[interpreter]
    }

    /// Whether `thread` needs a lock to execute bytecode.
    fn has_lock(&self, thread: usize) -> bool {
        let interpreter = self.model.threads[thread].interpreter;
        let threads = self.model.threads.iter().filter(|spec| spec.interpreter == interpreter).count();
        let is_needed = threads > 1 || self.model.lone_thread_locks;
        interpreter.is_some() && self.model.gil != GilConfig::None && is_needed
    }

    fn demand(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            self.broken = Some(format!("at {} ps: {}", self.now.picos(), what()));
        }
    }

    /// Time goes on: what was so until now has lasted, and must have been in order.
    fn advance(&mut self, time: Time) {
        self.seen += 1;
        crate::give_up_after(1_000_000, self.seen);
        self.demand(time >= self.now, || "time runs backwards".to_owned());
        let lasted = time.since(self.now);
        if lasted.is_zero() {
            return;
        }
        for core in 0..self.cores.len() {
            if self.cores[core].is_some() {
                self.busy[core] += lasted;
            }
        }
        for thread in 0..self.states.len() {
            self.check_thread(thread);
        }
        self.check_waking();
        self.now = time;
    }

    fn is_on_core(&self, thread: usize) -> bool {
        self.cores.contains(&Some(thread))
    }

    fn check_waking(&mut self) {
        // PyPy's lock wakes nobody: the first of the waiters looks at it again and again.
        if matches!(self.model.gil, GilConfig::Pypy { .. }) {
            return;
        }
        for interpreter in 0..self.locks.len() {
            self.check_waking_for(interpreter);
        }
    }

    fn check_waking_for(&mut self, interpreter: usize) {
        let is_of = |thread: &usize| self.model.threads[*thread].interpreter == Some(interpreter);
        let threads: Vec<usize> = (0..self.states.len()).filter(is_of).collect();
        let sleeps =
            |thread: &usize| self.states[*thread] == ThreadState::WaitsForGil && !self.is_on_core(*thread);
        if self.locks[interpreter].holder.is_some() || !threads.iter().any(sleeps) {
            return;
        }
        let is_awake =
            |thread: usize| self.is_on_core(thread) || self.states[thread] == ThreadState::Runnable;
        let sees_to_it = |thread: &usize| is_awake(*thread) && (self.wants[*thread] || self.lets_go[*thread]);
        let in_hand = threads.iter().any(sees_to_it);
        self.free_with_sleeper += 1;
        self.demand(in_hand, || "the lock is free, and whoever wants it sleeps".to_owned());
    }

    fn check_thread(&mut self, thread: usize) {
        let state = self.states[thread];
        let on_cores = self.cores.iter().filter(|running| **running == Some(thread)).count();
        self.demand(on_cores <= 1, || format!("thread {thread} is on {on_cores} cores"));
        let (may_run, must_run) = match state {
            ThreadState::RunsPython
            | ThreadState::RunsCHoldingGil
            | ThreadState::RunsWithoutGil
            | ThreadState::InKernel => (true, true),
            ThreadState::FailedAcquisition => (true, true),
            ThreadState::WaitsForGil => (true, false),
            _ => (false, false),
        };
        self.demand(may_run || on_cores == 0, || format!("thread {thread} is {state:?} on a core"));
        self.demand(!must_run || on_cores == 1, || format!("thread {thread} is {state:?} without a core"));
        let may_run_python = !self.has_lock(thread) || self.lock_of(thread).holder == Some(thread);
        let is_python = matches!(state, ThreadState::RunsPython | ThreadState::RunsCHoldingGil);
        self.demand(may_run_python || !is_python, || format!("thread {thread} runs Python without the lock"));
    }

    fn acquired(&mut self, time: Time, thread: usize) {
        let Lock { holder, must_not_take, last_holder, .. } = *self.lock_of(thread);
        self.demand(holder.is_none(), || format!("{thread} takes the lock of {holder:?}"));
        self.demand(must_not_take != Some(thread), || {
            format!("{thread} takes the lock it was asked to drop")
        });
        self.wants[thread] = false;
        self.lets_go[thread] = false;
        let lock = self.lock_of(thread);
        lock.must_not_take = None;
        lock.acquisitions += 1;
        lock.holder = Some(thread);
        lock.held_since = time;
        if last_holder != Some(thread) {
            lock.last_holder = Some(thread);
            lock.last_switch = time;
        }
    }

    fn released(&mut self, time: Time, thread: usize) {
        let holder = self.lock_of(thread).holder;
        self.demand(holder == Some(thread), || format!("{thread} releases the lock of {holder:?}"));
        self.lets_go[thread] = true;
        let lock = self.lock_of(thread);
        lock.holder = None;
        lock.releases += 1;
        lock.held += time.since(lock.held_since);
    }
}

impl Observer for Watch<'_> {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        self.advance(time);
        let before = std::mem::replace(&mut self.states[thread], state);
        match (before, state) {
            // Who is started or has slept takes the lock next.
            (ThreadState::NotStarted | ThreadState::BlockedOnIo | ThreadState::Sleeping, _)
            | (_, ThreadState::WaitsForGil | ThreadState::FailedAcquisition) => self.wants[thread] = true,
            _ => {}
        }
        if matches!(state, ThreadState::BlockedOnIo | ThreadState::Sleeping | ThreadState::Done) {
            self.lets_go[thread] = false;
        }
    }

    fn core_runs(&mut self, time: Time, core: usize, thread: Option<usize>) {
        self.advance(time);
        self.cores[core] = thread;
    }

    fn mark(&mut self, time: Time, thread: usize, mark: Mark) {
        self.advance(time);
        match (mark, self.model.gil) {
            (Mark::Acquired, _) => self.acquired(time, thread),
            (Mark::Released, _) => self.released(time, thread),
            (Mark::DropRequest, GilConfig::SwitchInterval { interval, .. }) => {
                let since = time.since(self.lock_of(thread).last_switch);
                self.demand(since >= interval, || format!("a request {} ps after a switch", since.picos()));
            }
            (
                Mark::Check,
                GilConfig::SwitchInterval { forced_switching: true, .. } | GilConfig::Priority { .. },
            ) => {
                self.lock_of(thread).must_not_take = Some(thread);
            }
            _ => {}
        }
    }
}

/// Runs the engine; what is broken, if anything is. Counts how often the lock was free while a thread slept for it.
pub fn broken(model: &Model, seed: u64, free_with_sleeper: &Cell<u64>) -> Option<String> {
    let threads = model.threads.len();
    let watch = Watch {
        model,
        now: Time::ZERO,
        locks: vec![Lock::default(); model.interpreters],
        wants: vec![false; threads],
        lets_go: vec![false; threads],
        free_with_sleeper: 0,
        states: vec![ThreadState::NotStarted; threads],
        cores: vec![None; model.machine.cores],
        busy: vec![Span::ZERO; model.machine.cores],
        broken: None,
        seen: 0,
    };
    let (report, mut watch) = gilsim::sim::run(model, seed, watch);
    watch.advance(report.makespan);
    for lock in &mut watch.locks {
        if lock.holder.is_some() {
            lock.held += report.makespan.since(lock.held_since);
        }
    }
    check_sums(&mut watch, &report);
    if let Some(wrong) = balance::broken(model, &report) {
        watch.demand(false, || wrong);
    }
    free_with_sleeper.set(free_with_sleeper.get() + watch.free_with_sleeper);
    watch.broken
}

fn check_sums(watch: &mut Watch, report: &Report) {
    let makespan = report.makespan.since(Time::ZERO);
    for (index, thread) in report.threads.iter().enumerate() {
        let life = thread.usage.state_times.iter().fold(Span::ZERO, |sum, span| sum + *span);
        watch.demand(life == makespan, || {
            format!("the states of thread {index} add up to {} ps", life.picos())
        });
    }
    let busy = watch.busy.clone();
    watch.demand(busy == report.core_busy, || format!("the cores were busy {busy:?}"));
    let all_busy = busy.iter().fold(Span::ZERO, |sum, span| sum + *span);
    let used_by = |thread: &ThreadReport| thread.usage.user + thread.usage.system;
    let used = report.threads.iter().fold(Span::ZERO, |sum, thread| sum + used_by(thread));
    watch.demand(all_busy == used, || format!("busy {} ps, used {} ps", all_busy.picos(), used.picos()));
    let counted = report.total(|thread| thread.acquisitions);
    watch.demand(counted == report.gil.acquisitions, || format!("{counted} counted by threads"));
    for (interpreter, counted) in report.interpreters.iter().enumerate() {
        let Lock { acquisitions, releases, holder, held, .. } = watch.locks[interpreter];
        let is_held = u64::from(holder.is_some());
        watch.demand(acquisitions == releases + is_held, || {
            format!("{acquisitions} taken, {releases} given up")
        });
        watch.demand(acquisitions == counted.acquisitions, || format!("{acquisitions} taken, {counted:?}"));
        watch.demand(held == counted.held, || format!("the lock was held for {} ps", held.picos()));
    }
}
