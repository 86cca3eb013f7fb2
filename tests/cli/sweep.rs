//! `gilsim sweep` and `gilsim merge`: tables, files, interruptions, shares.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{
    DONE, Desk, FAILURE_INSIDE, INCOMPLETE, INVALID, NOT_AS_EXPECTED, Outcome, USAGE, check_golden, data,
};

/// Two hundred replications of a sweep over four points.
const LONG: [&str; 4] = ["sweep", "sweep.yaml", "--reps", "200"];
/// Long enough to be killed on the way.
const LONGER: [&str; 6] = ["sweep", "sweep.yaml", "--reps", "1000", "-o", "results.csv"];

fn desk() -> Desk {
    Desk::with(&["sweep.yaml"])
}

/// Runs a sweep that writes `results.csv`, and gives that.
fn csv(desk: &Desk, options: &[&str]) -> Vec<u8> {
    let outcome = desk.run(&[&LONG, options, &["-o", "results.csv"]].concat());
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    desk.read("results.csv")
}

/// The words of the command are refused with this code, and nothing is written.
fn refused(desk: &Desk, arguments: &[&str], code: i32, message: &str) {
    let before = desk.names();
    let outcome = desk.run(arguments);
    assert_eq!(outcome.messages.trim_end(), message.trim_matches('\n'), "{arguments:?}");
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(code), ""), "{arguments:?}");
    assert_eq!(desk.names(), before, "{arguments:?}");
}

#[test]
fn every_point_is_shown_and_judged() {
    let outcome = desk().run(&["sweep", "sweep.yaml"]);
    check_golden(&outcome.success(), "sweep.txt");
}

#[test]
fn every_run_is_a_row_and_every_point_a_summary_row() {
    let desk = desk();
    let files =
        ["-o", "runs.csv", "-o", "runs.jsonl", "--summary", "points.csv", "--summary", "points.jsonl"];
    let outcome = desk.run(&[&["sweep", "sweep.yaml"] as &[&str], &files].concat());
    assert_eq!(outcome.code, Some(DONE));
    for (file, lines) in [("runs.csv", 13), ("runs.jsonl", 12), ("points.csv", 5), ("points.jsonl", 4)] {
        let text = String::from_utf8(desk.read(file)).unwrap();
        assert_eq!(text.lines().count(), lines, "{file}");
        check_golden(&text, &format!("sweep-{file}"));
    }
    assert_eq!(desk.names(), ["points.csv", "points.jsonl", "runs.csv", "runs.jsonl", "sweep.yaml"]);
}

#[test]
fn a_row_is_replayed_by_its_seed() {
    let desk = desk();
    desk.run(&["sweep", "sweep.yaml", "-o", "runs.jsonl"]);
    let text = String::from_utf8(desk.read("runs.jsonl")).unwrap();
    let row: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(row["values"], serde_json::json!({"python.gil.interval": "1ms", "machine.cores": "1"}));
    let settings = ["--set", "python.gil.interval=1ms", "--set", "machine.cores=1", "--reps", "1", "--json"];
    let seed = row["seed"].to_string();
    let replay = desk.run(&[&["run", "sweep.yaml", "--seed", &seed] as &[&str], &settings].concat());
    let replay: serde_json::Value = serde_json::from_str(&replay.output).unwrap();
    assert_eq!(replay["runs"][0]["fingerprint"], row["fingerprint"]);
    assert_eq!(replay["runs"][0]["metrics"], row["metrics"]);
}

#[test]
fn the_bytes_are_the_same_on_any_number_of_cores() {
    let one = csv(&desk(), &["-j", "1"]);
    assert_eq!(one, csv(&desk(), &["-j", "2"]));
    assert_eq!(one, csv(&desk(), &["-j", "7"]));
}

#[test]
fn the_command_line_replaces_the_sweep_of_the_scenario() {
    let over =
        ["--over", "python.gil.interval=500us..5ms:log:3", "--metric", "gil.hand_overs", "--reps", "auto"];
    let outcome = desk().run(&[&["sweep", "sweep.yaml"] as &[&str], &over].concat());
    let values: Vec<&str> =
        outcome.output.lines().skip(1).take(3).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(values, ["500us", "1.581ms", "5ms"]);
    let warning = "warning: not judged, because the sweep does not come there: run.gil.hand_overs at \
                   python.gil.interval=1000us, machine.cores=2\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), warning));
}

