//! `gilsim run`: what it prints and writes, and how it ends.

use serde_json::Value;

use crate::{DONE, Desk, INCOMPLETE, NOT_AS_EXPECTED, Outcome, check_golden, data};

/// A scenario of `tests/data` comes to this end and prints the golden text.
fn check(scenario: &str, code: i32, message: &str, golden: &str) {
    let outcome = Desk::with(&[scenario]).run(&["run", scenario]);
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(code), message));
    check_golden(&outcome.output, golden);
}

/// What is printed for a scenario of `tests/data` with these options.
fn printed(scenario: &str, options: &[&str]) -> String {
    Desk::with(&[scenario]).run(&[&["run", scenario], options].concat()).success()
}

fn outcome_of(scenario: &str, options: &[&str]) -> Value {
    serde_json::from_str(&printed(scenario, &[&["--json"], options].concat())).expect("this is JSON")
}

/// A quantity of a run.
fn metric(document: &Value, run: &str, metric: &str) -> Option<f64> {
    let runs = document["runs"].as_array().expect("runs are a list");
    let run = runs.iter().find(|other| other["name"] == run).expect("the run is there");
    run["metrics"][metric].as_f64()
}

/// The last lines of a table, from the seed on.
fn fingerprints(table: &str) -> Vec<&str> {
    table.lines().skip_while(|line| !line.starts_with("seed ")).collect()
}

#[test]
fn a_deadlock_is_told_with_its_circle() {
    let scenario = "gilsim: 1
title: Two locks in two orders
machine: linux-2-core
python: cpython-3.11
objects: {left: lock, right: lock}
threads:
  - {name: one, do: [lock: left, sleep: 1ms, lock: right]}
  - {name: two, do: [lock: right, sleep: 1ms, lock: left]}
";
    let desk = Desk::with(&[]);
    std::fs::write(desk.0.path().join("deadlock.yaml"), scenario).unwrap();
    let outcome = desk.run(&["run", "deadlock.yaml"]);
    assert_eq!(outcome.code, Some(4));
    let circle = "(DEADLOCK: one waits for right, which two holds; two waits for left, which one holds)";
    assert!(outcome.output.contains(circle), "{}", outcome.output);
}

/// Two threads that are done, and another that has been notified twice and is not a third time.
fn waiting_for_a_third(daemon: bool) -> Outcome {
    let scenario = format!(
        "gilsim: 1
title: Two things for three
machine: linux-2-core
python: cpython-3.11
objects: {{things: queue}}
threads:
  - {{name: producer, do: [loop: 2, body: [sleep: 1ms, put: things]]}}
  - {{name: consumer, daemon: {daemon}, do: [loop: 3, body: [get: things]]}}
"
    );
    Desk::new().put("queue.yaml", scenario).run(&["run", "queue.yaml"])
}

#[test]
fn a_thread_that_waits_to_be_notified_waits_for_nobody_in_particular() {
    let output = waiting_for_a_third(true).success();
    assert!(!output.contains("DEADLOCK"), "{output}");
}

#[test]
fn a_run_that_is_stuck_says_who_waits_for_what() {
    let outcome = waiting_for_a_third(false);
    assert_eq!(outcome.code, Some(INCOMPLETE));
    assert!(!outcome.output.contains("DEADLOCK"), "{}", outcome.output);
    let waits = "\n  consumer waits for ever to be notified of things, since 2.";
    assert!(outcome.output.contains(waits), "{}", outcome.output);
}

