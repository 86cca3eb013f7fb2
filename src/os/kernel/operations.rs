//! Carrying out what threads ask for, step by step, as bursts on a core.

use super::prices::BirthPrices;
use super::{CORE, Kernel, Mode, Nap, Piece, Place, Progress, Thread};
use crate::des::Span;
use crate::des::queue::Slot;
use crate::os::sync::{LineId, Next, Operation, Outcome, Phase, Request, VariableId, WordId};
use crate::os::{Birth, CoreId, ThreadId};
use crate::trace::Observer;

impl<O: Observer> Kernel<O> {
    /// `thread`, on its turn, asks something of the kernel; [`Kernel::proceed`] carries it out.
    pub fn begin(&mut self, thread: ThreadId, request: Request) {
        self.threads[thread].operations.stays_at(Operation::begin(request));
    }

    /// `thread`, on its turn, asks something of the kernel, which carries it out as [`Kernel::proceed`] does.
    pub fn ask(&mut self, thread: ThreadId, request: &Request) -> Progress {
        self.carry_out(thread, request, Phase::Begin)
    }

    /// Carries out `thread`'s operation as far as it goes without time passing.
    pub fn proceed(&mut self, thread: ThreadId) -> Progress {
        match self.threads[thread].nap {
            Nap::None => {}
            Nap::SetsTimer => {
                self.sleep(thread);
                return Progress::Pending;
            }
            Nap::CancelsTimer(time, set_on) => {
                self.threads[thread].nap = Nap::None;
                // Only its own core's timer does a core set anew (`remove_hrtimer`, kernel/time/hrtimer.c).
                let stays = set_on == self.threads[thread].last_core;
                let change = if stays { self.timer_change(time) } else { Span::ZERO };
                if self.execute_kernel(thread, change) {
                    return Progress::Pending;
                }
            }
        }
        match self.threads[thread].operations.take() {
            Some(Operation { request, phase }) => self.carry_out(thread, &request, phase),
            None => Progress::Ended(Outcome::Done),
        }
    }

    /// Carries out a request, from one of its phases on. It is looked at where it stands: to copy what has just been written
    /// makes the processor wait.
    #[inline(always)]
    fn carry_out(&mut self, thread: ThreadId, asked: &Request, mut phase: Phase) -> Progress {
        let mut other;
        let mut request = asked;
        // As long as no time passes, it stays on its core, and has not slept again.
        let Thread { place: Place::Running(core), timed_out, .. } = self.threads[thread] else {
            return Progress::Pending;
        };
        loop {
            let (burst, then) = match self.objects.step(thread, request, phase, timed_out) {
                Next::LockOperation(then) => {
                    let comes_over = self.line_comes_over(core, request);
                    (Burst::user(self.prices.lock_operation.draw() + comes_over), then)
                }
                Next::Atomic(then) => {
                    let comes_over = self.line_comes_over(core, request);
                    (Burst::user(self.prices.atomic_operation.draw() + comes_over), then)
                }
                Next::Change { word, is_atomic, then } => {
                    (Burst::user(self.word_changes(thread, word, is_atomic)), then)
                }
                Next::Touch(then) => (Burst::user(self.line_comes_over(core, request)), then),
                Next::Clock(then) => (Burst::user(self.prices.clock_read.draw()), then),
                Next::SystemCall(then) => {
                    self.threads[thread].usage.system_calls += 1;
                    (Burst::entering_kernel(self.prices.system_call.draw()), then)
                }
                Next::Queueing(then) => (Burst::kernel(self.prices.queueing.draw()), then),
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
                Next::Make(birth, then) => (Burst::kernel(self.birth_prices(birth).start.draw()), then),
                Next::Start(other, then) => (Burst::kernel(self.start_for(thread, other)), then),
                Next::Lend(lock, then) => {
                    self.lend(thread, lock);
                    phase = then;
                    continue;
                }
                Next::Due(span, then) => {
                    self.threads[thread].due = self.now + span;
                    phase = then;
                    continue;
                }
                Next::TellTime(then) => {
                    self.objects.tell_time(self.now);
                    phase = then;
                    continue;
                }
                Next::Go(then) => {
                    phase = then;
                    continue;
                }
                Next::Inner(inner, then) => {
                    self.goes_around(thread, request, then);
                    other = inner;
                    (request, phase) = (&other, Phase::Begin);
                    continue;
                }
                Next::LastInner(last) => {
                    other = last;
                    (request, phase) = (&other, Phase::Begin);
                    continue;
                }
                Next::Done(outcome) => match self.threads[thread].operations.innermost_around() {
                    Some(around) => {
                        other = around.request;
                        (request, phase) = (&other, around.phase);
                        continue;
                    }
                    None => return Progress::Ended(outcome),
                },
                Next::InVain(then) => {
                    self.threads[thread].operations.stays_at(Operation { request: *request, phase: then });
                    return Progress::InVain;
                }
                Next::Sleep { queue, timeout, woken, then } => {
                    self.threads[thread].operations.stays_at(Operation { request: *request, phase: then });
                    self.fall_asleep(thread, queue, timeout, woken);
                    return Progress::Pending;
                }
            };
            phase = then;
            if self.execute(core, thread, burst) {
                self.threads[thread].operations.stays_at(Operation { request: *request, phase });
                return Progress::Pending;
            }
        }
    }

