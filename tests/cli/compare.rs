//! `gilsim compare`: one table, relative to one line of it.

use crate::{DONE, Desk, INVALID, USAGE, check_golden};

fn compared(options: &[&str]) -> String {
    let desk = Desk::with(&["random-costs.yaml", "two-threads.yaml", "small-countdown.yaml"]);
    desk.run(&[&["compare"], options].concat()).success()
}

/// The cells of the line that begins with this name.
fn line<'a>(table: &'a str, name: &str) -> &'a str {
    let found = table.lines().find(|line| line.trim_start().starts_with(name));
    found.unwrap_or_else(|| panic!("no line {name} in\n{table}"))
}

#[test]
fn values_are_compared_with_the_first() {
    let options = ["random-costs.yaml", "--over", "python.gil.interval=5ms,1ms,100us", "--reps", "10"];
    check_golden(&compared(&options), "compare.txt");
}

#[test]
fn interpreters_are_compared() {
    let table = compared(&[
        "two-threads.yaml",
        "--python",
        "cpython-3.9,cpython-3.11",
        "--set",
        "machine=linux-2-core",
    ]);
    assert!(line(&table, "cpython-3.9, together").ends_with("reference"), "{table}");
    assert!(line(&table, "cpython-3.11, alone").ends_with("no difference (1.000)"), "{table}");
    assert!(line(&table, "cpython-3.11, together").ends_with("1.001 times slower"), "{table}");
}

#[test]
fn scenarios_and_their_runs_are_compared_with_the_best() {
    let table = compared(&["two-threads.yaml", "random-costs.yaml", "--relative-to", "best"]);
    assert!(line(&table, "two-threads, alone").contains("reference"), "{table}");
    assert!(line(&table, "two-threads, together").ends_with("1.001 times slower"), "{table}");
    assert!(line(&table, "random-costs ").ends_with("1.001 times slower"), "{table}");
}

#[test]
fn where_the_interval_holds_one_there_is_no_difference() {
    let options = ["random-costs.yaml", "--over", "machine.costs.migration=0s,1ns", "--reps", "5"];
    assert!(compared(&options).contains("no difference"), "{}", compared(&options));
}

#[test]
fn another_metric_is_compared() {
    let options = ["two-threads.yaml", "--over", "python.gil.interval=5ms,1ms", "--metric", "gil.hand_overs"];
    let table = compared(&options);
    assert!(line(&table, "1ms, alone").ends_with(" -"), "nothing is a multiple of zero: {table}");
    assert!(line(&table, "1ms, together").ends_with("5.571 times as much"), "{table}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let refused = |options: &[&str], code: i32, message: &str| {
        let outcome =
            Desk::with(&["two-threads.yaml"]).run(&[&["compare", "two-threads.yaml"], options].concat());
        assert_eq!((outcome.code, outcome.output.as_str()), (Some(code), ""));
        assert!(outcome.messages.starts_with(message), "{}", outcome.messages);
    };
    refused(&["--python", "cpython-4.12"], INVALID, "error: unknown python preset `cpython-4.12`");
    refused(&["missing.yaml"], INVALID, "error: cannot read missing.yaml: there is no such file");
    refused(&["--over", "seed=1..2000"], USAGE, "error: 2000 variants are too many to compare, at most 1000");
}

#[test]
fn the_table_is_the_same_on_any_number_of_cores() {
    let on =
        |jobs| compared(&["random-costs.yaml", "--over", "machine.cores=1,2", "--reps", "auto", "-j", jobs]);
    assert_eq!(on("1"), on("3"));
}

/// The files that a comparison writes, as text.
fn written(files: &[&str]) -> Vec<String> {
    let desk = Desk::with(&["random-costs.yaml"]);
    let mut arguments =
        vec!["compare", "random-costs.yaml", "--over", "python.gil.interval=5ms,1ms", "--reps", "3"];
    files.iter().for_each(|file| arguments.extend(["-o", file]));
    let outcome = desk.run(&arguments);
    let told: String = files.iter().map(|file| format!("wrote {file}\n")).collect();
    assert_eq!((outcome.code, outcome.messages), (Some(DONE), told));
    files.iter().map(|file| String::from_utf8_lossy(&desk.read(file)).into_owned()).collect()
}

#[test]
fn a_comparison_is_written_as_a_table_with_a_row_a_run() {
    let files = written(&["out.csv", "out.jsonl", "out.parquet"]);
    check_golden(&files[0], "compare.csv");
    check_golden(&files[1], "compare.jsonl");
    assert!(files[2].starts_with("PAR1") && files[2].ends_with("PAR1"));
}

#[test]
fn a_comparison_is_drawn_as_bars() {
    let files = written(&["out.svg", "out.png"]);
    check_golden(&files[0], "compare.svg");
    assert!(files[1][..8].contains("PNG"), "{}", &files[1][..8]);
}

#[test]
fn files_of_other_kinds_are_refused_before_anything_is_carried_out() {
    let desk = Desk::with(&["random-costs.yaml"]);
    let outcome = desk.run(&["compare", "random-costs.yaml", "-o", "out.json"]);
    assert_eq!(outcome.code, Some(USAGE));
    let message = "error: cannot tell what to write to out.json\nhelp: the name must end in .csv or .jsonl or \
                   .parquet or .svg or .png\n";
    assert_eq!((outcome.output.as_str(), outcome.messages.as_str()), ("", message));
}

#[test]
fn the_picture_says_that_it_shows_means_and_its_fingerprints_are_of_all_replications() {
    let desk = Desk::with(&["random-costs.yaml"]);
    let options = ["compare", "random-costs.yaml", "--over", "python.gil.interval=5ms,1ms", "-o", "bars.svg"];
    let picture = |more: &[&str]| {
        let outcome = desk.run(&[&options, more].concat());
        assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
        String::from_utf8(desk.read("bars.svg")).expect("SVG is text")
    };
    let (one, three) = (picture(&[]), picture(&["--reps", "3"]));
    assert!(three.contains("means of 3 replications, strokes: 95 % confidence"), "{three}");
    assert!(!one.contains("replications"), "{one}");
    let print = one.split("fingerprint ").nth(1).and_then(|rest| rest.get(..16)).expect("a fingerprint");
    assert!(!three.contains(print), "{print} is that of the first replication");
}

#[test]
fn interpreters_of_every_kind_can_be_compared_on_one_machine() {
    let names = "cpython-2.7,cpython-3.11,cpython-3.14t,pypy,ruby";
    let scenario = "
gilsim: 1
title: Two busy threads
machine: linux-2-core
python: cpython-3.11
threads: [{name: worker, count: 2, do: [python: 1ms]}]
";
    let desk = Desk::new().put("busy.yaml", scenario);
    let table = desk.run(&["compare", "busy.yaml", "--python", names]).success();
    let lines: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(lines[1..6], names.split(',').collect::<Vec<_>>(), "{table}");
}
