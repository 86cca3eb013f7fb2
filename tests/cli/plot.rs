//! `gilsim plot`: the files it writes and what can be read in them.

use resvg::usvg::roxmltree::Document;

use crate::{DONE, Desk, INCOMPLETE};

/// The texts of a picture, in its order.
fn texts(picture: &[u8]) -> Vec<String> {
    let picture = std::str::from_utf8(picture).expect("SVG is text");
    let document = Document::parse(picture).expect("SVG is XML");
    let nodes =
        document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    nodes.map(|node| node.text().unwrap_or_default().trim().to_owned()).collect()
}

/// The picture of a scenario of `tests/data`.
fn picture(scenario: &str, options: &[&str]) -> Vec<u8> {
    let desk = Desk::with(&[scenario]);
    let outcome = desk.run(&[&["plot", scenario, "-o", "picture.svg"], options].concat());
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), "wrote picture.svg\n"));
    assert_eq!(outcome.output, "");
    desk.read("picture.svg")
}

/// The picture with these options says all of `present`, and none of `absent`.
fn check(options: &[&str], present: &[&str], absent: &[&str]) {
    let texts = texts(&picture("two-threads.yaml", options));
    let is_there = |text: &&&str| texts.iter().any(|other| other == **text);
    let missing: Vec<_> = present.iter().filter(|text| !is_there(text)).collect();
    let surplus: Vec<_> = absent.iter().filter(is_there).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "missing {missing:?}, surplus {surplus:?} in {texts:?}"
    );
}

#[test]
fn every_thread_and_every_core_has_a_lane_with_its_name() {
    check(&[], &["1 main", "1 worker 1", "2 worker 2", "core 0", "core 1"], &["core 2"]);
}

#[test]
fn every_run_has_a_panel_with_its_name_and_makespan() {
    check(&[], &["alone: 40.0 ms", "together: 40.0 ms"], &[]);
}

#[test]
fn the_footer_says_by_which_scenario_seed_and_runs_the_picture_was_made() {
    let desk = Desk::with(&["two-threads.yaml"]);
    let table = desk.run(&["run", "two-threads.yaml", "--seed", "5"]).success();
    let prints: Vec<&str> =
        table.lines().filter(|line| line.starts_with("fingerprint")).map(|line| &line[12..28]).collect();
    let footer = format!(
        "gilsim {} - two-threads - seed 5 - fingerprint {}",
        env!("CARGO_PKG_VERSION"),
        prints.join(" ")
    );
    check(&["--seed", "5"], &[&footer], &[]);
}

#[test]
fn one_run_can_be_drawn_alone() {
    check(&["--run", "together"], &["together: 40.0 ms", "1 worker 1"], &["alone: 40.0 ms", "1 main"]);
}

#[test]
fn runs_are_drawn_in_the_order_in_which_they_are_asked_for() {
    let texts = texts(&picture("two-threads.yaml", &["--run", "together", "--run", "alone"]));
    let place = |title: &str| texts.iter().position(|text| text == title).expect("the panel is there");
    assert!(place("together: 40.0 ms") < place("alone: 40.0 ms"));
}

#[test]
fn the_time_axis_is_that_of_the_whole_run() {
    check(&[], &["0 ms", "40 ms"], &["50 ms"]);
}

#[test]
fn a_window_begins_and_ends_where_it_is_asked_to() {
    check(&["--from", "10ms", "--to", "20ms"], &["10 ms", "20 ms"], &["0 ms", "5 ms", "30 ms", "40 ms"]);
}

#[test]
fn a_window_without_a_beginning_begins_with_the_run() {
    check(&["--to", "20ms"], &["0 ms", "20 ms"], &["30 ms", "40 ms"]);
}

#[test]
fn a_window_without_an_end_ends_with_the_run() {
    check(&["--from", "20ms"], &["20 ms", "40 ms"], &["0 ms", "10 ms"]);
}

#[test]
fn an_override_changes_the_picture() {
    check(&["--set", "machine.cores=3"], &["core 2"], &[]);
}

#[test]
fn the_same_scenario_gives_the_same_bytes() {
    assert!(picture("random-costs.yaml", &[]) == picture("random-costs.yaml", &[]));
}

#[test]
fn another_seed_gives_another_picture_where_costs_are_random() {
    assert!(picture("random-costs.yaml", &[]) != picture("random-costs.yaml", &["--seed", "8"]));
}

