//! What can be wrong with signals, and with the names that steps use.

use super::{doing, errors, on_ground};
use crate::scenario::load;

/// The first error, and where it is.
fn check(text: &str, message: &str, place: &str) {
    assert_eq!(errors(text)[0], format!("{place} {message}"));
}

fn with_signal(signal: &str) -> String {
    on_ground(&format!("threads: [{{name: a, do: [python: 1s]}}]\nsignals: [{{{signal}}}]"))
}

#[test]
fn a_signal_says_when_it_comes_and_what_handles_it() {
    check(&with_signal("name: b, handler: []"), "nothing says when this signal comes", "10:11");
    check(&with_signal("name: b, at: 1s"), "a signal needs the key `handler`", "10:11");
    check(&with_signal("at: 1s, handler: []"), "a signal needs the key `name`", "10:11");
    check(&with_signal("name: b, at: 1s, handler: SIGINT"), "this is no handler", "10:38");
    check(&with_signal("name: b, at: soon, handler: []"), "`soon` is not a time", "10:25");
}

#[test]
fn a_signal_that_comes_again_and_again_comes_to_an_end() {
    check(&with_signal("name: b, every: 1s, handler: []"), "nothing ends this signal", "10:28");
    check(
        &with_signal("name: b, at: 1s, times: 2, handler: []"),
        "a signal without `every` comes once",
        "10:36",
    );
    let with_end = format!("{}\nuntil: 3s", with_signal("name: b, every: 1s, handler: []"));
    assert!(load(&with_end, "test.yaml", &[]).is_ok());
}

#[test]
fn a_handler_is_looked_at_like_any_other_steps() {
    check(
        &with_signal("name: b, at: 1s, handler: [loop: forever, body: []]"),
        "the body of this loop takes no time, so the loop would hang",
        "10:39",
    );
    check(&with_signal("name: b, at: 1s, handler: [call: c]"), "unknown function `c`", "10:45");
}

#[test]
fn signals_need_a_main_thread_that_runs_python() {
    let text = on_ground(
        "threads: [{name: a, native: true, do: [sleep: 1s]}]\nsignals: [{name: b, at: 1s, handler: []}]",
    );
    let message = "signals are for the main thread, the first of all, and that runs no Python here";
    check(&text, message, "10:11");
}

#[test]
fn steps_name_what_there_is() {
    for (step, message) in [
        ("lock: l", "unknown object `l`"),
        ("put: q", "unknown object `q`"),
        ("call: f", "unknown function `f`"),
        ("start: t", "unknown thread `t`"),
        ("join: t", "unknown thread `t`"),
        ("io: {for: 1ms, device: d}", "unknown device `d`"),
        ("add: x", "unknown variable `x`"),
        ("lokc: l", "unknown step `lokc`"),
    ] {
        let found = errors(&doing(&format!("[{step}]")));
        assert!(found.iter().any(|error| error.ends_with(message)), "{found:?}");
    }
}
