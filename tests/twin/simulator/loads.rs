//! The loads of eevdf, and placement and balancing by them (section 7 of the rules).

use gilsim::des::{Span, Time};
use gilsim::os::machine::SchedulerConfig;

use super::World;
use super::kernel::Place;
use super::sched::Entry;

/// What a sum comes to in the end if nothing is ever missing from it.
const LARGEST_SUM: u64 = 47742;
const UNIT: Span = Span::from_nanos(1024);
const PERIOD: u64 = 1024;
const FULL: u64 = 1024;
/// In percent, what counts as too much.
const TOO_MUCH: u64 = 117;
const STAYS_HOT: Span = Span::from_micros(500);

/// `runnable_avg_yN_inv`: what is left of 2^32 - 1 after fewer than 32 periods, half being left after 32; whole.
fn left_after(periods: u64) -> u64 {
    (f64::from(u32::MAX) * 0.5_f64.powf(periods as f64 / 32.0)) as u64
}

fn decayed(value: u64, periods: u64) -> u64 {
    if periods > 2016 {
        return 0;
    }
    let value = value >> (periods / 32);
    match periods % 32 {
        0 => value,
        rest => (value * left_after(rest)) >> 32,
    }
}

/// What is known of the past of a thread.
#[derive(Clone, Copy, Default)]
struct Past {
    load: u64,
    runnable: u64,
    used: u64,
    /// Of the present period.
    part: u64,
    known_until: Time,
    /// The core it was on when an idle one was last looked for.
    recent: Option<usize>,
    /// When it came to its core or got it, by a count of these.
    came: u64,
    left_core: Option<Time>,
}

impl Past {
    fn divisor(&self) -> u64 {
        LARGEST_SUM - PERIOD + self.part
    }

    /// Brings the sums to `now`.
    fn goes_on_until(&mut self, now: Time, ran: bool, queued: bool) {
        let units = now.since(self.known_until).picos() / UNIT.picos();
        self.known_until += UNIT * units;
        let periods = (self.part + units) / PERIOD;
        let part = (self.part + units) % PERIOD;
        let mut contribution = units;
        if periods > 0 {
            for sum in [&mut self.load, &mut self.runnable, &mut self.used] {
                *sum = decayed(*sum, periods);
            }
            let first = decayed(PERIOD - self.part, periods);
            contribution = first + LARGEST_SUM + part - decayed(LARGEST_SUM, periods) - PERIOD;
        }
        self.part = part;
        if ran || queued {
            self.load += contribution;
            self.runnable += FULL * contribution;
        }
        if ran {
            self.used += FULL * contribution;
        }
    }
}

/// When a core was balanced last, after how many milliseconds it is again, and how often in vain.
#[derive(Clone, Copy)]
struct Balance {
    last: Time,
    interval: u64,
    failures: u32,
}

pub struct Loads {
    threads: Vec<Past>,
    cores: Vec<Balance>,
    comings: u64,
}

impl Loads {
    pub fn new(model: &gilsim::sim::Model) -> Loads {
        let cores = model.machine.cores;
        let balance = Balance { last: Time::ZERO, interval: cores as u64, failures: 0 };
        Loads { threads: vec![Past::default(); model.threads.len()], cores: vec![balance; cores], comings: 0 }
    }
}

/// From the least to the most loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Spare,
    Busy,
    Overloaded,
}

/// What is on a core.
#[derive(Clone, Copy)]
struct CoreLoad {
    load: u64,
    runnable: u64,
    used: u64,
    awake: u64,
    is_idle: bool,
}

impl CoreLoad {
    fn kind(&self) -> Kind {
        let too_much = self.used * TOO_MUCH > FULL * 100 || self.runnable * 100 > FULL * TOO_MUCH;
        if self.awake > 1 && too_much {
            Kind::Overloaded
        } else if self.awake == 0 || self.used * TOO_MUCH < FULL * 100 {
            Kind::Spare
        } else {
            Kind::Busy
        }
    }
}

/// What a core is to get from another.
#[derive(Clone, Copy)]
enum Imbalance {
    Threads(u64),
    Load(u64),
}

impl Imbalance {
    fn is_nothing(self) -> bool {
        matches!(self, Imbalance::Threads(0) | Imbalance::Load(0))
    }
}

