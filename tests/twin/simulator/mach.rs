//! The Mach scheduler (section 7 of the rules).

use gilsim::des::{Span, Time};
use gilsim::os::machine::SchedulerConfig;

use super::{Kind, World};

const BASE_PRIORITY: u64 = 31;

/// What the scheduler knows of a thread.
#[derive(Clone, Copy)]
pub struct Share {
    base: u64,
    priority: u64,
    usage: Span,
    unaccounted: Span,
    shift: Option<u32>,
    quantum_left: Span,
    ticks_seen: u64,
}

impl Share {
    fn new(nice: i8) -> Share {
        let base = u64::try_from(31 - i64::from(nice)).expect("it is at most 19");
        Share {
            base,
            priority: base,
            usage: Span::ZERO,
            unaccounted: Span::ZERO,
            shift: None,
            quantum_left: Span::ZERO,
            ticks_seen: 0,
        }
    }
}

impl Share {
    fn account(&mut self) {
        let unaccounted = std::mem::take(&mut self.unaccounted);
        if self.shift.is_some() {
            self.usage += unaccounted;
        }
    }

    fn set_priority(&mut self) {
        let lost = self.shift.map_or(0, |shift| (self.usage.picos() / 1000) >> shift);
        self.priority = self.base.saturating_sub(lost);
    }
}

/// The quantum of the thread that runs on a core.
#[derive(Clone, Copy, Default)]
pub struct Quantum {
    ends: Time,
    is_first: bool,
}

/// What the scheduler knows of the machine.
pub struct Load {
    shares: Vec<Share>,
    quanta: Vec<Quantum>,
    ticks: u64,
    shift: Option<u32>,
}

impl Load {
    pub fn new(model: &gilsim::sim::Model) -> Load {
        Load {
            shares: model.threads.iter().map(|thread| Share::new(thread.attributes.nice)).collect(),
            quanta: vec![Quantum::default(); model.machine.cores],
            ticks: 0,
            shift: None,
        }
    }
}

