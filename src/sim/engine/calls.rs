//! Carrying out the calls of library code: what `threading` and `queue` decide.

use super::code::CodeOf;
use super::{Activity, After, Engine, Execution};
use crate::des::Span;
use crate::os::kernel::Progress;
use crate::os::sync::{LockId, Objects, Outcome, Request};
use crate::os::{Birth, ThreadId};
use crate::python::exception::Exception;
use crate::python::gil::Want;
use crate::python::threading::{Frame, Leave, LockNumber, Next};
use crate::sim::model::Model;
use crate::sim::report::{Raised, Waiting};
use crate::trace::{Observer, ThreadState};

/// A lock of the program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lock {
    pub id: LockId,
    /// A thread parks for it: it is a `PyMutex`.
    parks: bool,
    /// Its holder inherits priorities, and nobody else may release it.
    inherits: bool,
    /// Who took it last and has not released it. Another thread may release it.
    pub holder: Option<ThreadId>,
    /// Whether it is held, by whomever.
    pub is_held: bool,
}

/// The locks behind all objects of `threading`, and after them those that shared objects have of their own.
pub(super) fn locks(model: &Model, objects: &mut Objects) -> Vec<Lock> {
    let (threading, spins) = (&model.threading, model.threading_lock.spins());
    let held: Vec<LockNumber> = threading.held_at_first().collect();
    let mut lock = |is_held, spins: Option<u32>, inherits| {
        let id = if inherits { objects.new_inheriting_lock() } else { objects.new_lock(is_held, spins) };
        Lock { id, parks: spins.is_some() && !inherits, inherits, holder: None, is_held }
    };
    let mut locks: Vec<Lock> = (0..threading.locks())
        .map(|number| lock(held.contains(&number), spins, threading.inherits(number)))
        .collect();
    if model.object_locks.is_some() {
        locks.extend(model.shared_objects.iter().map(|_| lock(false, model.object_locks, false)));
    }
    locks
}

