//! The Python program that does what a run of a scenario does, as far as there is one.

use std::fmt::Write;

use crate::des::{Distribution, Span};
use crate::os::affinity::CoreSet;
use crate::python::interpreter::{GilConfig, LockKind};
use crate::python::opcodes::OpcodeTable;
use crate::python::program::{Program, Step};
use crate::python::stretch::{Instruction, Stretch};
use crate::python::threading::Call;
use crate::reality::objects;
use crate::scenario::{self, Run};
use crate::sim::{Model, ThreadSpec};

const PRELUDE: &str = include_str!("prelude.py");
/// A program with more steps than this is not written out.
const MOST_STEPS: usize = 20_000;
/// CPython nests no more blocks than 20 (`CO_MAXBLOCKS`).
const MOST_BLOCKS: usize = 18;
/// zlib releases the GIL for more than 5 KiB (`zlibmodule.c`), which take a few microseconds.
const SHORTEST_RELEASE: Span = Span::from_micros(10);

/// Why a run cannot be done by a Python program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unwritable(String);

fn unwritable<T>(why: impl Into<String>) -> Result<T, Unwritable> {
    Err(Unwritable(why.into()))
}

/// The Python program for a run.
///
/// Bytecode is written as rounds of the countdown `while n > 0: n -= 1`, and so must be that. Input and output is
/// written as a sleep, C code as a search through a list (keeps the GIL) or a checksum (releases it). CPython 3.11 and
/// later specialise a countdown that is called often, and then execute it faster than the one long call after which the
/// presets price their instructions.
///
/// # Errors
/// If the run has something that no Python program could do, or that this one cannot yet.
pub fn script(run: &Run) -> Result<String, Unwritable> {
    let model = &run.model;
    let countdown = countdown(run)?;
    if matches!(model.gil, GilConfig::CheckInterval { .. }) && model.threading.barriers().next().is_some() {
        return unwritable("there are no barriers before CPython 3.2");
    }
    if model.interpreters != 1 || model.threads.iter().any(|thread| thread.interpreter.is_none()) {
        return unwritable("it has other than the threads of one interpreter");
    }
    let mut text = PRELUDE.to_owned();
    text.push('\n');
    let _ = writeln!(text, "latencies = [[] for _ in range({})]", model.latencies);
    text.push_str(&interval(model.gil)?);
    text.push_str(&objects::made(&model.threading));
    for (index, program) in model.programs.iter().enumerate() {
        let writer = Writer { run, countdown: &countdown, constants: String::new(), body: String::new() };
        text.push_str(&writer.program(index, program)?);
    }
    text.push_str("\n\nif __name__ == \"__main__\":\n    run([\n");
    for (thread, name) in model.threads.iter().zip(&run.thread_names) {
        text.push_str(&format!("        {},\n", thread_entry(thread, name, model)));
    }
    let until = model.until.map_or("None".to_owned(), |time| time.as_secs().to_string());
    // One unbound thread is as fast on any number of cores.
    let cores = if model.threads.len() == 1 { "None".to_owned() } else { model.machine.cores.to_string() };
    text.push_str(&format!("    ], {cores}, {until})\n"));
    Ok(text)
}

/// The opcode table and the typical loop of the run's interpreter, which must be the countdown of its version.
fn countdown(run: &Run) -> Result<(OpcodeTable, Vec<String>), Unwritable> {
    let Some(name) = &run.python_name else {
        return unwritable("its interpreter is described in the scenario, and builds on no preset");
    };
    match scenario::interpreter(name) {
        Ok(interpreter) => Ok((interpreter.opcodes, interpreter.typical)),
        Err(_) => unwritable(format!("{name} is not a preset that comes with gilsim")),
    }
}

