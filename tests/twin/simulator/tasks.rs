//! Event loops (section 6a of the rules): the tasks of a thread take turns in its place.
//!
//! A task has a program counter and a stack of actions of its own. While it goes on, these are those of its thread, and
//! what the loop does next lies where the task's usually are.

use std::collections::VecDeque;
use std::mem;

use gilsim::des::{Distribution, Span, Time};
use gilsim::os::sync::Selector;
use gilsim::python::event_loop::{Await, CALLBACKS_FOR, Instructions, LoopKind, TIMEOUT_UNIT};
use gilsim::sim::LoopSpec;
use gilsim::trace::ThreadState;

use super::calls::Library::Python;
use super::channels::{Message, Talk};
use super::kernel::{Burst, Mode};
use super::objects::Action::{self, Channel, Library, Program, Spend};
use super::objects::Queue;
use super::program::{Do, ProgramCounter};
use super::signals::Again;
use super::{Cost, Kind, World};

/// What an event loop does next, or a task that awaits something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Turn {
    /// Every task joins the queue.
    Begin,
    Round,
    Poll,
    Scan,
    /// Sleeps unless something is there.
    SleepInPoll(Option<Span>),
    /// What has happened becomes handles.
    Happened,
    /// The handles of this round; is this the first?
    Handles(bool),
    Run(Handle),
    /// It has tried to receive what this watch is for.
    HasRead(usize),

    /// This task joins the queue.
    Join(usize),
    /// The task waits behind the others.
    Yield,
    WaitUntil(Span),
    Receive(usize),
    /// It has tried to.
    Received(usize),
    TakeFromBuffer(usize),
    Send(usize, Message),
    Sent(usize, Message),
    /// The channel is watched: for room, or else for messages.
    Watch(usize, bool),
    WaitFor(usize, bool),
    /// The answer comes from outside after this time.
    SetAlarm(Span),
    End,
}

/// What a loop runs in a round: a task, a timer that wakes a task, or the reading of what a watch is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Handle {
    Task(usize),
    Timer(usize),
    Read(usize),
}

/// A channel that is watched: for room, or else for messages.
struct Watch {
    channel: usize,
    for_room: bool,
    waiting: VecDeque<usize>,
    buffer: Option<Message>,
}

#[derive(Default)]
struct Task {
    program: ProgramCounter,
    actions: Vec<Action>,
    /// It has come to its end, and tells the loop.
    ends: bool,
    has_ended: bool,
}

/// An event loop.
pub struct EventLoop<'a> {
    spec: &'a LoopSpec,
    /// The number of its first task among all tasks.
    first_task: usize,
    tasks: Vec<Task>,
    /// The task that goes on.
    current: Option<usize>,
    queue: VecDeque<Handle>,
    /// In the order in which they were set.
    timers: Vec<(Time, usize)>,
    watches: Vec<Watch>,
    /// For each semaphore its value and the tasks that wait for it.
    semaphores: Vec<(u64, VecDeque<usize>)>,
    /// How many handles asyncio has still to run in this round, and since when gevent runs them.
    handles_left: usize,
    handles_since: Time,
}

impl<'a> EventLoop<'a> {
    /// The loops of a model; nothing has happened.
    pub fn all(specs: &'a [LoopSpec]) -> Vec<EventLoop<'a>> {
        let mut tasks = 0;
        let event_loop = |spec: &'a LoopSpec| {
            tasks += spec.tasks.len();
            EventLoop {
                spec,
                first_task: tasks - spec.tasks.len(),
                tasks: spec.tasks.iter().map(|_| Task::default()).collect(),
                current: None,
                queue: VecDeque::new(),
                timers: Vec::new(),
                watches: Vec::new(),
                semaphores: spec.semaphores.iter().map(|value| (*value, VecDeque::new())).collect(),
                handles_left: 0,
                handles_since: Time::ZERO,
            }
        };
        specs.iter().map(event_loop).collect()
    }

    fn is_asyncio(&self) -> bool {
        self.spec.kind == LoopKind::Asyncio
    }

    fn is_looked_at(&self, watch: &Watch) -> bool {
        if self.is_asyncio() && !watch.for_room { watch.buffer.is_none() } else { !watch.waiting.is_empty() }
    }

