//! Stopping the world: without a GIL, the collector of cyclic garbage needs all other threads of its interpreter to stand
//! still (`stop_the_world` and `start_the_world`, Python/pystate.c; Python/gc_free_threading.c, v3.13).
//!
//! A thread is attached to its interpreter while it executes Python or C code, and detached while it does without the GIL, or
//! would. Whoever collects suspends those that are detached, and asks the others to stop at their next look at the eval
//! breaker. Those that detach meanwhile it notices only when it looks again, after a millisecond.

use super::signals::MAIN;
use super::{Activity, After, Engine};
use crate::des::{Span, Time};
use crate::os::ThreadId;
use crate::os::kernel::Progress;
use crate::os::sync::{Objects, Outcome, Request, SemaphoreId};
use crate::python::interpreter::GilConfig;
use crate::python::program::{Pause, Step};
use crate::sim::model::Model;
use crate::trace::{Observer, ThreadState};

/// How long the collecting thread waits for the others before it looks at them again (`wait_ns` in `stop_the_world`).
const LOOKS_AGAIN_AFTER: Span = Span::from_millis(1);

/// What a thread is to its interpreter (`_Py_THREAD_ATTACHED` and so on).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attachment {
    /// Nothing: it has not begun, or it has ended.
    Away,
    Attached,
    Detached,
    Suspended,
}

/// What a thread is doing about the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    /// It waits until it is suspended no more, and then attaches.
    Attaches,
    /// It tells the collecting thread that all stand still.
    Tells,
    /// It waits until all others stand still.
    WaitsForOthers,
    /// They do, and it has yet to hear of it.
    Hears,
    Collects,
    /// It wakes the others, from this one on.
    Wakes(ThreadId),
}

/// A thread of an interpreter without a GIL.
#[derive(Clone, Copy, Debug)]
struct Member {
    attachment: Attachment,
    /// It is to stop at its next look (`_PY_EVAL_PLEASE_STOP_BIT`).
    is_asked: bool,
    /// It waits until it is suspended no more.
    is_parked: bool,
    errand: Errand,
    /// On which it waits.
    semaphore: SemaphoreId,
}

/// A request that all stand still.
#[derive(Clone, Copy, Debug)]
struct Stop {
    by: ThreadId,
    since: Time,
    /// How many are awaited.
    missing: usize,
    collection: Span,
    pause: Pause,
}

/// Who is attached, and whether the world is stopped.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// All threads, if there is no GIL and somebody collects; else none.
    members: Vec<Member>,
    /// For each interpreter, whether somebody collects.
    collects: Vec<bool>,
    /// For each interpreter, what is requested.
    stops: Vec<Option<Stop>>,
}

impl World {
    pub fn new(model: &Model, objects: &mut Objects) -> World {
        let collects = |step: &Step| matches!(step, Step::Collect { .. });
        let is_stopped = model.gil == GilConfig::None
            && model.programs.iter().any(|program| program.steps.iter().any(collects));
        let threads = if is_stopped { model.threads.len() } else { 0 };
        let member = |_| Member {
            attachment: Attachment::Away,
            is_asked: false,
            is_parked: false,
            errand: Errand::Attaches,
            semaphore: objects.new_semaphore(0),
        };
        World {
            members: (0..threads).map(member).collect(),
            collects: vec![false; model.interpreters],
            stops: vec![None; model.interpreters],
        }
    }
}