/// The line that sets the interval of the lock.
fn interval(gil: GilConfig) -> Result<String, Unwritable> {
    match gil {
        GilConfig::CheckInterval { interval, lock: LockKind::Semaphore, .. } => {
            Ok(format!("sys.setcheckinterval({interval})\n"))
        }
        GilConfig::CheckInterval { .. } => unwritable("its lock is not that of Linux"),
        GilConfig::SwitchInterval { interval, forced_switching: true, .. } => {
            Ok(format!("sys.setswitchinterval({})\n", interval.as_secs()))
        }
        GilConfig::SwitchInterval { .. } => unwritable("every CPython waits after a drop request"),
        GilConfig::None => unwritable("its interpreter has no lock"),
        GilConfig::RoundRobin { .. }
        | GilConfig::Priority { .. }
        | GilConfig::Bfs { .. }
        | GilConfig::Pypy { .. }
        | GilConfig::Ruby { .. } => unwritable("its lock is not one of CPython"),
    }
}

/// `(program_0, "name", False, 0.5, [0, 1])`.
fn thread_entry(thread: &ThreadSpec, name: &str, model: &Model) -> String {
    let daemon = if thread.daemon { "True" } else { "False" };
    let cores = if thread.attributes.cores == CoreSet::ALL {
        "None".to_owned()
    } else {
        let cores = (0..model.machine.cores).filter(|core| thread.attributes.cores.contains(*core));
        format!("{:?}", cores.collect::<Vec<_>>())
    };
    let start = if thread.started_by_step { "None".to_owned() } else { thread.start.as_secs().to_string() };
    format!("(program_{}, {}, {daemon}, {start}, {cores})", thread.program, quoted(name))
}

/// Writes one program.
struct Writer<'a> {
    run: &'a Run,
    countdown: &'a (OpcodeTable, Vec<String>),
    /// What is made before the clock starts.
    constants: String,
    body: String,
}

impl Writer<'_> {
    fn program(mut self, index: usize, program: &Program) -> Result<String, Unwritable> {
        if program.steps.len() > MOST_STEPS {
            return unwritable(format!("it has more than {MOST_STEPS} steps"));
        }
        if program.loop_depth() > MOST_BLOCKS {
            return unwritable(format!("it has more than {MOST_BLOCKS} loops within each other"));
        }
        let mut depth = 1;
        for (position, step) in program.steps.iter().enumerate() {
            match step {
                Step::LoopStart { count, .. } => {
                    let head = match count {
                        Some(count) => format!("for _ in repeat(None, {}):", (*count).min(i64::MAX as u64)),
                        None => "while True:".to_owned(),
                    };
                    self.line(depth, &head);
                    depth += 1;
                    if matches!(program.steps.get(position + 1), Some(Step::LoopEnd { .. })) {
                        self.line(depth, "pass");
                    }
                }
                Step::LoopEnd { .. } => depth -= 1,
                Step::End => self.line(depth, "return"),
                _ => {
                    let text = self.action(step, &format!("c_{index}_{position}"))?;
                    self.line(depth, &text);
                }
            }
        }
        Ok(format!("{}\n\ndef program_{index}():\n{}", self.constants, self.body))
    }

    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.body, "{:indent$}{text}", "", indent = 4 * depth);
    }

    /// What a step that is not part of a loop's frame does. `name` is free for what it needs.
    fn action(&mut self, step: &Step, name: &str) -> Result<String, Unwritable> {
        match step {
            Step::Run { stretch, span } => self.rounds(*stretch, *span),
            Step::Sleep { span } => Ok(format!("time.sleep({})", seconds(span))),
            Step::C { span, holds_gil } => self.c_call(span, *holds_gil, name),
            Step::Io { work, wait, device: None } if work.constant() == Some(Span::ZERO) => {
                if wait.constant() == Some(Span::ZERO) {
                    return unwritable("it has input or output that completes at once");
                }
                Ok(format!("time.sleep({})", seconds(wait)))
            }
            Step::Io { .. } => unwritable("it has input or output that works in the kernel, or on a device"),
            Step::BeginMark { latency } => Ok(format!("begin_{latency} = now()")),
            Step::EndMark { latency } => Ok(format!("latencies[{latency}].append(now() - begin_{latency})")),
            Step::Call(Call::Acquire(lock) | Call::Release(lock))
                if self.run.model.threading.inherits(*lock) =>
            {
                unwritable("no lock of Python lends its holder a priority")
            }
            Step::Call(call) => Ok(objects::called(*call).unwrap_or_else(|| "pass".to_owned())),
            _ => unwritable("it has channels, or other steps that are not written out yet"),
        }
    }

    /// A stretch that is the interpreter's countdown, for as many rounds as are next to its time.
    fn rounds(&self, index: usize, span: Span) -> Result<String, Unwritable> {
        let stretch = &self.run.model.stretches[index];
        let (opcodes, typical) = self.countdown;
        let names: Vec<&str> = typical.iter().map(String::as_str).collect();
        let facts = opcodes.classify(&names, true);
        let cost = Span::from_picos(stretch.round().picos() / facts.len() as u64);
        let instructions: Vec<Instruction> = facts
            .iter()
            .map(|facts| Instruction { cost, tick: facts.tick, may_check: facts.may_check })
            .collect();
        if cost.is_zero() || *stretch != Stretch::new(&instructions) {
            return unwritable("it has bytecode other than that of the countdown");
        }
        let round = stretch.round().picos();
        Ok(format!("count({})", span.picos() / round + u64::from(span.picos() % round >= round.div_ceil(2))))
    }

    fn c_call(&mut self, span: &Distribution, holds_gil: bool, name: &str) -> Result<String, Unwritable> {
        let Some(span) = span.constant() else {
            return unwritable("it has C code of random length");
        };
        if !holds_gil && span < SHORTEST_RELEASE {
            return unwritable(format!("it has C code of less than {SHORTEST_RELEASE} without the GIL"));
        }
        let work = if holds_gil { "search" } else { "checksum" };
        let _ = writeln!(self.constants, "{name} = c_call({work}, {})", span.as_secs());
        Ok(format!("{name}()"))
    }
}

