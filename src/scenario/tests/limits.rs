//! What could hang or run out of memory is an error, and no text makes the loader panic.

use proptest::prelude::*;

use super::{GROUND, doing, error, errors, loaded, on_ground};
use crate::scenario::load;

const HANGS: &str = "the body of this loop takes no time, so the loop would hang";

#[test]
fn a_loop_whose_body_takes_no_time_would_hang() {
    let looping = |text: &str| error(&format!("{}until: 1s\n", doing(text)));
    assert_eq!(looping("[loop: 5, body: []]"), HANGS);
    assert_eq!(looping("[loop: 5, body: [python: 0s, ticks: 0]]"), HANGS);
    assert_eq!(looping("[loop: forever, body: [loop: 0, body: [python: 1s]]]"), HANGS);
    assert_eq!(looping("[loop: forever, body: [io: 0s, sleep: {uniform: [0s, 0s]}]]"), HANGS);
    loaded(&doing("[loop: 5, body: [io: 0s]]"));
}

#[test]
fn a_step_that_is_left_out_does_not_make_a_loop_seem_empty() {
    assert_eq!(error(&doing("[loop: 5, body: [pyton: 1s]]")), "unknown step `pyton`");
}

#[test]
fn something_must_end_a_run() {
    let endless = "[loop: forever, body: [python: 1us]]";
    assert_eq!(error(&doing(endless)), "nothing ends this run: this thread loops forever and is no daemon");
    let daemons = on_ground(&format!("threads: [{{name: a, daemon: true, do: {endless}}}]"));
    assert_eq!(error(&daemons), "nothing ends this run: all its threads are daemons");
    loaded(&format!("{daemons}\nuntil: 1s\n"));
    loaded(&on_ground(&format!(
        "threads:\n- {{name: a, do: []}}\n- {{name: b, daemon: true, do: {endless}}}\n"
    )));
}

#[test]
fn users_that_do_not_think_find_room_in_their_channel() {
    let with = |capacity: u32, client: &str, step: &str| {
        on_ground(&format!(
            "until: 1s
channels: {{jobs: {{capacity: {capacity}}}}}
clients: [{{channel: jobs, {client}}}]
threads: [{{name: server, do: [loop: forever, body: [{step}recv: jobs, reply: jobs, python: 1us]]}}]
"
        ))
    };
    let expected = "a request that finds the channel full would be sent again at once, for ever";
    assert_eq!(error(&with(2, "closed: {users: 3}", "")), expected);
    assert_eq!(error(&with(3, "closed: {users: 3}", "send: jobs, ")), expected);
    loaded(&with(3, "closed: {users: 3}", ""));
    loaded(&with(2, "closed: {users: 3}, requests: 9", ""));
    loaded(&with(2, "closed: {users: 3, think: 1us}", ""));
}

/// The error of a scenario whose machine has this scheduler and a context switch of 2 us.
fn scheduler_error(scheduler: &str) -> String {
    let machine = format!(
        "{{preset: linux-2-core, scheduler: {{{scheduler}}}, costs: {{context_switch: 2us, migration: 1us}}}}"
    );
    let text = "gilsim: 1\ntitle: slices\npython: cpython-3.9\nthreads: [{name: a, do: []}]\n";
    error(&format!("{text}machine: {machine}\n"))
}

#[test]
fn a_time_slice_must_outlast_the_switch_to_a_thread() {
    let expected = |slice: &str| {
        format!("a time slice of {slice} is used up by a context switch and a migration (3.00 us)")
    };
    assert_eq!(scheduler_error("round_robin: {quantum: 3us}"), expected("3.00 us"));
    assert_eq!(scheduler_error("eevdf: {base_slice: 2us}"), expected("2.00 us"));
}

/// The error of a scenario with a thread of these keys under this scheduler.
fn thread_error(scheduler: &str, keys: &str) -> String {
    let text = "gilsim: 1\ntitle: ranks\npython: cpython-3.9\n";
    let machine = format!("{{preset: linux-2-core, scheduler: {scheduler}}}");
    error(&format!("{text}machine: {machine}\nthreads: [{{name: a, {keys}, do: []}}]\n"))
}

