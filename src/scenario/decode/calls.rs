//! Which function calls which: calls that go round in a circle, loops that take no time, steps that never end.

use crate::python::program;
use crate::scenario::decode::compile::does_nothing;
use crate::scenario::decode::distribution::is_always_zero;
use crate::scenario::decode::steps::{Action, Step};
use crate::scenario::diagnostic::{Position, Problems};

/// How deep calls and loops may be nested within one another; it bounds the recursion here and in the compiler.
const DEEPEST: usize = 200;

/// A function of a run.
#[derive(Clone, Debug)]
pub(crate) struct Function<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it does.
    pub steps: Vec<Step>,
}

/// What is known of some steps without executing them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nature {
    /// Whether they take time.
    pub time: TakesTime,
    /// Whether they never end.
    pub endless: bool,
    /// The first of them that only a task of an event loop can do.
    pub awaits: Option<Position>,
    /// How deep calls and loops are nested within them.
    pub height: usize,
}

/// Whether steps take time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TakesTime {
    /// Nothing is done at all.
    Never,
    /// There is input, output or sleep, but always of length zero: what it takes depends on the machine.
    Perhaps,
    /// They take time.
    Always,
}

impl Nature {
    const NOTHING: Nature = Nature { time: TakesTime::Never, endless: false, awaits: None, height: 0 };

    fn and(self, other: Nature) -> Nature {
        Nature {
            time: self.time.max(other.time),
            endless: self.endless || other.endless,
            awaits: self.awaits.or(other.awaits),
            height: self.height.max(other.height),
        }
    }
}

/// Looks into the functions of one run, each once.
pub(crate) struct Inspector<'a> {
    functions: &'a [Function<'a>],
    /// What is known of each function that has been inspected; nothing if something is wrong with it.
    known: Vec<Option<Option<Nature>>>,
    callers: Vec<usize>,
    depth: usize,
    problems: &'a mut Problems,
}

impl<'a> Inspector<'a> {
    /// An inspector of these functions.
    pub fn new(functions: &'a [Function<'a>], problems: &'a mut Problems) -> Inspector<'a> {
        Inspector { functions, known: vec![None; functions.len()], callers: Vec::new(), depth: 0, problems }
    }

    /// Inspects all functions, called or not.
    pub fn inspect_functions(&mut self) {
        for index in 0..self.functions.len() {
            self.callers.clear();
            self.depth = 0;
            self.function(index);
        }
    }

    /// Where problems are reported.
    pub fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// The nature of some steps; `None` if something is wrong with them, which is reported.
    pub fn steps(&mut self, steps: &[Step]) -> Option<Nature> {
        let mut whole = Some(Nature::NOTHING);
        for step in steps {
            // All steps are inspected, so that everything that is wrong is reported.
            let nature = self.step(step);
            whole = whole.zip(nature).map(|(whole, nature)| whole.and(nature));
        }
        whole
    }

    fn step(&mut self, step: &Step) -> Option<Nature> {
        let simple = |time| Some(Nature { time, ..Nature::NOTHING });
        match &step.action {
            Action::Step(step) => simple(time_of(step)),
            Action::Block(steps) => self.steps(steps),
            Action::Gather(_) => simple(TakesTime::Never),
            Action::Start(_) | Action::Join(_) | Action::Submit(_) => simple(TakesTime::Always),
            Action::With { body, .. } => {
                self.steps(body).map(|body| Nature { time: TakesTime::Always, ..body })
            }
            Action::Request { .. } => simple(TakesTime::Perhaps),
            // Library code takes time, even if nothing is waited for.
            Action::Await(_) => {
                Some(Nature { time: TakesTime::Always, awaits: Some(step.position), ..Nature::NOTHING })
            }
            Action::Call(index) => self.call(*index, step.position),
            Action::Loop { count, body } => {
                let body = self.nested(step.position, |inspector| inspector.steps(body))?;
                self.repeated(*count, body, step.position)
            }
        }
    }

