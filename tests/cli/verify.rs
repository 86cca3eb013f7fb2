//! `gilsim verify`: many scenarios in one table, predictions told from inputs.

use crate::{DONE, Desk, INCOMPLETE, INVALID, NOT_AS_EXPECTED, check_golden, data};

/// A desk with the countdown under the name by which the machine's constants refer to it.
fn with_countdown(others: &[&str]) -> Desk {
    Desk::with(others).put("beazley-2009-countdown.yaml", data("small-countdown.yaml"))
}

/// All on the desk is checked and comes to this end; the table is the golden text.
fn check(desk: &Desk, code: i32, message: &str, golden: &str) {
    let outcome = desk.run(&["verify", "."]);
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(code), message), "{}", outcome.output);
    check_golden(&outcome.output, golden);
}

/// Refused before anything is printed.
fn check_refused(desk: &Desk, paths: &[&str], message: &str) {
    let outcome = desk.run(&[&["verify"], paths].concat());
    assert_eq!(outcome.messages, format!("{message}\n"));
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(INVALID), ""));
}

#[test]
fn a_folder_is_checked_in_the_order_of_its_names() {
    let desk = with_countdown(&["two-threads.yaml", "known-gap.yaml"]);
    check(&desk, DONE, "", "verify.txt");
}

#[test]
fn an_expectation_that_is_not_met_shows_in_the_exit_code() {
    let desk = Desk::with(&["failed.yaml", "two-threads.yaml"]);
    check(&desk, NOT_AS_EXPECTED, "error: 1 of 5 expectations failed\n", "verify-failed.txt");
}

#[test]
fn a_figure_that_a_constant_was_inferred_from_is_an_input() {
    let table = with_countdown(&[]).run(&["verify", "beazley-2009-countdown.yaml"]).success();
    let line = |metric: &str| table.lines().find(|line| line.contains(metric)).unwrap_or_default().to_owned();
    assert!(line("sequential.makespan").contains("  input (instruction.cpython-2.6)  "), "{table}");
    assert!(line("sequential.gil.checks").contains("  prediction  "), "{table}");
}

#[test]
fn so_is_one_that_a_constant_of_the_scenarios_own_machine_was_inferred_from() {
    let scenario = "
gilsim: 1
title: A constant of its own
machine:
  preset: macbook-2009
  instruction: {cpython-2.6: {is: 5ns, source: inferred, from: the run alone, figure: 'own-machine: alone.makespan'}}
python: cpython-2.6
runs:
  alone: {threads: [{name: main, do: [python: 1ms]}]}
expect: [{that: alone.makespan, above: 0s}]
";
    let table =
        Desk::with(&[]).put("own-machine.yaml", scenario).run(&["verify", "own-machine.yaml"]).success();
    assert!(table.contains("  input (instruction.cpython-2.6)  "), "{table}");
}

#[test]
fn under_another_name_the_same_figure_is_a_prediction() {
    let table = Desk::with(&["small-countdown.yaml"]).run(&["verify", "small-countdown.yaml"]).success();
    assert!(table.ends_with("\n2 expectations: 2 predictions, 0 inputs; 2 met, 0 known gaps, 0 failed\n"));
}

#[test]
fn files_and_folders_can_be_named_together() {
    let desk = Desk::with(&["two-threads.yaml"]).put_folder("more");
    let desk = desk.put("more/known-gap.yaml", data("known-gap.yaml"));
    let table = desk.run(&["verify", "two-threads.yaml", "more"]).success();
    let place = |name: &str| table.find(&format!("\n {name} ")).expect("the scenario is there");
    assert!(place("two-threads") < place("known-gap"), "{table}");
}

#[test]
fn other_files_of_a_folder_and_folders_in_it_are_passed_over() {
    let desk = Desk::with(&["two-threads.yaml"]).put("notes.txt", "not a scenario").put_folder("deeper");
    let desk = desk.put("deeper/broken.yaml", "[");
    assert_eq!(desk.run(&["verify", "."]), desk.run(&["verify", "two-threads.yaml"]));
    assert_eq!(desk.run(&["verify", "."]).code, Some(DONE));
}

#[test]
fn a_folder_without_a_scenario_is_an_error() {
    let desk = Desk::with(&["two-threads.yaml"]).put_folder("empty");
    check_refused(&desk, &["two-threads.yaml", "empty"], "error: there is no scenario in empty");
}

#[test]
fn a_broken_scenario_in_a_folder_is_an_error() {
    let desk = Desk::with(&["two-threads.yaml"]).put_folder("folder").put("folder/broken.yaml", b"\xff");
    let broken = std::path::Path::new("folder").join("broken.yaml");
    let message = format!("error: cannot read {}: it is not UTF-8 text", broken.display());
    check_refused(&desk, &["two-threads.yaml", "folder"], &message);
}

#[test]
fn a_run_that_does_not_come_to_its_end_is_named() {
    let desk = Desk::with(&["beyond-time.yaml", "two-threads.yaml"]);
    let outcome = desk.run(&["verify", "."]);
    assert_eq!(outcome.messages, "error: did not come to an end: beyond-time: run\n");
    assert_eq!(outcome.code, Some(INCOMPLETE));
    assert!(outcome.output.contains("together.gil.hand_overs"), "{}", outcome.output);
}

/// A scenario with one run of 40 ms, and figures that a reference has of it.
fn with_figures(figures: &str) -> Desk {
    let scenario = format!(
        "gilsim: 1\ntitle: t\nmachine: linux-2-core\npython: {{preset: cpython-3.11, instruction: 10ns}}\n\
         threads: [{{name: a, do: [python: 40ms]}}]\nreference:\n{figures}"
    );
    Desk::with(&[]).put("figures.yaml", scenario)
}

#[test]
fn a_reference_is_shown_cell_by_cell_and_a_missed_cell_is_no_failure() {
    let desk = with_figures(
        "  - {cell: hit, quantity: wall, that: run.makespan, is: 41ms, quartiles: [39ms, 42ms]}\n\
         \x20 - {cell: missed, quantity: wall, that: run.makespan, is: 80ms}\n\
         \x20 - {cell: signal, quantity: delay, not_simulated: there are no signals}\n",
    );
    let table = desk.run(&["verify", "figures.yaml"]).success();
    let line = |cell: &str| table.lines().find(|line| line.contains(cell)).unwrap_or_default().to_owned();
    assert!(line(" hit ").ends_with(" 0.0 %"), "{table}");
    assert!(line(" missed ").ends_with(" 67.8 %"), "{table}");
    assert!(line(" signal ").ends_with("there are no signals"), "{table}");
    assert!(line(" all ").ends_with(" 0 of 1"), "{table}");
}
