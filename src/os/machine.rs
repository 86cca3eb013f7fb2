//! The machine a run takes place on: cores, a scheduler, and what each kernel operation costs.

use crate::des::{Distribution, Span};

/// A machine. Every cost is a property of the machine, never of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Number of cores, from 1 to 512.
    pub cores: usize,
    /// Whose thread library the locks are built from.
    pub platform: Platform,
    /// The scheduling policy and its parameters.
    pub scheduler: SchedulerConfig,
    /// When the clock of the scheduler ticks first, drawn once a run: no program begins at a tick.
    pub first_tick: Distribution,
    /// What things cost.
    pub costs: Costs,
}

/// The thread library underneath `threading`: it decides when a lock operation enters the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// NPTL on futexes (glibc).
    Linux,
    /// Mach semaphores under the mutexes and condition variables of Libc-498 (OS X 10.5).
    Darwin,
}

/// A scheduling policy with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SchedulerConfig {
    /// The Mach timesharing scheduler of OS X 10.5 (`sched_prim.c`, `priority.c` of xnu-1228).
    Mach {
        /// Time slice; 10 ms in xnu.
        quantum: Span,
        /// How often usage decays by 5/8 and load is sampled; 125 ms in xnu.
        decay_interval: Span,
    },
    /// The completely fair scheduler of Linux 2.6.23 to 6.5 (`fair.c`).
    Cfs {
        /// Period in which every runnable thread runs once, before scaling by cores.
        latency: Span,
        /// Shortest slice, before scaling by cores.
        minimum_granularity: Span,
        /// How far behind a woken thread must be to preempt, before scaling by cores.
        wakeup_granularity: Span,
        /// The clock tick at which the end of a slice is noticed; zero for a high-resolution tick.
        tick: Span,
    },
    /// Earliest eligible virtual deadline first, Linux 6.6 and later (`fair.c`).
    Eevdf {
        /// Slice of a thread, before scaling by cores.
        base_slice: Span,
        /// The clock tick at which the end of a slice is noticed; zero for a high-resolution tick.
        tick: Span,
    },
    /// One queue of runnable threads a machine, a fixed quantum each, no priorities, no wake-up preemption.
    RoundRobin {
        /// Time slice.
        quantum: Span,
    },
    /// Static priorities from 1 to 99 without time slices, as `SCHED_FIFO` (sched(7)).
    Fifo,
    /// The dispatcher of Windows (Windows Internals, 6th edition): priorities from 1 to 31.
    Windows {
        /// Time slice in clock ticks: 2 on a client, 12 on a server.
        quantum: u32,
        /// The clock tick at which the end of a quantum is noticed; 15.625 ms.
        tick: Span,
    },
}

impl SchedulerConfig {
    /// Its name in the language.
    pub fn name(&self) -> &'static str {
        match self {
            SchedulerConfig::Mach { .. } => "mach",
            SchedulerConfig::Cfs { .. } => "cfs",
            SchedulerConfig::Eevdf { .. } => "eevdf",
            SchedulerConfig::RoundRobin { .. } => "round_robin",
            SchedulerConfig::Fifo => "fifo",
            SchedulerConfig::Windows { .. } => "windows",
        }
    }

    /// Whether it heeds how nice threads are.
    pub fn heeds_nice(&self) -> bool {
        matches!(
            self,
            SchedulerConfig::Mach { .. } | SchedulerConfig::Cfs { .. } | SchedulerConfig::Eevdf { .. }
        )
    }

    /// The priorities that threads can have, if it heeds them: the lowest, the usual one, the highest.
    pub fn priorities(&self) -> Option<[u8; 3]> {
        match self {
            SchedulerConfig::Fifo => Some([1, 1, 99]),
            SchedulerConfig::Windows { .. } => Some([1, 8, 31]),
            _ => None,
        }
    }

    /// Whether a lock can lend its holder the priority of who waits for it: only the real-time classes of Linux have both.
    pub fn lends_priorities(&self) -> bool {
        matches!(self, SchedulerConfig::Fifo)
    }

    /// The shortest time after which a thread may have to make room for an equal, if there is one.
    pub fn shortest_slice(&self) -> Option<Span> {
        match self {
            SchedulerConfig::Mach { quantum, .. } | SchedulerConfig::RoundRobin { quantum } => Some(*quantum),
            SchedulerConfig::Cfs { minimum_granularity, .. } => Some(*minimum_granularity),
            SchedulerConfig::Eevdf { base_slice, .. } => Some(*base_slice),
            SchedulerConfig::Windows { quantum, tick } => Some(*tick * u64::from(*quantum)),
            SchedulerConfig::Fifo => None,
        }
    }
}

/// What a thread or a process costs, beyond what its program does.
#[derive(Clone, Debug, PartialEq)]
pub struct BirthCosts {
    /// Kernel time of who starts it, beyond [`Costs::system_call`], until it can run.
    pub start: Distribution,
    /// User time of the new thread or process until its program begins.
    pub begin: Distribution,
    /// User time of a process after its program, until others can know that it has ended; kernel time of a thread
    /// when they can.
    pub end: Distribution,
}

impl BirthCosts {
    /// It costs nothing.
    pub const ZERO: BirthCosts =
        BirthCosts { start: Distribution::ZERO, begin: Distribution::ZERO, end: Distribution::ZERO };
}

