//! `gilsim tune`: the recommendation, and what is refused.

use crate::{DONE, Desk, INVALID, NOT_AS_EXPECTED, Outcome, USAGE, check_golden, data};

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
