//! Tests of what `threading.Lock` is, of the locks of objects and of collections of garbage, in the language.

use super::{errors, loaded};
use crate::des::{Distribution, Span};
use crate::python::interpreter::ThreadingLock;
use crate::python::program::{Pause, Step};

/// An interpreter with these lines about its locks.
fn with_lock(lines: &str) -> String {
    format!(
        "\
gilsim: 1
title: A test
machine: linux-2-core
python:
  preset: cpython-3.13
{lines}
threads: [{{name: main, do: [python: 1us]}}]
"
    )
}

#[test]
fn a_lock_is_that_of_the_platform_unless_it_is_said_to_be_a_py_mutex() {
    let lock = |lines| loaded(&with_lock(lines)).runs[0].model.threading_lock;
    assert_eq!(lock(""), ThreadingLock::Platform);
    assert_eq!(lock("  lock: py_mutex"), ThreadingLock::PyMutex { spins: 0 });
    assert_eq!(lock("  lock: py_mutex\n  lock_spins: 7"), ThreadingLock::PyMutex { spins: 7 });
}

#[test]
fn objects_have_locks_of_their_own_if_the_interpreter_says_so() {
    let locks = |lines| loaded(&with_lock(lines)).runs[0].model.object_locks;
    assert_eq!(locks(""), None);
    assert_eq!(locks("  object_locks: false\n"), None);
    assert_eq!(locks("  object_locks: true\n  lock_spins: 7"), Some(7));
}

/// A thread that operates on an object.
fn operation(step: &str, lines: &str) -> String {
    with_lock(lines)
        .replace("threads", "objects: {cache: object, guard: lock}\nthreads")
        .replace("python: 1us", &format!("c: {step}"))
}

#[test]
fn an_operation_on_an_object_takes_its_lock_and_gives_it_up_while_it_does_without_the_gil() {
    let (lock, unlock) = (Step::LockObject { object: 0 }, Step::UnlockObject { object: 0 });
    let compute = |holds_gil| Step::C { span: Distribution::Constant(Span::from_nanos(50)), holds_gil };
    let steps = |step, lines| loaded(&operation(step, lines)).runs[0].model.programs[0].steps.clone();
    let locks = "  object_locks: true";
    let held = "{for: 50ns, object: cache}";
    assert_eq!(steps(held, locks), [lock.clone(), compute(true), unlock.clone(), Step::End]);
    assert_eq!(steps(held, ""), [compute(true), Step::End]);
    let released = "{for: 50ns, gil: released, object: cache}";
    let expected = [lock.clone(), unlock.clone(), compute(false), lock, unlock, Step::End];
    assert_eq!(steps(released, locks), expected);
    assert_eq!(steps(released, ""), [compute(false), Step::End]);
}

#[test]
fn what_is_wrong_with_an_operation_on_an_object_is_said() {
    let errors = |step| errors(&operation(step, "  object_locks: true"));
    assert_eq!(errors("{for: 50ns, object: cash}"), ["8:52 unknown object `cash`"]);
    assert_eq!(
        errors("{for: 50ns, object: guard}"),
        ["8:52 a lock is not an object that C code operates on"]
    );
    assert_eq!(errors("{for: 50ns}"), ["8:32 `c` needs the key `gil`"]);
    assert_eq!(errors("{object: cache}"), ["8:32 `c` needs the key `for`"]);
}

#[test]
fn a_collection_is_a_call_and_measures_two_latencies() {
    let run = loaded(&with_lock("").replace("python: 1us", "collect: 2ms")).runs.remove(0);
    let span = Distribution::Constant(Span::from_millis(2));
    let collect = Step::Collect { span, pause: Pause { stopping: 0, whole: 1 } };
    let call = Step::Library { instructions: 5 };
    assert_eq!(run.model.programs[0].steps, [call, collect, Step::End]);
    assert_eq!(run.latency_names, ["stopping", "pause"]);
    assert_eq!(errors(&with_lock("").replace("python: 1us", "collect: often")).len(), 1);
}

#[test]
fn only_a_py_mutex_spins() {
    assert_eq!(errors(&with_lock("  lock_spins: 40")), ["6:15 only a PyMutex spins"]);
    assert_eq!(errors(&with_lock("  lock: futex")), ["6:9 unknown kind of lock `futex`"]);
}
