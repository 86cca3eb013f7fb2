//! What README.md shows of the program's output is what it prints.

use std::path::Path;

use crate::Desk;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("there is a README").replace("\r\n", "\n")
}

/// The block of the README that begins after ` ```KIND` and has this in it.
fn block(kind: &str, part: &str) -> String {
    let readme = readme();
    let begin = format!("```{kind}\n");
    let blocks = readme.split(&begin).skip(1);
    let mut blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.find(|block| block.contains(part)).expect("the README has such a block").to_owned()
}

/// What `gilsim` prints, at the root of the repository.
fn printed(words: &[&str]) -> String {
    let desk = Desk::new();
    let mut command = desk.command(words);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("the program starts");
    String::from_utf8(output.stdout).expect("the program writes UTF-8")
}

/// Every line that the README shows is one that was printed.
fn check_lines(shown: &str, printed: &str) {
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    for line in shown.lines() {
        assert!(lines.contains(&line.trim_end()), "the README shows\n{line}\nof\n{printed}");
    }
}

#[test]
fn the_first_run_of_the_readme_prints_what_it_shows() {
    let printed = printed(&["run", "scenarios/beazley-2009-countdown.yaml", "--timeline", "ascii"]);
    check_lines(&block("text", "ratio to the first run"), &printed);
    check_lines(&block("text", "threaded: where most threads are woken in vain"), &printed);
}

#[test]
fn the_tuning_of_the_readme_recommends_what_it_shows() {
    let command = block("sh", "gilsim tune").replace("\\\n", " ");
    let (words, goal) = command.trim().split_once(" --subject-to ").expect("it has a goal");
    let words: Vec<&str> =
        words.split_whitespace().skip(1).chain(["--subject-to", goal.trim_matches('\'')]).collect();
    check_lines(&block("text", "sys.setswitchinterval"), &printed(&words));
}
