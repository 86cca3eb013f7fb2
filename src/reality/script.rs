//! The Python program that does what a run of a scenario does, as far as there is one.

use std::fmt::Write;

use crate::os::affinity::CoreSet;
use crate::os::attributes::Attributes;
use crate::python::interpreter::GilConfig;
use crate::reality::expressible::{self, Unwritable, unwritable};
use crate::reality::program::{self, Bytecode};
use crate::reality::values::quoted;
use crate::reality::{messages, objects, updates};
use crate::scenario::{self, Run};
use crate::sim::{Model, ThreadSpec};

const PRELUDE: &str = include_str!("prelude.py");
/// What users outside the machine do, for the runs that have some.
const USERS: &str = include_str!("users.py");

/// The Python program for a run.
///
/// Bytecode is written as rounds of the countdown `while n > 0: n -= 1` or as changes of shared variables, and so must be
/// that. Input and output is written as a sleep, C code as a search through a list (keeps the GIL) or a checksum (releases
/// it), a channel as a pair of sockets, users as another process. CPython 3.11 and later specialise a countdown that is
/// called often, and then execute it faster than the one long call after which the presets price their instructions.
///
/// # Errors
/// If the run has something that no Python program could do, or that this one cannot.
pub fn script(run: &Run) -> Result<String, Unwritable> {
    let model = &run.model;
    expressible::check(run)?;
    let bytecode = bytecode(run)?;
    let mut text = PRELUDE.to_owned();
    if !model.clients.is_empty() {
        let _ = write!(text, "\n\n{USERS}");
    }
    text.push('\n');
    let _ = writeln!(text, "latencies = [[] for _ in range({})]", model.latencies);
    text.push_str(&interval(model.gil));
    text.push_str(&objects::made(&model.threading));
    text.push_str(&messages::made(run)?);
    text.push_str(&updates::made(model.variables));
    for (index, program) in model.programs.iter().enumerate() {
        text.push_str(&program::function(run, &bytecode, index, program)?);
    }
    text.push_str("\n\nif __name__ == \"__main__\":\n    run([\n");
    for (thread, name) in model.threads.iter().zip(&run.thread_names) {
        text.push_str(&format!("        {},\n", thread_entry(thread, name, model)));
    }
    let until = model.until.map_or("None".to_owned(), |time| time.as_secs().to_string());
    // One unbound thread is as fast on any number of cores.
    let is_alone = model.threads.len() == 1 && model.clients.is_empty();
    let cores = if is_alone { "None".to_owned() } else { model.machine.cores.to_string() };
    text.push_str(&format!("    ], {cores}, {until})\n"));
    Ok(text)
}

/// What the run's interpreter compiles Python to.
fn bytecode(run: &Run) -> Result<Bytecode, Unwritable> {
    match run.python_name.as_deref().map(scenario::interpreter) {
        Some(Ok(interpreter)) => {
            Ok(Bytecode { opcodes: interpreter.opcodes, countdown: interpreter.typical })
        }
        _ => unwritable("its interpreter is not a preset that comes with gilsim"),
    }
}

/// The line that sets the interval of the lock.
fn interval(gil: GilConfig) -> String {
    match gil {
        GilConfig::CheckInterval { interval, .. } => format!("sys.setcheckinterval({interval})\n"),
        GilConfig::SwitchInterval { interval, .. } => {
            format!("sys.setswitchinterval({})\n", interval.as_secs())
        }
        _ => String::new(),
    }
}

