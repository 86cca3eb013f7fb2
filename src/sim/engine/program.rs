//! Stepping through a program, and asking the kernel for what it says.

use super::traffic::Traffic;
use super::{Activity, After, Engine, Turns, is_awaited};
use crate::des::{Distribution, Span};
use crate::os::kernel::Progress;
use crate::os::sync::{Outcome, Parcel, Request};
use crate::os::{Birth, ThreadId};
use crate::python::gil::Want;
use crate::python::program::Step;
use crate::python::threading::{Call, Frame};
use crate::trace::{Observer, ThreadState};

impl<O: Observer> Engine<'_, O> {
    /// The thread has just been started.
    pub(super) fn begin_program(&mut self, thread: ThreadId) -> bool {
        if self.model.threads[thread].announced {
            self.threads[thread].routine.calls.push(Frame::new(Call::Begin));
        }
        self.take_lock_to_go_on(thread)
    }

    /// Whether a thread at the end of its program has yet to tell others of it; if so, the end comes again.
    fn announces_end(&mut self, thread: ThreadId) -> bool {
        let state = &mut self.threads[thread];
        let announces =
            self.model.threads[thread].announced && !std::mem::replace(&mut state.announced, true);
        if announces {
            state.routine.step -= 1;
        }
        announces
    }

    /// Takes the lock if there is one, and goes on with the program.
    pub(super) fn take_lock_to_go_on(&mut self, thread: ThreadId) -> bool {
        match self.threads[thread].lock {
            Some(lock) => self.want(thread, lock, Want::Take, After::Program),
            None => self.attach(thread, After::Program),
        }
    }

    /// The state of a thread that executes its program, and not C code that has released the lock.
    pub(super) fn computing_state(&self, thread: ThreadId) -> ThreadState {
        match self.model.threads[thread].interpreter {
            Some(_) => ThreadState::RunsPython,
            None => ThreadState::RunsWithoutGil,
        }
    }

    /// Goes on with the program; the thread holds the lock if there is one.
    pub(super) fn go_on(&mut self, thread: ThreadId) -> bool {
        let model = self.model;
        loop {
            if self.is_interrupted(thread)
                && let Some(goes_on) = self.resume_interrupted()
            {
                return goes_on;
            }
            if self.threads[thread].is_leaving {
                match self.leave_call(thread) {
                    Some(goes_on) => return goes_on,
                    None => continue,
                }
            }
            if self.has_bytecode_left(thread) {
                return self.run_bytecode(thread);
            }
            if !self.threads[thread].routine.calls.is_empty() {
                match self.step_call(thread) {
                    Some(goes_on) => return goes_on,
                    None => continue,
                }
            }
            if let Some(step) = self.threads[thread].unwinding {
                self.unwind(thread, step);
                continue;
            }
            if let Some(task) = self.threads[thread].routine.wakes.take() {
                self.join_loop(thread, task);
            }
            let unpickle = std::mem::take(&mut self.threads[thread].unpickle);
            if !unpickle.is_zero() {
                return self.call_c(thread, unpickle, true);
            }
            let state = &mut self.threads[thread].routine;
            let step = &model.programs[state.program].steps[state.step];
            state.step += 1;
            match step {
                Step::Run { stretch, span } => self.enter_stretch(thread, *stretch, Span::ZERO, *span),
                Step::Part { stretch, from, to } => self.enter_stretch(thread, *stretch, *from, *to),
                Step::Load { variable } => {
                    if let Some(goes_on) = self.load(thread, *variable) {
                        return goes_on;
                    }
                }
                Step::Store { variable, change } => self.store(thread, *variable, *change),
                Step::CountReference { object } => return self.count_reference(thread, *object),
                Step::Collect { span, pause } => {
                    let span = self.draw(thread, span);
                    if let Some(goes_on) = self.collect(thread, span, *pause) {
                        return goes_on;
                    }
                }
                Step::LockObject { object } => {
                    return self.take(thread, self.threading.locks() + *object);
                }
                Step::UnlockObject { object } => {
                    return self.release(thread, self.threading.locks() + *object);
                }
                Step::Call(call) => state.calls.push(Frame::new(*call)),
                Step::LoopStart { count: Some(0), exit } => state.step = *exit,
                Step::LoopStart { count, .. } => {
                    state.begun += 1;
                    state.loops.push(Turns { body: state.step, left: *count, number: state.begun });
                }
                Step::LoopEnd { .. } => self.end_of_round(thread),
                Step::C { span, holds_gil } => {
                    let span = self.draw(thread, span);
                    return self.call_c(thread, span, *holds_gil);
                }
                Step::Io { work, wait, device } => {
                    let (work, wait) = (self.draw(thread, work), self.draw(thread, wait));
                    let request = match device {
                        Some(device) => Request::Device(self.outside.devices[*device], wait),
                        None => Request::Io { work, wait },
                    };
                    return self.without_lock(thread, request);
                }
                Step::Sleep { span } => {
                    let span = self.draw(thread, span);
                    let until = self.kernel.now() + span;
                    let request = if self.model.sleeps_until {
                        Request::SleepUntil(until)
                    } else {
                        Request::Sleep(span)
                    };
                    return self.without_lock(thread, request);
                }
                Step::Send { channel, asks } => {
                    return self.send(thread, *channel, *asks, Parcel::default());
                }
                Step::SendParcel { channel, parcel } => {
                    return self.send(thread, *channel, false, *parcel);
                }
                Step::Receive { channel } => {
                    state.traffic = Traffic::Receiving { channel: *channel };
                    let request = Request::Receive(self.outside.channels[*channel]);
                    return self.without_lock(thread, request);
                }
                Step::Reply { channel } => return self.reply(thread, *channel),
                Step::AwaitReply { latency } => return self.await_reply(thread, *latency),
                Step::BeginMark { latency } => self.begin_mark(thread, *latency),
                Step::EndMark { latency } => self.end_mark(thread, *latency),
                Step::Submitted { pool } => state.outstanding[*pool] += 1,
                Step::LeaveIfGathered { pool, exit } => match state.outstanding[*pool] {
                    0 => {
                        state.loops.pop();
                        state.step = *exit;
                    }
                    _ => state.outstanding[*pool] -= 1,
                },
                Step::Library { instructions } => self.library(thread, *instructions),
                Step::Give { semaphore } => self.give(thread, *semaphore),
                Step::Await(what) => {
                    if let Some(goes_on) = self.await_(thread, what) {
                        return goes_on;
                    }
                }
                Step::RunTasks => {
                    if let Some(goes_on) = self.run_tasks(thread) {
                        return goes_on;
                    }
                }
                Step::End if self.is_in_handler(thread) => {
                    if let Some(goes_on) = self.next_handler() {
                        return goes_on;
                    }
                }
                Step::End if self.is_in_task(thread) => self.end_task(thread),
                Step::End if self.announces_end(thread) => {
                    self.threads[thread].routine.calls.push(Frame::new(Call::End));
                }
                Step::End => {
                    return match self.threads[thread].lock {
                        Some(lock) => self.want(thread, lock, Want::Leave, After::Exit),
                        None => self.exit(thread),
                    };
                }
            }
        }
    }

    /// Changes the count of a shared object: an addition, which is atomic if the object is not the thread's own (PEP 703).
    fn count_reference(&mut self, thread: ThreadId, object: usize) -> bool {
        let is_atomic = self.model.shared_objects[object] != Some(thread);
        self.ask_inside(thread, Request::ChangeWord { word: self.counts[object], is_atomic })
    }

    pub(super) fn draw(&mut self, thread: ThreadId, span: &Distribution) -> Span {
        span.sample(&mut self.threads[thread].routine.stream)
    }

    fn end_of_round(&mut self, thread: ThreadId) {
        let state = &mut self.threads[thread].routine;
        let Some(Turns { body, left, .. }) = state.loops.last_mut() else { return };
        if let Some(left) = left {
            *left -= 1;
            if *left == 0 {
                state.loops.pop();
                return;
            }
        }
        state.step = *body;
    }

    /// Calls C code; code that keeps the lock is a burst that no check interrupts.
    pub(super) fn call_c(&mut self, thread: ThreadId, span: Span, holds_gil: bool) -> bool {
        if !holds_gil {
            return self.without_lock(thread, Request::Compute(span));
        }
        let user = match self.model.threads[thread].interpreter {
            Some(_) => ThreadState::RunsCHoldingGil,
            None => ThreadState::RunsWithoutGil,
        };
        self.kernel.set_states(thread, user, ThreadState::WaitsForGil);
        self.threads[thread].activity = Activity::C;
        !self.kernel.execute_user(thread, span)
    }

    pub(super) fn c_executed(&mut self, thread: ThreadId) -> bool {
        self.kernel.set_states(thread, self.computing_state(thread), ThreadState::WaitsForGil);
        self.go_on(thread)
    }

    /// Gives the lock up, if there is one, and makes a request.
    pub(super) fn without_lock(&mut self, thread: ThreadId, request: Request) -> bool {
        match self.threads[thread].lock {
            Some(lock) => self.want(thread, lock, Want::Release, After::Request(request)),
            None => self.ask_outside(thread, request),
        }
    }

    /// Makes a request to the kernel; the thread does not hold the lock.
    pub(super) fn ask_outside(&mut self, thread: ThreadId, request: Request) -> bool {
        let blocked = match request {
            Request::Sleep(_) | Request::SleepUntil(_) => ThreadState::Sleeping,
            Request::LockTake(_) => ThreadState::BlockedOnLock,
            _ => ThreadState::BlockedOnIo,
        };
        let user = match (request, self.threads[thread].lock) {
            // Nothing is given up for it, so nothing is seen of it.
            (Request::LockTake(_), None) => self.computing_state(thread),
            _ => ThreadState::RunsWithoutGil,
        };
        self.detach(thread);
        self.kernel.set_states(thread, user, blocked);
        self.kernel.begin(thread, request);
        self.threads[thread].activity = Activity::Outside;
        true
    }

    /// Carries out a request for which the thread does not hold the lock; afterwards it takes the lock again.
    pub(super) fn outside(&mut self, thread: ThreadId) -> bool {
        match self.kernel.proceed(thread) {
            Progress::Ended(_) if self.is_interrupted(thread) => self.take_lock_to_go_on(thread),
            Progress::Ended(Outcome::Refused) if self.threads[thread].wants.is_some() => {
                self.take_again(thread)
            }
            Progress::Ended(outcome) => {
                self.lock_taken(thread);
                self.traffic_ended(thread, outcome);
                self.take_lock_to_go_on(thread)
            }
            Progress::Pending => false,
            // It was woken for a lock that another has taken meanwhile.
            Progress::InVain => true,
        }
    }

    /// The program has ended, and the lock is given up. The kernel takes apart what it had made for a thread that
    /// another started.
    pub(super) fn exit(&mut self, thread: ThreadId) -> bool {
        if self.leaves_world(thread) {
            return true;
        }
        let spec = &self.model.threads[thread];
        if !spec.announced || spec.birth != Birth::Thread {
            return self.gone(thread);
        }
        self.threads[thread].activity = Activity::Exiting;
        let span = self.kernel.birth_ends(Birth::Thread);
        !self.kernel.execute_kernel(thread, span)
    }

    pub(super) fn gone(&mut self, thread: ThreadId) -> bool {
        self.threads[thread].ended = Some(self.kernel.instant());
        if is_awaited(self.model, &self.model.threads[thread]) {
            self.awaited -= 1;
        }
        self.kernel.finish(thread);
        false
    }
}
