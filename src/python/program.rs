//! A thread's program: a flat array of steps.

use crate::des::{Distribution, Span};
use crate::os::sync::Parcel;
use crate::python::event_loop::Await;
use crate::python::threading::Call;

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
    /// Execute a part of a stretch once: from one position in it to another.
    Part {
        /// Index of the stretch among the model's stretches.
        stretch: usize,
        /// Where it begins.
        from: Span,
        /// Where it ends, not before it begins.
        to: Span,
    },
    /// Load a shared variable.
    Load {
        /// Index of the variable.
        variable: usize,
    },
    /// Store into a shared variable what was loaded last, changed by so much.
    Store {
        /// Index of the variable.
        variable: usize,
        /// The change.
        change: i64,
    },
    /// Change the reference count of an object that threads share, where that is more than a plain addition.
    CountReference {
        /// Index of the object.
        object: usize,
    },
    /// Take the lock that an object has of its own, waiting while another thread holds it.
    LockObject {
        /// Index of the object.
        object: usize,
    },
    /// Release it; the thread holds it.
    UnlockObject {
        /// Index of the object.
        object: usize,
    },
    /// Collect cyclic garbage for `span`: without a GIL, all other threads of the interpreter stand still meanwhile.
    Collect {
        /// How long it takes.
        span: Distribution,
        /// What is measured of it where others stand still.
        pause: Pause,
    },
    /// Call a method of an object of `threading` or `queue`.
    Call(Call),
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
    /// Call C code that computes for `span`.
    C {
        /// How long it computes.
        span: Distribution,
        /// Whether it keeps the GIL meanwhile.
        holds_gil: bool,
    },
    /// Release the GIL, make a blocking call that works in the kernel for `work` and takes `wait` outside the
    /// processor, take the GIL again. A wait of zero completes at once, and still releases.
    Io {
        /// Time in the kernel, beyond that of an empty system call.
        work: Distribution,
        /// How long the call blocks, or how long the device works for it.
        wait: Distribution,
        /// Index of the device that does it, one request after the other; `None` if it has all the time in the world.
        device: Option<usize>,
    },
    /// Release the GIL, sleep for `span` and the timer's lateness, take the GIL again.
    Sleep {
        /// How long the thread asked to sleep.
        span: Distribution,
    },
    /// Release the GIL, send a message, take the GIL again.
    Send {
        /// Index of the channel.
        channel: usize,
        /// Whether the thread will await the answer.
        asks: bool,
    },
    /// Release the GIL, send a message with contents, take the GIL again.
    SendParcel {
        /// Index of the channel.
        channel: usize,
        /// What the contents cost.
        parcel: Parcel,
    },
    /// Release the GIL, wait for a message, take the GIL again.
    Receive {
        /// Index of the channel.
        channel: usize,
    },
    /// Release the GIL, answer the message that the thread received last from a channel, take the GIL again.
    Reply {
        /// Index of the channel.
        channel: usize,
    },
    /// Release the GIL, wait for the answer to what the thread asked last, take the GIL again.
    AwaitReply {
        /// Index of the latency that is measured, from the sending of the question.
        latency: usize,
    },
    /// A request begins: the time from here to [`Step::EndMark`] is measured.
    BeginMark {
        /// Index of the latency.
        latency: usize,
    },
    /// A request has ended.
    EndMark {
        /// Index of the latency.
        latency: usize,
    },
    /// A task has been submitted to a pool.
    Submitted {
        /// Index of the pool.
        pool: usize,
    },
    /// Leave the innermost loop if the results of all submitted tasks have been taken; else take one more.
    LeaveIfGathered {
        /// Index of the pool.
        pool: usize,
        /// Index of the step after the loop.
        exit: usize,
    },
    /// Execute library code.
    Library {
        /// How many instructions.
        instructions: u64,
    },
    /// Let other tasks of the thread go on until something has happened; only tasks of an event loop do so.
    Await(Await),
    /// Give a place of a semaphore of the event loop back.
    Give {
        /// Index of the semaphore among those of the loop.
        semaphore: usize,
    },
    /// Run the tasks of the thread's event loop until all have ended.
    RunTasks,
    /// The program ends.
    End,
}

/// The indices of the latencies that are measured of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// From the request until all stand still.
    pub stopping: usize,
    /// From the request until they may go on.
    pub whole: usize,
}

/// The steps of a program; the last is [`Step::End`].
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The steps, executed in order from the first.
    pub steps: Vec<Step>,
    /// What is called if an exception leaves some of the steps, inner ones first.
    pub handlers: Vec<Handler>,
}

/// The steps within a `with`: an exception that leaves them calls what the end of the `with` would call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Index of the first step.
    pub from: usize,
    /// Index of the step after the last.
    pub to: usize,
    /// What is called.
    pub leave: Call,
}

impl Program {
    /// The innermost handler of an exception in the step with this index.
    pub fn handler_of(&self, step: usize) -> Option<&Handler> {
        self.handlers.iter().find(|handler| (handler.from..handler.to).contains(&step))
    }

    /// Whether it receives from the channel with this index.
    pub fn receives_from(&self, channel: usize) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Receive { channel: from } | Step::Await(Await::Receive { channel: from }) => {
                *from == channel
            }
            _ => false,
        })
    }

    /// Whether it answers anybody.
    pub fn replies(&self) -> bool {
        let replies = |step: &Step| matches!(step, Step::Reply { .. } | Step::Await(Await::Reply { .. }));
        self.steps.iter().any(replies)
    }

    /// Whether it sends to the channel with this index.
    pub fn sends_to(&self, channel: usize) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Send { channel: to, .. }
            | Step::SendParcel { channel: to, .. }
            | Step::Await(Await::Send { channel: to, .. }) => *to == channel,
            _ => false,
        })
    }

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
