//! On which core the code of an interpreter was executed last.
//!
//! Whoever executes code writes to the objects that it touches, if only to their reference counts, and so takes their memory
//! into the cache of its core. What another core executed last has to come over, once.

use std::mem::Discriminant;

use super::{Activity, Engine};
use crate::os::{CoreId, ThreadId};
use crate::python::threading::Call;
use crate::trace::Observer;

/// How many pieces of library code there are at most: kinds of calls, each with a few.
const MOST_PIECES: usize = 128;

/// Of what code a stretch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum CodeOf {
    /// Of nothing that is told apart: a library that runs event loops.
    #[default]
    Elsewhere,
    /// Of the program.
    Program,
    /// Of a call of a library, with so many instructions.
    Call(Discriminant<Call>, u64),
}

/// On which core each piece of the code of an interpreter was executed last.
#[derive(Clone, Debug, Hash)]
pub(super) struct Code {
    stretches: Vec<Option<CoreId>>,
    calls: Vec<(CodeOf, CoreId)>,
}

impl Code {
    /// The code of an interpreter, with so many stretches in its programs, that has not been executed.
    pub fn new(stretches: usize) -> Code {
        Code { stretches: vec![None; stretches], calls: Vec::with_capacity(MOST_PIECES) }
    }

    /// A piece of code is executed on `core`: whether another core executed it last.
    fn comes_over(&mut self, code_of: CodeOf, stretch: usize, core: CoreId) -> bool {
        let last = match code_of {
            CodeOf::Elsewhere => return false,
            CodeOf::Program => self.stretches[stretch].replace(core),
            CodeOf::Call(..) => match self.calls.iter_mut().find(|(piece, _)| *piece == code_of) {
                Some((_, last)) => Some(std::mem::replace(last, core)),
                None => {
                    self.calls.push((code_of, core));
                    None
                }
            },
        };
        last.is_some_and(|last| last != core)
    }
}

impl<O: Observer> Engine<'_, O> {
    /// Whether the code that `thread` is about to execute has to come over from another core first. If so, that has begun;
    /// then, whether the thread is still on its turn.
    pub(super) fn code_comes_over(&mut self, thread: ThreadId) -> Option<bool> {
        let lock = self.threads[thread].lock.filter(|_| !self.code.is_empty())?;
        let core = self.kernel.core_of(thread)?;
        let execution = self.threads[thread].routine.execution;
        if !self.code[lock].comes_over(execution.code_of, execution.stretch, core) {
            return None;
        }
        let instructions = match execution.code_of {
            CodeOf::Call(_, instructions) => instructions,
            _ => self.model.stretches[execution.stretch].instructions(),
        };
        self.threads[thread].activity = Activity::CodeComesOver;
        let span = self.kernel.moved_instructions(instructions);
        Some(!self.kernel.execute_user(thread, span))
    }
}
