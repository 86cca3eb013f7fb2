//! Metrics of latencies, threads and variables: in the files of `gilsim sweep`, `merge` and `compare`, and in what is
//! expected of sweeps.

use crate::{DONE, Desk, INVALID, NOT_AS_EXPECTED, USAGE, data};

const LATENCIES: &str = "answer.latency.mean,answer.latency.p10,answer.latency.p50,answer.latency.p90,\
    answer.latency.p99,answer.latency.p99.9,answer.latency.max,answer.latency.above_1ms,answer.latency.count";
const VARIABLES: &str = "transfers.value,transfers.expected,transfers.overwritten,transfers.lost";

fn desk() -> Desk {
    Desk::with(&["service.yaml"])
}

fn text(desk: &Desk, file: &str) -> String {
    String::from_utf8(desk.read(file)).expect("it is a text")
}

/// The cells of a column of a table.
fn column<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let index = table.lines().next().unwrap().split(',').position(|column| column == name);
    let index = index.unwrap_or_else(|| panic!("there is no column {name}"));
    table.lines().skip(1).map(|line| line.split(',').nth(index).unwrap()).collect()
}

/// The verdicts that are shown.
fn verdicts(output: &str) -> &str {
    let start = output.find(" expectation ").expect("expectations are shown");
    &output[start..]
}

#[test]
fn expectations_on_latencies_threads_and_variables_are_judged_in_sweeps_as_in_runs() {
    let output = desk().run(&["sweep", "service.yaml"]).success();
    let met = verdicts(&output).lines().filter(|line| line.ends_with("  met")).count();
    assert_eq!(met, 8, "{output}");
    let verified = desk().run(&["verify", "service.yaml"]).success();
    assert!(verified.ends_with("8 expectations: 8 predictions, 0 inputs; 8 met, 0 known gaps, 0 failed\n"));
    let found = |output: &str, that: &str| -> String {
        let line = output.lines().find(|line| line.trim_start().starts_with(that)).expect("it is judged");
        line.split("prediction").next().unwrap().trim_end().rsplit("  ").next().unwrap().to_owned()
    };
    let run = desk().run(&["run", "service.yaml", "--set", "python.gil.interval=1ms"]).success();
    for that in ["both.answer.latency.p99", "both.batch 2.acquisitions"] {
        assert_eq!(found(&output, &format!("{that} at python.gil.interval=1ms")), found(&run, that));
    }
}

#[test]
fn rows_have_the_metrics_of_all_latencies_variables_and_threads_after_those_of_runs() {
    let desk = desk();
    assert_eq!(
        desk.run(&["sweep", "service.yaml", "-o", "a.csv", "-o", "a.jsonl", "-o", "a.parquet"]).code,
        Some(DONE)
    );
    let table = text(&desk, "a.csv");
    let header = table.lines().next().unwrap();
    let after = format!("switches.involuntary,system_calls,migrations,{LATENCIES},{VARIABLES},service.user,");
    assert!(header.contains(&after), "{header}");
    assert!(header.contains(",batch 1.user,") && header.contains(",batch 2.user,"), "{header}");
    assert!(header.ends_with(",batch.switches.involuntary,scenario_hash,gilsim"), "{header}");
    assert_eq!(column(&table, "answer.latency.count"), ["10", "", "10", ""]);
    assert_eq!(column(&table, "transfers.value"), ["10", "", "10", ""]);
    assert_eq!(
        column(&table, "batch.user").iter().map(|cell| cell.is_empty()).collect::<Vec<_>>(),
        [true, false, true, false]
    );
    let line: serde_json::Value =
        serde_json::from_str(text(&desk, "a.jsonl").lines().next().unwrap()).unwrap();
    let p99 = column(&table, "answer.latency.p99")[0].parse::<f64>().unwrap();
    assert_eq!(line["metrics"]["answer.latency.p99"], p99);
    assert!(line["metrics"]["batch.user"].is_null());
    let parquet = desk.read("a.parquet");
    assert!(parquet.windows(18).any(|bytes| bytes == b"answer.latency.p99"));
}

