//! What cores do: executing pieces of bursts, switching, making room, and the ends of time slices.

use super::{
    ALARM, CORE, HOST, Happening, INTERRUPT, Kernel, Mode, Piece, Place, SLICE, TICK, TIMER, Thread,
};
use crate::des::queue::Slot;
use crate::des::{Span, Time};
use crate::os::sched::{Arrival, Departure};
use crate::os::{CoreId, ThreadId};
use crate::trace::{Observer, ThreadState};

impl<O: Observer> Kernel<O> {
    /// Sets the event at which what `thread` executes first, its switch, its migration or its burst, is over.
    pub(super) fn schedule_piece(&mut self, core: CoreId, thread: ThreadId) {
        let (piece, length) = self.threads[thread].first_piece();
        self.schedule_this(core, thread, piece, length);
    }

    /// Sets the event at which this piece, which `thread` executes first, is over.
    pub(super) fn schedule_this(&mut self, core: CoreId, thread: ThreadId, piece: Piece, length: Span) {
        self.threads[thread].settled = self.now;
        self.cores[core].piece = piece;
        self.schedule(CORE, core, length);
        if piece != Piece::Nothing {
            self.show_running_state(thread);
        }
    }

    /// Accounts for what the running `thread` has executed since it was last settled.
    pub(super) fn settle(&mut self, thread: ThreadId) {
        let state = &mut self.threads[thread];
        if !matches!(state.place, Place::Running(_)) {
            return;
        }
        let used = self.now.since(state.settled);
        state.settled = self.now;
        if used.is_zero() {
            return;
        }
        if state.has_nothing_before() {
            state.burst_left -= used;
            state.account(state.mode, used);
            return;
        }
        if state.interruption_left.is_zero() && !state.let_go_left.is_zero() {
            state.let_go_left -= used;
            let asleep = state.let_go_of;
            self.threads[asleep].usage.system += used;
            return;
        }
        let (left, mode) = if !state.let_go_left.is_zero() {
            (&mut state.let_go_left, Mode::Kernel)
        } else if !state.switch_left.is_zero() {
            (&mut state.switch_left, Mode::Kernel)
        } else if !state.migration_left.is_zero() {
            (&mut state.migration_left, Mode::User)
        } else {
            (&mut state.burst_left, state.mode)
        };
        // An interruption counts as what it interrupts.
        let left = if state.interruption_left.is_zero() { left } else { &mut state.interruption_left };
        *left -= used;
        state.account(mode, used);
    }

    /// Charges the scheduler, which is about to decide something about `core`, with what `thread` has used of it.
    pub(super) fn charge(&mut self, core: CoreId, thread: ThreadId) {
        self.settle(thread);
        let used = std::mem::take(&mut self.threads[thread].uncharged);
        if !used.is_zero() {
            self.scheduler.charge(core, thread, used);
        }
    }

    /// A core's event: a thread arrives on it, or what its thread executed is over. Returns the thread, which
    /// [goes on](Kernel::go_on).
    pub(super) fn core_is_ready(&mut self, core: CoreId) -> Option<ThreadId> {
        let thread = self.views[core].running?;
        if self.threads[thread].place == Place::Arriving(core) {
            let arrival = self.threads[thread].arrival;
            self.run_on(core, thread, Some(arrival));
        } else {
            self.settle(thread);
        }
        Some(thread)
    }

    /// The running `thread` executes what is left for it, as far as it can at once.
    pub(super) fn go_on(&mut self, core: CoreId, thread: ThreadId) -> Happening {
        loop {
            let (piece, length) = self.threads[thread].first_piece();
            if piece == Piece::Nothing {
                return Happening::Turn(thread);
            }
            if self.threads[thread].must_reschedule && self.is_in_user_code(thread) {
                self.make_room(core, thread);
                return Happening::Internal;
            }
            if !self.piece_runs_ahead(thread, length) {
                self.schedule_this(core, thread, piece, length);
                return Happening::Internal;
            }
        }
    }

