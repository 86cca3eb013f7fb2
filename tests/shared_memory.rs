//! Memory that cores share where there is no GIL, worked out on paper in the comment of each test.
//!
//! An instruction takes 10 ns, an atomic change 5 ns, and a cache line 100 ns from core to core; nothing else costs anything.

use gilsim::scenario;
use gilsim::sim::{self, Report};

/// A core that has a line keeps it for `kept` of the 100 ns.
fn report(kept: &str, sections: &str) -> Report {
    let text = format!(
        "gilsim: 1
title: on paper
machine: {{cores: 2, platform: linux, scheduler: round_robin,
  costs: {{atomic_update: 5ns, cache_line: 100ns, line_kept: {kept}}}}}
python: {{preset: cpython-3.14t, instruction: 10ns}}
{sections}"
    );
    let scenario = scenario::load(&text, "on paper", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    sim::run(&scenario.runs[0].model, 1, ()).0
}

/// One counts the list at 0, 15 and so on, four times in all; the other twice, from 20 ns on.
fn counting(kept: &str) -> Report {
    report(
        kept,
        "objects: {list: object}
threads:
  - {name: one, do: [loop: 4, body: [bytecode: [LOAD_GLOBAL list]]]}
  - {name: other, do: [python: 20ns, loop: 2, body: [bytecode: [LOAD_GLOBAL list]]]}
",
    )
}

/// When each thread ended, in nanoseconds.
fn ends(report: &Report) -> Vec<u64> {
    let end = |thread: &sim::report::ThreadReport| thread.ended.expect("it has ended").picos() / 1_000;
    report.threads.iter().map(end).collect()
}

/// The other asks at 20 and has the line at 120; one asks at 30, and has it from 225 on, when the other has counted; the other
/// asks again at 135, and has it at 330; one asks at 240, and has it at 435.
#[test]
fn a_line_that_is_not_kept_goes_to_and_fro_for_each_change() {
    assert_eq!(ends(&counting("0ns")), [450, 345]);
}

/// Asked for at 20, the line leaves at 40, so that one counts at 30 for the third time. It is kept from 120 to 140, in which the
/// other counts twice. One, which has asked at 45, has it again at 220.
#[test]
fn who_has_a_line_goes_on_until_it_leaves() {
    assert_eq!(ends(&counting("20ns")), [235, 150]);
}
