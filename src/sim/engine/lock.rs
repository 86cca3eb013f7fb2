//! Driving the lock policy of an interpreter, and keeping its books.

use super::signals::MAIN;
use super::{Activity, After, Engine, Interpreter};
use crate::os::ThreadId;
use crate::os::kernel::Progress;
use crate::python::gil::{Action, Demand, Note, Want};
use crate::trace::{Mark, Observer, ThreadState};

/// What a lock policy is to decide about.
enum Cue {
    /// The thread wants something.
    Wants(Want),
    /// What it has asked for has come so far.
    Came(Progress),
}

impl<O: Observer> Engine<'_, O> {
    /// `thread` wants something of the lock of its interpreter, for what comes after.
    pub(super) fn want(&mut self, thread: ThreadId, lock: usize, want: Want, after: After) -> bool {
        if want == Want::Take {
            self.kernel.set_states(thread, ThreadState::WaitsForGil, ThreadState::WaitsForGil);
        }
        self.threads[thread].activity = Activity::Lock;
        self.threads[thread].after = after;
        self.drive(thread, lock, Cue::Wants(want))
    }

    /// Drives the lock policy: the thread's operations go on, and the end of each is told to the policy.
    pub(super) fn lock(&mut self, thread: ThreadId) -> bool {
        let Some(lock) = self.threads[thread].lock else { return false };
        let progress = self.kernel.proceed(thread);
        self.drive(thread, lock, Cue::Came(progress))
    }

    /// Lets the lock policy decide, makes known what comes of it, and asks what it asks, until that takes time.
    fn drive(&mut self, thread: ThreadId, lock: usize, mut cue: Cue) -> bool {
        loop {
            let now = self.kernel.now();
            let decision = match cue {
                Cue::Wants(want) => self.interpreters[lock].gil.begin(thread, want, now),
                Cue::Came(Progress::Ended(outcome)) => {
                    self.interpreters[lock].gil.resume(thread, outcome, now)
                }
                Cue::Came(Progress::InVain) => {
                    self.failed(thread, lock);
                    cue = Cue::Came(self.kernel.proceed(thread));
                    continue;
                }
                Cue::Came(Progress::Pending) => {
                    self.sleeps_again(thread);
                    return false;
                }
            };
            if let Some(note) = decision.note {
                self.noted(thread, lock, note);
            }
            if let Some(demand) = decision.demand {
                self.demanded(thread, lock, demand);
            }
            match &decision.action {
                Action::Ask(request) => cue = Cue::Came(self.kernel.ask(thread, request)),
                Action::Done => return self.has_what_it_wanted(thread),
            }
        }
    }

    pub(super) fn has_what_it_wanted(&mut self, thread: ThreadId) -> bool {
        match self.threads[thread].after {
            After::Handlers => self.signal_seen(false),
            After::Program => self.go_on(thread),
            After::TakeAgain => self.try_again(thread),
            After::Request(request) => self.ask_outside(thread, request),
            After::Exit => self.exit(thread),
        }
    }

    fn noted(&mut self, thread: ThreadId, lock: usize, note: Note) {
        let counters = &mut self.interpreters[lock].counters;
        match note {
            Note::Acquired => self.acquired(thread, lock),
            Note::Released => self.released(thread, lock),
            Note::Failed => self.failed(thread, lock),
            Note::TimedOut => counters.timed_out_waits += 1,
            Note::ForcedWait => {
                counters.forced_waits += 1;
                self.kernel.set_states(thread, ThreadState::WaitsForGil, ThreadState::ForcedSwitch);
            }
            Note::ForcedWaitOver => self.without_the_lock(thread),
        }
    }

    /// The holder must see what `thread` demands at its next look at the eval breaker.
    fn demanded(&mut self, thread: ThreadId, lock: usize, demand: Demand) {
        if demand == Demand::Drop {
            self.interpreters[lock].counters.drop_requests += 1;
            self.kernel.mark(thread, Mark::DropRequest);
        }
        if let Some(line) = self.interpreters[lock].gil.request_line() {
            self.kernel.write(thread, line);
        }
        if let Some(holder) = self.interpreters[lock].holder {
            self.look_again(holder);
        }
    }

    fn acquired(&mut self, thread: ThreadId, lock: usize) {
        let Interpreter { holder, held_since, last_holder, counters, .. } = &mut self.interpreters[lock];
        counters.acquisitions += 1;
        counters.hand_overs += u64::from(last_holder.is_some_and(|last| last != thread));
        *holder = Some(thread);
        *last_holder = Some(thread);
        *held_since = self.kernel.now();
        self.threads[thread].acquisitions += 1;
        if thread != MAIN && self.threads[MAIN].lock == Some(lock) {
            self.signals.lock_taken_by_another();
        }
        self.threads[thread].has_failed = false;
        // Should it still block, it is on the mutex within the lock.
        self.kernel.set_states(thread, ThreadState::RunsPython, ThreadState::WaitsForGil);
        self.kernel.mark(thread, Mark::Acquired);
    }

    fn released(&mut self, thread: ThreadId, lock: usize) {
        let interpreter = &mut self.interpreters[lock];
        interpreter.counters.held += self.kernel.now().since(interpreter.held_since);
        interpreter.holder = None;
        self.without_the_lock(thread);
        self.kernel.mark(thread, Mark::Released);
    }

    /// The thread has let the lock go: to take it again at once, or to do without it.
    fn without_the_lock(&mut self, thread: ThreadId) {
        let user = match self.threads[thread].after {
            After::Program | After::TakeAgain | After::Handlers => ThreadState::WaitsForGil,
            After::Request(_) | After::Exit => ThreadState::RunsWithoutGil,
        };
        self.kernel.set_states(thread, user, ThreadState::WaitsForGil);
    }

    fn failed(&mut self, thread: ThreadId, lock: usize) {
        self.interpreters[lock].counters.failed_acquisitions += 1;
        self.threads[thread].failed_acquisitions += 1;
        self.threads[thread].has_failed = true;
        self.kernel.set_states(thread, ThreadState::FailedAcquisition, ThreadState::WaitsForGil);
        self.kernel.mark(thread, Mark::FailedAcquisition);
    }

    /// A thread that sleeps again after a failed acquisition has not failed again until it has been woken again.
    fn sleeps_again(&mut self, thread: ThreadId) {
        if self.threads[thread].has_failed && self.kernel.is_blocked(thread) {
            self.threads[thread].has_failed = false;
            self.kernel.set_states(thread, ThreadState::WaitsForGil, ThreadState::WaitsForGil);
        }
    }
}