    /// Executes at once what the running `thread` executes first, for so long, if that is over before anything else can
    /// happen; whether it was.
    fn piece_runs_ahead(&mut self, thread: ThreadId, length: Span) -> bool {
        let end = self.now + length;
        if end > self.runs_ahead_until || end >= self.events.next_time() {
            return false;
        }
        self.show_running_state(thread);
        self.event_count += 1;
        self.now = end;
        self.settle(thread);
        true
    }

    /// Whether what a running thread executes, or is about to, is user code.
    pub(super) fn is_in_user_code(&self, thread: ThreadId) -> bool {
        let state = &self.threads[thread];
        state.interruption_left.is_zero()
            && state.let_go_left.is_zero()
            && state.switch_left.is_zero()
            && (state.mode == Mode::User || !state.migration_left.is_zero())
    }

    /// What the thread on `core` executes stands still for `span`. Returns that thread, if there is one: it is to
    /// [go on](Kernel::go_on) when all has happened that happens at this instant.
    fn interrupt_for(&mut self, core: CoreId, span: Span) -> Option<ThreadId> {
        let thread = self.views[core].running?;
        if span.is_zero() || self.threads[thread].place != Place::Running(core) {
            return None;
        }
        self.settle(thread);
        self.threads[thread].interruption_left += span;
        self.cores[core].piece = Piece::Interruption;
        // It takes a place of its own, even if it is over when the burst, or the tick that is stepped through, would have been.
        self.events.cancel(Slot { kind: CORE, owner: core });
        Some(thread)
    }

    /// The host of a virtual machine, or the firmware, has taken the processor away from `core` and gives it back. Returns
    /// the thread that goes on.
    pub(super) fn host_interrupts(&mut self, core: CoreId, limit: Time) -> Option<ThreadId> {
        let (length, next) = match self.burst_that_goes_on(core) {
            Some(thread) => self.interruptions_run_ahead(core, thread, limit)?,
            None => self.prices.interruption.as_mut()?.draw(),
        };
        self.schedule(HOST, core, next);
        self.interrupt_for(core, length)
    }

    /// Lets one interruption of `thread`'s burst after the other pass, which begin now, until anything else can happen: a
    /// shortcut, and exact. Returns the length of the one that does not, and the distance of the next, if there is such a one.
    fn interruptions_run_ahead(
        &mut self,
        core: CoreId,
        thread: ThreadId,
        limit: Time,
    ) -> Option<(Span, Span)> {
        let alone_until = self.events.next_time_besides(Slot { kind: CORE, owner: core }).min(limit);
        self.settle(thread);
        let interruption = self.prices.interruption.as_mut()?;
        let state = &mut self.threads[thread];
        let mut burst_end = self.now + state.burst_left;
        let (mut now, mut settled) = (self.now, self.now);
        let (mut passed, mut events) = (Span::ZERO, 0);
        let is_next = loop {
            let (length, distance) = interruption.draw();
            let (over, next) = (now + length, now + distance);
            if over >= next.min(alone_until) {
                break Err((length, distance));
            }
            // An interruption is over by an event of the core.
            events += u64::from(!length.is_zero());
            settled = over;
            passed += length;
            burst_end += length;
            if next >= burst_end.min(alone_until) {
                break Ok(next);
            }
            // The burst goes on until the next.
            events += 1;
            (now, settled) = (next, next);
        };
        let used = settled.since(self.now);
        state.account(state.mode, used);
        state.burst_left -= used - passed;
        state.settled = settled;
        let burst_left = state.burst_left;
        self.event_count += events;
        match is_next {
            Err(slow) => {
                self.now = now;
                Some(slow)
            }
            Ok(next) => {
                self.now = settled;
                self.schedule(CORE, core, burst_left);
                self.schedule_at(HOST, core, next);
                None
            }
        }
    }

    /// The thread on `core`, if it executes nothing but a burst that goes on after an interruption.
    fn burst_that_goes_on(&self, core: CoreId) -> Option<ThreadId> {
        let thread = self.views[core].running?;
        let goes_on = self.threads[thread].place == Place::Running(core)
            && self.cores[core].piece == Piece::Burst
            && !self.threads[thread].must_reschedule;
        goes_on.then_some(thread)
    }

