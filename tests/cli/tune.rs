//! `gilsim tune`: the recommendation, and what is refused.

use crate::{DONE, Desk, INCOMPLETE, INVALID, NOT_AS_EXPECTED, Outcome, USAGE, check_golden, data};

/// A service that answers beside a batch job, on a machine of round numbers.
fn desk() -> Desk {
    let ground = data("two-threads.yaml");
    let ground = ground.split("functions:").next().expect("there is a beginning");
    let threads = "threads:
  - {name: service, do: [loop: 20, body: [io: 2ms, python: 100us]]}
  - {name: batch, daemon: true, do: [loop: forever, body: [python: 1h]]}
";
    Desk::new().put("service.yaml", format!("{ground}{threads}"))
}

fn tuned(options: &[&str]) -> Outcome {
    desk().run(&[&["tune", "service.yaml", "--reps", "1"], options].concat())
}

const INTERVAL: [&str; 2] = ["--over", "python.gil.interval=100us..100ms:log"];

#[test]
fn the_switch_interval_to_set_is_recommended() {
    let options = ["--minimise", "makespan", "--subject-to", "gil.hand_overs / makespan * 1s <= 200"];
    let outcome = tuned(&[&INTERVAL[..], &options].concat());
    check_golden(&outcome.success(), "tune.txt");
}

#[test]
fn several_goals_make_a_front() {
    let options = ["--minimise", "makespan", "--maximise", "user / makespan", "--points", "12"];
    let outcome = tuned(&[&INTERVAL[..], &options].concat());
    check_golden(&outcome.success(), "tune-front.txt");
}

#[test]
fn without_a_point_that_meets_the_constraints_the_exit_code_says_so() {
    let outcome =
        tuned(&[&INTERVAL[..], &["--minimise", "makespan", "--subject-to", "makespan <= 1ms"]].concat());
    assert_eq!(outcome.code, Some(NOT_AS_EXPECTED));
    assert_eq!(outcome.messages, "error: no point meets the constraints\n");
    assert!(outcome.output.ends_with("No point that was simulated meets makespan <= 1ms.\n"));
}

/// Workers that meet at a barrier for two: an odd one waits there for ever, and is soon done with it.
fn workers_that_meet(options: &[&str]) -> (Desk, Outcome) {
    let ground = data("two-threads.yaml");
    let ground = ground.split("functions:").next().expect("there is a beginning");
    let threads = "objects: {door: {barrier: 2}}
threads: [{name: worker, count: 2, do: [python: 1ms, barrier: door, python: 5ms]}]
";
    let desk = Desk::new().put("meet.yaml", format!("{ground}{threads}"));
    let outcome = desk.run(&[&["tune", "meet.yaml", "--reps", "1"], options].concat());
    (desk, outcome)
}

#[test]
fn a_point_that_does_not_come_to_its_end_is_marked_and_never_recommended() {
    let files = ["-o", "out.csv", "-o", "out.svg"];
    let options = ["--over", "threads.worker.count=1..4", "--minimise", "makespan", "--minimise", "user"];
    let (desk, outcome) = workers_that_meet(&[&options[..], &files].concat());
    let warning = "warning: 2 of 4 points did not come to their end and are left out, as run `run` at \
                   threads.worker.count=1\n";
    assert_eq!(outcome.messages, format!("wrote out.csv\nwrote out.svg\n{warning}"));
    assert_eq!(outcome.code, Some(DONE));
    let line = |number: &str| {
        let found = outcome.output.lines().find(|line| line.trim_start().starts_with(number));
        found.expect("every point has a line").trim_end().to_owned()
    };
    assert!(line("1 ").ends_with("did not come to its end"), "{}", outcome.output);
    assert!(line("2 ").ends_with("<- recommended"), "{}", outcome.output);
    assert!(line("3 ").ends_with("did not come to its end"), "{}", outcome.output);
    assert!(outcome.output.contains("\nSet threads.worker.count to 2: "), "{}", outcome.output);
    let table = String::from_utf8(desk.read("out.csv")).unwrap();
    let ends: Vec<&str> = table.lines().map(|line| line.splitn(6, ',').nth(5).unwrap()).collect();
    assert_eq!(
        ends,
        [
            "complete,allowed,front,recommended",
            "false,false,false,false",
            "true,true,true,true",
            "false,false,false,false",
            "true,true,false,false"
        ]
    );
    let picture = String::from_utf8(desk.read("out.svg")).unwrap();
    assert!(picture.contains("crossed: did not come to its end"));
}

#[test]
fn where_no_point_comes_to_its_end_nothing_is_recommended() {
    let (_, outcome) = workers_that_meet(&["--over", "threads.worker.count=1,3", "--minimise", "makespan"]);
    assert_eq!(outcome.code, Some(INCOMPLETE));
    let message = "error: none of the 2 points came to its end, as run `run` at threads.worker.count=1\n\
                   help: `gilsim run` says what the threads wait for\n";
    assert_eq!(outcome.messages, message);
    assert!(
        outcome.output.ends_with("\nNo point that was simulated came to its end.\n"),
        "{}",
        outcome.output
    );
}

