//! What event loops do: how many instructions of library code each part of `asyncio` takes, and gevent's hub.
//!
//! The rules of the two loops are the same but for what [`LoopKind`] tells apart; the engine carries them out.

use crate::des::{Distribution, Span};

/// Whose event loop it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// `asyncio` with its selector loop and streams (`base_events.py`, `selector_events.py`, `streams.py`): what happens
    /// runs a callback, which lets the task go on in the next round. It receives ahead of the tasks.
    Asyncio,
    /// gevent's hub: what happens lets the greenlet go on at once, which then receives for itself. Callbacks run first
    /// in, first out, until there are none (`_run_callbacks` in gevent's `loop.pyx`).
    Gevent,
}

/// For how long gevent runs callbacks before it polls: the switch interval, unless it was set.
pub const CALLBACKS_FOR: Span = Span::from_millis(5);

/// Loops wait for whole milliseconds (`epoll_wait(2)`; `selectors.py` rounds up, and so does libev).
pub const TIMEOUT_UNIT: Span = Span::from_millis(1);

/// How many instructions of library code each part takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instructions {
    /// From the beginning of a round to its poll.
    pub before_poll: u64,
    /// From the poll to the first handle.
    pub after_poll: u64,
    /// To run a handle.
    pub handle: u64,
    /// To let a task join the queue (`call_soon`).
    pub wake: u64,
    /// What a timer does besides.
    pub timer: u64,
    /// What a readable channel does besides.
    pub read: u64,
    /// `sleep(0)`.
    pub yields: u64,
    /// Any other sleep, before it.
    pub sleep: u64,
    /// After it.
    pub slept: u64,
    /// To receive.
    pub receive: u64,
    /// After having waited for a message.
    pub received: u64,
    /// To send.
    pub send: u64,
    /// To take a place of a semaphore.
    pub acquire: u64,
    /// To give it back.
    pub release: u64,
    /// To put an item into a queue.
    pub put: u64,
    /// To get one.
    pub get: u64,
    /// To make a task.
    pub start: u64,
    /// What follows the end of a task.
    pub end: u64,
}

/// Counted by tracing the opcodes of CPython 3.11. `handle` is 38 of these, and 14 for the C code that steps a task
/// (`task_step`, `contextvars`): switches by `sleep(0)`, alone and among ten, take 1.93 and 1.19 us without their polls where an
/// instruction of `queue.get` takes 6.7 ns.
const ASYNCIO: Instructions = Instructions {
    before_poll: 60,
    after_poll: 59,
    handle: 52,
    wake: 78,
    timer: 73,
    read: 183,
    yields: 21,
    sleep: 171,
    slept: 44,
    receive: 65,
    received: 25,
    send: 92,
    acquire: 70,
    release: 45,
    put: 76,
    get: 47,
    start: 172,
    end: 196,
};

/// gevent is written in C, but for its outermost layer. These are times measured with gevent 25 on CPython 3.11 (a switch
/// 1.14 us, one way of an echo 5.3 us with 1.4 us of system calls, a greenlet 11.3 us, a put and a get 0.25 us), in
/// instructions of 7.2 ns.
const GEVENT: Instructions = Instructions {
    before_poll: 30,
    after_poll: 30,
    handle: 80,
    wake: 20,
    timer: 0,
    read: 0,
    yields: 42,
    sleep: 150,
    slept: 0,
    receive: 60,
    received: 280,
    send: 60,
    acquire: 18,
    release: 17,
    put: 17,
    get: 18,
    start: 780,
    end: 770,
};

impl LoopKind {
    /// The lengths of its parts.
    pub fn instructions(self) -> &'static Instructions {
        match self {
            LoopKind::Asyncio => &ASYNCIO,
            LoopKind::Gevent => &GEVENT,
        }
    }
}

/// What a task awaits; meanwhile other tasks of its thread go on. Its instructions of library code come before, but for
/// those that depend on what happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Await {
    /// That a time has passed; zero lets the others go first.
    Sleep {
        /// How long.
        span: Distribution,
    },
    /// A message.
    Receive {
        /// Index of the channel.
        channel: usize,
    },
    /// That a message has gone.
    Send {
        /// Index of the channel.
        channel: usize,
        /// Whether the task will await the answer.
        asks: bool,
    },
    /// That the answer to what was received last from a channel has gone.
    Reply {
        /// Index of the channel.
        channel: usize,
    },
    /// The answer to what was asked last.
    Answer {
        /// Index of the latency that is measured, from the sending of the question.
        latency: Option<usize>,
    },
    /// Work in the kernel and then something outside the processor, such as the answer of a server.
    Io {
        /// Time in the kernel, beyond that of an empty system call.
        work: Distribution,
        /// How long the answer takes.
        wait: Distribution,
    },
    /// A place of a semaphore of the loop.
    Take {
        /// Index of the semaphore among those of the loop.
        semaphore: usize,
    },
}