/// `(program_0, "name", False, 0.5, [0, 1], 0)`.
fn thread_entry(thread: &ThreadSpec, name: &str, model: &Model) -> String {
    let Attributes { cores, nice, priority: _ } = thread.attributes;
    let daemon = if thread.daemon { "True" } else { "False" };
    let cores = if cores == CoreSet::ALL {
        "None".to_owned()
    } else {
        let cores = (0..model.machine.cores).filter(|core| cores.contains(*core));
        format!("{:?}", cores.collect::<Vec<_>>())
    };
    let start = if thread.started_by_step { "None".to_owned() } else { thread.start.as_secs().to_string() };
    format!("(program_{}, {}, {daemon}, {start}, {cores}, {nice})", thread.program, quoted(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The script of the only run of a scenario for linux-2-core with these lines more.
    fn written(lines: &str) -> Result<String, String> {
        let text = format!("gilsim: 1\ntitle: t\nmachine: linux-2-core\n{lines}\n");
        let scenario = scenario::load(&text, "test", &[]).unwrap_or_else(|errors| panic!("{errors}"));
        script(&scenario.runs[0]).map_err(|why| why.to_string())
    }

    /// What comes after the part that all scripts share.
    fn doing(steps: &str) -> Result<String, String> {
        let script = written(&format!("python: cpython-3.9\nthreads: [{{name: a, do: {steps}}}]"))?;
        Ok(script.strip_prefix(PRELUDE).unwrap().to_owned())
    }

    #[test]
    fn python_time_is_written_as_rounds_of_the_countdown() {
        // A round of nine instructions of 4.21 ns each takes 37.89 ns.
        assert!(doing("[python: 1ms]").unwrap().contains("def program_0():\n    count(26767)\n    return\n"));
    }

    #[test]
    fn loops_are_written_as_loops() {
        let lines = "until: 1s\nthreads: [{name: a, do: [loop: 3, body: [sleep: 1ms, loop: forever, body: [sleep: 2us]]]}]";
        let script = written(&format!("python: cpython-3.9\n{lines}")).unwrap();
        let body = "    for _ in repeat(None, 3):\n        time.sleep(0.001)\n        while True:\n            \
                    time.sleep(0.000002)\n    return\n";
        assert!(script.contains(body), "{script}");
    }

    #[test]
    fn random_durations_are_drawn() {
        let script =
            doing("[sleep: {uniform: [1ms, 2ms]}, io: {log_normal: {median: 1ms, sigma: 0.5}}]").unwrap();
        assert!(script.contains("    time.sleep(random.uniform(0.001, 0.002))\n"), "{script}");
        assert!(script.contains("    time.sleep(0.001 * random.lognormvariate(0, 0.5))\n"), "{script}");
    }

    #[test]
    fn c_code_is_prepared_before_the_clock_starts() {
        let script = doing("[c: {for: 3ms, gil: held}]").unwrap();
        assert!(
            script.contains("\nc_0_0 = c_call(search, 0.003)\n\n\ndef program_0():\n    c_0_0()\n"),
            "{script}"
        );
    }

    #[test]
    fn threads_have_their_names_cores_beginnings_and_nice_values() {
        let script = written(
            "python: {preset: cpython-3.9, gil: {interval: 1ms}}\nuntil: 1s\n\
             threads: [{name: \"\u{e9}\", do: []}, {name: b, daemon: true, start: 2ms, nice: 5, do: []}]",
        )
        .unwrap();
        assert!(script.contains("\nsys.setswitchinterval(0.001)\n"), "{script}");
        let end = "    run([\n        (program_0, \"\\u00e9\", False, 0, None, 0),\n        \
                   (program_1, \"b\", True, 0.002, None, 5),\n    ], 2, 1)\n";
        assert!(script.ends_with(end), "{script}");
    }

    #[test]
    fn objects_are_made_and_their_methods_called() {
        let script = written(
            "python: cpython-3.9\nobjects: {l: lock, q: {queue: 2}}\n\
             threads: [{name: a, do: [with: l, body: [put: q], start: b, join: b]}, {name: b, do: [get: q]}]",
        )
        .unwrap();
        assert!(script.contains("\nqueues = [Queue(2)]\n"), "{script}");
        let body = "    with locks[0]:\n        queues[0].put(None)\n    \
                    threads[1].start()\n    threads[1].join()\n    return\n";
        assert!(script.contains(body), "{script}");
        assert!(script.contains("(program_1, \"b\", False, None, None, 0),\n"), "{script}");
    }

    #[test]
    fn what_no_cpython_on_linux_does_is_not_written() {
        let with = |python: &str| {
            written(&format!("python: {python}\nthreads: [{{name: a, do: [python: 1ms]}}]")).unwrap_err()
        };
        let lock = "its lock is not that of Linux";
        assert_eq!(with("{preset: cpython-2.7.18, gil: {lock: handoff}}"), lock);
        let forced = "every CPython waits after a drop request";
        assert_eq!(with("{preset: cpython-3.9, gil: {forced_switching: false}}"), forced);
        let own = "{opcodes: {known: [A], after: [A]}, typical: [A], instruction: 1ns, gil: {policy: switch_interval}}";
        assert_eq!(with(own), "its interpreter is described in the scenario, and builds on no preset");
    }

    /// Why a run with these steps, and these lines more, is not written.
    fn refusal(lines: &str) -> String {
        written(lines).unwrap_err()
    }

    const THREADS: &str = "threads: [{name: a, do: [python: 1ms]}]";

    #[test]
    fn what_is_held_in_a_with_is_released_on_the_way_out() {
        let script = written(
            "python: cpython-3.11\nobjects: {l: lock, r: rlock, c: condition, s: semaphore}\n\
             threads: [{name: a, do: [with: l, body: [with: r, body: []], with: c, body: [notify: c], acquire: s]}]",
        )
        .unwrap();
        let body = "    with locks[0]:\n        with rlocks[0]:\n            pass\n    with rlocks[1]:\n        \
                    conditions[0].notify()\n    semaphores[0].acquire()\n    return\n";
        assert!(script.contains(body), "{script}");
    }

    #[test]
    fn only_the_fair_schedulers_of_linux_are_those_of_the_real_machine() {
        for (scheduler, name) in [("fifo", "fifo"), ("round_robin", "round_robin"), ("windows", "windows")] {
            let machine = format!("machine: {{preset: linux-2-core, scheduler: {scheduler}}}");
            let text = format!("gilsim: 1\ntitle: t\n{machine}\npython: cpython-3.9\n{THREADS}\n");
            let scenario = scenario::load(&text, "test", &[]).unwrap_or_else(|errors| panic!("{errors}"));
            let why = script(&scenario.runs[0]).unwrap_err().to_string();
            assert_eq!(why, format!("its scheduler is `{name}`, and that of Linux is `cfs` or `eevdf`"));
        }
    }

    #[test]
    fn what_comes_from_outside_besides_requests_is_not_written() {
        let signals = "signals: [{name: s, at: 1ms, handler: [python: 1us]}]";
        assert_eq!(
            refusal(&format!("python: cpython-3.9\n{signals}\n{THREADS}")),
            "it has signals from outside"
        );
    }

    #[test]
    fn an_interpreter_that_differs_from_its_preset_is_not_written() {
        let why = refusal(&format!("python: {{preset: cpython-3.9, lock_tries_first: false}}\n{THREADS}"));
        assert_eq!(why, "its interpreter differs from cpython-3.9 in more than speed and interval");
        assert!(written(&format!("python: {{preset: cpython-3.9, instruction: 9ns}}\n{THREADS}")).is_ok());
    }

    #[test]
    fn threads_that_are_no_threads_of_one_interpreter_are_not_written() {
        let with = |thread: &str| refusal(&format!("python: cpython-3.9\nthreads: [{thread}]"));
        let native = with("{name: a, native: true, do: [c: {for: 1ms, gil: released}]}");
        assert_eq!(native, "it has threads that run no Python");
        let own = with("{name: a, do: []}, {name: b, process: own, do: []}");
        assert_eq!(own, "it has other than the threads of one interpreter");
        let tasks = with("{name: a, loop: asyncio, tasks: [{name: t, do: [await: {sleep: 1ms}]}]}");
        assert_eq!(tasks, "it has an event loop");
    }

    #[test]
    fn a_shared_variable_is_one_again() {
        let add = |steps: &str| {
            written(&format!(
                "python: cpython-3.9\nobjects: {{x: variable}}\nthreads: [{{name: a, do: {steps}}}]"
            ))
        };
        let script = add("[add: x, add: {to: x, value: -2}]").unwrap();
        let body = "    global variable_0\n    variable_0 += 1\n    variable_0 -= 2\n    return\n";
        assert!(script.contains(body), "{script}");
        let round = "[FOR_ITER, STORE_FAST, LOAD_GLOBAL x, LOAD_CONST, INPLACE_ADD, STORE_GLOBAL x += 1, JUMP_ABSOLUTE]";
        let script = add(&format!("[loop: 9, body: [bytecode: {round}]]")).unwrap();
        assert!(
            script.contains("    for _ in repeat(None, 9):\n        variable_0 += 1\n    return\n"),
            "{script}"
        );
        let why = add(&format!("[bytecode: {round}]")).unwrap_err();
        assert_eq!(why, "it changes a shared variable in other bytecode than that of `x += 1`");
    }

    #[test]
    fn a_pool_takes_tasks_from_a_queue_and_gathers_results_from_another() {
        let script = written(
            "python: cpython-3.11\npools: {p: {workers: 2, do: [sleep: 1ms]}}\n\
             threads: [{name: a, do: [{loop: 5, body: [submit: p]}, gather: p]}]",
        )
        .unwrap();
        let body = "    submitted_0 = 0\n    for _ in repeat(None, 5):\n        queues[0].put(None)\n        \
                    submitted_0 += 1\n    while True:\n        if not submitted_0:\n            break\n        \
                    submitted_0 -= 1\n        queues[1].get()\n    return\n";
        assert!(script.contains(body), "{script}");
    }

    const SERVER: &str =
        "{name: server, daemon: true, do: [loop: forever, body: [recv: echo, python: 1us, reply: echo]]}";

    #[test]
    fn users_are_a_process_of_their_own_and_a_channel_is_a_pair_of_sockets() {
        let script = written(&format!(
            "python: cpython-3.9\nuntil: 1s\nthreads: [{SERVER}]\nclients:\n  \
             - {{channel: echo, closed: {{users: 3, think: 2ms}}, requests: 40}}\n  \
             - {{channel: echo, open: {{every: {{exponential: 1ms}}}}}}"
        ))
        .unwrap();
        let users = "into_0, out_0 = channel()\noutside_0, answered_0 = channel()\nusers = [\n    \
                     (into_0, outside_0, answered_0, 0, 3, lambda: 0.002, False, 40),\n    \
                     (into_0, outside_0, answered_0, 0, 1, lambda: 0.001 * random.expovariate(1), True, None),\n]\n";
        assert!(script.contains(users), "{script}");
        let serving = "    message_0 = nobody\n    while True:\n        message_0 = read(out_0, 64)\n        \
                       count(27)\n        write(outside_0, message_0)\n    return\n";
        assert!(script.contains(serving), "{script}");
    }

    #[test]
    fn a_thread_that_asks_is_answered_through_a_channel_of_its_own() {
        let script = written(&format!(
            "python: cpython-3.9\nthreads: [{SERVER}, {{name: a, do: [request: echo, send: echo]}}]"
        ))
        .unwrap();
        let asking = "    tag, answers_in = asker()\n    asked = now()\n    write(into_0, tag)\n    \
                      read(answers_in, 64)\n    latencies[0].append(now() - asked)\n    write(into_0, nobody)\n";
        assert!(script.contains(asking), "{script}");
        assert!(script.contains("        write(answers.get(message_0, outside_0), message_0)\n"), "{script}");
    }

    #[test]
    fn a_channel_with_other_room_than_a_socket_is_not_written_if_that_can_matter() {
        let with = |clients: &str| {
            written(&format!(
                "python: cpython-3.9\nuntil: 1s\nchannels: {{echo: {{capacity: 9}}}}\nthreads: [{SERVER}]\n\
                 clients: [{{channel: echo, {clients}}}]"
            ))
        };
        assert!(with("closed: {users: 9}").is_ok());
        let why = with("open: {every: 1ms}").unwrap_err();
        assert_eq!(why, "its channel `echo` has room for 9 messages, a socket for 278");
    }

    #[test]
    fn other_bytecode_than_the_countdown_is_not_written() {
        let refused = doing("[bytecode: [LOAD_FAST, JUMP_ABSOLUTE]]").unwrap_err();
        assert_eq!(refused, "it has bytecode other than that of the countdown");
    }
}
