//! What a user is shown, to the letter.

use super::{GROUND, doing, errors, on_ground};
use crate::scenario::load;

fn shown(text: &str) -> String {
    load(text, "test.yaml", &[]).expect_err("this should not load").to_string()
}

fn check(text: &str, expected: &str) {
    assert_eq!(shown(text), expected.trim_matches('\n'));
}

#[test]
fn a_missing_version() {
    check(
        &doing("[]").replace("gilsim: 1\n", ""),
        "
error: the version of the language is missing
 --> test.yaml:1:1
  |
1 | title: A test
  | ^^^^^
  |
  = help: begin the file with `gilsim: 1`",
    );
}

#[test]
fn an_unknown_version_and_nothing_else() {
    check(
        "gilsim: 2\nwhatever: 1\n",
        "
error: unknown version of the language: `2`
 --> test.yaml:1:9
  |
1 | gilsim: 2
  |         ^
  |
  = help: known is 1",
    );
}

#[test]
fn an_unknown_key_with_a_suggestion() {
    check(
        &on_ground("thread: []\nthreads: [{name: a, do: []}]"),
        "
error: unknown key `thread`
 --> test.yaml:9:1
  |
9 | thread: []
  | ^^^^^^
  |
  = help: did you mean `threads`?",
    );
}

#[test]
fn a_text_that_was_ended_by_a_comma() {
    check(
        &doing("[]").replace("title: A test", "title: A test\nruns: {a: {about: one, two three}}"),
        "
error: unknown key `two three`
 --> test.yaml:3:24
  |
3 | runs: {a: {about: one, two three}}
  |                        ^^^^^^^^^
  |
  = help: put a text with a comma in quotes",
    );
}

#[test]
fn a_duplicate_key() {
    check(
        &doing("[]").replace("title: A test\n", "title: A test\ntitle: Again\n"),
        "
error: the key `title` is given twice
 --> test.yaml:3:1
  |
3 | title: Again
  | ^^^^^
  |
  = help: remove one of them",
    );
}

#[test]
fn broken_yaml() {
    check(
        "gilsim: 1\ntitle: [a, b\nseed: 1\n",
        "
error: not valid YAML: illegal placement of ':' indicator
 --> test.yaml:3:5
  |
3 | seed: 1
  |     ^
  |
  = help: check brackets, quotes and indentation, here and in the lines above",
    );
}

#[test]
fn an_empty_file() {
    check(
        "",
        "
error: there is nothing here
 --> test.yaml:1:1
  |
1 |
  | ^
  |
  = help: a scenario begins with `gilsim: 1`",
    );
}

#[test]
fn a_time_without_a_unit() {
    check(
        &doing("[python: 5]"),
        "
error: a time needs a unit
 --> test.yaml:9:37
  |
9 | threads: [{name: main, do: [python: 5]}]
  |                                     ^
  |
  = help: write 5ms or 5s, whichever it is",
    );
}

#[test]
fn a_negative_count() {
    check(
        &doing("[ticks: -3]"),
        "
error: `-3` is negative
 --> test.yaml:9:36
  |
9 | threads: [{name: main, do: [ticks: -3]}]
  |                                    ^^
  |
  = help: write a whole number such as 100_000_000",
    );
}

#[test]
fn zero_cores() {
    check(
        &doing("[]").replace("cores: 2", "cores: 0"),
        "
error: 0 is out of range: from 1 to 512
 --> test.yaml:3:18
  |
3 | machine: {cores: 0, platform: linux, scheduler: round_robin}
  |                  ^",
    );
}

#[test]
fn an_unknown_preset() {
    check(
        "gilsim: 1\ntitle: A test\nmachine: macbok-2009\npython: cpython-3.9\nthreads: [{name: a, do: []}]\n",
        "
error: unknown machine preset `macbok-2009`
 --> test.yaml:3:10
  |
3 | machine: macbok-2009
  |          ^^^^^^^^^^^
  |
  = help: did you mean `macbook-2009`?",
    );
}

