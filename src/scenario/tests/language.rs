//! What the language means: each construct and the model it becomes.

use super::{GROUND, doing, error, loaded, on_ground};
use crate::des::{Distribution, Span, Time};
use crate::os::machine::SchedulerConfig;
use crate::python::interpreter::{GilConfig, LockKind};
use crate::python::program::Step;
use crate::scenario::{Bound, Run, load};

fn steps(text: &str) -> Vec<Step> {
    loaded(&doing(text)).runs[0].model.programs[0].steps.clone()
}

fn run(stretch: usize, nanos: u64) -> Step {
    Step::Run { stretch, span: Span::from_nanos(nanos) }
}

fn gil(lines: &str, from: &str, to: &str) -> GilConfig {
    let text = on_ground(lines).replace(from, to);
    loaded(&format!("{text}\nthreads: [{{name: a, do: []}}]")).runs[0].model.gil
}

fn with_overrides(text: &str, overrides: &[&str]) -> Run {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    load(text, "test.yaml", &overrides).unwrap_or_else(|diagnostics| panic!("{diagnostics}")).runs.remove(0)
}

#[test]
fn bytecode_is_one_round_of_its_stretch() {
    assert_eq!(steps("[bytecode: [A, B, C]]"), [run(0, 30), Step::End]);
}

#[test]
fn bytecode_for_a_time_goes_round_its_stretch_and_may_end_within_it() {
    assert_eq!(steps("[{bytecode: [A, B, C], for: 95ns}]"), [run(0, 95), Step::End]);
    assert_eq!(steps("[{for: 0s, bytecode: [A]}, bytecode: [A]]"), [run(0, 10), Step::End]);
    assert_eq!(error(&doing("[bytecode: [A], for: 5us]")), "a `for` belongs to a step of `bytecode`");
}

#[test]
fn equal_stretches_are_shared() {
    assert_eq!(
        steps("[bytecode: [A], bytecode: [C], bytecode: [A]]"),
        [run(0, 10), run(1, 10), run(0, 10), Step::End]
    );
}

#[test]
fn plain_python_time_and_ticks_run_the_typical_loop() {
    assert_eq!(steps("[python: 5ns, ticks: 3, ticks: 0, python: 0s]"), [run(0, 5), run(0, 60), Step::End]);
}

#[test]
fn a_loop_over_whole_rounds_of_one_stretch_is_one_step() {
    assert_eq!(steps("[loop: 1_000, body: [bytecode: [A]]]"), [run(0, 10_000), Step::End]);
    assert_eq!(steps("[{loop: 10, body: [loop: 10, body: [bytecode: [A]]]}]"), [run(0, 1_000), Step::End]);
}

fn io(wait: Distribution) -> Step {
    Step::Io { work: Distribution::ZERO, wait, device: None }
}

#[test]
fn any_other_loop_jumps() {
    let start = |exit| Step::LoopStart { count: Some(2), exit };
    let end = Step::LoopEnd { start: 0 };
    assert_eq!(steps("[{loop: 2, body: [python: 5ns]}]"), [start(3), run(0, 5), end.clone(), Step::End]);
    assert_eq!(
        steps("[{loop: 2, body: [io: 1ns, sleep: 2ns]}]"),
        [
            start(4),
            io(Distribution::Constant(Span::from_nanos(1))),
            Step::Sleep { span: Distribution::Constant(Span::from_nanos(2)) },
            end,
            Step::End
        ]
    );
}

#[test]
fn an_endless_loop_over_one_stretch_takes_many_rounds_at_once() {
    let text = format!("{}until: 1s\n", doing("[loop: forever, body: [bytecode: [A, B, C]]]"));
    let steps = loaded(&text).runs[0].model.programs[0].steps.clone();
    assert_eq!(
        steps,
        [
            Step::LoopStart { count: None, exit: 3 },
            run(0, 3_600_000_000_000),
            Step::LoopEnd { start: 0 },
            Step::End
        ]
    );
}

#[test]
fn a_loop_of_no_rounds_and_an_empty_program_do_nothing() {
    assert_eq!(steps("[loop: 0, body: [python: 1s]]"), [Step::End]);
    assert_eq!(steps("[]"), [Step::End]);
}

