//! gilsim beside its peers: the same battle of two threads for the old GIL in gilsim, with a `BinaryHeap` of boxed events
//! (`heap.rs`) and in SimPy 4 (`battle.py`), checked to give the same counters.
//!
//!     pip install simpy
//!     cargo bench --bench peers
//!
//! The Python of the environment variable PYTHON is used, or `python3`; without SimPy there, it is left out, and said so.
//! The times are taken in turns, and the shortest counts, for other work on the machine only ever adds to them.

mod heap;

use std::process::Command;
use std::time::Instant;

use gilsim::scenario;
use gilsim::sim::{self, Model, Shortcuts};

const TICKS_BETWEEN_CHECKS: u64 = 101;

/// How many checks each thread makes: for gilsim and the heap, and for SimPy.
const ROUNDS: u64 = 400_000;
const ROUNDS_OF_SIMPY: u64 = 20_000;

/// How often the time is taken.
const TIMES: usize = 5;

/// What things cost, in picoseconds: a Linux machine with every cost constant.
#[derive(Clone, Copy)]
struct Costs {
    tick: u64,
    lock_operation: u64,
    atomic_operation: u64,
    cache_line: u64,
    system_call: u64,
    wake_sleeper: u64,
    wake_other_core: u64,
    wake_no_sleeper: u64,
    wake_latency: u64,
}

const COSTS: Costs = Costs {
    tick: 10_000,
    lock_operation: 11_300,
    atomic_operation: 2_700,
    cache_line: 115_000,
    system_call: 103_400,
    wake_sleeper: 284_000,
    wake_other_core: 2_100_000,
    wake_no_sleeper: 28_200,
    wake_latency: 5_700_000,
};

/// What all three must agree on; times in picoseconds, over both threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    checks: u64,
    acquisitions: u64,
    failed_acquisitions: u64,
    hand_overs: u64,
    system_calls: u64,
    voluntary_switches: u64,
    user: u64,
    system: u64,
    makespan: u64,
}

fn model(rounds: u64) -> Model {
    let Costs { tick, lock_operation, atomic_operation, cache_line, system_call, .. } = COSTS;
    let Costs { wake_sleeper, wake_other_core, wake_no_sleeper, wake_latency, .. } = COSTS;
    let text = format!(
        "gilsim: 1
title: The battle, every cost constant
machine:
  cores: 2
  platform: linux
  scheduler: {{round_robin: {{quantum: 1h}}}}
  costs:
    lock_operation: {lock_operation}ps
    atomic_operation: {atomic_operation}ps
    cache_line: {cache_line}ps
    system_call: {system_call}ps
    futex_wake: {{sleeper: {wake_sleeper}ps, other_core: {wake_other_core}ps, no_sleeper: {wake_no_sleeper}ps}}
    wake_latency: {{idle: {wake_latency}ps}}
python: {{preset: cpython-2.7, instruction: {tick}ps, gil: {{first_ticker: 100, lock: semaphore}}}}
threads: [{{name: worker, count: 2, do: [loop: {ticks}, body: [bytecode: [JUMP_ABSOLUTE]]]}}]
",
        ticks = rounds * TICKS_BETWEEN_CHECKS
    );
    let scenario = scenario::load(&text, "battle", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    scenario.runs[0].model.clone()
}

fn run_gilsim(model: &Model, shortcuts: Shortcuts) -> (Counters, u64) {
    let (report, ()) = sim::run_with(model, 1, (), shortcuts);
    let counters = Counters {
        checks: report.gil.checks,
        acquisitions: report.gil.acquisitions,
        failed_acquisitions: report.gil.failed_acquisitions,
        hand_overs: report.gil.hand_overs,
        system_calls: report.total(|thread| thread.usage.system_calls),
        voluntary_switches: report.total(|thread| thread.usage.voluntary_switches),
        user: report.total_time(|thread| thread.usage.user).picos(),
        system: report.total_time(|thread| thread.usage.system).picos(),
        makespan: report.makespan.picos(),
    };
    (counters, report.events)
}

/// The battle in SimPy: counters, events, and seconds; `None` without SimPy.
fn run_simpy(rounds: u64) -> Option<(Counters, u64, f64)> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/battle.py");
    let costs = [
        ("tick", COSTS.tick),
        ("lock_operation", COSTS.lock_operation),
        ("atomic_operation", COSTS.atomic_operation),
        ("cache_line", COSTS.cache_line),
        ("system_call", COSTS.system_call),
        ("wake_sleeper", COSTS.wake_sleeper),
        ("wake_other_core", COSTS.wake_other_core),
        ("wake_no_sleeper", COSTS.wake_no_sleeper),
        ("wake_latency", COSTS.wake_latency),
    ];
    let costs = costs.map(|(name, picos)| format!("{name}={picos}"));
    let output = Command::new(python).arg(script).arg(rounds.to_string()).args(costs).output().ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout))?.ok()?;
    let value = |name: &str| -> Option<&str> {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
    };
    let count = |name: &str| value(name)?.parse().ok();
    let counters = Counters {
        checks: count("checks")?,
        acquisitions: count("acquisitions")?,
        failed_acquisitions: count("failed_acquisitions")?,
        hand_overs: count("hand_overs")?,
        system_calls: count("system_calls")?,
        voluntary_switches: count("voluntary_switches")?,
        user: count("user")?,
        system: count("system")?,
        makespan: count("makespan")?,
    };
    Some((counters, count("events")?, value("seconds")?.parse().ok()?))
}

/// The shortest time of an attempt, in seconds, and what it gave.
fn timed<T>(best: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *best = best.min(start.elapsed().as_secs_f64());
    result
}

fn main() {
    let model_of_all = model(ROUNDS);
    let [mut all, mut one_by_one, mut boxed] = [f64::MAX; 3];
    let mut counters = Counters::default();
    for _ in 0..TIMES {
        let event_by_event = Shortcuts { skip_cycles: false, ..Shortcuts::default() };
        counters = timed(&mut one_by_one, || run_gilsim(&model_of_all, event_by_event)).0;
        assert_eq!(counters, timed(&mut all, || run_gilsim(&model_of_all, Shortcuts::default())).0);
        assert_eq!(counters, timed(&mut boxed, || heap::run(ROUNDS, COSTS)).0, "the heap counts otherwise");
    }
    println!(
        "{} checks, {} failed acquisitions, {} hand-overs: the same counters from all",
        counters.checks, counters.failed_acquisitions, counters.hand_overs
    );
    let per_check = |seconds: f64, rounds: u64| seconds / (2 * rounds) as f64 * 1e9;
    let print = |name: &str, nanos: f64| {
        let ratio = nanos / per_check(one_by_one, ROUNDS);
        println!("{name:<40} {nanos:>10.1} ns a check {ratio:>9.2} x gilsim event by event");
    };
    print("gilsim", per_check(all, ROUNDS));
    print("gilsim, event by event", per_check(one_by_one, ROUNDS));
    print("a BinaryHeap of boxed events", per_check(boxed, ROUNDS));
    match run_simpy(ROUNDS_OF_SIMPY) {
        Some((counters, _, seconds)) => {
            let expected = run_gilsim(&model(ROUNDS_OF_SIMPY), Shortcuts::default()).0;
            assert_eq!(counters, expected, "SimPy counts otherwise");
            print("SimPy", per_check(seconds, ROUNDS_OF_SIMPY));
        }
        None => println!("SimPy: not run, for this Python has none (pip install simpy)"),
    }
}
