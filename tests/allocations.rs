//! A run without a trace allocates when it is set up, and never again: ten times as long a run allocates as often.

use allocation_counter::{AllocationInfo, measure};
use gilsim::scenario;
use gilsim::sim;

/// What a run of so many simulated milliseconds allocates.
fn allocated(scenario: &str, millis: u64) -> AllocationInfo {
    let text = format!("gilsim: 1\ntitle: allocations\n{scenario}\nuntil: {millis}ms\n");
    let scenario = scenario::load(&text, "allocations", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let model = &scenario.runs[0].model;
    let mut events = 0;
    let info = measure(|| events = sim::run(model, 1, ()).0.events);
    assert!(events > millis, "{events} events in {millis} ms");
    info
}

/// The least that runs which end within ten milliseconds allocate: what is told at the end depends on who waits just then.
fn allocated_at_least(scenario: &str, millis: u64) -> (u64, u64) {
    let runs = (millis..millis + 10).map(|end| allocated(scenario, end));
    runs.map(|info| (info.count_total, info.bytes_max)).min().expect("ten runs")
}

fn allocates_only_when_set_up(scenario: &str) {
    let (short, long) = (allocated_at_least(scenario, 100), allocated_at_least(scenario, 1_000));
    assert_eq!(short.0, long.0);
    assert!(long.1 < 20_000_000, "{} bytes", long.1);
}

#[test]
fn the_battle_for_the_old_gil() {
    let threads = "threads: [{name: worker, count: 2, do: [loop: forever, body: [python: 1s]]}]";
    allocates_only_when_set_up(&format!("machine: macbook-2009\npython: cpython-2.6\n{threads}"));
    allocates_only_when_set_up(&format!("machine: linux-2-core\npython: cpython-2.7.18\n{threads}"));
}

#[test]
fn computing_and_waiting_under_the_new_gil() {
    allocates_only_when_set_up(
        "machine: {preset: linux-2-core, cores: 4}
python: cpython-3.11
threads:
  - {name: compute, count: 8, do: [loop: forever, body: [python: 1s]]}
  - {name: wait, count: 8, do: [loop: forever, body: [python: 20us, io: {for: {exponential: 300us}}]]}",
    );
}

#[test]
fn locks_queues_and_variables_of_the_program() {
    for machine in ["macbook-2009", "linux-2-core"] {
        allocates_only_when_set_up(&format!(
            "machine: {machine}
python: {{preset: cpython-2.6, instruction: 12ns}}
objects: {{door: lock, parcels: {{queue: 4}}, count: variable}}
threads:
  - {{name: sender, do: [loop: forever, body: [python: 10us, with: door, body: [add: count], put: parcels]]}}
  - {{name: receiver, do: [loop: forever, body: [get: parcels, with: door, body: [add: count]]]}}"
        ));
    }
}

#[test]
fn requests_from_outside() {
    allocates_only_when_set_up(
        "machine: linux-2-core
python: cpython-3.11
threads:
  - {name: server, do: [loop: forever, body: [recv: echo, python: 15us, reply: echo]]}
  - {name: spinner, daemon: true, do: [loop: forever, body: [python: 1us]]}
clients:
  - {name: user, channel: echo, closed: {users: 1, think: 0s}}",
    );
}

#[test]
fn every_cost_constant() {
    allocates_only_when_set_up(
        "machine: {preset: macbook-2009, costs: {system_call: 2.99us, wake_latency: {idle: 7.5us, deep_idle: 7.5us}}}
python: cpython-2.6
threads: [{name: worker, count: 2, do: [loop: forever, body: [python: 1s]]}]",
    );
}
