//! The kernel: the only place that changes what a thread or core is doing.
//!
//! A thread on a core executes one burst after another, in user or in kernel mode. A burst in kernel mode is never cut
//! short: a thread that must make room does so when it would return to user code. A switch to a thread costs kernel
//! time before its burst, and a migration costs user time.
//!
//! The events of one instant happen in this order (see [`EventQueue`]): what comes from outside the machine, timers of
//! threads, then what cores were doing, then interrupts, then time slices, then the scheduler's tick: what is in motion
//! completes before the scheduler intervenes.

mod cores;
mod cycle;
mod inheritance;
mod operations;
mod prices;
mod sleep;
mod stack;
mod thread;

use crate::des::queue::Slot;
use crate::des::random::Purpose;
use crate::des::{EventQueue, Span, Stream, Time};
use crate::os::attributes::Attributes;
use crate::os::machine::Machine;
use crate::os::sched::{Arrival, CoreView, Scheduler};
use crate::os::sync::{DeviceId, Objects, Outcome, QueueId, Request};
use crate::os::{CoreId, ThreadId};
use crate::trace::{Mark, Observer, ThreadState};
use prices::Prices;
use stack::OperationStack;

/// Slot kinds, in the order in which events of one instant happen.
const ALARM: usize = 0;
const TIMER: usize = 1;
const CORE: usize = 2;
const INTERRUPT: usize = 3;
const SLICE: usize = 4;
const HOST: usize = 5;
const TICK: usize = 6;

/// The last instant that a run can reach (213 days). What would happen later stands one picosecond after it, so that a
/// run that comes so far is cut off.
pub const LAST_INSTANT: Time = Time::from_picos(u64::MAX - 2);

/// In which mode a burst executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mode {
    User,
    Kernel,
}

/// What a core's event is the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Piece {
    /// Nothing: its thread has its turn at once.
    Nothing,
    /// Something else: what the thread executes stands still.
    Interruption,
    /// The core lets the thread go that has fallen asleep, on the account of that.
    LetGo,
    Switch,
    Migration,
    Burst,
}

/// Where a thread is: in exactly one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    NotStarted,
    /// Its core is waking up.
    Arriving(CoreId),
    Running(CoreId),
    Queued,
    Blocked,
    Done,
}

/// How far a thread has come with falling asleep, or with waking up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Nap {
    /// It is awake, or asleep.
    None,
    /// It queues, and sets its timer. Who wakes it now keeps it from sleeping.
    SetsTimer,
    /// It has been woken before its timer, which would have come at this time to this core, and takes that back.
    CancelsTimer(Time, Option<CoreId>),
}

/// What a thread has used and suffered, as `getrusage` would tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time in each state, indexed by [`ThreadState::index`].
    pub state_times: [Span; ThreadState::COUNT],
    /// Time on a core in user mode.
    pub user: Span,
    /// Time on a core in kernel mode.
    pub system: Span,
    /// How often it left its core because it blocked.
    pub voluntary_switches: u64,
    /// How often it was taken off its core for another thread.
    pub involuntary_switches: u64,
    /// How often it entered the kernel.
    pub system_calls: u64,
    /// How often it started on another core than it last ran on.
    pub migrations: u64,
}

#[derive(Clone, Debug)]
struct Thread {
    place: Place,
    /// Why it came to the core on which it arrives.
    arrival: Arrival,
    last_core: Option<CoreId>,
    mode: Mode,
    /// What is left of interruptions, during which everything else stands still.
    interruption_left: Span,
    /// What is left of the time until its core has let the thread before go, and which that is.
    let_go_left: Span,
    let_go_of: ThreadId,
    /// What is left of the kernel time of the switch to it, of the user time of its migration, and of its burst.
    switch_left: Span,
    migration_left: Span,
    burst_left: Span,
    /// While it runs: it must make room when it would return to user code.
    must_reschedule: bool,
    /// Until when its time on the core has been accounted for.
    settled: Time,
    /// Use of its core that the scheduler has not been charged with yet.
    uncharged: Span,
    operations: OperationStack,
    queue: Option<QueueId>,
    nap: Nap,
    timed_out: bool,
    /// When its timed sleep should end.
    due: Time,
    /// The device that works for it.
    served_by: Option<DeviceId>,
    user_state: ThreadState,
    blocked_state: ThreadState,
    state: ThreadState,
    state_since: Time,
    usage: Usage,
}

#[derive(Clone, Copy, Debug)]
struct Core {
    idle_since: Time,
    busy_since: Time,
    busy: Span,
    /// How long it takes to let the thread go that has just fallen asleep.
    letting_go: Span,
    piece: Piece,
    /// An interrupt is on its way, at which the running thread must make room.
    interrupt_pending: bool,
}

