//! Schedulers: where a woken thread goes, who runs next, and when the running thread must make room.
//!
//! A scheduler decides; the [`kernel`](crate::os::kernel) moves the threads. A new scheduler is a file here, a variant
//! of [`Scheduler`] and a variant of [`SchedulerConfig`].

mod balance;
mod cfs;
mod clock;
mod cycle;
mod eevdf;
mod fair;
mod fifo;
mod loads;
mod mach;
mod round_robin;
mod windows;

use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::attributes::Attributes;
use crate::os::machine::SchedulerConfig;
use crate::os::{CoreId, ThreadId};
use clock::Clock;

/// Why a thread joins a run queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// It has just been started.
    Started,
    /// What it waited for has happened.
    Woken,
    /// It was taken off its core.
    Preempted,
}

/// Why a thread leaves its core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It makes room for another.
    MakesRoom,
    /// It waits for something.
    Sleeps,
    /// It has ended.
    Ends,
}

/// By how much the priority of a thread rises when its wait has ended, under `windows` (`wdm.h`, "Specifying Priority
/// Boosts When Completing I/O Requests" in Microsoft's documentation).
pub mod boost {
    /// `IO_DISK_INCREMENT`: input and output of a disk.
    pub const DISK: u8 = 1;
    /// `IO_NETWORK_INCREMENT`, `IO_NAMED_PIPE_INCREMENT`: a socket or a pipe.
    pub const NETWORK: u8 = 2;
    /// `EVENT_INCREMENT`, `SEMAPHORE_INCREMENT`: an event, a semaphore, or anything made of them.
    pub const OBJECT: u8 = 1;
}

/// How a thread comes to be placed.
#[derive(Clone, Copy, Debug)]
pub struct Waking {
    /// Why.
    pub arrival: Arrival,
    /// The core where it ran last, if it ever did.
    pub last_core: Option<CoreId>,
    /// The core of the thread that wakes or starts it, if one does.
    pub from: Option<CoreId>,
}

/// What a scheduler may know of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CoreView {
    /// Who runs on it, or is about to.
    pub running: Option<ThreadId>,
}

/// A scheduling policy and its state.
#[derive(Clone, Debug)]
pub enum Scheduler {
    /// Mach timesharing.
    Mach(mach::Mach),
    /// The completely fair scheduler.
    Cfs(cfs::Cfs),
    /// Earliest eligible virtual deadline first.
    Eevdf(eevdf::Eevdf),
    /// Round robin.
    RoundRobin(round_robin::RoundRobin),
    /// Static priorities.
    Fifo(fifo::Fifo),
    /// The dispatcher of Windows.
    Windows(windows::Windows),
}

/// Calls a method of whichever scheduler it is.
macro_rules! delegate {
    ($scheduler:expr, $inner:ident => $call:expr) => {
        match $scheduler {
            Scheduler::Mach($inner) => $call,
            Scheduler::Cfs($inner) => $call,
            Scheduler::Eevdf($inner) => $call,
            Scheduler::RoundRobin($inner) => $call,
            Scheduler::Fifo($inner) => $call,
            Scheduler::Windows($inner) => $call,
        }
    };
}

impl Scheduler {
    /// The scheduler of a machine, with nothing to run yet, and with a thread for each entry of `threads`. The clock of
    /// the machine ticks first at `first_tick`.
    pub fn new(config: SchedulerConfig, first_tick: Span, cores: usize, threads: &[Attributes]) -> Scheduler {
        match config {
            SchedulerConfig::Mach { quantum, decay_interval } => {
                Scheduler::Mach(mach::Mach::new(quantum, decay_interval, cores, threads))
            }
            SchedulerConfig::Cfs { latency, minimum_granularity, wakeup_granularity, tick } => {
                Scheduler::Cfs(cfs::Cfs::new(
                    latency,
                    minimum_granularity,
                    wakeup_granularity,
                    Clock::new(first_tick, tick),
                    cores,
                    threads,
                ))
            }
            SchedulerConfig::Eevdf { base_slice, tick } => {
                Scheduler::Eevdf(eevdf::Eevdf::new(base_slice, Clock::new(first_tick, tick), cores, threads))
            }
            SchedulerConfig::RoundRobin { quantum } => {
                Scheduler::RoundRobin(round_robin::RoundRobin::new(quantum, cores, threads))
            }
            SchedulerConfig::Fifo => Scheduler::Fifo(fifo::Fifo::new(cores, threads)),
            SchedulerConfig::Windows { quantum, tick } => Scheduler::Windows(windows::Windows::new(
                quantum,
                Clock::new(first_tick, tick),
                cores,
                threads,
            )),
        }
    }

