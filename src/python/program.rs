//! A thread's program: a flat array of steps.

use crate::des::{Distribution, Span};

/// One step of a program.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Execute bytecode: go round the stretch with this index for `span` of execution time.
    Run {
        /// Index of the stretch among the model's stretches.
        stretch: usize,
        /// Execution time, not counting checks; a whole number of rounds or cut short anywhere.
        span: Span,
    },
    /// Begin a loop whose body runs from here to the matching [`Step::LoopEnd`].
    LoopStart {
        /// How often the body runs; `None` is forever. Zero skips it.
        count: Option<u64>,
        /// Index of the step after the loop's end.
        exit: usize,
    },
    /// End of a loop's body: go back, or leave.
    LoopEnd {
        /// Index of the matching [`Step::LoopStart`].
        start: usize,
    },
    /// Release the GIL, make a blocking call that takes `span` outside the processor, take the GIL again. Zero
    /// completes at once, and still releases.
    Io {
        /// How long the call blocks.
        span: Distribution,
    },
    /// Release the GIL, sleep for `span` and the timer's lateness, take the GIL again.
    Sleep {
        /// How long the thread asked to sleep.
        span: Distribution,
    },
    /// The program ends.
    End,
}

/// The steps of a program; the last is [`Step::End`].
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The steps, executed in order from the first.
    pub steps: Vec<Step>,
}

impl Program {
    /// How many loops are open at once, at most.
    pub fn loop_depth(&self) -> usize {
        let mut depth = 0_usize;
        let mut deepest = 0;
        for step in &self.steps {
            match step {
                Step::LoopStart { .. } => depth += 1,
                Step::LoopEnd { .. } => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        deepest
    }
}