#[test]
fn a_run_that_is_cut_off_at_its_until_has_come_to_its_end() {
    let cut_off = ["--set", "until=10ms", "--set", "threads.batch.daemon=false"];
    let over = ["--over", "python.gil.interval=100us,1ms", "--minimise", "service.waits_for_gil"];
    let outcome = tuned(&[&cut_off[..], &over].concat());
    assert!(outcome.success().contains("<- recommended"));
}

#[test]
fn a_limit_relative_to_the_best_is_relative_to_what_came_to_its_end() {
    let options = ["--over", "threads.worker.count=1,2,4", "--minimise", "makespan"];
    let (_, outcome) = workers_that_meet(&[&options[..], &["--subject-to", "makespan <= best"]].concat());
    assert!(outcome.output.contains("\nSet threads.worker.count to 2: "), "{}", outcome.output);
}

#[test]
fn a_goal_without_a_value_is_told() {
    let outcome = tuned(&[&INTERVAL[..], &["--minimise", "0 / 0", "--points", "5"]].concat());
    assert_eq!(outcome.code, Some(USAGE));
    assert_eq!(outcome.messages, "error: no point has a value of `0 / 0`\n");
}

#[test]
fn where_all_points_are_alike_there_is_nothing_to_set() {
    let outcome =
        tuned(&[&INTERVAL[..], &["--minimise", "switches.involuntary * 0", "--points", "5"]].concat());
    let output = outcome.success();
    let sentence = "\nThere is nothing to set: switches.involuntary * 0 is 0 at every point, so python.gil.interval \
                    does not matter.\n";
    assert!(output.ends_with(sentence), "{output}");
    assert!(!output.contains("recommended"), "{output}");
}

#[test]
fn what_cannot_be_tuned_is_refused() {
    let refused = |options: &[&str], code: i32, message: &str| {
        let outcome = tuned(options);
        assert_eq!((outcome.code, outcome.output.as_str()), (Some(code), ""), "{}", outcome.messages);
        assert!(outcome.messages.starts_with(message), "{}", outcome.messages);
    };
    let goal = ["--minimise", "makespan"];
    let with_goal = |over: &'static str| [&["--over", over], &goal[..]].concat();
    refused(&with_goal("python.gil.intervl=1ms..2ms"), INVALID, "error: unknown key `intervl`");
    refused(&with_goal("python.gil.interval=2ms..1ms"), INVALID, "error: the range from 2ms to 1ms is empty");
    let unknown = "error: unknown metric `makspan` (did you mean `makespan`?)";
    refused(&[&INTERVAL[..], &["--minimise", "run.makspan"]].concat(), USAGE, unknown);
    let vague = "error: `makespan < 1s` has neither <= nor >=";
    refused(&[&INTERVAL[..], &goal, &["--subject-to", "makespan < 1s"]].concat(), USAGE, vague);
    refused(&INTERVAL, USAGE, "error: the following required arguments were not provided:");
    refused(
        &[&INTERVAL[..], &goal, &["--points", "4"]].concat(),
        USAGE,
        "error: invalid value '4' for '--points",
    );
}

/// The files that a tuning writes, as text.
fn written(goals: &[&str], files: &[&str]) -> Vec<String> {
    let desk = desk();
    let mut arguments = vec!["tune", "service.yaml", "--reps", "1", "--points", "8"];
    arguments.extend(INTERVAL.iter().chain(goals));
    files.iter().for_each(|file| arguments.extend(["-o", file]));
    let outcome = desk.run(&arguments);
    let told: String = files.iter().map(|file| format!("wrote {file}\n")).collect();
    assert_eq!((outcome.code, outcome.messages), (Some(DONE), told));
    files.iter().map(|file| String::from_utf8_lossy(&desk.read(file)).into_owned()).collect()
}

const TWO_GOALS: [&str; 6] = [
    "--minimise",
    "makespan",
    "--maximise",
    "user / makespan",
    "--subject-to",
    "gil.hand_overs / makespan * 1s <= 200",
];

#[test]
fn a_tuning_is_written_as_a_table_with_a_row_a_point() {
    let files = written(&TWO_GOALS, &["out.csv", "out.jsonl", "out.parquet"]);
    check_golden(&files[0], "tune.csv");
    check_golden(&files[1], "tune.jsonl");
    assert!(files[2].starts_with("PAR1") && files[2].ends_with("PAR1"));
}

#[test]
fn the_front_of_two_goals_is_drawn() {
    let files = written(&TWO_GOALS, &["out.svg", "out.png"]);
    check_golden(&files[0], "tune.svg");
    assert!(files[1][..8].contains("PNG"), "{}", &files[1][..8]);
}

#[test]
fn one_goal_has_no_front_to_draw() {
    let outcome = tuned(&[&INTERVAL[..], &["--minimise", "makespan", "-o", "out.svg"]].concat());
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(USAGE), ""));
    assert!(outcome.messages.starts_with("error: a picture of the front takes two goals\nhelp: name two"));
}
