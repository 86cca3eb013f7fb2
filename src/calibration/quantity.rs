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
    /// A call that would wait, but finds that what it waits for has come.
    WaitingForNothing,
    /// Putting 64 bytes into a pipe, or taking them out.
    PipeOperation,
    /// Posting or taking a semaphore that nobody waits for.
    SemaphoreOperation,
    /// Locking or unlocking a mutex that nobody waits for.
    MutexOperation,
    /// Signalling a condition that nobody waits for.
    EmptySignal,
    /// Changing a word atomically that no other core touches.
    AtomicUpdate,
    /// A word on its way from one core's cache to another's.
    CacheLine,
    /// How long a core goes on with a word that another wants, too.
    LineKept,
    /// Giving a core away when nobody wants it.
    YieldToNobody,
    /// Switching a core from one thread to another.
    ContextSwitch,
    /// From a post to the woken thread, both on one core.
    WakeOnSameCore,
    /// From the woken thread, which posts back and falls asleep, to its waker, both on one core.
    AnswerOnSameCore,
    /// From a post to the woken thread, on a core that has just begun to idle.
    WakeOnIdleCore,
    /// From a post to the woken thread, on a core that has been idle for 2 ms.
    WakeOnDeepIdleCore,
    /// From a post to the woken thread, on a core that executes another one, which it displaces.
    WakeOnBusyCore,
    /// How long a post keeps its thread when the sleeper's core has just begun to idle.
    PostToIdleCore,
    /// The same when that core has been idle for 2 ms.
    PostToDeepIdleCore,
    /// The same when that core executes another thread.
    PostToBusyCore,
    /// How long after a thread begins to fall asleep its core first looks for threads by itself.
    PollsAfter,
    /// How long after a thread begins to fall asleep its core last does so; nothing if it never does.
    PollsUntil,
    /// How long a post keeps its thread when the sleeper's core looks for threads by itself.
    PostToPollingCore,
    /// From when a thread begins to fall asleep until it executes again, on a core that looks for threads by itself.
    SleepUntilSeen,
    /// Processor time of such a sleep, from before it until the thread is awake.
    SleepOnPollingCore,
    /// The same on a core that had halted.
    SleepOnHaltedCore,
    /// How late a sleep of 1 ms ends on a core that nobody else uses.
    TimerOnIdleCore,
    /// How late a sleep of 1 ms ends on a core that another thread uses.
    TimerOnBusyCore,
    /// Setting a timer that comes before the next clock tick, or taking it back.
    NearTimer,
    /// The same for one that comes after the next clock tick.
    FarTimer,
    /// How long the kernel's clock tick keeps a thread from running.
    ClockTick,
    /// From one interruption that is no clock tick to the next.
    InterruptionEvery,
    /// How long such an interruption is.
    InterruptionLength,
    /// What starting a thread takes the one that starts it.
    ThreadStart,
    /// What a thread takes until it has begun.
    ThreadBegin,
    /// What a thread takes from when it is woken to end until it has been joined.
    ThreadEnd,
    /// A round of a countdown, in one long call.
    LongCallRound,
    /// A round of a countdown, in calls of 2000 rounds each, one after the other.
    ShortCallRound,
    /// A round of a countdown in one long call while another thread is blocked.
    LongCallRoundThreaded,
    /// Releasing and taking the GIL that nobody wants.
    GilRoundTrip,
    /// Acquiring and releasing a semaphore of threading: library code.
    LibraryCode,
    /// The same once, after a sleep, on the core that executed it last.
    LibraryCodeAfterSleep,
    /// The same once, after a sleep, when another core executed it last.
    LibraryCodeMoved,
}