#[test]
fn io_takes_its_time_with_or_without_a_word() {
    let io = |wait| vec![io(wait), Step::End];
    let millis = Span::from_millis;
    assert_eq!(steps("[io: 5ms]"), io(Distribution::Constant(millis(5))));
    assert_eq!(steps("[io: {for: 5ms}]"), io(Distribution::Constant(millis(5))));
    assert_eq!(steps("[io: {exponential: 5ms}]"), io(Distribution::Exponential { mean: millis(5) }));
}

#[test]
fn calls_are_inlined() {
    let text = on_ground(
        "functions: {one: [bytecode: [A]], two: [call: one, call: one]}\n\
         threads: [{name: a, do: [call: two, loop: 3, body: [call: one]]}]",
    );
    assert_eq!(
        loaded(&text).runs[0].model.programs[0].steps,
        [run(0, 10), run(0, 10), run(0, 30), Step::End]
    );
}

#[test]
fn threads_of_one_entry_share_a_program_and_are_numbered() {
    let text = on_ground(
        "threads:\n- {name: main, do: []}\n- {name: worker, count: 2, do: [], daemon: true, start: 5ms}\n",
    );
    let run = loaded(&text).runs.remove(0);
    assert_eq!(run.thread_names, ["main", "worker 1", "worker 2"]);
    let programs: Vec<usize> = run.model.threads.iter().map(|thread| thread.program).collect();
    assert_eq!(programs, [0, 1, 1]);
    assert!(run.model.threads[2].daemon);
    assert_eq!(run.model.threads[2].start, Span::from_millis(5));
}

#[test]
fn a_run_takes_what_it_does_not_say_from_the_top_level_and_from_what_it_is_like() {
    let text = on_ground(
        "until: 9s\nthreads: [{name: top, do: []}]\nruns:\n  plain: {}\n\
         \x20 threaded: {threads: [{name: t, count: 2, do: []}], machine: {cores: 4}}\n\
         \x20 one core: {like: threaded, machine: {cores: 1}, about: less}\n",
    );
    let runs = loaded(&text).runs;
    let cores: Vec<usize> = runs.iter().map(|run| run.model.machine.cores).collect();
    let threads: Vec<usize> = runs.iter().map(|run| run.model.threads.len()).collect();
    assert_eq!((cores, threads), (vec![2, 4, 1], vec![1, 2, 2]));
    assert!(runs.iter().all(|run| run.model.until == Some(Time::ZERO + Span::from_secs(9))));
    assert_eq!(runs[2].about.as_deref(), Some("less"));
    assert_eq!(runs[0].name, "plain");
}

#[test]
fn runs_that_are_like_each_other_are_an_error() {
    let text = on_ground("threads: [{name: a, do: []}]\nruns: {a: {like: b}, b: {like: c}, c: {like: b}}\n");
    assert_eq!(error(&text), "runs are like each other in a circle: `b` -> `c` -> `b`");
}

#[test]
fn a_preset_with_a_change_is_the_preset_but_for_the_change() {
    let text = "gilsim: 1\ntitle: t\npython: {preset: cpython-3.9, gil: {interval: 1ms}}\n\
                machine: {preset: linux-2-core, cores: 1, instruction: {cpython-3.9: 8ns}}\n\
                threads: [{name: a, do: []}]\n";
    let run = loaded(text).runs.remove(0);
    assert_eq!(run.machine_name.as_deref(), Some("linux-2-core"));
    assert_eq!(run.python_name.as_deref(), Some("cpython-3.9"));
    assert_eq!(run.model.machine.cores, 1);
    assert!(matches!(run.model.machine.scheduler, SchedulerConfig::Eevdf { .. }));
    let expected = GilConfig::SwitchInterval {
        interval: Span::from_millis(1),
        forced_switching: true,
        ending_thread_waits: true,
    };
    assert_eq!(run.model.gil, expected);
}

#[test]
fn the_old_lock_is_made_of_what_the_platform_offers() {
    let on = |platform: &str| {
        let text = format!("{GROUND}threads: [{{name: a, do: []}}]")
            .replace("switch_interval", "check_interval")
            .replace("linux", platform);
        loaded(&text).runs[0].model.gil
    };
    let with = |lock| GilConfig::CheckInterval { interval: 100, first_ticker: 100, lock };
    assert_eq!(on("linux"), with(LockKind::Semaphore));
    assert_eq!(on("darwin"), with(LockKind::Condvar));
}