#[test]
fn one_command_writes_all_files_it_is_asked_for() {
    let desk = Desk::with(&["two-threads.yaml"]);
    let outcome = desk.run(&["plot", "two-threads.yaml", "-o", "a.svg", "-o", "new/b.SVG", "-o", "c.png"]);
    assert_eq!(outcome.messages, "wrote a.svg\nwrote new/b.SVG\nwrote c.png\n");
    assert_eq!(desk.names(), ["a.svg", "c.png", "new", "two-threads.yaml"]);
    assert!(desk.read("a.svg") == desk.read("new/b.SVG"));
}

#[test]
fn a_png_has_the_size_of_a_slide() {
    let desk = Desk::with(&["two-threads.yaml"]);
    desk.run(&["plot", "two-threads.yaml", "-o", "picture.png"]);
    let pixels = resvg::tiny_skia::Pixmap::decode_png(&desk.read("picture.png")).expect("this is a PNG");
    assert_eq!((pixels.width(), pixels.height()), (1920, 1080));
}

#[test]
fn the_picture_that_a_run_writes_is_that_of_all_its_runs() {
    let desk = Desk::with(&["two-threads.yaml"]);
    let outcome = desk.run(&["run", "two-threads.yaml", "-o", "picture.svg"]);
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), "wrote picture.svg\n"));
    assert!(desk.read("picture.svg") == picture("two-threads.yaml", &[]));
}

#[test]
fn a_scenario_from_standard_input_is_drawn_as_such() {
    let desk = Desk::new();
    let scenario = crate::data("two-threads.yaml");
    let outcome = desk.run_reading(&["plot", "-", "-o", "picture.svg"], scenario);
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(DONE), "wrote picture.svg\n"));
    let texts = texts(&desk.read("picture.svg"));
    assert!(texts.iter().any(|text| text.contains(" - standard input - seed 1 - ")), "{texts:?}");
}

#[test]
fn the_looks_can_be_chosen() {
    let options = [
        "--theme",
        "dark",
        "--shape",
        "4:3",
        "--lanes",
        "threads",
        "--title",
        "Mine",
        "--no-footer",
        "--run",
        "together",
    ];
    let picture = picture("two-threads.yaml", &options);
    let texts = texts(&picture);
    assert!(texts.contains(&"Mine".to_owned()) && texts.contains(&"worker 1".to_owned()), "{texts:?}");
    assert!(!texts.iter().any(|text| text.starts_with("core ") || text.starts_with("gilsim ")), "{texts:?}");
    let svg = String::from_utf8(picture).expect("SVG is text");
    assert!(svg.contains("width=\"1440\"") && svg.contains("background:#121417"));
}

#[test]
fn the_words_of_a_picture_come_from_a_file_of_labels() {
    let desk = Desk::with(&["two-threads.yaml"]).put("german", "core: Kern\n");
    desk.run(&["plot", "two-threads.yaml", "--labels", "german", "-o", "picture.svg"]);
    assert!(texts(&desk.read("picture.svg")).contains(&"Kern 0".to_owned()));
}

#[test]
fn a_png_may_be_half_as_large() {
    let desk = Desk::with(&["two-threads.yaml"]);
    desk.run(&["plot", "two-threads.yaml", "--scale", "0.5", "-o", "picture.png"]);
    let pixels = resvg::tiny_skia::Pixmap::decode_png(&desk.read("picture.png")).expect("this is a PNG");
    assert_eq!((pixels.width(), pixels.height()), (960, 540));
}

#[test]
fn steps_become_numbered_pictures_and_lines_or_one_animation() {
    let desk = Desk::with(&["two-threads.yaml"]);
    let command = ["plot", "two-threads.yaml", "--chart", "steps", "--run", "together", "--scale", "0.2"];
    let outcome = desk.run(&[&command[..], &["-o", "step.svg", "-o", "all.gif"]].concat());
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.messages);
    let lines = outcome.output.lines().count();
    let steps = desk.names().iter().filter(|name| name.starts_with("step-")).count();
    assert!(lines >= 5 && lines == steps, "{}", outcome.output);
    assert!(outcome.output.starts_with("1  +"), "{}", outcome.output);
    assert!(desk.read("all.gif").starts_with(b"GIF89a"));
}

#[test]
fn a_picture_of_what_did_not_come_to_its_end_is_written_and_is_no_success() {
    let desk = Desk::with(&["two-orders.yaml"]);
    let over = "python.gil.interval=100us..50ms:log:6";
    let outcome =
        desk.run(&["plot", "two-orders.yaml", "--chart", "sweep", "--over", over, "-o", "sweep.svg"]);
    assert_eq!(outcome.code, Some(INCOMPLETE));
    let messages = "wrote sweep.svg\nerror: 3 of 6 points did not come to their end\n";
    assert_eq!(outcome.messages, messages);
    assert!(texts(&desk.read("sweep.svg")).iter().any(|text| text.contains("(crossed out)")));
}
