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

/// A thread that adds to x each 30 ns, twice: it loads at 0 and stores at 20, just before its last instruction.
const ADDS: &str = "loop: 2, body: [bytecode: [LOAD_GLOBAL x, LOAD_CONST, STORE_GLOBAL x += 1]]";

#[test]
fn a_variable_that_one_core_uses_costs_nothing() {
    let report =
        report("20ns", &format!("objects: {{x: variable}}\nthreads: [{{name: one, do: [{ADDS}]}}]\n"));
    assert_eq!(ends(&report), [60]);
}

/// One stores at 20. The other loads at 50, waits until 150, and stores at 170.
#[test]
fn who_loads_what_another_core_has_stored_waits_for_the_line() {
    let report = report(
        "20ns",
        "objects: {x: variable}
threads:
  - {name: one, do: [bytecode: [LOAD_CONST, LOAD_CONST, STORE_GLOBAL x += 1]]}
  - {name: other, do: [python: 50ns, bytecode: [LOAD_GLOBAL x, LOAD_CONST, STORE_GLOBAL x += 1]]}
",
    );
    assert_eq!(ends(&report), [30, 180]);
    assert_eq!(report.variables[0].value, 2);
}

/// One stores at 20. The other loads at 50, has a copy from 150 on, and loads that twice.
#[test]
fn who_has_loaded_has_a_copy_until_another_stores() {
    let report = report(
        "20ns",
        "objects: {x: variable}
threads:
  - {name: one, do: [bytecode: [LOAD_CONST, LOAD_CONST, STORE_GLOBAL x += 1]]}
  - {name: other, do: [python: 50ns, {loop: 3, body: [bytecode: [LOAD_GLOBAL x]]}]}
",
    );
    assert_eq!(ends(&report), [30, 180]);
}

/// The other stores at 20, which it does not wait for: one, which stored at 0, has the line until 40, and the other from 120 on. What the
/// other loads meanwhile is in its store buffer. One stores at 30, when it still has the line, and loads at
/// 60, when it has not.
#[test]
fn a_store_is_not_waited_for_and_what_is_loaded_meanwhile_is_at_hand() {
    let report = report(
        "20ns",
        "objects: {x: variable}
threads:
  - {name: one, do: [{loop: 2, body: [bytecode: [STORE_GLOBAL x += 1, LOAD_CONST, LOAD_CONST]]}, bytecode: [LOAD_GLOBAL x]]}
  - {name: other, do: [python: 20ns, bytecode: [STORE_GLOBAL x += 1], loop: 9, body: [bytecode: [LOAD_GLOBAL x]]]}
",
    );
    assert_eq!(ends(&report), [170, 120]);
}