    /// Another operation comes first; then this one goes on.
    #[inline(always)]
    fn goes_around(&mut self, thread: ThreadId, request: &Request, then: Phase) {
        self.threads[thread].operations.goes_around(Operation { request: *request, phase: then });
    }

    /// `thread`, on its turn, writes to memory, which costs it nothing: a store is not waited for.
    pub fn write(&mut self, thread: ThreadId, line: LineId) {
        if let Some(core) = self.threads[thread].last_core {
            self.objects.touch(&Request::Touch(line), core);
        }
    }

    /// The memory of the object of this request is touched on `core`: how long it takes until that has come over from another.
    #[inline(always)]
    fn line_comes_over(&mut self, core: CoreId, request: &Request) -> Span {
        if self.objects.touch(request, core) { self.prices.cache_line.draw() } else { Span::ZERO }
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
        let Place::Running(core) = self.threads[thread].place else { return true };
        self.execute(core, thread, Burst::kernel(span))
    }

    /// `thread`, on its turn, executes user code for `span`. Returns whether that takes time (or the thread has to
    /// make room first); if not, it is still on its turn.
    pub fn execute_user(&mut self, thread: ThreadId, span: Span) -> bool {
        let Place::Running(core) = self.threads[thread].place else { return true };
        self.execute(core, thread, Burst::user(span))
    }

    /// `thread`, on its turn after a burst of user code, executes more of the same for `span`, which takes time: as if
    /// both were one burst.
    pub fn go_on_in_user(&mut self, thread: ThreadId, span: Span) {
        let Place::Running(core) = self.threads[thread].place else { return };
        self.threads[thread].burst_left = span;
        if self.threads[thread].must_reschedule {
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

    /// Begins a burst of the thread that runs on `core`; whether it takes time, or the thread had to make room. A burst that
    /// is over before anything else can happen is executed at once: no event need be set for it.
    #[inline(always)]
    fn execute(&mut self, core: CoreId, thread: ThreadId, burst: Burst) -> bool {
        let state = &mut self.threads[thread];
        debug_assert_eq!(state.first_piece(), (Piece::Nothing, Span::ZERO));
        state.mode = burst.mode;
        if burst.from_user_code && state.must_reschedule {
            state.burst_left = burst.span;
            self.make_room(core, thread);
            return true;
        }
        if burst.span.is_zero() {
            return false;
        }
        let end = self.now + burst.span;
        if end > self.runs_ahead_until || end >= self.events.next_time() {
            state.burst_left = burst.span;
            self.schedule_this(core, thread, Piece::Burst, burst.span);
            return true;
        }
        state.show(state.state_in(burst.mode), self.now, |shown| {
            self.observer.thread_state(self.now, thread, shown);
        });
        self.event_count += 1;
        self.now = end;
        state.settled = end;
        state.account(burst.mode, burst.span);
        false
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
