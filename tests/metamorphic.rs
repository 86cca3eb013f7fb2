//! Changes of a scenario whose effect is known without knowing the outcome.

use gilsim::scenario;
use gilsim::sim::{self, Report};

/// The locks and schedulers that each change is tried under. The constants of `mach` do not scale, so it is apart.
const LOCKS: [&str; 5] = [
    "preset: cpython-2.6, gil: {lock: semaphore}",
    "preset: cpython-2.6, gil: {lock: condvar}",
    "preset: cpython-2.6, gil: {lock: handoff}",
    "preset: cpython-3.9, gil: {interval: INTERVAL}",
    "preset: cpython-3.9, gil: {interval: INTERVAL, forced_switching: false}",
];
const SCALING_SCHEDULERS: [&str; 3] = [
    "round_robin: {quantum: QUANTUM}",
    "cfs: {latency: QUANTUM, minimum_granularity: GRANULARITY, wakeup_granularity: GRANULARITY, tick: TICK}",
    "eevdf: {base_slice: GRANULARITY, tick: TICK}",
];
const PLATFORMS: [&str; 2] = ["linux", "darwin"];

/// What a scenario is made of, before its times are filled in.
#[derive(Clone, Copy)]
struct Parts<'a> {
    cores: usize,
    platform: &'a str,
    scheduler: &'a str,
    python: &'a str,
    names: [&'a str; 3],
    work: &'a str,
}

impl Parts<'_> {
    /// The outcome with every time multiplied by `scale`.
    fn report(&self, scale: u64) -> Report {
        let [first, second, third] = self.names;
        let Parts { cores, platform, scheduler, python, work, .. } = self;
        let mut text = format!(
            "gilsim: 1
title: changed
machine:
  cores: {cores}
  platform: {platform}
  scheduler: {{{scheduler}}}
  costs: {{system_call: CALL, context_switch: SWITCH, migration: SWITCH, lock_operation: LOCK, atomic_operation: LOCK,
          futex_wake: {{sleeper: SWITCH, no_sleeper: LOCK}}, timer_lateness: LATE,
          wake_latency: {{idle: WAKE, deep_idle: DEEP, deep_after: INTERVAL}}}}
python: {{{python}, instruction: INSTRUCTION}}
threads:
  - {{name: {first}, do: {work}}}
  - {{name: {second}, do: {work}}}
  - {{name: {third}, do: [loop: 5, body: [{{loop: 300, body: [bytecode: [JUMP_ABSOLUTE]]}}, io: DEEP, sleep: WAKE]]}}
"
        );
        let nanoseconds = [
            ("INTERVAL", 201_000),
            ("QUANTUM", 300_000),
            ("GRANULARITY", 75_000),
            ("TICK", 100_000),
            ("INSTRUCTION", 11),
            ("SWITCH", 870),
            ("CALL", 233),
            ("LOCK", 17),
            ("LATE", 5_003),
            ("WAKE", 9_001),
            ("DEEP", 41_007),
        ];
        for (name, value) in nanoseconds {
            text = text.replace(name, &format!("{}ns", value * scale));
        }
        let scenario = scenario::load(&text, "changed", &[]).unwrap_or_else(|errors| panic!("{errors}"));
        sim::run(&scenario.runs[0].model, 1, ()).0
    }
}

const WORK: &str = "[loop: 60000, body: [bytecode: [JUMP_ABSOLUTE]]]";

fn on_all(schedulers: &[&str], check: impl Fn(Parts)) {
    for scheduler in schedulers {
        for python in LOCKS {
            for platform in PLATFORMS {
                for cores in [1, 2, 3] {
                    check(Parts { cores, platform, scheduler, python, names: ["a", "b", "c"], work: WORK });
                }
            }
        }
    }
}

/// The counters of a report, without its times.
fn counters(report: &Report) -> Vec<u64> {
    let gil = &report.gil;
    let lock = [gil.checks, gil.acquisitions, gil.failed_acquisitions, gil.hand_overs, gil.drop_requests];
    let threads = report.threads.iter().flat_map(|thread| {
        [
            thread.usage.voluntary_switches,
            thread.usage.involuntary_switches,
            thread.usage.system_calls,
            thread.usage.migrations,
        ]
    });
    lock.into_iter().chain(threads).collect()
}

/// The times of a report, in picoseconds.
fn times(report: &Report) -> Vec<u64> {
    let threads = report.threads.iter().flat_map(|thread| thread.usage.state_times);
    let cores = report.core_busy.iter().copied();
    let spans = threads.chain(cores).map(|span| span.picos());
    spans.chain([report.makespan.picos(), report.gil.held.picos()]).collect()
}

#[test]
fn scaling_every_time_scales_the_outcome() {
    on_all(&SCALING_SCHEDULERS, |parts| {
        let (once, thrice) = (parts.report(1), parts.report(3));
        assert_eq!(counters(&once), counters(&thrice), "{} {}", parts.scheduler, parts.python);
        let scaled: Vec<u64> = times(&once).into_iter().map(|time| time * 3).collect();
        assert_eq!(scaled, times(&thrice), "{} {}", parts.scheduler, parts.python);
    });
}

#[test]
fn the_names_of_threads_do_not_matter() {
    let all = [&SCALING_SCHEDULERS[..], &["mach: {}"]].concat();
    on_all(&all, |parts| {
        let renamed = Parts { names: ["z", "a thread", "c1"], ..parts };
        assert_eq!(parts.report(1), renamed.report(1), "{} {}", parts.scheduler, parts.python);
    });
}

