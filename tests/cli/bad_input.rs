//! What is wrong is refused with a message that says what to do, and nothing is written.

use crate::{DONE, Desk, FAILURE_INSIDE, INVALID, USAGE};

/// A machine and an interpreter of a few lines; the threads are on line 9.
const GROUND: &str = "\
gilsim: 1
title: A test
machine: {cores: 2, platform: linux, scheduler: round_robin}
python:
  opcodes: {known: [A, B, C], after: [B]}
  typical: [A, B]
  instruction: 10ns
  gil: {policy: switch_interval}
";

fn on_ground(lines: &str) -> String {
    format!("{GROUND}{lines}\n")
}

fn doing(steps: &str) -> String {
    on_ground(&format!("threads: [{{name: main, do: {steps}}}]"))
}

/// Refused with this code and message, without output, and the desk is as it was.
fn refused(desk: &Desk, arguments: &[&str], code: i32, message: &str) {
    let before = desk.names();
    let outcome = desk.run(arguments);
    assert_eq!(outcome.messages, format!("{}\n", message.trim_matches('\n')), "{arguments:?}");
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(code), ""), "{arguments:?}");
    assert_eq!(desk.names(), before, "{arguments:?}");
}

/// Whatever is to be done with the file, this is the answer.
fn check_file(desk: &Desk, file: &str, message: &str) {
    refused(desk, &["run", file, "-o", "results/outcome.json", "-o", "outcome.svg"], INVALID, message);
    refused(desk, &["plot", file, "-o", "results/picture.svg", "-o", "picture.png"], INVALID, message);
    refused(desk, &["verify", file], INVALID, message);
}

/// No command takes this text for a scenario.
fn check(text: impl AsRef<[u8]>, message: &str) {
    check_file(&Desk::new().put("scenario.yaml", text), "scenario.yaml", message);
}

/// `--set` cannot change the scenario in this way.
fn check_override(text: &str, overrides: &[&str], message: &str) {
    let desk = Desk::new().put("scenario.yaml", text);
    for (command, file) in [("run", "outcome.json"), ("plot", "picture.svg")] {
        let mut arguments = vec![command, "scenario.yaml", "-o", file];
        arguments.extend(overrides.iter().flat_map(|text| ["--set", *text]));
        refused(&desk, &arguments, INVALID, message);
    }
}

/// The words of the command are refused. What follows the message (the usage, the way to the help) is not looked at.
fn check_usage(arguments: &[&str], message: &str) {
    let desk = Desk::with(&["two-threads.yaml"]);
    let outcome = desk.run(arguments);
    let begins = outcome.messages.split("\n\n").next().unwrap_or_default();
    assert_eq!(begins.trim_end(), message, "{arguments:?}");
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(USAGE), ""), "{arguments:?}");
    assert_eq!(desk.names(), ["two-threads.yaml"], "{arguments:?}");
}

#[test]
fn a_missing_file() {
    let message = "error: cannot read missing.yaml: there is no such file";
    check_file(&Desk::new(), "missing.yaml", message);
}

#[test]
fn a_directory() {
    let desk = Desk::new().put_folder("folder");
    let message = "error: cannot read folder: it is a directory";
    refused(&desk, &["run", "folder", "-o", "outcome.json"], INVALID, message);
    refused(&desk, &["plot", "folder", "-o", "picture.svg"], INVALID, message);
}

#[test]
fn an_empty_file() {
    check(
        "",
        "
error: there is nothing here
 --> scenario.yaml:1:1
  |
1 |
  | ^
  |
  = help: a scenario begins with `gilsim: 1`",
    );
}

#[test]
fn a_file_that_is_not_utf_8() {
    check(b"gilsim: 1\ntitle: \xe9t\xe9\n", "error: cannot read scenario.yaml: it is not UTF-8 text");
}

#[test]
fn a_file_that_is_too_long() {
    let message = "error: cannot read scenario.yaml: it is longer than 16 MiB";
    check(" ".repeat((16 << 20) + 1), message);
}

#[test]
fn broken_yaml() {
    check(
        "gilsim: 1\ntitle: [a, b\nseed: 1\n",
        "
error: not valid YAML: illegal placement of ':' indicator
 --> scenario.yaml:3:5
  |
3 | seed: 1
  |     ^
  |
  = help: check brackets, quotes and indentation, here and in the lines above",
    );
}

