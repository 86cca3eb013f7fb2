//! Steps of bytecode, looked up in the interpreter's table: each list of opcodes is a stretch, kept once a run.

use std::collections::BTreeMap;

use crate::des::Span;
use crate::python::opcodes::OpcodeTable;
use crate::python::program;
use crate::python::stretch::{self, Stretch};
use crate::scenario::decode::fields;
use crate::scenario::decode::objects::{Access, Instruction};
use crate::scenario::decode::steps::{Action, Step, StepDecoder};
use crate::scenario::diagnostic::{Position, Problems};
use crate::scenario::yaml::Node;

/// Stands for every stretch of an interpreter in which something is wrong: then nothing is compiled.
const UNKNOWN_STRETCH: usize = usize::MAX;

/// What decoding bytecode needs to know of the interpreter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interpreter<'a> {
    /// Its opcode table.
    pub opcodes: &'a OpcodeTable,
    /// The loop that plain Python time consists of.
    pub typical: &'a [String],
    /// The time of an instruction.
    pub instruction: Span,
}

/// The stretches of bytecode of one run, each kept once.
#[derive(Clone, Debug, Default)]
pub(crate) struct StretchPool {
    stretches: Vec<Stretch>,
    indices: BTreeMap<Vec<String>, usize>,
}

impl StretchPool {
    /// All stretches, by index.
    pub fn into_stretches(self) -> Vec<Stretch> {
        self.stretches
    }

    /// The index of the stretch that library code consists of: the interpreter's typical loop.
    pub fn library(&mut self, interpreter: Interpreter<'_>) -> usize {
        self.index_of(interpreter.typical, interpreter)
    }

    /// The index of the stretch of these opcodes.
    fn index_of(&mut self, names: &[String], interpreter: Interpreter<'_>) -> usize {
        if let Some(index) = self.indices.get(names) {
            return *index;
        }
        let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
        let facts = interpreter.opcodes.classify(&borrowed, true);
        let instructions: Vec<stretch::Instruction> = facts
            .into_iter()
            .map(|facts| stretch::Instruction {
                cost: interpreter.instruction,
                tick: facts.tick,
                may_check: facts.may_check,
            })
            .collect();
        self.stretches.push(Stretch::new(&instructions));
        self.indices.insert(names.to_vec(), self.stretches.len() - 1);
        self.stretches.len() - 1
    }
}

impl StepDecoder<'_> {
    /// The bytecode of a step: once through, or round and round for some time.
    pub fn bytecode(&mut self, node: &Node, time: Option<&Node>, problems: &mut Problems) -> Option<Action> {
        let instructions = self.names.objects.instructions(node, problems);
        let time = match time {
            Some(node) => Some(fields::span(node, problems)?),
            None => None,
        };
        let instructions = instructions?;
        let names: Vec<String> = instructions.iter().map(|instruction| instruction.opcode.clone()).collect();
        let opcodes = self.interpreter.map(|interpreter| interpreter.opcodes);
        check_bytecode(node, &names, opcodes, problems)?;
        let Some(interpreter) = self.interpreter else {
            return Some(Action::run(UNKNOWN_STRETCH, Span::MAX));
        };
        let stretch = self.pool.index_of(&names, interpreter);
        let round = self.pool.stretches[stretch].round();
        if instructions.iter().all(|instruction| instruction.access.is_none()) {
            return Some(Action::run(stretch, time.unwrap_or(round)));
        }
        if time.is_some() {
            problems
                .add(node.position, "bytecode with a shared variable is executed once: put it into a loop");
            return None;
        }
        Some(Action::Block(accesses(&instructions, stretch, interpreter.instruction, node.position)))
    }

    /// `x += 1` as the interpreter compiles it.
    pub fn add(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let (variable, change) = self.names.objects.addition(node, problems)?;
        let Some(interpreter) = self.interpreter else {
            return Some(Action::run(UNKNOWN_STRETCH, Span::MAX));
        };
        let addition =
            ["INPLACE_ADD", "BINARY_OP"].into_iter().find(|name| interpreter.opcodes.is_known(name));
        let instruction = |opcode: &str, access| Instruction { opcode: opcode.to_owned(), access };
        let instructions = [
            instruction("LOAD_GLOBAL", Some(Access::Load(variable))),
            instruction("LOAD_CONST", None),
            instruction(addition.unwrap_or("LOAD_CONST"), None),
            instruction("STORE_GLOBAL", Some(Access::Store(variable, change))),
        ];
        let names: Vec<String> = instructions.iter().map(|instruction| instruction.opcode.clone()).collect();
        check_bytecode(node, &names, Some(interpreter.opcodes), problems)?;
        let stretch = self.pool.index_of(&names, interpreter);
        Some(Action::Block(accesses(&instructions, stretch, interpreter.instruction, node.position)))
    }

    /// Plain Python until its `count`th tick.
    pub fn ticks(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let count = fields::count(node, 0..=u64::MAX, problems)?;
        let Some(stretch) = self.typical() else {
            return Some(Action::run(UNKNOWN_STRETCH, Span::from_picos(count)));
        };
        let span = match self.pool.stretches[stretch].position_of_tick(count) {
            Some(span) => span,
            None if count == 0 => Span::ZERO,
            None => {
                problems.add(node.position, "the interpreter's `typical` loop has no ticks");
                return None;
            }
        };
        if span == Span::MAX {
            problems.add(node.position, "so many ticks take longer than can be simulated (213 days)");
            return None;
        }
        Some(Action::run(stretch, span))
    }

    /// Plain Python for some time.
    pub fn python(&mut self, span: Span) -> Action {
        Action::run(self.typical().unwrap_or(UNKNOWN_STRETCH), span)
    }

    fn typical(&mut self) -> Option<usize> {
        let interpreter = self.interpreter?;
        Some(self.pool.index_of(interpreter.typical, interpreter))
    }
}

/// Checks a list of opcodes that is to be executed.
fn check_bytecode(
    node: &Node,
    names: &[String],
    opcodes: Option<&OpcodeTable>,
    problems: &mut Problems,
) -> Option<()> {
    if names.is_empty() {
        problems.add(node.position, "at least one opcode is needed");
        return None;
    }
    let Some(table) = opcodes else { return Some(()) };
    let mut all_known = true;
    for (index, name) in names.iter().enumerate().filter(|(_, name)| !table.is_known(name)) {
        let items = fields::items(node, "a list of opcodes", &mut Problems::default());
        let position = items.and_then(|items| items.get(index)).map_or(node.position, |item| item.position);
        all_known = false;
        problems.unknown(position, "opcode", name, table.known.iter().map(String::as_str));
    }
    all_known.then_some(())
}

/// A round of a stretch, cut where an instruction begins that loads or stores a shared variable.
fn accesses(
    instructions: &[Instruction],
    stretch: usize,
    instruction: Span,
    position: Position,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut push = |action| steps.push(Step { action, position });
    let mut from = Span::ZERO;
    for (index, access) in instructions.iter().enumerate().filter_map(|(i, one)| Some((i, one.access?))) {
        let to = instruction * index as u64;
        push(Action::Step(program::Step::Part { stretch, from, to }));
        push(Action::Step(match access {
            Access::Load(variable) => program::Step::Load { variable },
            Access::Store(variable, change) => program::Step::Store { variable, change },
        }));
        from = to;
    }
    let to = instruction * instructions.len() as u64;
    push(Action::Step(program::Step::Part { stretch, from, to }));
    steps
}