#[test]
fn splitting_a_loop_does_not_matter() {
    let split = "[{loop: 19999, body: [bytecode: [JUMP_ABSOLUTE]]}, {loop: 1, body: [bytecode: [JUMP_ABSOLUTE]]}, \
                 {loop: 40000, body: [bytecode: [JUMP_ABSOLUTE]]}]";
    // Only where nothing can happen at the very instant at which one step ends and the next begins.
    on_all(&SCALING_SCHEDULERS[..1], |parts| {
        let (whole, split) = (parts.report(1), Parts { work: split, ..parts }.report(1));
        assert_eq!(counters(&whole), counters(&split), "{} {}", parts.scheduler, parts.python);
        assert_eq!(times(&whole), times(&split), "{} {}", parts.scheduler, parts.python);
    });
}

/// Three threads never use a fourth core: a woken thread goes back to its own, which is idle.
#[test]
fn a_core_more_than_there_are_threads_does_not_matter() {
    on_all(&["round_robin: {quantum: QUANTUM}", "mach: {}"], |parts| {
        let three = Parts { cores: 3, ..parts }.report(1);
        let mut four = Parts { cores: 4, ..parts }.report(1);
        assert_eq!(four.core_busy.pop().map(|span| span.picos()), Some(0));
        assert_eq!(times(&three), times(&four), "{} {}", parts.scheduler, parts.python);
        assert_eq!(counters(&three), counters(&four), "{} {}", parts.scheduler, parts.python);
    });
}

/// Without an end of the interval a thread gives the lock up only where it blocks or ends.
#[test]
fn an_interval_without_end_runs_every_thread_until_it_blocks() {
    let intervals = [
        ["interval: 2147483647, first_ticker: 2147483647", "interval: 1000000000, first_ticker: 1000000000"],
        ["interval: 1h", "interval: 30min"],
    ];
    let all = [&SCALING_SCHEDULERS[..], &["mach: {}"]].concat();
    on_all(&all, |parts| {
        let (preset, lock) = parts.python.split_once("gil: {").expect("it names a lock");
        let endless = intervals[usize::from(preset.contains("3.9"))];
        let lock = lock.replace("interval: INTERVAL", "").replace(", forced", "forced").replace('}', "");
        let reports = endless.map(|interval| {
            let separator = if lock.is_empty() { "" } else { ", " };
            let python = format!("{preset}gil: {{{lock}{separator}{interval}}}");
            Parts { python: &python, ..parts }.report(1)
        });
        assert_eq!(reports[0], reports[1], "{} {}", parts.scheduler, parts.python);
        let gil = &reports[0].gil;
        // Each thread takes it once at first, the third one after each of its ten calls as well.
        assert_eq!((gil.checks, gil.drop_requests, gil.acquisitions), (0, 0, 13), "{}", parts.python);
    });
}

/// Where threads only compute and nothing has a cost, one core does their work one after another, with a GIL or without:
/// the run is as long, and each thread uses as much. (When a thread ends is another matter: without a GIL the quantum
/// of the scheduler decides it, with one also the interval of the lock. The lock of PyPy is left out: nobody is woken
/// when it is released, so that the core may idle until the next look at it.)
#[test]
fn on_one_core_a_free_gil_costs_nothing() {
    let locks = [
        "{policy: check_interval, interval: 100, first_ticker: 100, lock: semaphore}",
        "{policy: check_interval, interval: 100, first_ticker: 100, lock: condvar}",
        "{policy: check_interval, interval: 100, first_ticker: 100, lock: handoff}",
        "{policy: round_robin, interval: 100, first_ticker: 100}",
        "{policy: switch_interval, interval: 500us, forced_switching: true, ending_thread_waits: true}",
        "{policy: switch_interval, interval: 500us, forced_switching: false, ending_thread_waits: false}",
        "{policy: priority, interval: 500us}",
        "{policy: bfs, slice: 500us, factor: 8, ticks: 5000}",
        "{policy: ruby, quantum: 1ms, tick: 100us}",
    ];
    for platform in PLATFORMS {
        let run = |lock: &str| {
            let text = format!(
                "gilsim: 1
title: one core
machine: {{cores: 1, platform: {platform}, scheduler: {{round_robin: {{quantum: 300us}}}}, costs: {{}}}}
python: {{preset: cpython-3.9, instruction: 11ns, gil: {lock}}}
threads:
  - {{name: a, do: [python: 3001us]}}
  - {{name: b, start: 70us, do: [python: 5ms, c: {{for: 700us, gil: held}}]}}
  - {{name: c, start: 1ms, do: [python: 4ms]}}
"
            );
            let scenario = scenario::load(&text, "one core", &[]).unwrap_or_else(|errors| panic!("{errors}"));
            let report = sim::run(&scenario.runs[0].model, 1, ()).0;
            let used: Vec<u64> = report.threads.iter().map(|thread| thread.usage.user.picos()).collect();
            (report.makespan, report.core_busy.clone(), used)
        };
        let without = run("{policy: none}");
        assert_eq!(without.2, [3_001_000_000, 5_700_000_000, 4_000_000_000]);
        for lock in locks {
            assert_eq!(run(lock), without, "{platform} {lock}");
        }
    }
}