/// The error of a scenario whose machine has this load.
fn load_error(load: &str) -> String {
    let machine = format!("{{preset: linux-2-core, background: [{{name: other, {load}}}]}}");
    let text = "gilsim: 1\ntitle: loads\npython: cpython-3.9\nthreads: [{name: a, do: []}]\n";
    error(&format!("{text}machine: {machine}\n"))
}

#[test]
fn a_load_says_for_how_long_it_is_busy_and_idle() {
    assert_eq!(load_error("busy: forever, idle: 1ms"), "who is busy forever is never idle");
    assert_eq!(load_error("busy: 1ms"), "this says nothing of how long it is idle");
    assert_eq!(load_error("busy: 0s, idle: 1ms"), "this must be longer than no time at all");
}

#[test]
fn a_process_is_one_of_its_own_that_somebody_starts() {
    assert_eq!(thread_error("eevdf", "start: fork"), "a process is one of its own");
    assert_eq!(thread_error("eevdf", "start: spawn, process: own"), "nobody starts the process `a`");
    assert_eq!(
        thread_error("eevdf", "start: spawn, process: own, native: true"),
        "a process that is started executes Python"
    );
}

#[test]
fn only_a_scheduler_that_heeds_it_is_told_how_nice_a_thread_is() {
    let expected = |name| format!("the scheduler `{name}` does not heed how nice a thread is");
    for name in ["fifo", "windows", "round_robin"] {
        assert_eq!(thread_error(name, "nice: 5"), expected(name));
    }
    assert_eq!(thread_error("cfs", "nice: 20"), "`20` is not from -20 to 19");
}

#[test]
fn only_a_scheduler_with_priorities_is_told_one() {
    for name in ["cfs", "eevdf", "mach", "round_robin"] {
        assert_eq!(thread_error(name, "priority: 5"), format!("the scheduler `{name}` has no priorities"));
    }
    assert_eq!(thread_error("fifo", "priority: 100"), "100 is out of range: from 1 to 99");
    assert_eq!(thread_error("windows", "priority: 0"), "0 is out of range: from 1 to 31");
}

#[test]
fn a_scheduler_does_not_look_more_often_than_every_microsecond() {
    assert_eq!(scheduler_error("cfs: {tick: 1ns}"), "`tick` is shorter than 1.00 us");
    assert_eq!(scheduler_error("mach: {decay_interval: 999ns}"), "`decay_interval` is shorter than 1.00 us");
}

#[test]
fn calls_that_multiply_without_bound_are_an_error() {
    let mut functions = String::from("functions:\n  f0: [bytecode: [A]]\n  e0: []\n");
    for level in 1..40 {
        let below = level - 1;
        functions += &format!("  f{level}: [call: f{below}, call: f{below}]\n");
        functions += &format!("  e{level}: [call: e{below}, call: e{below}]\n");
    }
    let text = |name| on_ground(&format!("{functions}threads: [{{name: a, do: [call: {name}]}}]\n"));
    let expected = "the programs have more than 1000000 steps together";
    assert_eq!(error(&text("f39")), expected);
    assert_eq!(error(&text("e39")), expected);
}

#[test]
fn calls_that_are_nested_too_deeply_are_an_error_in_either_order() {
    let chain = |numbers: &mut dyn Iterator<Item = usize>| {
        let mut lines = String::from("threads: [{name: a, do: [call: f0]}]\nfunctions:\n  f5000: []\n");
        for number in numbers {
            lines += &format!("  f{number}: [call: f{}]\n", number + 1);
        }
        errors(&on_ground(&lines))
    };
    for found in [chain(&mut (0..5000)), chain(&mut (0..5000).rev())] {
        assert!(found[0].ends_with("calls and loops are nested more than 200 deep"), "{found:?}");
    }
}

#[test]
fn calls_and_loops_that_are_nested_as_deep_as_allowed_are_compiled() {
    let mut functions = String::from("functions:\n  f0: [python: 1us]\n");
    for level in 1..100 {
        functions += &format!("  f{level}: [{{loop: 2, body: [call: f{}, python: 1us]}}]\n", level - 1);
    }
    let text = on_ground(&format!("{functions}threads: [{{name: a, do: [call: f99]}}]\n"));
    assert_eq!(loaded(&text).runs[0].model.programs[0].steps.len(), 1 + 99 * 3 + 1);
}

