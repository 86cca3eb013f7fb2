//! No file is lost under another: what is read, or what else is written.

use crate::{Desk, FAILURE_INSIDE, USAGE};

/// The words are refused for this reason, and every file is as it was.
fn refused(words: &[&str], code: i32, path: &str, why: &str) {
    let desk = Desk::with(&["sweep.yaml"]).put_folder("folder.csv").put_folder("folder.svg");
    let scenario = desk.read("sweep.yaml");
    let desk = desk.put("in.json", &scenario).put("in.csv", &scenario).put("in.svg", &scenario);
    let before = desk.names();
    let outcome = desk.run(words);
    let message = format!("error: cannot write {path}: {why}\nhelp: write to another file\n");
    assert_eq!((outcome.code, outcome.messages), (Some(code), message), "{words:?}");
    assert_eq!(outcome.output, "", "{words:?}");
    assert_eq!(desk.names(), before, "{words:?}");
    for file in ["in.json", "in.csv", "in.svg"] {
        assert_eq!(desk.read(file), scenario, "{words:?}");
    }
}

#[test]
fn a_scenario_is_not_overwritten_by_its_results() {
    let why = "it is what is read here";
    refused(&["run", "in.json", "-o", "in.json"], USAGE, "in.json", why);
    refused(&["run", "in.json", "-o", "./in.json"], USAGE, "./in.json", why);
    refused(&["sweep", "in.csv", "-o", "in.csv"], USAGE, "in.csv", why);
    refused(&["sweep", "in.csv", "--summary", "in.csv"], USAGE, "in.csv", why);
    refused(&["plot", "in.svg", "-o", "in.svg"], USAGE, "in.svg", why);
    refused(
        &["compare", "sweep.yaml", "in.svg", "-o", "folder.svg/../in.svg"],
        USAGE,
        "folder.svg/../in.svg",
        why,
    );
    let tune = ["tune", "in.csv", "--over", "machine.cores=1,2", "--minimise", "makespan", "-o", "in.csv"];
    refused(&tune, USAGE, "in.csv", why);
    refused(&["merge", "in.csv", "-o", "in.csv"], USAGE, "in.csv", why);
}

#[test]
fn a_file_is_not_written_twice() {
    let why = "something else is written there";
    refused(&["sweep", "sweep.yaml", "-o", "x.csv", "--summary", "x.csv"], USAGE, "x.csv", why);
    refused(&["sweep", "sweep.yaml", "-o", "x.csv", "-o", "./x.csv"], USAGE, "./x.csv", why);
    refused(&["merge", "1.part", "-o", "x.csv", "--summary", "x.csv"], USAGE, "x.csv", why);
}

#[test]
fn a_folder_is_refused_before_anything_is_done() {
    let why = "it is a directory";
    refused(&["sweep", "sweep.yaml", "-o", "folder.csv"], FAILURE_INSIDE, "folder.csv", why);
    refused(&["sweep", "sweep.yaml", "--summary", "folder.csv"], FAILURE_INSIDE, "folder.csv", why);
    refused(&["compare", "sweep.yaml", "-o", "folder.svg"], FAILURE_INSIDE, "folder.svg", why);
    refused(&["plot", "sweep.yaml", "-o", "folder.svg"], FAILURE_INSIDE, "folder.svg", why);
}
