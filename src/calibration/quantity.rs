//! What is measured.

/// A duration that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Entering and leaving the kernel.
    SystemCall,
    /// A look at the clock, which every other figure contains once.
    ClockReading,
    /// A waking call when nobody sleeps.
    WakingNobody,
    /// Putting 64 bytes into a pipe, or taking them out.
    PipeOperation,
    /// Posting or taking a semaphore that nobody waits for.
    SemaphoreOperation,
    /// Locking or unlocking a mutex that nobody waits for.
    MutexOperation,
    /// Signalling a condition that nobody waits for.
    EmptySignal,
    /// Giving a core away when nobody wants it.
    YieldToNobody,
    /// Switching a core from one thread to another.
    ContextSwitch,
    /// From a post to the woken thread, both on one core.
    WakeOnSameCore,
    /// From a post to the woken thread, on a core that has just begun to idle.
    WakeOnIdleCore,
    /// From a post to the woken thread, on a core that has been idle for 2 ms.
    WakeOnDeepIdleCore,
    /// From a post to the woken thread, on a core that executes another one.
    WakeOnBusyCore,
    /// How long a post keeps its thread when the sleeper's core has just begun to idle.
    PostToIdleCore,
    /// The same when that core has been idle for 2 ms.
    PostToDeepIdleCore,
    /// The same when that core executes another thread.
    PostToBusyCore,
    /// How late a sleep of 1 ms ends on a core that nobody else uses.
    TimerOnIdleCore,
    /// How late a sleep of 1 ms ends on a core that another thread uses.
    TimerOnBusyCore,
    /// A round of a countdown, in one long call.
    LongCallRound,
    /// A round of a countdown, in calls of 2000 rounds each, one after the other.
    ShortCallRound,
    /// A round of a countdown in one long call while another thread is blocked.
    LongCallRoundThreaded,
    /// Releasing and taking the GIL that nobody wants.
    GilRoundTrip,
}

impl Quantity {
    /// What it is, in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::SystemCall => "system call",
            Quantity::ClockReading => "clock reading",
            Quantity::WakingNobody => "waking call, nobody sleeps",
            Quantity::PipeOperation => "pipe operation",
            Quantity::SemaphoreOperation => "semaphore operation",
            Quantity::MutexOperation => "mutex operation",
            Quantity::EmptySignal => "signal, nobody waits",
            Quantity::YieldToNobody => "yield, nobody else runs",
            Quantity::ContextSwitch => "context switch",
            Quantity::WakeOnSameCore => "wake-up, same core",
            Quantity::WakeOnIdleCore => "wake-up, idle core",
            Quantity::WakeOnDeepIdleCore => "wake-up, core idle for 2 ms",
            Quantity::WakeOnBusyCore => "wake-up, busy core",
            Quantity::PostToIdleCore => "post to an idle core",
            Quantity::PostToDeepIdleCore => "post to a core idle for 2 ms",
            Quantity::PostToBusyCore => "post to a busy core",
            Quantity::TimerOnIdleCore => "timer, idle core",
            Quantity::TimerOnBusyCore => "timer, busy core",
            Quantity::LongCallRound => "countdown, one long call",
            Quantity::ShortCallRound => "countdown, short calls",
            Quantity::LongCallRoundThreaded => "countdown, a thread blocked",
            Quantity::GilRoundTrip => "GIL release and take",
        }
    }

    /// How it is measured.
    pub fn how(self) -> &'static str {
        match self {
            Quantity::SystemCall => "getppid in a loop",
            Quantity::ClockReading => "clock_gettime in a loop",
            Quantity::WakingNobody => "FUTEX_WAKE without a sleeper in a loop",
            Quantity::PipeOperation => "half of a write and a read of 64 bytes by one thread, in a loop",
            Quantity::SemaphoreOperation => "half of a post and a wait, in a loop",
            Quantity::MutexOperation => "half of a lock and an unlock, in a loop",
            Quantity::EmptySignal => "a call that looks for waiters, one look after the other",
            Quantity::YieldToNobody => "sched_yield in a loop",
            Quantity::ContextSwitch => {
                "sched_yield of two threads on one core, less the yields, by switches counted"
            }
            Quantity::WakeOnSameCore => "semaphore ping-pong on one core, one way",
            Quantity::WakeOnIdleCore => "semaphore ping-pong across cores, one way",
            Quantity::WakeOnDeepIdleCore => {
                "semaphore ping-pong across cores, one way, the waker computing 2 ms before each post"
            }
            Quantity::WakeOnBusyCore => {
                "the same with another thread computing on the sleeper's core, which may have to be waited for"
            }
            Quantity::PostToIdleCore => "semaphore ping-pong across cores, the waker's part",
            Quantity::PostToDeepIdleCore => {
                "semaphore ping-pong across cores, the waker's part, the waker computing 2 ms before each post"
            }
            Quantity::PostToBusyCore => "the same with another thread computing on the sleeper's core",
            Quantity::TimerOnIdleCore => "nanosleep of 1 ms",
            Quantity::TimerOnBusyCore => "nanosleep of 1 ms, with a computing thread on the core",
            Quantity::LongCallRound => "while n > 0: n -= 1 in one call",
            Quantity::ShortCallRound => "while n > 0: n -= 1 in calls of 2000 rounds",
            Quantity::LongCallRoundThreaded => "while n > 0: n -= 1 in one call, while another thread sleeps",
            Quantity::GilRoundTrip => "abs() by ctypes, released less kept",
        }
    }
}