impl Quantity {
    /// What it is, in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::SystemCall => "system call",
            Quantity::ClockReading => "clock reading",
            Quantity::WakingNobody => "waking call, nobody sleeps",
            Quantity::WaitingForNothing => "waiting call, nothing to wait for",
            Quantity::PipeOperation => "pipe operation",
            Quantity::SemaphoreOperation => "semaphore operation",
            Quantity::MutexOperation => "mutex operation",
            Quantity::EmptySignal => "signal, nobody waits",
            Quantity::AtomicUpdate => "atomic update",
            Quantity::CacheLine => "cache line, core to core",
            Quantity::LineKept => "cache line, kept",
            Quantity::YieldToNobody => "yield, nobody else runs",
            Quantity::ContextSwitch => "context switch",
            Quantity::WakeOnSameCore => "wake-up, same core",
            Quantity::AnswerOnSameCore => "answer, same core",
            Quantity::WakeOnIdleCore => "wake-up, idle core",
            Quantity::WakeOnDeepIdleCore => "wake-up, core idle for 2 ms",
            Quantity::WakeOnBusyCore => "wake-up, busy core",
            Quantity::PostToIdleCore => "post to an idle core",
            Quantity::PostToDeepIdleCore => "post to a core idle for 2 ms",
            Quantity::PostToBusyCore => "post to a busy core",
            Quantity::PollsAfter => "idle core polls after",
            Quantity::PollsUntil => "idle core polls until",
            Quantity::PostToPollingCore => "post to a polling core",
            Quantity::SleepUntilSeen => "sleep, polling core",
            Quantity::SleepOnPollingCore => "time of a sleep, polling core",
            Quantity::SleepOnHaltedCore => "time of a sleep, halted core",
            Quantity::TimerOnIdleCore => "timer, idle core",
            Quantity::TimerOnBusyCore => "timer, busy core",
            Quantity::NearTimer => "timer set, near",
            Quantity::FarTimer => "timer set, far",
            Quantity::ClockTick => "clock tick",
            Quantity::InterruptionEvery => "from interruption to interruption",
            Quantity::InterruptionLength => "interruption",
            Quantity::ThreadStart => "thread start",
            Quantity::ThreadBegin => "thread begin",
            Quantity::ThreadEnd => "thread end",
            Quantity::LongCallRound => "countdown, one long call",
            Quantity::ShortCallRound => "countdown, short calls",
            Quantity::LongCallRoundThreaded => "countdown, a thread blocked",
            Quantity::GilRoundTrip => "GIL release and take",
            Quantity::LibraryCode => "semaphore of threading",
            Quantity::LibraryCodeAfterSleep => "semaphore of threading, after a sleep",
            Quantity::LibraryCodeMoved => "semaphore of threading, from another core",
        }
    }

    /// How it is measured.
    pub fn how(self) -> &'static str {
        match self {
            Quantity::SystemCall => "getppid in a loop",
            Quantity::ClockReading => "clock_gettime in a loop",
            Quantity::WakingNobody => "FUTEX_WAKE without a sleeper in a loop",
            Quantity::WaitingForNothing => "FUTEX_WAIT for another value in a loop",
            Quantity::PipeOperation => "half of a write and a read of 64 bytes by one thread, in a loop",
            Quantity::SemaphoreOperation => "half of a post and a wait, in a loop",
            Quantity::MutexOperation => "half of a lock and an unlock, in a loop",
            Quantity::EmptySignal => "a call that looks for waiters, one look after the other",
            Quantity::AtomicUpdate => "an atomic addition in a loop",
            Quantity::CacheLine => "a word written by two cores in turn, from one write to the next",
            Quantity::LineKept => "atomic additions of two cores to one word, those of one core in a row",
            Quantity::YieldToNobody => "sched_yield in a loop",
            Quantity::ContextSwitch => {
                "sched_yield of two threads on one core, less the yields, by switches counted"
            }
            Quantity::WakeOnSameCore => {
                "semaphore ping-pong on one core where the woken thread displaces its waker, one way"
            }
            Quantity::AnswerOnSameCore => {
                "semaphore ping-pong on one core where the woken thread displaces its waker, the way back"
            }
            Quantity::WakeOnIdleCore => "semaphore ping-pong across cores, one way",
            Quantity::WakeOnDeepIdleCore => {
                "semaphore ping-pong across cores, one way, the waker computing 2 ms before each post"
            }
            Quantity::WakeOnBusyCore => {
                "semaphore ping-pong across cores, one way, where a computing thread is displaced"
            }
            Quantity::PostToIdleCore => "semaphore ping-pong across cores, the waker's part",
            Quantity::PostToDeepIdleCore => {
                "semaphore ping-pong across cores, the waker's part, the waker computing 2 ms before each post"
            }
            Quantity::PostToBusyCore => {
                "semaphore ping-pong across cores, the waker's part, a thread computing on the sleeper's core"
            }
            Quantity::PollsAfter => {
                "posts to a core that has just gone idle, the first delay without an interrupt"
            }
            Quantity::PollsUntil => {
                "posts to a core that has just gone idle, the last delay up to 10 us without an interrupt"
            }
            Quantity::PostToPollingCore => "posts without an interrupt to a core that has just gone idle",
            Quantity::SleepUntilSeen => {
                "posts without an interrupt to a core that has just gone idle, since the sleeper fell asleep"
            }
            Quantity::SleepOnPollingCore => {
                "posts without an interrupt to a core that has just gone idle, the sleeper's processor time"
            }
            Quantity::SleepOnHaltedCore => "posts to a core idle for 300 us, the sleeper's processor time",
            Quantity::TimerOnIdleCore => "nanosleep of 1 ms",
            Quantity::TimerOnBusyCore => "nanosleep of 1 ms, with a computing thread on the core",
            Quantity::NearTimer => "half of timerfd_settime of 100 us and taking it back",
            Quantity::FarTimer => "half of timerfd_settime of 20 ms and taking it back",
            Quantity::ClockTick => "a loop that reads the clock, gaps at one place of each clock period",
            Quantity::InterruptionEvery => {
                "a loop that reads the clock, from a gap that is no clock tick to the next"
            }
            Quantity::InterruptionLength => "a loop that reads the clock, gaps that are no clock ticks",
            Quantity::ThreadStart => "processor time of making a thread",
            Quantity::ThreadBegin => "processor time of the new thread when it has memory of its own",
            Quantity::ThreadEnd => "processor time of waking, ending and joining a thread, of both threads",
            Quantity::LongCallRound => "while n > 0: n -= 1 in one call",
            Quantity::ShortCallRound => "while n > 0: n -= 1 in calls of 2000 rounds",
            Quantity::LongCallRoundThreaded => "while n > 0: n -= 1 in one call, while another thread sleeps",
            Quantity::GilRoundTrip => "abs() by ctypes, released less kept",
            Quantity::LibraryCode => {
                "acquire() and release() of a threading.Semaphore in a loop, without the loop"
            }
            Quantity::LibraryCodeAfterSleep => {
                "acquire() and release() of a threading.Semaphore after a sleep"
            }
            Quantity::LibraryCodeMoved => {
                "acquire() and release() of a threading.Semaphore after a sleep, executed last on another core"
            }
        }
    }

    /// Whether it is the mean of a loop, which clock ticks and interruptions make longer.
    pub fn is_of_a_loop(self) -> bool {
        matches!(
            self,
            Quantity::SystemCall
                | Quantity::ClockReading
                | Quantity::WakingNobody
                | Quantity::WaitingForNothing
                | Quantity::PipeOperation
                | Quantity::SemaphoreOperation
                | Quantity::MutexOperation
                | Quantity::EmptySignal
                | Quantity::AtomicUpdate
                | Quantity::YieldToNobody
                | Quantity::ContextSwitch
                | Quantity::LongCallRound
                | Quantity::ShortCallRound
                | Quantity::LongCallRoundThreaded
                | Quantity::GilRoundTrip
                | Quantity::LibraryCode
        )
    }
}