/// The lock is released by its `with` although the `unlock` within raised, so that the other worker gets it.
#[test]
fn an_exception_is_told_in_the_words_of_python_and_the_others_go_on() {
    let scenario = "gilsim: 1
title: A lock released twice
machine: linux-2-core
python: cpython-3.11
objects: {guard: lock, other: lock}
threads:
  - {name: clumsy, do: [with: guard, body: [python: 1ms, unlock: other, python: 1s]]}
  - {name: careful, do: [sleep: 100us, with: guard, body: [python: 1ms]]}
";
    let desk = Desk::with(&[]);
    std::fs::write(desk.0.path().join("twice.yaml"), scenario).unwrap();
    let outcome = desk.run(&["run", "twice.yaml"]);
    assert_eq!(outcome.code, Some(DONE));
    let told = |class: &str| format!("  clumsy raises {class}: release unlocked lock, at 1.");
    assert!(outcome.output.contains(&told("RuntimeError")), "{}", outcome.output);
    let old = desk.run(&["run", "twice.yaml", "--set", "python=cpython-2.7.18"]);
    assert!(old.output.contains(&told("thread.error")), "{}", old.output);
    let document = desk.run(&["run", "twice.yaml", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&document.output).unwrap();
    let run = &document["runs"][0];
    assert!(run["exceptions"][0].as_str().is_some_and(|told| told.starts_with("clumsy raises RuntimeError")));
    assert!(run["threads"][1]["ended_s"].as_f64().is_some_and(|ended| ended < 0.01));
}

#[test]
fn the_runs_are_compared_in_a_table() {
    check("two-threads.yaml", DONE, "", "two-threads.txt");
}

#[test]
fn an_expectation_that_is_not_met_shows_in_the_exit_code() {
    check("failed.yaml", NOT_AS_EXPECTED, "error: 1 expectation is not met\n", "failed.txt");
}

#[test]
fn several_expectations_that_are_not_met_are_counted() {
    let outcome = Desk::with(&["two-threads.yaml"]).run(&["run", "two-threads.yaml", "--set", "until=1ms"]);
    assert_eq!(outcome.code, Some(NOT_AS_EXPECTED));
    assert_eq!(outcome.messages, "error: 3 expectations are not met\n");
}

#[test]
fn a_known_gap_is_shown_with_its_reason_and_is_no_failure() {
    check("known-gap.yaml", DONE, "", "known-gap.txt");
}

#[test]
fn a_run_of_daemons_ends_at_its_until() {
    check("daemons.yaml", DONE, "", "daemons.txt");
    let document = outcome_of("daemons.yaml", &[]);
    assert_eq!(document["runs"][0]["ending"], "cut off");
    assert_eq!(metric(&document, "run", "makespan"), Some(0.03));
}

/// Without costs the lock changes hands every 5 ms and 200 ns: the request comes together with a check, so it is seen
/// at the next one, a loop of two instructions later. The first thread runs three times in 30 ms, the second the rest.
#[test]
fn a_request_to_drop_the_lock_is_seen_at_the_next_check() {
    let document = outcome_of("daemons.yaml", &[]);
    let user = |thread: usize| document["runs"][0]["threads"][thread]["user_s"].as_f64();
    assert_eq!((user(0), user(1)), (Some(0.015_000_6), Some(0.014_999_4)));
}

#[test]
fn the_outcome_as_json_holds_every_metric() {
    let document = outcome_of("two-threads.yaml", &[]);
    assert_eq!((&document["scenario"], &document["seed"]), (&"two-threads".into(), &1.into()));
    assert_eq!(metric(&document, "alone", "makespan"), Some(0.04));
    assert_eq!(metric(&document, "alone", "gil.checks"), Some(0.0));
    assert_eq!(metric(&document, "together", "gil.hand_overs"), Some(7.0));
    assert_eq!(document["runs"][1]["threads"][1]["name"], "worker 2");
    assert_eq!(document["expectations"][0]["standing"], "met");
}

#[test]
fn a_metric_without_a_meaning_is_null() {
    let document = outcome_of("two-threads.yaml", &[]);
    assert_eq!(document["runs"][0]["metrics"]["badness"], Value::Null);
}

#[test]
fn the_fingerprints_as_json_are_those_of_the_table() {
    let table = printed("two-threads.yaml", &[]);
    let document = outcome_of("two-threads.yaml", &[]);
    let line = |run: &Value| {
        let (fingerprint, name) = (run["fingerprint"].as_str(), run["name"].as_str());
        format!("fingerprint {}  {}", fingerprint.unwrap_or_default(), name.unwrap_or_default())
    };
    let lines: Vec<String> = document["runs"].as_array().expect("a list").iter().map(line).collect();
    assert_eq!(fingerprints(&table)[1..], lines);
}

#[test]
fn the_fingerprint_of_the_only_run_is_that_of_the_experiment() {
    let document = outcome_of("random-costs.yaml", &[]);
    assert_eq!(document["fingerprint"], document["runs"][0]["fingerprint"]);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for options in [&[] as &[&str], &["--json"], &["--seed", "8"]] {
        assert_eq!(printed("random-costs.yaml", options), printed("random-costs.yaml", options));
    }
}

#[test]
fn the_seed_of_the_scenario_can_be_given_as_an_option_as_well() {
    assert_eq!(printed("random-costs.yaml", &["--seed", "7"]), printed("random-costs.yaml", &[]));
}

#[test]
fn another_seed_gives_another_outcome_where_costs_are_random() {
    let (seven, eight) = (printed("random-costs.yaml", &[]), printed("random-costs.yaml", &["--seed", "8"]));
    let (seven, eight) = (fingerprints(&seven), fingerprints(&eight));
    assert_eq!((seven[0], eight[0]), ("seed 7", "seed 8"));
    assert_ne!(seven[1], eight[1]);
}

#[test]
fn another_seed_changes_nothing_where_costs_are_constant() {
    let (one, two) = (printed("two-threads.yaml", &[]), printed("two-threads.yaml", &["--seed", "2"]));
    assert_eq!(one.replace("seed 1", "seed 2"), two);
}

#[test]
fn a_shorter_switch_interval_hands_the_lock_over_more_often() {
    let document = outcome_of("two-threads.yaml", &["--set", "python.gil.interval=1ms"]);
    let hand_overs = metric(&document, "together", "gil.hand_overs");
    assert!(hand_overs.is_some_and(|hand_overs| hand_overs > 30.0), "{hand_overs:?}");
}

#[test]
fn a_value_of_one_run_changes_that_run_only() {
    let before = outcome_of("two-threads.yaml", &[]);
    let after = outcome_of("two-threads.yaml", &["--set", "runs.together.machine.cores=3"]);
    assert_eq!(before["runs"][0], after["runs"][0]);
    assert_ne!(before["runs"][1], after["runs"][1]);
}

#[test]
fn the_last_of_two_overrides_holds() {
    let twice = ["--set", "python.gil.interval=1ms", "--set", "python.gil.interval=5ms"];
    let (once, twice) = (printed("two-threads.yaml", &[]), printed("two-threads.yaml", &twice));
    assert_eq!(fingerprints(&once), fingerprints(&twice));
}

#[test]
fn a_file_holds_what_is_printed_as_json() {
    let desk = Desk::with(&["two-threads.yaml"]);
    let outcome = desk.run(&["run", "two-threads.yaml", "--json", "-o", "new/outcome.json"]);
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), "wrote new/outcome.json\n"));
    assert_eq!(desk.read("new/outcome.json"), outcome.output.into_bytes());
}