impl<O: Observer> Engine<'_, O> {
    /// The interpreter to which `thread` attaches, if there is no GIL.
    fn attaches_to(&self, thread: ThreadId) -> Option<usize> {
        self.model.threads[thread].interpreter.filter(|_| !self.world.members.is_empty())
    }

    /// Whether `thread` is led out of its bytecode at its next look because the world is to stop.
    pub(super) fn must_stand(&self, thread: ThreadId) -> bool {
        self.world.members.get(thread).is_some_and(|member| member.is_asked)
    }

    /// The thread does without the GIL from now on, or would.
    pub(super) fn detach(&mut self, thread: ThreadId) {
        if self.attaches_to(thread).is_some() {
            self.world.members[thread].attachment = Attachment::Detached;
        }
    }

    /// The thread goes on with what comes after, as soon as the world does.
    pub(super) fn attach(&mut self, thread: ThreadId, after: After) -> bool {
        self.threads[thread].after = after;
        if let Some(interpreter) = self.attaches_to(thread) {
            let member = &mut self.world.members[thread];
            if member.attachment == Attachment::Away && self.world.stops[interpreter].is_some() {
                member.attachment = Attachment::Suspended;
            }
            if member.attachment == Attachment::Suspended {
                member.is_parked = true;
                let request = Request::SemaphoreWait(member.semaphore);
                return self.does_errand(thread, Errand::Attaches, request);
            }
            member.attachment = Attachment::Attached;
        }
        self.kernel.set_states(thread, self.computing_state(thread), ThreadState::BlockedOnLock);
        self.has_what_it_wanted(thread)
    }

    fn does_errand(&mut self, thread: ThreadId, errand: Errand, request: Request) -> bool {
        self.kernel.set_states(thread, ThreadState::RunsWithoutGil, ThreadState::BlockedOnLock);
        self.kernel.begin(thread, request);
        self.world.members[thread].errand = errand;
        self.threads[thread].activity = Activity::World;
        true
    }

    /// The thread has come to a look at which it is to stand still; a signal may have led it there, too.
    pub(super) fn stand(&mut self, thread: ThreadId, by_signal: bool) -> bool {
        let after = if by_signal && thread == MAIN { After::Handlers } else { After::Program };
        self.threads[thread].after = after;
        self.world.members[thread].is_asked = false;
        let stop = self.attaches_to(thread).and_then(|interpreter| self.world.stops[interpreter].as_mut());
        // The world may have been stopped and gone on while it was detached.
        let Some(stop) = stop else { return self.has_what_it_wanted(thread) };
        self.world.members[thread].attachment = Attachment::Suspended;
        stop.missing -= 1;
        match *stop {
            Stop { missing: 0, by, .. } => self.tell(thread, by),
            _ => self.attach(thread, after),
        }
    }

    fn tell(&mut self, thread: ThreadId, collector: ThreadId) -> bool {
        let request = Request::SemaphorePost(self.world.members[collector].semaphore);
        self.does_errand(thread, Errand::Tells, request)
    }

    /// The thread ends: nobody need wait for it. Whether it has to tell somebody so first; its end comes again then.
    pub(super) fn leaves_world(&mut self, thread: ThreadId) -> bool {
        let Some(interpreter) = self.attaches_to(thread) else { return false };
        let member = &mut self.world.members[thread];
        if std::mem::replace(&mut member.attachment, Attachment::Away) == Attachment::Away {
            return false;
        }
        member.is_asked = false;
        let Some(stop) = &mut self.world.stops[interpreter] else { return false };
        stop.missing -= 1;
        let Stop { missing, by, .. } = *stop;
        self.threads[thread].after = After::Exit;
        missing == 0 && self.tell(thread, by)
    }

    /// The thread collects garbage for a time. `None` if another does so already, else whether it is still on its turn.
    pub(super) fn collect(&mut self, thread: ThreadId, collection: Span, pause: Pause) -> Option<bool> {
        let Some(interpreter) = self.attaches_to(thread) else {
            return Some(self.call_c(thread, collection, true));
        };
        if std::mem::replace(&mut self.world.collects[interpreter], true) {
            return None;
        }
        let since = self.kernel.now();
        self.world.stops[interpreter] = Some(Stop { by: thread, since, missing: 0, collection, pause });
        Some(self.stop_others(thread))
    }

    /// Whether `other` is another thread of the same interpreter.
    fn is_beside(&self, thread: ThreadId, other: ThreadId) -> bool {
        thread != other && self.model.threads[thread].interpreter == self.model.threads[other].interpreter
    }

    /// Suspends those that are detached, and asks those that are attached to stop.
    fn stop_others(&mut self, thread: ThreadId) -> bool {
        let mut missing = 0;
        for other in 0..self.threads.len() {
            if !self.is_beside(thread, other) {
                continue;
            }
            let member = &mut self.world.members[other];
            match member.attachment {
                Attachment::Detached => member.attachment = Attachment::Suspended,
                Attachment::Attached => {
                    missing += 1;
                    if !std::mem::replace(&mut member.is_asked, true) {
                        self.look_again(other);
                    }
                }
                Attachment::Away | Attachment::Suspended => {}
            }
        }
        if let Some(stop) = self.stop_by(thread) {
            stop.missing = missing;
        }
        if missing == 0 {
            return self.all_stand(thread);
        }
        let request = Request::SemaphoreWaitFor(self.world.members[thread].semaphore, LOOKS_AGAIN_AFTER);
        self.does_errand(thread, Errand::WaitsForOthers, request)
    }

    /// What is requested in the interpreter of `thread`.
    fn stop_by(&mut self, thread: ThreadId) -> Option<&mut Stop> {
        self.attaches_to(thread).and_then(|interpreter| self.world.stops[interpreter].as_mut())
    }

    /// All others stand still: `thread` collects.
    fn all_stand(&mut self, thread: ThreadId) -> bool {
        let Some(Stop { since, collection, pause, .. }) = self.stop_by(thread).copied() else { return true };
        self.measured(pause.stopping, since);
        self.kernel.set_states(thread, ThreadState::RunsCHoldingGil, ThreadState::WaitsForGil);
        self.world.members[thread].errand = Errand::Collects;
        self.threads[thread].activity = Activity::World;
        !self.kernel.execute_user(thread, collection)
    }

    /// The garbage is collected: the world goes on.
    fn start_others(&mut self, thread: ThreadId) -> bool {
        if let Some(interpreter) = self.attaches_to(thread)
            && let Some(Stop { since, pause, .. }) = self.world.stops[interpreter].take()
        {
            self.measured(pause.whole, since);
        }
        for other in 0..self.threads.len() {
            let is_beside = self.is_beside(thread, other);
            let member = &mut self.world.members[other];
            if is_beside && member.attachment == Attachment::Suspended {
                member.attachment = Attachment::Detached;
            }
        }
        self.wake_others(thread, 0)
    }

    /// Wakes those of the others that wait, from the thread `first` on.
    fn wake_others(&mut self, thread: ThreadId, first: ThreadId) -> bool {
        let parked = (first..self.threads.len())
            .find(|other| self.is_beside(thread, *other) && self.world.members[*other].is_parked);
        if let Some(other) = parked {
            let member = &mut self.world.members[other];
            member.is_parked = false;
            let request = Request::SemaphorePost(member.semaphore);
            return self.does_errand(thread, Errand::Wakes(other + 1), request);
        }
        if let Some(interpreter) = self.attaches_to(thread) {
            self.world.collects[interpreter] = false;
        }
        self.kernel.set_states(thread, self.computing_state(thread), ThreadState::BlockedOnLock);
        self.go_on(thread)
    }

    /// Goes on with what `thread` does about the world.
    pub(super) fn world(&mut self, thread: ThreadId) -> bool {
        let Member { errand, attachment, semaphore, .. } = self.world.members[thread];
        if errand == Errand::Collects {
            return self.start_others(thread);
        }
        let outcome = match self.kernel.proceed(thread) {
            Progress::Pending => return false,
            Progress::InVain => return true,
            Progress::Ended(outcome) => outcome,
        };
        let missing = self.stop_by(thread).map_or(0, |stop| stop.missing);
        match errand {
            Errand::Tells if attachment == Attachment::Away => self.has_what_it_wanted(thread),
            Errand::Attaches | Errand::Tells => self.attach(thread, self.threads[thread].after),
            Errand::Wakes(next) => self.wake_others(thread, next),
            Errand::WaitsForOthers if missing > 0 => self.stop_others(thread),
            // It is being told so just now.
            Errand::WaitsForOthers if outcome == Outcome::TimedOut => {
                self.does_errand(thread, Errand::Hears, Request::SemaphoreWait(semaphore))
            }
            Errand::WaitsForOthers | Errand::Hears | Errand::Collects => self.all_stand(thread),
        }
    }
}
