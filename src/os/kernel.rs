//! The kernel: the only place that changes what a thread or core is doing.
//!
//! A thread on a core executes one burst after another, in user or in kernel mode. A burst in kernel mode is never cut
//! short: a thread that must make room does so when it would return to user code. A switch to a thread costs kernel
//! time before its burst, and a migration costs user time.
//!
//! The events of one instant happen in this order (see [`EventQueue`]): timers of threads, then what cores were
//! doing, then time slices, then the scheduler's tick: what is in motion completes before the scheduler intervenes.

use crate::des::queue::Slot;
use crate::des::random::Purpose;
use crate::des::{Distribution, EventQueue, Span, Stream, Time};
use crate::os::machine::Machine;
use crate::os::sched::{Arrival, CoreView, Scheduler};
use crate::os::sync::{Next, Objects, Operation, Outcome, Phase, QueueId, Request, Timeout};
use crate::os::{CoreId, ThreadId};
use crate::trace::{Mark, Observer, ThreadState};

/// Slot kinds, in the order in which events of one instant happen.
const TIMER: usize = 0;
const CORE: usize = 1;
const SLICE: usize = 2;
const TICK: usize = 3;

/// The last instant that a run can reach (213 days). What would happen later stands one picosecond after it, so that a
/// run that comes so far is cut off.
pub const LAST_INSTANT: Time = Time::from_picos(u64::MAX - 2);

/// In which mode a burst executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    User,
    Kernel,
}

/// Where a thread is: in exactly one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    NotStarted,
    /// Its core is waking up.
    Arriving(CoreId),
    Running(CoreId),
    Queued,
    Blocked,
    Done,
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
    /// What is left of the kernel time of the switch to it, of the user time of its migration, and of its burst.
    switch_left: Span,
    migration_left: Span,
    burst_left: Span,
    /// Until when its time on the core has been accounted for.
    settled: Time,
    operations: Vec<Operation>,
    queue: Option<QueueId>,
    timed_out: bool,
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
    /// The running thread must make room when it would return to user code.
    must_reschedule: bool,
}

/// A cost and the stream it is drawn from.
#[derive(Clone, Debug)]
struct Price {
    distribution: Distribution,
    stream: Stream,
}

impl Price {
    fn new(distribution: &Distribution, seed: u64, purpose: Purpose, index: u64) -> Price {
        Price { distribution: distribution.clone(), stream: Stream::new(seed, purpose, index) }
    }

    fn draw(&mut self) -> Span {
        self.distribution.sample(&mut self.stream)
    }
}

#[derive(Clone, Debug)]
struct Prices {
    context_switch: Price,
    system_call: Price,
    wake_sleeper: Price,
    wake_no_sleeper: Price,
    wake_latency_idle: Price,
    wake_latency_deep: Price,
    deep_idle_after: Span,
    timer_lateness: Price,
    lock_operation: Price,
    atomic_operation: Price,
    migration: Price,
}

impl Prices {
    fn new(machine: &Machine, seed: u64) -> Prices {
        let costs = &machine.costs;
        Prices {
            context_switch: Price::new(&costs.context_switch, seed, Purpose::ContextSwitch, 0),
            system_call: Price::new(&costs.system_call, seed, Purpose::SystemCall, 0),
            wake_sleeper: Price::new(&costs.wake_sleeper, seed, Purpose::WakeCall, 0),
            wake_no_sleeper: Price::new(&costs.wake_no_sleeper, seed, Purpose::WakeCall, 1),
            wake_latency_idle: Price::new(&costs.wake_latency_idle, seed, Purpose::WakeLatency, 0),
            wake_latency_deep: Price::new(&costs.wake_latency_deep, seed, Purpose::WakeLatency, 1),
            deep_idle_after: costs.deep_idle_after,
            timer_lateness: Price::new(&costs.timer_lateness, seed, Purpose::TimerLateness, 0),
            lock_operation: Price::new(&costs.lock_operation, seed, Purpose::LockOperation, 0),
            atomic_operation: Price::new(&costs.atomic_operation, seed, Purpose::AtomicOperation, 0),
            migration: Price::new(&costs.migration, seed, Purpose::Migration, 0),
        }
    }
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
    threads: Vec<Thread>,
    cores: Vec<Core>,
    views: Vec<CoreView>,
    scheduler: Scheduler,
    objects: Objects,
    prices: Prices,
    observer: O,
}

