//! The new GIL: CPython 3.2 and later (`Python/ceval_gil.h` at v3.2 and v3.9, `ceval_gil.c` at v3.13).
//!
//! A waiter waits on a condition for the switch interval. If that runs out, the lock is still held, and no switch has
//! happened since the wait began, it asks the holder to drop the lock; then it waits for a full interval again. A
//! holder that drops the lock while such a request is pending waits until another thread has taken it (forced
//! switching), also when it gave the lock up of its own accord.

use std::hash::{Hash, Hasher};

use super::priority::{Kind, Priorities};
use super::{Decision, Demand, Note, Want};
use crate::des::Span;
use crate::os::ThreadId;
use crate::os::sync::{CondvarId, LineId, MutexId, Objects, Outcome, Request};
use crate::python::stretch::Stretch;

/// How far a thread is on its way to what it wants; the names are those of `take_gil` and `drop_gil`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    RequestSeen,
    TakeMutexLocked,
    TakeWaited,
    TakeSwitchMutexLocked,
    TakeSwitchSignalled,
    TakeSwitchMutexUnlocked,
    TakeMutexUnlocked,
    DropMutexLocked,
    DropSignalled,
    DropMutexUnlocked,
    DropSwitchMutexLocked,
    DropSwitchWaited,
    DropSwitchMutexUnlocked,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    want: Want,
    phase: Phase,
    /// `switch_number` when the thread's current wait began.
    saved_switch_number: u64,
}

/// The state of the new lock.
#[derive(Clone, Debug)]
pub struct SwitchInterval {
    interval: Span,
    forced_switching: bool,
    ending_thread_waits: bool,
    locked: bool,
    drop_request: bool,
    request_line: LineId,
    last_holder: Option<ThreadId>,
    switch_number: u64,
    mutex: MutexId,
    condition: CondvarId,
    /// Where CPU-bound threads wait, if there are priorities.
    low_condition: CondvarId,
    priorities: Option<Priorities>,
    switch_mutex: MutexId,
    switch_condition: CondvarId,
    threads: Vec<Progress>,
}

impl SwitchInterval {
    pub(super) fn new(
        interval: Span,
        forced_switching: bool,
        ending_thread_waits: bool,
        objects: &mut Objects,
        threads: usize,
    ) -> SwitchInterval {
        let progress = Progress { want: Want::Take, phase: Phase::Idle, saved_switch_number: 0 };
        SwitchInterval {
            // `sys.setswitchinterval` takes nothing shorter.
            interval: interval.max(Span::from_micros(1)),
            forced_switching,
            ending_thread_waits,
            locked: false,
            drop_request: false,
            last_holder: None,
            switch_number: 0,
            mutex: objects.new_mutex(),
            condition: objects.new_condvar(),
            low_condition: objects.new_condvar(),
            priorities: None,
            request_line: objects.new_line(),
            switch_mutex: objects.new_mutex(),
            switch_condition: objects.new_condvar(),
            threads: vec![progress; threads],
        }
    }

    /// The same lock for threads of two kinds.
    pub(super) fn with_priorities(self) -> SwitchInterval {
        SwitchInterval { priorities: Some(Priorities::new(self.threads.len())), ..self }
    }

    pub(super) fn begin(&mut self, thread: ThreadId, want: Want) -> Decision {
        self.threads[thread].want = want;
        match want {
            Want::Take => self.ask(thread, Phase::TakeMutexLocked, Request::MutexLock(self.mutex)),
            // The eval breaker that led here has just been written by another thread.
            Want::Yield => self.ask(thread, Phase::RequestSeen, Request::Touch(self.request_line)),
            Want::Release | Want::Leave => {
                self.ask(thread, Phase::DropMutexLocked, Request::MutexLock(self.mutex))
            }
        }
    }

    /// Where the drop request is in memory.
    pub(super) fn request_line(&self) -> LineId {
        self.request_line
    }

    /// With a drop request pending, the eval breaker is seen at the next look; without one, never.
    pub(super) fn next_check(&self, stretch: &Stretch, position: Span) -> Option<Span> {
        if self.drop_request { stretch.next_check_after(position) } else { None }
    }

    pub(super) fn resume(&mut self, thread: ThreadId, outcome: Outcome) -> Decision {
        match self.threads[thread].phase {
            Phase::RequestSeen => self.ask(thread, Phase::DropMutexLocked, Request::MutexLock(self.mutex)),
            Phase::TakeMutexLocked if self.locked => self.wait(thread),
            Phase::TakeMutexLocked => self.ready(thread),
            Phase::TakeWaited => self.waited(thread, outcome),
            Phase::TakeSwitchMutexLocked => {
                let signal = Request::CondvarSignal(self.switch_condition);
                self.record_holder(thread);
                self.ask(thread, Phase::TakeSwitchSignalled, signal).noting(Note::Acquired)
            }
            Phase::TakeSwitchSignalled => {
                self.ask(thread, Phase::TakeSwitchMutexUnlocked, Request::MutexUnlock(self.switch_mutex))
            }
            Phase::TakeSwitchMutexUnlocked => {
                self.drop_request = false;
                self.ask(thread, Phase::TakeMutexUnlocked, Request::MutexUnlock(self.mutex))
            }
            Phase::DropMutexLocked => {
                self.locked = false;
                let signal = Request::CondvarSignal(self.condition_to_signal());
                if let Some(priorities) = &mut self.priorities {
                    priorities.drops(thread, self.threads[thread].want);
                }
                self.ask(thread, Phase::DropSignalled, signal).noting(Note::Released)
            }
            Phase::DropSignalled => {
                self.ask(thread, Phase::DropMutexUnlocked, Request::MutexUnlock(self.mutex))
            }
            Phase::DropMutexUnlocked => self.dropped(thread),
            Phase::DropSwitchMutexLocked if self.last_holder == Some(thread) => {
                self.drop_request = false;
                let wait = Request::CondvarWait(self.switch_condition, self.switch_mutex, None);
                self.ask(thread, Phase::DropSwitchWaited, wait).noting(Note::ForcedWait)
            }
            Phase::DropSwitchMutexLocked => self.unlock_switch_mutex(thread),
            Phase::DropSwitchWaited => self.unlock_switch_mutex(thread).noting(Note::ForcedWaitOver),
            Phase::DropSwitchMutexUnlocked => self.released(thread),
            Phase::TakeMutexUnlocked | Phase::Idle => self.finished(thread),
        }
    }