#[test]
fn a_mistake_far_down_is_looked_at_once_and_not_for_every_call() {
    let mut functions = String::from("functions:\n  f0: [loop: 3, body: []]\n");
    for level in 1..60 {
        functions += &format!("  f{level}: [call: f{0}, call: f{0}]\n", level - 1);
    }
    let text = on_ground(&format!("{functions}threads: [{{name: a, do: [call: f59]}}]\n"));
    assert_eq!(error(&text), HANGS);
}

#[test]
fn more_threads_than_the_engine_takes_are_an_error() {
    let text = on_ground("threads: [{name: a, count: 4096, do: []}, {name: b, do: []}]\n");
    assert_eq!(error(&text), "a run has at most 4096 threads");
}

#[test]
fn a_loop_longer_than_time_itself_is_still_a_loop() {
    loaded(&doing("[loop: 18446744073709551615, body: [bytecode: [A]]]"));
}

/// Pieces of the language, to make texts that are nearly right.
const PIECES: [&str; 40] = [
    "gilsim: 1\n",
    "title: x\n",
    "machine: ",
    "python: ",
    "macbook-2009\n",
    "cpython-2.6\n",
    "functions:\n",
    "threads: [",
    "{name: a, do: [",
    "loop: forever, body: [",
    "loop: 3\n",
    "bytecode: [LOAD_FAST]",
    "call: f",
    "io: ",
    "sleep: ",
    "{uniform: [1us, 2us]}",
    "5ms",
    "5",
    "-3",
    "]",
    "}",
    "]}]\n",
    ", ",
    "  ",
    "\n",
    "\n  ",
    "- ",
    "runs:\n",
    "a: {",
    "like: a",
    "expect:\n",
    "- {that: a.makespan, is: 1s, within: 5%}\n",
    "é",
    "\t",
    "'",
    "\"",
    "&",
    "*",
    "{cores: 0}",
    "until: 1s\n",
];

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        if let Err(diagnostics) = load(&text, "test.yaml", &[]) {
            prop_assert!(!diagnostics.render(true).is_empty());
        }
    }

    #[test]
    fn no_text_of_the_pieces_of_the_language_makes_it_panic(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..30)
    ) {
        if let Err(diagnostics) = load(&pieces.concat(), "test.yaml", &[]) {
            prop_assert!(!diagnostics.to_string().is_empty());
        }
    }

    #[test]
    fn no_damaged_scenario_makes_it_panic(at in 0..400_usize, length in 0..20_usize, with in "\\PC{0,3}") {
        let mut text = format!("{GROUND}threads: [{{name: a, do: [loop: 3, body: [python: 1us, io: 5ms]]}}]\n\
            runs: {{a: {{until: 1s}}}}\nexpect: [{{that: (a.makespan - 1s) / 2, is: 1s, within: 5%}}]\n");
        let start = at.min(text.len());
        text.replace_range(start..(start + length).min(text.len()), &with);
        if let Err(diagnostics) = load(&text, "test.yaml", &[]) {
            prop_assert!(!diagnostics.to_string().is_empty());
        }
    }

    #[test]
    fn no_override_makes_it_panic(text in "[a-z.\"=\\[{: 0-9]{0,30}|\\PC{0,20}") {
        if let Err(diagnostics) = load(&doing("[python: 1us]"), "test.yaml", &[text]) {
            prop_assert!(!diagnostics.to_string().is_empty());
        }
    }
}

#[test]
fn a_thread_may_be_confined_to_cores_that_exist() {
    let on = |cores: &str| on_ground(&format!("threads: [{{name: a, {cores}, do: []}}]"));
    let thread = loaded(&on("cores: [1, 0]")).runs[0].model.threads[0];
    assert!(
        thread.attributes.cores.contains(0)
            && thread.attributes.cores.contains(1)
            && !thread.attributes.cores.contains(2)
    );
    assert!(!loaded(&on("core: 1")).runs[0].model.threads[0].attributes.cores.contains(0));
    assert_eq!(error(&on("core: 2")), "2 is out of range: from 0 to 1");
    assert_eq!(error(&on("cores: []")), "a thread needs at least one core");
    assert_eq!(error(&on("core: 0, cores: [1]")), "a thread has either `core` or `cores`");
}