/// A duration as a Python expression in seconds.
fn seconds(distribution: &Distribution) -> String {
    match distribution {
        Distribution::Constant(span) => span.as_secs().to_string(),
        Distribution::Uniform { low, high } => {
            format!("random.uniform({}, {})", low.as_secs(), high.as_secs())
        }
        Distribution::Exponential { mean } => format!("{} * random.expovariate(1)", mean.as_secs()),
        Distribution::LogNormal { median, sigma } => {
            format!("{} * random.lognormvariate(0, {sigma})", median.as_secs())
        }
        Distribution::Pareto { minimum, alpha } => {
            format!("{} * random.paretovariate({alpha})", minimum.as_secs())
        }
        Distribution::Empirical { quantiles } => {
            // A single quantile is twice as good.
            let values = quantiles.iter().chain(quantiles.last().filter(|_| quantiles.len() == 1));
            let values: Vec<String> = values.map(|span| span.as_secs().to_string()).collect();
            format!("empirical({})", values.join(", "))
        }
    }
}

/// A text as a Python literal: what JSON makes of it, beyond ASCII escaped, so that 2.7 reads it too.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut units = [0; 2];
    json.chars()
        .map(|letter| match letter {
            ' '..='~' => letter.to_string(),
            _ => letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        })
        .collect()
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
    fn threads_have_their_names_cores_and_beginnings() {
        let script = written(
            "python: {preset: cpython-3.9, gil: {interval: 1ms}}\nuntil: 1s\n\
             threads: [{name: \"\u{e9}\", do: []}, {name: b, daemon: true, start: 2ms, do: []}]",
        )
        .unwrap();
        assert!(script.contains("\nsys.setswitchinterval(0.001)\n"), "{script}");
        let end = "    run([\n        (program_0, \"\\u00e9\", False, 0, None),\n        \
                   (program_1, \"b\", True, 0.002, None),\n    ], 2, 1)\n";
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
        let body = "    locks[0].acquire()\n    queues[0].put(None)\n    locks[0].release()\n    \
                    threads[1].start()\n    threads[1].join()\n    return\n";
        assert!(script.contains(body), "{script}");
        assert!(script.contains("(program_1, \"b\", False, None, None),\n"), "{script}");
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

    #[test]
    fn other_bytecode_than_the_countdown_is_not_written() {
        let refused = doing("[bytecode: [LOAD_FAST, JUMP_ABSOLUTE]]").unwrap_err();
        assert_eq!(refused, "it has bytecode other than that of the countdown");
    }
}
