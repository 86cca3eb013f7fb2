//! Steps of bytecode, looked up in the interpreter's table: each list of opcodes is a stretch, kept once a run.

use std::collections::BTreeMap;

use crate::des::Span;
use crate::python::opcodes::OpcodeTable;
use crate::python::program;
use crate::python::stretch::{self, Stretch};
use crate::scenario::decode::counts::Counting;
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
    /// The time of an instruction, without the atomic instructions that change reference counts.
    pub instruction: Span,
    /// How it changes reference counts.
    pub counting: &'a Counting,
    /// Whether each object has a lock of its own.
    pub locks_objects: bool,
    /// The time of an atomic instruction.
    pub atomic_update: Span,
}

impl Interpreter<'_> {
    /// The time of an instruction, without the counts that it shares with other threads.
    fn cost(&self, instruction: &Instruction) -> Span {
        let own = self.counting.atomic_own(&instruction.opcode, instruction.counts.len());
        self.instruction + self.atomic_update * own
    }
}

/// The stretches of bytecode of one run, each kept once.
#[derive(Clone, Debug, Default)]
pub(crate) struct StretchPool {
    stretches: Vec<Stretch>,
    /// By the opcodes and what each takes.
    indices: BTreeMap<Vec<(String, Span)>, usize>,
}

impl StretchPool {
    /// All stretches, by index.
    pub fn into_stretches(self) -> Vec<Stretch> {
        self.stretches
    }

    /// The index of the stretch that library code consists of: the interpreter's typical loop.
    pub fn library(&mut self, interpreter: Interpreter<'_>) -> usize {
        let plain: Vec<Instruction> = interpreter.typical.iter().cloned().map(Instruction::plain).collect();
        self.index_of(&plain, interpreter)
    }

    /// The index of the stretch of these instructions.
    fn index_of(&mut self, instructions: &[Instruction], interpreter: Interpreter<'_>) -> usize {
        let key: Vec<(String, Span)> =
            instructions.iter().map(|one| (one.opcode.clone(), interpreter.cost(one))).collect();
        if let Some(index) = self.indices.get(&key) {
            return *index;
        }
        let names: Vec<&str> = instructions.iter().map(|one| one.opcode.as_str()).collect();
        let facts = interpreter.opcodes.classify(&names, true);
        let instructions: Vec<stretch::Instruction> = facts
            .into_iter()
            .zip(&key)
            .map(|(facts, (_, cost))| stretch::Instruction {
                cost: *cost,
                tick: facts.tick,
                may_check: facts.may_check,
            })
            .collect();
        self.stretches.push(Stretch::new(&instructions));
        self.indices.insert(key, self.stretches.len() - 1);
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
        let stretch = self.pool.index_of(&instructions, interpreter);
        let round = self.pool.stretches[stretch].round();
        let touches = self.touches(&instructions, interpreter);
        if touches.is_empty() {
            return Some(Action::run(stretch, time.unwrap_or(round)));
        }
        if time.is_some() {
            let message = "bytecode with what threads share is executed once: put it into a loop";
            problems.add(node.position, message);
            return None;
        }
        Some(Action::Block(cut(touches, stretch, round, node.position)))
    }

    /// What instructions do to what threads share, and where in the stretch: where an instruction begins.
    fn touches(
        &self,
        instructions: &[Instruction],
        interpreter: Interpreter<'_>,
    ) -> Vec<(Span, program::Step)> {
        let objects = self.names.objects.shared();
        let mut begin = Span::ZERO;
        let mut touches = Vec::new();
        for instruction in instructions {
            touches.extend(instruction.access.map(|access| (begin, step_of(access))));
            let takes_time = |object: &&usize| interpreter.counting.takes_time(&objects[**object]);
            let counted = instruction.counts.iter().filter(takes_time);
            touches.extend(counted.map(|object| (begin, program::Step::CountReference { object: *object })));
            begin += interpreter.cost(instruction);
        }
        touches
    }

    /// `x += 1` as the interpreter compiles it.
    pub fn add(&mut self, node: &Node, problems: &mut Problems) -> Option<Action> {
        let (variable, change) = self.names.objects.addition(node, problems)?;
        let Some(interpreter) = self.interpreter else {
            return Some(Action::run(UNKNOWN_STRETCH, Span::MAX));
        };
        let addition =
            ["INPLACE_ADD", "BINARY_OP"].into_iter().find(|name| interpreter.opcodes.is_known(name));
        let instruction =
            |opcode: &str, access| Instruction { access, ..Instruction::plain(opcode.to_owned()) };
        let instructions = [
            instruction("LOAD_GLOBAL", Some(Access::Load(variable))),
            instruction("LOAD_CONST", None),
            instruction(addition.unwrap_or("LOAD_CONST"), None),
            instruction("STORE_GLOBAL", Some(Access::Store(variable, change))),
        ];
        let names: Vec<String> = instructions.iter().map(|instruction| instruction.opcode.clone()).collect();
        check_bytecode(node, &names, Some(interpreter.opcodes), problems)?;
        let stretch = self.pool.index_of(&instructions, interpreter);
        let round = self.pool.stretches[stretch].round();
        let touches = self.touches(&instructions, interpreter);
        Some(Action::Block(cut(touches, stretch, round, node.position)))
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
        Some(self.pool.library(interpreter))
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

/// A round of a stretch, cut where something that threads share is touched.
fn cut(touches: Vec<(Span, program::Step)>, stretch: usize, round: Span, position: Position) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut push = |step| steps.push(Step { action: Action::Step(step), position });
    let mut from = Span::ZERO;
    for (to, touch) in touches {
        push(program::Step::Part { stretch, from, to });
        push(touch);
        from = to;
    }
    push(program::Step::Part { stretch, from, to: round });
    steps
}

fn step_of(access: Access) -> program::Step {
    match access {
        Access::Load(variable) => program::Step::Load { variable },
        Access::Store(variable, change) => program::Step::Store { variable, change },
    }
}
