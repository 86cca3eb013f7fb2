//! Skipping cycles is exact: random models in which nothing is random, with and without it, give the same report.

use gilsim::scenario;
use gilsim::sim::{self, Model, Report, Shortcuts};
use proptest::prelude::*;

fn model(text: &str) -> Model {
    let scenario = scenario::load(text, "cycles", &[]).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    scenario.runs[0].model.clone()
}

/// The reports with and without skipping cycles.
fn both(model: &Model) -> [Report; 2] {
    [true, false]
        .map(|skip_cycles| sim::run_with(model, 1, (), Shortcuts { skip_cycles, ..Shortcuts::default() }).0)
}

/// How many events were skipped; panics if that made any difference.
fn skipped(text: &str) -> u64 {
    let [quick, slow] = both(&model(text));
    assert_eq!(slow.skipped_events, 0);
    assert_eq!(Report { skipped_events: 0, ..quick.clone() }, slow, "{text}");
    quick.skipped_events
}

/// A cost in picoseconds: often nothing, often a round number, so that things happen at one instant.
fn cost(most: u64) -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 2 => (1..=most / 1_000).prop_map(|nanos| nanos * 1_000), 2 => 1..=most]
}

prop_compose! {
    fn machine()(
        cores in 1..=3,
        platform in prop_oneof![Just("linux"), Just("darwin")],
        mach in any::<bool>(),
        quantum in 20_000_000..2_000_000_000_u64,
        decay in 300_000_000..5_000_000_000_u64,
        [lock, atomic, line, call, wake] in [cost(200_000), cost(100_000), cost(100_000), cost(3_000_000), cost(2_000_000)],
        [busy, idle, deep, switch, late] in [cost(9_000_000), cost(9_000_000), cost(40_000_000), cost(1_000_000), cost(50_000_000)],
    ) -> String {
        let scheduler = if mach {
            format!("{{mach: {{quantum: {quantum}ps, decay_interval: {decay}ps}}}}")
        } else {
            format!("{{round_robin: {{quantum: {quantum}ps}}}}")
        };
        format!("machine:
  cores: {cores}
  platform: {platform}
  scheduler: {scheduler}
  costs:
    lock_operation: {lock}ps
    atomic_operation: {atomic}ps
    cache_line: {line}ps
    system_call: {call}ps
    futex_wake: {{sleeper: {wake}ps, no_sleeper: {lock}ps, other_core: {atomic}ps, interrupt: {wake}ps}}
    wake_latency: {{busy: {busy}ps, just_idle: {atomic}ps, just_idle_for: {wake}ps, idle: {idle}ps, deep_idle: {deep}ps, deep_after: 1ms}}
    context_switch: {switch}ps
    timer_lateness: {late}ps
    migration: {atomic}ps
")
    }
}

prop_compose! {
    fn python()(
        preset in prop_oneof![Just("cpython-2.6"), Just("cpython-2.7"), Just("cpython-3.2"), Just("cpython-3.11")],
        instruction in prop_oneof![Just(10_000_u64), 1_000..30_000_u64],
        lock in prop_oneof![Just("semaphore"), Just("condvar"), Just("handoff"), Just("platform")],
        ticks in 1..200,
        interval in 5..2_000,
    ) -> String {
        let gil = if preset.starts_with("cpython-2") {
            format!("{{lock: {lock}, interval: {ticks}}}")
        } else {
            format!("{{interval: {interval}us}}")
        };
        format!("python: {{preset: {preset}, instruction: {instruction}ps, gil: {gil}}}\n")
    }
}

fn step() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (1..4_000_u32).prop_map(|micros| format!("python: {micros}us")),
        2 => (1..300_u32).prop_map(|turns| format!("{{loop: {turns}, body: [bytecode: [LOAD_FAST, STORE_FAST]]}}")),
        1 => (1..900_u32).prop_map(|micros| format!("io: {micros}us")),
        1 => (1..900_u32).prop_map(|micros| format!("sleep: {micros}us")),
        1 => (1..300_u32, any::<bool>()).prop_map(|(micros, held)| {
            format!("c: {{for: {micros}us, gil: {}}}", if held { "held" } else { "released" })
        }),
        1 => (1..5_u32).prop_map(|turns| format!("{{loop: {turns}, body: [python: 3us, io: 20us]}}")),
    ]
}

prop_compose! {
    fn thread()(
        count in 1..=2,
        daemon in prop_oneof![4 => Just(false), 1 => Just(true)],
        native in prop_oneof![9 => Just(false), 1 => Just(true)],
        start in prop_oneof![2 => Just(0_u32), 1 => 0..20_000_u32],
        turns in prop_oneof![2 => (1..3_000_u32).prop_map(|turns| turns.to_string()), 1 => Just("forever".to_owned())],
        steps in prop::collection::vec(step(), 1..4),
    ) -> String {
        let work = if native { "c: {for: 50us, gil: released}".to_owned() } else { steps.join(", ") };
        format!("  - {{count: {count}, daemon: {daemon}, native: {native}, start: {start}us, do: [loop: {turns}, body: [{work}]]}}\n")
    }
}

fn scenario_text() -> impl Strategy<Value = String> {
    let threads = prop::collection::vec(thread(), 1..=3);
    (machine(), python(), threads, 1..400_u32).prop_map(|(machine, python, threads, until)| {
        let threads: String = threads
            .iter()
            .enumerate()
            .map(|(number, thread)| thread.replace("{count", &format!("{{name: t{number}, count")))
            .collect();
        format!("gilsim: 1\ntitle: cycles\n{machine}{python}threads:\n{threads}until: {until}ms\n")
    })
}

#[test]
fn skipping_cycles_changes_nothing_but_the_time_it_takes() {
    let cases = std::env::var("GILSIM_CYCLE_CASES").map_or(300, |text| text.parse().expect("a number"));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let with_cycles = std::cell::Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&scenario_text(), |text| {
        with_cycles.set(with_cycles.get() + u32::from(skipped(&text) > 0));
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    println!("cycles were skipped in {} of {cases} models", with_cycles.get());
    assert!(
        with_cycles.get() > cases / 10,
        "cycles were skipped in {} of {cases} models only",
        with_cycles.get()
    );
}

/// A machine of 2009 with constant costs: from the first cycle on, next to nothing is left to be done.
#[test]
fn the_countdown_of_two_threads_is_a_few_cycles() {
    let text = "gilsim: 1
title: The countdown, every cost constant
machine:
  preset: macbook-2009
  costs: {system_call: 2.99us, wake_latency: {idle: 7.5us, deep_idle: 7.5us}}
python: cpython-2.6
threads:
  - name: worker
    count: 2
    do:
      - loop: 2_000_000
        body:
          - bytecode: [LOAD_FAST, LOAD_CONST, COMPARE_OP, JUMP_IF_FALSE, POP_TOP,
                       LOAD_FAST, LOAD_CONST, INPLACE_SUBTRACT, STORE_FAST, JUMP_ABSOLUTE]
";
    let events = both(&model(text))[1].events;
    assert!(skipped(text) > events / 10 * 9, "{} of {events}", skipped(text));
}

#[test]
fn where_costs_are_random_nothing_is_skipped() {
    let text = "gilsim: 1
title: random
machine: macbook-2009
python: cpython-2.6
threads: [{name: worker, count: 2, do: [python: 50ms]}]
";
    assert_eq!(skipped(text), 0);
}
