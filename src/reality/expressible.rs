//! What of a run a Python program on Linux can express: whatever the model says is either written, or a reason not to.

use crate::des::Span;
use crate::os::Birth;
use crate::os::attributes::Attributes;
use crate::os::machine::{Machine, Platform, SchedulerConfig};
use crate::python::interpreter::{GilConfig, LockKind};
use crate::scenario::{self, Run};
use crate::sim::{Model, ThreadSpec};

/// Why a run cannot be done by a Python program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unwritable(String);

pub(super) fn unwritable<T>(why: impl Into<String>) -> Result<T, Unwritable> {
    Err(Unwritable(why.into()))
}

/// Fails if a run has something that no Python program on Linux does, steps aside.
///
/// Every part of a model is named here, so that none can be forgotten.
pub(super) fn check(run: &Run) -> Result<(), Unwritable> {
    let Model {
        machine: Machine { cores: _, platform, scheduler, first_tick: _, costs: _ },
        interpreters,
        gil,
        lone_thread_locks: _,
        stretches: _,
        programs: _,
        library: _,
        threading,
        lock_tries_first: _,
        sleeps_until: _,
        threading_lock: _,
        variables: _,
        shared_objects: _,
        object_locks: _,
        channels: _,
        devices: _,
        latencies: _,
        clients: _,
        pools: _,
        loops,
        signal_rules: _,
        signals,
        threads,
        until: _,
    } = &run.model;
    check_scheduler(*platform, scheduler)?;
    check_lock(*gil)?;
    check_interpreter(run)?;
    threads.iter().try_for_each(check_thread)?;
    if *interpreters != 1 {
        return unwritable("it has other than the threads of one interpreter");
    }
    if !loops.is_empty() {
        return unwritable("it has an event loop");
    }
    if !signals.is_empty() {
        return unwritable("it has signals from outside");
    }
    if matches!(gil, GilConfig::CheckInterval { .. }) && threading.barriers().next().is_some() {
        return unwritable("there are no barriers before CPython 3.2");
    }
    Ok(())
}

/// The machine must be one on which an ordinary program of Linux is scheduled as usual.
fn check_scheduler(platform: Platform, scheduler: &SchedulerConfig) -> Result<(), Unwritable> {
    match scheduler {
        SchedulerConfig::Cfs { .. } | SchedulerConfig::Eevdf { .. } => {}
        SchedulerConfig::Mach { .. }
        | SchedulerConfig::RoundRobin { .. }
        | SchedulerConfig::Fifo
        | SchedulerConfig::Windows { .. } => {
            let name = scheduler.name();
            return unwritable(format!("its scheduler is `{name}`, and that of Linux is `cfs` or `eevdf`"));
        }
    }
    match platform {
        Platform::Linux => Ok(()),
        Platform::Darwin => unwritable("its machine has the locks of OS X, not those of Linux"),
    }
}

fn check_lock(gil: GilConfig) -> Result<(), Unwritable> {
    match gil {
        GilConfig::CheckInterval { interval: _, first_ticker: _, lock: LockKind::Semaphore }
        | GilConfig::SwitchInterval { interval: _, forced_switching: true, ending_thread_waits: _ } => Ok(()),
        GilConfig::CheckInterval { .. } => unwritable("its lock is not that of Linux"),
        GilConfig::SwitchInterval { .. } => unwritable("every CPython waits after a drop request"),
        GilConfig::None => unwritable("its interpreter has no lock"),
        GilConfig::RoundRobin { .. }
        | GilConfig::Priority { .. }
        | GilConfig::Bfs { .. }
        | GilConfig::Pypy { .. }
        | GilConfig::Ruby { .. } => unwritable("its lock is not one of CPython"),
    }
}

/// The interpreter must be a preset, of which nothing but the intervals and the speed is changed.
fn check_interpreter(run: &Run) -> Result<(), Unwritable> {
    let Some(name) = &run.python_name else {
        return unwritable("its interpreter is described in the scenario, and builds on no preset");
    };
    let text = format!(
        "{{gilsim: 1, title: preset, machine: linux-2-core, python: {{preset: {name}, instruction: 1ns}}, \
         threads: [{{name: main, do: []}}]}}"
    );
    let Ok(preset) = scenario::load(&text, name, &[]) else {
        return unwritable(format!("{name} is not a preset that comes with gilsim"));
    };
    let facts = |run: &Run| {
        let model = &run.model;
        let gil = match model.gil {
            GilConfig::CheckInterval { interval: _, first_ticker, lock } => {
                GilConfig::CheckInterval { interval: 0, first_ticker, lock }
            }
            GilConfig::SwitchInterval { interval: _, forced_switching, ending_thread_waits } => {
                let interval = Span::ZERO;
                GilConfig::SwitchInterval { interval, forced_switching, ending_thread_waits }
            }
            other => other,
        };
        (
            gil,
            model.lone_thread_locks,
            model.lock_tries_first,
            model.sleeps_until,
            model.threading_lock,
            model.object_locks,
            model.signal_rules,
        )
    };
    if facts(run) != facts(&preset.runs[0]) {
        return unwritable(format!("its interpreter differs from {name} in more than speed and interval"));
    }
    Ok(())
}

fn check_thread(thread: &ThreadSpec) -> Result<(), Unwritable> {
    let ThreadSpec {
        program: _,
        interpreter,
        daemon: _,
        start: _,
        birth,
        started_by_step: _,
        announced: _,
        background,
        // No scheduler of an ordinary program heeds priorities.
        attributes: Attributes { cores: _, nice: _, priority: _ },
        event_loop: _,
    } = thread;
    if *background {
        return unwritable("other programs keep its machine busy");
    }
    if interpreter.is_none() {
        return unwritable("it has threads that run no Python");
    }
    match birth {
        Birth::Thread => Ok(()),
        Birth::Fork | Birth::Spawn => unwritable("it starts processes"),
    }
}