#[test]
fn the_new_lock_has_the_interval_of_cpython_unless_told() {
    let expected = GilConfig::SwitchInterval {
        interval: Span::from_millis(5),
        forced_switching: true,
        ending_thread_waits: false,
    };
    assert_eq!(gil("", "", ""), expected);
    let unforced = GilConfig::SwitchInterval {
        interval: Span::from_micros(1),
        forced_switching: false,
        ending_thread_waits: false,
    };
    assert_eq!(
        gil(
            "",
            "{policy: switch_interval}",
            "{policy: switch_interval, interval: 1us, forced_switching: false}"
        ),
        unforced
    );
}

#[test]
fn every_policy_has_the_parameters_of_its_source_unless_told() {
    let of = |policy: &str| {
        loaded(&doing("[]").replace("policy: switch_interval", &format!("policy: {policy}"))).runs[0]
            .model
            .gil
    };
    let millis = Span::from_millis;
    assert_eq!(of("round_robin"), GilConfig::RoundRobin { interval: 100, first_ticker: 0 });
    assert_eq!(of("priority"), GilConfig::Priority { interval: millis(5) });
    assert_eq!(of("bfs"), GilConfig::Bfs { slice: millis(10), factor: 8, ticks: 5000 });
    assert_eq!(of("pypy"), GilConfig::Pypy { interval: 10_000, poll: Span::from_micros(100) });
    assert_eq!(of("ruby"), GilConfig::Ruby { quantum: millis(100), tick: millis(10) });
    assert_eq!(
        of("bfs, slice: 1ms, factor: 2, ticks: 7"),
        GilConfig::Bfs { slice: millis(1), factor: 2, ticks: 7 }
    );
    assert_eq!(
        of("ruby, quantum: 50ms, tick: 50ms"),
        GilConfig::Ruby { quantum: millis(50), tick: millis(50) }
    );
}

