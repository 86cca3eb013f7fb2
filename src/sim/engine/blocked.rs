//! Threads that wait, when a run is cut off or stuck, for what cannot happen any more, although others may go on.
//!
//! Whoever has not ended and could still wake a thread, by anything that its program says, speaks against it; so do users,
//! signals and event loops. What is left waits for ever, whatever is to come.

use super::signals::MAIN;
use super::{Activity, Ending, Engine, is_awaited};
use crate::os::ThreadId;
use crate::os::sync::Request;
use crate::python::program::{Program, Step};
use crate::sim::report::{Awaited, Blocked};
use crate::trace::Observer;

impl<O: Observer> Engine<'_, O> {
    /// The threads that the run waits for in vain, if it is cut off or stuck.
    pub(super) fn blocked(&self, ending: Ending) -> Vec<Blocked> {
        if ending == Ending::Finished {
            return Vec::new();
        }
        let mut waiting: Vec<Blocked> =
            (0..self.own_threads).filter_map(|thread| self.waits(thread)).collect();
        loop {
            let sleepers: Vec<ThreadId> = waiting.iter().map(|blocked| blocked.thread).collect();
            let mut others = (0..self.own_threads)
                .filter(|thread| self.threads[*thread].ended.is_none() && !sleepers.contains(thread));
            let before = waiting.len();
            waiting.retain(|blocked| !others.clone().any(|other| self.may_wake(other, blocked.awaits)));
            if waiting.len() == before || others.next().is_none() {
                break;
            }
        }
        waiting.retain(|blocked| is_awaited(self.model, &self.model.threads[blocked.thread]));
        waiting
    }

    /// What a thread waits for that only another thread can bring about; `None` if it does not, or if that is not known.
    fn waits(&self, thread: ThreadId) -> Option<Blocked> {
        let (spec, state) = (&self.model.threads[thread], &self.threads[thread]);
        let may_be_interrupted = thread == MAIN && !self.model.signals.is_empty();
        if state.activity != Activity::Outside || spec.event_loop.is_some() || may_be_interrupted {
            return None;
        }
        let (request, since) = self.kernel.sleeps_without_timer(thread)?;
        let named = |id| self.outside.channels.iter().position(|other| *other == id);
        let awaits = match (request, state.wants) {
            // Whoever holds an object's own lock only computes.
            (Request::LockTake(_), Some(lock)) if lock >= self.threading.locks() => return None,
            (Request::LockTake(_), Some(lock)) if self.threading.is_notified_on(lock) => {
                Awaited::Notification(self.threading.notified_of(lock)?)
            }
            (Request::LockTake(_), Some(lock)) => match self.threading.ended_by(lock) {
                Some(other) => Awaited::End(other),
                None => Awaited::Lock(lock),
            },
            (Request::Receive(channel), _) => named(channel).map_or(Awaited::Answer, Awaited::Message),
            (Request::Send(channel, _), _) => Awaited::Room(named(channel)?),
            _ => return None,
        };
        let from_outside = self.model.clients.iter().any(|client| awaits == Awaited::Message(client.channel));
        (!from_outside).then_some(Blocked { thread, since, awaits })
    }

    /// Whether anything in the programs of a thread could bring this about.
    fn may_wake(&self, thread: ThreadId, awaits: Awaited) -> bool {
        let spec = &self.model.threads[thread];
        let tasks = spec.event_loop.map_or(&[][..], |number| &self.model.loops[number].tasks[..]);
        let handlers =
            self.model.signals.iter().filter_map(|signal| signal.handler.filter(|_| thread == MAIN));
        let mut programs = tasks.iter().copied().chain([spec.program]).chain(handlers);
        let mut any = |is_such: &dyn Fn(&Program) -> bool| {
            programs.any(|program| is_such(&self.model.programs[program]))
        };
        match awaits {
            Awaited::End(other) => other == thread,
            Awaited::Message(channel) => any(&|program| program.sends_to(channel)),
            Awaited::Room(channel) => any(&|program| program.receives_from(channel)),
            Awaited::Answer => any(&|program| program.replies()),
            // Any call of an object may release a lock or notify; so does the beginning and the end of a thread.
            Awaited::Lock(_) | Awaited::Notification(_) => {
                spec.announced
                    || any(&|program| program.steps.iter().any(|step| matches!(step, Step::Call(_))))
            }
        }
    }
}
