//! Event loops: a thread that runs tasks, round after round. What tasks await is in `awaits`.
//!
//! A task has a [`Routine`](super::Routine) of its own, which takes the place of the thread's while the task goes on;
//! everything else in the engine steps through it as through any program. The thread's own routine is at the step that
//! runs the tasks.

use super::Engine;
use super::event_loop::{EventLoop, Handle, Stage, in_whole_units};
use super::signals::{MAIN, Then};
use super::traffic::Traffic;
use crate::des::Span;
use crate::os::ThreadId;
use crate::os::sync::{PollerId, Request};
use crate::python::event_loop::{Instructions, LoopKind};
use crate::python::exception::Exception;
use crate::trace::Observer;

impl<O: Observer> Engine<'_, O> {
    /// The event loop that `thread` runs; there must be one.
    pub(super) fn event_loop(&mut self, thread: ThreadId) -> &mut EventLoop {
        let number = self.loop_number(thread);
        &mut self.loops[number]
    }

    fn loop_number(&self, thread: ThreadId) -> usize {
        self.model.threads[thread].event_loop.unwrap_or_default()
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
                let number = self.loop_number(thread);
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
        let number = self.loop_number(thread);
        let event_loop = &self.loops[number];
        for (watch, it) in event_loop.watches.iter().enumerate() {
            self.kernel.objects().look_at(poller, watch, event_loop.looks_at(it));
        }
        self.without_lock(thread, Request::Poll(poller, timeout))
    }

    /// What the main thread does when its poll has been interrupted and all handlers have run: asyncio polls again with what
    /// is left of the timeout, from 3.5 on (PEP 475); otherwise the poll is over and has found nothing.
    pub(super) fn poll_again(&self, poller: PollerId, left: Option<Span>) -> Then {
        let kind = self.loops[self.loop_number(MAIN)].kind;
        match self.model.signal_rules.retries_calls && kind == LoopKind::Asyncio {
            true => Then::Ask(Request::Poll(poller, left.map(in_whole_units))),
            false => Then::GoOn,
        }
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
    pub(super) fn wake_task(&mut self, thread: ThreadId, task: usize) {
        self.threads[thread].routine.wakes = Some(task);
        let wake = self.event_loop(thread).kind.instructions().wake;
        self.library(thread, wake);
    }

    /// A task joins the queue.
    pub(super) fn join_loop(&mut self, thread: ThreadId, task: usize) {
        self.event_loop(thread).queue.push_back(Handle::Task(task));
    }

    fn swap_routines(&mut self, thread: ThreadId, task: usize) {
        let number = self.loop_number(thread);
        std::mem::swap(&mut self.threads[thread].routine, &mut self.loops[number].tasks[task]);
    }

    /// The task stops here, until something lets it go on; the loop goes on.
    pub(super) fn suspend(&mut self, thread: ThreadId) -> Option<bool> {
        if let Some(task) = self.event_loop(thread).current.take() {
            self.swap_routines(thread, task);
        }
        None
    }

    /// An exception that nobody has caught leaves the program of a task: a KeyboardInterrupt leaves the loop, too, and
    /// then the thread's own program goes on.
    pub(super) fn exception_leaves_task(&mut self, thread: ThreadId) {
        let last = self.exceptions.iter().rev().find(|raised| raised.thread == thread);
        if last.is_some_and(|raised| raised.exception == Exception::KeyboardInterrupt) {
            self.suspend(thread);
        }
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
}