    /// The core on which a started or woken thread is to run or to queue.
    pub fn place(&mut self, thread: ThreadId, waking: &Waking, cores: &[CoreView], now: Time) -> CoreId {
        let last_core = waking.last_core;
        match self {
            Scheduler::Mach(mach) => mach.place(thread, last_core, cores),
            Scheduler::Cfs(cfs) => cfs.place(thread, last_core, cores),
            Scheduler::Eevdf(eevdf) => eevdf.place(thread, waking, cores, now),
            Scheduler::RoundRobin(round_robin) => round_robin.place(thread, last_core, cores),
            Scheduler::Fifo(fifo) => fifo.place(thread, last_core, cores),
            Scheduler::Windows(windows) => windows.place(thread, last_core, cores),
        }
    }

    /// The core on which a thread that had to make room on `core` is to go on: that one, unless the scheduler moves it.
    pub fn place_preempted(&self, thread: ThreadId, core: CoreId, cores: &[CoreView]) -> CoreId {
        match self {
            Scheduler::Mach(mach) => mach.place(thread, Some(core), cores),
            Scheduler::Fifo(fifo) => fifo.place(thread, Some(core), cores),
            _ => core,
        }
    }

    /// Whether it matters for what a thread has waited.
    pub fn boosts(&self) -> bool {
        matches!(self, Scheduler::Windows(_))
    }

    /// `thread` is about to be woken from a wait that boosts its priority by so much.
    pub fn wait_ended(&mut self, thread: ThreadId, boost: u8) {
        if let Scheduler::Windows(windows) = self {
            windows.wait_ended(thread, boost);
        }
    }

    /// The priority of `thread`, where it can be lent another; else 0.
    pub fn priority(&self, thread: ThreadId) -> u8 {
        match self {
            Scheduler::Fifo(fifo) => fifo.priority(thread),
            _ => 0,
        }
    }

    /// The priority that `thread` has of its own.
    pub fn own_priority(&self, thread: ThreadId) -> u8 {
        match self {
            Scheduler::Fifo(fifo) => fifo.own_priority(thread),
            _ => 0,
        }
    }

    /// From now on, this is the priority of `thread`, which does not queue.
    pub fn set_priority(&mut self, thread: ThreadId, priority: u8) {
        if let Scheduler::Fifo(fifo) = self {
            fifo.set_priority(thread, priority);
        }
    }

    /// `thread` queues no more, for now.
    pub fn leave_queue(&mut self, thread: ThreadId) {
        if let Scheduler::Fifo(fifo) = self {
            fifo.leave_queue(thread);
        }
    }

    /// Whether `running`, whose priority has fallen, must make room on `core`.
    pub fn is_outranked(&self, core: CoreId, running: ThreadId) -> bool {
        match self {
            Scheduler::Fifo(fifo) => fifo.is_outranked(core, running),
            _ => false,
        }
    }

    /// Whether `thread`, which is woken, still queues on `core` and goes on there. This comes before the running thread is
    /// charged.
    pub fn requeue(&mut self, core: CoreId, thread: ThreadId, now: Time) -> bool {
        match self {
            Scheduler::Eevdf(eevdf) => eevdf.requeue(core, thread, now),
            _ => false,
        }
    }

    /// `thread` waits for `core`.
    pub fn enqueue(&mut self, core: CoreId, thread: ThreadId, arrival: Arrival, now: Time) {
        match self {
            Scheduler::Mach(mach) => mach.enqueue(core, thread, arrival),
            Scheduler::Cfs(cfs) => cfs.enqueue(core, thread, arrival),
            Scheduler::Eevdf(eevdf) => eevdf.enqueue(core, thread, arrival, now),
            Scheduler::RoundRobin(round_robin) => round_robin.enqueue(core, thread, arrival),
            Scheduler::Fifo(fifo) => fifo.enqueue(core, thread, arrival),
            Scheduler::Windows(windows) => windows.enqueue(core, thread, arrival),
        }
    }

    /// Takes out the thread that is to run on `core` next.
    pub fn pick(&mut self, core: CoreId) -> Option<ThreadId> {
        delegate!(self, scheduler => scheduler.pick(core))
    }

    /// `thread` begins to run on `core`, from a queue or straight from its wake-up (`arrival`).
    pub fn run(&mut self, core: CoreId, thread: ThreadId, arrival: Option<Arrival>, now: Time) {
        delegate!(self, scheduler => scheduler.run(core, thread, arrival, now))
    }