    fn repeated(&mut self, count: Option<u64>, body: Nature, position: Position) -> Option<Nature> {
        let least = if count.is_none() { TakesTime::Always } else { TakesTime::Perhaps };
        if count == Some(0) {
            return Some(Nature { height: body.height, ..Nature::NOTHING });
        }
        if body.time < least {
            let message = "the body of this loop takes no time, so the loop would hang";
            self.problems.add_with_help(
                position,
                message,
                "add a step that takes time, such as `python: 1us`",
            );
            return None;
        }
        Some(Nature { endless: body.endless || count.is_none(), ..body })
    }

    fn call(&mut self, index: usize, position: Position) -> Option<Nature> {
        if let Some(start) = self.callers.iter().position(|caller| *caller == index) {
            let circle: Vec<&str> = self.callers[start..]
                .iter()
                .chain([&index])
                .map(|index| self.functions[*index].name)
                .collect();
            let message = format!("functions call each other in a circle: {}", shortened(&circle));
            self.problems.add_with_help(position, message, "use a loop");
            return None;
        }
        self.nested(position, |inspector| inspector.function(index))
    }

    fn function(&mut self, index: usize) -> Option<Nature> {
        if let Some(known) = self.known[index] {
            return known;
        }
        self.callers.push(index);
        let functions = self.functions;
        let nature = self.steps(&functions[index].steps);
        self.callers.pop();
        self.known[index] = Some(nature);
        nature
    }

    fn nested(
        &mut self,
        position: Position,
        inspect: impl FnOnce(&mut Self) -> Option<Nature>,
    ) -> Option<Nature> {
        let nature = if self.depth < DEEPEST {
            self.depth += 1;
            let nature = inspect(self);
            self.depth -= 1;
            let inner = nature?;
            Nature { height: inner.height + 1, ..inner }
        } else {
            Nature { height: DEEPEST + 1, ..Nature::NOTHING }
        };
        if nature.height > DEEPEST {
            self.problems.add(position, format!("calls and loops are nested more than {DEEPEST} deep"));
            return None;
        }
        Some(nature)
    }
}

/// Whether a step of a program takes time.
fn time_of(step: &program::Step) -> TakesTime {
    match step {
        step if does_nothing(step) => TakesTime::Never,
        program::Step::Io { work, wait, .. } if is_always_zero(work) && is_always_zero(wait) => {
            TakesTime::Perhaps
        }
        program::Step::C { span, .. } | program::Step::Sleep { span } if is_always_zero(span) => {
            TakesTime::Perhaps
        }
        program::Step::Library { instructions: 0 } => TakesTime::Never,
        program::Step::Collect { .. } => TakesTime::Perhaps,
        program::Step::Run { .. }
        | program::Step::Library { .. }
        | program::Step::Part { .. }
        | program::Step::Io { .. }
        | program::Step::C { .. }
        | program::Step::Sleep { .. }
        | program::Step::Call(_) => TakesTime::Always,
        program::Step::Send { .. }
        | program::Step::SendParcel { .. }
        | program::Step::Receive { .. }
        | program::Step::Reply { .. }
        | program::Step::AwaitReply { .. }
        | program::Step::Await(_) => TakesTime::Perhaps,
        program::Step::CountReference { .. }
        | program::Step::LockObject { .. }
        | program::Step::UnlockObject { .. }
        | program::Step::Load { .. }
        | program::Step::Store { .. }
        | program::Step::BeginMark { .. }
        | program::Step::EndMark { .. }
        | program::Step::Give { .. }
        | program::Step::Submitted { .. }
        | program::Step::LeaveIfGathered { .. }
        | program::Step::RunTasks
        | program::Step::LoopStart { .. }
        | program::Step::LoopEnd { .. }
        | program::Step::End => TakesTime::Never,
    }
}

/// Names with arrows between; of many, the first few and the last.
fn shortened(names: &[&str]) -> String {
    match names {
        [first, second, third, .., last] if names.len() > 8 => {
            format!("{first} -> {second} -> {third} -> ... -> {last}")
        }
        _ => names.join(" -> "),
    }
}