#[test]
fn an_unknown_key() {
    check(
        on_ground("thread: []\nthreads: [{name: main, do: []}]"),
        "
error: unknown key `thread`
 --> scenario.yaml:9:1
  |
9 | thread: []
  | ^^^^^^
  |
  = help: did you mean `threads`?",
    );
}

#[test]
fn a_time_without_a_unit() {
    check(
        doing("[python: 5]"),
        "
error: a time needs a unit
 --> scenario.yaml:9:37
  |
9 | threads: [{name: main, do: [python: 5]}]
  |                                     ^
  |
  = help: write 5ms or 5s, whichever it is",
    );
}

#[test]
fn a_negative_count() {
    check(
        doing("[loop: -3, body: [python: 1ms]]"),
        "
error: `-3` is negative
 --> scenario.yaml:9:35
  |
9 | threads: [{name: main, do: [loop: -3, body: [python: 1ms]]}]
  |                                   ^^
  |
  = help: write a whole number such as 100_000_000",
    );
}

#[test]
fn no_cores_at_all() {
    check(
        doing("[]").replace("cores: 2", "cores: 0"),
        "
error: 0 is out of range: from 1 to 512
 --> scenario.yaml:3:18
  |
3 | machine: {cores: 0, platform: linux, scheduler: round_robin}
  |                  ^",
    );
}

#[test]
fn an_unknown_machine() {
    check(
        "gilsim: 1\ntitle: A test\nmachine: macbook-2019\npython: cpython-2.6\nthreads: [{name: main, do: []}]\n",
        "
error: unknown machine preset `macbook-2019`
 --> scenario.yaml:3:10
  |
3 | machine: macbook-2019
  |          ^^^^^^^^^^^^
  |
  = help: did you mean `macbook-2009`?",
    );
}

#[test]
fn an_unknown_interpreter() {
    check(
        "gilsim: 1\ntitle: A test\nmachine: macbook-2009\npython: stackless\nthreads: [{name: main, do: []}]\n",
        "
error: unknown python preset `stackless`
 --> scenario.yaml:4:9
  |
4 | python: stackless
  |         ^^^^^^^^^
  |
  = help: known are cpython-2.6, cpython-2.7, cpython-2.7-round-robin, cpython-2.7.18, cpython-3.2, cpython-3.6, cpython-3.7, \
         cpython-3.8, cpython-3.9, cpython-3.10, cpython-3.11, cpython-3.12, cpython-3.13, cpython-3.13t, \
         cpython-3.14, cpython-3.14t, gilectomy, jython, ironpython, pypy, ruby",
    );
}

#[test]
fn an_undefined_function() {
    check(
        on_ground("functions: {count: []}\nthreads: [{name: main, do: [call: cuont]}]"),
        "
error: unknown function `cuont`
  --> scenario.yaml:10:35
   |
10 | threads: [{name: main, do: [call: cuont]}]
   |                                   ^^^^^
   |
   = help: did you mean `count`?",
    );
}

#[test]
fn several_errors_come_in_one_pass() {
    check(
        on_ground("sead: 4\nthreads: [{name: main, do: [sleep: 5, python: fast]}]"),
        "
error: unknown key `sead`
 --> scenario.yaml:9:1
  |
9 | sead: 4
  | ^^^^
  |
  = help: did you mean `seed`?

error: a time needs a unit
  --> scenario.yaml:10:36
   |
10 | threads: [{name: main, do: [sleep: 5, python: fast]}]
   |                                    ^
   |
   = help: write 5ms or 5s, whichever it is

error: `fast` is not a time
  --> scenario.yaml:10:47
   |
10 | threads: [{name: main, do: [sleep: 5, python: fast]}]
   |                                               ^^^^
   |
   = help: write a time such as 5ms or 24.6s",
    );
}

#[test]
fn an_override_of_an_unknown_key() {
    check_override(
        &doing("[]"),
        &["machine.corse=1"],
        "
error: unknown key `corse`
 --> --set:1:9
  |
1 | machine.corse=1
  |         ^^^^^
  |
  = help: did you mean `cores`?",
    );
}

#[test]
fn an_override_without_a_value() {
    check_override(
        &doing("[]"),
        &["seed"],
        "
error: `seed` sets nothing
 --> --set:1:1
  |
1 | seed
  | ^^^^
  |
  = help: write PATH=VALUE such as machine.cores=1",
    );
}