/// How far [`Kernel::proceed`] has come with a thread's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It takes time: the thread executes, queues or sleeps, and its turn will come.
    Pending,
    /// The thread was woken for something that another has taken; call again.
    InVain,
    /// It has ended.
    Ended(Outcome),
}

/// What [`Kernel::next`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The thread has nothing left to execute and waits for its next step.
    Turn(ThreadId),
    /// The alarm of this user outside the machine has come.
    Alarm(usize),
    /// Something happened that concerns the kernel alone.
    Internal,
    /// Nothing can happen any more.
    Nothing,
}

/// Cores, threads and kernel objects, and the event queue that moves them.
#[derive(Debug)]
pub struct Kernel<O> {
    now: Time,
    events: EventQueue,
    event_count: u64,
    /// How long the cycles lasted that were skipped.
    skipped: Span,
    /// Until when the clock may run ahead of the event queue ([`Kernel::may_run_ahead`]).
    runs_ahead_until: Time,
    threads: Vec<Thread>,
    cores: Vec<Core>,
    views: Vec<CoreView>,
    scheduler: Scheduler,
    objects: Objects,
    prices: Prices,
    observer: O,
}

impl<O: Observer> Kernel<O> {
    /// A machine at rest, with users outside it and a thread for each entry of `attributes`. Threads are started by
    /// [`Kernel::start`].
    pub fn new(
        machine: &Machine,
        attributes: &[Attributes],
        users: usize,
        seed: u64,
        observer: O,
    ) -> Kernel<O> {
        let threads = attributes.len();
        let thread = Thread {
            place: Place::NotStarted,
            arrival: Arrival::Started,
            last_core: None,
            mode: Mode::User,
            interruption_left: Span::ZERO,
            let_go_left: Span::ZERO,
            let_go_of: 0,
            switch_left: Span::ZERO,
            migration_left: Span::ZERO,
            burst_left: Span::ZERO,
            must_reschedule: false,
            settled: Time::ZERO,
            uncharged: Span::ZERO,
            operations: OperationStack::new(),
            queue: None,
            nap: Nap::None,
            timed_out: false,
            due: Time::ZERO,
            served_by: None,
            user_state: ThreadState::RunsWithoutGil,
            blocked_state: ThreadState::BlockedOnLock,
            state: ThreadState::NotStarted,
            state_since: Time::ZERO,
            usage: Usage::default(),
        };
        let core = Core {
            idle_since: Time::ZERO,
            busy_since: Time::ZERO,
            busy: Span::ZERO,
            letting_go: Span::ZERO,
            piece: Piece::Nothing,
            interrupt_pending: false,
        };
        let first_tick = machine.first_tick.sample(&mut Stream::new(seed, Purpose::FirstTick, 0));
        let scheduler = Scheduler::new(machine.scheduler, first_tick, machine.cores, attributes);
        let cores = machine.cores;
        let prices = Prices::new(machine, seed);
        let interrupted = if prices.interruption.is_some() { cores } else { 0 };
        let ticks = usize::from(scheduler.tick_interval().is_some());
        let mut events = EventQueue::new(&[users, threads, cores, cores, cores, interrupted, ticks]);
        if let Some(interval) = scheduler.tick_interval() {
            events.set(Slot { kind: TICK, owner: 0 }, Time::ZERO + interval);
        }
        Kernel {
            now: Time::ZERO,
            events,
            event_count: 0,
            skipped: Span::ZERO,
            runs_ahead_until: Time::ZERO,
            threads: vec![thread; threads],
            cores: vec![core; machine.cores],
            views: vec![CoreView { running: None }; machine.cores],
            scheduler,
            objects: Objects::new(machine.platform, threads),
            prices,
            observer,
        }
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many events have happened.
    pub fn event_count(&self) -> u64 {
        self.event_count
    }

    /// Lets the clock run ahead of the event queue up to `until`, but no farther: a burst that ends before anything else
    /// can happen is over at once, and its thread stays on its turn.
    ///
    /// This is a shortcut, and exact. An instant that has come forbids it.
    pub fn may_run_ahead(&mut self, until: Time) {
        self.runs_ahead_until = until;
    }

    /// The kernel objects, for policies that make their own.
    pub fn objects(&mut self) -> &mut Objects {
        &mut self.objects
    }

    /// What `thread` has used so far; complete for a thread that is not running.
    pub fn usage(&self, thread: ThreadId) -> &Usage {
        &self.threads[thread].usage
    }

    /// For how long `core` has run threads, complete after [`Kernel::close`].
    pub fn core_busy(&self, core: CoreId) -> Span {
        self.cores[core].busy
    }

    /// Starts `thread` at `time`, now or later.
    pub fn start(&mut self, thread: ThreadId, time: Time) {
        if time > self.now {
            self.events.set(Slot { kind: TIMER, owner: thread }, time);
        } else {
            self.make_runnable(thread, Arrival::Started, None);
        }
    }

    /// `thread` has ended; it must be on its turn.
    pub fn finish(&mut self, thread: ThreadId) {
        self.leave_core(thread, Place::Done, ThreadState::Done);
    }

    /// Which states `thread` is in while it executes user code, and while it is blocked.
    pub fn set_states(&mut self, thread: ThreadId, user: ThreadState, blocked: ThreadState) {
        self.threads[thread].user_state = user;
        self.threads[thread].blocked_state = blocked;
    }

    /// Tells the observer of a moment.
    pub fn mark(&mut self, thread: ThreadId, mark: Mark) {
        self.observer.mark(self.now, thread, mark);
    }

    /// The core on which `thread` runs, or ran last.
    pub fn core_of(&self, thread: ThreadId) -> Option<CoreId> {
        self.threads[thread].last_core
    }

    /// How long it takes until the memory of so many instructions has come over from another core.
    pub fn moved_instructions(&mut self, instructions: u64) -> Span {
        self.prices.moved_instruction.draw() * instructions
    }

    /// Whether `thread` sleeps.
    pub fn is_blocked(&self, thread: ThreadId) -> bool {
        self.threads[thread].place == Place::Blocked
    }

    /// What `thread` has asked for, and since when it sleeps for it, if it does and no timer will wake it.
    pub fn sleeps_without_timer(&self, thread: ThreadId) -> Option<(Request, Time)> {
        let state = &self.threads[thread];
        let is_timed = self.events.time_of(Slot { kind: TIMER, owner: thread }) != Time::END;
        (state.place == Place::Blocked && !is_timed)
            .then_some((state.operations.request()?, state.state_since))
    }

    /// Ends the run at `end`: accounts for what everybody has been doing until then, and gives the observer back.
    pub fn close(mut self, end: Time) -> (Kernel<()>, O) {
        self.now = end;
        for core in 0..self.cores.len() {
            if let Some(thread) = self.views[core].running {
                self.settle(thread);
                self.core_goes_idle(core);
            }
        }
        for thread in 0..self.threads.len() {
            self.threads[thread].account_state(end);
        }
        let kernel = Kernel {
            now: self.now,
            events: self.events,
            event_count: self.event_count,
            skipped: self.skipped,
            runs_ahead_until: self.runs_ahead_until,
            threads: self.threads,
            cores: self.cores,
            views: self.views,
            scheduler: self.scheduler,
            objects: self.objects,
            prices: self.prices,
            observer: (),
        };
        (kernel, self.observer)
    }

    /// Lets the next event happen, unless it lies after `limit`.
    pub fn next(&mut self, limit: Time) -> Happening {
        let Some((time, slot)) = self.events.pop() else { return Happening::Nothing };
        // The tick of a scheduler that has nothing to schedule any more keeps no run going.
        if slot.kind == TICK && !self.anything_awaits() {
            return Happening::Nothing;
        }
        if time > limit {
            self.now = limit;
            return Happening::Nothing;
        }
        self.now = time;
        self.event_count += 1;
        let goes_on = match slot.kind {
            CORE => self.core_is_ready(slot.owner),
            SLICE => self.slice_ended(slot.owner),
            HOST => self.host_interrupts(slot.owner, limit),
            ALARM => return Happening::Alarm(slot.owner),
            TIMER => {
                self.timer_fired(slot.owner);
                None
            }
            INTERRUPT => {
                self.interrupted(slot.owner);
                None
            }
            _ => {
                self.scheduler_tick();
                None
            }
        };
        match goes_on {
            Some(thread) => self.go_on(slot.owner, thread),
            None => Happening::Internal,
        }
    }

    /// Sets an owner's event to happen after `span`.
    fn schedule(&mut self, kind: usize, owner: usize, span: Span) {
        self.schedule_at(kind, owner, self.now + span);
    }

    /// Sets an owner's event to happen at `time`.
    fn schedule_at(&mut self, kind: usize, owner: usize, time: Time) {
        let never_reached = LAST_INSTANT + Span::from_picos(1);
        self.events.set(Slot { kind, owner }, time.min(never_reached));
    }

    fn show_running_state(&mut self, thread: ThreadId) {
        self.show_state(thread, self.threads[thread].running_state());
    }

    fn show_state(&mut self, thread: ThreadId, shown: ThreadState) {
        self.threads[thread].show(shown, self.now, |shown| {
            self.observer.thread_state(self.now, thread, shown);
        });
    }
}
