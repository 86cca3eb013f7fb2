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

#[test]
fn something_against_nothing_is_an_infinite_error() {
    let desk = with_figures(
        "  - {cell: missed, quantity: switches, that: run.switches.voluntary, is: 21}\n\
         \x20 - {cell: order, quantity: wall, that: run.makespan, is: 80ms, only_order: true}\n",
    );
    let table = desk.run(&["verify", "figures.yaml"]).success();
    let line = |cell: &str| table.lines().find(|line| line.contains(cell)).unwrap_or_default().to_owned();
    assert!(line(" missed ").ends_with(" infinite"), "{table}");
    assert!(line(" order ").ends_with(" order only"), "{table}");
    assert!(line(" all ").contains(" infinite  infinite  "), "{table}");
    let document = json(&desk, "figures.yaml");
    let cell = |index: usize| (&document["cells"][index]["scored"], &document["cells"][index]["error"]);
    assert_eq!(cell(0), (&true.into(), &serde_json::Value::Null));
    assert_eq!(cell(1), (&false.into(), &serde_json::Value::Null));
    assert_eq!(document["summaries"][0]["scored"], 1);
}

fn json(desk: &Desk, scenario: &str) -> serde_json::Value {
    let outcome = desk.run(&["verify", scenario, "--json"]);
    serde_json::from_str(&outcome.output).expect("the output is JSON")
}

#[test]
fn the_document_holds_every_expectation_and_what_became_of_it() {
    let desk = with_countdown(&["failed.yaml", "known-gap.yaml"]);
    let failed = json(&desk, "failed.yaml");
    let standings = |document: &serde_json::Value| -> Vec<String> {
        let expectations = document["expectations"].as_array().expect("a list");
        expectations.iter().map(|one| one["standing"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert!(standings(&failed).contains(&"failed".to_owned()), "{failed}");
    let gap = json(&desk, "known-gap.yaml");
    assert_eq!(gap["expectations"][0]["known_gap"], "The garbage collector is not part of the model.");
    assert_eq!(gap["expectations"][0]["scenario"], "known-gap");
    assert_eq!(gap["expectations"][0]["expected"], 1.2);
    let input = json(&desk, "beazley-2009-countdown.yaml");
    assert_eq!(input["expectations"][0]["role"], "input");
    assert_eq!(input["expectations"][1]["role"], "prediction");
}

/// A scenario with a run of 40 ms and one of 80 ms, and what it expects.
fn with_expectations(expectations: &str) -> Desk {
    let scenario = format!(
        "gilsim: 1\ntitle: t\nmachine: linux-2-core\npython: {{preset: cpython-3.11, instruction: 10ns}}\n\
         runs:\n  short: {{threads: [{{name: a, do: [python: 40ms]}}]}}\n  long: {{threads: [{{name: a, do: [python: 80ms]}}]}}\n\
         expect:\n{expectations}"
    );
    Desk::new().put("published.yaml", scenario)
}

#[test]
fn published_figures_are_summed_up_like_measured_ones() {
    let desk = with_expectations(
        "  - {that: short.makespan, is: 44ms, within: 20%, source: somebody}\n\
         \x20 - {that: long.makespan, is: 30ms, within: 10%, source: somebody, known_gap: it is another machine}\n\
         \x20 - {that: long.makespan, is: 81ms, within: 10%}\n\
         \x20 - {that: long.makespan / short.makespan, above: 1, source: somebody}\n",
    );
    let table = desk.run(&["verify", "published.yaml"]).success();
    let summary = table.lines().last().unwrap_or_default().to_owned();
    let words: Vec<&str> = summary.split_whitespace().collect();
    // Two have a source and a value; they are 9.5 % and 98 % off, and in the wrong order.
    assert_eq!(words[..3], ["all", "2", "0"], "{table}");
    assert!(summary.ends_with("  50.0 %           0 of 1"), "{table}");
    let published = &json(&desk, "published.yaml")["published"];
    assert_eq!(published["summaries"][1]["scored"], 2);
    assert_eq!(published["wrong_orderings"][0]["smaller"], "long.makespan");
}

#[test]
fn published_figures_that_are_closer_than_their_tolerance_have_no_order() {
    let desk = with_expectations(
        "  - {that: short.makespan, is: 61ms, within: 50%, source: somebody}\n\
         \x20 - {that: long.makespan, is: 60ms, within: 50%, source: somebody}\n",
    );
    assert_eq!(json(&desk, "published.yaml")["published"]["summaries"][1]["orderings"], 0);
}