    /// Waits for a full interval, remembering how many switches there have been.
    fn wait(&mut self, thread: ThreadId) -> Decision {
        self.threads[thread].saved_switch_number = self.switch_number;
        let demand = self.preempts(thread).then_some(Demand::Drop);
        self.drop_request |= demand.is_some();
        let condition = self.condition_to_wait_on(thread);
        let wait = Request::CondvarWait(condition, self.mutex, Some(self.interval));
        self.ask(thread, Phase::TakeWaited, wait).demanding(demand)
    }

    fn preempts(&self, thread: ThreadId) -> bool {
        match (&self.priorities, self.last_holder) {
            (Some(priorities), Some(holder)) => !self.drop_request && priorities.preempts(thread, holder),
            _ => false,
        }
    }

    fn condition_to_wait_on(&mut self, thread: ThreadId) -> CondvarId {
        let Some(priorities) = &mut self.priorities else { return self.condition };
        priorities.waits(thread);
        match priorities.kind(thread) {
            Kind::IoBound => self.condition,
            Kind::CpuBound => self.low_condition,
        }
    }

    fn condition_to_signal(&self) -> CondvarId {
        match self.priorities.as_ref().map(Priorities::first) {
            Some(Kind::CpuBound) => self.low_condition,
            Some(Kind::IoBound) | None => self.condition,
        }
    }

    fn waited(&mut self, thread: ThreadId, outcome: Outcome) -> Decision {
        if let Some(priorities) = &mut self.priorities {
            priorities.waited(thread);
        }
        if !self.locked {
            return self.ready(thread);
        }
        if outcome != Outcome::TimedOut {
            return self.wait(thread).noting(Note::Failed);
        }
        if self.threads[thread].saved_switch_number != self.switch_number {
            return self.wait(thread).noting(Note::TimedOut);
        }
        self.drop_request = true;
        self.wait(thread).noting(Note::TimedOut).demanding(Some(Demand::Drop))
    }

    /// The lock is free and the thread holds its mutex: it takes the lock.
    fn ready(&mut self, thread: ThreadId) -> Decision {
        if self.forced_switching {
            return self.ask(thread, Phase::TakeSwitchMutexLocked, Request::MutexLock(self.switch_mutex));
        }
        self.record_holder(thread);
        self.drop_request = false;
        self.ask(thread, Phase::TakeMutexUnlocked, Request::MutexUnlock(self.mutex)).noting(Note::Acquired)
    }

    fn record_holder(&mut self, thread: ThreadId) {
        self.locked = true;
        if self.last_holder != Some(thread) {
            self.last_holder = Some(thread);
            self.switch_number += 1;
        }
    }

    /// The lock is free and its mutex too: the end of `drop_gil`, forced switching included. A thread that ends takes
    /// part in that only in 3.9 to 3.11 (`_PyEval_ReleaseLock(tstate)` in `PyThreadState_DeleteCurrent`): before, the
    /// thread state is gone by then, and from 3.12 on the release counts as final.
    fn dropped(&mut self, thread: ThreadId) -> Decision {
        let takes_part = self.threads[thread].want != Want::Leave || self.ending_thread_waits;
        if self.forced_switching && self.drop_request && takes_part {
            return self.ask(thread, Phase::DropSwitchMutexLocked, Request::MutexLock(self.switch_mutex));
        }
        self.released(thread)
    }

    fn unlock_switch_mutex(&mut self, thread: ThreadId) -> Decision {
        self.ask(thread, Phase::DropSwitchMutexUnlocked, Request::MutexUnlock(self.switch_mutex))
    }

    fn released(&mut self, thread: ThreadId) -> Decision {
        if self.threads[thread].want == Want::Yield {
            return self.ask(thread, Phase::TakeMutexLocked, Request::MutexLock(self.mutex));
        }
        self.finished(thread)
    }

    fn finished(&mut self, thread: ThreadId) -> Decision {
        self.threads[thread].phase = Phase::Idle;
        Decision::done()
    }

    fn ask(&mut self, thread: ThreadId, phase: Phase, request: Request) -> Decision {
        self.threads[thread].phase = phase;
        Decision::ask(request)
    }
}

/// Everything but what was made once for all; of the number of switches, only whether there has been one matters. (No
/// cycles are looked for under a lock with priorities.)
impl Hash for SwitchInterval {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let SwitchInterval {
            interval: _,
            forced_switching: _,
            ending_thread_waits: _,
            locked,
            drop_request,
            request_line: _,
            last_holder,
            switch_number,
            mutex: _,
            condition: _,
            low_condition: _,
            priorities: _,
            switch_mutex: _,
            switch_condition: _,
            threads,
        } = self;
        (locked, drop_request, last_holder).hash(state);
        for Progress { want, phase, saved_switch_number } in threads {
            (want, phase, saved_switch_number == switch_number).hash(state);
        }
    }
}
