//! Carrying out what threads ask for, step by step, as bursts on a core.

use super::prices::ProcessPrices;
use super::{CORE, Kernel, Mode, Piece, Place, Progress, Thread};
use crate::des::Span;
use crate::des::queue::Slot;
use crate::os::sync::{LineId, Next, Operation, Outcome, Phase, Request};
use crate::os::{Birth, CoreId, ThreadId};
use crate::trace::Observer;

impl<O: Observer> Kernel<O> {
    /// `thread`, on its turn, asks something of the kernel; [`Kernel::proceed`] carries it out.
    pub fn begin(&mut self, thread: ThreadId, request: Request) {
        self.threads[thread].operations.push(Operation { request, phase: Phase::Begin });
    }

    /// Carries out `thread`'s operation as far as it goes without time passing.
    pub fn proceed(&mut self, thread: ThreadId) -> Progress {
        loop {
            let Thread { operations, timed_out, .. } = &self.threads[thread];
            let Some(operation) = operations.last() else { return Progress::Ended(Outcome::Done) };
            let pending = match self.objects.step(thread, operation, *timed_out) {
                Next::LockOperation(then) => {
                    let cost = self.prices.lock_operation.draw() + self.line_comes_over(thread);
                    self.set_phase(thread, then);
                    self.execute(thread, Mode::User, cost)
                }
                Next::Atomic(then) => {
                    let cost = self.prices.atomic_operation.draw() + self.line_comes_over(thread);
                    self.set_phase(thread, then);
                    self.execute(thread, Mode::User, cost)
                }
                Next::Touch(then) => {
                    let cost = self.line_comes_over(thread);
                    self.set_phase(thread, then);
                    self.execute(thread, Mode::User, cost)
                }
                Next::Clock(then) => {
                    self.set_phase(thread, then);
                    let cost = self.prices.clock_read.draw();
                    self.execute(thread, Mode::User, cost)
                }
                Next::SystemCall(then) => {
                    self.set_phase(thread, then);
                    self.threads[thread].usage.system_calls += 1;
                    let cost = self.prices.system_call.draw();
                    self.enter_kernel(thread, cost)
                }
                Next::User(span, then) => {
                    self.set_phase(thread, then);
                    self.execute(thread, Mode::User, span)
                }
                Next::Kernel(span, then) => {
                    self.set_phase(thread, then);
                    self.execute(thread, Mode::Kernel, span)
                }
                Next::ChannelSend(copy, then) => {
                    self.set_phase(thread, then);
                    let cost = self.prices.channel_send.draw() + copy;
                    self.execute(thread, Mode::Kernel, cost)
                }
                Next::ChannelReceive(copy, then) => {
                    self.set_phase(thread, then);
                    let cost = self.prices.channel_receive.draw() + copy;
                    self.execute(thread, Mode::Kernel, cost)
                }
                Next::Scan(selector, descriptors, then) => {
                    self.set_phase(thread, then);
                    let cost = self.prices.scan(selector, descriptors);
                    self.execute(thread, Mode::Kernel, cost)
                }
                Next::Allocate(then) => {
                    self.set_phase(thread, then);
                    let cost = self.prices.large_allocation.draw();
                    self.execute(thread, Mode::Kernel, cost)
                }
                Next::Waking(woken, then) => {
                    self.set_phase(thread, then);
                    let cost = self.wake_for(thread, woken);
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
                Next::LastInner(request) => {
                    self.threads[thread].operations.pop();
                    self.begin(thread, request);
                    false
                }
                Next::Start(other, then) => {
                    self.set_phase(thread, then);
                    let cost = self.prices.thread_start.draw() + self.start_for(thread, other);
                    self.execute(thread, Mode::Kernel, cost)
                }
                Next::Make(birth, then) => {
                    self.set_phase(thread, then);
                    let cost = self.process_prices(birth).map_or(Span::ZERO, |prices| prices.start.draw());
                    self.execute(thread, Mode::Kernel, cost)
                }
                Next::StartFirst(other, then) => {
                    self.set_phase(thread, then);
                    let cost = self.start_for(thread, other);
                    self.execute(thread, Mode::Kernel, cost)
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
    }

    /// `thread`, on its turn, writes to memory, which costs it nothing: a store is not waited for.
    pub fn write(&mut self, thread: ThreadId, line: LineId) {
        if let Some(core) = self.threads[thread].last_core {
            self.objects.touch(&Request::Touch(line), core);
        }
    }

    /// The operation of `thread` touches the memory of its object: how long it takes until that has come over from another
    /// core.
    fn line_comes_over(&mut self, thread: ThreadId) -> Span {
        let Thread { operations, last_core: Some(core), .. } = &self.threads[thread] else {
            return Span::ZERO;
        };
        let comes_over =
            operations.last().is_some_and(|operation| self.objects.touch(&operation.request, *core));
        if comes_over { self.prices.cache_line.draw() } else { Span::ZERO }
    }

    /// User time that a process of this kind costs before its program.
    pub fn process_begins(&mut self, birth: Birth) -> Span {
        self.process_prices(birth).map_or(Span::ZERO, |prices| prices.begin.draw())
    }

    /// User time that a process of this kind costs after its program.
    pub fn process_ends(&mut self, birth: Birth) -> Span {
        self.process_prices(birth).map_or(Span::ZERO, |prices| prices.end.draw())
    }

    fn process_prices(&mut self, birth: Birth) -> Option<&mut ProcessPrices> {
        match birth {
            Birth::Thread => None,
            Birth::Fork => Some(&mut self.prices.fork),
            Birth::Spawn => Some(&mut self.prices.spawn),
        }
    }

    /// `thread`, on its turn, executes user code for `span`. Returns whether that takes time (or the thread has to
    /// make room first); if not, it is still on its turn.
    pub fn execute_user(&mut self, thread: ThreadId, span: Span) -> bool {
        self.execute(thread, Mode::User, span)
    }

    /// `thread`, on its turn after a burst of user code, executes more of the same for `span`, which takes time: as if
    /// both were one burst.
    pub fn go_on_in_user(&mut self, thread: ThreadId, span: Span) {
        let Place::Running(core) = self.threads[thread].place else { return };
        self.threads[thread].burst_left = span;
        if self.cores[core].must_reschedule {
            self.make_room(core, thread);
            return;
        }
        self.threads[thread].settled = self.now;
        self.cores[core].piece = Piece::Burst;
        // It may have been taken off its core just when the burst before ended.
        self.show_running_state(thread);
        let end = (self.now + span).min(super::LAST_INSTANT + Span::from_picos(1));
        self.events.set_in_place(Slot { kind: CORE, owner: core }, end);
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
        if self.threads[thread].burst_left == left {
            return;
        }
        self.threads[thread].burst_left = left;
        if let Place::Running(core) = self.threads[thread].place
            && self.cores[core].piece == Piece::Burst
        {
            self.schedule_piece(core, thread);
        }
    }

    /// What `thread`'s burst is a part of ends at another time: its event is set anew, to the same time.
    pub fn renew_burst(&mut self, thread: ThreadId) {
        if let Place::Running(core) = self.threads[thread].place
            && self.cores[core].piece == Piece::Burst
        {
            self.events.cancel(Slot { kind: CORE, owner: core });
            self.schedule_piece(core, thread);
        }
    }

    pub(super) fn set_phase(&mut self, thread: ThreadId, phase: Phase) {
        if let Some(operation) = self.threads[thread].operations.last_mut() {
            operation.phase = phase;
        }
    }

    /// Begins a system call, perhaps right after another. Between the two, the thread returns to user mode, and that
    /// is where Linux makes it leave its core (`exit_to_user_mode_loop`, kernel/entry/common.c, v5.10).
    fn enter_kernel(&mut self, thread: ThreadId, span: Span) -> bool {
        self.begin_burst(thread, Mode::Kernel, span, true)
    }

    /// Begins a burst; whether it takes time, or the thread had to make room.
    pub(super) fn execute(&mut self, thread: ThreadId, mode: Mode, span: Span) -> bool {
        self.begin_burst(thread, mode, span, mode == Mode::User)
    }

    fn begin_burst(&mut self, thread: ThreadId, mode: Mode, span: Span, from_user_code: bool) -> bool {
        let state = &mut self.threads[thread];
        let Place::Running(core) = state.place else { return true };
        state.mode = mode;
        state.burst_left = span;
        if from_user_code && self.cores[core].must_reschedule {
            self.make_room(core, thread);
            return true;
        }
        if span.is_zero() || self.run_ahead(core, thread, span) {
            return false;
        }
        self.schedule_piece(core, thread);
        true
    }

    /// Executes the burst of `thread` that begins, of length `span`, if it is over before anything else can happen: no
    /// event need be set for it. Returns whether it was executed.
    fn run_ahead(&mut self, core: CoreId, thread: ThreadId, span: Span) -> bool {
        let end = self.now + span;
        if end > self.runs_ahead_until || end >= self.events.next_time() {
            return false;
        }
        self.show_running_state(thread);
        self.events.pass(Slot { kind: CORE, owner: core });
        self.event_count += 1;
        self.now = end;
        let state = &mut self.threads[thread];
        state.settled = end;
        state.burst_left = Span::ZERO;
        match state.mode {
            Mode::User => state.usage.user += span,
            Mode::Kernel => state.usage.system += span,
        }
        self.cores[core].uncharged += span;
        true
    }
}