/// That the processor is taken away, again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Interruption {
    /// From one to the next, on a core that does not idle.
    pub every: Distribution,
    /// How long it takes.
    pub length: Distribution,
}

/// What operations of the machine cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    /// Kernel time to switch a core from one thread to another.
    pub context_switch: Distribution,
    /// Kernel time a thread takes to fall asleep, during which its core has no time for another.
    pub falling_asleep: Distribution,
    /// Kernel time to set the timer of the processor to another time: for a timed sleep that ends before the clock ticks,
    /// and to take that back. Whoever wakes a thread that sets its timer keeps it from sleeping.
    pub timer_change: Distribution,
    /// Time that the processor takes for a tick of the clock, from the thread that runs.
    pub clock_tick: Distribution,
    /// How often the processor is taken away from a thread that runs, and for how long: by the host of a virtual machine,
    /// or by the firmware.
    pub interruption: Option<Interruption>,
    /// Kernel time to enter and leave the kernel once, with a minimum of work inside.
    pub system_call: Distribution,
    /// Kernel time a waking call takes beyond [`Costs::system_call`] when there is a sleeper to wake.
    pub wake_sleeper: Distribution,
    /// Kernel time a waking call takes beyond [`Costs::system_call`] when nobody sleeps.
    pub wake_no_sleeper: Distribution,
    /// Kernel time it takes besides if the sleeper joins the queue of another core than the waker's.
    pub wake_other_core: Distribution,
    /// Kernel time it takes besides to send another core an interrupt: because its thread must make room, or because it idles
    /// and does not look for threads itself.
    pub wake_interrupt: Distribution,
    /// Kernel time that a thread spends first when it comes to an idle core that has seen it.
    pub from_polling: Distribution,
    /// The same on a core that an interrupt had to wake.
    pub from_halted: Distribution,
    /// From when an interrupt has been sent until a thread that must make room stops, unless it is itself the one that wakes.
    pub wake_latency_busy: Distribution,
    /// Kernel time of a blocking call until its thread is at the head of the wait queue, where what it waits for is looked at
    /// once more.
    pub queueing: Distribution,
    /// How long a core is on its way to rest when it has become idle: it comes to what it is given meanwhile when it is
    /// over, and not before.
    pub going_idle: Distribution,
    /// For how long a core that has become idle does not look for threads itself yet.
    pub polls_after: Span,
    /// From when [`Costs::going_idle`] is over (or a thread is woken after that) until the thread executes, on a core that has
    /// been idle for less than [`Costs::just_idle_for`], but for [`Costs::polls_after`] or longer.
    pub wake_latency_just_idle: Distribution,
    /// For how long a core that has become idle is not at rest yet.
    pub just_idle_for: Span,
    /// From when an interrupt has been sent until the woken thread executes on a core that has been idle for less than
    /// [`Costs::deep_idle_after`].
    pub wake_latency_idle: Distribution,
    /// The same on a core that has been idle for longer and sleeps deeply.
    pub wake_latency_deep: Distribution,
    /// How long a core must have been idle to be in deep idle.
    pub deep_idle_after: Span,
    /// How late a timer fires: added to every sleep and timed wait.
    pub timer_lateness: Distribution,
    /// User time of one lock operation that does not enter the kernel: lock or unlock a mutex, post or take a
    /// semaphore.
    pub lock_operation: Distribution,
    /// User time of one atomic operation on memory, as library calls contain beyond those.
    pub atomic_operation: Distribution,
    /// User time to read the clock, as a timed wait does before anything else.
    pub clock_read: Distribution,
    /// User time a thread loses by starting on another core than it last ran on.
    pub migration: Distribution,
    /// User time until memory that another core touched last has come over: added to an operation on a lock.
    pub cache_line: Distribution,
    /// The part of [`Costs::cache_line`] for which a core goes on with a word that all cores change after another has asked
    /// for it, and after it has come there.
    pub line_kept: Distribution,
    /// User time of one instruction that reads and changes memory in one go (`lock xadd`), where that is in the core's
    /// cache.
    pub atomic_update: Span,
    /// User time that a thread of an interpreter with a lock loses for each instruction that another core executed last: the
    /// memory of its objects has to come over.
    pub moved_instruction: Distribution,
    /// What a thread costs that another starts.
    pub thread: BirthCosts,
    /// What a process costs that is forked.
    pub fork: BirthCosts,
    /// What a process costs that is spawned.
    pub spawn: BirthCosts,
    /// Kernel time a system call takes beyond [`Costs::system_call`] to put a message into a pipe or socket.
    pub channel_send: Distribution,
    /// Kernel time a system call takes beyond [`Costs::system_call`] to take a message out of a pipe or socket.
    pub channel_receive: Distribution,
    /// Kernel time `select` takes for each descriptor that it looks at.
    pub select_descriptor: Distribution,
    /// Kernel time `poll` takes for each descriptor that it looks at.
    pub poll_descriptor: Distribution,
    /// Kernel time to map and unmap a block of memory too large for the heap (mallopt(3), `M_MMAP_THRESHOLD`: 128 KiB),
    /// with its page fault.
    pub large_allocation: Distribution,
}
