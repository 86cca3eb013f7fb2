//! How long a thousand runs take, on one core and on all: `cargo bench --bench sweep`.
//!
//! Each run is 10 simulated seconds of two threads that compute and one that waits for input and output, at 5 ms. On an
//! idle machine with two cores they are to take less than 2 s, 1.9 times less than on one core.

use std::time::Instant;

use gilsim::experiment::sweep::{Plan, Shard, conduct_sweep};
use gilsim::experiment::{Effort, parallel};
use gilsim::scenario::{Repeat, Sweep, Template, parse_axes};

const SCENARIO: &str = "\
gilsim: 1
title: Two threads that compute, and one that waits
machine: linux-2-core
python: cpython-3.11
threads:
  - {name: compute, count: 2, daemon: true, do: [loop: forever, body: [python: 1h]]}
  - {name: wait, do: [loop: forever, body: [python: 50us, io: 2ms]]}
until: 10s
";

fn main() {
    let seconds = [1, parallel::available()].map(|threads| {
        let axes = parse_axes(&["python.gil.interval=5ms".to_owned()]).expect("an axis");
        let sweep = Sweep::new(axes, None).expect("a sweep");
        let template =
            Template { name: "bench".to_owned(), text: SCENARIO.to_owned(), overrides: Vec::new() };
        let effort = Effort { threads, ..Effort::of(Repeat::Times(1_000)) };
        let plan = Plan::new(template, sweep, None, effort, Shard::WHOLE).expect("a plan");
        let start = Instant::now();
        let swept = conduct_sweep(&plan).expect("the scenario is right");
        let seconds = start.elapsed().as_secs_f64();
        println!("{} runs on {threads} cores: {seconds:.2} s", swept.rows().count());
        seconds
    });
    println!("{:.2} times as fast", seconds[0] / seconds[1]);
}
