//! Threads on cores: bursts, switches, migrations, making room, blocking and waking (section 2 of the rules).

use std::collections::VecDeque;

use gilsim::des::{Distribution, Span, Time};
use gilsim::sim::report::ThreadReport;
use gilsim::trace::ThreadState;

use super::objects::{Action, Queue};
use super::sched::Entry;
use super::{Cost, Kind, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    NotStarted,
    Arriving,
    Running,
    Queued,
    Blocked,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    User,
    Kernel,
}

/// What a thread executes, and how much of it is left.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    pub mode: Mode,
    pub left: Span,
    /// It is a system call that has not begun: so far, the thread is in user code.
    pub enters: bool,
}

pub struct Thread {
    pub place: Place,
    /// Where it arrives, runs or queues.
    pub core: usize,
    pub last_core: Option<usize>,
    /// How it came to the core on which it arrives.
    pub entry: Entry,
    pub burst: Option<Burst>,
    /// What is left of its migration to the core it last ran on.
    pub migration_left: Span,
    /// What it does next; the last entry first.
    pub actions: Vec<Action>,
    pub user_state: ThreadState,
    pub blocked_state: ThreadState,
    pub sleeps_on: Option<Queue>,
    pub timed_out: bool,
    /// When the time of its wait for a condition is over.
    pub wait_is_over: Option<Time>,
    /// It queues, but still sets its timer.
    pub sets_timer: bool,
    /// The timer that it has set.
    pub timer: Option<Time>,
    /// It has been woken before this timer came.
    pub takes_back: Option<(Time, usize)>,
    /// Whether the current round of a semaphore wait has been asleep.
    pub has_slept: bool,
    pub program: super::program::ProgramCounter,
    pub report: ThreadReport,
}

impl Default for Thread {
    fn default() -> Thread {
        Thread {
            place: Place::NotStarted,
            core: 0,
            last_core: None,
            entry: Entry::Started,
            burst: None,
            migration_left: Span::ZERO,
            actions: Vec::new(),
            user_state: ThreadState::RunsPython,
            blocked_state: ThreadState::RunsPython,
            sleeps_on: None,
            timed_out: false,
            wait_is_over: None,
            sets_timer: false,
            timer: None,
            takes_back: None,
            has_slept: false,
            program: super::program::ProgramCounter::default(),
            report: ThreadReport::default(),
        }
    }
}

impl Thread {
    pub fn is_done(&self) -> bool {
        self.place == Place::Done
    }
}

/// What a core is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Arrival,
    Switch,
    Migration,
    Burst,
    /// Another piece stands still.
    Interruption,
    /// The core lets the thread go that has fallen asleep.
    LetGo,
}

#[derive(Default)]
pub struct Core {
    /// Who runs or arrives there.
    pub occupant: Option<usize>,
    /// What it does there; nothing during its turn.
    pub piece: Option<Piece>,
    pub arriving: bool,
    pub piece_began: Time,
    pub piece_ends: Time,
    /// How long it takes to let a thread go, and what the switch takes that follows.
    pub letting_go: Span,
    pub let_go_of: usize,
    pub switch: Span,
    /// What the scheduler is to be charged with besides.
    pub charged_besides: Span,
    /// The piece that stands still during an interruption, and what was left of it.
    pub interrupted: Option<(Piece, Span)>,
    pub idle_since: Time,
    pub must_make_room: bool,
    /// An interrupt is on its way.
    pub interrupt: bool,
    /// Until when the scheduler has been charged.
    pub charged_until: Time,
    /// When the thread on it was picked.
    pub picked_at: Time,
}

impl Core {
    pub fn running(&self) -> Option<usize> {
        self.occupant.filter(|_| !self.arriving)
    }

    /// What it does, or did before it was interrupted.
    fn doing(&self) -> Option<Piece> {
        match self.piece {
            Some(Piece::Interruption) => self.interrupted.map(|(piece, _)| piece),
            piece => piece,
        }
    }
}