#[test]
fn an_interval_in_whole_milliseconds_is_cut() {
    let interval = |interval: &str| {
        let policy = format!("policy: switch_interval, whole_milliseconds: true, interval: {interval}");
        match loaded(&doing("[]").replace("policy: switch_interval", &policy)).runs[0].model.gil {
            GilConfig::SwitchInterval { interval, .. } => interval,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(interval("5ms"), Span::from_millis(5));
    assert_eq!(interval("2999us"), Span::from_millis(2));
    assert_eq!(interval("999us"), Span::from_micros(1));
}

#[test]
fn the_times_of_a_policy_have_bounds() {
    let with =
        |policy: &str| error(&doing("[]").replace("policy: switch_interval", &format!("policy: {policy}")));
    assert_eq!(with("ruby, tick: 0ms"), "a tick is from 1us to 1h");
    assert_eq!(with("bfs, slice: 11s"), "a slice is from 1us to 10s");
    assert_eq!(with("bfs, factor: 0"), "0 is out of range: from 1 to 1000");
    assert_eq!(with("pypy, poll: 2h"), "a polling interval is from 1us to 1h");
    assert_eq!(with("priority, interval: 1ns"), "a switch interval is from 1us to 1h");
    assert_eq!(with("rubi"), "unknown lock policy `rubi`");
    assert_eq!(with("ruby, slice: 1ms"), "`slice` belongs to another lock policy");
}

#[test]
fn a_key_of_another_policy_is_an_error() {
    let text = doing("[]").replace("policy: switch_interval", "policy: switch_interval, lock: condvar");
    assert_eq!(error(&text), "`lock` belongs to another lock policy");
}

#[test]
fn another_policy_over_a_preset_inherits_nothing() {
    let text =
        "gilsim: 1\ntitle: t\nmachine: linux-2-core\npython: cpython-2.7.18\nthreads: [{name: a, do: []}]\n";
    let run = with_overrides(text, &["python.gil.policy=switch_interval"]);
    let expected = GilConfig::SwitchInterval {
        interval: Span::from_millis(5),
        forced_switching: true,
        ending_thread_waits: false,
    };
    assert_eq!(run.model.gil, expected);
}

#[test]
fn an_override_reaches_the_top_level_and_single_runs() {
    assert_eq!(with_overrides(&doing("[]"), &["machine.cores=7"]).model.machine.cores, 7);
    let text = on_ground("threads: [{name: a, do: []}]\nruns: {one core: {machine: {cores: 1}}}\n");
    assert_eq!(with_overrides(&text, &["runs.one core.machine.cores=3"]).model.machine.cores, 3);
}

#[test]
fn costs_that_are_not_given_are_nothing() {
    let costs = &loaded(&doing("[]")).runs[0].model.machine.costs.clone();
    assert_eq!(costs.system_call, Distribution::ZERO);
    assert_eq!(costs.deep_idle_after, Span::MAX);
}

#[test]
fn an_interpreter_the_machine_does_not_know_needs_an_instruction_time() {
    let text = doing("[]").replace("  instruction: 10ns\n", "");
    let expected = "nothing says how long an instruction of this interpreter takes on this machine";
    assert_eq!(error(&text), expected);
}

#[test]
fn the_instruction_time_of_an_interpreter_that_is_not_there_is_an_error() {
    let text = doing("[]").replace("round_robin", "mach, instruction: {cpyton-2.6: 12ns}");
    assert_eq!(error(&text), "unknown python preset `cpyton-2.6`");
}

#[test]
fn an_expectation_has_a_bound() {
    let text = on_ground(
        "threads: [{name: a, do: []}]\nexpect:\n\
         - {that: run.makespan, is: 24.5s, within: 5%, note: n, known_gap: k}\n\
         - {that: run.gil.checks / 2, above: 1, below: 1.5}\n",
    );
    let expectations = loaded(&text).expectations;
    assert_eq!(expectations[0].bound, Bound::Within { value: 24.5, tolerance: 0.05 });
    assert_eq!(expectations[0].known_gap.as_deref(), Some("k"));
    assert_eq!(expectations[1].bound, Bound::Between { above: Some(1.0), below: Some(1.5) });
    assert_eq!(expectations[1].that, "run.gil.checks / 2");
    assert!(expectations[0].bound.holds(25.7) && !expectations[0].bound.holds(26.0));
    assert!(expectations[1].bound.holds(1.2) && !expectations[1].bound.holds(1.5));
}

#[test]
fn an_expectation_compares_times_with_times() {
    let expecting =
        |line: &str| error(&on_ground(&format!("threads: [{{name: a, do: []}}]\nexpect: [{line}]\n")));
    assert_eq!(
        expecting("{that: run.makespan, above: 3}"),
        "this is compared with a time, and a time needs a unit"
    );
    assert_eq!(
        expecting("{that: run.badness, above: 3s}"),
        "this is compared with a plain number, and is a time"
    );
    assert_eq!(expecting("{that: run.makespan, is: 3s}"), "`is` needs `within`");
    assert_eq!(
        expecting("{that: run.makespan}"),
        "an expectation has `is` and `within`, or `above` or `below` or both of these"
    );
}

#[test]
fn the_example_of_the_documentation_is_read() {
    let scenario = loaded(
        "\
gilsim: 1
title: Two CPU-bound threads slow each other down
source: D. Beazley, Inside the Python GIL (2009)
machine: macbook-2009
python: cpython-2.6
functions:
  count:                         # while n > 0: n -= 1
    - loop: 100_000_000
      body:
        - bytecode: [LOAD_FAST, LOAD_CONST, COMPARE_OP, JUMP_IF_FALSE, POP_TOP,
                     LOAD_FAST, LOAD_CONST, INPLACE_SUBTRACT, STORE_FAST, JUMP_ABSOLUTE]
runs:
  sequential: {threads: [{name: main, do: [call: count, call: count]}]}
  threaded:   {threads: [{name: worker, count: 2, do: [call: count]}]}
  one core:   {like: threaded, machine: {cores: 1}}
expect:
  - {that: sequential.makespan, is: 24.6s, within: 5%}
  - {that: threaded.makespan / sequential.makespan, is: 1.85, within: 5%}
  - {that: one core.makespan, is: 38.0s, within: 5%}
",
    );
    let model = &scenario.runs[0].model;
    assert_eq!(model.stretches[0].ticks_per_round(), 2);
    assert_eq!(model.programs[0].steps.len(), 3);
    assert_eq!(scenario.runs[2].thread_names, ["worker 1", "worker 2"]);
    assert_eq!(scenario.expectations.len(), 3);
}

#[test]
fn the_hash_is_that_of_the_meaning() {
    let hash = |text: &str| loaded(text).hash;
    let base = doing("[python: 5ms]");
    assert_eq!(hash(&base), hash(&base.replace("cores: 2, platform: linux", "platform:   linux, cores: 2")));
    assert_ne!(hash(&base), hash(&doing("[python: 6ms]")));
    assert_ne!(hash(&base), hash(&base.replace("cores: 2", "cores: 3")));
}
