//! Tests of reference counts in the language.

use super::{errors, loaded};
use crate::des::Span;
use crate::python::program::Step;
use crate::scenario::Run;

/// An interpreter whose instructions take 10 ns, on a machine whose atomic instructions take 3 ns; a thread that counts an
/// object of each kind. `counts` says how.
fn counting(counts: &str) -> String {
    format!(
        "\
gilsim: 1
title: A test
machine: {{cores: 2, platform: linux, scheduler: round_robin, costs: {{atomic_update: 3ns}}}}
python:
  opcodes: {{known: [A, B], after: [B]}}
  typical: [A, B]
  instruction: 10ns
  gil: {{policy: none}}
  reference_counts: {counts}
objects: {{one: immortal_object, f: deferred_object, list: object, mine: {{object: main}}}}
threads: [{{name: main, do: [loop: 3, body: [bytecode: [A one f, A list mine, B]]]}}]
"
    )
}

fn run_of(counts: &str) -> Run {
    loaded(&counting(counts)).runs.remove(0)
}

/// The objects that are counted, in order.
fn counted(run: &Run) -> Vec<usize> {
    let steps = &run.model.programs[run.model.threads[0].program].steps;
    let object = |step: &Step| match step {
        Step::CountReference { object } => Some(*object),
        _ => None,
    };
    steps.iter().filter_map(object).collect()
}

#[test]
fn with_plain_counts_nothing_is_counted_and_the_loop_stays_one_stretch() {
    let run = run_of("plain");
    assert!(counted(&run).is_empty());
    assert_eq!(run.model.programs[0].steps.len(), 2);
}

#[test]
fn atomic_counts_are_those_of_all_objects_and_nobody_owns_one() {
    let run = run_of("atomic");
    assert_eq!(counted(&run), [0, 1, 2, 3]);
    assert_eq!(run.model.shared_objects, [None; 4]);
}

#[test]
fn biased_counts_leave_out_what_is_immortal_or_deferred_and_spare_the_owner() {
    let run = run_of("biased");
    assert_eq!(counted(&run), [2, 3]);
    assert_eq!(run.model.shared_objects, [None, None, None, Some(0)]);
}

#[test]
fn counts_that_are_not_shared_lengthen_their_instruction() {
    let run = run_of("{are: atomic, changed_by: {A: 3, B: 2}}");
    let round = Span::from_nanos(10 + 3 + 10 + 3 + 10 + 2 * 3);
    assert!(run.model.stretches.iter().any(|stretch| stretch.round() == round));
}

#[test]
fn what_is_wrong_with_counts_is_said() {
    assert_eq!(errors(&counting("fast")), ["9:21 unknown way to count references `fast`"]);
    assert_eq!(errors(&counting("{are: atomic, changed_by: {C: 1}}")), ["9:48 unknown opcode `C`"]);
    assert_eq!(
        errors(&counting("{are: biased, changed_by: {A: 1}}")),
        ["9:47 how many counts an opcode changes matters only if they are atomic"]
    );
    let stranger = counting("biased").replace("{object: main}", "{object: other}");
    assert_eq!(errors(&stranger), ["10:82 unknown thread `other`"]);
    let unknown = counting("biased").replace("A list mine", "A lists");
    assert_eq!(errors(&unknown), ["11:65 unknown variable or object `lists`"]);
    let immortal = counting("biased").replace("one: immortal_object", "one: {immortal_object: main}");
    let message = "10:34 it makes no difference who has made an object that is not counted";
    assert_eq!(errors(&immortal)[0], message);
}
