//! A program as a function of Python, step by step.

use std::fmt::Write;

use crate::des::{Distribution, Span};
use crate::python::opcodes::OpcodeTable;
use crate::python::program::{Program, Step};
use crate::python::stretch::{Instruction, Stretch};
use crate::python::threading::Call;
use crate::reality::expressible::{Unwritable, unwritable};
use crate::reality::values::seconds;
use crate::reality::{messages, objects, updates};
use crate::scenario::Run;

/// A program with more steps than this is not written out.
const MOST_STEPS: usize = 20_000;
/// CPython nests no more blocks than 20 (`CO_MAXBLOCKS`).
const MOST_BLOCKS: usize = 18;
/// zlib releases the GIL for more than 5 KiB (`zlibmodule.c`), which take a few microseconds.
const SHORTEST_RELEASE: Span = Span::from_micros(10);

/// What an interpreter makes of Python code.
pub(super) struct Bytecode {
    /// Its opcode table.
    pub opcodes: OpcodeTable,
    /// The instructions of a round of the countdown.
    pub countdown: Vec<String>,
}

impl Bytecode {
    /// Whether a stretch consists of these instructions; then what each of them takes.
    pub fn instruction(&self, stretch: &Stretch, names: &[&str]) -> Option<Span> {
        if !names.iter().all(|name| self.opcodes.is_known(name)) {
            return None;
        }
        let cost = Span::from_picos(stretch.round().picos() / names.len() as u64);
        let instructions: Vec<Instruction> = self
            .opcodes
            .classify(names, true)
            .iter()
            .map(|facts| Instruction { cost, tick: facts.tick, may_check: facts.may_check })
            .collect();
        (!cost.is_zero() && *stretch == Stretch::new(&instructions)).then_some(cost)
    }
}

/// The lines of the function that is the program with this index, after those of what it needs.
pub(super) fn function(
    run: &Run,
    bytecode: &Bytecode,
    index: usize,
    program: &Program,
) -> Result<String, Unwritable> {
    if program.steps.len() > MOST_STEPS {
        return unwritable(format!("it has more than {MOST_STEPS} steps"));
    }
    let mut writer =
        Writer { run, bytecode, program, index, depth: 1, constants: String::new(), body: String::new() };
    for line in updates::declarations(run).into_iter().chain(messages::preparations(program, &run.model)) {
        writer.line(&line);
    }
    let mut position = 0;
    while let Some(step) = program.steps.get(position) {
        position += writer.step(position, step)?;
    }
    Ok(format!("{}\n\ndef program_{index}():\n{}", writer.constants, writer.body))
}

/// Writes one program.
struct Writer<'a> {
    run: &'a Run,
    bytecode: &'a Bytecode,
    program: &'a Program,
    index: usize,
    /// How far the next line is indented.
    depth: usize,
    /// What is made before the clock starts.
    constants: String,
    body: String,
}