#[test]
fn a_sample_is_drawn_from_within_ranges() {
    let desk = desk();
    let over = ["--over", "python.gil.interval=1ms..5ms:log", "--sample", "9", "-o", "runs.csv"];
    desk.run(&[&["sweep", "sweep.yaml"] as &[&str], &over].concat());
    let text = String::from_utf8(desk.read("runs.csv")).unwrap();
    assert_eq!(text.lines().count(), 1 + 9 * 3);
    assert!(text.lines().skip(1).all(|line| line.split(',').nth(1).unwrap().ends_with("ms")), "{text}");
}

#[test]
fn an_expectation_that_is_not_met_at_a_point_shows_in_the_exit_code() {
    let outcome = desk().run(&["sweep", "sweep.yaml", "--set", "threads=[{name: a, do: [python: 20ms]}]"]);
    assert_eq!(outcome.code, Some(NOT_AS_EXPECTED));
    assert_eq!(outcome.messages.lines().last(), Some("error: 5 of 5 expectations are not met"));
}

#[test]
fn only_a_sweep_judges_what_is_about_its_points() {
    let outcome = desk().run(&["run", "sweep.yaml"]);
    let message =
        "warning: not judged, because only `gilsim sweep` comes there: 1 expectations with `where`\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), message));
    let verified = desk().run(&["verify", "sweep.yaml"]).success();
    assert!(verified.ends_with("5 expectations: 5 predictions, 0 inputs; 5 met, 0 known gaps, 0 failed\n"));
}

#[test]
fn the_number_of_threads_is_swept_over() {
    let over =
        ["--over", "threads.worker.count=1..3", "--metric", "makespan", "--reps", "1", "-o", "runs.csv"];
    let desk = desk();
    desk.run(&[&["sweep", "sweep.yaml"] as &[&str], &over].concat());
    let text = String::from_utf8(desk.read("runs.csv")).unwrap();
    let makespan = |line: &str| line.split(',').nth(7).unwrap().parse::<f64>().unwrap();
    let makespans: Vec<f64> = text.lines().skip(1).map(makespan).collect();
    assert_eq!(makespans[0], 0.02);
    assert!((makespans[2] / 0.06 - 1.0).abs() < 0.01, "{makespans:?}");
}

#[test]
fn a_dry_run_counts_the_runs_and_does_nothing() {
    let desk = desk();
    let outcome =
        desk.run(&[&LONG as &[&str], &["--dry-run", "-o", "results.csv", "-j", "2"]].concat()).success();
    let begins = "4 points, 1 runs each, replications: 200; 800 runs in all; about ";
    assert!(outcome.starts_with(begins) && outcome.ends_with(" s on 2 cores\n"), "{outcome}");
    for output in [&["-o", "2.part"] as &[&str], &[]] {
        let share =
            desk.run(&[&LONG as &[&str], &["--dry-run", "--shard", "2/3"], output].concat()).success();
        assert!(share.contains("; share 2 of 3: 267 runs; about "), "{share}");
    }
    assert_eq!(desk.names(), ["sweep.yaml"]);
}

#[test]
fn a_value_that_changes_nothing_is_pointed_out() {
    let over = ["--over", "python.gil.interval=1ms,5ms", "--set", "until=1s"];
    let desk = Desk::new().put(
        "two.yaml",
        data("two-threads.yaml").replace("  alone: {", "  alone: {python: {gil: {interval: 2ms}}, "),
    );
    let text = String::from_utf8(desk.read("two.yaml")).unwrap();
    let text = text.replace("  together: {", "  together: {python: {gil: {interval: 2ms}}, ");
    let outcome = desk.put("two.yaml", text).run(&[&["sweep", "two.yaml"] as &[&str], &over].concat());
    let warning = "warning: `python.gil.interval` changes nothing: every run has a value of its own";
    assert_eq!(outcome.messages.lines().next(), Some(warning));
}

#[test]
fn where_nothing_is_random_replications_are_pointed_out() {
    let warning =
        "warning: nothing here is random, so the seed does not matter: all 3 replications are the same\n";
    let over = ["--over", "python.gil.interval=1ms,5ms", "--reps", "3"];
    let desk = Desk::with(&["two-threads.yaml"]);
    for command in ["sweep", "compare"] {
        let outcome = desk.run(&[&[command, "two-threads.yaml"], &over[..]].concat());
        assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), warning), "{command}");
        let once = desk.run(&[&[command, "two-threads.yaml"], &over[..2]].concat());
        assert_eq!(once.messages, "", "{command}");
    }
}