#[test]
fn an_undefined_function() {
    check(
        &on_ground("functions: {count: []}\nthreads: [{name: a, do: [call: cuont]}]\n"),
        "
error: unknown function `cuont`
  --> test.yaml:10:32
   |
10 | threads: [{name: a, do: [call: cuont]}]
   |                                ^^^^^
   |
   = help: did you mean `count`?",
    );
}

#[test]
fn a_recursion() {
    check(
        &on_ground("functions:\n  a: [call: b]\n  b: [call: a]\nthreads: [{name: a, do: [call: a]}]\n"),
        "
error: functions call each other in a circle: a -> b -> a
  --> test.yaml:11:7
   |
11 |   b: [call: a]
   |       ^^^^
   |
   = help: use a loop",
    );
}

#[test]
fn an_unknown_opcode() {
    check(
        &doing("[bytecode: [A, X]]")
            .replace("[A, B, C]", "[LOAD, STORE]")
            .replace("[A, X]", "[LAOD]")
            .replace("after: [B]", "after: [STORE]")
            .replace("typical: [A, B]", "typical: [LOAD, STORE]"),
        "
error: unknown opcode `LAOD`
 --> test.yaml:9:40
  |
9 | threads: [{name: main, do: [bytecode: [LAOD]]}]
  |                                        ^^^^
  |
  = help: did you mean `LOAD`?",
    );
}

#[test]
fn an_unknown_run_and_an_unknown_metric_in_one_pass() {
    check(
        &on_ground(
            "threads: [{name: a, do: []}]\nruns: {one core: {}, threaded: {}}\nexpect:\n\
             \x20 - {that: one coer.makespan / threaded.makespan, above: 1}\n\
             \x20 - {that: threaded.makspan, below: 2s}\n",
        ),
        "
error: unknown run `one coer`
  --> test.yaml:12:12
   |
12 |   - {that: one coer.makespan / threaded.makespan, above: 1}
   |            ^^^^^^^^
   |
   = help: did you mean `one core`?

error: unknown metric `makspan`
  --> test.yaml:13:21
   |
13 |   - {that: threaded.makspan, below: 2s}
   |                     ^^^^^^^
   |
   = help: did you mean `makespan`?",
    );
}

#[test]
fn an_override_is_shown_as_it_was_typed() {
    let overrides = ["machine.cores=zero".to_owned()];
    let shown = load(&doing("[]"), "test.yaml", &overrides).expect_err("no number").to_string();
    let expected = "\
error: `zero` is not a whole number
 --> --set:1:15
  |
1 | machine.cores=zero
  |               ^^^^
  |
  = help: write a whole number such as 100_000_000";
    assert_eq!(shown, expected);
}

#[test]
fn all_errors_come_in_one_pass_in_the_order_of_the_file() {
    let text = "\
gilsim: 1
sead: 4
machine: {cores: 0, platform: windows, scheduler: {cfs: {tik: 1ms}}}
python: cpython-9.9
functions: {f: [jump: 1, python: fast]}
threads: [{do: [call: g]}]
until: 5
";
    assert_eq!(
        errors(text),
        [
            "1:1 a scenario needs the key `title`",
            "2:1 unknown key `sead`",
            "3:18 0 is out of range: from 1 to 512",
            "3:31 unknown platform `windows`",
            "3:58 unknown key `tik`",
            "4:9 unknown python preset `cpython-9.9`",
            "5:17 unknown step `jump`",
            "5:34 `fast` is not a time",
            "6:11 a thread needs the key `name`",
            "6:23 unknown function `g`",
            "7:8 a time needs a unit",
        ]
    );
}

#[test]
fn an_error_that_several_runs_share_is_shown_once() {
    let text = on_ground("threads: [{name: a, do: [python: 1]}]\nruns: {a: {}, b: {}, c: {like: b}}\n");
    assert_eq!(errors(&text), ["9:34 a time needs a unit"]);
}

