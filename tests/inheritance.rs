//! Locks whose holders inherit priorities, worked out on paper in the comment of each test.
//!
//! Nothing costs anything but the call of a method of a lock: 5 instructions of 10 ns. Nobody runs Python.

use gilsim::python::exception::Exception;
use gilsim::scenario;
use gilsim::sim::{self, Report};

/// The report of a run under `SCHED_FIFO` with so many cores, with the locks `a` and `b`.
fn report(cores: usize, lock: &str, threads: &[&str]) -> Report {
    let text = format!(
        "gilsim: 1\ntitle: on paper\npython: {{preset: cpython-3.11, instruction: 10ns}}\n\
         machine: {{cores: {cores}, platform: linux, scheduler: fifo, costs: {{}}}}\n\
         objects: {{a: {lock}, b: {lock}}}\nthreads:\n{}\n",
        threads.iter().map(|thread| format!("  - {{native: true, {thread}}}\n")).collect::<String>()
    );
    let scenario = scenario::load(&text, "on paper", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    sim::run(&scenario.runs[0].model, 1, ()).0
}

/// When each thread ended, in nanoseconds.
fn ends(report: &Report) -> Vec<u64> {
    report.threads.iter().map(|thread| thread.ended.expect("it has ended").picos() / 1_000).collect()
}

const INHERITS: &str = "{lock: {inherit: true}}";

/// The low one takes the lock for 2 ms, the high one wants it at 500 us, and at 1 ms the one in the middle begins to compute
/// for 100 ms. Whoever has released computes for 1 ms more: nobody must make room who just ends.
const INVERSION: [&str; 3] = [
    "name: low, priority: 1, do: [lock: a, c: {for: 2ms, gil: released}, unlock: a, c: {for: 1ms, gil: released}]",
    "name: high, priority: 9, start: 500us, do: [lock: a, c: {for: 100us, gil: released}, unlock: a]",
    "name: middle, priority: 5, start: 1ms, do: [c: {for: 100ms, gil: released}]",
];

/// At 1 ms, the low one has done 999.9 us of its section (two calls took 50 ns each). Then come 100 ms of the one in the middle,
/// the other 1000.1 us, the call of `unlock`, and the section of the high one with its own.
#[test]
fn without_inheritance_the_one_in_the_middle_comes_between() {
    assert_eq!(ends(&report(1, "lock", &INVERSION)), [103_100_200, 102_100_200, 101_000_000]);
}

/// The high one has lent its priority at 500.05 us. The low one unlocks at 2000.1 us and 50 ns, and is the low one again: the high
/// one needs 100 us and 50 ns, then the one in the middle 100 ms, and then the low one its last 1 ms.
#[test]
fn with_inheritance_nobody_comes_in_between() {
    assert_eq!(ends(&report(1, INHERITS, &INVERSION)), [103_100_200, 2_100_200, 102_100_200]);
}

/// The second has `b` and waits for `a`, which the first has; the high one waits for `b`. Both are lent its priority. The first
/// holds `a` until 2000.25 us, the second `b` for 1 ms and two calls longer, and the high one needs 100.05 us; then comes the one in
/// the middle, and then the last 1 ms of the first.
#[test]
fn a_priority_is_lent_along_a_chain_of_locks() {
    let threads = [
        "name: first, priority: 1, do: [lock: a, c: {for: 2ms, gil: released}, unlock: a, c: {for: 1ms, gil: released}]",
        "name: second, priority: 3, start: 100us, \
         do: [lock: b, lock: a, c: {for: 1ms, gil: released}, unlock: a, unlock: b]",
        "name: high, priority: 9, start: 500us, do: [lock: b, c: {for: 100us, gil: released}, unlock: b]",
        "name: middle, priority: 5, start: 1ms, do: [c: {for: 10ms, gil: released}]",
    ];
    assert_eq!(ends(&report(1, INHERITS, &threads)), [14_100_400, 3_000_350, 3_100_400, 13_100_400]);
}

/// The lock is handed over at 1000.25 us. Each that gets it holds it for 100.05 us, and the three have called `lock` for 50 ns
/// each before. The holder computes its last 1 ms after all.
#[test]
fn the_most_urgent_waiter_gets_the_lock_and_of_equals_the_first() {
    let threads = [
        "name: holder, priority: 1, do: [lock: a, c: {for: 1ms, gil: released}, unlock: a, c: {for: 1ms, gil: released}]",
        "name: last, priority: 5, start: 100us, do: [lock: a, c: {for: 100us, gil: released}, unlock: a]",
        "name: first, priority: 7, start: 200us, do: [lock: a, c: {for: 100us, gil: released}, unlock: a]",
        "name: second, priority: 7, start: 300us, do: [lock: a, c: {for: 100us, gil: released}, unlock: a]",
    ];
    assert_eq!(ends(&report(1, INHERITS, &threads)), [2_300_400, 1_300_400, 1_100_300, 1_200_350]);
}

/// The holder has done 99.95 us of its section when the one in the middle takes the core. At 200.05 us it gets the core back, and
/// unlocks 900.05 us and 50 ns later. The high one needs 100.05 us from there, on its own core; the one in
/// the middle the rest of its 10 ms, before the last 1 ms of the holder.
#[test]
fn a_holder_that_queues_displaces_who_is_less_urgent_than_the_waiter() {
    let threads = [
        "name: holder, core: 0, priority: 1, do: [lock: a, c: {for: 1ms, gil: released}, unlock: a, c: {for: 1ms, gil: released}]",
        "name: middle, core: 0, priority: 5, start: 100us, do: [c: {for: 10ms, gil: released}]",
        "name: high, core: 1, priority: 9, start: 200us, \
         do: [lock: a, c: {for: 100us, gil: released}, unlock: a]",
    ];
    assert_eq!(ends(&report(2, INHERITS, &threads)), [12_000_100, 11_000_100, 1_200_200]);
}

/// One waits for each of two locks. When the first is released, at 1000.25 us, the priority of who waits for the second remains:
/// the one in the middle comes only after that. Three calls later, that of `unlock` by each, it is 2000.4 us.
#[test]
fn who_has_released_one_lock_keeps_what_another_has_lent_it() {
    let threads = [
        "name: holder, priority: 1, do: [lock: a, lock: b, c: {for: 1ms, gil: released}, unlock: a, \
         c: {for: 1ms, gil: released}, unlock: b, c: {for: 1ms, gil: released}]",
        "name: of a, priority: 9, start: 200us, do: [lock: a, unlock: a]",
        "name: of b, priority: 7, start: 100us, do: [lock: b, unlock: b]",
        "name: middle, priority: 5, start: 300us, do: [c: {for: 10ms, gil: released}]",
    ];
    assert_eq!(ends(&report(1, INHERITS, &threads)), [13_000_400, 1_000_300, 2_000_400, 12_000_400]);
}

/// The kernel knows who holds the mutex.
#[test]
fn only_the_holder_may_release() {
    let threads = [
        "name: holder, priority: 1, do: [lock: a, sleep: 1ms, unlock: a]",
        "name: other, priority: 1, start: 100us, do: [unlock: a]",
    ];
    let raised = |lock| {
        report(1, lock, &threads)
            .exceptions
            .iter()
            .map(|raised| (raised.thread, raised.exception))
            .collect::<Vec<_>>()
    };
    assert_eq!(raised(INHERITS), [(1, Exception::ReleaseUnacquired)]);
    assert_eq!(raised("lock"), [(0, Exception::ReleaseUnlocked)]);
}