/// Starts a long sweep, and kills it at once when some pieces are done.
fn killed(desk: &Desk) {
    let mut command = desk.command(&LONGER);
    let mut program = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let journal = desk.0.path().join("results.csv.part");
    let start = Instant::now();
    while std::fs::metadata(&journal).map_or(0, |metadata| metadata.len()) < 20_000 {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is written");
        std::thread::yield_now();
    }
    program.kill().expect("it can be killed");
    program.wait().expect("it ends");
}

#[test]
fn a_killed_sweep_leaves_no_result_and_goes_on_where_it_was() {
    let desk = desk();
    killed(&desk);
    assert!(!desk.names().contains(&"results.csv".to_owned()));
    let outcome = desk.run(&LONGER);
    assert!(outcome.messages.contains(" of 4000 pieces are done already\n"), "{}", outcome.messages);
    assert!(!desk.names().contains(&"results.csv.part".to_owned()));
    let whole = Desk::with(&["sweep.yaml"]);
    assert_eq!(outcome.output, whole.run(&LONGER).output);
    assert_eq!(desk.read("results.csv"), whole.read("results.csv"));
}

#[test]
fn wherever_the_journal_is_cut_off_the_sweep_goes_on() {
    let (begun, whole) = (desk(), desk());
    killed(&begun);
    whole.run(&LONGER);
    let (journal, expected) = (begun.read("results.csv.part"), whole.read("results.csv"));
    let first_line = journal.iter().position(|byte| *byte == b'\n').unwrap();
    for length in [0, 1, first_line, first_line + 1, first_line + 2, journal.len() / 2, journal.len() - 1] {
        let desk = desk().put("results.csv.part", &journal[..length]);
        assert_eq!(desk.run(&LONGER).code, Some(DONE));
        assert_eq!(desk.read("results.csv"), expected, "cut off after {length} bytes");
        assert_eq!(desk.names(), ["results.csv", "sweep.yaml"]);
    }
}

#[test]
fn the_journal_of_another_sweep_is_left_alone() {
    let desk = desk();
    killed(&desk);
    let journal = desk.read("results.csv.part");
    let message = "error: cannot use results.csv.part: it is a part of another sweep\nhelp: remove it, or write to another file";
    let others = [["--seed", "8"], ["--set", "machine.costs.context_switch=1us"], ["--sample", "3"]];
    for options in others {
        refused(&desk, &[&LONGER as &[&str], &options].concat(), USAGE, message);
        assert_eq!(desk.read("results.csv.part"), journal);
    }
}

#[test]
fn a_file_that_is_no_part_is_left_alone() {
    for text in ["precious", "precious\n", "{\"precious\": 1}\n"] {
        let desk = desk().put("results.csv.part", text);
        let message = "error: cannot use results.csv.part: it is not a part of a sweep";
        refused(&desk, &[&LONG as &[&str], &["-o", "results.csv"]].concat(), USAGE, message);
        assert_eq!(desk.read("results.csv.part"), text.as_bytes());
    }
}

/// What is told when a share is done.
fn share_written(file: &str) -> String {
    format!("wrote {file}\nnote: the expectations are judged by `gilsim merge`\n")
}

/// The three shares of the long sweep.
fn shares() -> Desk {
    let desk = desk();
    for (share, file) in [("1/3", "1.part"), ("2/3", "2.part"), ("3/3", "3.part")] {
        let outcome = desk.run(&[&LONG as &[&str], &["--shard", share, "-o", file]].concat());
        assert_eq!((outcome.code, outcome.messages), (Some(DONE), share_written(file)));
    }
    desk
}

#[test]
fn shares_are_merged_to_what_one_machine_writes() {
    let desk = shares();
    let outputs = ["-o", "results.csv", "--summary", "points.csv"];
    let merged = desk.run(&[&["merge", "3.part", "1.part", "2.part"] as &[&str], &outputs].concat());
    assert_eq!(merged.code, Some(DONE), "{}", merged.messages);
    let whole = Desk::with(&["sweep.yaml"]);
    let outcome = whole.run(&[&LONG as &[&str], &outputs].concat());
    for file in ["results.csv", "points.csv"] {
        assert_eq!(desk.read(file), whole.read(file), "{file}");
    }
    assert_eq!(outcome.output, merged.output);
}

#[test]
fn a_share_that_is_done_is_not_done_again() {
    let desk = shares();
    let outcome = desk.run(&[&LONG as &[&str], &["--shard", "2/3", "-o", "2.part"]].concat());
    let messages = format!("267 of 267 pieces are done already\n{}", share_written("2.part"));
    assert_eq!(outcome.messages, messages);
}

