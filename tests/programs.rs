//! Programs whose outcome is worked out on paper, in the comment of each test: devices, channels, locks, users outside.
//!
//! A machine costs nothing but what the test says, and an instruction takes 10 ns.

use gilsim::des::{Span, Time};
use gilsim::scenario;
use gilsim::sim::{self, Ending, Report};
use gilsim::trace::ThreadState;

const TWO_CORES: &str = "{cores: 2, platform: linux, scheduler: round_robin, costs: {}}";
const NO_GIL: &str = "{preset: cpython-3.9, instruction: 10ns, gil: {policy: none}}";

/// The report of a run with this machine, interpreter and other sections.
fn report(machine: &str, python: &str, sections: &str, seed: u64) -> Report {
    let text = format!("gilsim: 1\ntitle: on paper\nmachine: {machine}\npython: {python}\n{sections}");
    let scenario = scenario::load(&text, "on paper", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    sim::run(&scenario.runs[0].model, seed, ()).0
}

/// When each thread ended, in nanoseconds.
fn ends(report: &Report) -> Vec<u64> {
    let end = |thread: &sim::report::ThreadReport| thread.ended.expect("it has ended").picos() / 1_000;
    report.threads.iter().map(end).collect()
}

fn in_state(report: &Report, thread: usize, state: ThreadState) -> Span {
    report.threads[thread].usage.state_times[state.index()]
}

/// Two threads, three requests of 1 ms each. One server takes them in turns, from a's first at 0 to b's last, which ends
/// at 6 ms; a's last ends before that. Two servers serve both at once.
#[test]
fn a_device_serves_one_request_after_the_other() {
    let run = |servers: u32| {
        let sections = format!(
            "devices: {{disk: {{servers: {servers}}}}}
threads:
  - {{name: a, native: true, do: [loop: 3, body: [io: {{for: 1ms, device: disk}}]]}}
  - {{name: b, native: true, do: [loop: 3, body: [io: {{for: 1ms, device: disk}}]]}}
"
        );
        ends(&report(TWO_CORES, NO_GIL, &sections, 1))
    };
    assert_eq!(run(1), [5_000_000, 6_000_000]);
    assert_eq!(run(2), [3_000_000, 3_000_000]);
}

/// A round: a calls (1 us) and sends (2 us); b, asleep since its own call, is woken and runs 5 us later. It receives
/// (3 us), calls (1 us) and sends (2 us); a runs 5 us later and receives (3 us): 1 + 2 + 5 + 3 + 1 + 2 + 5 + 3 = 22 us.
/// Each pays 4 us for waking the other while that is on its way, and calls again before it sleeps. After three rounds
/// a has ended; b ended when it had woken a for the last time, 4 us after its last message: at 66 - 3 - 5 + 4 us.
#[test]
fn ping_pong_through_channels_costs_every_step_on_the_way() {
    let machine = "{cores: 2, platform: linux, scheduler: round_robin, costs: {system_call: 1us, \
                   channel: {send: 2us, receive: 3us}, futex_wake: {sleeper: 4us}, \
                   wake_latency: {idle: 5us, deep_idle: 5us, deep_after: 1s}}}";
    let sections = "channels: {ping: {capacity: 1}, pong: {capacity: 1}}
threads:
  - {name: a, native: true, do: [loop: 3, body: [send: ping, recv: pong]]}
  - {name: b, native: true, do: [loop: 3, body: [recv: ping, send: pong]]}
";
    assert_eq!(ends(&report(machine, NO_GIL, sections, 1)), [66_000, 62_000]);
}

/// `put` of a bounded queue for which nobody waits: 20 + 54 + 17 + 11 instructions, `get`: 20 + 35 + 17 + 11; three times
/// 185 instructions of 10 ns.
#[test]
fn a_bounded_queue_that_nobody_waits_for_costs_its_instructions() {
    let sections = "objects: {jobs: {queue: 1}}
threads: [{name: main, do: [loop: 3, body: [put: jobs, get: jobs]]}]
";
    assert_eq!(ends(&report(TWO_CORES, NO_GIL, sections, 1)), [5_550]);
}

/// Both come to the lock after 5 instructions, at 50 ns. The first holds it for 10 us and for the 5 instructions of the
/// release, until 10.1 us; the second then does the same.
#[test]
fn the_second_thread_has_a_lock_when_the_first_has_released_it() {
    let sections = "objects: {l: lock}
threads:
  - {name: a, do: [lock: l, c: {for: 10us, gil: released}, unlock: l]}
  - {name: b, do: [lock: l, c: {for: 10us, gil: released}, unlock: l]}
";
    let report = report(TWO_CORES, NO_GIL, sections, 1);
    assert_eq!(ends(&report), [10_100, 20_150]);
    assert_eq!(in_state(&report, 1, ThreadState::BlockedOnLock), Span::from_nanos(10_050));
}

/// Requests that come at random to a server that takes randomly long (M/M/1): with a mean service S and utilisation u, the
/// mean time from a request to its reply is S / (1 - u). Twenty independent runs of 40 000 requests each give the mean
/// and its deviation; the 99 % quantile of Student's t with 19 degrees of freedom is 2.861. A run begins with an empty
/// queue; what that takes off the mean is of the order of S / (1 - u)^3 over all requests together, a thousandth of it.
#[test]
fn a_server_of_random_requests_answers_as_the_formula_says() {
    for (every, utilisation) in [("200us", 0.5), ("125us", 0.8)] {
        let sections = format!(
            "channels: {{jobs: {{capacity: 65536}}}}
clients: [{{channel: jobs, open: {{every: {{exponential: {every}}}}}, requests: 40000}}]
threads:
  - name: server
    daemon: true
    do: [{{loop: forever, body: [recv: jobs, c: {{for: {{exponential: 100us}}, gil: released}}, reply: jobs]}}]
"
        );
        let means: Vec<f64> = (1..=20)
            .map(|seed| {
                let report = report(TWO_CORES, NO_GIL, &sections, seed);
                assert_eq!(report.latencies[0].count(), 40_000);
                report.latencies[0].mean().expect("there are some").picos() as f64 / 1e6
            })
            .collect();
        let count = means.len() as f64;
        let mean = means.iter().sum::<f64>() / count;
        let variance = means.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let half_width = 2.861 * (variance / count).sqrt();
        let expected = 100.0 / (1.0 - utilisation);
        let text = format!("{mean} +- {half_width} us instead of {expected} us");
        assert!((mean - expected).abs() < half_width, "{text}");
        assert!(half_width < 0.03 * expected, "{text}");
    }
}

/// `RuntimeError: threads can only be started once`: the sleep is never reached.
#[test]
fn starting_a_thread_twice_ends_the_program_that_does_it() {
    let sections = "threads:
  - {name: main, do: [start: worker, start: worker, sleep: 1s]}
  - {name: worker, do: [sleep: 1ms]}
";
    for python in [NO_GIL, "{preset: cpython-3.9, instruction: 10ns}"] {
        let report = report(TWO_CORES, python, sections, 1);
        let ends = ends(&report);
        assert_eq!(report.ending, Ending::Finished);
        assert!(ends[0] < ends[1] && (1_000_000..1_100_000).contains(&ends[1]), "{ends:?}");
    }
}

/// A thread that waits for itself has nothing to wait for after twice 5 instructions, whatever the scheduler's clock does.
#[test]
fn a_run_is_stuck_when_nothing_can_happen_any_more() {
    for scheduler in ["round_robin", "cfs", "eevdf", "mach"] {
        let machine = format!("{{cores: 2, platform: linux, scheduler: {scheduler}, costs: {{}}}}");
        let sections = "objects: {l: lock}\nthreads: [{name: main, do: [lock: l, lock: l]}]\n";
        for until in ["", "until: 1s\n"] {
            let report = report(&machine, NO_GIL, &format!("{until}{sections}"), 1);
            assert_eq!(report.ending, Ending::Stuck, "{scheduler}");
            assert_eq!(report.makespan, Time::ZERO + Span::from_nanos(100), "{scheduler}");
        }
    }
}

/// Without a GIL there is nothing to give up for a lock of the program.
#[test]
fn taking_a_free_lock_without_a_gil_is_part_of_running() {
    let machine = "{cores: 2, platform: linux, scheduler: round_robin, costs: {lock_operation: 1us}}";
    let sections = "objects: {l: lock}\nthreads: [{name: main, do: [lock: l, unlock: l]}]\n";
    let report = report(machine, NO_GIL, sections, 1);
    assert_eq!(in_state(&report, 0, ThreadState::RunsPython), Span::from_nanos(2_100));
    assert_eq!(in_state(&report, 0, ThreadState::RunsWithoutGil), Span::ZERO);
}

/// Only one thread uses the lock. Later it meets the waiter for the GIL at the mutex of that, and is not shown as blocked
/// on the lock of the program.
#[test]
fn who_blocks_on_the_mutex_of_the_gil_is_not_blocked_on_a_lock_of_the_program() {
    let machine = "{cores: 2, platform: darwin, scheduler: round_robin, \
                   costs: {lock_operation: 100ns, atomic_operation: 1us, system_call: 1us}}";
    let python = "{preset: cpython-3.9, instruction: 10ns, gil: {interval: 100us}}";
    let sections = "objects: {l: lock}
threads:
  - {name: a, do: [lock: l, unlock: l, python: 5ms]}
  - {name: b, do: [python: 5ms]}
";
    let report = report(machine, python, sections, 1);
    assert!(in_state(&report, 0, ThreadState::WaitsForGil) > Span::ZERO);
    assert_eq!(in_state(&report, 0, ThreadState::BlockedOnLock), Span::ZERO);
}