impl World<'_> {
    /// Quantum and decay interval, if this is the scheduler.
    fn mach(&self) -> Option<(Span, Span)> {
        match self.model.machine.scheduler {
            SchedulerConfig::Mach { quantum, decay_interval } => Some((quantum, decay_interval)),
            _ => None,
        }
    }

    pub fn set_tick(&mut self) {
        if let Some((_, decay_interval)) = self.mach() {
            self.agenda.set(Kind::Tick, 0, self.now + decay_interval);
        }
    }

    pub fn tick(&mut self) {
        let (_, decay_interval) = self.mach().expect("only Mach has ticks");
        self.set_tick();
        self.load.ticks += 1;
        let cores = self.cores.len();
        let occupied = self.cores.iter().filter(|core| core.occupant.is_some()).count();
        let runnable = occupied + self.scheduler.queues.iter().map(|queue| queue.queued.len()).sum::<usize>();
        self.load.shift = (runnable > cores)
            .then(|| fixed_shift(decay_interval).saturating_sub((runnable / cores).ilog2()));
        for core in 0..cores {
            let mut queued = std::mem::take(&mut self.scheduler.queues[core].queued);
            for thread in &queued {
                self.update(*thread);
            }
            queued.sort_by_key(|thread| std::cmp::Reverse(self.priority(*thread)));
            self.scheduler.queues[core].queued = queued;
        }
    }

    fn priority(&self, thread: usize) -> u64 {
        self.load.shares[thread].priority
    }

    /// Brings a thread up to date if it has not seen the last tick.
    fn update(&mut self, thread: usize) {
        let share = &mut self.load.shares[thread];
        let unseen = self.load.ticks - share.ticks_seen;
        if unseen == 0 {
            return;
        }
        share.ticks_seen = self.load.ticks;
        share.shift = self.load.shift;
        share.account();
        for _ in 0..unseen.min(32) {
            share.usage = Span::from_picos(share.usage.picos() / 8 * 5);
        }
        if unseen >= 32 {
            share.usage = Span::ZERO;
        }
        share.set_priority();
    }

    /// The core for a thread that is woken, started or must make room on its last core.
    pub fn mach_place(&self, thread: usize) -> usize {
        let priority_at = |core: usize| self.cores[core].occupant.map(|occupant| self.priority(occupant));
        let runs_lower = |core: usize| priority_at(core).is_some_and(|other| other < self.priority(thread));
        let last = self.threads[thread].last_core;
        let mut allowed = (0..self.cores.len()).filter(|core| self.may_run(thread, *core));
        if allowed.clone().any(|core| priority_at(core).is_none()) {
            return last.filter(|core| runs_lower(*core)).unwrap_or_else(|| self.usual_place(thread));
        }
        let lowest = allowed.by_ref().min_by_key(|core| priority_at(*core)).expect("there is a core");
        last.filter(|core| runs_lower(*core) || !runs_lower(lowest)).unwrap_or(lowest)
    }

    pub fn mach_joins_queue(&mut self, thread: usize, core: usize) {
        self.update(thread);
        let (quantum, _) = self.mach().expect("it is Mach");
        let left = self.load.shares[thread].quantum_left;
        let before_equals = !left.is_zero() && left < quantum;
        let priority = self.priority(thread);
        let queued = &self.scheduler.queues[core].queued;
        let place = queued.iter().position(|other| {
            let other = self.load.shares[*other].priority;
            other < priority || other == priority && before_equals
        });
        let place = place.unwrap_or(queued.len());
        self.scheduler.queues[core].queued.insert(place, thread);
    }

    pub fn mach_used(&mut self, thread: usize, elapsed: Span) {
        self.load.shares[thread].unaccounted += elapsed;
    }

    pub fn mach_starts(&mut self, thread: usize, core: usize) {
        let Some((quantum, _)) = self.mach() else { return };
        self.update(thread);
        let left = self.load.shares[thread].quantum_left;
        let length = if left.is_zero() { quantum } else { left };
        self.load.quanta[core] = Quantum { ends: self.now + length, is_first: true };
    }

    /// The thread leaves its core, to sleep, for good, or to make room.
    pub fn mach_leaves(&mut self, thread: usize, core: usize, makes_room: bool) {
        let Some((quantum, _)) = self.mach() else { return };
        self.update(thread);
        let running = self.load.quanta[core];
        let mut left = Span::ZERO;
        if makes_room {
            if running.is_first {
                left = running.ends.since(self.now);
            }
            if left < Span::from_micros(250) {
                left += quantum;
            }
        }
        self.load.shares[thread].quantum_left = left;
    }

    pub fn quantum_ends(&self, core: usize) -> Time {
        self.load.quanta[core].ends
    }

    /// Whether the thread on `core` must make room for another.
    pub fn mach_gives_way(&self, core: usize, running: usize, other: usize) -> bool {
        let (own, other) = (self.priority(running), self.priority(other));
        other > own || other == own && !self.load.quanta[core].is_first
    }

    /// The quantum of the thread on `core` is over; whether it must make room.
    pub fn quantum_is_over(&mut self, core: usize, running: usize) -> bool {
        let Some((quantum, _)) = self.mach() else { return false };
        self.update(running);
        self.load.shares[running].account();
        self.load.shares[running].set_priority();
        self.load.quanta[core] = Quantum { ends: self.now + quantum, is_first: false };
        let front = self.scheduler.queues[core].queued.first().copied();
        front.is_some_and(|front| self.mach_gives_way(core, running, front))
    }

    /// Who gets `core` from a thread that makes room there, if that one is better placed elsewhere.
    pub fn mach_replaces(&mut self, thread: usize, core: usize) -> Option<usize> {
        self.mach()?;
        if self.mach_place(thread) == core { None } else { self.pick(core) }
    }
}

/// The smallest shift by which 5/3 of the decay interval comes to at most the base priority.
fn fixed_shift(decay_interval: Span) -> u32 {
    let length = decay_interval.picos() / 1000 / 3 * 5;
    (0..64).find(|shift| length >> shift <= BASE_PRIORITY).expect("all is shifted out")
}