    /// The running `thread` has used its core for `span`.
    pub fn charge(&mut self, core: CoreId, thread: ThreadId, span: Span) {
        delegate!(self, scheduler => scheduler.charge(core, thread, span))
    }

    /// `thread` has left `core`.
    pub fn stop(&mut self, core: CoreId, thread: ThreadId, departure: Departure, now: Time) {
        delegate!(self, scheduler => scheduler.stop(core, thread, departure, now))
    }

    /// Whether `running` must make room on `core` for `woken`, which has just joined its queue.
    pub fn preempts(&mut self, core: CoreId, running: ThreadId, woken: ThreadId, arrival: Arrival) -> bool {
        match self {
            Scheduler::Mach(mach) => mach.preempts(core, running, woken),
            Scheduler::Cfs(cfs) => cfs.preempts(core, running, woken),
            Scheduler::Eevdf(eevdf) => eevdf.preempts(core, running, woken, arrival),
            Scheduler::RoundRobin(_) => false,
            Scheduler::Fifo(fifo) => fifo.preempts(core, running, woken),
            Scheduler::Windows(windows) => windows.preempts(core, running, woken),
        }
    }

    /// When [`Scheduler::timer`] is to be called for `core`; [`Time::END`] for never.
    pub fn next_timer(&self, core: CoreId, now: Time) -> Time {
        delegate!(self, scheduler => scheduler.next_timer(core, now))
    }

    /// The timer of `core` has come: whether `running` must make room.
    pub fn timer(&mut self, core: CoreId, running: ThreadId, now: Time) -> bool {
        delegate!(self, scheduler => scheduler.timer(core, running, now))
    }

    /// The timer of `core` has come: threads may be moved here that queue elsewhere. Whether `running` must make room for one of
    /// them.
    pub fn balance(&mut self, core: CoreId, running: ThreadId, cores: &[CoreView], now: Time) -> bool {
        match self {
            Scheduler::Eevdf(eevdf) => eevdf.balance(core, running, cores, now),
            _ => false,
        }
    }

    /// After the timer of `core`: an idle core that is to take a thread out of the queue of `core`, and which.
    pub fn spread(&mut self, core: CoreId, cores: &[CoreView], now: Time) -> Option<(CoreId, ThreadId)> {
        match self {
            Scheduler::Eevdf(eevdf) => eevdf.spread(core, cores, now),
            _ => None,
        }
    }

    /// Whether the clock whose ticks end slices ticks at `now`.
    pub fn is_clock_tick(&self, now: Time) -> bool {
        self.clock().is_some_and(|clock| clock.ticks_at(now))
    }

    fn clock(&self) -> Option<&Clock> {
        match self {
            Scheduler::Cfs(cfs) => Some(cfs.clock()),
            Scheduler::Eevdf(eevdf) => Some(eevdf.clock()),
            Scheduler::Windows(windows) => Some(windows.clock()),
            Scheduler::Mach(_) | Scheduler::RoundRobin(_) | Scheduler::Fifo(_) => None,
        }
    }

    /// When the clock whose ticks end slices ticks next.
    pub fn next_clock_tick(&self, now: Time) -> Time {
        self.clock().map_or(Time::END, |clock| clock.next(now))
    }

    /// How often [`Scheduler::tick`] is to be called; `None` for never.
    pub fn tick_interval(&self) -> Option<Span> {
        match self {
            Scheduler::Mach(mach) => Some(mach.decay_interval()),
            _ => None,
        }
    }

    /// The machine-wide tick of the scheduler, with the number of threads that run or could.
    pub fn tick(&mut self, runnable: usize) {
        if let Scheduler::Mach(mach) = self {
            mach.tick(runnable);
        }
    }
}

/// The usual placement, among the cores on which the thread may run: the core where it last ran if that is idle, else
/// the first idle core, else `None`.
fn idle_core(allowed: &CoreSet, last_core: Option<CoreId>, cores: &[CoreView]) -> Option<CoreId> {
    let is_idle = |core: &CoreId| cores[*core].running.is_none();
    last_core
        .filter(is_idle)
        .or_else(|| (0..cores.len()).filter(is_idle).find(|core| allowed.contains(*core)))
}

/// From where a core without a queue of its own takes a thread: the core with the longest queue (the first of equals),
/// of those where a thread queues that may also run on `core`.
fn busiest(queues: &[Vec<ThreadId>], core: CoreId, affinity: &[CoreSet]) -> Option<CoreId> {
    let has_one = |other: &CoreId| queues[*other].iter().any(|thread| affinity[*thread].contains(core));
    (0..queues.len()).filter(has_one).max_by_key(|other| (queues[*other].len(), usize::MAX - other))
}