#[test]
fn shares_that_do_not_make_a_whole_are_refused() {
    let desk = shares();
    refused(&desk, &["merge", "1.part", "3.part"], USAGE, "error: share 2 of 3 is missing");
    refused(&desk, &["merge", "1.part", "1.part"], USAGE, "error: share 1 is there twice");
    refused(
        &desk,
        &["merge", "sweep.yaml"],
        USAGE,
        "error: cannot use sweep.yaml: it is not a part of a sweep",
    );
    let half = desk.read("2.part");
    let desk = desk.put("2.part", &half[..half.len() / 2]);
    let message = "error: 2.part is not complete\nhelp: run its command again";
    refused(&desk, &["merge", "1.part", "2.part", "3.part"], INCOMPLETE, message);
    desk.run(&["sweep", "sweep.yaml", "--reps", "201", "--shard", "2/3", "-o", "other.part"]);
    let message = "error: cannot use other.part: it is a part of another sweep\nhelp: remove it, or write to another file";
    refused(&desk, &["merge", "1.part", "other.part"], USAGE, message);
}

#[test]
fn an_unknown_path_is_found_before_anything_is_done() {
    let message = "
error: unknown key `intervl`
 --> point of the sweep:1:12
  |
1 | python.gil.intervl=1ms
  |            ^^^^^^^
  |
  = help: did you mean `interval`?";
    refused(
        &desk(),
        &["sweep", "sweep.yaml", "--over", "python.gil.intervl=1ms,2ms", "-o", "a.csv"],
        INVALID,
        message,
    );
}

#[test]
fn a_wrong_value_is_found_before_anything_is_done() {
    let message = "
error: a time needs a unit
 --> point of the sweep:1:21
  |
1 | python.gil.interval=5
  |                     ^
  |
  = help: write 5ms or 5s, whichever it is";
    refused(
        &desk(),
        &["sweep", "sweep.yaml", "--over", "python.gil.interval=1ms,5", "-o", "a.csv"],
        INVALID,
        message,
    );
}

#[test]
fn an_empty_range() {
    let message = "
error: the range from 5ms to 1ms is empty
 --> --over:1:21
  |
1 | python.gil.interval=5ms..1ms:10
  |                     ^^^^^^^^^^^
  |
  = help: write a range such as 1..8 or 50us..100ms:log:20";
    refused(&desk(), &["sweep", "sweep.yaml", "--over", "python.gil.interval=5ms..1ms:10"], INVALID, message);
}

#[test]
fn a_grid_of_a_billion_points_is_refused_with_its_size() {
    let axes = ["--over", "machine.cores=1..1000", "--over", "until=1s..2s:1000", "--over", "seed=1..1000"];
    let message = "error: a sweep of 1000000000 points is too large, at most 1000000";
    refused(&desk(), &[&["sweep", "sweep.yaml"] as &[&str], &axes].concat(), USAGE, message);
}

#[test]
fn too_many_runs_are_refused_with_a_way_out() {
    let words = ["sweep", "sweep.yaml", "--over", "seed=1..100_000", "--reps", "100"];
    let message = "
error: 10000000 runs are too many, at most 1000000
help: divide it, as in --shard 1/10, or draw a --sample";
    refused(&desk(), &words, USAGE, message);
}

#[test]
fn words_that_do_not_go_together() {
    let desk = Desk::with(&["sweep.yaml", "two-threads.yaml"]);
    let message = "error: there is nothing to sweep over\nhelp: say what, as in --over machine.cores=1,2,4";
    refused(&desk, &["sweep", "two-threads.yaml"], USAGE, message);
    let message = "error: a share of a sweep is written to one file: -o NAME.part";
    refused(&desk, &["sweep", "sweep.yaml", "--shard", "1/2"], USAGE, message);
    let message = "error: cannot tell what to write to results.xls\nhelp: the name must end in .csv or .jsonl or .parquet";
    refused(&desk, &["sweep", "sweep.yaml", "-o", "results.xls"], USAGE, message);
    for (words, part) in [
        (["--shard", "0/3"], "write NUMBER/OF, such as 3/16 for the third of sixteen"),
        (["--shard", "4/3"], "write NUMBER/OF, such as 3/16 for the third of sixteen"),
        (["--metric", "makspan"], "unknown metric `makspan`\nhelp: did you mean `makespan`?"),
        (["--sample", "0"], "a sample has at least one point"),
        (["--jobs", "0"], "0 is out of range: from 1 to 1024"),
        (["--precision", "0%"], "it must be above 0%"),
    ] {
        let outcome = desk.run(&[&["sweep", "sweep.yaml"] as &[&str], &words].concat());
        assert_eq!(outcome.code, Some(USAGE));
        assert!(outcome.messages.contains(part), "{}", outcome.messages);
    }
}