impl<O: Observer> Engine<'_, O> {
    /// Carries out the next step of the thread's innermost call. `None` if that takes no time and more can follow, else
    /// whether the thread is still on its turn.
    pub(super) fn step_call(&mut self, thread: ThreadId) -> Option<bool> {
        let frame = self.threads[thread].routine.calls.last_mut()?;
        match self.threading.step(thread, frame) {
            Next::Python(instructions) => {
                let call = frame.kind();
                self.library(thread, instructions);
                self.threads[thread].routine.execution.code_of = CodeOf::Call(call, instructions);
                None
            }
            Next::Take(lock) => Some(self.take(thread, lock)),
            Next::Release(lock) if !self.locks[lock].is_held => {
                self.raise(thread, Exception::ReleaseUnlocked);
                None
            }
            // The kernel would refuse it (`EPERM`, pthread_mutex_unlock(3p)).
            Next::Release(lock) if self.locks[lock].inherits && self.locks[lock].holder != Some(thread) => {
                self.raise(thread, Exception::ReleaseUnacquired);
                None
            }
            Next::Release(lock) => Some(self.release(thread, lock)),
            Next::Call(call) => {
                self.threads[thread].routine.calls.push(Frame::new(call));
                None
            }
            Next::Start(other, _) if self.threads[other].is_started => {
                self.raise(thread, Exception::StartedTwice);
                None
            }
            Next::Start(other, birth) => {
                self.threads[other].is_started = true;
                Some(self.ask_inside(thread, Request::Start(other, birth)))
            }
            Next::Begins(birth) => {
                let span = self.kernel.birth_begins(birth);
                Some(self.call_c(thread, span, true))
            }
            Next::Ends(birth) => {
                let span = self.kernel.birth_ends(birth);
                Some(self.call_c(thread, span, true))
            }
            Next::Joinable(other) => {
                // A thread that no step starts is there from the beginning.
                if self.model.threads[other].started_by_step && !self.has_begun(other) {
                    self.raise(thread, Exception::JoinedBeforeStart);
                } else if other == thread {
                    self.raise(thread, Exception::JoinedItself);
                }
                None
            }
            Next::Return => {
                self.threads[thread].routine.calls.pop();
                None
            }
            Next::Raise(exception) => {
                self.raise(thread, exception);
                None
            }
        }
    }

    /// Begins to execute so many instructions of library code.
    pub(super) fn library(&mut self, thread: ThreadId, instructions: u64) {
        let (stretch, instruction) = self.model.library;
        self.enter_stretch(thread, stretch, Span::ZERO, instruction * instructions);
        self.threads[thread].routine.execution.code_of = CodeOf::Elsewhere;
    }

    /// Whether a thread that a step starts is there to be joined: it says so itself, and a process is when it is made.
    fn has_begun(&self, thread: ThreadId) -> bool {
        match self.model.threads[thread].birth {
            Birth::Thread => self.threading.has_begun(thread),
            Birth::Fork | Birth::Spawn => self.threads[thread].is_started,
        }
    }

    /// Releases a lock of the program, which is held.
    pub(super) fn release(&mut self, thread: ThreadId, lock: LockNumber) -> bool {
        self.locks[lock].holder = None;
        self.locks[lock].is_held = false;
        self.ask_inside(thread, Request::LockRelease(self.locks[lock].id))
    }

    /// Takes a lock of the program: from 3.3 on it is first tried without giving the GIL up (`_threadmodule.c`).
    pub(super) fn take(&mut self, thread: ThreadId, lock: LockNumber) -> bool {
        self.threads[thread].wants = Some(lock);
        let Lock { id, parks, .. } = self.locks[lock];
        let tries_first = self.model.lock_tries_first && self.threads[thread].lock.is_some();
        if tries_first || parks {
            self.ask_inside(thread, Request::LockTry(id))
        } else {
            self.without_lock(thread, Request::LockTake(id))
        }
    }

    /// A thread that has parked for a `PyMutex` has been let go on, but the lock was not handed to it: it takes the GIL, and
    /// tries once more.
    pub(super) fn take_again(&mut self, thread: ThreadId) -> bool {
        match self.threads[thread].lock {
            Some(lock) => self.want(thread, lock, Want::Take, After::TakeAgain),
            None => self.attach(thread, After::TakeAgain),
        }
    }

    /// Tries once more to take the lock that `thread` wants.
    pub(super) fn try_again(&mut self, thread: ThreadId) -> bool {
        match self.threads[thread].wants {
            Some(lock) => self.ask_inside(thread, Request::LockTry(self.locks[lock].id)),
            None => self.go_on(thread),
        }
    }

    /// Makes a request to the kernel that does not block; the thread keeps the GIL.
    pub(super) fn ask_inside(&mut self, thread: ThreadId, request: Request) -> bool {
        self.kernel.set_states(thread, self.computing_state(thread), ThreadState::BlockedOnLock);
        self.kernel.begin(thread, request);
        self.threads[thread].activity = Activity::Inside;
        true
    }

    /// Carries out a request for which the thread keeps the GIL.
    pub(super) fn inside(&mut self, thread: ThreadId) -> bool {
        let Progress::Ended(outcome) = self.kernel.proceed(thread) else { return false };
        self.kernel.set_states(thread, self.computing_state(thread), ThreadState::WaitsForGil);
        match (outcome, self.threads[thread].wants) {
            (Outcome::Refused, Some(lock)) => {
                let request = Request::LockTake(self.locks[lock].id);
                self.without_lock(thread, request)
            }
            _ => {
                self.lock_taken(thread);
                self.go_on(thread)
            }
        }
    }

    /// The thread has taken the lock that it wanted, if it wanted one.
    pub(super) fn lock_taken(&mut self, thread: ThreadId) {
        if let Some(lock) = self.threads[thread].wants.take() {
            self.locks[lock].holder = Some(thread);
            self.locks[lock].is_held = true;
        }
    }

    /// Threads that wait for each other in a circle, from the first on; empty if none do.
    pub(super) fn deadlock(&self) -> Vec<Waiting> {
        for start in 0..self.threads.len() {
            let mut circle = Vec::new();
            let mut thread = start;
            while let Some((waiting, other)) = self.waits_for(thread) {
                circle.push(waiting);
                thread = other;
                if thread == start {
                    return circle;
                }
                if circle.len() > self.threads.len() {
                    break;
                }
            }
        }
        Vec::new()
    }

    /// The lock that a thread waits for, and who would have to release it: nobody in particular where it is to be notified.
    fn waits_for(&self, thread: ThreadId) -> Option<(Waiting, ThreadId)> {
        let lock = self.threads[thread].wants.filter(|_| self.kernel.is_blocked(thread))?;
        if self.threading.is_notified_on(lock) {
            return None;
        }
        let joined = self.threading.ended_by(lock);
        let other = joined.or(self.locks[lock].holder)?;
        Some((Waiting { thread, lock, joins: joined.is_some() }, other))
    }

    /// An exception leaves the calls and the step that the thread is in; [`Engine::unwind`] takes it further.
    pub(super) fn raise(&mut self, thread: ThreadId, exception: Exception) {
        let state = &mut self.threads[thread];
        state.is_leaving = true;
        state.routine.execution = Execution::default();
        // Another one may be on its way: then the handler that raised this one is left, too.
        state.unwinding = Some(state.unwinding.unwrap_or(state.routine.step));
        self.exceptions.push(Raised { thread, time: self.kernel.now(), exception });
    }

    /// The exception leaves the innermost call. `None` if that takes no time, else whether the thread is still on its turn.
    pub(super) fn leave_call(&mut self, thread: ThreadId) -> Option<bool> {
        let Some(frame) = self.threads[thread].routine.calls.last_mut() else {
            self.threads[thread].is_leaving = false;
            return None;
        };
        match self.threading.leave(thread, frame) {
            Leave::Take(lock) => Some(self.take(thread, lock)),
            Leave::Left(guard) => {
                self.threads[thread].routine.calls.pop();
                let held = guard.filter(|lock| self.locks[*lock].holder == Some(thread))?;
                Some(self.release(thread, held))
            }
        }
    }

    /// The exception leaves the innermost `with` around the step before `step`, and ends the program if there is none.
    pub(super) fn unwind(&mut self, thread: ThreadId, step: usize) {
        let in_handler = self.is_in_handler(thread);
        let state = &mut self.threads[thread];
        let program = &self.model.programs[state.routine.program];
        match step.checked_sub(1).and_then(|raised| program.handler_of(raised)) {
            Some(handler) => {
                // The step before the first within is the one that entered.
                state.unwinding = Some(handler.from);
                state.routine.calls.push(Frame::new(handler.leave));
            }
            None if in_handler => self.handler_left(),
            None => {
                state.unwinding = None;
                if self.is_in_task(thread) {
                    self.exception_leaves_task(thread);
                }
                let routine = &mut self.threads[thread].routine;
                routine.loops.clear();
                routine.step = self.model.programs[routine.program].steps.len() - 1;
            }
        }
    }

    /// Loads a shared variable, as it is when it is asked for. Returns, if it has to come over from another core, whether that
    /// is done already.
    pub(super) fn load(&mut self, thread: ThreadId, variable: usize) -> Option<bool> {
        self.threads[thread].routine.loaded = self.variables[variable].value;
        self.threads[thread].routine.stores_seen = self.variables[variable].stores;
        let span = self.kernel.load(thread, *self.places.get(variable)?)?;
        self.threads[thread].activity = Activity::Loaded;
        Some(!self.kernel.execute_user(thread, span))
    }

    /// Stores what was loaded last, changed: what others have stored since is lost.
    pub(super) fn store(&mut self, thread: ThreadId, variable: usize, change: i64) {
        let (loaded, stores_seen) =
            (self.threads[thread].routine.loaded, self.threads[thread].routine.stores_seen);
        if let Some(place) = self.places.get(variable) {
            self.kernel.store(thread, *place);
        }
        let variable = &mut self.variables[variable];
        variable.overwritten += u64::from(variable.stores != stores_seen);
        variable.stores += 1;
        variable.value = loaded.wrapping_add(change);
        variable.expected = variable.expected.wrapping_add(change);
    }
}