    /// A `core` that was idle is at work: the host has not waited for that.
    fn expect_interruption(&mut self, core: CoreId) {
        let Some(interruption) = &mut self.prices.interruption else { return };
        let next = interruption.rest.draw();
        self.schedule(HOST, core, next);
    }

    /// `thread` begins to run on `core`.
    pub(super) fn run_on(&mut self, core: CoreId, thread: ThreadId, arrival: Option<Arrival>) {
        let migrates = self.threads[thread].last_core.is_some_and(|last| last != core);
        let migration = if migrates { self.prices.migration.draw() } else { Span::ZERO };
        let state = &mut self.threads[thread];
        state.place = Place::Running(core);
        state.last_core = Some(core);
        state.must_reschedule = false;
        state.settled = self.now;
        state.migration_left += migration;
        state.usage.migrations += u64::from(migrates);
        self.views[core].running = Some(thread);
        self.cores[core].busy_since = self.now;
        self.forget_interrupt(core);
        self.observer.core_runs(self.now, core, Some(thread));
        if arrival.is_some() {
            self.expect_interruption(core);
        }
        self.scheduler.run(core, thread, arrival, self.now);
        self.arm_slice(core);
    }

    pub(super) fn core_goes_idle(&mut self, core: CoreId) {
        if let Some(thread) = self.views[core].running.take() {
            if self.threads[thread].place == Place::Arriving(core) {
                return;
            }
            let busy_since = self.cores[core].busy_since;
            self.cores[core].busy += self.now.since(busy_since);
            self.cores[core].idle_since = self.now;
            self.cores[core].letting_go = Span::ZERO;
            if self.prices.interruption.is_some() {
                self.events.cancel(Slot { kind: HOST, owner: core });
            }
            self.observer.core_runs(self.now, core, None);
        }
    }

    /// The `core`, which `previous` has just left, goes to the next thread, or idles.
    pub(super) fn pick_next(&mut self, core: CoreId, previous: ThreadId) {
        let Some(thread) = self.scheduler.pick(core) else {
            self.core_goes_idle(core);
            self.events.cancel(Slot { kind: CORE, owner: core });
            self.forget_interrupt(core);
            self.events.cancel(Slot { kind: SLICE, owner: core });
            return;
        };
        self.switch_from(core, previous, thread);
    }

    /// Whoever was to make room has done so.
    #[inline]
    fn forget_interrupt(&mut self, core: CoreId) {
        self.cores[core].interrupt_pending = false;
        self.events.cancel(Slot { kind: INTERRUPT, owner: core });
    }

    pub(super) fn switch_from(&mut self, core: CoreId, previous: ThreadId, thread: ThreadId) {
        let busy_since = self.cores[core].busy_since;
        self.cores[core].busy += self.now.since(busy_since);
        if thread != previous {
            self.threads[thread].switch_left += self.prices.context_switch.draw();
            self.threads[thread].let_go_left = std::mem::take(&mut self.cores[core].letting_go);
            self.threads[thread].let_go_of = previous;
        }
        // What it executes takes a place of its own, even if it ends when that of the thread before, or a tick of it, would have.
        self.events.cancel(Slot { kind: CORE, owner: core });
        self.run_on(core, thread, None);
        self.schedule_piece(core, thread);
    }

    /// The running `thread` makes room: it is put back into a run queue, and the core goes to whoever is next, perhaps
    /// itself. A scheduler may also send it to an idle core, if another thread is there to take its place.
    pub(super) fn make_room(&mut self, core: CoreId, thread: ThreadId) {
        self.charge(core, thread);
        self.scheduler.stop(core, thread, Departure::MakesRoom, self.now);
        self.threads[thread].place = Place::Queued;
        let elsewhere = self.scheduler.place_preempted(thread, core, &self.views);
        if elsewhere != core
            && let Some(next) = self.scheduler.pick(core)
        {
            self.threads[thread].usage.involuntary_switches += 1;
            self.switch_from(core, thread, next);
            self.make_runnable(thread, Arrival::Preempted, None);
            return;
        }
        self.scheduler.enqueue(core, thread, Arrival::Preempted, self.now);
        let next = self.scheduler.pick(core).unwrap_or(thread);
        if next != thread {
            self.threads[thread].usage.involuntary_switches += 1;
            self.show_state(thread, ThreadState::Runnable);
        }
        self.switch_from(core, thread, next);
    }