impl<O: Observer> Kernel<O> {
    /// A machine at rest: threads are started by [`Kernel::start`].
    pub fn new(machine: &Machine, threads: usize, seed: u64, observer: O) -> Kernel<O> {
        let thread = Thread {
            place: Place::NotStarted,
            arrival: Arrival::Started,
            last_core: None,
            mode: Mode::User,
            switch_left: Span::ZERO,
            migration_left: Span::ZERO,
            burst_left: Span::ZERO,
            settled: Time::ZERO,
            operations: Vec::with_capacity(2),
            queue: None,
            timed_out: false,
            user_state: ThreadState::RunsWithoutGil,
            blocked_state: ThreadState::BlockedOnLock,
            state: ThreadState::NotStarted,
            state_since: Time::ZERO,
            usage: Usage::default(),
        };
        let core =
            Core { idle_since: Time::ZERO, busy_since: Time::ZERO, busy: Span::ZERO, must_reschedule: false };
        let scheduler = Scheduler::new(machine.scheduler, machine.cores, threads);
        let mut events = EventQueue::new(&[threads, machine.cores, machine.cores, 1]);
        if let Some(interval) = scheduler.tick_interval() {
            events.set(Slot { kind: TICK, owner: 0 }, Time::ZERO + interval);
        }
        Kernel {
            now: Time::ZERO,
            events,
            event_count: 0,
            threads: vec![thread; threads],
            cores: vec![core; machine.cores],
            views: vec![CoreView { running: None }; machine.cores],
            scheduler,
            objects: Objects::new(machine.platform, threads),
            prices: Prices::new(machine, seed),
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
            self.make_runnable(thread, Arrival::Started);
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

    /// Whether `thread` sleeps.
    pub fn is_blocked(&self, thread: ThreadId) -> bool {
        self.threads[thread].place == Place::Blocked
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
            self.account_state(thread);
        }
        let kernel = Kernel {
            now: self.now,
            events: self.events,
            event_count: self.event_count,
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
        if time > limit {
            self.now = limit;
            return Happening::Nothing;
        }
        self.now = time;
        self.event_count += 1;
        match slot.kind {
            TIMER => self.timer_fired(slot.owner),
            CORE => return self.core_is_ready(slot.owner),
            SLICE => self.slice_ended(slot.owner),
            _ => self.scheduler_tick(),
        }
        Happening::Internal
    }

    /// `thread`, on its turn, asks something of the kernel; [`Kernel::proceed`] carries it out.
    pub fn begin(&mut self, thread: ThreadId, request: Request) {
        self.threads[thread].operations.push(Operation { request, phase: Phase::Begin });
    }

    /// Carries out `thread`'s operation as far as it goes without time passing.
    pub fn proceed(&mut self, thread: ThreadId) -> Progress {
        while let Some(operation) = self.threads[thread].operations.last().copied() {
            let timed_out = self.threads[thread].timed_out;
            let pending = match self.objects.step(thread, operation, timed_out) {
                Next::LockOperation(then) => {
                    self.set_phase(thread, then);
                    let cost = self.prices.lock_operation.draw();
                    self.execute(thread, Mode::User, cost)
                }
                Next::Atomic(then) => {
                    self.set_phase(thread, then);
                    let cost = self.prices.atomic_operation.draw();
                    self.execute(thread, Mode::User, cost)
                }
                Next::SystemCall(then) => {
                    self.set_phase(thread, then);
                    self.threads[thread].usage.system_calls += 1;
                    let cost = self.prices.system_call.draw();
                    self.execute(thread, Mode::Kernel, cost)
                }
                Next::Waking(woken, then) => {
                    self.set_phase(thread, then);
                    let cost = self.wake_for(woken);
                    self.execute(thread, Mode::Kernel, cost)
                }
                Next::Sleep { queue, timeout, woken, then } => {
                    self.set_phase(thread, then);
                    self.fall_asleep(thread, queue, timeout, woken);
                    true
                }
                Next::InVain(then) => {
                    self.set_phase(thread, then);
                    return Progress::InVain;
                }
                Next::Inner(request, then) => {
                    self.set_phase(thread, then);
                    self.begin(thread, request);
                    false
                }
                Next::Go(then) => {
                    self.set_phase(thread, then);
                    false
                }
                Next::Done(outcome) => {
                    self.threads[thread].operations.pop();
                    if self.threads[thread].operations.is_empty() {
                        return Progress::Ended(outcome);
                    }
                    false
                }
            };
            if pending {
                return Progress::Pending;
            }
        }
        Progress::Ended(Outcome::Done)
    }

    /// `thread`, on its turn, executes user code for `span`. Returns whether that takes time (or the thread has to
    /// make room first); if not, it is still on its turn.
    pub fn execute_user(&mut self, thread: ThreadId, span: Span) -> bool {
        self.execute(thread, Mode::User, span)
    }

    /// What is left of `thread`'s burst at this instant.
    pub fn burst_left(&mut self, thread: ThreadId) -> Span {
        if matches!(self.threads[thread].place, Place::Running(_)) {
            self.settle(thread);
        }
        self.threads[thread].burst_left
    }

    /// Cuts `thread`'s burst of user code: `left` is left of it from this instant on.
    pub fn cut_burst(&mut self, thread: ThreadId, left: Span) {
        self.threads[thread].burst_left = left;
        if let Place::Running(core) = self.threads[thread].place {
            self.schedule_piece(core, thread);
        }
    }

    /// Sets an owner's event to happen after `span`.
    fn schedule(&mut self, kind: usize, owner: usize, span: Span) {
        let never_reached = LAST_INSTANT + Span::from_picos(1);
        self.events.set(Slot { kind, owner }, (self.now + span).min(never_reached));
    }

    fn set_phase(&mut self, thread: ThreadId, phase: Phase) {
        if let Some(operation) = self.threads[thread].operations.last_mut() {
            operation.phase = phase;
        }
    }

    /// Begins a burst; whether it takes time, or the thread had to make room.
    fn execute(&mut self, thread: ThreadId, mode: Mode, span: Span) -> bool {
        let Place::Running(core) = self.threads[thread].place else { return true };
        self.threads[thread].mode = mode;
        self.threads[thread].burst_left = span;
        if mode == Mode::User && self.cores[core].must_reschedule {
            self.make_room(core, thread);
            return true;
        }
        if span.is_zero() {
            return false;
        }
        self.schedule_piece(core, thread);
        true
    }

    /// Sets the event at which what `thread` executes first, its switch, its migration or its burst, is over.
    fn schedule_piece(&mut self, core: CoreId, thread: ThreadId) {
        let state = &mut self.threads[thread];
        state.settled = self.now;
        let piece = if !state.switch_left.is_zero() {
            state.switch_left
        } else if !state.migration_left.is_zero() {
            state.migration_left
        } else {
            state.burst_left
        };
        self.schedule(CORE, core, piece);
        if !piece.is_zero() {
            self.show_running_state(thread);
        }
    }

    fn show_running_state(&mut self, thread: ThreadId) {
        let state = &self.threads[thread];
        let in_kernel = !state.switch_left.is_zero()
            || (state.migration_left.is_zero()
                && state.mode == Mode::Kernel
                && state.user_state != ThreadState::FailedAcquisition);
        let shown = if in_kernel { ThreadState::InKernel } else { state.user_state };
        self.show_state(thread, shown);
    }

    fn show_state(&mut self, thread: ThreadId, shown: ThreadState) {
        if self.threads[thread].state != shown {
            self.account_state(thread);
            self.threads[thread].state = shown;
            self.observer.thread_state(self.now, thread, shown);
        }
    }

    fn account_state(&mut self, thread: ThreadId) {
        let thread = &mut self.threads[thread];
        thread.usage.state_times[thread.state.index()] += self.now.since(thread.state_since);
        thread.state_since = self.now;
    }

    /// Accounts for what the running `thread` has executed since it was last settled.
    fn settle(&mut self, thread: ThreadId) {
        let Place::Running(core) = self.threads[thread].place else { return };
        let state = &mut self.threads[thread];
        let used = self.now.since(state.settled);
        state.settled = self.now;
        if used.is_zero() {
            return;
        }
        let kernel_mode = if !state.switch_left.is_zero() {
            state.switch_left -= used;
            true
        } else if !state.migration_left.is_zero() {
            state.migration_left -= used;
            false
        } else {
            state.burst_left -= used;
            state.mode == Mode::Kernel
        };
        if kernel_mode {
            state.usage.system += used;
        } else {
            state.usage.user += used;
        }
        self.scheduler.charge(core, thread, used);
    }

    /// A core's event: a thread arrives on it, or what its thread executed is over.
    fn core_is_ready(&mut self, core: CoreId) -> Happening {
        let Some(thread) = self.views[core].running else { return Happening::Internal };
        if self.threads[thread].place == Place::Arriving(core) {
            let arrival = self.threads[thread].arrival;
            self.run_on(core, thread, Some(arrival));
        } else {
            self.settle(thread);
        }
        let state = &self.threads[thread];
        if (state.switch_left + state.migration_left + state.burst_left).is_zero() {
            return Happening::Turn(thread);
        }
        if self.cores[core].must_reschedule && self.is_in_user_code(thread) {
            self.make_room(core, thread);
        } else {
            self.schedule_piece(core, thread);
        }
        Happening::Internal
    }

    /// Whether what a running thread executes, or is about to, is user code.
    fn is_in_user_code(&self, thread: ThreadId) -> bool {
        let state = &self.threads[thread];
        state.switch_left.is_zero() && (state.mode == Mode::User || !state.migration_left.is_zero())
    }

    /// `thread` begins to run on `core`.
    fn run_on(&mut self, core: CoreId, thread: ThreadId, arrival: Option<Arrival>) {
        let migrates = self.threads[thread].last_core.is_some_and(|last| last != core);
        let migration = if migrates { self.prices.migration.draw() } else { Span::ZERO };
        let state = &mut self.threads[thread];
        state.place = Place::Running(core);
        state.last_core = Some(core);
        state.settled = self.now;
        state.migration_left += migration;
        state.usage.migrations += u64::from(migrates);
        self.views[core].running = Some(thread);
        self.cores[core].busy_since = self.now;
        self.cores[core].must_reschedule = false;
        self.observer.core_runs(self.now, core, Some(thread));
        self.scheduler.run(core, thread, arrival, self.now);
        self.arm_slice(core);
    }

    fn core_goes_idle(&mut self, core: CoreId) {
        if let Some(thread) = self.views[core].running.take() {
            if self.threads[thread].place == Place::Arriving(core) {
                return;
            }
            let busy_since = self.cores[core].busy_since;
            self.cores[core].busy += self.now.since(busy_since);
            self.cores[core].idle_since = self.now;
            self.observer.core_runs(self.now, core, None);
        }
    }

    /// The `core`, which `previous` has just left, goes to the next thread, or idles.
    fn pick_next(&mut self, core: CoreId, previous: ThreadId) {
        self.cores[core].must_reschedule = false;
        self.events.cancel(Slot { kind: CORE, owner: core });
        let Some(thread) = self.scheduler.pick(core) else {
            self.core_goes_idle(core);
            self.events.cancel(Slot { kind: SLICE, owner: core });
            return;
        };
        self.switch_from(core, previous, thread);
    }

    fn switch_from(&mut self, core: CoreId, previous: ThreadId, thread: ThreadId) {
        let busy_since = self.cores[core].busy_since;
        self.cores[core].busy += self.now.since(busy_since);
        if thread != previous {
            self.threads[thread].switch_left += self.prices.context_switch.draw();
        }
        self.run_on(core, thread, None);
        self.schedule_piece(core, thread);
    }

    /// The running `thread` makes room: it is put back into a run queue, and the core goes to whoever is next, perhaps
    /// itself. A scheduler may also send it to an idle core, if another thread is there to take its place.
    fn make_room(&mut self, core: CoreId, thread: ThreadId) {
        self.settle(thread);
        self.scheduler.stop(core, thread, true, self.now);
        self.threads[thread].place = Place::Queued;
        let elsewhere = self.scheduler.place_preempted(thread, core, &self.views);
        if elsewhere != core
            && let Some(next) = self.scheduler.pick(core)
        {
            self.threads[thread].usage.involuntary_switches += 1;
            self.switch_from(core, thread, next);
            self.make_runnable(thread, Arrival::Preempted);
            return;
        }
        self.scheduler.enqueue(core, thread, Arrival::Preempted);
        let next = self.scheduler.pick(core).unwrap_or(thread);
        if next != thread {
            self.threads[thread].usage.involuntary_switches += 1;
            self.show_state(thread, ThreadState::Runnable);
        }
        self.switch_from(core, thread, next);
    }

    /// `thread`, on its turn, leaves its core for a place where it does not compete for one.
    fn leave_core(&mut self, thread: ThreadId, place: Place, state: ThreadState) {
        let Place::Running(core) = self.threads[thread].place else { return };
        self.settle(thread);
        self.scheduler.stop(core, thread, false, self.now);
        self.threads[thread].place = place;
        self.show_state(thread, state);
        self.pick_next(core, thread);
    }

    fn fall_asleep(
        &mut self,
        thread: ThreadId,
        queue: Option<QueueId>,
        timeout: Option<Timeout>,
        woken: Option<ThreadId>,
    ) {
        self.threads[thread].queue = queue;
        self.threads[thread].timed_out = false;
        self.threads[thread].usage.voluntary_switches += 1;
        if let Some(queue) = queue {
            self.objects.queues.push(queue, thread);
        }
        let span = match timeout {
            Some(Timeout::Timer(span)) => Some(span + self.prices.timer_lateness.draw()),
            Some(Timeout::Device(span)) => Some(span),
            None => None,
        };
        if let Some(span) = span {
            self.schedule(TIMER, thread, span);
        }
        if let Some(woken) = woken {
            self.wake(woken);
        }
        let blocked_state = self.threads[thread].blocked_state;
        self.leave_core(thread, Place::Blocked, blocked_state);
    }

    /// Wakes a sleeper, if there is one; what the call costs beyond the system call.
    fn wake_for(&mut self, woken: Option<ThreadId>) -> Span {
        match woken {
            Some(thread) => {
                self.wake(thread);
                self.prices.wake_sleeper.draw()
            }
            None => self.prices.wake_no_sleeper.draw(),
        }
    }

    /// Wakes `thread`, which its queue has let go.
    fn wake(&mut self, thread: ThreadId) {
        self.events.cancel(Slot { kind: TIMER, owner: thread });
        self.threads[thread].queue = None;
        self.make_runnable(thread, Arrival::Woken);
    }

    fn timer_fired(&mut self, thread: ThreadId) {
        if self.threads[thread].place == Place::NotStarted {
            self.make_runnable(thread, Arrival::Started);
            return;
        }
        if let Some(queue) = self.threads[thread].queue.take() {
            self.objects.queues.remove(queue, thread);
        }
        self.threads[thread].timed_out = true;
        self.make_runnable(thread, Arrival::Woken);
    }

    /// `thread` can run: on an idle core after its wake-up latency, or in a queue.
    fn make_runnable(&mut self, thread: ThreadId, arrival: Arrival) {
        let core = self.scheduler.place(thread, self.threads[thread].last_core, &self.views);
        self.show_state(thread, ThreadState::Runnable);
        match self.views[core].running {
            None => {
                self.threads[thread].arrival = arrival;
                self.arrive(core, thread);
            }
            Some(running) => self.join_queue(core, thread, running, arrival),
        }
    }

    fn arrive(&mut self, core: CoreId, thread: ThreadId) {
        self.threads[thread].place = Place::Arriving(core);
        self.views[core].running = Some(thread);
        // What exists when the run begins has been running before.
        let latency = if self.now == Time::ZERO {
            Span::ZERO
        } else if self.now.since(self.cores[core].idle_since) < self.prices.deep_idle_after {
            self.prices.wake_latency_idle.draw()
        } else {
            self.prices.wake_latency_deep.draw()
        };
        self.schedule(CORE, core, latency);
    }

    fn join_queue(&mut self, core: CoreId, thread: ThreadId, running: ThreadId, arrival: Arrival) {
        self.settle(running);
        self.threads[thread].place = Place::Queued;
        self.scheduler.enqueue(core, thread, arrival);
        let on_core = self.threads[running].place == Place::Running(core);
        if on_core {
            if self.scheduler.preempts(core, running, thread) {
                self.reschedule(core, running);
            } else {
                self.arm_slice(core);
            }
        }
    }

    /// The running thread must make room: at once if it executes user code, else when it would return to it.
    fn reschedule(&mut self, core: CoreId, running: ThreadId) {
        self.cores[core].must_reschedule = true;
        let state = &self.threads[running];
        let executes = self.events.time_of(Slot { kind: CORE, owner: core }) != Time::END;
        let user_code =
            state.switch_left.is_zero() && (state.mode == Mode::User || !state.migration_left.is_zero());
        if executes && user_code {
            self.make_room(core, running);
        }
    }

    fn slice_ended(&mut self, core: CoreId) {
        let Some(running) = self.views[core].running else { return };
        if self.threads[running].place != Place::Running(core) {
            return;
        }
        self.settle(running);
        let must_yield = self.scheduler.timer(core, running, self.now);
        self.arm_slice(core);
        if must_yield {
            self.reschedule(core, running);
        }
    }

    fn arm_slice(&mut self, core: CoreId) {
        let time = self.scheduler.next_timer(core, self.now);
        self.events.set(Slot { kind: SLICE, owner: core }, time);
    }

    /// The scheduler's machine-wide tick. It comes for as long as anything else can.
    fn scheduler_tick(&mut self) {
        let can_run =
            |thread: &&Thread| matches!(thread.place, Place::Arriving(_) | Place::Running(_) | Place::Queued);
        let runnable = self.threads.iter().filter(can_run).count();
        self.scheduler.tick(runnable);
        let timers = (0..self.threads.len())
            .any(|thread| self.events.time_of(Slot { kind: TIMER, owner: thread }) != Time::END);
        if let Some(interval) = self.scheduler.tick_interval().filter(|_| runnable > 0 || timers) {
            self.schedule(TICK, 0, interval);
        }
    }
}
