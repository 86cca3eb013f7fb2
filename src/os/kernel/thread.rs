//! What a thread has to execute on its core, piece by piece, and the account of what it has used.

use super::{Mode, Piece, Thread};
use crate::des::{Span, Time};
use crate::trace::ThreadState;

impl Thread {
    /// Whether nothing comes before its burst, or in the middle of it.
    #[inline]
    pub(super) fn has_nothing_before(&self) -> bool {
        self.interruption_left.is_zero()
            && self.let_go_left.is_zero()
            && self.switch_left.is_zero()
            && self.migration_left.is_zero()
    }

    /// What it executes first, and for how long.
    #[inline]
    pub(super) fn first_piece(&self) -> (Piece, Span) {
        if self.has_nothing_before() {
            let piece = if self.burst_left.is_zero() { Piece::Nothing } else { Piece::Burst };
            return (piece, self.burst_left);
        }
        if !self.interruption_left.is_zero() {
            (Piece::Interruption, self.interruption_left)
        } else if !self.let_go_left.is_zero() {
            (Piece::LetGo, self.let_go_left)
        } else if !self.switch_left.is_zero() {
            (Piece::Switch, self.switch_left)
        } else {
            (Piece::Migration, self.migration_left)
        }
    }

    /// Adds what it has used of its core to its account, and to what the scheduler is to be charged with.
    #[inline]
    pub(super) fn account(&mut self, mode: Mode, used: Span) {
        match mode {
            Mode::User => self.usage.user += used,
            Mode::Kernel => self.usage.system += used,
        }
        self.uncharged += used;
    }

    /// The state that a thread on a core is in.
    pub(super) fn running_state(&self) -> ThreadState {
        if !(self.let_go_left + self.switch_left).is_zero() {
            ThreadState::InKernel
        } else if !self.migration_left.is_zero() {
            self.user_state
        } else {
            self.state_in(self.mode)
        }
    }

    /// The state that a thread is in while it executes a burst.
    pub(super) fn state_in(&self, mode: Mode) -> ThreadState {
        let in_kernel = mode == Mode::Kernel && self.user_state != ThreadState::FailedAcquisition;
        if in_kernel { ThreadState::InKernel } else { self.user_state }
    }

    /// It is in a state from `now` on; `tell` is called if it was in another before.
    pub(super) fn show(&mut self, shown: ThreadState, now: Time, tell: impl FnOnce(ThreadState)) {
        if self.state != shown {
            self.account_state(now);
            self.state = shown;
            tell(shown);
        }
    }

    /// Adds the time in its state up to `now` to its account.
    pub(super) fn account_state(&mut self, now: Time) {
        self.usage.state_times[self.state.index()] += now.since(self.state_since);
        self.state_since = now;
    }
}
