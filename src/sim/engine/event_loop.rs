//! The state of an event loop: its queue of handles, timers, watches and semaphores, and the routines of its tasks.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Routine;
use crate::des::{Span, Time};
use crate::os::sync::{ChannelId, Message, Objects, PollerId, Readiness, Selector};
use crate::python::event_loop::{CALLBACKS_FOR, LoopKind, TIMEOUT_UNIT};
use crate::sim::model::{LoopSpec, Model};

/// What the loop runs in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handle {
    /// A task goes on.
    Task(usize),
    /// The timer of a task has come.
    Timer(usize),
    /// A message can be received where this watch looks.
    Read(usize),
}

/// What the loop does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Start,
    Started,
    Round,
    Poll,
    AfterPoll,
    Collect,
    NextHandle,
    Run(Handle),
    AfterRead(usize),
}

/// A channel that the loop watches, and the tasks that wait for it.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub channel: ChannelId,
    pub readiness: Readiness,
    pub waiting: VecDeque<usize>,
    /// What has been received ahead of the tasks.
    pub buffer: Option<Message>,
}

/// A semaphore of the loop, and the tasks that wait for a place.
#[derive(Clone, Debug)]
pub(super) struct Semaphore {
    pub places: u64,
    pub waiting: VecDeque<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct EventLoop {
    pub kind: LoopKind,
    pub selector: Selector,
    pub poller: PollerId,
    /// The routine of each task; while a task goes on, that of the thread is in its place.
    pub tasks: Vec<Routine>,
    pub current: Option<usize>,
    pub unfinished: usize,
    pub queue: VecDeque<Handle>,
    /// When each timer comes, in the order in which they were set, and whose it is.
    pub timers: BinaryHeap<Reverse<(Time, u64, usize)>>,
    pub timers_set: u64,
    pub watches: Vec<Watch>,
    pub semaphores: Vec<Semaphore>,
    pub stage: Stage,
    /// How many handles are left of this round, and since when the handles run.
    pub left: usize,
    pub since: Time,
    pub is_first: bool,
}

impl EventLoop {
    /// A loop whose tasks are numbered from `first` on.
    pub fn new(spec: &LoopSpec, first: usize, model: &Model, seed: u64, objects: &mut Objects) -> EventLoop {
        let numbered = spec.tasks.iter().enumerate();
        let tasks = numbered.map(|(task, program)| Routine::new(first + task, *program, model, seed));
        EventLoop {
            kind: spec.kind,
            selector: spec.selector,
            poller: objects.new_poller(spec.selector, spec.idle_descriptors),
            tasks: tasks.collect(),
            current: None,
            unfinished: spec.tasks.len(),
            queue: VecDeque::with_capacity(spec.tasks.len()),
            timers: BinaryHeap::with_capacity(spec.tasks.len()),
            timers_set: 0,
            watches: Vec::new(),
            semaphores: spec
                .semaphores
                .iter()
                .map(|places| Semaphore { places: *places, waiting: VecDeque::new() })
                .collect(),
            stage: Stage::Start,
            left: 0,
            since: Time::ZERO,
            is_first: true,
        }
    }

    /// Whether a task has come to its end. While it goes on, it has not.
    pub fn has_ended(&self, task: usize) -> bool {
        self.current != Some(task) && self.tasks[task].has_ended
    }

    /// Whether another handle of this round comes.
    pub fn goes_on(&self, now: Time) -> bool {
        match self.kind {
            LoopKind::Asyncio => self.left > 0,
            LoopKind::Gevent => {
                !self.queue.is_empty() && (self.is_first || now.since(self.since) < CALLBACKS_FOR)
            }
        }
    }

    /// How long the next poll may last.
    pub fn timeout(&self, now: Time) -> Option<Span> {
        if !self.queue.is_empty() {
            return Some(Span::ZERO);
        }
        let Reverse((time, ..)) = self.timers.peek()?;
        Some(if *time > now { in_whole_units(time.since(now)) } else { Span::ZERO })
    }

    pub fn watch_of(&self, channel: ChannelId, readiness: Readiness) -> Option<usize> {
        self.watches.iter().position(|watch| watch.channel == channel && watch.readiness == readiness)
    }

    /// Whether the poller is to look at a watch.
    pub fn looks_at(&self, watch: &Watch) -> bool {
        match (watch.readiness, self.kind) {
            (Readiness::Message, LoopKind::Asyncio) => watch.buffer.is_none(),
            _ => !watch.waiting.is_empty(),
        }
    }

    /// What the poll has found, and the timers that have come, join the queue.
    pub fn collect(&mut self, now: Time, objects: &Objects) {
        for (number, watch) in self.watches.iter_mut().enumerate() {
            let (ready, waiting) = (objects.ready(self.poller, number), watch.waiting.len());
            if (watch.readiness, self.kind) == (Readiness::Message, LoopKind::Asyncio) {
                let reads = ready.min(waiting.max(1));
                self.queue.extend(std::iter::repeat_n(Handle::Read(number), reads));
            } else {
                self.queue.extend(watch.waiting.drain(..ready.min(waiting)).map(Handle::Task));
            }
        }
        while let Some(Reverse((time, _, task))) = self.timers.peek().copied()
            && time <= now
        {
            self.timers.pop();
            self.queue.push_back(match self.kind {
                LoopKind::Asyncio => Handle::Timer(task),
                LoopKind::Gevent => Handle::Task(task),
            });
        }
        self.left = self.queue.len();
        self.since = now;
        self.is_first = true;
    }
}

/// A timeout as polls are given it.
pub(super) fn in_whole_units(span: Span) -> Span {
    TIMEOUT_UNIT * span.picos().div_ceil(TIMEOUT_UNIT.picos())
}
