//! Steps to programs: calls are inlined, loops become jumps, and a loop over whole rounds of one stretch becomes a
//! single step.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::des::Span;
use crate::python::event_loop::Instructions;
use crate::python::program::{self, Handler, Program};
use crate::python::stretch::Stretch;
use crate::python::threading::Call;
use crate::scenario::decode::calls::Function;
use crate::scenario::decode::pools::Pool;
use crate::scenario::decode::steps::{Action, Step};

/// The most steps of all programs of a scenario together: inlined calls can multiply without bound.
pub(crate) const MOST_STEPS: usize = 1_000_000;

/// An endless loop over one stretch is compiled to rounds of about this length, which is the same and faster.
const ENDLESS_ROUND: Span = Span::from_secs(3600);

/// The programs of a scenario have more than [`MOST_STEPS`] steps together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManySteps;

/// Compiles the programs of one run. The nesting of steps must have been checked.
pub(crate) struct Compiler<'a> {
    /// The functions that steps may call, by index.
    pub functions: &'a [Function<'a>],
    /// The stretches that steps refer to.
    pub stretches: &'a [Stretch],
    /// The indices of the threads of each name.
    pub threads: &'a BTreeMap<String, Range<usize>>,
    /// How each pool is reached.
    pub pools: &'a [Pool],
    /// What the parts of the event loop take, in the program of a task.
    pub event_loop: Option<&'static Instructions>,
    /// How many steps may still be visited; every call and loop counts, so that empty ones cannot multiply either.
    pub budget: &'a mut usize,
    /// The handlers of the program that is being compiled.
    pub handlers: Vec<Handler>,
}

impl Compiler<'_> {
    /// The program that consists of these steps.
    pub fn program(&mut self, steps: &[Step]) -> Result<Program, TooManySteps> {
        let mut compiled = Vec::new();
        self.steps(steps, &mut compiled)?;
        self.spend()?;
        compiled.push(program::Step::End);
        Ok(Program { steps: compiled, handlers: std::mem::take(&mut self.handlers) })
    }

    fn steps(&mut self, steps: &[Step], compiled: &mut Vec<program::Step>) -> Result<(), TooManySteps> {
        let functions = self.functions;
        for step in steps {
            self.spend()?;
            match &step.action {
                Action::Step(step) if does_nothing(step) => {}
                Action::Step(step) => compiled.push(step.clone()),
                Action::Submit(pool) => {
                    compiled.push(self.pools[*pool].submit());
                    compiled.push(program::Step::Submitted { pool: *pool });
                }
                Action::Gather(pool) => self.gather(*pool, compiled),
                Action::Await(what) => {
                    compiled.extend(self.event_loop.iter().flat_map(|instructions| what.steps(instructions)));
                }
                Action::Block(steps) => self.steps(steps, compiled)?,
                Action::With { enter, body, leave } => {
                    compiled.push(program::Step::Call(*enter));
                    let from = compiled.len();
                    self.steps(body, compiled)?;
                    self.handlers.push(Handler { from, to: compiled.len(), leave: *leave });
                    compiled.push(program::Step::Call(*leave));
                }
                Action::Start(name) => self.for_each_thread(name, Call::Start, compiled),
                Action::Join(name) => self.for_each_thread(name, Call::Join, compiled),
                Action::Request { channel, latency } => {
                    compiled.push(program::Step::Send { channel: *channel, asks: true });
                    compiled.push(program::Step::AwaitReply { latency: *latency });
                }
                Action::Call(index) => self.steps(&functions[*index].steps, compiled)?,
                Action::Loop { count: Some(0), .. } => {}
                Action::Loop { count, body } => self.repeat(*count, body, compiled)?,
            }
        }
        Ok(())
    }

    /// A loop that takes as many results as tasks have been submitted.
    fn gather(&self, pool: usize, compiled: &mut Vec<program::Step>) {
        let start = compiled.len();
        let exit = start + 4;
        compiled.extend([
            program::Step::LoopStart { count: None, exit },
            program::Step::LeaveIfGathered { pool, exit },
            self.pools[pool].take_result(),
            program::Step::LoopEnd { start },
        ]);
    }

    fn for_each_thread(&self, name: &str, call: fn(usize) -> Call, compiled: &mut Vec<program::Step>) {
        let threads = self.threads.get(name).cloned().unwrap_or_default();
        compiled.extend(threads.map(|thread| program::Step::Call(call(thread))));
    }

    fn repeat(
        &mut self,
        count: Option<u64>,
        body: &[Step],
        compiled: &mut Vec<program::Step>,
    ) -> Result<(), TooManySteps> {
        self.spend()?;
        let start = compiled.len();
        compiled.push(program::Step::LoopStart { count, exit: 0 });
        self.steps(body, compiled)?;
        if let [program::Step::Run { stretch, span }] = compiled[start + 1..] {
            if let Some(whole) = self.all_rounds(count, stretch, span) {
                compiled.truncate(start);
                compiled.push(program::Step::Run { stretch, span: whole });
                return Ok(());
            }
            if count.is_none() {
                compiled[start + 1] = program::Step::Run { stretch, span: self.many_rounds(stretch, span) };
            }
        }
        compiled.push(program::Step::LoopEnd { start });
        compiled[start] = program::Step::LoopStart { count, exit: compiled.len() };
        Ok(())
    }

    /// How long `count` bodies of this kind take, if they go round the stretch without a seam and end in time.
    fn all_rounds(&self, count: Option<u64>, stretch: usize, span: Span) -> Option<Span> {
        self.is_seamless(stretch, span).then_some(())?;
        span.picos().checked_mul(count?).map(Span::from_picos)
    }

    /// The span of as many bodies of this kind as go into [`ENDLESS_ROUND`], if they go round without a seam.
    fn many_rounds(&self, stretch: usize, span: Span) -> Span {
        if !self.is_seamless(stretch, span) {
            return span;
        }
        span * (ENDLESS_ROUND.picos() / span.picos()).max(1)
    }

    /// Whether a body ends where the stretch begins again.
    fn is_seamless(&self, stretch: usize, span: Span) -> bool {
        span.picos().is_multiple_of(self.stretches[stretch].round().picos())
    }

    fn spend(&mut self) -> Result<(), TooManySteps> {
        *self.budget = self.budget.checked_sub(1).ok_or(TooManySteps)?;
        Ok(())
    }
}

/// Whether a step is bytecode of no length.
pub(crate) fn does_nothing(step: &program::Step) -> bool {
    match step {
        program::Step::Run { span, .. } => span.is_zero(),
        program::Step::Part { from, to, .. } => from == to,
        _ => false,
    }
}
