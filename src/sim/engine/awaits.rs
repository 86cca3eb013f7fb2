//! What tasks of an event loop await: each tries, or waits until the loop finds it ready, and then goes on.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::Engine;
use super::event_loop::{Handle, Watch};
use super::traffic::Traffic;
use crate::des::{Distribution, Span};
use crate::os::ThreadId;
use crate::os::sync::{Asker, ChannelId, Message, Outcome, Parcel, Readiness, Request, Selector};
use crate::python::event_loop::{Await, LoopKind};
use crate::trace::Observer;

impl<O: Observer> Engine<'_, O> {
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
