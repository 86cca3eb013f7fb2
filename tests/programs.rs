//! Programs whose outcome is worked out on paper, in the comment of each test: devices, channels, locks, users outside.
//!
//! A machine costs nothing but what the test says, and an instruction takes 10 ns.

use gilsim::des::{Span, Time};
use gilsim::python::exception::Exception;
use gilsim::scenario;
use gilsim::sim::report::Awaited;
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

/// Each of two sleeps of 10 us calls for 3 us first. Who has computed beforehand when a sleep is over sleeps for 7 us then; and
/// not at all where 2 us are over after the call.
#[test]
fn a_sleep_until_an_instant_is_no_longer_for_what_comes_before_it() {
    let machine = "{cores: 2, platform: linux, scheduler: round_robin, costs: {system_call: 3us}}";
    let run = |until: bool, span: &str| {
        let python = format!(
            "{{preset: cpython-3.9, instruction: 10ns, gil: {{policy: none}}, sleeps_until: {until}}}"
        );
        let sections = format!("threads: [{{name: main, do: [loop: 2, body: [sleep: {span}]]}}]\n");
        let report = report(machine, &python, &sections, 1);
        (ends(&report)[0], report.threads[0].usage.voluntary_switches)
    };
    assert_eq!(run(false, "10us"), (26_000, 2));
    assert_eq!(run(true, "10us"), (20_000, 2));
    assert_eq!(run(true, "2us"), (6_000, 0));
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
/// mean time from a request to its reply is S / (1 - u). Four hundred independent runs of 40 000 requests each give the mean
/// and its deviation; the 99 % quantile of Student's t with 399 degrees of freedom is 2.588. A run begins with an empty
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
        let means: Vec<f64> = (1..=400)
            .map(|seed| {
                let report = report(TWO_CORES, NO_GIL, &sections, seed);
                assert_eq!(report.latencies[0].count(), 40_000);
                report.latencies[0].mean().expect("there are some").picos() as f64 / 1e6
            })
            .collect();
        let count = means.len() as f64;
        let mean = means.iter().sum::<f64>() / count;
        let variance = means.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let half_width = 2.588 * (variance / count).sqrt();
        let expected = 100.0 / (1.0 - utilisation);
        let text = format!("{mean} +- {half_width} us instead of {expected} us");
        assert!((mean - expected).abs() < half_width, "{text}");
        assert!(half_width < 0.01 * expected, "{text}");
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

/// What one thread that does this raises, if it raises anything, and when, in nanoseconds: an instruction takes 10 ns, a
/// call of C code five, and nothing else takes time.
fn raised(does: &str) -> Option<(Exception, u64)> {
    let sections = format!(
        "objects: {{guard: lock, again: rlock, few: {{bounded_semaphore: 1}}, ready: condition}}
threads:
  - {{name: a, do: [{does}]}}
  - {{name: b, do: [python: 10ns]}}
  - {{name: c, do: [sleep: 1s, start: b]}}
"
    );
    let report = report(TWO_CORES, NO_GIL, &sections, 1);
    let first = report.exceptions.first()?;
    Some((first.exception, first.time.picos() / 1_000))
}

#[test]
fn misuse_of_an_object_raises_what_python_raises() {
    assert_eq!(raised("unlock: guard"), Some((Exception::ReleaseUnlocked, 50)));
    assert_eq!(raised("unlock: again"), Some((Exception::ReleaseUnacquired, 50)));
    assert_eq!(raised("unlock: ready"), Some((Exception::ReleaseUnacquired, 50)));
    assert_eq!(raised("wait: ready"), Some((Exception::WaitUnacquired, 50)));
    assert_eq!(raised("notify: ready"), Some((Exception::NotifyUnacquired, 50)));
    assert_eq!(raised("notify_all: ready"), Some((Exception::NotifyUnacquired, 50)));
    assert_eq!(raised("release: few"), Some((Exception::ReleasedTooOften, 200)));
    assert_eq!(raised("join: b"), Some((Exception::JoinedBeforeStart, 300)));
}

#[test]
fn what_is_allowed_raises_nothing() {
    assert_eq!(raised("lock: guard, unlock: guard, lock: guard, unlock: guard"), None);
    assert_eq!(raised("lock: again, lock: again, unlock: again, unlock: again"), None);
    assert_eq!(raised("with: ready, body: [with: ready, body: [notify: ready]]"), None);
    assert_eq!(raised("acquire: few, release: few"), None);
}

/// A run in which a signal called `ring` comes, as [`report`] makes it.
fn signalled(python: &str, signal: &str, threads: &str) -> Report {
    let sections = format!(
        "until: 1s\nobjects: {{guard: lock}}\nsignals: [{{name: ring, {signal}}}]\nthreads: [{threads}]"
    );
    report(TWO_CORES, python, &sections, 1)
}

/// How long each signal waited for its handler, in nanoseconds: the longest, and how many there were.
fn waited(report: &Report) -> (Option<u64>, u64) {
    let latency = &report.latencies[0];
    (latency.mean().map(|mean| mean.picos() / 1_000), latency.count())
}

/// A round takes 80 ns and looks at its end. The signal comes after 1000 ns, the next look is at 13 x 80 = 1040 ns. The
/// handler takes 180 ns.
#[test]
fn a_signal_is_handled_at_the_next_look_of_the_main_thread() {
    let python = "{preset: cpython-3.11, instruction: 10ns, gil: {policy: none}}";
    let report = signalled(python, "at: 1us, handler: [python: 180ns]", "{name: main, do: [python: 9us]}");
    assert_eq!(waited(&report), (Some(40), 1));
    assert_eq!(ends(&report), [9_180]);
}

#[test]
fn a_signal_waits_for_the_end_of_c_code() {
    let steps = "{name: main, do: [c: {for: 10us, gil: held}, python: 90ns]}";
    let python = "{preset: cpython-3.11, instruction: 10ns, gil: {policy: none}}";
    let report = signalled(python, "at: 1us, handler: []", steps);
    assert_eq!(waited(&report), (Some(9_080), 1));
}

/// The main thread sleeps from 0 to 10 us. From 3.5 on it goes on sleeping after the handler; before, the sleep has ended.
#[test]
fn a_sleep_is_interrupted_and_from_3_5_on_continued() {
    let steps = "{name: main, do: [sleep: 10us, python: 90ns]}";
    let python = |retries: bool| {
        format!(
            "{{preset: cpython-3.11, instruction: 10ns, gil: {{policy: none}}, signals: {{retry_calls: {retries}}}}}"
        )
    };
    let report = signalled(&python(true), "at: 4us, handler: [python: 90ns]", steps);
    assert_eq!(waited(&report), (Some(0), 1));
    // The handler does not make the sleep any longer.
    assert_eq!(ends(&report), [10_090]);
    // The handler runs at the next look, which is the end of the first round.
    let report = signalled(&python(false), "at: 4us, handler: [python: 90ns]", steps);
    assert_eq!(waited(&report), (Some(80), 1));
    assert_eq!(ends(&report), [4_180]);
}

#[test]
fn input_and_output_that_is_interrupted_fails_up_to_3_4() {
    let python =
        "{preset: cpython-3.11, instruction: 10ns, gil: {policy: none}, signals: {retry_calls: false}}";
    let report = signalled(python, "at: 4us, handler: []", "{name: main, do: [io: 10us, python: 90ns]}");
    assert_eq!(report.exceptions[0].exception, Exception::InterruptedCall);
    assert_eq!(ends(&report), [4_000]);
}

/// The lock is free at 10 us. A main thread that cannot be interrupted sees the signal after that.
#[test]
fn a_wait_for_a_lock_is_interrupted_from_3_2_on() {
    let threads = "{name: main, do: [sleep: 1us, with: guard, body: [python: 90ns]]}, \
                   {name: other, do: [with: guard, body: [io: 10us]]}";
    let python = |interrupts: bool| {
        format!(
            "{{preset: cpython-3.11, instruction: 10ns, gil: {{policy: none}}, signals: {{interrupt_locks: {interrupts}}}}}"
        )
    };
    let (at_once, _) = waited(&signalled(&python(true), "at: 4us, handler: []", threads));
    assert_eq!(at_once, Some(0));
    let (late, _) = waited(&signalled(&python(false), "at: 4us, handler: []", threads));
    assert!(late.is_some_and(|late| late > 6_000), "{late:?}");
    // Ctrl-C ends the wait and the program, and nobody else.
    let report = signalled(&python(true), "at: 4us, handler: KeyboardInterrupt", threads);
    assert_eq!(report.exceptions[0].exception, Exception::KeyboardInterrupt);
    assert_eq!(ends(&report), [4_000, 10_100]);
}

/// The main thread is busy in C without the GIL, so that the other looks in vain at each round. Two threads of another
/// process switch all the time, which is nothing to it.
#[test]
fn only_a_switch_of_the_lock_of_the_main_thread_ends_the_slow_path_of_the_others() {
    let beside = |others: &str| {
        let sections = format!(
            "until: 1s\nsignals: [{{name: ring, at: 5us, handler: []}}]\nthreads: [\
             {{name: main, do: [c: {{for: 50us, gil: released}}]}}, {{name: worker, do: [python: 20us]}}{others}]"
        );
        let machine = TWO_CORES.replace("cores: 2", "cores: 4");
        ends(&report(&machine, "{preset: cpython-3.11, instruction: 10ns}", &sections, 1))[1]
    };
    let alone = beside("");
    // 15 us are 187 rounds of 80 ns and a bit; each look in vain takes an instruction of 10 ns.
    assert!((21_800..22_000).contains(&alone), "{alone}");
    let switching = "{name: other, count: 2, process: other, do: [loop: 50, body: [io: 1us, python: 80ns]]}";
    assert_eq!(beside(&format!(", {switching}")), alone);
}

/// Of three signals that come while the main thread looks nowhere, one is left; a thread of another interpreter, or the
/// one beside, runs no handler.
#[test]
fn signals_that_come_before_the_handler_are_one() {
    let python = "{preset: cpython-3.11, instruction: 10ns, gil: {policy: none}}";
    let threads =
        "{name: main, do: [c: {for: 10us, gil: held}, python: 90ns]}, {name: other, do: [python: 20us]}";
    let report = signalled(python, "at: 1us, every: 3us, times: 3, handler: []", threads);
    assert_eq!(waited(&report), (Some(9_080), 1));
}

/// Until it has been handled, every one of the three looks of a round is a check of the thread beside.
#[test]
fn every_tick_is_a_check_of_the_old_lock_until_the_signal_has_been_handled() {
    let python = "{preset: cpython-2.7.18, instruction: 10ns}";
    let threads = "{name: main, do: [io: {for: 9us, device: disk}]}, {name: other, do: [python: 9us]}";
    let checks = |at: &str| {
        let sections = format!(
            "until: 1s\ndevices: {{disk: {{}}}}\nsignals: [{{name: ring, at: {at}, handler: []}}]\nthreads: [{threads}]"
        );
        report(TWO_CORES, python, &sections, 1).gil.checks
    };
    let usual = checks("1ms");
    assert_eq!(usual, 3);
    // 9 us have a hundred rounds.
    assert!(checks("0us") > 290, "{}", checks("0us"));
}

/// What is never received: the channel, how many messages, and when the first was sent, in nanoseconds.
fn unreceived(sections: &str) -> Vec<(usize, usize, u64)> {
    let report = report(TWO_CORES, NO_GIL, sections, 1);
    let lying = report.unreceived.iter();
    lying.map(|lying| (lying.channel, lying.messages, lying.since.picos() / 1_000)).collect()
}

#[test]
fn messages_whose_receivers_have_ended_are_never_received() {
    let threads = |until: &str| {
        format!(
            "{until}threads: [{{name: main, do: [loop: 3, body: [sleep: 1us, send: jobs], sleep: 1ms]}}, \
             {{name: worker, do: [recv: jobs]}}]"
        )
    };
    assert_eq!(unreceived(&threads("")), [(0, 2, 2_000)]);
    assert_eq!(unreceived(&threads("until: 10us\n")), [(0, 2, 2_000)], "no need to wait for the end");
    assert_eq!(unreceived(&threads("until: 500ns\n")), []);
}

#[test]
fn messages_over_which_the_program_has_ended_are_never_received() {
    let threads = "threads: [{name: main, do: [loop: 3, body: [send: jobs], sleep: 1us]}, \
                   {name: worker, daemon: true, do: [loop: forever, body: [recv: jobs, sleep: 1ms]]}]";
    assert_eq!(unreceived(threads), [(0, 2, 0)]);
    assert_eq!(unreceived(&format!("until: 500ns\n{threads}")), [], "the worker goes on");
}

#[test]
fn a_task_that_has_ended_receives_nothing_any_more() {
    let threads = "until: 1ms\nthreads: [{name: hub, loop: asyncio, tasks: [\
                   {name: reader, do: [await: {recv: jobs}]}, {name: other, do: [await: {sleep: 1s}]}]}, \
                   {name: main, do: [loop: 3, body: [sleep: 100us, send: jobs]]}]";
    assert_eq!(unreceived(threads).len(), 1);
}

#[test]
fn what_a_daemon_sends_last_is_no_loss_and_neither_is_a_question() {
    let ticker = "{name: ticker, daemon: true, do: [loop: forever, body: [sleep: 1us, send: ticks]]}";
    let main = "{name: main, do: [recv: ticks, sleep: 10us]}";
    let daemon = "{name: reader, daemon: true, do: [loop: forever, body: [recv: ticks, sleep: 1s]]}";
    assert_eq!(unreceived(&format!("threads: [{main}, {ticker}, {daemon}]")), []);
    let server =
        "{name: server, daemon: true, do: [loop: forever, body: [recv: echo, sleep: 1s, reply: echo]]}";
    let asking = "{name: asking, count: 3, daemon: true, do: [request: echo]}";
    assert_eq!(unreceived(&format!("threads: [{{name: main, do: [sleep: 1ms]}}, {server}, {asking}]")), []);
}

/// The main thread sleeps in the poll of its loop for a millisecond; what is left of that is rounded up to a whole one again.
#[test]
fn a_poll_is_interrupted_and_made_again() {
    let ends_at = |kind: &str, signal: &str| {
        let sections = format!(
            "until: 1s\n{signal}threads: [{{name: main, loop: {kind}, tasks: [{{name: one, do: [await: {{sleep: 1ms}}]}}]}}]"
        );
        let report = report(TWO_CORES, "{preset: cpython-3.11, instruction: 10ns}", &sections, 1);
        (ends(&report)[0], report.latencies.first().and_then(|latency| latency.mean()))
    };
    for kind in ["asyncio", "gevent"] {
        let (alone, _) = ends_at(kind, "");
        let (end, waited) = ends_at(kind, "signals: [{name: ring, at: 300us, handler: []}]\n");
        // The poll begins some instructions after the start.
        assert!((285_000..300_000).contains(&(end - alone)), "{kind}: {alone} {end}");
        assert_eq!(waited, Some(Span::ZERO), "{kind}");
    }
}

#[test]
fn a_keyboard_interrupt_leaves_the_task_and_the_loop() {
    for (does, at) in [("await: {sleep: 1s}", "300us"), ("python: 1s", "300us"), ("sleep: 1s", "300us")] {
        let sections = format!(
            "until: 10s\nsignals: [{{name: ctrl-c, at: {at}, handler: KeyboardInterrupt}}]\n\
             threads: [{{name: main, loop: asyncio, tasks: [{{name: one, do: [{does}]}}, {{name: two, do: [await: {{sleep: 2s}}]}}]}}]"
        );
        let report = report(TWO_CORES, "{preset: cpython-3.11, instruction: 10ns}", &sections, 1);
        let raised: Vec<_> = report.exceptions.iter().map(|raised| raised.exception).collect();
        assert_eq!(raised, [Exception::KeyboardInterrupt], "{does}");
        assert!((300_000..301_000).contains(&ends(&report)[0]), "{does}: {:?}", ends(&report));
    }
}

/// Who waits for ever, for what, and since when, in nanoseconds, in a run that is cut off after a millisecond.
fn blocked(sections: &str) -> Vec<(usize, Awaited, u64)> {
    let report = report(TWO_CORES, NO_GIL, &format!("until: 1ms\n{sections}"), 1);
    let blocked = report.blocked.iter();
    blocked.map(|blocked| (blocked.thread, blocked.awaits, blocked.since.picos() / 1_000)).collect()
}

const ENDLESS: &str = "{name: endless, daemon: true, do: [loop: forever, body: [python: 1us]]}";

#[test]
fn who_waits_for_what_nobody_can_bring_about_waits_for_ever() {
    let main = |does: &str, others: &str| {
        blocked(&format!(
            "objects: {{guard: lock, gate: event, places: {{semaphore: 0}}}}\nthreads: [{{name: main, do: [{does}]}}, {ENDLESS}{others}]"
        ))
    };
    assert!(matches!(main("acquire: places", "")[..], [(0, Awaited::Notification(_), _)]));
    assert_eq!(main("lock: guard, lock: guard", ""), [], "that is a deadlock");
    let sender = ", {name: sender, daemon: true, do: [sleep: 5us, send: jobs]}";
    assert_eq!(main("recv: jobs, recv: jobs", sender), [(0, Awaited::Message(0), 5_000)]);
    let worker = ", {name: worker, do: [wait: gate]}";
    let found = main("join: worker", worker);
    assert_eq!(found.iter().map(|found| found.1).next(), Some(Awaited::End(2)), "{found:?}");
    assert_eq!(found.len(), 2, "nobody sets the event, and the worker never ends: {found:?}");
}

#[test]
fn who_may_still_be_woken_does_not_wait_for_ever() {
    let main = |does: &str, other: &str| {
        let late = format!("{{name: late, daemon: true, do: [sleep: 1s, {other}]}}");
        blocked(&format!(
            "objects: {{guard: lock}}\nthreads: [{{name: main, do: [{does}]}}, {late}, {ENDLESS}]"
        ))
    };
    assert_eq!(main("lock: guard, lock: guard", "unlock: guard"), []);
    assert_eq!(main("recv: jobs", "send: jobs"), []);
    assert_eq!(main("join: late", "python: 1us"), []);
    let clients = "clients: [{name: user, channel: echo, open: {every: 1s}}]\n\
                   threads: [{name: main, do: [recv: echo, reply: echo]}]";
    assert_eq!(blocked(clients), []);
}
