//! Schedulers (section 7 of the rules), by searching all queues and all cores each time.

use gilsim::des::{Span, Time};
use gilsim::os::machine::SchedulerConfig;

use super::World;

/// How a thread comes to a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Started,
    Woken,
    /// From the queue of another core.
    Moved,
}

/// What a scheduler knows of a thread: picoseconds of virtual time.
#[derive(Clone, Copy, Default)]
pub struct Entity {
    vruntime: i128,
    /// CFS: the core to whose minimum the vruntime is relative.
    home: usize,
    deadline: i128,
    lag: i128,
    /// EEVDF: the deadline it had when it was picked.
    protected_until: i128,
    /// EEVDF: how far off its deadline was when it was moved.
    distance: i128,
    /// EEVDF: it sleeps in the queue of its core.
    stays: bool,
    /// What it has used of its core since it was picked.
    used: Span,
}

#[derive(Clone, Default)]
pub struct RunQueue {
    pub queued: Vec<usize>,
    minimum: i128,
    average: i128,
    /// EEVDF: who makes room while the next is picked.
    makes_room: Option<usize>,
    /// EEVDF: the running thread has used up its slice.
    used_up: bool,
}

pub struct Scheduler {
    /// The weight of each thread.
    weights: Vec<i128>,
    pub queues: Vec<RunQueue>,
    pub entities: Vec<Entity>,
    factor: u64,
}

impl Scheduler {
    pub fn new(model: &gilsim::sim::Model) -> Scheduler {
        let (cores, threads) = (model.machine.cores, model.threads.len());
        let weight = |thread: &gilsim::sim::ThreadSpec| weight_of(thread.attributes.nice);
        Scheduler {
            weights: model.threads.iter().map(weight).collect(),
            queues: vec![RunQueue::default(); cores],
            entities: vec![Entity::default(); threads],
            factor: 1 + u64::from(cores.min(8).ilog2()),
        }
    }
}

/// `sched_prio_to_weight`, of which this has every fifth.
fn weight_of(nice: i8) -> i128 {
    let known = [
        (-20, 88761),
        (-15, 29154),
        (-10, 9548),
        (-5, 3121),
        (-1, 1277),
        (0, 1024),
        (1, 820),
        (5, 335),
        (10, 110),
        (15, 36),
        (19, 15),
    ];
    known.into_iter().find(|(other, _)| *other == nice).expect("the generator makes no other").1
}

fn picos(span: Span) -> i128 {
    i128::from(span.picos())
}

