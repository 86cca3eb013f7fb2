//! The lock with a switch interval, with and without priorities (section 5 of the rules).

use gilsim::des::Span;
use gilsim::python::interpreter::GilConfig;
use gilsim::trace::ThreadState;

use super::World;
use super::lock::{Policy, Why};
use super::objects::Action::{ConditionSignal, ConditionWait, Lock, MutexLock, MutexUnlock};
use super::objects::OF_THREADS;

impl World<'_> {
    pub fn switch_interval(
        &mut self,
        thread: usize,
        policy: Policy,
        interval: Span,
        forced: bool,
        ends: bool,
    ) {
        let at = self.interpreter_of(thread);
        match policy {
            Policy::Take => self.then(thread, &[MutexLock(0), Lock(Policy::Look)]),
            Policy::Look if self.gils[at].holder.is_some() => {
                let saved = self.gils[at].switch_number;
                let condition = self.waits_with_priority(thread);
                let wait = ConditionWait(condition, Some(interval));
                self.then(thread, &[wait, Lock(Policy::LookAfterWait(saved))]);
            }
            Policy::Look if forced => self.then(thread, &[MutexLock(1), Lock(Policy::SwitchTaken)]),
            Policy::Look => self.then(thread, &[Lock(Policy::SwitchTaken)]),
            Policy::LookAfterWait(saved) => {
                self.gils[at].io_bound_waiting -= u64::from(self.has_priority(thread));
                if self.gils[at].holder.is_some() {
                    if self.threads[thread].program.wait_timed_out {
                        self.gils[at].counters.timed_out_waits += 1;
                        if self.gils[at].switch_number == saved {
                            self.gils[at].drop_request = true;
                            self.request_drop(thread);
                        }
                    } else {
                        self.failed_acquisition(thread);
                    }
                }
                self.then(thread, &[Lock(Policy::Look)]);
            }
            Policy::SwitchTaken => {
                self.acquired(thread);
                if self.gils[at].switch_holder != Some(thread) {
                    self.gils[at].switch_holder = Some(thread);
                    self.gils[at].switch_number += 1;
                }
                self.then(thread, &[Lock(Policy::DropRequestOff), MutexUnlock(0)]);
                if forced {
                    self.then(thread, &[ConditionSignal(1), MutexUnlock(1)]);
                }
            }
            Policy::DropRequestOff => self.gils[at].drop_request = false,
            Policy::Release(why) => {
                let drop = [MutexLock(0), Lock(Policy::FlagOff(why)), MutexUnlock(0)];
                if forced && (why != Why::Ends || ends) {
                    self.then(thread, &[Lock(Policy::AfterDrop)]);
                }
                self.then(thread, &drop);
            }
            Policy::FlagOff(why) => {
                let low = self.is_priority() && self.gils[at].io_bound_waiting == 0;
                self.gils[at].is_cpu_bound[thread] = why == Why::Check;
                self.then(thread, &[ConditionSignal(if low { OF_THREADS } else { 0 })]);
                self.released(thread, why);
            }
            Policy::AfterDrop if self.gils[at].drop_request => {
                self.then(thread, &[MutexLock(1), Lock(Policy::ForcedWait), MutexUnlock(1)]);
            }
            Policy::AfterDrop => {}
            Policy::ForcedWait if self.gils[at].switch_holder == Some(thread) => {
                self.gils[at].drop_request = false;
                self.gils[at].counters.forced_waits += 1;
                self.threads[thread].program.after_release = Some(self.threads[thread].user_state);
                self.set_states(thread, ThreadState::WaitsForGil, ThreadState::ForcedSwitch);
                self.then(thread, &[ConditionWait(1, None), Lock(Policy::ForcedWaitEnded)]);
            }
            Policy::ForcedWait => {}
            Policy::ForcedWaitEnded => {
                let user = self.threads[thread].program.after_release.take().expect("it was released");
                self.set_states(thread, user, ThreadState::WaitsForGil);
            }
            _ => unreachable!("{policy:?}"),
        }
    }

    fn is_priority(&self) -> bool {
        matches!(self.model.gil, GilConfig::Priority { .. })
    }

    fn has_priority(&self, thread: usize) -> bool {
        let at = self.interpreter_of(thread);
        self.is_priority() && !self.gils[at].is_cpu_bound[thread]
    }

    /// Before a wait for the lock; the condition to wait on.
    fn waits_with_priority(&mut self, thread: usize) -> usize {
        let at = self.interpreter_of(thread);
        if !self.has_priority(thread) {
            return if self.is_priority() { OF_THREADS } else { 0 };
        }
        self.gils[at].io_bound_waiting += 1;
        let holder_is_cpu_bound =
            self.gils[at].switch_holder.is_some_and(|holder| self.gils[at].is_cpu_bound[holder]);
        if holder_is_cpu_bound && !self.gils[at].drop_request {
            self.gils[at].drop_request = true;
            self.request_drop(thread);
        }
        0
    }
}