impl World<'_> {
    pub fn state_of(&self, thread: usize) -> ThreadState {
        let it = &self.threads[thread];
        match it.place {
            Place::NotStarted => ThreadState::NotStarted,
            Place::Done => ThreadState::Done,
            Place::Arriving | Place::Queued => ThreadState::Runnable,
            Place::Blocked => it.blocked_state,
            Place::Running => match (self.cores[it.core].doing(), it.burst) {
                (Some(Piece::Switch), _) => ThreadState::InKernel,
                (Some(Piece::LetGo), _) => ThreadState::InKernel,
                (Some(Piece::Burst), Some(Burst { mode: Mode::Kernel, .. }))
                    if it.user_state != ThreadState::FailedAcquisition =>
                {
                    ThreadState::InKernel
                }
                _ => it.user_state,
            },
        }
    }

    /// A thread is started, or its timed sleep is over.
    pub fn timer_has_come(&mut self, thread: usize) {
        if self.threads[thread].place == Place::NotStarted {
            self.begin_program(thread);
            self.make_ready(thread, Entry::Started);
            return;
        }
        if let Some(queue) = self.threads[thread].sleeps_on {
            self.sleepers(queue).retain(|sleeper| *sleeper != thread);
            self.threads[thread].timed_out = true;
        }
        if std::mem::take(&mut self.threads[thread].sets_timer) {
            self.threads[thread].sleeps_on = None;
            return self.device_has_served(thread);
        }
        if self.threads[thread].sleeps_on.is_some() {
            self.wait_has_ended(thread, 0);
        } else if let Some(boost) = self.boost_of_device(thread) {
            self.wait_has_ended(thread, boost);
        } else {
            let sleeps = self.threads[thread].blocked_state == ThreadState::Sleeping;
            self.wait_has_ended(thread, u8::from(!sleeps));
        }
        self.device_has_served(thread);
        self.make_ready(thread, Entry::Woken);
    }

    /// Wakes the first sleeper of `queue`; whether there was one.
    pub fn wake_first(&mut self, queue: Queue) -> bool {
        let Some(thread) = self.sleepers(queue).pop_front() else { return false };
        self.agenda.cancel(Kind::Timer, thread);
        let core = self.threads[thread].core;
        self.threads[thread].takes_back = self.threads[thread].timer.map(|time| (time, core));
        if std::mem::take(&mut self.threads[thread].sets_timer) {
            self.threads[thread].sleeps_on = None;
            self.reach = Span::ZERO;
            return true;
        }
        let is_channel = matches!(queue, Queue::Receivers(_) | Queue::Senders(_) | Queue::Poll(_));
        self.wait_has_ended(thread, if is_channel { 2 } else { 1 });
        self.make_ready(thread, Entry::Woken);
        true
    }

    pub fn sleepers(&mut self, queue: Queue) -> &mut VecDeque<usize> {
        self.objects.sleepers.entry(queue).or_default()
    }

    pub fn make_ready(&mut self, thread: usize, entry: Entry) {
        self.threads[thread].sleeps_on = None;
        self.threads[thread].entry = entry;
        let core = self.place(thread);
        if entry == Entry::Started {
            self.begins_on(thread, core);
        }
        self.reach = Span::ZERO;
        let goes_on = self.goes_on_in_queue(thread, core);
        self.charge(core);
        self.threads[thread].core = core;
        if self.cores[core].occupant.is_none() {
            self.reach = self.arrive(thread, core, entry);
            return;
        }
        if self.acting.is_some_and(|acting| acting != core) {
            self.reach = self.cost(Cost::OtherCore);
        }
        self.bring_up(thread);
        self.threads[thread].place = Place::Queued;
        if !goes_on {
            self.has_come(thread);
            self.enters(thread, core, entry);
            self.joins_queue(thread, core);
        }
        if self.cores[core].running().is_some() && self.displaces(core, thread, entry) {
            self.interrupt(core);
        } else {
            self.set_slice(core);
        }
    }

    /// Whether a core that has been idle for so long looks for threads itself.
    fn polls(&self, idle: Span) -> bool {
        let costs = &self.model.machine.costs;
        idle >= costs.polls_after && idle < costs.just_idle_for
    }

    /// The thread on `core` must make room for one that has become ready: at once if it woke it itself.
    fn interrupt(&mut self, core: usize) {
        if self.acting == Some(core) {
            self.make_room(core);
        } else if !self.cores[core].must_make_room && !self.cores[core].interrupt {
            let sending = self.cost(Cost::Interrupt);
            self.reach += sending;
            let latency = sending + self.cost(Cost::LatencyBusy);
            if latency.is_zero() {
                self.make_room(core);
            } else {
                self.cores[core].interrupt = true;
                self.agenda.set(Kind::Interrupt, core, self.now + latency);
            }
        }
    }

    pub fn interrupt_has_come(&mut self, core: usize) {
        self.cores[core].interrupt = false;
        self.charge(core);
        self.make_room(core);
    }

    fn forget_interrupt(&mut self, core: usize) {
        self.cores[core].interrupt = false;
        self.agenda.cancel(Kind::Interrupt, core);
    }

    /// `thread` comes to an idle core; how long it takes to send that core an interrupt.
    fn arrive(&mut self, thread: usize, core: usize, entry: Entry) -> Span {
        self.threads[thread].place = Place::Arriving;
        self.threads[thread].core = core;
        self.threads[thread].entry = entry;
        let idle_since = self.cores[core].idle_since;
        let idle = self.now.since(idle_since);
        let polls = self.polls(idle);
        let (mut sending, mut latency) = (Span::ZERO, Span::ZERO);
        if self.now != Time::ZERO {
            if entry != Entry::Started {
                self.cores[core].switch = self.cost(if polls { Cost::FromPolling } else { Cost::FromHalted });
            }
            if polls {
                let at_rest = (idle_since + self.cost(Cost::GoingIdle)).max(self.now);
                latency = at_rest.since(self.now) + self.cost(Cost::LatencyJustIdle);
            } else {
                let deep = idle >= self.model.machine.costs.deep_idle_after;
                sending = self.cost(Cost::Interrupt);
                latency = sending + self.cost(if deep { Cost::LatencyDeep } else { Cost::LatencyIdle });
            }
        }
        self.cores[core].occupant = Some(thread);
        self.cores[core].arriving = true;
        self.begin_piece(core, Piece::Arrival, latency);
        sending
    }

    fn begin_piece(&mut self, core: usize, piece: Piece, length: Span) {
        self.cores[core].piece = Some(piece);
        self.cores[core].piece_began = self.now;
        self.cores[core].piece_ends = self.now + length;
        self.agenda.set(Kind::Core, core, self.now + length);
    }

    /// The core's thread must make room: at once in user code, otherwise before it next comes to user code.
    pub fn make_room(&mut self, core: usize) {
        let Some(thread) = self.cores[core].running() else { return };
        let in_user_code = match self.cores[core].piece {
            Some(Piece::Migration) => true,
            Some(Piece::Burst) => self.threads[thread].burst.is_some_and(|burst| burst.mode == Mode::User),
            _ => false,
        };
        if in_user_code {
            self.put_back(core, thread);
            self.carry_on(core);
        } else {
            self.cores[core].must_make_room = true;
        }
    }

    fn put_back(&mut self, core: usize, thread: usize) {
        self.account(core);
        self.charge(core);
        self.cores[core].must_make_room = false;
        self.cores[core].piece = None;
        if self.threads[thread].burst.is_some_and(|burst| burst.left.is_zero()) {
            self.threads[thread].burst = None;
        }
        self.leaves_core(thread);
        self.threads[thread].place = Place::Queued;
        self.mach_leaves(thread, core, true);
        self.ranked_leaves(thread, core, true);
        if let Some(next) = self.mach_replaces(thread, core).or_else(|| self.fifo_replaces(thread, core)) {
            self.threads[thread].report.usage.involuntary_switches += 1;
            self.give_core(core, thread, Some(next));
            // Nobody has woken this thread, so nobody pays for it.
            let (acting, reach) = (self.acting.take(), std::mem::take(&mut self.reach));
            self.make_ready(thread, Entry::Moved);
            (self.acting, self.reach) = (acting, reach);
            return;
        }
        self.cores[core].occupant = None;
        self.rejoins_queue(thread, core);
        let next = self.pick(core);
        self.threads[thread].report.usage.involuntary_switches += u64::from(next != Some(thread));
        self.give_core(core, thread, next);
    }

    /// A thread leaves its core for good; the next one gets it.
    fn leave_core(&mut self, thread: usize, place: Place) {
        let core = self.threads[thread].core;
        self.account(core);
        self.charge(core);
        self.leaves_core(thread);
        self.leaves(thread, core, place == Place::Blocked);
        self.threads[thread].place = place;
        self.cores[core].must_make_room = false;
        self.cores[core].piece = None;
        self.cores[core].occupant = None;
        let next = self.pick(core);
        self.give_core(core, thread, next);
    }

    fn give_core(&mut self, core: usize, previous: usize, next: Option<usize>) {
        self.agenda.cancel(Kind::Core, core);
        if let Some(thread) = next {
            let cost = if thread == previous { Span::ZERO } else { self.cost(Cost::ContextSwitch) };
            self.gets_core(thread, core);
            self.cores[core].switch = cost;
            self.cores[core].let_go_of = previous;
            let letting_go = std::mem::take(&mut self.cores[core].letting_go);
            if letting_go.is_zero() {
                self.begin_switch(core, thread);
            } else {
                self.begin_piece(core, Piece::LetGo, letting_go);
            }
        } else {
            self.cores[core].idle_since = self.now;
            self.cores[core].letting_go = Span::ZERO;
            self.forget_interrupt(core);
            self.agenda.cancel(Kind::Slice, core);
            self.agenda.cancel(Kind::Host, core);
        }
    }

    fn begin_switch(&mut self, core: usize, thread: usize) {
        let cost = std::mem::take(&mut self.cores[core].switch);
        let it = &self.threads[thread];
        let (migration, burst) = (it.migration_left, it.burst.map_or(Span::ZERO, |burst| burst.left));
        // A switch that takes no time is an event only if the thread's turn comes next.
        let turn_comes =
            migration.is_zero() && burst.is_zero() && self.cores[core].piece != Some(Piece::LetGo);
        if !cost.is_zero() || turn_comes {
            self.begin_piece(core, Piece::Switch, cost);
        } else {
            self.cores[core].piece = None;
            self.carry_on(core);
        }
    }

    fn gets_core(&mut self, thread: usize, core: usize) {
        self.bring_up(thread);
        self.has_come(thread);
        self.threads[thread].place = Place::Running;
        self.threads[thread].core = core;
        self.cores[core].occupant = Some(thread);
        self.cores[core].arriving = false;
        self.cores[core].charged_until = self.now;
        self.cores[core].picked_at = self.now;
        self.forget_interrupt(core);
        if self.threads[thread].last_core.is_some_and(|last| last != core) {
            let cost = self.cost(Cost::Migration);
            self.threads[thread].migration_left += cost;
            self.threads[thread].report.usage.migrations += 1;
        }
        self.threads[thread].last_core = Some(core);
        self.starts(thread, core);
        self.set_slice(core);
    }

    /// What a core was doing is over.
    pub fn piece_is_over(&mut self, core: usize) {
        self.account(core);
        let thread = self.cores[core].occupant.expect("an idle core has no event");
        match self.cores[core].piece.take() {
            Some(Piece::Arrival) => {
                self.enters(thread, core, self.threads[thread].entry);
                self.gets_core(thread, core);
                self.expect_interruption(core);
                let from_idle = std::mem::take(&mut self.cores[core].switch);
                if !from_idle.is_zero() {
                    return self.begin_piece(core, Piece::Switch, from_idle);
                }
            }
            Some(Piece::Interruption) => {
                let interrupted = self.cores[core].interrupted.take().expect("something stood still");
                if let (piece @ (Piece::Switch | Piece::LetGo), left) = interrupted {
                    return self.begin_piece(core, piece, left);
                }
            }
            Some(Piece::LetGo) => {
                self.cores[core].piece = Some(Piece::LetGo);
                return self.begin_switch(core, thread);
            }
            Some(Piece::Burst) => self.threads[thread].burst = None,
            _ => {}
        }
        self.carry_on(core);
    }

    /// Carries the thread on `core` as far as it goes without time passing.
    fn carry_on(&mut self, core: usize) {
        while let (Some(thread), None) = (self.cores[core].running(), self.cores[core].piece) {
            let must_make_room = self.cores[core].must_make_room;
            if !self.threads[thread].migration_left.is_zero() {
                if must_make_room {
                    self.put_back(core, thread);
                    continue;
                }
                self.begin_piece(core, Piece::Migration, self.threads[thread].migration_left);
                return;
            }
            match self.threads[thread].burst {
                Some(burst) if (burst.mode == Mode::User || burst.enters) && must_make_room => {
                    self.threads[thread].burst = Some(Burst { enters: false, ..burst });
                    self.put_back(core, thread);
                }
                Some(burst) if burst.left.is_zero() => self.threads[thread].burst = None,
                Some(burst) => {
                    self.threads[thread].burst = Some(Burst { enters: false, ..burst });
                    self.begin_piece(core, Piece::Burst, burst.left);
                }
                None => {
                    let before = self.acting.replace(core);
                    self.act(thread);
                    self.acting = before;
                }
            }
        }
    }

    /// What the thread on `core` executes stands still for `span`.
    fn interrupt_for(&mut self, core: usize, span: Span) {
        if span.is_zero() || self.cores[core].running().is_none() {
            return;
        }
        self.account(core);
        let left = self.cores[core].piece_ends.since(self.now);
        self.agenda.cancel(Kind::Core, core);
        match self.cores[core].piece {
            Some(Piece::Interruption) => self.begin_piece(core, Piece::Interruption, left + span),
            piece => {
                self.cores[core].interrupted = piece.map(|piece| (piece, left));
                self.begin_piece(core, Piece::Interruption, span);
            }
        }
    }

    pub fn host_interrupts(&mut self, core: usize) {
        let (length, every) = (self.cost(Cost::InterruptionLength), self.cost(Cost::InterruptionEvery));
        self.interrupt_for(core, length);
        self.agenda.set(Kind::Host, core, self.now + every.max(Span::from_micros(1)));
    }

    fn expect_interruption(&mut self, core: usize) {
        if self.model.machine.costs.interruption.is_some() {
            let whole = self.cost(Cost::RestWhole).picos() as f64;
            let part = self.streams.costs[Cost::RestPart as usize].unit();
            self.agenda.set(Kind::Host, core, self.now + Span::from_picos((whole * part) as u64));
        }
    }

    /// Books the time since the core's piece began, or was last booked.
    pub fn account(&mut self, core: usize) {
        let elapsed = self.now.since(self.cores[core].piece_began);
        self.cores[core].piece_began = self.now;
        let (Some(thread), Some(piece)) = (self.cores[core].occupant, self.cores[core].piece) else { return };
        let interrupted = self.cores[core].interrupted;
        let it = &mut self.threads[thread];
        let mode = match (piece, &mut it.burst) {
            (Piece::Arrival, _) => return,
            (Piece::LetGo, _) => {
                self.cores[core].charged_until += elapsed;
                let asleep = self.cores[core].let_go_of;
                self.threads[asleep].report.usage.system += elapsed;
                return;
            }
            (Piece::Interruption, burst) => match interrupted {
                Some((Piece::Switch | Piece::LetGo, _)) => Mode::Kernel,
                Some((Piece::Burst, _)) => burst.map_or(Mode::User, |burst| burst.mode),
                _ => Mode::User,
            },
            (Piece::Switch, _) => Mode::Kernel,
            (Piece::Burst, Some(burst)) => {
                burst.left -= elapsed;
                burst.mode
            }
            _ => {
                it.migration_left -= elapsed;
                Mode::User
            }
        };
        match mode {
            Mode::User => it.report.usage.user += elapsed,
            Mode::Kernel => it.report.usage.system += elapsed,
        }
    }

    /// The burst of `thread` becomes this long; its core's event is set anew.
    pub fn cut_burst(&mut self, thread: usize, left: Span) {
        self.threads[thread].burst = Some(Burst { mode: Mode::User, left, enters: false });
        let core = self.threads[thread].core;
        if self.threads[thread].place == Place::Running && self.cores[core].piece == Some(Piece::Burst) {
            self.begin_piece(core, Piece::Burst, left);
        }
    }

    /// The running thread sleeps, in a queue or until its timer comes or both.
    pub fn block_with_timer(&mut self, thread: usize, queue: Option<Queue>, timer: Option<Time>) {
        let setting = timer.map_or(Span::ZERO, |time| self.timer_change(time));
        self.begin_to_block(thread, queue, timer, setting);
        self.threads[thread].timer = timer;
    }

    /// The running thread sleeps, in a queue or until it is served or both.
    pub fn block(&mut self, thread: usize, queue: Option<Queue>, until: Option<Time>) {
        self.begin_to_block(thread, queue, until, Span::ZERO);
        self.threads[thread].timer = None;
    }

    /// What it costs to set or to take back a timer that comes at `time`.
    fn timer_change(&mut self, time: Time) -> Span {
        let tick = self.clock_interval();
        let comes_first = tick.is_zero() || time < self.next_tick(tick);
        if comes_first && self.model.machine.costs.timer_change != Distribution::ZERO {
            self.cost(Cost::TimerChange)
        } else {
            Span::ZERO
        }
    }

    fn begin_to_block(&mut self, thread: usize, queue: Option<Queue>, until: Option<Time>, setting: Span) {
        if let Some(queue) = queue {
            self.sleepers(queue).push_back(thread);
        }
        if let Some(until) = until {
            self.agenda.set(Kind::Timer, thread, until);
        }
        let it = &mut self.threads[thread];
        it.sleeps_on = queue;
        it.timed_out = false;
        it.sets_timer = true;
        it.takes_back = None;
        self.threads[thread].burst = Some(Burst { mode: Mode::Kernel, left: setting, enters: false });
        self.then(thread, &[Action::FallAsleep, Action::TakeTimerBack]);
    }

    /// The timer is set: unless it has been woken meanwhile, the thread sleeps.
    pub fn fall_asleep(&mut self, thread: usize) {
        let it = &mut self.threads[thread];
        if !std::mem::take(&mut it.sets_timer) {
            return;
        }
        it.report.usage.voluntary_switches += 1;
        if it.user_state == ThreadState::FailedAcquisition {
            it.user_state = ThreadState::WaitsForGil;
        }
        let (falling, core) = (self.cost(Cost::FallingAsleep), self.threads[thread].core);
        self.cores[core].charged_besides = falling;
        self.cores[core].letting_go = falling;
        self.leave_core(thread, Place::Blocked);
    }

    pub fn take_timer_back(&mut self, thread: usize) {
        if let Some((time, core)) = self.threads[thread].takes_back.take() {
            let here = core == self.threads[thread].core;
            let left = if here { self.timer_change(time) } else { Span::ZERO };
            self.threads[thread].burst = Some(Burst { mode: Mode::Kernel, left, enters: false });
        }
    }

    pub fn end_thread(&mut self, thread: usize) {
        self.threads[thread].report.ended = Some(self.now);
        self.leave_core(thread, Place::Done);
    }

    pub fn slice_is_over(&mut self, core: usize) {
        self.charge(core);
        let make_room = self.cores[core].running().is_some() && self.slice_decides(core);
        self.set_slice(core);
        if self.clock_ticks() {
            let cost = self.cost(Cost::ClockTick);
            self.interrupt_for(core, cost);
        }
        let gives_way = self.balances(core);
        if make_room || gives_way {
            self.make_room(core);
        }
        if let Some((thread, idle)) = self.spreads(core) {
            self.arrive(thread, idle, Entry::Moved);
        }
    }

    /// Charges the scheduler with the time on `core` since the last charge.
    pub fn charge(&mut self, core: usize) {
        if self.cores[core].piece == Some(Piece::LetGo) {
            self.account(core);
        }
        let besides = std::mem::take(&mut self.cores[core].charged_besides);
        let elapsed = self.now.since(self.cores[core].charged_until) + besides;
        self.cores[core].charged_until = self.now;
        if let Some(thread) = self.cores[core].running() {
            self.charged(thread, core, elapsed);
        }
    }

    fn set_slice(&mut self, core: usize) {
        match self.next_slice(core) {
            Some(time) => self.agenda.set(Kind::Slice, core, time),
            None => self.agenda.cancel(Kind::Slice, core),
        }
    }
}
