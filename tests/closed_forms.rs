//! Small runs whose outcome is worked out on paper, in the comment of each test.
//!
//! Every machine here costs nothing but what the test says. The looping program is `JUMP_ABSOLUTE` at 10 ns: a tick
//! every 10 ns, so that 101 ticks take 1.01 us.

use gilsim::des::Span;
use gilsim::scenario;
use gilsim::sim::{self, Report};

const NANOSECOND: u64 = 1;
const MICROSECOND: u64 = 1_000 * NANOSECOND;
const MILLISECOND: u64 = 1_000 * MICROSECOND;

/// The report of a scenario with these cores, costs, interpreter and threads (YAML flow mappings).
fn report(cores: usize, costs: &str, python: &str, threads: &str) -> Report {
    let text = format!(
        "gilsim: 1
title: on paper
machine: {{cores: {cores}, platform: linux, scheduler: {{round_robin: {{quantum: 10ms}}}}, costs: {{{costs}}}}}
python: {{{python}}}
threads: [{threads}]
"
    );
    let scenario = scenario::load(&text, "on paper", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    sim::run(&scenario.runs[0].model, 1, ()).0
}

/// A thread that executes `ticks` ticks of the looping program.
fn looping(name: &str, ticks: u64) -> String {
    format!("{{name: {name}, do: [loop: {ticks}, body: [bytecode: [JUMP_ABSOLUTE]]]}}")
}

fn nanoseconds(span: Span) -> u64 {
    assert_eq!(span.picos() % 1_000, 0);
    span.picos() / 1_000
}

fn makespan(report: &Report) -> u64 {
    nanoseconds(report.makespan.since(gilsim::des::Time::ZERO))
}

fn system_calls(report: &Report) -> u64 {
    report.total(|thread| thread.usage.system_calls)
}

/// Nothing but its own program: 1000 x 10 ns.
#[test]
fn a_lone_thread_takes_as_long_as_its_program() {
    let report =
        report(1, "system_call: 1us", "preset: cpython-2.6, instruction: 10ns", &looping("main", 1000));
    assert_eq!(makespan(&report), 10 * MICROSECOND);
}

/// 3 x (1 us of system call + 1 ms of device + 5 us to wake up).
#[test]
fn input_and_output_cost_the_call_the_device_and_the_wake_up() {
    let costs = "system_call: 1us, wake_latency: {idle: 5us, deep_idle: 30us, deep_after: 1s}";
    let report = report(
        1,
        costs,
        "preset: cpython-3.9, instruction: 10ns",
        "{name: main, do: [loop: 3, body: [io: 1ms]]}",
    );
    assert_eq!(makespan(&report), 3 * (1_006 * MICROSECOND));
    assert_eq!(system_calls(&report), 3);
    assert_eq!(report.total(|thread| thread.usage.voluntary_switches), 3);
}

/// 3 x (1 us of system call + 1 ms asleep + 50 us late + 30 us from deep idle).
#[test]
fn a_sleep_ends_late_and_wakes_a_core_that_sleeps_deeply() {
    let costs = "system_call: 1us, timer_lateness: 50us, \
                 wake_latency: {idle: 5us, deep_idle: 30us, deep_after: 500us}";
    let report = report(
        1,
        costs,
        "preset: cpython-3.9, instruction: 10ns",
        "{name: main, do: [loop: 3, body: [sleep: 1ms]]}",
    );
    assert_eq!(makespan(&report), 3 * (1_081 * MICROSECOND));
}

/// The lock exists, because a second thread will be started (at 10 ms); until then nobody wants it. Taking it costs one
/// lock operation (10 ns), each of the 1000 checks a post and a wait (20 ns), leaving it a post (10 ns):
/// 1 010 000 + 10 + 20 000 + 10 ns.
#[test]
fn an_uncontended_check_costs_two_lock_operations() {
    let threads = format!("{}, {{name: late, start: 10ms, do: []}}", looping("main", 101_000));
    let report = report(2, "lock_operation: 10ns", "preset: cpython-2.6, instruction: 10ns", &threads);
    let ended = report.threads[0].ended.unwrap().since(gilsim::des::Time::ZERO);
    assert_eq!(nanoseconds(ended), 1_030_020);
    assert_eq!(report.gil.checks, 1000);
    assert_eq!(system_calls(&report), 0);
}

/// The ticker of 2.7 starts with 0: the first tick falls below it, then every 101st. Of 1000 ticks: 1 + 999 / 101.
#[test]
fn the_first_tick_of_2_7_checks() {
    let threads = format!("{}, {{name: late, start: 1s, do: []}}", looping("main", 1000));
    assert_eq!(report(2, "", "preset: cpython-2.7, instruction: 10ns", &threads).gil.checks, 10);
    assert_eq!(report(2, "", "preset: cpython-2.6, instruction: 10ns", &threads).gil.checks, 9);
}

/// One core, quantum 10 ms, 15 ms of work each. A runs; at 10 ms B has a turn, finds the semaphore taken and sleeps. A
/// goes on, and each of its checks wakes B for nothing: B has no core. 10 ms are 1 000 000 ticks, 9900 checks; 15 ms
/// 14 851. So 4951 checks and A's last post cost a system call, and B's sleep one. B takes the lock when A has ended, at
/// 15 ms, and nobody fails.
#[test]
fn on_one_core_every_check_wakes_a_thread_that_has_no_core() {
    let threads = format!("{}, {}", looping("a", 1_500_000), looping("b", 1_500_000));
    let report = report(1, "", "preset: cpython-2.6, instruction: 10ns", &threads);
    assert_eq!(makespan(&report), 30 * MILLISECOND);
    assert_eq!(system_calls(&report), 4951 + 1 + 1);
    assert_eq!((report.gil.failed_acquisitions, report.gil.hand_overs), (0, 1));
}

/// Two cores, 1 us a system call, 18.095 us to wake up. A holds the semaphore and checks every 2.01 us: 1.01 us of ticks,
/// 1 us to wake B. B arrives 18.095 us after a wake-up: the ninth check is over since 5 ns, the semaphore taken; going
/// back to sleep takes 1 us, until 5 ns before the tenth check, which wakes it again. So one check in ten ends in a
/// failure: the wake-ups of checks 1, 11, ... 981 are in vain. That of check 991 comes to B 5 ns after A has let the
/// lock go for ever at 2010 us. B runs alone: 1000 checks, nobody to wake.
#[test]
fn a_battle_with_a_fixed_wake_up_latency() {
    let costs = "system_call: 1us, wake_latency: {idle: 18.095us, deep_idle: 18.095us, deep_after: 1s}";
    let threads = format!("{}, {}", looping("a", 101_000), looping("b", 101_000));
    let report = report(2, costs, "preset: cpython-2.6, instruction: 10ns", &threads);
    assert_eq!((report.gil.failed_acquisitions, report.gil.hand_overs), (99, 1));
    assert_eq!(report.gil.checks, 2000);
    assert_eq!(makespan(&report), 2010 * MICROSECOND + 5 + 1010 * MICROSECOND);
}

/// The lock of Windows, two cores, 10 us to wake up. 101 ticks, then the lock goes to the other, who needs 10 us to come;
/// 100 checks each, then a last hand-over when A leaves: 2 x 101 us of ticks and 201 x 10 us.
#[test]
fn a_handed_over_lock_costs_a_wake_up_at_every_check() {
    let costs = "wake_latency: {idle: 10us, deep_idle: 10us, deep_after: 1s}";
    let threads = format!("{}, {}", looping("a", 10_100), looping("b", 10_100));
    let report = report(2, costs, "preset: cpython-2.6, instruction: 10ns, gil: {lock: handoff}", &threads);
    assert_eq!((report.gil.checks, report.gil.hand_overs), (200, 201));
    assert_eq!(makespan(&report), 2 * 101 * MICROSECOND + 201 * 10 * MICROSECOND);
}

/// 20 ms of work each, interval 5 ms, everything free. After 5 ms the waiter asks; the holder has just looked, and looks
/// again 10 ns later. So each hold lasts 5.00001 ms: A B A B A B, and then the last 4.99997 ms of each. 6 requests, 7
/// hand-overs, and each who was asked waits for the other.
#[test]
fn two_threads_and_a_switch_interval() {
    let threads = format!("{}, {}", looping("a", 2_000_000), looping("b", 2_000_000));
    let report = report(2, "", "preset: cpython-3.9, instruction: 10ns", &threads);
    assert_eq!(makespan(&report), 40 * MILLISECOND);
    assert_eq!((report.gil.drop_requests, report.gil.checks, report.gil.hand_overs), (6, 6, 7));
    assert_eq!(report.gil.forced_waits, 6);
}

/// One long instruction: a look every 0.7 ms. The waiter asks after 5 ms, the holder looks at 5.6 ms, and the waiter's one
/// instruction ends at 6.3 ms.
#[test]
fn a_request_is_seen_at_the_first_look_after_it() {
    let threads = format!("{}, {}", looping("holder", 16), looping("waiter", 1));
    let report = report(2, "", "preset: cpython-3.9, instruction: 700us", &threads);
    let ended = report.threads[1].ended.unwrap().since(gilsim::des::Time::ZERO);
    assert_eq!(nanoseconds(ended), 6_300 * MICROSECOND);
}

/// An interval of an hour never runs out: each thread runs to its end.
#[test]
fn an_endless_interval_runs_each_thread_to_its_end() {
    let threads = format!("{}, {}", looping("a", 200_000), looping("b", 200_000));
    let report = report(2, "", "preset: cpython-3.9, instruction: 10ns, gil: {interval: 1h}", &threads);
    assert_eq!(makespan(&report), 4 * MILLISECOND);
    assert_eq!((report.gil.hand_overs, report.gil.drop_requests), (1, 0));
}

/// The convoy. A thread computes for 10 us and reads for 1 us, ten times; another spins. Each read lets the spinner in,
/// and the reader must wait a full interval of 5 ms to get back, and 10 ns for the spinner to look:
/// 10 x (10 us + 1 us + 5 ms + 10 ns).
#[test]
fn a_convoy_of_ten_requests() {
    let reader =
        "{name: reader, do: [loop: 10, body: [{loop: 1000, body: [bytecode: [JUMP_ABSOLUTE]]}, io: 1us]]}";
    let spinner = "{name: spinner, daemon: true, do: [loop: forever, body: [bytecode: [JUMP_ABSOLUTE]]]}";
    let report = report(2, "", "preset: cpython-3.9, instruction: 10ns", &format!("{reader}, {spinner}"));
    assert_eq!(makespan(&report), 10 * (10 * MICROSECOND + MICROSECOND + 5 * MILLISECOND + 10));
    assert_eq!(report.gil.drop_requests, 10);
}

/// The same under the old lock, where the thread that releases the lock takes it again in the very turn in which it woke
/// the other. So the reader, back from its read, fails at every check of the spinner, until that one ends: 1 000 000
/// ticks are 9900 checks.
#[test]
fn who_releases_and_takes_again_in_one_turn_always_wins() {
    let threads = format!("{{name: reader, do: [io: 1us]}}, {}", looping("spinner", 1_000_000));
    let report = report(2, "", "preset: cpython-2.6, instruction: 10ns", &threads);
    assert_eq!((report.gil.checks, report.gil.hand_overs), (9900, 2));
    assert_eq!(report.gil.failed_acquisitions, 9900);
    assert_eq!(makespan(&report), 10 * MILLISECOND);
}

/// As with the lock of Windows, nobody jumps the queue: 101 ticks, then the lock goes to the other, who needs 10 us to
/// come; 100 checks each (the ticker starts with 100), then a last hand-over when A leaves.
#[test]
fn a_lock_with_a_queue_is_handed_over_at_every_check() {
    let costs = "wake_latency: {idle: 10us, deep_idle: 10us, deep_after: 1s}";
    let threads = format!("{}, {}", looping("a", 10_100), looping("b", 10_100));
    let python = "preset: cpython-2.7, instruction: 10ns, gil: {policy: round_robin, first_ticker: 100}";
    let report = report(2, costs, python, &threads);
    assert_eq!((report.gil.checks, report.gil.hand_overs), (200, 201));
    assert_eq!(makespan(&report), 2 * 101 * MICROSECOND + 201 * 10 * MICROSECOND);
}

/// The convoy, cured. The spinner is forced off once, after a full interval of 5 ms, when the reader comes back from its
/// first read; from then on it is CPU-bound, and the reader asks at once and waits only for the next look, 10 ns later:
/// 10 x (10 us + 1 us + 10 ns) + 5 ms.
#[test]
fn with_priorities_a_reader_waits_for_one_interval_only() {
    let reader =
        "{name: reader, do: [loop: 10, body: [{loop: 1000, body: [bytecode: [JUMP_ABSOLUTE]]}, io: 1us]]}";
    let spinner = "{name: spinner, daemon: true, do: [loop: forever, body: [bytecode: [JUMP_ABSOLUTE]]]}";
    let python = "preset: cpython-3.9, instruction: 10ns, gil: {policy: priority}";
    let report = report(2, "", python, &format!("{reader}, {spinner}"));
    assert_eq!(makespan(&report), 10 * (10 * MICROSECOND + MICROSECOND + 10) + 5 * MILLISECOND);
    assert_eq!((report.gil.drop_requests, report.gil.timed_out_waits), (10, 1));
}

/// Two threads of 40 ms under a clock that ticks every 10 ms, quantum 20 ms. B queues at 0. A, interrupted at 10 and
/// 20 ms, looks 10 ns later; at the second look it has had its quantum. Then it queues, alone: a new clock begins. So each
/// turn lasts 20 ms and 10 ns: A B A B, whose last turns are shorter by 10 ns.
#[test]
fn a_ruby_thread_yields_when_its_quantum_is_over() {
    let threads = format!("{}, {}", looping("a", 4_000_000), looping("b", 4_000_000));
    let python = "preset: cpython-3.9, instruction: 10ns, gil: {policy: ruby, quantum: 20ms, tick: 10ms}";
    let report = report(2, "", python, &threads);
    assert_eq!(makespan(&report), 80 * MILLISECOND);
    assert_eq!((report.gil.hand_overs, report.gil.drop_requests), (3, 0));
    // Two interrupts a turn in the first two turns, one in the next, in which the second would come too late.
    assert_eq!(report.gil.checks, 2 + 2 + 1);
}

/// PyPy. B polls every 100 us, and A ends after 250 us without having handed over: B finds it free at 300 us.
#[test]
fn a_pypy_thread_finds_the_lock_free_when_it_polls() {
    let threads = format!("{}, {}", looping("a", 25_000), looping("b", 1));
    let python = "preset: cpython-2.7, instruction: 10ns, gil: {policy: pypy, interval: 100_000}";
    let report = report(2, "", python, &threads);
    assert_eq!(nanoseconds(report.makespan.since(gilsim::des::Time::ZERO)), 300 * MICROSECOND + 10);
    assert_eq!((report.gil.checks, report.gil.timed_out_waits), (0, 2));
}

/// PyPy's ticker of 10000 ends in a forced hand-over, whoever polls: A runs 10001 ticks of 10 ns, then B does, and so on,
/// 5 turns each. Their last ticks are checks too, so each is given the lock once more, to end: A by a hand-over of B, B
/// when it next polls, 100 us later.
#[test]
fn a_pypy_thread_is_forced_to_hand_over() {
    let threads = format!("{}, {}", looping("a", 50_005), looping("b", 50_005));
    let report = report(2, "", "preset: cpython-2.7, instruction: 10ns, gil: {policy: pypy}", &threads);
    assert_eq!(makespan(&report), 2 * 500_050 + 100 * MICROSECOND);
    assert_eq!((report.gil.checks, report.gil.hand_overs), (10, 11));
}

/// BFS. Both threads start with a deadline 80 ms away, so each is as urgent as the other, stops it at its first look, 10 ns
/// later, and waits until it has taken over. So the 1000 ticks of 10 ns of the reader take twice as long, and back from
/// its read it waits for one look of the spinner: 10 x (20 us + 1 us + 10 ns).
#[test]
fn threads_of_one_deadline_stop_each_other_at_every_look_under_bfs() {
    let reader =
        "{name: reader, do: [loop: 10, body: [{loop: 1000, body: [bytecode: [JUMP_ABSOLUTE]]}, io: 1us]]}";
    let spinner = "{name: spinner, daemon: true, do: [loop: forever, body: [bytecode: [JUMP_ABSOLUTE]]]}";
    let python = "preset: cpython-3.2, instruction: 10ns, gil: {policy: bfs}";
    let report = report(2, "", python, &format!("{reader}, {spinner}"));
    assert_eq!(makespan(&report), 10 * (20 * MICROSECOND + MICROSECOND + 10));
}

/// BFS, slice 10 ms. The spinner starts alone at 0, the other at 7 ms. They stop each other at every look until the slice
/// of the spinner is used up, at 13 ms: then its deadline is the later one, and the other runs its last 2 ms undisturbed.
#[test]
fn under_bfs_the_earlier_deadline_runs() {
    let spinner = "{name: spinner, daemon: true, do: [loop: forever, body: [bytecode: [JUMP_ABSOLUTE]]]}";
    let other = "{name: other, start: 7ms, do: [loop: 500_000, body: [bytecode: [JUMP_ABSOLUTE]]]}";
    let python = "preset: cpython-3.2, instruction: 10ns, gil: {policy: bfs}";
    let report = report(2, "", python, &format!("{spinner}, {other}"));
    assert_eq!(makespan(&report), 15 * MILLISECOND);
}

/// In 3.9 to 3.11 a thread that ends takes part in forced switching. The holder ends just after the waiter has asked for
/// the lock (its instruction of 5.6 ms has no look within). Elsewhere it ends at once; there it waits until the waiter
/// has come, which takes 10 us, and another 10 us to be woken itself.
#[test]
fn an_ending_thread_waits_for_the_next_in_some_versions() {
    let costs = "wake_latency: {idle: 10us, deep_idle: 10us, deep_after: 1s}";
    let holder = "{name: holder, do: [bytecode: [LOAD_FAST]]}";
    let threads = format!("{holder}, {}", looping("waiter", 1));
    for (version, ended) in [("3.2", 5_600), ("3.9", 5_620)] {
        let python = format!("preset: cpython-{version}, instruction: 5.6ms");
        let report = report(2, costs, &python, &threads);
        let end = report.threads[0].ended.unwrap().since(gilsim::des::Time::ZERO);
        assert_eq!(nanoseconds(end), ended * MICROSECOND, "{version}");
    }
}