#[test]
fn a_table_is_printed_while_json_is_written() {
    let desk = Desk::with(&["two-threads.yaml"]);
    let outcome = desk.run(&["run", "two-threads.yaml", "-o", "outcome.json"]);
    assert_eq!(outcome.output, desk.run(&["run", "two-threads.yaml"]).success());
    let json = desk.run(&["run", "two-threads.yaml", "--json"]).success();
    assert_eq!(desk.read("outcome.json"), json.into_bytes());
}

#[test]
fn an_outcome_is_written_even_if_an_expectation_is_not_met() {
    let desk = Desk::with(&["failed.yaml"]);
    let outcome = desk.run(&["run", "failed.yaml", "-o", "outcome.json"]);
    assert_eq!(outcome.code, Some(NOT_AS_EXPECTED));
    assert_eq!(outcome.messages, "wrote outcome.json\nerror: 1 expectation is not met\n");
    assert!(!desk.read("outcome.json").is_empty());
}

#[test]
fn a_scenario_is_read_from_standard_input() {
    let outcome = Desk::new().run_reading(&["run", "-"], data("two-threads.yaml"));
    assert_eq!(outcome.success(), printed("two-threads.yaml", &[]));
}

#[test]
fn a_run_that_does_not_come_to_its_end_is_marked() {
    let outcome = Desk::with(&["beyond-time.yaml"]).run(&["run", "beyond-time.yaml"]);
    assert_eq!(outcome.messages, "error: run `run` did not come to its end\n");
    assert_eq!(outcome.code, Some(INCOMPLETE));
    assert!(outcome.output.contains("  run  (INCOMPLETE: "), "{}", outcome.output);
}

