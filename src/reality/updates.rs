//! Changes of shared variables: bytecode that is `x += 1` becomes that line again.

use crate::des::Span;
use crate::python::program::{Program, Step};
use crate::reality::program::Bytecode;
use crate::scenario::Run;
use crate::sim::Model;

/// A change of a variable.
pub(super) struct Update {
    /// The line of Python.
    pub line: String,
    /// How many steps it consists of.
    pub steps: usize,
}

/// What `x += 1` is compiled to, by one version or another, of a global variable or of an attribute of one: alone, or as a
/// whole round of a `for` loop.
const SHAPES: [&str; 8] = [
    "LOAD_GLOBAL LOAD_CONST INPLACE_ADD STORE_GLOBAL",
    "LOAD_GLOBAL LOAD_CONST BINARY_OP STORE_GLOBAL",
    "FOR_ITER STORE_FAST LOAD_GLOBAL LOAD_CONST INPLACE_ADD STORE_GLOBAL JUMP_ABSOLUTE",
    "FOR_ITER STORE_FAST LOAD_GLOBAL LOAD_CONST INPLACE_SUBTRACT STORE_GLOBAL JUMP_ABSOLUTE",
    "FOR_ITER STORE_FAST LOAD_GLOBAL LOAD_CONST BINARY_OP STORE_GLOBAL JUMP_BACKWARD",
    "FOR_ITER STORE_FAST LOAD_GLOBAL DUP_TOP LOAD_ATTR LOAD_CONST INPLACE_ADD ROT_TWO STORE_ATTR JUMP_ABSOLUTE",
    "FOR_ITER STORE_FAST LOAD_GLOBAL COPY LOAD_ATTR LOAD_CONST BINARY_OP SWAP STORE_ATTR JUMP_BACKWARD",
    "LOAD_GLOBAL COPY LOAD_ATTR LOAD_CONST BINARY_OP SWAP STORE_ATTR",
];

/// The lines with which a function that may change variables begins.
pub(super) fn declarations(run: &Run) -> Option<String> {
    let names: Vec<String> =
        (0..run.model.variables).map(|variable| format!("variable_{variable}")).collect();
    (!names.is_empty()).then(|| format!("global {}", names.join(", ")))
}

/// The lines that make the variables.
pub(super) fn made(variables: usize) -> String {
    let mut text = String::new();
    for variable in 0..variables {
        text.push_str(&format!("variable_{variable} = shared.variable_{variable} = 0\n"));
    }
    let sums = (0..variables).map(|number| format!("variable_{number} + shared.variable_{number}"));
    if variables > 0 {
        text.push_str(&format!(
            "\n\ndef variables():\n    return [{}]\n\n",
            sums.collect::<Vec<_>>().join(", ")
        ));
    }
    text
}

/// The change of a variable that begins at this step of a program.
pub(super) fn update(
    model: &Model,
    bytecode: &Bytecode,
    program: &Program,
    position: usize,
) -> Option<Update> {
    let steps = &program.steps[position..];
    let (before, rest) = match steps {
        [Step::Part { stretch, from: Span::ZERO, to }, rest @ ..] => (Some((*stretch, *to)), rest),
        rest => (None, rest),
    };
    let [
        Step::Load { variable },
        Step::Part { stretch, from, to },
        Step::Store { variable: stored, change },
        rest @ ..,
    ] = rest
    else {
        return None;
    };
    let after = match rest {
        [Step::Part { stretch: of, from: end, .. }, ..] => (*of, *end),
        _ => return None,
    };
    let is_one = variable == stored && after == (*stretch, *to);
    if !is_one || before.unwrap_or((*stretch, Span::ZERO)) != (*stretch, *from) {
        return None;
    }
    let count = 4 + usize::from(before.is_some());
    let is_round =
        matches!(position.checked_sub(1).map(|before| &program.steps[before]), Some(Step::LoopStart { .. }))
            && matches!(program.steps.get(position + count), Some(Step::LoopEnd { .. }));
    let shape = SHAPES.iter().find(|shape| {
        let instructions: Vec<&str> = shape.split(' ').collect();
        let place = |of: &str| instructions.iter().position(|instruction| instruction.starts_with(of));
        let (Some(load), Some(store)) = (place("LOAD_GLOBAL"), place("STORE_GLOBAL").or(place("STORE_ATTR")))
        else {
            return false;
        };
        let instruction = bytecode.instruction(&model.stretches[*stretch], &instructions);
        (is_round || instructions[0] != "FOR_ITER")
            && instruction.is_some_and(|one| *from == one * load as u64 && *to == one * store as u64)
    });
    let place = if shape?.contains("STORE_ATTR") { "shared." } else { "" };
    let (sign, change) =
        if *change < 0 { ("-", change.unsigned_abs()) } else { ("+", change.unsigned_abs()) };
    Some(Update { line: format!("{place}variable_{variable} {sign}= {change}"), steps: count })
}