impl World<'_> {
    /// The core for a woken or started thread.
    pub fn place(&mut self, thread: usize) -> usize {
        if self.scheduler.entities[thread].stays {
            return self.threads[thread].core;
        }
        match self.model.machine.scheduler {
            SchedulerConfig::Mach { .. } => self.mach_place(thread),
            SchedulerConfig::Fifo => self.fifo_place(thread),
            SchedulerConfig::Windows { .. } => self.windows_place(thread),
            SchedulerConfig::Eevdf { .. } => self.place_by_load(thread),
            _ => self.usual_place(thread),
        }
    }

    pub fn usual_place(&self, thread: usize) -> usize {
        let is_idle = |core: usize| self.cores[core].occupant.is_none();
        let allowed = (0..self.cores.len()).filter(|core| self.may_run(thread, *core));
        match self.threads[thread].last_core {
            Some(last) if is_idle(last) => last,
            last => allowed.clone().find(|core| is_idle(*core)).or(last).or(allowed.min()).unwrap(),
        }
    }

    pub fn may_run(&self, thread: usize, core: usize) -> bool {
        self.model.threads[thread].attributes.cores.contains(core)
    }

    fn queue_of(&self, core: usize) -> usize {
        match self.model.machine.scheduler {
            SchedulerConfig::RoundRobin { .. } | SchedulerConfig::Fifo => 0,
            _ => core,
        }
    }

    /// The threads that queue or run at `core`.
    fn members(&self, core: usize) -> Vec<usize> {
        self.scheduler.queues[core].queued.iter().copied().chain(self.cores[core].running()).collect()
    }

    fn vruntime(&self, thread: usize) -> i128 {
        self.scheduler.entities[thread].vruntime
    }

    fn slice(&self) -> Span {
        match self.model.machine.scheduler {
            SchedulerConfig::Eevdf { base_slice, .. } => base_slice * self.scheduler.factor,
            SchedulerConfig::Cfs { latency, .. } => latency * self.scheduler.factor,
            _ => Span::ZERO,
        }
    }

    /// CFS: the slice of the thread that runs on `core`.
    fn share(&self, core: usize, minimum_granularity: Span) -> Span {
        let running = self.cores[core].running().expect("a thread runs there");
        let count = self.members(core).len() as u64;
        let period =
            if count <= 8 { self.slice() } else { minimum_granularity * self.scheduler.factor * count };
        let share = picos(period) * self.weight(running) / self.weight_at(core);
        Span::from_picos(u64::try_from(share).expect("not so long"))
    }

    pub fn weight(&self, thread: usize) -> i128 {
        self.scheduler.weights[thread]
    }

    /// The weight of all members of `core`.
    fn weight_at(&self, core: usize) -> i128 {
        self.members(core).into_iter().map(|thread| self.weight(thread)).sum()
    }

    /// The virtual time of a time, for a thread.
    fn virtual_time(&self, thread: usize, span: Span) -> i128 {
        picos(span) * 1024 / self.weight(thread)
    }

    fn update_minimum(&mut self, core: usize) {
        let smallest = self.members(core).into_iter().map(|thread| self.vruntime(thread)).min();
        let minimum = self.scheduler.queues[core].minimum;
        self.scheduler.queues[core].minimum = minimum.max(smallest.unwrap_or(minimum));
    }

    fn average(&mut self, core: usize) -> i128 {
        let members = self.members(core);
        if !members.is_empty() {
            let sum: i128 = members.iter().map(|thread| self.vruntime(*thread) * self.weight(*thread)).sum();
            self.scheduler.queues[core].average = sum / self.weight_at(core);
        }
        self.scheduler.queues[core].average
    }

    /// A woken or started thread begins to queue or to run on `core`.
    pub fn enters(&mut self, thread: usize, core: usize, entry: Entry) {
        let slice = picos(self.slice());
        match self.model.machine.scheduler {
            SchedulerConfig::Cfs { .. } => {
                self.move_home(thread, core);
                let minimum = self.scheduler.queues[core].minimum;
                let entity = &mut self.scheduler.entities[thread];
                entity.vruntime = match entry {
                    Entry::Started => minimum,
                    Entry::Woken => entity.vruntime.max(minimum - slice / 2),
                    Entry::Moved => entity.vruntime,
                };
            }
            SchedulerConfig::Eevdf { .. } => {
                let others = self.weight_at(core);
                let own = self.weight(thread);
                let slice = self.virtual_time(thread, self.slice());
                let average = self.average(core);
                let entity = &mut self.scheduler.entities[thread];
                if entry == Entry::Started {
                    entity.vruntime = average;
                    entity.deadline = entity.vruntime + slice / 2;
                } else {
                    let lag = if others == 0 { 0 } else { entity.lag * (others + own) / others };
                    entity.vruntime = average - lag;
                    let distance = if entry == Entry::Moved { entity.distance } else { slice };
                    entity.deadline = entity.vruntime + distance;
                }
            }
            _ => {}
        }
    }

    /// CFS: the thread keeps its distance from the minimum.
    fn move_home(&mut self, thread: usize, core: usize) {
        let old = std::mem::replace(&mut self.scheduler.entities[thread].home, core);
        let shift = self.scheduler.queues[core].minimum - self.scheduler.queues[old].minimum;
        self.scheduler.entities[thread].vruntime += shift;
    }

    /// EEVDF: whether `thread` slept in the queue of `core`; it is awake there now.
    pub fn goes_on_in_queue(&mut self, thread: usize, core: usize) -> bool {
        if !std::mem::take(&mut self.scheduler.entities[thread].stays) {
            return false;
        }
        if self.average(core) > self.vruntime(thread) {
            self.scheduler.queues[core].queued.retain(|queued| *queued != thread);
            self.scheduler.entities[thread].lag = 0;
            self.enters(thread, core, Entry::Woken);
            self.joins_queue(thread, core);
        }
        true
    }

    /// The thread makes room on `core`: it queues again.
    pub fn rejoins_queue(&mut self, thread: usize, core: usize) {
        self.threads[thread].entry = Entry::Moved;
        self.joins_queue(thread, core);
        self.scheduler.queues[core].makes_room = Some(thread);
    }

    pub fn joins_queue(&mut self, thread: usize, core: usize) {
        if let SchedulerConfig::Mach { .. } = self.model.machine.scheduler {
            return self.mach_joins_queue(thread, core);
        }
        let queue = self.queue_of(core);
        if self.ranked_joins_queue(thread, core, queue) {
            return;
        }
        self.scheduler.queues[queue].queued.push(thread);
    }

    /// Takes the thread out of its queue that runs next on `core`.
    pub fn pick(&mut self, core: usize) -> Option<usize> {
        let own = self.queue_of(core);
        if self.scheduler.queues[own].queued.is_empty() {
            return self.pull(core);
        }
        let queued = self.scheduler.queues[own].queued.clone();
        let next = match self.model.machine.scheduler {
            SchedulerConfig::Cfs { .. } => queued.iter().copied().min_by_key(|thread| self.vruntime(*thread)),
            SchedulerConfig::Eevdf { .. } => {
                let next = self.first_by_deadline(core);
                if self.scheduler.entities[next].stays {
                    self.sleeper_leaves(next, core);
                    return self.pick(core);
                }
                Some(next)
            }
            _ => queued.iter().copied().find(|thread| self.may_run(*thread, core)),
        };
        self.scheduler.queues[own].queued.retain(|thread| Some(*thread) != next);
        next
    }

    /// EEVDF: who of the queue is picked, if it does not sleep.
    fn first_by_deadline(&mut self, core: usize) -> usize {
        let average = self.average(core);
        if let Some(thread) = self.scheduler.queues[core].makes_room {
            let entity = self.scheduler.entities[thread];
            if entity.vruntime <= average && entity.vruntime < entity.protected_until {
                return thread;
            }
        }
        let queued = &self.scheduler.queues[core].queued;
        let deadline = |thread: &usize| self.scheduler.entities[*thread].deadline;
        let eligible = queued.iter().copied().filter(|thread| self.vruntime(*thread) <= average);
        eligible.min_by_key(deadline).or_else(|| queued.iter().copied().min_by_key(deadline)).unwrap()
    }

    /// EEVDF: a sleeper leaves the queue of `core`.
    fn sleeper_leaves(&mut self, sleeper: usize, core: usize) {
        let lag = self.bounded_lag(sleeper, core).min(0);
        self.scheduler.entities[sleeper].lag = lag;
        self.scheduler.entities[sleeper].stays = false;
        self.scheduler.queues[core].queued.retain(|thread| *thread != sleeper);
    }

    /// EEVDF: the lag of a member of `core`.
    fn bounded_lag(&mut self, thread: usize, core: usize) -> i128 {
        let SchedulerConfig::Eevdf { tick, .. } = self.model.machine.scheduler else { return 0 };
        let bound = self.virtual_time(thread, tick + self.slice());
        (self.average(core) - self.vruntime(thread)).clamp(-bound, bound)
    }

    /// Of those that queue on `from` and may go to `to`: under mach the first, else the last.
    fn movable(&self, from: usize, to: usize) -> Option<usize> {
        let queued = &self.scheduler.queues[from].queued;
        let mut movable =
            queued.iter().copied().filter(|thread| self.may_run(*thread, to) && !self.stays(*thread));
        match self.model.machine.scheduler {
            SchedulerConfig::Mach { .. } | SchedulerConfig::Windows { .. } => movable.next(),
            _ => movable.next_back(),
        }
    }

    fn stays(&self, thread: usize) -> bool {
        self.scheduler.entities[thread].stays
    }

    /// EEVDF: takes `thread` out of the queue of `core`, to be moved.
    pub fn departs(&mut self, thread: usize, core: usize) {
        self.bring_up(thread);
        let lag = self.bounded_lag(thread, core);
        let entity = &mut self.scheduler.entities[thread];
        entity.lag = lag;
        entity.distance = entity.deadline - entity.vruntime;
        self.scheduler.queues[core].queued.retain(|queued| *queued != thread);
    }

    /// EEVDF: at the end of the slice timer of `core`, the thread that goes to an idle core, and that core.
    pub fn spreads(&mut self, core: usize) -> Option<(usize, usize)> {
        let SchedulerConfig::Eevdf { .. } = self.model.machine.scheduler else { return None };
        let idle = (0..self.cores.len())
            .find(|other| self.cores[*other].occupant.is_none() && self.movable(core, *other).is_some())?;
        let thread = self.movable(core, idle)?;
        self.departs(thread, core);
        Some((thread, idle))
    }

    /// Takes a thread that may run here, from the longest queue that has one: under mach the first, else the last.
    fn pull(&mut self, core: usize) -> Option<usize> {
        let awake = |world: &Self, other: usize| {
            let queued = &world.scheduler.queues[other].queued;
            queued.iter().filter(|thread| !world.stays(**thread)).count()
        };
        let longest = (0..self.cores.len())
            .rev()
            .filter(|other| self.movable(*other, core).is_some())
            .max_by_key(|other| awake(self, *other))?;
        let thread = self.movable(longest, core)?;
        match self.model.machine.scheduler {
            SchedulerConfig::Cfs { .. } => {
                self.scheduler.queues[longest].queued.retain(|queued| *queued != thread);
                self.move_home(thread, core);
                Some(thread)
            }
            SchedulerConfig::Eevdf { .. } => {
                self.departs(thread, longest);
                self.enters(thread, core, Entry::Moved);
                Some(thread)
            }
            SchedulerConfig::Mach { .. } | SchedulerConfig::Windows { .. } => {
                self.scheduler.queues[longest].queued.retain(|queued| *queued != thread);
                Some(thread)
            }
            SchedulerConfig::RoundRobin { .. } | SchedulerConfig::Fifo => None,
        }
    }

    /// The thread has used its core.
    pub fn charged(&mut self, thread: usize, core: usize, elapsed: Span) {
        let slice = self.virtual_time(thread, self.slice());
        let virtual_time = self.virtual_time(thread, elapsed);
        let entity = &mut self.scheduler.entities[thread];
        entity.used += elapsed;
        entity.vruntime += virtual_time;
        match self.model.machine.scheduler {
            SchedulerConfig::Cfs { .. } => self.update_minimum(core),
            SchedulerConfig::Eevdf { .. } if !elapsed.is_zero() => {
                let entity = &mut self.scheduler.entities[thread];
                let reached = entity.vruntime >= entity.deadline;
                let unprotected = entity.vruntime >= entity.protected_until;
                if reached {
                    entity.deadline = entity.vruntime + slice;
                }
                let others = !self.scheduler.queues[core].queued.is_empty();
                self.scheduler.queues[core].used_up |= others && (reached || unprotected);
            }
            SchedulerConfig::Mach { .. } => self.mach_used(thread, elapsed),
            SchedulerConfig::Windows { .. } => self.ranked_used(thread, elapsed),
            _ => {}
        }
    }

    /// The thread leaves its core for good: it sleeps or has ended.
    pub fn leaves(&mut self, thread: usize, core: usize, sleeps: bool) {
        if let SchedulerConfig::Eevdf { .. } = self.model.machine.scheduler {
            if sleeps && self.vruntime(thread) > self.average(core) {
                self.scheduler.entities[thread].stays = true;
                self.joins_queue(thread, core);
            } else {
                self.scheduler.entities[thread].lag = self.bounded_lag(thread, core);
            }
        }
        self.mach_leaves(thread, core, false);
        self.ranked_leaves(thread, core, false);
    }

    /// The thread begins to run on `core`.
    pub fn starts(&mut self, thread: usize, core: usize) {
        let entity = &mut self.scheduler.entities[thread];
        entity.used = Span::ZERO;
        let queue = &mut self.scheduler.queues[core];
        if queue.makes_room.take() != Some(thread) {
            entity.protected_until = entity.deadline;
        }
        queue.used_up = false;
        if let SchedulerConfig::Cfs { .. } = self.model.machine.scheduler {
            self.update_minimum(core);
        }
        self.mach_starts(thread, core);
        self.ranked_starts(thread, core);
    }

    /// Whether the thread that runs on `core` must make room for `woken`, which queues there.
    pub fn displaces(&mut self, core: usize, woken: usize, entry: Entry) -> bool {
        let Some(running) = self.cores[core].running() else { return false };
        match self.model.machine.scheduler {
            SchedulerConfig::Cfs { wakeup_granularity, .. } => {
                let granularity = self.virtual_time(woken, wakeup_granularity * self.scheduler.factor);
                self.vruntime(running) - self.vruntime(woken) > granularity
            }
            SchedulerConfig::Eevdf { .. } => self.eevdf_gives_way(core, running, woken, entry),
            SchedulerConfig::Mach { .. } => self.mach_gives_way(core, running, woken),
            SchedulerConfig::RoundRobin { .. } => false,
            SchedulerConfig::Fifo | SchedulerConfig::Windows { .. } => self.outranks(woken, running),
        }
    }

    fn eevdf_gives_way(&mut self, core: usize, running: usize, woken: usize, entry: Entry) -> bool {
        if self.scheduler.queues[core].used_up || entry == Entry::Started {
            return self.scheduler.queues[core].used_up;
        }
        let average = self.average(core);
        let first = self.first_by_deadline(core);
        let (entity, other) = (self.scheduler.entities[running], self.scheduler.entities[first]);
        let stands = entity.vruntime <= average
            && (entity.vruntime < entity.protected_until || entity.deadline < other.deadline);
        if stands || other.vruntime > average {
            return false;
        }
        if other.stays {
            self.sleeper_leaves(first, core);
            return self.eevdf_gives_way(core, running, woken, entry);
        }
        first == woken
    }

    /// The timer of the slice of `core` has come: whether its thread must make room.
    pub fn slice_decides(&mut self, core: usize) -> bool {
        let Some(running) = self.cores[core].running() else { return false };
        let used = self.scheduler.entities[running].used;
        let queued = &self.scheduler.queues[self.queue_of(core)].queued;
        match self.model.machine.scheduler {
            SchedulerConfig::RoundRobin { .. } => {
                self.cores[core].picked_at = self.now;
                queued.clone().into_iter().any(|thread| self.may_run(thread, core))
            }
            SchedulerConfig::Cfs { minimum_granularity, .. } => {
                let Some(smallest) = queued.iter().map(|thread| self.vruntime(*thread)).min() else {
                    return false;
                };
                let slice = self.share(core, minimum_granularity);
                let ahead = self.vruntime(running) - smallest;
                used >= slice || (used >= minimum_granularity * self.scheduler.factor && ahead > picos(slice))
            }
            SchedulerConfig::Eevdf { .. } => self.scheduler.queues[core].used_up,
            SchedulerConfig::Mach { .. } => self.quantum_is_over(core, running),
            SchedulerConfig::Fifo | SchedulerConfig::Windows { .. } => self.ranked_decides(core, running),
        }
    }

    /// When the timer of the slice of `core` comes.
    pub fn next_slice(&mut self, core: usize) -> Option<Time> {
        let running = self.cores[core].running()?;
        let others_queue = !self.scheduler.queues[self.queue_of(core)].queued.is_empty();
        match self.model.machine.scheduler {
            SchedulerConfig::RoundRobin { quantum } => Some(self.cores[core].picked_at + quantum),
            SchedulerConfig::Mach { .. } => Some(self.quantum_ends(core)),
            SchedulerConfig::Fifo | SchedulerConfig::Windows { .. } => self.ranked_timer(core),
            SchedulerConfig::Eevdf { tick, .. } if !tick.is_zero() => Some(self.next_tick(tick)),
            _ if !others_queue => None,
            SchedulerConfig::Cfs { tick, .. } if !tick.is_zero() => Some(self.next_tick(tick)),
            SchedulerConfig::Cfs { minimum_granularity, .. } => {
                let slice = picos(self.share(core, minimum_granularity));
                Some(self.timer_after(slice - picos(self.scheduler.entities[running].used)))
            }
            SchedulerConfig::Eevdf { .. } => {
                let entity = self.scheduler.entities[running];
                let lacks = entity.deadline - entity.vruntime;
                Some(self.timer_after(lacks * self.weight(running) / 1024))
            }
        }
    }

    /// From one tick of the clock to the next; nothing if there is no clock.
    pub fn clock_interval(&self) -> Span {
        match self.model.machine.scheduler {
            SchedulerConfig::Cfs { tick, .. }
            | SchedulerConfig::Eevdf { tick, .. }
            | SchedulerConfig::Windows { tick, .. } => tick,
            _ => Span::ZERO,
        }
    }

    /// Whether the clock ticks now.
    pub fn clock_ticks(&self) -> bool {
        let tick = self.clock_interval();
        let since_first = self.now.picos().checked_sub(self.first_tick.picos());
        !tick.is_zero() && since_first.is_some_and(|since| since.is_multiple_of(tick.picos()))
    }

    /// The first tick of the clock after now.
    pub fn next_tick(&self, tick: Span) -> Time {
        let mut time = self.first_tick;
        while time <= self.now {
            let ticks = (self.now.since(time).picos() / tick.picos()).max(1);
            time += tick * ticks;
        }
        time
    }

    /// A high-resolution timer, so many picoseconds from now, but at least 10 us.
    fn timer_after(&self, picos: i128) -> Time {
        self.now + Span::from_picos(u64::try_from(picos.max(10_000_000)).expect("not so long"))
    }
}