impl Writer<'_> {
    /// Writes the step at this position, and perhaps some after it: how many it were.
    fn step(&mut self, position: usize, step: &Step) -> Result<usize, Unwritable> {
        if self.program.handlers.iter().any(|handler| handler.to == position) {
            // The end of the block makes the call.
            self.close();
            return Ok(1);
        }
        if let Some(update) = updates::update(&self.run.model, self.bytecode, self.program, position) {
            self.line(&update.line);
            return Ok(update.steps);
        }
        match step {
            Step::LoopStart { count, .. } => {
                let head = match count {
                    Some(count) => format!("for _ in repeat(None, {}):", (*count).min(i64::MAX as u64)),
                    None => "while True:".to_owned(),
                };
                self.open(&head)?;
            }
            Step::LoopEnd { .. } => self.close(),
            Step::LeaveIfGathered { pool, .. } => {
                self.line(&format!("if not submitted_{pool}:"));
                self.line("    break");
                self.line(&format!("submitted_{pool} -= 1"));
            }
            Step::Call(call) if self.program.handlers.iter().any(|handler| handler.from == position + 1) => {
                self.check_call(*call)?;
                self.open(&objects::entered(*call).unwrap_or_default())?;
            }
            _ => {
                let lines = self.action(step, position)?;
                lines.iter().for_each(|line| self.line(line));
            }
        }
        Ok(1)
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.body, "{:indent$}{text}", "", indent = 4 * self.depth);
    }

    /// Begins a block.
    fn open(&mut self, head: &str) -> Result<(), Unwritable> {
        if self.depth > MOST_BLOCKS {
            return unwritable(format!("it has more than {MOST_BLOCKS} loops and locks within each other"));
        }
        self.line(head);
        self.depth += 1;
        Ok(())
    }

    /// Ends a block; one that is empty does nothing.
    fn close(&mut self) {
        if self.body.ends_with(":\n") {
            self.line("pass");
        }
        self.depth -= 1;
    }

    fn check_call(&self, call: Call) -> Result<(), Unwritable> {
        match call {
            Call::Acquire(lock) | Call::Release(lock) if self.run.model.threading.inherits(lock) => {
                unwritable("no lock of Python lends its holder a priority")
            }
            _ => Ok(()),
        }
    }

    /// What a step does that is not part of a frame of others.
    fn action(&mut self, step: &Step, position: usize) -> Result<Vec<String>, Unwritable> {
        let line = match step {
            Step::Run { stretch, span } => self.rounds(*stretch, *span)?,
            Step::Sleep { span } => format!("time.sleep({})", seconds(span)),
            Step::C { span, holds_gil } => {
                let name = format!("c_{}_{position}", self.index);
                self.c_call(span, *holds_gil, &name)?
            }
            Step::Io { work, wait, device: None } if work.constant() == Some(Span::ZERO) => {
                if wait.constant() == Some(Span::ZERO) {
                    return unwritable("it has input or output that completes at once");
                }
                format!("time.sleep({})", seconds(wait))
            }
            Step::Io { device: Some(_), .. } => return unwritable("it has input or output on a device"),
            Step::Io { .. } => return unwritable("it has input or output that works in the kernel"),
            Step::BeginMark { latency } => format!("begin_{latency} = now()"),
            Step::EndMark { latency } => format!("latencies[{latency}].append(now() - begin_{latency})"),
            Step::Call(call) => {
                self.check_call(*call)?;
                objects::called(*call).unwrap_or_else(|| "pass".to_owned())
            }
            Step::Submitted { pool } => format!("submitted_{pool} += 1"),
            Step::Send { channel, asks } => return Ok(messages::sent(*channel, *asks)),
            Step::Receive { channel } => messages::received(*channel),
            Step::Reply { channel } => messages::replied(&self.run.model, *channel),
            Step::AwaitReply { latency } => return Ok(messages::awaited(*latency)),
            Step::SendParcel { .. } => return unwritable("it sends messages of a size"),
            Step::Part { .. } | Step::Load { .. } | Step::Store { .. } => {
                return unwritable("it changes a shared variable in other bytecode than that of `x += 1`");
            }
            Step::CountReference { .. } => {
                return unwritable("it changes reference counts by atomic instructions");
            }
            Step::LockObject { .. } | Step::UnlockObject { .. } => {
                return unwritable("it takes the locks of objects");
            }
            Step::Collect { .. } | Step::Library { .. } => return unwritable("it collects garbage"),
            Step::Await(_) | Step::Give { .. } | Step::RunTasks => {
                return unwritable("it has tasks of an event loop");
            }
            Step::End => "return".to_owned(),
            Step::LoopStart { .. } | Step::LoopEnd { .. } | Step::LeaveIfGathered { .. } => {
                return Ok(Vec::new());
            }
        };
        Ok(vec![line])
    }

    /// A stretch that is the interpreter's countdown, for as many rounds as are next to its time.
    fn rounds(&self, index: usize, span: Span) -> Result<String, Unwritable> {
        let stretch = &self.run.model.stretches[index];
        let names: Vec<&str> = self.bytecode.countdown.iter().map(String::as_str).collect();
        if self.bytecode.instruction(stretch, &names).is_none() {
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
