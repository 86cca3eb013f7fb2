//! `gilsim reality`: does with real interpreters what a scenario does, and compares.
//!
//! A shell script stands in for the interpreter: what it answers and what it measures is known.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;

use crate::{DONE, Desk, FAILURE_INSIDE, INCOMPLETE, USAGE, check_golden};

const SCENARIO: &str = "
gilsim: 1
title: Two threads against one
machine: {cores: 2, platform: linux, scheduler: eevdf}
python: {preset: cpython-3.9, instruction: 4ns}
runs:
  alone: {threads: [{name: main, do: [python: 20ms]}]}
  together: {threads: [{name: worker, count: 2, do: [python: 10ms, mark: {begin: nap}, sleep: 1ms, mark: {end: nap}]}]}
  in the kernel: {threads: [{name: a, do: [io: {for: 1ms, work: 2us}]}]}
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

const OUTCOME: &str = r#"echo '{"wall": 0.021, "user": 0.02, "system": 0.001, "voluntary": 100, "involuntary": 3, "latencies": [[0.0011, 0.0012, 0.0013]], "counts": [2], "variables": [], "shared_cores": false}'"#;

#[test]
fn simulated_and_measured_outcomes_stand_side_by_side() {
    let desk = with_interpreter(OUTCOME);
    let outcome = desk.run(&["reality", "scenario.yaml", "--python", "./python", "--repeat", "2"]);
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    check_golden(&outcome.output, "reality.txt");
    let messages = "\
note: run `in the kernel` is not measured: it has input or output that works in the kernel
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
    assert!(program.contains("(program_0, \"worker 1\", False, 0, None, 0),\n"), "{program}");
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
    let messages = "\
note: run `alone` is not measured: 4 cores are needed, and 2 can be used
note: run `together` is not measured: 4 cores are needed, and 2 can be used
error: no run can be measured
";
    assert!(outcome.messages.ends_with(messages), "{}", outcome.messages);
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(FAILURE_INSIDE), ""));
}

#[test]
fn a_run_that_fails_leaves_the_others_alone() {
    let desk = with_interpreter(&format!("case $1 in *alone*) exit 3;; *) {OUTCOME};; esac"));
    let outcome = desk.run(&["reality", "scenario.yaml", "--python", "./python", "--repeat", "1"]);
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    assert!(
        outcome.messages.contains("note: run `alone` is not measured: it ended with"),
        "{}",
        outcome.messages
    );
    assert!(outcome.output.contains(" together"), "{}", outcome.output);
}

#[test]
fn a_run_that_does_not_come_to_its_end_is_named_and_the_others_are_shown() {
    let desk = with_interpreter(&format!("case $1 in *alone*) exec sleep 60;; *) {OUTCOME};; esac"));
    let outcome = desk.run(&["reality", "scenario.yaml", "--python", "./python", "--repeat", "2"]);
    let line = "run `alone` did not come to its end within 10.2 s";
    assert!(outcome.output.contains(&format!("\n{line} (simulated: 20 ms)\n")), "{}", outcome.output);
    assert!(outcome.output.contains(" together"), "{}", outcome.output);
    assert!(outcome.messages.ends_with(&format!("error: {line}\n")), "{}", outcome.messages);
    assert_eq!(outcome.code, Some(INCOMPLETE));
}

#[test]
fn of_two_interpreters_of_one_version_the_second_is_not_asked() {
    let desk = with_interpreter(OUTCOME);
    std::fs::copy(desk.0.path().join("python"), desk.0.path().join("python3.9")).unwrap();
    let pythons = ["--python", "./python", "--python", "./python3.9"];
    let outcome = desk.run(&[&["reality", "scenario.yaml", "--repeat", "1"], pythons.as_slice()].concat());
    let note = "note: ./python3.9 is not asked: ./python is cpython-3.9, too, and stands before it\n";
    assert!(outcome.messages.starts_with(note), "{}", outcome.messages);
    assert_eq!(outcome.code, Some(DONE));
}

#[test]
fn a_run_is_measured_once_at_least_and_not_for_ever() {
    for repeat in ["0", "100000000000"] {
        let desk = with_interpreter(OUTCOME);
        let outcome = desk.run(&["reality", "scenario.yaml", "--python", "./python", "--repeat", repeat]);
        let message = format!("{repeat} is out of range: from 1 to 5000");
        assert!(outcome.messages.contains(&message), "{}", outcome.messages);
        assert_eq!(outcome.code, Some(USAGE));
    }
}

#[test]
fn programs_are_kept_in_a_folder_only() {
    let outcome = with_interpreter(OUTCOME).run(&[
        "reality",
        "scenario.yaml",
        "--python",
        "./python",
        "--keep",
        "scenario.yaml",
    ]);
    assert_eq!(outcome.messages, "error: cannot write to scenario.yaml: not a directory\n");
    assert_eq!(outcome.code, Some(FAILURE_INSIDE));
}

#[test]
fn an_interruption_leaves_no_process_and_no_folder_behind() {
    let desk = with_interpreter("{ echo $$ > pid; exec sleep 60; }").put_folder("temporary");
    let mut command = desk.command(&["reality", "scenario.yaml", "--python", "./python"]);
    let mut program = command.env("TMPDIR", desk.0.path().join("temporary")).spawn().unwrap();
    let written = || std::fs::read_to_string(desk.0.path().join("pid")).unwrap_or_default();
    while !written().ends_with('\n') {
        assert!(program.try_wait().unwrap().is_none(), "it has ended before it measured");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = written().trim().to_owned();
    let kill = |signal: &str, pid: &str| {
        std::process::Command::new("kill").args([signal, pid]).output().unwrap().status.success()
    };
    assert!(kill("-INT", &program.id().to_string()));
    assert_eq!(program.wait().unwrap().code(), Some(130));
    assert!(!kill("-0", &pid), "the interpreter goes on");
    assert_eq!(std::fs::read_dir(desk.0.path().join("temporary")).unwrap().count(), 0);
}

#[test]
fn requests_a_second_of_users_are_compared_and_it_is_said_that_they_shared_the_cores() {
    let outcome = OUTCOME.replace("\"shared_cores\": false", "\"shared_cores\": true");
    let lines = "
gilsim: 1
title: Echo
machine: {preset: linux-2-core}
python: cpython-3.9
threads: [{name: server, do: [loop: forever, body: [recv: echo, python: 5us, reply: echo]]}]
clients: [{channel: echo, closed: {users: 1, think: 1ms}, requests: 2}]
";
    let desk = with_interpreter(&outcome).put("echo.yaml", lines);
    let outcome = desk.run(&["reality", "echo.yaml", "--python", "./python", "--repeat", "1"]);
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    let row = outcome.output.lines().find(|line| line.contains("echo, a second")).unwrap_or_default();
    // Two requests in 21 ms.
    assert!(row.contains(" 95.2"), "{}", outcome.output);
    let note =
        "\nthe users outside the machine had to share its cores, for there were no others: see README.md\n";
    assert!(outcome.output.contains(note), "{}", outcome.output);
}
