//! What a machine does besides carrying out programs, worked out on paper in the comment of each test.
//!
//! Nothing costs anything but what the test says, and an instruction takes 10 ns.

use gilsim::scenario;
use gilsim::sim::{self, Model, Report, Shortcuts};

/// The report of a run on two cores under this scheduler, with these costs.
fn report(scheduler: &str, costs: &str, threads: &str) -> Report {
    sim::run(&model(scheduler, costs, threads), 1, ()).0
}

fn model(scheduler: &str, costs: &str, threads: &str) -> Model {
    let text = format!(
        "gilsim: 1\ntitle: on paper\npython: {{preset: cpython-3.11, instruction: 10ns}}\n\
         machine: {{cores: 2, platform: linux, first_tick: 1ms, scheduler: {scheduler}, costs: {costs}}}\n\
         threads: {threads}\n"
    );
    let scenario = scenario::load(&text, "on paper", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    scenario.runs[0].model.clone()
}

/// When each thread ended, in nanoseconds.
fn ends(report: &Report) -> Vec<u64> {
    report.threads.iter().map(|thread| thread.ended.expect("it has ended").picos() / 1_000).collect()
}

/// 10 us until it runs, 20 us until it has begun, 30 us until it is gone; who joins it need not wait for the last.
#[test]
fn a_thread_costs_its_birth_and_its_end() {
    let threads = "[{name: main, do: [start: worker, join: worker]}, {name: worker, do: [python: 1ms]}]";
    let free = ends(&report("round_robin", "{}", threads));
    let dear = ends(&report("round_robin", "{thread: {start: 10us, begin: 20us, end: 30us}}", threads));
    assert_eq!([dear[0] - free[0], dear[1] - free[1]], [30_000, 60_000]);
}

/// The clock ticks at 1, 5 and 9 ms, and takes 22 us each time.
#[test]
fn a_clock_tick_takes_time_from_who_runs() {
    let threads = "[{name: main, do: [python: 10ms]}]";
    let scheduler = "{eevdf: {base_slice: 1ms, tick: 4ms}}";
    assert_eq!(ends(&report(scheduler, "{clock_tick: 22us}", threads)), [10_066_000]);
}

/// On either core, a burst is to end at 1.08 ms. The tick at 1 ms, of the core where another queues, takes until then, too, and
/// the one there is to make room afterwards. But the other core is ready first: it takes who queues.
#[test]
fn a_clock_tick_that_is_over_when_the_burst_would_have_been_comes_after_what_was_set_before() {
    let threads = "[{name: one, process: a, do: [python: 1080us]}, {name: two, process: b, do: [python: 1080us]}, \
                   {name: three, process: c, do: [python: 80us]}]";
    let granularities = "minimum_granularity: 100us, wakeup_granularity: 100us";
    let scheduler = format!("{{cfs: {{latency: 100us, {granularities}, tick: 1ms}}}}");
    let model = model(&scheduler, "{clock_tick: 80us}", threads);
    let [all, none] =
        [Shortcuts::default(), Shortcuts::NONE].map(|shortcuts| sim::run_with(&model, 1, (), shortcuts).0);
    assert_eq!(ends(&all), [1_160_000, 1_080_000, 1_160_000]);
    assert_eq!(all.threads[0].usage.involuntary_switches, 0);
    assert_eq!(all.fingerprint(), none.fingerprint());
}

/// The first interruption comes within the first millisecond, and then one each millisecond: 10 in 10.1 ms.
#[test]
fn the_host_takes_the_processor_again_and_again() {
    let threads = "[{name: main, do: [python: 10ms]}]";
    let costs = "{interruption: {every: 1ms, length: 10us}}";
    assert_eq!(ends(&report("round_robin", costs, threads)), [10_100_000]);
}

/// A round of the countdown is 8 instructions in 3.11. The second thread executes it on another core than the first.
#[test]
fn code_that_another_core_executed_last_has_to_come_over() {
    let threads =
        "[{name: one, core: 0, do: [python: 10us]}, {name: other, core: 1, start: 50us, do: [python: 10us]}]";
    let moved = |cost: &str| ends(&report("round_robin", &format!("{{moved_instruction: {cost}}}"), threads));
    assert_eq!(moved("0s"), [10_000, 60_000]);
    assert_eq!(moved("1us"), [10_000, 68_000]);
    let threads = threads.replace("core: 1", "core: 0");
    assert_eq!(ends(&report("round_robin", "{moved_instruction: 1us}", &threads)), [10_000, 60_000]);
}

/// To set the timer takes 10 us. A thread that sleeps for 100 us has set it at 10 us, and sleeps the rest.
#[test]
fn setting_a_timer_is_part_of_the_sleep() {
    let threads = "[{name: main, native: true, do: [sleep: 100us]}]";
    let slept = report("round_robin", "{timer_change: 10us}", threads);
    assert_eq!(ends(&slept), [100_000]);
    assert_eq!(slept.threads[0].usage.system.picos() / 1_000, 10_000);
}

/// A sleep of 5 us is over before the timer has been set: the thread has not slept.
#[test]
fn who_is_woken_while_it_sets_its_timer_does_not_sleep() {
    let threads = "[{name: main, native: true, do: [sleep: 5us]}]";
    let slept = report("round_robin", "{timer_change: 10us}", threads);
    assert_eq!(ends(&slept), [10_000]);
    assert_eq!(slept.threads[0].usage.voluntary_switches, 0);
}

/// One thread falls asleep for 1 us of its own account; the other, on the same core, begins that much later.
#[test]
fn falling_asleep_counts_for_who_sleeps() {
    let threads = "[{name: one, native: true, core: 0, do: [sleep: 1ms]}, \
                   {name: other, native: true, core: 0, do: [c: {for: 5us, gil: released}]}]";
    let slept = report("round_robin", "{falling_asleep: 1us}", threads);
    assert_eq!(ends(&slept), [1_000_000, 6_000]);
    assert_eq!(slept.threads[0].usage.system.picos(), 1_000_000);
    assert!(slept.threads[1].usage.system.is_zero());
}

/// On either core, a thread is displaced when the run begins, by one that is on its way for 1 us: on the first core first. That
/// what was displaced on the second core would have ended at 1 us, too, makes no difference.
#[test]
fn a_thread_that_gets_a_core_comes_after_what_was_set_before() {
    let threads = "[{name: long, process: a, core: 0, priority: 8, do: [python: 2us]}, \
                   {name: short, process: b, core: 1, priority: 8, do: [python: 1us]}, \
                   {name: first, process: c, core: 0, priority: 9, do: [io: 5us]}, \
                   {name: second, process: d, core: 1, priority: 9, do: [io: 5us]}]";
    // The first draw of the costs of falling asleep is for who falls asleep first.
    let costs = "{context_switch: 1us, falling_asleep: {uniform: [0us, 1us]}}";
    let model = model("{windows: {quantum: 1, tick: 3us}}", costs, threads);
    let [all, none] =
        [Shortcuts::default(), Shortcuts::NONE].map(|shortcuts| sim::run_with(&model, 1, (), shortcuts).0);
    let system = |thread: usize| all.threads[thread].usage.system;
    assert_ne!(system(2), system(3));
    assert_eq!(all.fingerprint(), none.fingerprint());
}
