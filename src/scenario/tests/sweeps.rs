//! What a scenario varies, and what it expects where.

use super::{error, loaded, on_ground};

const SWEPT: &str = "threads: [{name: main, do: [python: 1ms]}]\nsweep: {python.gil.interval: [1ms, 5ms]}\n";

#[test]
fn an_expectation_is_about_a_point_that_the_sweep_comes_to() {
    let about = |place: &str| {
        on_ground(&format!("{SWEPT}expect: [{{that: run.makespan, above: 0s, where: {{{place}}}}}]\n"))
    };
    assert_eq!(loaded(&about("python.gil.interval: 1000us")).expectations[0].place.len(), 1);
    assert_eq!(error(&about("python.gil.interval: 2ms")), "the sweep never comes to `2ms`");
    assert_eq!(error(&about("machine.cores: 2")), "unknown path of the sweep `machine.cores`");
    let without = about("machine.cores: 2").replace("sweep: {python.gil.interval: [1ms, 5ms]}", "");
    assert_eq!(error(&without), "nothing is swept over here");
}

#[test]
fn a_sweep_has_values() {
    let sweep = |text: &str| {
        error(&on_ground(&format!("threads: [{{name: main, do: [python: 1ms]}}]\nsweep: {text}\n")))
    };
    assert_eq!(sweep("5"), "expected a mapping of paths to values, found `5`");
    assert_eq!(sweep("{}"), "there is nothing to sweep over");
    assert_eq!(sweep("{machine.cores: []}"), "there is no value to sweep over");
    assert_eq!(sweep("{machine.cores: [1, ~]}"), "there is no value here");
    assert_eq!(sweep("{machine.cores: 2..1}"), "the range from 2 to 1 is empty");
    assert_eq!(sweep("{machine.cores: [1], sample: 0}"), "0 is out of range: from 1 to 1000000");
}