    /// `thread`, on its turn, leaves its core for a place where it does not compete for one.
    pub(super) fn leave_core(&mut self, thread: ThreadId, place: Place, state: ThreadState) {
        let Place::Running(core) = self.threads[thread].place else { return };
        self.charge(core, thread);
        let departure = if place == Place::Done { Departure::Ends } else { Departure::Sleeps };
        self.scheduler.stop(core, thread, departure, self.now);
        self.threads[thread].place = place;
        self.show_state(thread, state);
        self.pick_next(core, thread);
    }

    /// The running thread must make room: at once if it executes user code, else when it would return to it.
    pub(super) fn reschedule(&mut self, core: CoreId, running: ThreadId) {
        self.threads[running].must_reschedule = true;
        let executes = self.events.time_of(Slot { kind: CORE, owner: core }) != Time::END;
        let user_code = match self.cores[core].piece {
            Piece::Nothing | Piece::Interruption | Piece::LetGo | Piece::Switch => false,
            Piece::Migration => true,
            Piece::Burst => self.threads[running].mode == Mode::User,
        };
        if executes && user_code {
            self.make_room(core, running);
        }
    }

    /// The end of a slice, or a tick of the clock. Returns the thread that goes on, if it has been interrupted.
    pub(super) fn slice_ended(&mut self, core: CoreId) -> Option<ThreadId> {
        let running = self.views[core].running?;
        if self.threads[running].place != Place::Running(core) {
            return None;
        }
        self.charge(core, running);
        let mut must_yield = self.scheduler.timer(core, running, self.now);
        must_yield |= self.scheduler.balance(core, running, &self.views, self.now);
        self.arm_slice(core);
        let mut interrupted = None;
        if self.scheduler.is_clock_tick(self.now) {
            let cost = self.prices.clock_tick.draw();
            interrupted = self.interrupt_for(core, cost);
        }
        if must_yield {
            self.reschedule(core, running);
        }
        if let Some((idle, moved)) = self.scheduler.spread(core, &self.views, self.now) {
            if let Some(thread) = interrupted.take() {
                // Its end has been set before that of the arrival.
                self.schedule_piece(core, thread);
            }
            self.threads[moved].arrival = Arrival::Preempted;
            self.arrive(idle, moved);
        }
        interrupted
    }

    pub(super) fn arm_slice(&mut self, core: CoreId) {
        let time = self.scheduler.next_timer(core, self.now);
        self.events.set(Slot { kind: SLICE, owner: core }, time);
    }

    /// The scheduler's machine-wide tick.
    pub(super) fn scheduler_tick(&mut self) {
        let can_run =
            |thread: &&Thread| matches!(thread.place, Place::Arriving(_) | Place::Running(_) | Place::Queued);
        let runnable = self.threads.iter().filter(can_run).count();
        self.scheduler.tick(runnable);
        if let Some(interval) = self.scheduler.tick_interval() {
            self.schedule(TICK, 0, interval);
        }
    }

    /// Whether anything can happen that concerns the first `threads` threads, or a user outside.
    pub fn awaits_any_of(&self, threads: usize) -> bool {
        let goes_on = |thread: ThreadId| {
            matches!(self.threads[thread].place, Place::Arriving(_) | Place::Running(_) | Place::Queued)
                || self.events.time_of(Slot { kind: TIMER, owner: thread }) != Time::END
        };
        self.events.any_pending(ALARM) || (0..threads).any(goes_on)
    }

    /// Whether anything can happen but the scheduler's tick: interrupts and slices are those of cores at work.
    pub(super) fn anything_awaits(&self) -> bool {
        [CORE, TIMER, ALARM].into_iter().any(|kind| self.events.any_pending(kind))
    }
}