#[test]
fn an_override_of_an_unknown_run() {
    check_override(
        &on_ground("runs: {one core: {threads: [{name: main, do: []}]}}"),
        &["runs.one croe.machine.cores=1"],
        "
error: unknown run `one croe`
 --> --set:1:6
  |
1 | runs.one croe.machine.cores=1
  |      ^^^^^^^^
  |
  = help: did you mean `one core`?",
    );
}

#[test]
fn an_error_of_the_file_and_one_of_an_override_come_in_one_pass() {
    check_override(
        &doing("[python: 5]"),
        &["machine.cores=few"],
        "
error: a time needs a unit
 --> scenario.yaml:9:37
  |
9 | threads: [{name: main, do: [python: 5]}]
  |                                     ^
  |
  = help: write 5ms or 5s, whichever it is

error: `few` is not a whole number
 --> --set:1:15
  |
1 | machine.cores=few
  |               ^^^
  |
  = help: write a whole number such as 100_000_000",
    );
}

#[test]
fn standard_input_that_is_no_scenario() {
    let desk = Desk::new();
    let outcome = desk.run_reading(&["run", "-", "-o", "outcome.json"], "gilsim: 2\n");
    let message = "
error: unknown version of the language: `2`
 --> standard input:1:9
  |
1 | gilsim: 2
  |         ^
  |
  = help: known is 1
";
    assert_eq!(outcome.messages, message.trim_start());
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(INVALID), ""));
    assert!(desk.names().is_empty());
}

#[test]
fn no_arguments() {
    check_usage(&[], "Simulates the Python GIL, event by event");
}

#[test]
fn an_unknown_subcommand() {
    check_usage(&["simulate"], "error: unrecognized subcommand 'simulate'");
}

#[test]
fn an_unknown_option() {
    let message = "error: unexpected argument '--frobnicate' found";
    check_usage(&["run", "two-threads.yaml", "--frobnicate"], message);
}

#[test]
fn an_unknown_chart() {
    check_usage(
        &["plot", "two-threads.yaml", "--chart", "pie", "-o", "picture.svg"],
        "error: invalid value 'pie' for '--chart <KIND>': there is no chart of this name (known are timeline, ribbon, \
         waiters, account, latency, waits, bars, sweep, pareto, heat, speedup, badness, measured, handover, steps)",
    );
}

#[test]
fn a_picture_without_a_file_to_write() {
    let message = "error: the following required arguments were not provided:\n  --output <FILE>";
    check_usage(&["plot", "two-threads.yaml"], message);
}

#[test]
fn a_result_with_an_unknown_ending() {
    for file in ["outcome.txt", "outcome", ".json"] {
        check_usage(
            &["run", "two-threads.yaml", "-o", "outcome.json", "-o", file],
            &format!(
                "error: cannot tell what to write to {file}\nhelp: the name must end in .json or .svg or .png"
            ),
        );
    }
}

#[test]
fn a_picture_with_an_ending_of_no_picture() {
    check_usage(
        &["plot", "two-threads.yaml", "-o", "picture.json"],
        "error: cannot tell what to write to picture.json\nhelp: the name must end in .svg or .png",
    );
}

#[test]
fn a_chart_or_a_theme_that_does_not_exist() {
    for (option, value, message) in [
        (
            "--chart",
            "timelin",
            "for '--chart <KIND>': there is no chart of this name (did you mean `timeline`?)",
        ),
        ("--theme", "drak", "for '--theme <NAME>': there is no theme of this name (did you mean `dark`?)"),
        (
            "--theme",
            "sepia",
            "for '--theme <NAME>': there is no theme of this name (known are light, dark, grey-print)",
        ),
        (
            "--shape",
            "16:10",
            "for '--shape <SHAPE>': there is no shape of this name (known are 16:9, 4:3, square)",
        ),
        ("--scale", "9", "for '--scale <FACTOR>': it must be a number from 0.1 to 4"),
    ] {
        let message = format!("error: invalid value '{value}' {message}");
        check_usage(&["plot", "two-threads.yaml", option, value, "-o", "picture.svg"], &message);
    }
}

#[test]
fn a_chart_of_what_a_scenario_has_not() {
    check_usage(
        &["plot", "two-threads.yaml", "--chart", "latency", "-o", "picture.svg"],
        "error: this scenario measures no latency\nhelp: steps such as `request: CHANNEL` and `mark: {begin: NAME}` \
         measure one; --chart waits shows the waits for the GIL",
    );
}