#[test]
fn an_error_at_the_end_of_the_file_is_shown_there() {
    let text = format!("{GROUND}threads: [{{name: a");
    assert!(shown(&text).contains("test.yaml:9:"), "{}", shown(&text));
}

#[test]
fn tasks_without_an_event_loop() {
    check(
        &on_ground("threads: [{name: a, tasks: [{do: [await: {sleep: 1s}]}]}]"),
        "
error: tasks need an event loop
 --> test.yaml:9:28
  |
9 | threads: [{name: a, tasks: [{do: [await: {sleep: 1s}]}]}]
  |                            ^
  |
  = help: add `loop: asyncio` or `loop: gevent`",
    );
}

#[test]
fn an_await_outside_of_a_task() {
    check(
        &doing("[await: {sleep: 1s}]"),
        "
error: only a task of an event loop can `await`
 --> test.yaml:9:29
  |
9 | threads: [{name: main, do: [await: {sleep: 1s}]}]
  |                             ^^^^^
  |
  = help: give the thread an event loop: `loop: asyncio` and `tasks` in place of `do`",
    );
}

#[test]
fn an_unknown_event_loop_and_something_that_nobody_can_await() {
    check(
        &on_ground("threads: [{name: a, loop: asynco, tasks: [{do: [await: {slep: 1s}]}]}]"),
        "
error: unknown event loop `asynco`
 --> test.yaml:9:27
  |
9 | threads: [{name: a, loop: asynco, tasks: [{do: [await: {slep: 1s}]}]}]
  |                           ^^^^^^
  |
  = help: did you mean `asyncio`?

error: unknown key `slep`
 --> test.yaml:9:57
  |
9 | threads: [{name: a, loop: asynco, tasks: [{do: [await: {slep: 1s}]}]}]
  |                                                         ^^^^
  |
  = help: did you mean `sleep`?",
    );
}

#[test]
fn too_many_descriptors_for_select() {
    check(
        &on_ground(
            "threads: [{name: a, loop: {kind: asyncio, selector: select, idle: 2000}, tasks: [{do: [python: 1us]}]}]",
        ),
        "
error: `select` watches at most 1024 descriptors, and this loop has more
 --> test.yaml:9:67
  |
9 | threads: [{name: a, loop: {kind: asyncio, selector: select, idle: 2000}, tasks: [{do: [python: 1us]}]}]
  |                                                                   ^^^^
  |
  = help: use `poll` or `epoll`",
    );
}

#[test]
fn a_lock_that_is_awaited_and_a_queue_that_is_not() {
    check(
        &on_ground(
            "objects: {a: lock, b: async_queue}\nthreads: [{name: a, loop: asyncio, tasks: [{do: [await: {acquire: a}, put: b]}]}]",
        ),
        "
error: a lock blocks its thread and cannot be awaited
  --> test.yaml:10:67
   |
10 | threads: [{name: a, loop: asyncio, tasks: [{do: [await: {acquire: a}, put: b]}]}]
   |                                                                   ^
   |
   = help: make it an `async_semaphore` or an `async_queue`, or leave `await` out

error: an async_queue is awaited
  --> test.yaml:10:76
   |
10 | threads: [{name: a, loop: asyncio, tasks: [{do: [await: {acquire: a}, put: b]}]}]
   |                                                                            ^
   |
   = help: write `await: {put: ...}`",
    );
}

#[test]
fn a_task_that_never_ends_in_a_thread_that_is_no_daemon() {
    check(
        &on_ground(
            "threads: [{name: a, loop: asyncio, tasks: [{do: [loop: forever, body: [await: {sleep: 1s}]]}]}]",
        ),
        "
error: nothing ends this run: this thread loops forever and is no daemon
 --> test.yaml:9:11
  |
9 | threads: [{name: a, loop: asyncio, tasks: [{do: [loop: forever, body: [await: {sleep: 1s}]]}]}]
  |           ^
  |
  = help: give the run an `until`, such as `until: 10s`",
    );
}
