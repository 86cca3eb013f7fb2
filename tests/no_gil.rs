//! What CPython does without a GIL, worked out on paper in the comment of each test.
//!
//! A machine costs nothing but what the test says, and an instruction takes 10 ns.

use gilsim::des::Span;
use gilsim::scenario;
use gilsim::sim::{self, Report};
use gilsim::trace::ThreadState;

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