    /// Whether a poll looks at the channel for this.
    pub fn looks_at(&self, channel: usize, for_room: bool) -> bool {
        let is_meant = |watch: &&Watch| (watch.channel, watch.for_room) == (channel, for_room);
        self.watches.iter().find(is_meant).is_some_and(|watch| self.is_looked_at(watch))
    }

    fn watch(&mut self, channel: usize, for_room: bool) -> Option<&mut Watch> {
        self.watches.iter_mut().find(|watch| (watch.channel, watch.for_room) == (channel, for_room))
    }
}

const CALL: Action = Spend(Cost::SystemCall);

impl<'a> World<'a> {
    fn event_loop(&mut self, thread: usize) -> &mut EventLoop<'a> {
        &mut self.loops[self.model.threads[thread].event_loop.expect("it has one")]
    }

    fn parts(&mut self, thread: usize) -> &'static Instructions {
        self.event_loop(thread).spec.kind.instructions()
    }

    /// The task that goes on in place of `thread`, by its number within the loop.
    pub fn current_task(&self, thread: usize) -> Option<usize> {
        self.loops[self.model.threads[thread].event_loop?].current
    }

    /// The number of the thread, or of the task that goes on in its place; tasks are numbered after the threads.
    pub fn number_of(&self, thread: usize) -> usize {
        let task =
            |event_loop: usize| Some(self.loops[event_loop].first_task + self.loops[event_loop].current?);
        self.model.threads[thread]
            .event_loop
            .and_then(task)
            .map_or(thread, |task| self.model.threads.len() + task)
    }

    /// The program of the thread, or of the task or the handler that goes on in its place.
    pub fn program_of(&self, thread: usize) -> &'a gilsim::python::program::Program {
        let spec = &self.model.threads[thread];
        let of_task = |event_loop: usize| {
            let it = &self.loops[event_loop];
            Some(it.spec.tasks[it.current?])
        };
        let handler = self.threads[thread].program.handler;
        &self.model.programs[handler.or_else(|| spec.event_loop.and_then(of_task)).unwrap_or(spec.program)]
    }

    fn turns(&mut self, thread: usize, turns: &[Turn]) {
        let actions: Vec<Action> = turns.iter().copied().map(Action::Turn).collect();
        self.then(thread, &actions);
    }

    fn library_code(&mut self, thread: usize, instructions: u64, then: &[Turn]) {
        self.turns(thread, then);
        self.then(thread, &[Library(Python(instructions))]);
    }

    fn io(&mut self, thread: usize, does: &[Action], then: &[Turn]) {
        self.turns(thread, then);
        self.without_lock(thread, ThreadState::BlockedOnIo, does);
    }

    /// What the thread has belongs to the task from here on, and the other way round.
    fn swap(&mut self, thread: usize, task: usize) {
        let number = self.model.threads[thread].event_loop.expect("it has one");
        let (it, task) = (&mut self.threads[thread], &mut self.loops[number].tasks[task]);
        mem::swap(&mut it.program, &mut task.program);
        mem::swap(&mut it.actions, &mut task.actions);
    }

    fn go_on(&mut self, thread: usize, task: usize) {
        self.swap(thread, task);
        self.event_loop(thread).current = Some(task);
    }

    /// The task that goes on waits, or has ended: the loop goes on.
    pub fn suspend(&mut self, thread: usize) -> usize {
        let task = self.event_loop(thread).current.take().expect("a task goes on");
        self.swap(thread, task);
        task
    }

    /// The step *run tasks*.
    pub fn run_tasks(&mut self, thread: usize) {
        let parts = self.parts(thread);
        let tasks = self.event_loop(thread).tasks.len() as u64;
        self.library_code(thread, tasks * (parts.start + parts.wake), &[Turn::Begin]);
    }

    pub fn turn(&mut self, thread: usize, turn: Turn) {
        let now = self.now;
        let parts = self.parts(thread);
        let event_loop = self.event_loop(thread);
        match turn {
            Turn::Begin => {
                event_loop.queue = (0..event_loop.tasks.len()).map(Handle::Task).collect();
                self.turns(thread, &[Turn::Round]);
            }
            Turn::Round => {
                if !event_loop.tasks.iter().all(|task| task.has_ended) {
                    self.library_code(thread, parts.before_poll, &[Turn::Poll]);
                }
            }
            Turn::Poll => {
                let timeout = if event_loop.queue.is_empty() {
                    event_loop.timers.iter().map(|(time, _)| whole_milliseconds(time.since(now))).min()
                } else {
                    Some(Span::ZERO)
                };
                self.turns(thread, &[Turn::Happened]);
                self.then(thread, &[Library(Python(parts.after_poll))]);
                let sleep = Action::Turn(Turn::SleepInPoll(timeout));
                self.io(thread, &[CALL, Action::Turn(Turn::Scan), sleep], &[]);
            }
            Turn::Scan => self.scan(thread),
            Turn::SleepInPoll(timeout) => {
                if timeout != Some(Span::ZERO) && self.what_is_there(thread).is_empty() {
                    self.threads[thread].program.due = timeout.map_or(now, |timeout| now + timeout);
                    let late = timeout.map(|timeout| timeout + self.cost(Cost::TimerLateness));
                    self.turns(thread, &[Turn::Scan]);
                    let number = self.model.threads[thread].event_loop.expect("it has one");
                    self.block_with_timer(thread, Some(Queue::Poll(number)), late.map(|span| now + span));
                }
            }
            Turn::Happened => self.collect(thread),
            Turn::Handles(is_first) => self.next_handle(thread, is_first),
            Turn::Run(Handle::Task(task)) => self.go_on(thread, task),
            Turn::Run(Handle::Timer(task)) => event_loop.queue.push_back(Handle::Task(task)),
            Turn::Run(Handle::Read(watch)) => {
                let receive = Channel(Talk::TryReceive(event_loop.watches[watch].channel));
                let does = [CALL, Spend(Cost::LargeAllocation), receive];
                self.io(thread, &does, &[Turn::HasRead(watch)]);
            }
            Turn::HasRead(watch) => self.has_read(thread, watch),
            Turn::Join(task) => event_loop.queue.push_back(Handle::Task(task)),
            _ => self.turn_of_task(thread, turn),
        }
    }

    /// What comes of a poll that a signal interrupts, with a timeout that ends then, if it has one.
    pub fn polls_again(&mut self, thread: usize, due: Time) -> Option<Again> {
        let is_asyncio = self.event_loop(thread).is_asyncio();
        let Some(Again::Does(blocked, mut does)) = self.threads[thread].program.again.clone() else {
            unreachable!("it polls")
        };
        if !is_asyncio || !self.model.signal_rules.retries_calls {
            return Some(Again::Over);
        }
        for action in &mut does {
            if let Action::Turn(Turn::SleepInPoll(Some(timeout))) = action {
                *timeout = if due > self.now { whole_milliseconds(due.since(self.now)) } else { Span::ZERO };
            }
        }
        Some(Again::Does(blocked, does))
    }

    fn scan(&mut self, thread: usize) {
        let event_loop = self.event_loop(thread);
        let descriptors = event_loop.watches.len() as u64 + event_loop.spec.idle_descriptors;
        let one = match event_loop.spec.selector {
            Selector::Select => self.cost(Cost::SelectDescriptor),
            Selector::Poll => self.cost(Cost::PollDescriptor),
            Selector::Epoll => Span::ZERO,
        };
        let left = one * descriptors;
        self.threads[thread].burst = Some(Burst { mode: Mode::Kernel, left, enters: false });
    }

    /// The watches that are looked at and have what they are looked at for, and how much of it.
    fn what_is_there(&mut self, thread: usize) -> Vec<(usize, usize)> {
        let number = self.model.threads[thread].event_loop.expect("it has one");
        let looked_at = self.loops[number].watches.iter().enumerate();
        let looked_at = looked_at.filter(|(_, watch)| self.loops[number].is_looked_at(watch));
        let amount = |watch: &Watch| {
            if watch.for_room { self.room_in(watch.channel) } else { self.messages_in(watch.channel) }
        };
        let there = looked_at.map(|(number, watch)| (number, amount(watch)));
        there.filter(|(_, amount)| *amount > 0).collect()
    }

    fn collect(&mut self, thread: usize) {
        let now = self.now;
        let there = self.what_is_there(thread);
        let event_loop = self.event_loop(thread);
        let is_asyncio = event_loop.is_asyncio();
        for (number, amount) in there {
            let watch = &mut event_loop.watches[number];
            let waiting = watch.waiting.len();
            if is_asyncio && !watch.for_room {
                let reads = amount.min(waiting.max(1));
                event_loop.queue.extend(vec![Handle::Read(number); reads]);
            } else {
                event_loop.queue.extend(watch.waiting.drain(..amount.min(waiting)).map(Handle::Task));
            }
        }
        let (mut come, later): (Vec<_>, Vec<_>) =
            mem::take(&mut event_loop.timers).into_iter().partition(|(time, _)| *time <= now);
        event_loop.timers = later;
        come.sort_by_key(|(time, _)| *time);
        let handle = |(_, task)| if is_asyncio { Handle::Timer(task) } else { Handle::Task(task) };
        event_loop.queue.extend(come.into_iter().map(handle));
        event_loop.handles_left = event_loop.queue.len();
        event_loop.handles_since = now;
        self.turns(thread, &[Turn::Handles(true)]);
    }

    fn next_handle(&mut self, thread: usize, is_first: bool) {
        let now = self.now;
        let parts = self.parts(thread);
        let event_loop = self.event_loop(thread);
        let is_over = if event_loop.is_asyncio() {
            event_loop.handles_left == 0
        } else {
            !is_first && now.since(event_loop.handles_since) >= CALLBACKS_FOR
        };
        let next = if is_over { None } else { event_loop.queue.pop_front() };
        let Some(handle) = next else { return self.turns(thread, &[Turn::Round]) };
        event_loop.handles_left = event_loop.handles_left.saturating_sub(1);
        let besides = match handle {
            Handle::Task(_) => 0,
            Handle::Timer(_) => parts.timer + parts.wake,
            Handle::Read(_) => parts.read,
        };
        self.library_code(thread, parts.handle + besides, &[Turn::Run(handle), Turn::Handles(false)]);
    }

    fn has_read(&mut self, thread: usize, number: usize) {
        let channel = self.event_loop(thread).watches[number].channel;
        if self.threads[thread].program.refused {
            return;
        }
        let message = self.threads[thread].program.to_answer.remove(&channel).expect("it has come");
        let parts = self.parts(thread);
        let event_loop = self.event_loop(thread);
        let watch = &mut event_loop.watches[number];
        if let Some(task) = watch.waiting.pop_front() {
            event_loop.tasks[task].program.to_answer.insert(channel, message);
            self.library_code(thread, parts.wake, &[Turn::Join(task)]);
        } else {
            watch.buffer = Some(message);
        }
    }

    /// What a task awaits.
    pub fn awaits(&mut self, thread: usize, what: &Await) {
        let parts = self.parts(thread);
        match what {
            Await::Sleep { span } => {
                let span = self.draw(thread, span);
                if span.is_zero() {
                    self.library_code(thread, parts.yields + parts.wake, &[Turn::Yield]);
                } else {
                    self.library_code(thread, parts.sleep, &[Turn::WaitUntil(span)]);
                }
            }
            Await::Receive { channel } => self.receive(thread, *channel),
            Await::Send { channel, asks } => {
                let message = self.message(thread, *asks);
                self.turns(thread, &[Turn::Send(*channel, message)]);
            }
            Await::Reply { channel } => {
                match self.threads[thread].program.to_answer.remove(channel).unwrap_or_default() {
                    Message::Question(asker) => {
                        self.turns(thread, &[Turn::Send(self.answers_of(asker), Message::Statement)]);
                    }
                    message => {
                        self.io(thread, &[CALL, Spend(Cost::ChannelSend), Channel(Talk::Out(message))], &[]);
                    }
                }
            }
            Await::Answer { latency } => {
                if let Some(latency) = latency {
                    self.then(thread, &[Channel(Talk::Answered(*latency))]);
                }
                self.receive(thread, self.answers_of(self.number_of(thread)));
            }
            Await::Io { work, wait } => {
                let (work, wait) = (self.draw(thread, work), self.draw(thread, wait));
                self.receive(thread, self.answers_of(self.number_of(thread)));
                let alarm = Action::Turn(Turn::SetAlarm(wait));
                self.io(thread, &[CALL, Program(Do::Work(Mode::Kernel, work)), alarm], &[]);
            }
            Await::Take { semaphore } => {
                let (value, _) = &mut self.event_loop(thread).semaphores[*semaphore];
                if *value > 0 {
                    *value -= 1;
                } else {
                    let task = self.suspend(thread);
                    self.event_loop(thread).semaphores[*semaphore].1.push_back(task);
                }
            }
        }
    }

    pub fn give(&mut self, thread: usize, semaphore: usize) {
        let parts = self.parts(thread);
        let (value, waiting) = &mut self.event_loop(thread).semaphores[semaphore];
        match waiting.pop_front() {
            Some(task) => self.library_code(thread, parts.wake, &[Turn::Join(task)]),
            None => *value += 1,
        }
    }

    pub fn end_task(&mut self, thread: usize) {
        let parts = self.parts(thread);
        let task = self.current_task(thread).expect("a task comes to its end");
        // An exception of a handler may lead it there again.
        if std::mem::replace(&mut self.event_loop(thread).tasks[task].ends, true) {
            return self.turns(thread, &[Turn::End]);
        }
        self.library_code(thread, parts.end, &[Turn::End]);
    }

    /// Draws from the stream of the thread, or of the task that goes on in its place.
    pub fn draw(&mut self, thread: usize, distribution: &Distribution) -> Span {
        self.streams.draw_program(self.number_of(thread), distribution)
    }

    fn receive(&mut self, thread: usize, channel: usize) {
        if self.event_loop(thread).is_asyncio() {
            self.turns(thread, &[Turn::Watch(channel, false), Turn::TakeFromBuffer(channel)]);
        } else {
            self.turns(thread, &[Turn::Receive(channel)]);
        }
    }

    fn turn_of_task(&mut self, thread: usize, turn: Turn) {
        let parts = self.parts(thread);
        let refused = self.threads[thread].program.refused;
        match turn {
            Turn::Yield => {
                let task = self.suspend(thread);
                self.event_loop(thread).queue.push_back(Handle::Task(task));
            }
            Turn::WaitUntil(span) => {
                self.library_code(thread, parts.slept, &[]);
                let time = self.now + span;
                let task = self.suspend(thread);
                self.event_loop(thread).timers.push((time, task));
            }
            Turn::TakeFromBuffer(channel) => {
                let watch = self.event_loop(thread).watch(channel, false).expect("it is watched");
                if let Some(message) = watch.buffer.take() {
                    self.threads[thread].program.to_answer.insert(channel, message);
                } else {
                    self.library_code(thread, parts.received, &[]);
                    self.turns(thread, &[Turn::WaitFor(channel, false)]);
                }
            }
            Turn::Receive(channel) => {
                self.io(thread, &[CALL, Channel(Talk::TryReceive(channel))], &[Turn::Received(channel)]);
            }
            Turn::Received(channel) if refused => {
                self.library_code(thread, parts.received, &[Turn::Receive(channel)]);
                self.turns(thread, &[Turn::Watch(channel, false), Turn::WaitFor(channel, false)]);
            }
            Turn::Send(channel, message) => {
                let does = [CALL, Channel(Talk::TrySend(channel, message))];
                self.io(thread, &does, &[Turn::Sent(channel, message)]);
            }
            Turn::Sent(channel, message) if refused => {
                let again =
                    [Turn::Watch(channel, true), Turn::WaitFor(channel, true), Turn::Send(channel, message)];
                self.turns(thread, &again);
            }
            Turn::Received(_) | Turn::Sent(..) => {}
            Turn::Watch(channel, for_room) => {
                let event_loop = self.event_loop(thread);
                if event_loop.watch(channel, for_room).is_none() {
                    event_loop.watches.push(Watch {
                        channel,
                        for_room,
                        waiting: VecDeque::new(),
                        buffer: None,
                    });
                    if event_loop.spec.selector == Selector::Epoll {
                        self.io(thread, &[CALL], &[]);
                    }
                }
            }
            Turn::WaitFor(channel, for_room) => {
                let task = self.suspend(thread);
                let watch = self.event_loop(thread).watch(channel, for_room).expect("it is watched");
                watch.waiting.push_back(task);
            }
            Turn::SetAlarm(wait) => {
                let task = self.number_of(thread) - self.model.threads.len();
                self.agenda.set(Kind::Alarm, self.channels.users() + task, self.now + wait);
            }
            Turn::End => {
                let task = self.suspend(thread);
                self.event_loop(thread).tasks[task].has_ended = true;
            }
            _ => unreachable!("{turn:?} of a task"),
        }
    }
}

/// Loops wait for whole milliseconds.
fn whole_milliseconds(span: Span) -> Span {
    TIMEOUT_UNIT * span.picos().div_ceil(TIMEOUT_UNIT.picos())
}
