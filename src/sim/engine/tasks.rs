//! Event loops: a thread that runs tasks, round after round, and what tasks await.
//!
//! A task has a [`Routine`] of its own, which takes the place of the thread's while the task goes on; everything else in
//! the engine steps through it as through any program. The thread's own routine is at the step that runs the tasks.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::traffic::Traffic;
use super::{Engine, Routine};
use crate::des::{Distribution, Span, Time};
use crate::os::ThreadId;
use crate::os::sync::{
    Asker, ChannelId, Message, Objects, Outcome, Parcel, PollerId, Readiness, Request, Selector,
};
use crate::python::event_loop::{Await, CALLBACKS_FOR, Instructions, LoopKind, TIMEOUT_UNIT};
use crate::sim::model::{LoopSpec, Model};
use crate::trace::Observer;

/// What the loop runs in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handle {
    /// A task goes on.
    Task(usize),
    /// The timer of a task has come.
    Timer(usize),
    /// A message can be received where this watch looks.
    Read(usize),
}

/// What the loop does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
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
struct Watch {
    channel: ChannelId,
    readiness: Readiness,
    waiting: VecDeque<usize>,
    /// What has been received ahead of the tasks.
    buffer: Option<Message>,
}

/// A semaphore of the loop, and the tasks that wait for a place.
#[derive(Clone, Debug)]
struct Semaphore {
    places: u64,
    waiting: VecDeque<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct EventLoop {
    kind: LoopKind,
    selector: Selector,
    poller: PollerId,
    /// The routine of each task; while a task goes on, that of the thread is in its place.
    tasks: Vec<Routine>,
    current: Option<usize>,
    unfinished: usize,
    queue: VecDeque<Handle>,
    /// When each timer comes, in the order in which they were set, and whose it is.
    timers: BinaryHeap<Reverse<(Time, u64, usize)>>,
    timers_set: u64,
    watches: Vec<Watch>,
    semaphores: Vec<Semaphore>,
    stage: Stage,
    /// How many handles are left of this round, and since when the handles run.
    left: usize,
    since: Time,
    is_first: bool,
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

    /// Whether another handle of this round comes.
    fn goes_on(&self, now: Time) -> bool {
        match self.kind {
            LoopKind::Asyncio => self.left > 0,
            LoopKind::Gevent => {
                !self.queue.is_empty() && (self.is_first || now.since(self.since) < CALLBACKS_FOR)
            }
        }
    }

    /// How long the next poll may last.
    fn timeout(&self, now: Time) -> Option<Span> {
        if !self.queue.is_empty() {
            return Some(Span::ZERO);
        }
        let Reverse((time, ..)) = self.timers.peek()?;
        let units = if *time > now { time.since(now).picos().div_ceil(TIMEOUT_UNIT.picos()) } else { 0 };
        Some(TIMEOUT_UNIT * units)
    }

    fn watch_of(&self, channel: ChannelId, readiness: Readiness) -> Option<usize> {
        self.watches.iter().position(|watch| watch.channel == channel && watch.readiness == readiness)
    }

    /// Whether the poller is to look at a watch.
    fn looks_at(&self, watch: &Watch) -> bool {
        match (watch.readiness, self.kind) {
            (Readiness::Message, LoopKind::Asyncio) => watch.buffer.is_none(),
            _ => !watch.waiting.is_empty(),
        }
    }

    /// What the poll has found, and the timers that have come, join the queue.
    fn collect(&mut self, now: Time, objects: &Objects) {
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

impl<O: Observer> Engine<'_, O> {
    /// The event loop that `thread` runs; there must be one.
    fn event_loop(&mut self, thread: ThreadId) -> &mut EventLoop {
        let number = self.model.threads[thread].event_loop.unwrap_or_default();
        &mut self.loops[number]
    }

    /// Whether `thread` carries on a task at the moment.
    pub(super) fn is_in_task(&self, thread: ThreadId) -> bool {
        let number = self.model.threads[thread].event_loop;
        number.is_some_and(|number| self.loops[number].current.is_some())
    }

    /// The next thing that the loop of `thread` does. `None` if more can follow at once, else whether the thread is still
    /// on its turn.
    pub(super) fn run_tasks(&mut self, thread: ThreadId) -> Option<bool> {
        // The step is not over until all tasks have ended.
        self.threads[thread].routine.step -= 1;
        let now = self.kernel.now();
        let event_loop = self.event_loop(thread);
        let instructions = event_loop.kind.instructions();
        match event_loop.stage {
            Stage::Start => {
                event_loop.stage = Stage::Started;
                let tasks = event_loop.tasks.len() as u64;
                self.library(thread, (instructions.start + instructions.wake) * tasks);
            }
            Stage::Started => {
                event_loop.stage = Stage::Round;
                event_loop.queue.extend((0..event_loop.tasks.len()).map(Handle::Task));
            }
            Stage::Round if event_loop.unfinished == 0 => self.threads[thread].routine.step += 1,
            Stage::Round => {
                event_loop.stage = Stage::Poll;
                self.library(thread, instructions.before_poll);
            }
            Stage::Poll => return Some(self.poll(thread)),
            Stage::AfterPoll => {
                event_loop.stage = Stage::Collect;
                self.library(thread, instructions.after_poll);
            }
            Stage::Collect => {
                event_loop.stage = Stage::NextHandle;
                let number = self.model.threads[thread].event_loop.unwrap_or_default();
                self.loops[number].collect(now, self.kernel.objects());
            }
            Stage::NextHandle if !event_loop.goes_on(now) => event_loop.stage = Stage::Round,
            Stage::NextHandle => self.next_handle(thread, instructions),
            Stage::Run(handle) => return self.run_handle(thread, handle),
            Stage::AfterRead(watch) => {
                event_loop.stage = Stage::NextHandle;
                self.has_read(thread, watch);
            }
        }
        None
    }

    fn poll(&mut self, thread: ThreadId) -> bool {
        let now = self.kernel.now();
        let event_loop = self.event_loop(thread);
        event_loop.stage = Stage::AfterPoll;
        let (poller, timeout) = (event_loop.poller, event_loop.timeout(now));
        let number = self.model.threads[thread].event_loop.unwrap_or_default();
        let event_loop = &self.loops[number];
        for (watch, it) in event_loop.watches.iter().enumerate() {
            self.kernel.objects().look_at(poller, watch, event_loop.looks_at(it));
        }
        self.without_lock(thread, Request::Poll(poller, timeout))
    }

    fn next_handle(&mut self, thread: ThreadId, instructions: &Instructions) {
        let event_loop = self.event_loop(thread);
        event_loop.is_first = false;
        event_loop.left = event_loop.left.saturating_sub(1);
        let Some(handle) = event_loop.queue.pop_front() else { return };
        event_loop.stage = Stage::Run(handle);
        let besides = match handle {
            Handle::Task(_) => 0,
            Handle::Timer(_) => instructions.timer + instructions.wake,
            Handle::Read(_) => instructions.read,
        };
        self.library(thread, instructions.handle + besides);
    }

    fn run_handle(&mut self, thread: ThreadId, handle: Handle) -> Option<bool> {
        let event_loop = self.event_loop(thread);
        event_loop.stage = Stage::NextHandle;
        match handle {
            Handle::Timer(task) => event_loop.queue.push_back(Handle::Task(task)),
            Handle::Task(task) => {
                event_loop.current = Some(task);
                self.swap_routines(thread, task);
                let before = std::mem::take(&mut self.threads[thread].routine.instructions_before);
                self.library(thread, before);
            }
            Handle::Read(watch) => {
                event_loop.stage = Stage::AfterRead(watch);
                let channel = event_loop.watches[watch].channel;
                self.threads[thread].routine.traffic = Traffic::Trying;
                return Some(self.without_lock(thread, Request::TryReceive { channel, allocates: true }));
            }
        }
        None
    }

    /// The loop has tried to receive ahead of its tasks.
    fn has_read(&mut self, thread: ThreadId, watch: usize) {
        let routine = &mut self.threads[thread].routine;
        routine.was_refused = false;
        let Some(message) = routine.inbox.take() else { return };
        let event_loop = self.event_loop(thread);
        let watch = &mut event_loop.watches[watch];
        match watch.waiting.pop_front() {
            Some(task) => {
                event_loop.tasks[task].inbox = Some(message);
                self.wake_task(thread, task);
            }
            None => watch.buffer = Some(message),
        }
    }

    /// A task joins the queue when what that takes has been executed.
    fn wake_task(&mut self, thread: ThreadId, task: usize) {
        self.threads[thread].routine.wakes = Some(task);
        let wake = self.event_loop(thread).kind.instructions().wake;
        self.library(thread, wake);
    }

    /// A task joins the queue.
    pub(super) fn join_loop(&mut self, thread: ThreadId, task: usize) {
        self.event_loop(thread).queue.push_back(Handle::Task(task));
    }

    fn swap_routines(&mut self, thread: ThreadId, task: usize) {
        let number = self.model.threads[thread].event_loop.unwrap_or_default();
        std::mem::swap(&mut self.threads[thread].routine, &mut self.loops[number].tasks[task]);
    }

    /// The task stops here, until something lets it go on; the loop goes on.
    fn suspend(&mut self, thread: ThreadId) -> Option<bool> {
        if let Some(task) = self.event_loop(thread).current.take() {
            self.swap_routines(thread, task);
        }
        None
    }

    /// The program of a task has come to its end.
    pub(super) fn end_task(&mut self, thread: ThreadId) {
        let routine = &mut self.threads[thread].routine;
        if !std::mem::replace(&mut routine.has_ended, true) {
            routine.step -= 1;
            let end = self.event_loop(thread).kind.instructions().end;
            self.library(thread, end);
            return;
        }
        self.event_loop(thread).unfinished -= 1;
        self.suspend(thread);
    }

    /// A task awaits something. `None` if more can follow at once, else whether the thread is still on its turn.
    pub(super) fn await_(&mut self, thread: ThreadId, what: &Await) -> Option<bool> {
        match what {
            Await::Sleep { span } => {
                let span = match self.threads[thread].routine.sleeps.take() {
                    Some(span) => return self.set_timer(thread, span),
                    None => self.draw(thread, span),
                };
                let instructions = self.event_loop(thread).kind.instructions();
                let before =
                    if span.is_zero() { instructions.yields + instructions.wake } else { instructions.sleep };
                self.threads[thread].routine.sleeps = Some(span);
                self.repeat_step(thread);
                self.library(thread, before);
                None
            }
            Await::Receive { channel } => {
                let from = self.outside.channels[*channel];
                match self.receive_in_task(thread, from) {
                    Ok(message) => {
                        self.threads[thread].routine.received[*channel] = Some(message);
                        None
                    }
                    Err(goes_on) => goes_on,
                }
            }
            Await::Answer { latency } => self.await_answer(thread, *latency),
            Await::Io { work, wait } => self.io_in_task(thread, work, wait),
            Await::Send { channel, asks } => {
                let to = self.outside.channels[*channel];
                let now = self.kernel.now();
                let routine = &mut self.threads[thread].routine;
                let asker = if *asks { Asker::Routine(routine.number) } else { Asker::Nobody };
                if routine.outgoing.is_none() {
                    routine.outgoing = Some((to, Message { sent: now, asker, parcel: Parcel::default() }));
                    if *asks {
                        self.outside.asked[routine.number] = now;
                    }
                }
                self.send_in_task(thread)
            }
            Await::Reply { channel } => {
                if self.threads[thread].routine.outgoing.is_none() {
                    match self.answer_to(thread, *channel) {
                        Ok(outgoing) => self.threads[thread].routine.outgoing = Some(outgoing),
                        Err(request) => return Some(self.without_lock(thread, request)),
                    }
                }
                self.send_in_task(thread)
            }
            Await::Take { semaphore } => {
                let event_loop = self.event_loop(thread);
                let current = event_loop.current;
                let semaphore = &mut event_loop.semaphores[*semaphore];
                if semaphore.places > 0 {
                    semaphore.places -= 1;
                    return None;
                }
                semaphore.waiting.extend(current);
                self.suspend(thread)
            }
        }
    }

    /// A place of a semaphore of the loop is given back: to the task that has waited longest, if one waits.
    pub(super) fn give(&mut self, thread: ThreadId, semaphore: usize) {
        let semaphore = &mut self.event_loop(thread).semaphores[semaphore];
        match semaphore.waiting.pop_front() {
            Some(task) => self.wake_task(thread, task),
            None => semaphore.places += 1,
        }
    }

    /// The present step comes again.
    fn repeat_step(&mut self, thread: ThreadId) {
        self.threads[thread].routine.step -= 1;
    }

    fn set_timer(&mut self, thread: ThreadId, span: Span) -> Option<bool> {
        let now = self.kernel.now();
        let event_loop = self.event_loop(thread);
        let instructions = event_loop.kind.instructions();
        let task = event_loop.current?;
        if span.is_zero() {
            event_loop.queue.push_back(Handle::Task(task));
        } else {
            event_loop.timers_set += 1;
            event_loop.timers.push(Reverse((now + span, event_loop.timers_set, task)));
            self.threads[thread].routine.instructions_before = instructions.slept;
        }
        self.suspend(thread)
    }

    /// The task receives a message; if it has none yet, whether its thread goes on meanwhile.
    fn receive_in_task(&mut self, thread: ThreadId, channel: ChannelId) -> Result<Message, Option<bool>> {
        if let Some(message) = self.threads[thread].routine.inbox.take() {
            return Ok(message);
        }
        let event_loop = self.event_loop(thread);
        let (kind, watch) = (event_loop.kind, event_loop.watch_of(channel, Readiness::Message));
        let tries =
            kind == LoopKind::Gevent && !std::mem::take(&mut self.threads[thread].routine.was_refused);
        if tries {
            self.repeat_step(thread);
            self.threads[thread].routine.traffic = Traffic::Trying;
            return Err(Some(self.without_lock(thread, Request::TryReceive { channel, allocates: false })));
        }
        let event_loop = self.event_loop(thread);
        if let Some(message) = watch.and_then(|watch| event_loop.watches[watch].buffer.take()) {
            return Ok(message);
        }
        self.repeat_step(thread);
        Err(self.wait_for(thread, channel, Readiness::Message))
    }

    /// The task waits until a channel is ready; if that is not watched yet, it is from now on, and the step comes again.
    fn wait_for(&mut self, thread: ThreadId, channel: ChannelId, readiness: Readiness) -> Option<bool> {
        let event_loop = self.event_loop(thread);
        let (poller, selector) = (event_loop.poller, event_loop.selector);
        let received = event_loop.kind.instructions().received;
        let Some(watch) = event_loop.watch_of(channel, readiness) else {
            event_loop.watches.push(Watch { channel, readiness, waiting: VecDeque::new(), buffer: None });
            self.kernel.objects().watch(poller, channel, readiness);
            // It was refused before, if it has tried.
            self.threads[thread].routine.was_refused = true;
            return match selector {
                Selector::Epoll => Some(self.without_lock(thread, Request::Register(poller))),
                _ => None,
            };
        };
        let current = event_loop.current;
        event_loop.watches[watch].waiting.extend(current);
        if readiness == Readiness::Message {
            self.threads[thread].routine.instructions_before = received;
        }
        self.threads[thread].routine.was_refused = false;
        self.suspend(thread)
    }

    /// The task sends what is to go out, as soon as there is room for it.
    fn send_in_task(&mut self, thread: ThreadId) -> Option<bool> {
        let routine = &mut self.threads[thread].routine;
        let (channel, message) = routine.outgoing?;
        routine.step -= 1;
        if std::mem::take(&mut routine.was_refused) {
            return self.wait_for(thread, channel, Readiness::Room);
        }
        routine.traffic = Traffic::TryingToSend;
        Some(self.without_lock(thread, Request::TrySend(channel, message)))
    }

    /// The task has tried to receive or to send.
    pub(super) fn has_tried(&mut self, thread: ThreadId, traffic: Traffic, outcome: Outcome) {
        let received = self.kernel.objects().received(thread);
        let routine = &mut self.threads[thread].routine;
        match (outcome, traffic) {
            (Outcome::Refused, _) => routine.was_refused = true,
            (_, Traffic::TryingToSend) => {
                routine.outgoing = None;
                routine.step += 1;
            }
            _ => routine.inbox = Some(received),
        }
    }

    fn await_answer(&mut self, thread: ThreadId, latency: Option<usize>) -> Option<bool> {
        let number = self.threads[thread].routine.number;
        match self.receive_in_task(thread, self.outside.answers[number]) {
            Ok(_) => {
                if let Some(latency) = latency {
                    self.measured(latency, self.outside.asked[number]);
                }
                None
            }
            Err(goes_on) => goes_on,
        }
    }

    /// The task asks something outside the machine, which answers after a time.
    fn io_in_task(&mut self, thread: ThreadId, work: &Distribution, wait: &Distribution) -> Option<bool> {
        if self.threads[thread].routine.awaits_io {
            let number = self.threads[thread].routine.number;
            return match self.receive_in_task(thread, self.outside.answers[number]) {
                Ok(_) => {
                    self.threads[thread].routine.awaits_io = false;
                    None
                }
                Err(goes_on) => goes_on,
            };
        }
        let (work, wait) = (self.draw(thread, work), self.draw(thread, wait));
        let routine = &mut self.threads[thread].routine;
        routine.awaits_io = true;
        routine.traffic = Traffic::AnsweredIn(wait);
        self.repeat_step(thread);
        Some(self.without_lock(thread, Request::Io { work, wait: Span::ZERO }))
    }
}
