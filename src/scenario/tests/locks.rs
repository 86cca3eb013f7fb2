//! Tests of what `threading.Lock` is, in the language.

use super::{errors, loaded};
use crate::python::interpreter::ThreadingLock;

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
fn only_a_py_mutex_spins() {
    assert_eq!(errors(&with_lock("  lock_spins: 40")), ["6:15 only a PyMutex spins"]);
    assert_eq!(errors(&with_lock("  lock: futex")), ["6:9 unknown kind of lock `futex`"]);
}
