//! `gilsim list`, `show`, `check`, and scenarios by their names.

use std::path::PathBuf;

use crate::{Desk, INVALID, USAGE};

fn scenarios() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// The name and the text of every scenario that comes with the program.
fn built_in() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(scenarios()).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    files.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect()
}

/// What a scenario says under a key, on one line.
fn line<'a>(text: &'a str, key: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(key)).expect("it has this key").trim()
}

#[test]
fn every_scenario_is_listed_under_its_topic() {
    let listed = Desk::new().run(&["list"]).success();
    for (name, text) in built_in() {
        let topic = listed.split("\n\n").find(|part| part.starts_with(line(&text, "topic:"))).unwrap();
        let row = topic.lines().find(|row| row.trim_start().starts_with(&format!("{name} "))).unwrap();
        assert!(row.ends_with(line(&text, "title:")), "{row}");
    }
}

#[test]
fn the_readme_explains_every_scenario() {
    let readme = std::fs::read_to_string(scenarios().join("../README.md")).unwrap();
    for (name, _) in built_in() {
        let explains = |row: &str| row.starts_with(&format!("| `{name}` |"));
        assert!(readme.lines().any(explains), "the table of scenarios has no row for {name}");
    }
}

#[test]
fn a_scenario_is_shown_as_its_file_is() {
    let text = std::fs::read_to_string(scenarios().join("rlock.yaml")).unwrap();
    assert_eq!(Desk::new().run(&["show", "rlock"]).success(), text);
}

#[test]
fn machines_and_interpreters_are_listed_and_shown() {
    for (kind, folder) in [("machines", "machine"), ("pythons", "python")] {
        let names = Desk::new().run(&["list", kind]).success();
        for name in names.lines() {
            let file = scenarios().join("presets").join(folder).join(format!("{name}.yaml"));
            let text = std::fs::read_to_string(file).unwrap();
            assert_eq!(Desk::new().run(&["show", &format!("{folder}/{name}")]).success(), text);
        }
    }
}

#[test]
fn a_scenario_runs_by_its_name_as_by_its_file() {
    let by_name = Desk::new().run(&["run", "rlock"]).success();
    let path = scenarios().join("rlock.yaml");
    assert_eq!(Desk::new().run(&["run", &path.to_string_lossy()]).success(), by_name);
}

#[test]
fn a_file_goes_before_the_built_in_scenario_of_its_name() {
    let desk = Desk::new().put("rlock", "gilsim: 1\ntitle: Mine\n");
    assert!(desk.run(&["run", "rlock"]).messages.contains("rlock:1:1"));
}

#[test]
fn a_name_that_is_misspelt_is_told_with_the_one_that_was_meant() {
    let outcome = Desk::new().run(&["run", "rlok"]);
    let message = "error: cannot read rlok: there is no such file\n\
                   help: did you mean the built-in scenario `rlock`?\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(INVALID), message));
    let outcome = Desk::new().run(&["show", "cpython-3.15"]);
    let message = "error: nothing that comes with gilsim has the name `cpython-3.15`\n\
                   help: did you mean `cpython-3.10`?\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(USAGE), message));
}

#[test]
fn checking_tells_what_is_wrong_with_all_and_carries_nothing_out() {
    let desk =
        Desk::new().put("wrong.yaml", "gilsim: 1\ntitle: A\nthread: []\n").put("other.yaml", "gilsim: 2\n");
    let outcome = desk.run(&["check", "wrong.yaml", "rlock", "other.yaml"]);
    assert_eq!(outcome.code, Some(INVALID));
    assert_eq!(outcome.output, "rlock: well, 2 runs and 3 expectations\n");
    assert!(outcome.messages.contains("unknown key `thread`"));
    assert!(outcome.messages.contains("unknown version of the language: `2`"));
}
