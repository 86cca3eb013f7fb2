//! Locks of objects and collections of garbage in CPython without a GIL, worked out on paper in the comment of each test.
//!
//! A machine costs nothing but what the test says, and an instruction takes 10 ns.

use gilsim::des::{Span, Time};
use gilsim::scenario;
use gilsim::sim::{self, Report};
use gilsim::trace::{Mark, Observer, ThreadState};

/// Who finds an object locked gives its core away forty times; a thread is on a core 5 us after it has been woken.
fn report(sections: &str) -> Report {
    let text = format!(
        "gilsim: 1
title: on paper
machine: {{cores: 3, platform: linux, scheduler: round_robin, costs: {{system_call: 100ns,
  wake_latency: {{idle: 5us, deep_idle: 5us, deep_after: 1s}}}}}}
python: {{preset: cpython-3.14t, instruction: 10ns}}
{sections}"
    );
    let scenario = scenario::load(&text, "on paper", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    sim::run(&scenario.runs[0].model, 1, ()).0
}

/// Two threads that execute instructions of 10 ns; the first does nothing but collect for 20 us.
fn collecting(other: &str) -> Report {
    report(&format!(
        "threads:
  - {{name: collector, do: [collect: 20us]}}
  - {{name: other, do: [{other}]}}
"
    ))
}

/// How long the only collection waited until all stood still, and until they went on, in nanoseconds.
fn measured(report: &Report) -> [u64; 2] {
    [0, 1].map(|latency| report.latencies[latency].mean().expect("it was measured").picos() / 1_000)
}

/// When each thread ended, in nanoseconds.
fn ends(report: &Report) -> Vec<u64> {
    let end = |thread: &sim::report::ThreadReport| thread.ended.expect("it has ended").picos() / 1_000;
    report.threads.iter().map(end).collect()
}

/// The first holds the object for 10 us. The second gives its core away forty times, for 4 us, and sleeps 100 ns later. At 10 us
/// the first enters the kernel to wake it, 100 ns; 5 us after that the second is awake, and holds the object for 10 us itself.
#[test]
fn who_finds_an_object_locked_spins_parks_and_is_woken() {
    let report = report(
        "objects: {list: object}
threads: [{name: worker, count: 2, do: [c: {for: 10us, object: list}]}]
",
    );
    assert_eq!(ends(&report), [10_100, 25_100]);
    assert_eq!(report.threads[1].usage.system_calls, 41);
    let blocked = report.threads[1].usage.state_times[ThreadState::BlockedOnLock.index()];
    assert_eq!(blocked, Span::from_nanos(10_100 - 4_100));
}

#[test]
fn threads_that_operate_on_objects_of_their_own_do_not_meet() {
    let report = report(
        "objects: {first: object, second: object}
threads:
  - {name: one, do: [c: {for: 10us, object: first}]}
  - {name: other, do: [c: {for: 10us, object: second}]}
",
    );
    assert_eq!(ends(&report), [10_000, 10_000]);
}

/// The first holds the list at 0, and gives it up at once; the second has it from then to 1 us. The first takes it again at
/// 10 us, when nobody has it.
#[test]
fn an_operation_that_releases_the_gil_gives_the_lock_of_its_object_up() {
    let report = report(
        "objects: {list: object}
threads:
  - {name: one, do: [c: {for: 10us, gil: released, object: list}]}
  - {name: other, do: [c: {for: 1us, object: list}]}
",
    );
    assert_eq!(ends(&report), [10_000, 1_000]);
}

/// The collector wants a stop at 50 ns, after the five instructions of the call. The other looks every 100 ns; it stands still
/// at 100 ns, tells so until 200 ns, and sleeps from 300 ns on. The collector, on its way to sleep, hears of it at 150 ns, collects
/// until 20.15 us, and wakes the other until 20.25 us; that is awake 5 us later, with 9.9 us to go.
#[test]
fn a_collection_waits_until_all_others_have_looked_and_lets_them_go_on() {
    let report = collecting("python: 10us");
    assert_eq!(ends(&report), [20_250, 35_150]);
    assert_eq!(measured(&report), [100, 20_100]);
}

/// Who sleeps is detached: it wakes up at 10.1 us, is on a core at 15.1 us, and has to wait there until 20.15 us.
#[test]
fn who_sleeps_is_not_waited_for_and_does_not_go_on_before_the_world_does() {
    let report = collecting("sleep: 10us, python: 1us");
    assert_eq!(ends(&report), [20_150, 26_150]);
    assert_eq!(measured(&report), [0, 20_000]);
}

/// The C code ends at 100 us. The other looks at 100.1 us, and wakes the collector until 100.2 us, 5 us before that goes on.
#[test]
fn c_code_that_keeps_the_gil_keeps_the_collector_waiting() {
    let report = collecting("c: {for: 100us, gil: held}, python: 1us");
    assert_eq!(ends(&report), [125_300, 131_200]);
    assert_eq!(measured(&report), [105_150, 125_150]);
}

/// The other begins to sleep at 100 us, and tells nobody. The collector, asleep at 150 ns, looks again 1 ms and 5 us later.
#[test]
fn who_detaches_without_having_looked_is_noticed_a_millisecond_later() {
    let report = collecting("c: {for: 100us, gil: held}, sleep: 10ms");
    assert_eq!(ends(&report), [1_025_150, 10_105_000]);
    assert_eq!(measured(&report), [1_005_100, 1_025_100]);
}

/// The other ends at 100 us, and tells so until 100.1 us.
#[test]
fn a_thread_that_ends_tells_the_collector() {
    let report = collecting("c: {for: 100us, gil: held}");
    assert_eq!(ends(&report), [125_100, 100_100]);
    assert_eq!(measured(&report), [105_050, 125_050]);
}

/// The late one is on a core at 15 us, while the world stands until 20.05 us.
#[test]
fn a_thread_that_begins_while_the_world_stands_waits() {
    let report = report(
        "threads:
  - {name: collector, do: [collect: 20us]}
  - {name: late, start: 10us, do: [python: 1us]}
",
    );
    assert_eq!(ends(&report), [20_150, 26_150]);
}

/// The second calls at 50 ns, when the first collects already: it returns at once, and then stands still at its next look.
#[test]
fn who_wants_to_collect_while_another_does_so_goes_on() {
    let report = collecting("collect: 20us");
    assert_eq!(report.latencies[1].count(), 1);
}

#[test]
fn interpreters_of_their_own_do_not_stop_each_other() {
    let report = report(
        "threads:
  - {name: collector, interpreter: own, do: [collect: 20us]}
  - {name: other, interpreter: own, do: [python: 10us]}
",
    );
    assert_eq!(ends(&report), [20_050, 10_000]);
}

/// Watches the first of the threads, whose only C code is to collect.
struct Watch {
    states: Vec<ThreadState>,
    collections: u64,
}

impl Observer for Watch {
    fn thread_state(&mut self, time: Time, thread: usize, state: ThreadState) {
        self.states[thread] = state;
        let executes = |state| matches!(state, ThreadState::RunsPython | ThreadState::RunsCHoldingGil);
        if self.states[0] == ThreadState::RunsCHoldingGil {
            self.collections += u64::from(thread == 0);
            let others = &self.states[1..];
            assert!(!others.iter().any(|state| executes(*state)), "at {time:?}: {others:?}");
        }
    }

    fn core_runs(&mut self, _: Time, _: usize, _: Option<usize>) {}

    fn mark(&mut self, _: Time, _: usize, _: Mark) {}
}

#[test]
fn nobody_executes_python_while_the_world_stands() {
    let text = include_str!("../scenarios/stop-the-world.yaml");
    let scenario = scenario::load(text, "stop-the-world", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    for run in scenario.runs.iter().filter(|run| run.name != "with the GIL") {
        let threads = run.model.threads.len();
        let watch = Watch { states: vec![ThreadState::NotStarted; threads], collections: 0 };
        let (_, watch) = sim::run(&run.model, 1, watch);
        assert!(watch.collections >= 20, "{} collections", watch.collections);
    }
}
