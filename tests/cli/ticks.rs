//! `gilsim ticks`: a listing as `python -m dis` prints it, with what the interpreter does after each instruction.

use crate::{DONE, Desk, INVALID, check_golden, data};

/// A listing of `tests/data/listings` under an interpreter: the golden text, which ends in this sentence.
fn check(python: &str, listing: &str, sentence: &str) {
    let text = data(&format!("listings/{listing}.txt"));
    let desk = Desk::new().put("listing.txt", &text);
    let printed = desk.run(&["ticks", "--python", python, "listing.txt"]).success();
    assert_eq!(printed.lines().last(), Some(sentence));
    check_golden(&printed, &format!("ticks-{listing}-under-{python}.txt"));
    assert_eq!(desk.run_reading(&["ticks", "--python", python, "-"], &text).success(), printed);
}

/// A listing is refused with this message.
fn check_refused(python: &str, listing: &str, message: &str) {
    let desk = Desk::new().put("listing.txt", listing);
    let outcome = desk.run(&["ticks", "--python", python, "listing.txt"]);
    assert_eq!(outcome.messages, format!("{}\n", message.trim_matches('\n')));
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(INVALID), ""));
}

#[test]
fn a_loop_that_prints_has_4_ticks_in_python_2_6() {
    let sentence = "loop 3-31 (line 2): 4 ticks an iteration, a check every 101 ticks: every 25.3 iterations";
    check("cpython-2.6", "print-2.6", sentence);
}

#[test]
fn the_countdown_has_2_ticks_in_python_2_6() {
    let sentence = "loop 3-26 (line 2): 2 ticks an iteration, a check every 101 ticks: every 50.5 iterations";
    check("cpython-2.6", "countdown-2.6", sentence);
}

#[test]
fn the_countdown_has_2_ticks_in_python_2_7_with_opcode_prediction() {
    let sentence = "loop 3-25 (line 2): 2 ticks an iteration, a check every 101 ticks: every 50.5 iterations";
    check("cpython-2.7", "countdown-2.7", sentence);
}

#[test]
fn the_countdown_has_3_ticks_in_python_2_7_18_with_computed_gotos() {
    let sentence = "loop 3-25 (line 2): 3 ticks an iteration, a check every 101 ticks: every 33.7 iterations";
    check("cpython-2.7.18", "countdown-2.7", sentence);
}

#[test]
fn the_countdown_checks_3_times_in_python_3_9() {
    let sentence = "loop 0-16 (line 2): the eval breaker is checked 3 times an iteration";
    check("cpython-3.9", "countdown-3.9", sentence);
}

#[test]
fn the_countdown_checks_at_its_jump_back_in_python_3_11() {
    let sentence = "loop 14-34 (line 2): the eval breaker is checked 1 time an iteration";
    check("cpython-3.11", "countdown-3.11", sentence);
}

#[test]
fn a_listing_of_python_3_13_has_labels() {
    let sentence = "loop L1-JUMP_BACKWARD (line 2): the eval breaker is checked 1 time an iteration";
    check("cpython-3.13", "countdown-3.13", sentence);
}

#[test]
fn a_listing_of_python_3_13_may_have_offsets_as_well() {
    let sentence = "loop 14-36 (line 2): the eval breaker is checked 1 time an iteration";
    check("cpython-3.13", "countdown-3.13-offsets", sentence);
}

#[test]
fn a_listing_with_the_line_ends_of_windows_is_read_as_well() {
    let text = data("listings/print-2.6.txt");
    let desk = Desk::new();
    let arguments = ["ticks", "--python", "cpython-2.6", "-"];
    let printed = |text: &str| desk.run_reading(&arguments, text).success();
    assert_eq!(printed(&text.replace('\n', "\r\n")), printed(&text));
}

#[test]
fn an_unknown_interpreter_is_an_error_that_suggests_a_known_one() {
    check_refused(
        "cpython-2.5",
        &data("listings/countdown-2.6.txt"),
        "
error: unknown python preset `cpython-2.5`
 --> python preset:1:1
  |
1 | cpython-2.5
  | ^^^^^^^^^^^
  |
  = help: did you mean `cpython-2.6`?",
    );
}

#[test]
fn a_line_that_is_no_instruction_is_an_error_with_its_number() {
    check_refused(
        "cpython-2.6",
        "  2           0 LOAD_FAST                0 (n)\n\n>>> dis.dis(count)\n",
        "error: listing.txt: line 3: this is not a line of a disassembly listing: \">>> dis.dis(count)\"",
    );
}

#[test]
fn a_listing_of_another_interpreter_is_an_error_with_the_line_of_the_opcode() {
    check_refused(
        "cpython-2.6",
        "  2           0 LOAD_FAST                0 (n)\n              2 BINARY_OP               23 (-=)\n",
        "
error: listing.txt: line 2: unknown opcode BINARY_OP: \"              2 BINARY_OP               23 (-=)\"
help: is the listing from cpython-2.6?",
    );
}

#[test]
fn a_broken_listing_from_standard_input_is_called_that() {
    let outcome = Desk::new().run_reading(&["ticks", "--python", "cpython-2.6", "-"], "hello\n");
    let message = "error: standard input: line 1: this is not a line of a disassembly listing: \"hello\"\n";
    assert_eq!((outcome.code, outcome.messages.as_str()), (Some(INVALID), message));
}

#[test]
fn a_missing_listing_is_an_error() {
    let outcome = Desk::new().run(&["ticks", "--python", "cpython-2.6", "missing.txt"]);
    assert_eq!(outcome.messages, "error: cannot read missing.txt: there is no such file\n");
    assert_eq!((outcome.code, outcome.output.as_str()), (Some(INVALID), ""));
}

#[test]
fn an_empty_listing_is_an_error() {
    let outcome = Desk::new().run_reading(&["ticks", "--python", "cpython-2.6", "-"], "\n");
    assert_ne!(outcome.code, Some(DONE));
}
