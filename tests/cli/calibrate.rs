//! `gilsim calibrate`: measures this machine and interpreters, and writes profiles that scenarios can name.
//!
//! Stand-ins for interpreters are shell scripts: what they print is known.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt;

use crate::{DONE, Desk, FAILURE_INSIDE};

const ANSWER: &str = r#"{"implementation": "cpython", "version": [3, 11, 7], "has_gil": true, "compiler": "[GCC 12]", "switch_interval": 0.002, "long": [24.0, 24.0, 24.1], "short": [16.0], "threaded": [24.0, 50.0, 80.0], "gil_round_trip": [40.0]}"#;

/// A desk with a program on it that prints this.
fn with_program(printing: &str) -> Desk {
    let desk = Desk::new().put("python", format!("#!/bin/sh\ncat <<'END'\n{printing}\nEND\n"));
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(desk.0.path().join("python"), executable).unwrap();
    desk
}

/// The program is refused with this message, and nothing is written.
fn check_refused(desk: &Desk, program: &str, message: &str) {
    let before = desk.names();
    let outcome = desk.run(&["calibrate", "--quick", "--python", program]);
    assert_eq!(outcome.messages, format!("error: {message}\n"));
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(FAILURE_INSIDE), ""));
    assert_eq!(desk.names(), before);
}

#[test]
fn a_program_that_is_not_there() {
    check_refused(&Desk::new(), "./missing", "cannot run ./missing: there is no such program");
}

#[test]
fn a_file_that_is_not_executable() {
    let desk = Desk::new().put("python", "#!/bin/sh\n");
    check_refused(&desk, "./python", "cannot run ./python: it is not executable");
}

#[test]
fn a_program_that_is_no_python() {
    let desk = with_program("hello");
    check_refused(&desk, "./python", "./python did not answer as a Python does: it printed hello");
    let message = "/bin/false did not answer as a Python does: it ended with exit status: 1";
    check_refused(&desk, "/bin/false", message);
}

#[test]
fn a_python_that_is_too_old() {
    let desk = with_program(&ANSWER.replace("[3, 11, 7]", "[2, 6, 9]"));
    let message = "./python is cpython 2.6.9; known are CPython 2.7, and 3.2 and later with the GIL";
    check_refused(&desk, "./python", message);
}

#[test]
fn a_python_without_the_gil() {
    let desk = with_program(&ANSWER.replace("true", "false"));
    let message =
        "./python is cpython 3.11.7 without the GIL; known are CPython 2.7, and 3.2 and later with the GIL";
    check_refused(&desk, "./python", message);
}

#[test]
fn a_second_python_that_is_not_there_is_told_before_the_first_is_measured() {
    let desk = with_program(ANSWER);
    let outcome = desk.run(&["calibrate", "--python", "./python", "--python", "./missing"]);
    assert_eq!(outcome.messages, "error: cannot run ./missing: there is no such program\n");
    assert_eq!(desk.names(), ["python"]);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_before_anything_is_measured() {
    let desk = Desk::new().put("file", "");
    let outcome = desk.run(&["calibrate", "--quick", "-o", "file/profiles"]);
    assert_eq!(outcome.messages, "error: cannot write to file/profiles: not a directory\n");
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(FAILURE_INSIDE), ""));
}

#[test]
fn the_profiles_can_be_used() {
    let scenario = "
gilsim: 1
title: Two threads on this machine
machine: calibration/machine.yaml
threads: [{name: a, count: 2, do: [python: 5ms, io: 1ms]}]
runs: {own: {python: calibration/cpython-3.11.7.yaml}, preset: {python: cpython-3.11}}
expect:
  - {that: own.makespan, above: 10ms, below: 1s}
  - {that: preset.makespan, above: 10ms, below: 1s}
";
    let desk = with_program(ANSWER).put("scenario.yaml", scenario);
    let outcome = desk.run(&["calibrate", "--quick", "--python", "./python"]);
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    assert!(outcome.output.contains("\n countdown, one long call       24ns "), "{}", outcome.output);
    desk.run(&["run", "scenario.yaml"]).success();
}

/// The profile of this machine, measured in a hurry.
fn profile() -> serde_yaml::Value {
    let desk = Desk::new();
    assert_eq!(desk.run(&["calibrate", "--quick", "-o", "here"]).code, Some(DONE));
    serde_yaml::from_slice(&desk.read("here/machine.yaml")).unwrap()
}

/// The constants below a node of a profile.
fn constants(node: &serde_yaml::Value) -> Vec<&serde_yaml::Value> {
    match node.get("is") {
        Some(_) => vec![node],
        None => node.as_mapping().unwrap().values().flat_map(constants).collect(),
    }
}

/// What a constant is, or its median.
fn nanos(constant: &serde_yaml::Value) -> f64 {
    let is = &constant["is"];
    let time = is.get("log_normal").map_or(is, |spread| &spread["median"]).as_str().unwrap();
    gilsim::scenario::units::parse_span(time).unwrap().picos() as f64 / 1000.0
}

#[test]
fn every_measured_cost_of_this_machine_is_a_time_below_a_tenth_of_a_second() {
    let profile = profile();
    let all = constants(&profile["costs"]);
    let measured: Vec<_> = all.into_iter().filter(|constant| constant["source"] == "measured").collect();
    assert!(measured.len() >= 20, "{measured:?}");
    assert!(measured.iter().all(|constant| nanos(constant) < 1e8), "{measured:?}");
    assert!(nanos(&profile["costs"]["system_call"]) > 0.0);
}

#[test]
fn what_was_not_measured_names_the_preset_that_it_comes_from() {
    let profile = profile();
    for constant in [&profile["costs"]["fork"]["start"], &profile["pickle"]["objects"]["dumps"]] {
        assert_eq!(constant["source"], "assumed");
        let from = constant["from"].as_str().unwrap();
        assert!(from.starts_with("not measured - as in the preset linux-2-core: "), "{from}");
    }
}

#[test]
fn unsteady_figures_are_named() {
    let desk = with_program(ANSWER);
    let outcome = desk.run(&["calibrate", "--quick", "--python", "./python"]);
    let warning = "warning: unsteady figures of ./python: countdown, a thread blocked\n";
    assert!(outcome.messages.contains(warning), "{}", outcome.messages);
    let profile = String::from_utf8(desk.read("calibration/cpython-3.11.7.yaml")).unwrap();
    assert!(profile.contains("50ns (29.2ns to 74ns) UNSTEADY\n"), "{profile}");
}
