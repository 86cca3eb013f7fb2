//! The schedulers with priorities, fifo and windows (section 7 of the rules).

use gilsim::des::{Span, Time};
use gilsim::os::machine::SchedulerConfig;

use super::World;
use super::sched::Entry;

/// What is known of a thread.
#[derive(Clone, Copy, Default)]
struct Rank {
    base: u8,
    priority: u8,
    /// windows: of its quantum.
    used: Span,
    /// windows: it makes room because its quantum was over.
    goes_last: bool,
}

/// What is known of a core.
#[derive(Clone, Copy, Default)]
struct Claim {
    /// fifo: the highest priority that has claimed it.
    by: Option<u8>,
    /// When its thread, which has only arrived, is to look at the queue.
    looks: Option<Time>,
}

pub struct Ranks {
    threads: Vec<Rank>,
    cores: Vec<Claim>,
}

impl Ranks {
    pub fn new(model: &gilsim::sim::Model) -> Ranks {
        let rank = |thread: &gilsim::sim::ThreadSpec| {
            let base = thread.attributes.priority;
            Rank { base, priority: base, ..Rank::default() }
        };
        Ranks {
            threads: model.threads.iter().map(rank).collect(),
            cores: vec![Claim::default(); model.machine.cores],
        }
    }
}

impl World<'_> {
    fn is_fifo(&self) -> bool {
        matches!(self.model.machine.scheduler, SchedulerConfig::Fifo)
    }

    /// Quantum and tick, if this is the scheduler.
    fn windows(&self) -> Option<(Span, Span)> {
        match self.model.machine.scheduler {
            SchedulerConfig::Windows { quantum, tick } => Some((tick * u64::from(quantum), tick)),
            _ => None,
        }
    }

    pub fn rank(&self, thread: usize) -> u8 {
        self.ranks.threads[thread].priority
    }

    pub fn set_rank(&mut self, thread: usize, priority: u8) {
        self.ranks.threads[thread].priority = priority;
    }

    pub fn fifo_place(&self, thread: usize) -> usize {
        let allowed: Vec<usize> = (0..self.cores.len()).filter(|core| self.may_run(thread, *core)).collect();
        if allowed.iter().any(|core| self.cores[*core].occupant.is_none()) {
            return self.usual_place(thread);
        }
        let of_core = |core: &usize| {
            let occupant = self.cores[*core].occupant.map(|occupant| self.rank(occupant));
            occupant.max(self.ranks.cores[*core].by)
        };
        let lowest = allowed.iter().map(of_core).min().expect("there is a core");
        let last = self.threads[thread].last_core;
        let of_lowest: Vec<usize> = allowed.iter().copied().filter(|core| of_core(core) == lowest).collect();
        let best = last.filter(|last| of_lowest.contains(last)).unwrap_or(of_lowest[0]);
        if lowest < Some(self.rank(thread)) { best } else { last.unwrap_or(best) }
    }

    pub fn windows_place(&self, thread: usize) -> usize {
        let allowed: Vec<usize> = (0..self.cores.len()).filter(|core| self.may_run(thread, *core)).collect();
        let ideal = allowed[thread % allowed.len()];
        let mut wanted = vec![ideal];
        wanted.extend(self.threads[thread].last_core);
        wanted.extend(allowed);
        wanted.into_iter().find(|core| self.cores[*core].occupant.is_none()).unwrap_or(ideal)
    }

    /// A wait has ended that boosts by so much.
    pub fn wait_has_ended(&mut self, thread: usize, boost: u8) {
        if self.windows().is_none() {
            return;
        }
        let rank = &mut self.ranks.threads[thread];
        if rank.base >= 16 || boost > 0 {
            rank.used = Span::ZERO;
        }
        if rank.base < 16 && boost > 0 {
            rank.priority = rank.priority.max(15.min(rank.base + boost));
        }
    }

    /// Whether the scheduler keeps queues by priority; then the thread has joined that of `core`.
    pub fn ranked_joins_queue(&mut self, thread: usize, core: usize, queue: usize) -> bool {
        if !self.is_fifo() && self.windows().is_none() {
            return false;
        }
        let own = self.rank(thread);
        let goes_last = std::mem::take(&mut self.ranks.threads[thread].goes_last);
        let before_equals = self.threads[thread].entry == Entry::Moved && !goes_last;
        self.ranks.cores[core].by = self.ranks.cores[core].by.max(Some(own));
        let queued = &self.scheduler.queues[queue].queued;
        let place = queued.iter().position(|other| {
            let other = self.ranks.threads[*other].priority;
            if before_equals { other <= own } else { other < own }
        });
        let place = place.unwrap_or(queued.len());
        self.scheduler.queues[queue].queued.insert(place, thread);
        true
    }

    /// The highest priority that queues and may run on `core`.
    pub fn front(&self, core: usize) -> Option<u8> {
        let queue = if self.is_fifo() { 0 } else { core };
        let queued = &self.scheduler.queues[queue].queued;
        queued.iter().filter(|thread| self.may_run(**thread, core)).map(|thread| self.rank(*thread)).max()
    }

    pub fn ranked_starts(&mut self, thread: usize, core: usize) {
        let higher = self.front(core).filter(|front| *front > self.rank(thread));
        self.ranks.cores[core] = Claim { by: higher, looks: higher.map(|_| self.now) };
    }

    pub fn ranked_leaves(&mut self, thread: usize, core: usize, makes_room: bool) {
        self.ranks.cores[core] = Claim::default();
        self.ranks.threads[thread].goes_last &= makes_room;
    }

    pub fn ranked_used(&mut self, thread: usize, elapsed: Span) {
        self.ranks.threads[thread].used += elapsed;
    }

    pub fn outranks(&self, thread: usize, running: usize) -> bool {
        self.rank(thread) > self.rank(running)
    }

    /// When the timer of `core` comes.
    pub fn ranked_timer(&self, core: usize) -> Option<Time> {
        let looks = self.ranks.cores[core].looks;
        let tick = self.windows().map(|(_, tick)| self.next_tick(tick));
        looks.into_iter().chain(tick).min()
    }

    /// The timer of `core` has come: whether its thread must make room.
    pub fn ranked_decides(&mut self, core: usize, running: usize) -> bool {
        self.ranks.cores[core].looks = None;
        let mut is_over = false;
        if let Some((quantum, _)) = self.windows() {
            let ticks = self.clock_ticks();
            let rank = &mut self.ranks.threads[running];
            is_over = ticks && rank.used >= quantum;
            if is_over {
                rank.used = Span::ZERO;
                rank.priority = (rank.priority - 1).max(rank.base);
            }
        }
        let own = self.rank(running);
        let gives_way = self.front(core).is_some_and(|front| front > own || (front == own && is_over));
        if gives_way && is_over {
            self.ranks.threads[running].goes_last = true;
        }
        gives_way
    }

    /// fifo: who gets `core` from a thread that makes room there, if that one is better placed elsewhere.
    pub fn fifo_replaces(&mut self, thread: usize, core: usize) -> Option<usize> {
        if self.is_fifo() && self.fifo_place(thread) != core { self.pick(core) } else { None }
    }
}
