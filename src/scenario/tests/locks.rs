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

/// A run under this scheduler with these objects.
fn with_objects(machine: &str, objects: &str) -> String {
    format!(
        "\
gilsim: 1
title: A test
machine: {{preset: linux-2-core, {machine}}}
python: cpython-3.13
objects: {objects}
threads: [{{name: main, do: [lock: guard]}}]
"
    )
}

#[test]
fn a_lock_lends_priorities_if_it_is_said_to() {
    let inherits = |objects| {
        let run = loaded(&with_objects("scheduler: fifo", objects)).runs.remove(0);
        (0..2).map(|lock| run.model.threading.inherits(lock)).collect::<Vec<_>>()
    };
    assert_eq!(inherits("{guard: lock, other: lock}"), [false, false]);
    assert_eq!(inherits("{guard: lock, other: {lock: {inherit: true}}}"), [false, true]);
    assert_eq!(inherits("{guard: {lock: {inherit: false}}, other: lock}"), [false, false]);
}

#[test]
fn only_the_real_time_scheduler_of_linux_knows_locks_that_lend_priorities() {
    let lends = "{guard: {lock: {inherit: true}}}";
    for scheduler in ["round_robin", "windows", "mach", "cfs", "eevdf"] {
        let found = errors(&with_objects(&format!("scheduler: {scheduler}"), lends));
        assert_eq!(found, [format!("5:35 no priority is inherited under `{scheduler}`")]);
    }
    let darwin = errors(&with_objects("platform: darwin, scheduler: fifo", lends));
    assert_eq!(darwin, ["5:35 no priority is inherited under `fifo` without Linux"]);
    loaded(&with_objects("scheduler: eevdf", "{guard: {lock: {inherit: false}}}"));
}

#[test]
fn what_is_wrong_with_a_lock_that_lends_priorities_is_said() {
    let errors = |objects| errors(&with_objects("scheduler: fifo", objects));
    assert_eq!(errors("{guard: {lock: 3}}")[0], "5:18 a lock has no number: write `guard: lock`");
    assert_eq!(errors("{guard: {lock: {inherit: 3}}}"), ["5:35 expected true or false, found `3`"]);
    assert_eq!(errors("{guard: {lock: {inherits: true}}}"), ["5:26 unknown key `inherits`"]);
    assert_eq!(
        errors("{guard: {rlock: {inherit: true}}}")[0],
        "5:26 expected a whole number, found a mapping"
    );
}
