//! Carrying out what threads ask for, step by step, as bursts on a core.

use super::prices::BirthPrices;
use super::{CORE, Kernel, Mode, Nap, Piece, Place, Progress, Thread};
use crate::des::Span;
use crate::des::queue::Slot;
use crate::os::sync::{LineId, Next, Outcome, Request, VariableId, WordId};
use crate::os::{Birth, CoreId, ThreadId};
use crate::trace::Observer;

impl<O: Observer> Kernel<O> {
    /// `thread`, on its turn, asks something of the kernel; [`Kernel::proceed`] carries it out.
    pub fn begin(&mut self, thread: ThreadId, request: Request) {
        self.threads[thread].operations.begin(request);
    }

    /// Carries out `thread`'s operation as far as it goes without time passing.
    pub fn proceed(&mut self, thread: ThreadId) -> Progress {
        match self.threads[thread].nap {
            Nap::None => {}
            Nap::SetsTimer => {
                self.sleep(thread);
                return Progress::Pending;
            }
            Nap::CancelsTimer(time) => {
                self.threads[thread].nap = Nap::None;
                let change = self.timer_change(time);
                if self.execute_kernel(thread, change) {
                    return Progress::Pending;
                }
            }
        }
        loop {
            let Thread { operations, timed_out, .. } = &self.threads[thread];
            let Some(operation) = operations.present() else { return Progress::Ended(Outcome::Done) };
            let (burst, then) = match self.objects.step(thread, operation, *timed_out) {
                Next::LockOperation(then) => {
                    (Burst::user(self.prices.lock_operation.draw() + self.line_comes_over(thread)), then)
                }
                Next::Atomic(then) => {
                    (Burst::user(self.prices.atomic_operation.draw() + self.line_comes_over(thread)), then)
                }
                Next::Change { word, is_atomic, then } => {
                    (Burst::user(self.word_changes(thread, word, is_atomic)), then)
                }
                Next::Touch(then) => (Burst::user(self.line_comes_over(thread)), then),
                Next::Clock(then) => (Burst::user(self.prices.clock_read.draw()), then),
                Next::SystemCall(then) => {
                    self.threads[thread].usage.system_calls += 1;
                    (Burst::entering_kernel(self.prices.system_call.draw()), then)
                }
                Next::User(span, then) => (Burst::user(span), then),
                Next::Kernel(span, then) => (Burst::kernel(span), then),
                Next::ChannelSend(copy, then) => {
                    (Burst::kernel(self.prices.channel_send.draw() + copy), then)
                }
                Next::ChannelReceive(copy, then) => {
                    (Burst::kernel(self.prices.channel_receive.draw() + copy), then)
                }
                Next::Scan(selector, descriptors, then) => {
                    (Burst::kernel(self.prices.scan(selector, descriptors)), then)
                }
                Next::Allocate(then) => (Burst::kernel(self.prices.large_allocation.draw()), then),
                Next::Waking(woken, then) => (Burst::kernel(self.wake_for(thread, woken)), then),
                Next::HandOver(lock, then) => {
                    let next = self.hand_over(thread, lock);
                    (Burst::kernel(self.wake_for(thread, next)), then)
                }
                Next::Lend(lock, then) => {
                    self.lend(thread, lock);
                    self.threads[thread].operations.set_phase(then);
                    continue;
                }
                Next::Make(birth, then) => (Burst::kernel(self.birth_prices(birth).start.draw()), then),
                Next::Start(other, then) => (Burst::kernel(self.start_for(thread, other)), then),
                Next::TellTime(then) => {
                    self.objects.tell_time(self.now);
                    self.threads[thread].operations.set_phase(then);
                    continue;
                }
                Next::Go(then) => {
                    self.threads[thread].operations.set_phase(then);
                    continue;
                }
                Next::Inner(request, then) => {
                    self.threads[thread].operations.set_phase(then);
                    self.begin(thread, request);
                    continue;
                }
                Next::LastInner(request) => {
                    self.threads[thread].operations.end();
                    self.begin(thread, request);
                    continue;
                }
                Next::Done(outcome) => {
                    if self.threads[thread].operations.end() {
                        continue;
                    }
                    return Progress::Ended(outcome);
                }
                Next::InVain(then) => {
                    self.threads[thread].operations.set_phase(then);
                    return Progress::InVain;
                }
                Next::Sleep { queue, timeout, woken, then } => {
                    self.threads[thread].operations.set_phase(then);
                    self.fall_asleep(thread, queue, timeout, woken);
                    return Progress::Pending;
                }
            };
            self.threads[thread].operations.set_phase(then);
            if self.execute(thread, burst) {
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
    #[inline(always)]
    fn line_comes_over(&mut self, thread: ThreadId) -> Span {
        let Thread { operations, last_core: Some(core), .. } = &self.threads[thread] else {
            return Span::ZERO;
        };
        let comes_over =
            operations.present().is_some_and(|operation| self.objects.touch(&operation.request, *core));
        if comes_over { self.prices.cache_line.draw() } else { Span::ZERO }
    }

    /// `thread`, on its turn, asks for a word that it changes: how long it takes until it has done so.
    fn word_changes(&mut self, thread: ThreadId, word: WordId, is_atomic: bool) -> Span {
        let Some(core) = self.threads[thread].last_core else { return Span::ZERO };
        let changing = if is_atomic { self.prices.atomic_update } else { Span::ZERO };
        let word = self.objects.word(word);
        if !word.stays(core, self.now, changing) {
            word.comes_over(core, self.now, self.prices.line_kept.draw(), self.prices.cache_line.draw());
        }
        word.change(core, self.now, changing)
    }

    /// `thread`, on its turn, loads a variable: how long it takes until that has come over, if it has to.
    pub fn load(&mut self, thread: ThreadId, variable: VariableId) -> Option<Span> {
        let core = self.threads[thread].last_core?;
        let variable = self.objects.variable(variable);
        if variable.is_at(core, self.now) {
            return None;
        }
        variable.copy_to(core);
        Some(self.prices.cache_line.draw())
    }

    /// `thread`, on its turn, stores a variable, which is not waited for.
    pub fn store(&mut self, thread: ThreadId, variable: VariableId) {
        let Some(core) = self.threads[thread].last_core else { return };
        let prices = &mut self.prices;
        let way = || (prices.line_kept.draw(), prices.cache_line.draw());
        self.objects.variable(variable).store(core, self.now, way);
    }

    /// User time that a thread or process of this kind costs before its program.
    pub fn birth_begins(&mut self, birth: Birth) -> Span {
        self.birth_prices(birth).begin.draw()
    }

    /// Time that a thread or process of this kind costs after its program.
    pub fn birth_ends(&mut self, birth: Birth) -> Span {
        self.birth_prices(birth).end.draw()
    }

    fn birth_prices(&mut self, birth: Birth) -> &mut BirthPrices {
        match birth {
            Birth::Thread => &mut self.prices.thread,
            Birth::Fork => &mut self.prices.fork,
            Birth::Spawn => &mut self.prices.spawn,
        }
    }

    /// `thread`, on its turn, executes in the kernel for `span`, as [`Kernel::execute_user`] does.
    pub fn execute_kernel(&mut self, thread: ThreadId, span: Span) -> bool {
        self.execute(thread, Burst::kernel(span))
    }

    /// `thread`, on its turn, executes user code for `span`. Returns whether that takes time (or the thread has to
    /// make room first); if not, it is still on its turn.
    pub fn execute_user(&mut self, thread: ThreadId, span: Span) -> bool {
        self.execute(thread, Burst::user(span))
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

    /// Begins a burst; whether it takes time, or the thread had to make room.
    #[inline(always)]
    fn execute(&mut self, thread: ThreadId, burst: Burst) -> bool {
        let state = &mut self.threads[thread];
        let Place::Running(core) = state.place else { return true };
        state.mode = burst.mode;
        state.burst_left = burst.span;
        if burst.from_user_code && self.cores[core].must_reschedule {
            self.make_room(core, thread);
            return true;
        }
        if burst.span.is_zero() || self.run_ahead(core, thread, burst) {
            return false;
        }
        self.schedule_piece(core, thread);
        true
    }

    /// Executes the burst of `thread` that begins, if it is over before anything else can happen: no event need be set for
    /// it. Returns whether it was executed.
    #[inline(always)]
    fn run_ahead(&mut self, core: CoreId, thread: ThreadId, burst: Burst) -> bool {
        let end = self.now + burst.span;
        if end > self.runs_ahead_until || end >= self.events.next_time() {
            return false;
        }
        let state = &mut self.threads[thread];
        state.show(state.state_in(burst.mode), self.now, |shown| {
            self.observer.thread_state(self.now, thread, shown);
        });
        self.event_count += 1;
        self.now = end;
        state.settled = end;
        state.burst_left = Span::ZERO;
        match burst.mode {
            Mode::User => state.usage.user += burst.span,
            Mode::Kernel => state.usage.system += burst.span,
        }
        self.cores[core].uncharged += burst.span;
        true
    }
}

/// What a thread on its turn is to execute.
#[derive(Clone, Copy)]
struct Burst {
    mode: Mode,
    span: Span,
    /// It comes after user code: a thread that has to make room does so before it.
    from_user_code: bool,
}

impl Burst {
    fn user(span: Span) -> Burst {
        Burst { mode: Mode::User, span, from_user_code: true }
    }

    /// Within a system call.
    fn kernel(span: Span) -> Burst {
        Burst { mode: Mode::Kernel, span, from_user_code: false }
    }

    /// The beginning of a system call, perhaps right after another. Between the two, the thread returns to user mode, and
    /// that is where Linux makes it leave its core (`exit_to_user_mode_loop`, kernel/entry/common.c, v5.10).
    fn entering_kernel(span: Span) -> Burst {
        Burst { mode: Mode::Kernel, span, from_user_code: true }
    }
}