#[test]
fn summaries_have_them_too() {
    let desk = desk();
    desk.run(&["sweep", "service.yaml", "--reps", "2", "--summary", "a.csv", "--summary", "a.jsonl"]);
    let table = text(&desk, "a.csv");
    assert_eq!(column(&table, "transfers.value.mean"), ["10", "", "10", ""]);
    assert_eq!(column(&table, "transfers.value.half_width"), ["0", "", "0", ""]);
    let line: serde_json::Value =
        serde_json::from_str(text(&desk, "a.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(line["means"]["transfers.value"], 10.0);
}

#[test]
fn the_outcome_of_a_run_as_json_has_them_too() {
    let output = desk().run(&["run", "service.yaml", "--json"]).success();
    let document: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(document["runs"][0]["metrics"]["transfers.value"], 10.0);
    assert_eq!(document["runs"][1]["metrics"].get("transfers.value"), None);
}

#[test]
fn of_a_crowd_of_threads_the_first_have_columns_and_whoever_is_asked_for() {
    let desk = desk();
    let many = ["--over", "threads.batch.count=40", "-o", "a.csv"];
    desk.run(&[&["sweep", "service.yaml"], &many[..]].concat());
    let table = text(&desk, "a.csv");
    let header = table.lines().next().unwrap();
    assert!(header.contains(",batch 31.user,") && !header.contains(",batch 32.user"), "{header}");
    let asked = ["--metric", "batch 40.user", "-o", "b.csv"];
    let outcome = desk.run(&[&["sweep", "service.yaml"], &many[..2], &asked].concat());
    assert!(outcome.output.starts_with(" threads.batch.count    run  batch 40.user\n"), "{}", outcome.output);
    assert_eq!(column(&text(&desk, "b.csv"), "batch 40.user").len(), 2);
}

#[test]
fn a_latency_is_shown_in_the_table() {
    let output = desk().run(&["sweep", "service.yaml", "--metric", "answer.latency.p99"]).success();
    let lines: Vec<&str> = output.lines().take(3).collect();
    assert_eq!(lines[0], " python.gil.interval    run  answer.latency.p99");
    assert!(lines[1].ends_with(" ms") && lines[2].ends_with(" -"), "{output}");
}

#[test]
fn runs_are_compared_by_a_latency() {
    let desk = desk();
    let options = ["--over", "python.gil.interval=5ms,1ms", "--metric", "answer.latency.p99", "-o", "a.csv"];
    let outcome = desk.run(&[&["compare", "service.yaml"], &options[..]].concat());
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    let line = outcome.output.lines().find(|line| line.contains("1ms, both")).unwrap();
    assert!(line.ends_with(" times less"), "{line}");
    let table = text(&desk, "a.csv");
    assert!(!column(&table, "answer.latency.p99.ratio.mean")[0].is_empty());
    assert_eq!(column(&table, "transfers.value.mean"), ["10", "", "10", ""]);
}

#[test]
fn a_misspelt_latency_is_recognised() {
    let message = "error: unknown metric `answr.latency.p99`\nhelp: did you mean `answer.latency.p99`?\n";
    for command in ["sweep", "compare"] {
        let outcome = desk().run(&[command, "service.yaml", "--metric", "answr.latency.p99"]);
        assert_eq!((outcome.code, outcome.messages.as_str()), (Some(USAGE), message), "{command}");
    }
    let goal = ["--over", "python.gil.interval=1ms,2ms", "--minimise", "both.answr.latency.p99"];
    let outcome = desk().run(&[&["tune", "service.yaml"], &goal[..]].concat());
    assert!(outcome.messages.ends_with("(did you mean `answer.latency.p99`?)\n"), "{}", outcome.messages);
}

#[test]
fn a_goal_that_does_not_name_its_run_is_told_the_runs() {
    let goal = ["--over", "python.gil.interval=1ms,2ms", "--minimise", "makespan"];
    let outcome = desk().run(&[&["tune", "service.yaml"], &goal[..]].concat());
    let message = "error: `makespan` does not say of which run (write `both.makespan` or `alone.makespan`)\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(USAGE), message));
}

/// Two shares of the sweep, with another limit on the latency.
fn shares(limit: &str) -> Desk {
    let desk = Desk::new().put("service.yaml", data("service.yaml").replace("below: 20ms", limit));
    for (share, file) in [("1/2", "1.part"), ("2/2", "2.part")] {
        let options = ["--reps", "2", "--shard", share, "-o", file];
        let outcome = desk.run(&[&["sweep", "service.yaml"], &options[..]].concat());
        let messages = format!("wrote {file}\nnote: the expectations are judged by `gilsim merge`\n");
        assert_eq!((outcome.code, outcome.messages), (Some(DONE), messages));
    }
    desk
}

#[test]
fn merged_shares_are_judged_as_the_whole_sweep_is() {
    for (limit, code) in [("below: 20ms", DONE), ("below: 1ms", NOT_AS_EXPECTED)] {
        let desk = shares(limit);
        let whole = desk.run(&["sweep", "service.yaml", "--reps", "2", "-o", "whole.csv"]);
        // The parts hold the scenario.
        std::fs::remove_file(desk.0.path().join("service.yaml")).unwrap();
        let merged = desk.run(&["merge", "1.part", "2.part", "-o", "merged.csv"]);
        assert_eq!((merged.code, whole.code), (Some(code), Some(code)));
        assert_eq!(merged.output, whole.output);
        assert_eq!(merged.messages.replace("merged", "whole"), whole.messages);
        assert_eq!(desk.read("merged.csv"), desk.read("whole.csv"));
    }
}

#[test]
fn merge_shows_any_metric_of_the_parts_and_no_other() {
    let desk = shares("below: 20ms");
    let merged = desk.run(&["merge", "1.part", "2.part", "--metric", "answer.latency.p99"]).success();
    assert!(merged.starts_with(" python.gil.interval    run  answer.latency.p99\n"), "{merged}");
    let outcome = desk.run(&["merge", "1.part", "2.part", "--metric", "answer.latency.p9"]);
    let message = "error: unknown metric `answer.latency.p9`\nhelp: did you mean `answer.latency.p90`?\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(USAGE), message));
}

#[test]
fn where_the_scenario_cannot_be_read_any_more_merge_says_that_nothing_is_judged() {
    let scenario = data("service.yaml").replace("linux-2-core", "machine.yaml");
    let desk = Desk::new().put("machine.yaml", MACHINE).put("service.yaml", scenario);
    let outcome = desk.run(&["sweep", "service.yaml", "--shard", "1/1", "-o", "1.part"]);
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    let changed = desk.put("machine.yaml", MACHINE.replace("cores: 2", "cores: 3"));
    let outcome = changed.run(&["merge", "1.part", "-o", "a.csv"]);
    let message = "wrote a.csv\nerror: the expectations are not judged, because a file that the scenario names has \
                   changed since the parts were made\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(INVALID), message));
    std::fs::remove_file(changed.0.path().join("machine.yaml")).unwrap();
    let outcome = changed.run(&["merge", "1.part"]);
    let begins = "error: the expectations are not judged, because the scenario cannot be read here\nerror: ";
    assert_eq!(outcome.code, Some(INVALID));
    assert!(outcome.messages.starts_with(begins), "{}", outcome.messages);
}

const MACHINE: &str = "{preset: linux-2-core, cores: 2}\n";

#[test]
fn a_part_of_another_form_is_refused_by_name() {
    let old = "{\"format\":\"gilsim part 1\",\"gilsim\":\"0.1.0\"}\n";
    let desk = desk().put("old.part", old).put("a.csv.part", old);
    let why = "it was written by another version of gilsim\nhelp: remove it, or write to another file\n";
    let outcome = desk.run(&["merge", "old.part"]);
    assert_eq!((outcome.code, outcome.messages), (Some(USAGE), format!("error: cannot use old.part: {why}")));
    let outcome = desk.run(&["sweep", "service.yaml", "-o", "a.csv"]);
    assert_eq!(
        (outcome.code, outcome.messages),
        (Some(USAGE), format!("error: cannot use a.csv.part: {why}"))
    );
    assert_eq!(desk.read("a.csv.part"), old.as_bytes());
}