#[test]
fn a_sleep_beyond_the_end_of_time_is_cut_off_there() {
    let output = Desk::with(&["beyond-time.yaml"]).run(&["run", "beyond-time.yaml"]).output;
    let reason = "(INCOMPLETE: cut off at the end of what can be simulated, 213 days)\n";
    assert!(output.ends_with(reason), "{output}");
}

/// What the program makes of a reader of its output, or of its messages, that has gone away.
fn with_reader_gone(
    arguments: &[&str],
    which: fn(&mut std::process::Command, std::io::PipeWriter),
) -> Outcome {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let desk = Desk::with(&["two-threads.yaml", "failed.yaml"]);
    let mut command = desk.command(arguments);
    which(&mut command, writer);
    Outcome::of(command.output().expect("the program starts"))
}

#[test]
fn a_reader_of_the_output_that_has_gone_away_is_no_error() {
    for options in [&["run", "two-threads.yaml"] as &[&str], &["run", "two-threads.yaml", "--json"]] {
        let outcome = with_reader_gone(options, |command, pipe| {
            command.stdout(pipe);
        });
        assert_eq!(outcome.success(), "");
    }
}

#[test]
fn a_reader_of_the_messages_that_has_gone_away_changes_no_exit_code() {
    for (arguments, code) in [
        (["run", "failed.yaml", "--seed=1"], NOT_AS_EXPECTED),
        (["run", "missing.yaml", "--seed=1"], crate::INVALID),
        (["run", "two-threads.yaml", "-oresults.json"], DONE),
    ] {
        let outcome = with_reader_gone(&arguments, |command, pipe| {
            command.stderr(pipe);
        });
        assert_eq!(outcome.code, Some(code), "{arguments:?}");
    }
}

#[test]
fn replications_give_means_with_intervals() {
    let outcome = Desk::with(&["random-costs.yaml"]).run(&["run", "random-costs.yaml", "--reps", "20"]);
    check_golden(&outcome.success(), "replications.txt");
    let document = outcome_of("random-costs.yaml", &["--reps", "20"]);
    assert_eq!(document["replications"], 20);
    let half_width = |metric: &str| document["runs"][0]["half_widths"][metric].as_f64();
    assert!(half_width("system").is_some_and(|width| width > 1e-6));
    assert_eq!(half_width("user"), Some(0.0));
}

#[test]
fn a_scenario_may_say_how_often_it_is_repeated() {
    let text = data("random-costs.yaml") + "repeat: 20\n";
    let outcome = Desk::new().put("random-costs.yaml", text).run(&["run", "random-costs.yaml"]);
    check_golden(&outcome.success(), "replications.txt");
}

#[test]
fn replications_are_the_same_on_any_number_of_cores() {
    let on = |jobs| printed("random-costs.yaml", &["--reps", "auto", "--json", "-j", jobs]);
    assert_eq!(on("1"), on("3"));
}

#[test]
fn a_seed_that_cannot_matter_is_pointed_out() {
    let outcome = Desk::with(&["two-threads.yaml"]).run(&["run", "two-threads.yaml", "--reps", "3"]);
    let warning =
        "warning: nothing here is random, so the seed does not matter: all 3 replications are the same\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), warning));
}

#[test]
fn the_first_and_the_most_remarkable_moments_are_shown_in_the_characters_of_the_terminal() {
    let desk = Desk::with(&["charts.yaml"]);
    let ascii = desk.run(&["run", "charts.yaml"]).output;
    let unicode = desk.run(&["run", "charts.yaml", "--timeline", "unicode"]).output;
    check_golden(&ascii, "moments-ascii.txt");
    check_golden(&unicode, "moments-unicode.txt");
    assert!(ascii.is_ascii());
    assert!(
        ascii
            .lines()
            .chain(unicode.lines())
            .skip_while(|line| !line.contains(": the first"))
            .all(|line| line.chars().count() <= 80)
    );
    let none = desk.run(&["run", "charts.yaml", "--timeline", "none"]).output;
    assert!(!none.contains(": the first"), "{none}");
}

#[test]
fn json_holds_no_pictures() {
    let desk = Desk::with(&["charts.yaml"]);
    let output = desk.run(&["run", "charts.yaml", "--json"]).output;
    assert!(serde_json::from_str::<serde_json::Value>(&output).is_ok());
}
