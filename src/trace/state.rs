//! The states a thread can be in; every picosecond of its life is in exactly one.

/// What a thread does at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ThreadState {
    /// The thread's start time has not come.
    NotStarted,
    /// On a core, holding the GIL: bytecode, and the user-level part of giving the GIL up.
    RunsPython,
    /// On a core, in C code that keeps the GIL.
    RunsCHoldingGil,
    /// On a core, in user code without the GIL: C code that released it.
    RunsWithoutGil,
    /// On a core, in a system call or a context switch.
    InKernel,
    /// Wants the GIL: asleep on the lock, or on a core on its way to it for the first time.
    WaitsForGil,
    /// Woken for the GIL and found it held: from that finding until it sleeps again (the battle).
    FailedAcquisition,
    /// Could run, has no core (or its core is still waking up).
    Runnable,
    /// Blocked on input or output.
    BlockedOnIo,
    /// Asleep for a time it asked for.
    Sleeping,
    /// Blocked on a lock, queue or other object of the program.
    BlockedOnLock,
    /// Gave the GIL up on request and waits until another thread has taken it (forced switching, CPython 3.2+).
    ForcedSwitch,
    /// Its program has ended.
    Done,
}

impl ThreadState {
    /// How many states there are.
    pub const COUNT: usize = 13;

    /// Every state, in the order of their discriminants.
    pub const ALL: [ThreadState; Self::COUNT] = [
        ThreadState::NotStarted,
        ThreadState::RunsPython,
        ThreadState::RunsCHoldingGil,
        ThreadState::RunsWithoutGil,
        ThreadState::InKernel,
        ThreadState::WaitsForGil,
        ThreadState::FailedAcquisition,
        ThreadState::Runnable,
        ThreadState::BlockedOnIo,
        ThreadState::Sleeping,
        ThreadState::BlockedOnLock,
        ThreadState::ForcedSwitch,
        ThreadState::Done,
    ];

    /// The state's position in [`ThreadState::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The state's name in output: `runs_python`, `waits_for_gil`, ...
    pub const fn name(self) -> &'static str {
        match self {
            ThreadState::NotStarted => "not_started",
            ThreadState::RunsPython => "runs_python",
            ThreadState::RunsCHoldingGil => "runs_c_holding_gil",
            ThreadState::RunsWithoutGil => "runs_without_gil",
            ThreadState::InKernel => "in_kernel",
            ThreadState::WaitsForGil => "waits_for_gil",
            ThreadState::FailedAcquisition => "failed_acquisition",
            ThreadState::Runnable => "runnable",
            ThreadState::BlockedOnIo => "blocked_on_io",
            ThreadState::Sleeping => "sleeping",
            ThreadState::BlockedOnLock => "blocked_on_lock",
            ThreadState::ForcedSwitch => "forced_switch",
            ThreadState::Done => "done",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_stands_at_its_own_index() {
        for (index, state) in ThreadState::ALL.into_iter().enumerate() {
            assert_eq!(state.index(), index);
        }
    }
}
