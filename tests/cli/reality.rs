//! `gilsim reality`: does with real interpreters what a scenario does, and compares.
//!
//! A shell script stands in for the interpreter: what it answers and what it measures is known.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;

use crate::{DONE, Desk, FAILURE_INSIDE, USAGE, check_golden};

const SCENARIO: &str = "
gilsim: 1
title: Two threads against one
machine: {cores: 2, platform: linux, scheduler: round_robin}
python: {preset: cpython-3.9, instruction: 4ns}
runs:
  alone: {threads: [{name: main, do: [python: 20ms]}]}
  together: {threads: [{name: worker, count: 2, do: [python: 10ms, mark: {begin: nap}, sleep: 1ms, mark: {end: nap}]}]}
  on channels: {threads: [{name: a, do: [send: c]}, {name: b, do: [recv: c]}]}
  elsewhere: {like: alone, python: {preset: cpython-2.7.18, instruction: 2ns}}
";

/// A desk with the scenario, and an interpreter whose processes end by printing `outcome`.
fn with_interpreter(outcome: &str) -> Desk {
    let answer = r#"{"implementation": "cpython", "version": [3, 9, 1], "has_gil": true, "compiler": "[GCC 12]", "switch_interval": 0.005}"#;
    let program = format!(
        "#!/bin/sh\nif [ \"$1\" = -c ]; then echo '{answer}'; else test -f \"$1\" && {outcome}; fi\n"
    );
    let desk = Desk::new().put("python", program).put("scenario.yaml", SCENARIO);
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(desk.0.path().join("python"), executable).unwrap();
    desk
}

const OUTCOME: &str = r#"echo '{"wall": 0.021, "user": 0.02, "system": 0.001, "voluntary": 100, "involuntary": 3, "latencies": [[0.0011, 0.0012, 0.0013]]}'"#;

#[test]
fn simulated_and_measured_outcomes_stand_side_by_side() {
    let desk = with_interpreter(OUTCOME);
    let outcome = desk.run(&["reality", "scenario.yaml", "--python", "./python", "--repeat", "2"]);
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    check_golden(&outcome.output, "reality.txt");
    let messages = "\
note: run `on channels` is not measured: it has channels, or other steps that are not written out yet
note: run `elsewhere` is not measured: none of the interpreters is cpython-2.7.18
";
    assert!(outcome.messages.starts_with(messages), "{}", outcome.messages);
}

#[test]
fn the_python_programs_can_be_kept() {
    let desk = with_interpreter(OUTCOME);
    let outcome = desk.run(&["reality", "scenario.yaml", "--python", "./python", "--keep", "programs"]);
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    let program = String::from_utf8(desk.read("programs/run-together.py")).unwrap();
    assert!(program.contains("(program_0, \"worker 1\", False, 0, None),\n"), "{program}");
    assert!(!desk.0.path().join("programs/run-elsewhere.py").exists());
}

#[test]
fn there_must_be_an_interpreter() {
    let outcome = with_interpreter(OUTCOME).run(&["reality", "scenario.yaml"]);
    assert!(outcome.messages.contains("--python <PATH>"), "{}", outcome.messages);
    assert_eq!(outcome.code, Some(USAGE));
}

#[test]
fn there_must_be_a_run_that_can_be_measured() {
    let desk = with_interpreter(OUTCOME);
    let other = "python={preset: cpython-3.11, instruction: 2ns}";
    let outcome = desk.run(&["reality", "scenario.yaml", "--python", "./python", "--set", other]);
    assert!(outcome.messages.ends_with("\nerror: no run can be measured\n"), "{}", outcome.messages);
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(FAILURE_INSIDE), ""));
}

#[test]
fn what_a_process_says_when_it_fails_is_told() {
    let desk = with_interpreter("{ echo '4 cores are needed, and 2 can be used' >&2; exit 3; }");
    let outcome = desk.run(&["reality", "scenario.yaml", "--python", "./python"]);
    let message = "\nerror: run `alone` cannot be measured: 4 cores are needed, and 2 can be used\n";
    assert!(outcome.messages.ends_with(message), "{}", outcome.messages);
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(FAILURE_INSIDE), ""));
}