/// A limit on the size of files stands for the end of the disk: a write fails in the middle of a line.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_on_the_way_is_reported_and_the_sweep_goes_on_later() {
    let desk = desk();
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
    let mut command = std::process::Command::new("bash");
    command.args(["-c", script, "bash", env!("CARGO_BIN_EXE_gilsim")]).args(LONGER);
    let outcome = Outcome::of(command.current_dir(desk.0.path()).output().expect("bash starts"));
    assert_eq!(outcome.code, Some(FAILURE_INSIDE));
    assert!(outcome.messages.starts_with("error: cannot write results.csv.part: "), "{}", outcome.messages);
    assert_eq!(desk.names(), ["results.csv.part", "sweep.yaml"]);
    let (later, whole) = (desk.run(&LONGER), Desk::with(&["sweep.yaml"]));
    assert!(later.messages.contains(" pieces are done already\n"));
    whole.run(&LONGER);
    assert_eq!(desk.read("results.csv"), whole.read("results.csv"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has a full device");
    let outcome =
        Outcome::of(desk().command(&["sweep", "sweep.yaml"]).stdout(full).output().expect("it starts"));
    assert_eq!(outcome.code, Some(FAILURE_INSIDE));
    assert!(outcome.messages.starts_with("error: cannot write to standard output: No space left"));
}

/// As SLURM runs it, but for the machines: each task with its number, and the program on the path.
#[cfg(unix)]
#[test]
fn the_script_for_a_job_array_does_a_share_a_task() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/many-machines/sweep.sbatch");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_gilsim"));
    let desk = desk();
    for task in ["1", "2"] {
        let mut command = std::process::Command::new("bash");
        command.arg(script).args(["sweep.yaml", "--reps", "5"]).current_dir(desk.0.path());
        command.env("PATH", format!("{}:/usr/bin:/bin", program.parent().unwrap().display()));
        command.env("SLURM_ARRAY_TASK_ID", task).env("SLURM_ARRAY_TASK_COUNT", "2");
        let outcome = Outcome::of(command.output().expect("bash starts"));
        assert_eq!(
            (outcome.code, outcome.messages),
            (Some(DONE), share_written(&format!("share-{task}.part")))
        );
    }
    desk.run(&["merge", "share-1.part", "share-2.part", "-o", "merged.csv"]);
    desk.run(&["sweep", "sweep.yaml", "--reps", "5", "-o", "whole.csv"]);
    assert_eq!(desk.read("merged.csv"), desk.read("whole.csv"));
}

/// With two local workers, where there is a Python with Dask: `GILSIM_PYTHON`, or else `python3`.
#[cfg(unix)]
#[test]
fn the_example_for_dask_does_a_sweep_on_two_workers() {
    let python = std::env::var("GILSIM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_dask = std::process::Command::new(&python).args(["-c", "import dask.distributed"]).output();
    if !has_dask.is_ok_and(|outcome| outcome.status.success()) {
        println!("skipped: there is no Dask");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/many-machines/sweep_dask.py");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_gilsim"));
    let desk = desk();
    let mut command = std::process::Command::new(python);
    command.args([script, "merged.csv", "sweep.yaml", "--reps", "5"]).current_dir(desk.0.path());
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", program.parent().unwrap().display()));
    let outcome = Outcome::of(command.output().expect("Python starts"));
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    desk.run(&["sweep", "sweep.yaml", "--reps", "5", "-o", "whole.csv"]);
    assert_eq!(desk.read("merged.csv"), desk.read("whole.csv"));
}

#[test]
fn results_are_written_as_parquet_too_and_the_same_at_any_number_of_jobs() {
    let desk = desk();
    let one = ["sweep", "sweep.yaml", "-o", "one.parquet", "--summary", "points.parquet", "-j", "1"];
    assert_eq!(desk.run(&one).code, Some(DONE));
    assert_eq!(desk.run(&["sweep", "sweep.yaml", "-o", "two.parquet", "-j", "2"]).code, Some(DONE));
    let (one, two) = (desk.read("one.parquet"), desk.read("two.parquet"));
    assert!(one.starts_with(b"PAR1") && one.ends_with(b"PAR1"));
    assert!(one == two, "the bytes differ");
    assert!(desk.read("points.parquet").starts_with(b"PAR1"));
}
