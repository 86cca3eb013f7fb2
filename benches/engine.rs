//! How fast the engine is: `cargo bench --bench engine`.
//!
//! Every case is run several times and the shortest time counts, for other work on the machine only ever adds to it. Beside
//! them stands what taking the next of a few pending events costs on this machine with `BinaryHeap`, as a yardstick.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use gilsim::des::Time;
use gilsim::scenario;
use gilsim::sim::{self, Model, Report, Shortcuts};
use gilsim::trace::{Timeline, Window};

const TIMES: usize = 5;

const COUNTDOWN: &str = "
functions:
  count:
    - loop: 100_000_000
      body:
        - bytecode: [LOAD_FAST, LOAD_CONST, COMPARE_OP, JUMP_IF_FALSE, POP_TOP,
                     LOAD_FAST, LOAD_CONST, INPLACE_SUBTRACT, STORE_FAST, JUMP_ABSOLUTE]
runs:
  sequential: {threads: [{name: main, do: [call: count, call: count]}]}
  threaded: {threads: [{name: worker, count: 2, do: [call: count]}]}
  one core: {like: threaded, machine: {cores: 1}}
";

const CONSTANT: &str = "costs: {system_call: 2.99us, wake_latency: {idle: 7.5us, deep_idle: 7.5us}}";

fn models(scenario: &str) -> Vec<(String, Model)> {
    let text = format!("gilsim: 1\ntitle: bench\n{scenario}");
    let scenario = scenario::load(&text, "bench", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    scenario.runs.into_iter().map(|run| (run.name, run.model)).collect()
}

/// The shortest time of some attempts, in seconds, and what the last of them gave.
fn timed<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut best = f64::MAX;
    let mut attempts = (0..TIMES).map(|_| {
        let start = Instant::now();
        let result = work();
        best = best.min(start.elapsed().as_secs_f64());
        result
    });
    let last = attempts.next_back().expect("at least one attempt");
    attempts.for_each(drop);
    (best, last)
}

fn run(name: &str, model: &Model, shortcuts: Shortcuts) -> (f64, Report) {
    let (seconds, report) = timed(|| sim::run_with(model, 1, (), shortcuts).0);
    let nanos = seconds * 1e9 / report.events as f64;
    println!("{name:<52} {:>9.1} ms {:>10} events {nanos:>7.1} ns an event", seconds * 1e3, report.events);
    (seconds, report)
}

fn yardstick(pending: u64) {
    const EVENTS: u64 = 1_000_000;
    let (seconds, _) = timed(|| {
        let mut heap: BinaryHeap<Reverse<(u64, u64)>> = (0..pending).map(|n| Reverse((n, n))).collect();
        let mut random = 1_u64;
        for sequence in 0..EVENTS {
            let Some(Reverse((time, _))) = heap.pop() else { break };
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            heap.push(Reverse((time + (random >> 40), pending + sequence)));
        }
        black_box(heap)
    });
    println!("BinaryHeap, {pending} pending events: {:.1} ns an event", seconds * 1e9 / EVENTS as f64);
}

fn timeline(model: &Model, bare: f64, end: Time) {
    let window = Window { from: Time::ZERO, to: end, columns: 1_800 };
    let (seconds, _) =
        timed(|| sim::run(model, 1, Timeline::new(window, model.threads.len(), model.machine.cores)));
    println!("  with a timeline of the whole run: {:.2} times as long", seconds / bare);
}

fn start_up(arguments: &[&str]) {
    let (seconds, _) = timed(|| {
        let output = Command::new(env!("CARGO_BIN_EXE_gilsim")).args(arguments).output();
        assert!(output.expect("gilsim starts").status.success());
    });
    println!("gilsim {}: {:.1} ms", arguments.join(" "), seconds * 1e3);
}

fn main() {
    let all = Shortcuts::default();
    let event_by_event = Shortcuts { skip_cycles: false, ..all };
    [4, 16].into_iter().for_each(yardstick);

    for (name, model) in models(&format!("machine: macbook-2009\npython: cpython-2.6{COUNTDOWN}")) {
        let (bare, report) = run(&format!("countdown of 2009, {name}"), &model, all);
        if name == "threaded" {
            run("  without running ahead", &model, Shortcuts { run_ahead: false, ..all });
            timeline(&model, bare, report.makespan);
        }
        if name == "sequential" {
            println!("  old GIL without contention: {:.1e} ticks a second", 4e8 / bare);
        }
    }
    let constant = format!("machine: {{preset: macbook-2009, {CONSTANT}}}\npython: cpython-2.6{COUNTDOWN}");
    for (name, model) in models(&constant) {
        let quick = run(&format!("the same, every cost constant, {name}"), &model, all).1;
        let slow = run("  event by event", &model, event_by_event).1;
        assert_eq!(quick.fingerprint(), slow.fingerprint());
    }
    for (_, model) in models(
        "machine: {preset: linux-2-core, cores: 4}
python: cpython-3.11
threads:
  - {name: compute, count: 8, daemon: true, do: [loop: forever, body: [python: 1h]]}
  - {name: wait, count: 8, do: [loop: 20_000, body: [python: 20us, io: {for: {exponential: 300us}}]]}
until: 60s",
    ) {
        let (bare, report) = run("the mix, 8 + 8 threads, new GIL, 4 cores", &model, all);
        timeline(&model, bare, report.makespan);
    }
    for machine in ["linux-2-core".to_owned(), format!("{{preset: macpro-2010, {CONSTANT}}}")] {
        let python = if machine.contains("mac") { "cpython-3.2" } else { "cpython-3.11" };
        let threads = "[{name: compute, count: 2, do: [loop: forever, body: [python: 1h]]}]";
        for (_, model) in
            models(&format!("machine: {machine}\npython: {python}\nthreads: {threads}\nuntil: 3600s"))
        {
            let short: String = machine.chars().take(30).collect();
            run(&format!("an hour at 5 ms, {short}"), &model, all);
        }
    }

    let folder = tempfile::tempdir().expect("a folder");
    let (small, picture) = (folder.path().join("small.yaml"), folder.path().join("small.svg"));
    let text = "gilsim: 1\ntitle: small\nmachine: linux-2-core\npython: cpython-3.11\nthreads: [{name: t, count: 2, do: [python: 20ms]}]\n";
    std::fs::write(&small, text).expect("the scenario can be written");
    start_up(&["--version"]);
    start_up(&["run", &small.to_string_lossy(), "-o", &picture.to_string_lossy()]);
}