#[test]
fn an_animation_of_what_does_not_move() {
    check_usage(
        &["plot", "two-threads.yaml", "-o", "picture.gif"],
        "error: cannot tell what to write to picture.gif\nhelp: the name must end in .svg or .png",
    );
}

#[test]
fn a_picture_of_a_window_without_an_event() {
    check_usage(
        &["plot", "two-threads.yaml", "--run", "alone", "--from", "5ms", "--to", "6ms", "-o", "picture.svg"],
        "error: nothing changes between 5.00 ms and 6.00 ms: every thread does all the time what it did before\n\
         help: choose a longer window, or none",
    );
}

#[test]
fn a_picture_of_an_unknown_run() {
    check_usage(
        &["plot", "two-threads.yaml", "--run", "alone", "--run", "nobody", "-o", "picture.svg"],
        "error: there is no run `nobody`\nhelp: the runs are `alone`, `together`",
    );
}

#[test]
fn a_picture_of_an_empty_window() {
    check_usage(
        &["plot", "two-threads.yaml", "--from", "6ms", "--to", "5ms", "-o", "picture.svg"],
        "error: the window from 6.00 ms to 5.00 ms is empty",
    );
}

#[test]
fn a_picture_of_a_window_after_the_end() {
    check_usage(
        &["plot", "two-threads.yaml", "--from", "1s", "-o", "picture.svg"],
        "error: nothing happens from 1.00 s on: the last run ends at 40.0 ms",
    );
}

#[test]
fn a_window_without_a_unit_is_told_what_to_write() {
    check_usage(
        &["plot", "two-threads.yaml", "--from", "5", "-o", "picture.svg"],
        "error: invalid value '5' for '--from <FROM>': a time needs a unit (write 5ms or 5s, whichever it is)",
    );
}

#[test]
fn a_seed_that_is_not_a_number() {
    check_usage(
        &["run", "two-threads.yaml", "--seed", "seven"],
        "error: invalid value 'seven' for '--seed <SEED>': `seven` is not a whole number (write a whole number such as 100_000_000)",
    );
}

/// A result that cannot be written ends the program, but what was there is still there and nothing else is.
fn check_unwritable(desk: &Desk, path: &str) {
    let before = desk.names();
    for command in ["run", "plot"] {
        let outcome = desk.run(&[command, "two-threads.yaml", "-o", path]);
        assert_eq!(outcome.code, Some(FAILURE_INSIDE), "{}", outcome.messages);
        let begins = format!("error: cannot write {path}: ");
        assert!(outcome.messages.starts_with(&begins), "{}", outcome.messages);
        assert_eq!(desk.names(), before);
    }
}

#[test]
fn a_result_in_a_folder_that_is_a_file() {
    let desk = Desk::with(&["two-threads.yaml"]).put("occupied", "");
    check_unwritable(&desk, "occupied/picture.svg");
}

#[test]
fn a_result_with_the_name_of_a_folder() {
    let desk = Desk::with(&["two-threads.yaml"]).put_folder("folder.svg");
    check_unwritable(&desk, "folder.svg");
}

#[test]
fn a_result_that_cannot_be_written_does_not_hide_the_table() {
    let desk = Desk::with(&["two-threads.yaml"]).put("occupied", "");
    let table = desk.run(&["run", "two-threads.yaml"]).success();
    assert_eq!(desk.run(&["run", "two-threads.yaml", "-o", "occupied/outcome.json"]).output, table);
}

#[test]
fn a_file_as_other_editors_write_it_is_no_error() {
    let text = crate::data("two-threads.yaml");
    let expected = Desk::with(&["two-threads.yaml"]).run(&["run", "two-threads.yaml"]);
    assert_eq!(expected.code, Some(DONE));
    for other in [text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
        let desk = Desk::new().put("two-threads.yaml", other);
        assert_eq!(desk.run(&["run", "two-threads.yaml"]), expected);
    }
}

#[test]
fn replications_out_of_range() {
    check_usage(
        &["run", "two-threads.yaml", "--reps", "0"],
        "error: invalid value '0' for '--reps <COUNT>': 0 is out of range: from 1 to 100000 (write a number, or auto)",
    );
    check(
        doing("[python: 1ms]") + "repeat: often\n",
        "
error: `often` is not a whole number
  --> scenario.yaml:10:9
   |
10 | repeat: often
   |         ^^^^^
   |
   = help: write a number, or auto",
    );
}
