//! What `--over` takes, and which runs it reaches.

use crate::{DONE, Desk, INVALID, USAGE, data};

/// The words of the command are refused with this code.
fn refused(arguments: &[&str], code: i32, message: &str) {
    let outcome = Desk::with(&["sweep.yaml"]).run(arguments);
    assert_eq!(outcome.messages.trim_end(), message.trim_matches('\n'), "{arguments:?}");
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(code), ""), "{arguments:?}");
}

#[test]
fn a_run_with_a_value_of_its_own_is_named() {
    let text = data("two-threads.yaml").replace("  alone: {", "  alone: {python: {gil: {interval: 2ms}}, ");
    let over = ["--over", "python.gil.interval=1ms,5ms"];
    let desk = Desk::new().put("two.yaml", text);
    let warning = "warning: run `alone` has its own python.gil.interval: it is the same at every point\n";
    for command in [&["sweep"][..], &["compare"], &["tune", "--minimise", "together.makespan"]] {
        let outcome = desk.run(&[&command[..1], &["two.yaml"], &command[1..], &over].concat());
        assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), warning), "{command:?}");
    }
    for over in ["seed=1,2", "runs.together.until=1s,2s"] {
        let outcome = desk.run(&["sweep", "two.yaml", "--over", over]);
        assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), ""), "{over}");
    }
}

#[test]
fn a_value_that_is_given_twice_is_refused() {
    let message = "
error: `1000us` is there twice
 --> --over:1:21
  |
1 | python.gil.interval=1ms,1000us
  |                     ^^^^^^^^^^";
    refused(&["sweep", "sweep.yaml", "--over", "python.gil.interval=1ms,1000us"], INVALID, message);
}

#[test]
fn what_is_of_no_run_is_not_swept_over() {
    let message = "error: a sweep over `repeat` changes no run: say how often with --reps";
    refused(&["sweep", "sweep.yaml", "--over", "repeat=1,2"], USAGE, message);
    let message = "error: a sweep over `title` changes no run";
    refused(&["sweep", "sweep.yaml", "--over", "title=a,b"], USAGE, message);
}

#[test]
fn a_thread_that_only_runs_could_have_is_looked_for_there() {
    let text = data("two-threads.yaml").split("threads:").next().unwrap().to_owned();
    let runs = "runs:\n  one: {threads: [{name: worker, do: [python: 1ms]}]}\n";
    let desk = Desk::new().put("own.yaml", text.split("functions:").next().unwrap().to_owned() + runs);
    for (path, message, help) in [
        ("threads.wroker.count", "unknown name in a list `wroker`", "did you mean `worker`?"),
        (
            "threads.worker.count",
            "only runs have `threads` here, each of them its own",
            "set it run by run, as in runs.one.threads.worker.count",
        ),
    ] {
        for words in [
            ["sweep", "own.yaml", "--over", &format!("{path}=1,2")],
            ["run", "own.yaml", "--set", &format!("{path}=3")],
        ] {
            let outcome = desk.run(&words);
            assert_eq!((outcome.code, outcome.output.as_str()), (Some(INVALID), ""), "{words:?}");
            let begins = format!("error: {message}\n");
            let ends = format!("  = help: {help}\n");
            assert!(outcome.messages.starts_with(&begins), "{}", outcome.messages);
            assert!(outcome.messages.ends_with(&ends), "{}", outcome.messages);
        }
    }
}