impl World<'_> {
    fn has_loads(&self) -> bool {
        matches!(self.model.machine.scheduler, SchedulerConfig::Eevdf { .. })
    }

    /// Brings the sums of `thread` to the present: before it changes between running, queueing and neither.
    pub fn bring_up(&mut self, thread: usize) {
        let place = self.threads[thread].place;
        let (ran, queued) = (place == Place::Running, place == Place::Queued);
        self.loads.threads[thread].goes_on_until(self.now, ran, queued);
    }

    /// `thread`, which runs, is about to leave its core.
    pub fn leaves_core(&mut self, thread: usize) {
        self.bring_up(thread);
        self.loads.threads[thread].left_core = Some(self.now);
    }

    /// `thread` has come to its core, or has got it.
    pub fn has_come(&mut self, thread: usize) {
        self.loads.comings += 1;
        self.loads.threads[thread].came = self.loads.comings;
    }

    /// What is known of `thread` if its sums are brought to the present, which they are not.
    fn past_of(&self, thread: usize) -> Past {
        let place = self.threads[thread].place;
        let mut past = self.loads.threads[thread];
        past.goes_on_until(self.now, place == Place::Running, place == Place::Queued);
        past
    }

    fn load_of(&self, thread: usize) -> u64 {
        let past = self.past_of(thread);
        u64::try_from(self.weight(thread)).expect("it is positive") * past.load / past.divisor()
    }

    fn on_core(&self, core: usize) -> CoreLoad {
        let is_idle = self.cores[core].occupant.is_none();
        let mut sum = CoreLoad { load: 0, runnable: 0, used: 0, awake: 0, is_idle };
        for thread in 0..self.threads.len() {
            let it = &self.threads[thread];
            if it.core != core || matches!(it.place, Place::NotStarted | Place::Done) {
                continue;
            }
            sum.awake += u64::from(it.place != Place::Blocked);
            sum.load += self.load_of(thread);
            let past = self.past_of(thread);
            sum.runnable += past.runnable / past.divisor();
            sum.used += past.used / past.divisor();
        }
        sum
    }

    /// `thread`, which is being started, has been placed on `core`.
    pub fn begins_on(&mut self, thread: usize, core: usize) {
        if !self.has_loads() {
            return;
        }
        let others = self.on_core(core);
        let weight = u64::try_from(self.weight(thread)).expect("it is positive");
        let half_of_rest = FULL.saturating_sub(others.used) / 2;
        let used = if others.used > 0 {
            half_of_rest.min(others.used * weight / (others.load + 1))
        } else {
            half_of_rest
        };
        let past = &mut self.loads.threads[thread];
        *past = Past { known_until: self.now, ..*past };
        past.load = past.divisor();
        past.used = used * past.divisor();
        past.runnable = past.used;
    }

    /// The core for a woken or started thread.
    pub fn place_by_load(&mut self, thread: usize) -> usize {
        let allowed: Vec<usize> = (0..self.cores.len()).filter(|core| self.may_run(thread, *core)).collect();
        if allowed.len() == 1 {
            return allowed[0];
        }
        let last = self.threads[thread].last_core.unwrap_or(allowed[0]);
        match (self.threads[thread].entry, self.acting) {
            (Entry::Started, Some(starter)) => self.place_started(starter, &allowed),
            _ => self.idle_sibling(thread, last, &allowed),
        }
    }

    fn place_started(&self, starter: usize, allowed: &[usize]) -> usize {
        let others = allowed.iter().copied().filter(|core| *core != starter);
        let others: Vec<(usize, CoreLoad)> = others.map(|core| (core, self.on_core(core))).collect();
        let rank = |on: &CoreLoad| match on.kind() {
            Kind::Spare => (Kind::Spare, !on.is_idle, on.used),
            kind => (kind, false, on.load),
        };
        let (best, on_best) = *others.iter().min_by_key(|(_, on)| rank(on)).expect("there are several");
        if !allowed.contains(&starter) {
            return best;
        }
        let here = self.on_core(starter);
        let stays = match here.kind().cmp(&on_best.kind()) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal if here.kind() == Kind::Spare => !on_best.is_idle || here.is_idle,
            std::cmp::Ordering::Equal => {
                on_best.load >= here.load + 174 || 100 * here.load <= TOO_MUCH * on_best.load
            }
        };
        if stays { starter } else { best }
    }

    fn idle_sibling(&mut self, thread: usize, last: usize, allowed: &[usize]) -> usize {
        let is_idle = |world: &Self, core: usize| world.cores[core].occupant.is_none();
        if is_idle(self, last) {
            return last;
        }
        if let Some(recent) = self.loads.threads[thread].recent.replace(last)
            && is_idle(self, recent)
        {
            return recent;
        }
        let cores = self.cores.len();
        let mut around = (1..cores).map(|distance| (last + distance) % cores);
        around.find(|core| allowed.contains(core) && is_idle(self, *core)).unwrap_or(last)
    }

    /// The timer of `core` has come: it takes threads from the busiest; whether its own must make room for them.
    pub fn balances(&mut self, core: usize) -> bool {
        if !self.has_loads() || !self.clock_ticks() || !self.balancing_is_due(core) {
            return false;
        }
        self.loads.cores[core].last = self.now;
        let at_first = self.cores.len() as u64;
        let on_cores: Vec<CoreLoad> = (0..self.cores.len()).map(|core| self.on_core(core)).collect();
        let others = (0..self.cores.len()).rev().filter(|other| *other != core);
        let busiest = others
            .filter(|other| on_cores[*other].kind() == Kind::Overloaded)
            .max_by_key(|other| on_cores[*other].load);
        let to_move = busiest.map(|busiest| (busiest, imbalance(&on_cores, core, busiest)));
        let Some((busiest, to_move)) = to_move.filter(|(_, to_move)| !to_move.is_nothing()) else {
            let balance = &mut self.loads.cores[core];
            balance.failures = 0;
            balance.interval = (balance.interval * 2).min(at_first * 2);
            return false;
        };
        self.loads.cores[core].interval = at_first;
        let moved = self.chosen_to_move(core, busiest, to_move);
        let failures = &mut self.loads.cores[core].failures;
        *failures = if moved.is_empty() { *failures + 1 } else { 0 };
        let mut makes_room = false;
        for thread in moved {
            self.departs(thread, busiest);
            self.threads[thread].core = core;
            self.has_come(thread);
            self.enters(thread, core, Entry::Moved);
            self.joins_queue(thread, core);
            makes_room |= self.displaces(core, thread, Entry::Moved);
        }
        makes_room
    }

    fn balancing_is_due(&self, core: usize) -> bool {
        let (balance, tick) = (self.loads.cores[core], self.clock_interval());
        let intervals = Span::from_millis(16 * balance.interval);
        let ticks = (intervals.picos().div_ceil(tick.picos()) - 1).max(1);
        self.now.since(balance.last) >= tick * ticks
    }

    /// Who of those that queue on `busiest` goes to `core`.
    fn chosen_to_move(&self, core: usize, busiest: usize, to_move: Imbalance) -> Vec<usize> {
        let failures = self.loads.cores[core].failures;
        let mut queued = self.scheduler.queues[busiest].queued.clone();
        queued.retain(|thread| self.threads[*thread].place == Place::Queued && self.may_run(*thread, core));
        queued.retain(|thread| failures >= 2 || !self.is_hot(*thread));
        queued.sort_by_key(|thread| self.loads.threads[*thread].came);
        let mut moved = Vec::new();
        let mut left = to_move;
        for thread in queued {
            if left.is_nothing() {
                break;
            }
            left = match left {
                Imbalance::Threads(number) => Imbalance::Threads(number - 1),
                Imbalance::Load(amount) => {
                    let load = self.load_of(thread).max(1);
                    let too_much = load.checked_shr(failures).unwrap_or(0) > amount;
                    if too_much {
                        continue;
                    }
                    Imbalance::Load(amount.saturating_sub(load))
                }
            };
            moved.push(thread);
        }
        moved
    }

    fn is_hot(&self, thread: usize) -> bool {
        self.loads.threads[thread].left_core.is_some_and(|left| self.now.since(left) < STAYS_HOT)
    }
}

/// What `core` is to get from `busiest`.
fn imbalance(on_cores: &[CoreLoad], core: usize, busiest: usize) -> Imbalance {
    let (here, there) = (on_cores[core], on_cores[busiest]);
    if here.kind() == Kind::Spare {
        return Imbalance::Threads(there.awake.saturating_sub(here.awake) / 2);
    }
    let mean = on_cores.iter().map(|on| on.load).sum::<u64>() / on_cores.len() as u64;
    let is_even = here.kind() == Kind::Overloaded && 100 * there.load <= TOO_MUCH * here.load;
    if here.load >= there.load || here.load >= mean || is_even {
        return Imbalance::Load(0);
    }
    let missing = mean - here.load;
    let more_than_mean = there.load >= mean;
    Imbalance::Load(if more_than_mean { missing.min(there.load - mean) } else { missing })
}
