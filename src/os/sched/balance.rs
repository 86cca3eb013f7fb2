//! On which core a thread is to run, and which threads change cores while they queue (`kernel/sched/fair.c`, Linux 6.18): for
//! cores that share a cache.

use super::loads::{CAPACITY, Doing, Load, Loads};
use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::attributes::Attributes;
use crate::os::{CoreId, ThreadId};

/// By how much, in percent, one core may be fuller than another before anything is moved (`imbalance_pct`, for cores that share
/// a cache).
const TOLERATED: u64 = 117;
/// A thread that ran less than this ago is best left where it is (`sysctl_sched_migration_cost`).
const HOT_FOR: Span = Span::from_micros(500);
/// After so many failures in a row, such threads are moved as well: one more than `cache_nice_tries`.
const FAILURES_BEFORE_HOT_ONES_MOVE: u32 = 2;
/// By so much a core at work balances less often than an idle one (`busy_factor`).
const BUSY_FACTOR: u64 = 16;

/// How full a core is (`enum group_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Spare,
    Busy,
    Overloaded,
}

/// What is to be moved to a core.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    /// So many threads.
    Threads(usize),
    /// Threads of this load together.
    Load(u64),
}

#[derive(Clone, Copy, Debug)]
struct Core {
    balanced: Time,
    /// How long an idle core would leave it at that, in milliseconds.
    interval: u64,
    failures: u32,
}

/// The loads of threads and cores, and what is decided by them.
#[derive(Clone, Debug)]
pub(super) struct Balance {
    pub loads: Loads,
    cores: Vec<Core>,
    /// Where each thread was when an idle core was last looked for (`recent_used_cpu`).
    recent: Vec<Option<CoreId>>,
    /// When each thread left a core last.
    left: Vec<Option<Time>>,
    tick: Span,
}

impl Balance {
    pub fn new(tick: Span, cores: usize, threads: &[Attributes]) -> Balance {
        let core = Core { balanced: Time::ZERO, interval: cores as u64, failures: 0 };
        Balance {
            loads: Loads::new(threads),
            cores: vec![core; cores],
            recent: vec![None; threads.len()],
            left: vec![None; threads.len()],
            tick,
        }
    }

    /// `thread` has left its core.
    pub fn leaves(&mut self, thread: ThreadId, doing: Doing, now: Time) {
        self.left[thread] = Some(now);
        self.loads.turn_to(thread, doing, now);
    }

    /// `sched_balance_find_dst_group`: where a thread begins that is started on core `here`. `count` tells how many threads run
    /// or queue on a core.
    pub fn place_started(
        &self,
        allowed: &CoreSet,
        here: CoreId,
        count: impl Fn(CoreId) -> usize,
        now: Time,
    ) -> CoreId {
        let rank = |core: CoreId| {
            let (load, count) = (self.loads.of_core(core, now), count(core));
            match kind(&load, count) {
                Kind::Spare => (Kind::Spare, count > 0, load.used),
                kind => (kind, true, load.load),
            }
        };
        let others = (0..self.cores.len()).filter(|core| *core != here && allowed.contains(*core));
        let Some(idlest) = others.min_by_key(|core| rank(*core)) else { return here };
        if !allowed.contains(here) {
            return idlest;
        }
        let (here_rank, idlest_rank) = (rank(here), rank(idlest));
        let stays = match here_rank.0.cmp(&idlest_rank.0) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal if here_rank.0 == Kind::Spare => idlest_rank.1 || !here_rank.1,
            std::cmp::Ordering::Equal => {
                let (load, least) = (here_rank.2, idlest_rank.2);
                least >= load + CAPACITY * (TOLERATED - 100) / 100 || 100 * load <= TOLERATED * least
            }
        };
        if stays { here } else { idlest }
    }

    /// `select_idle_sibling`: where a thread goes on that ran on core `last` and is woken.
    pub fn place_woken(
        &mut self,
        thread: ThreadId,
        allowed: &CoreSet,
        last: CoreId,
        is_idle: impl Fn(CoreId) -> bool,
    ) -> CoreId {
        if is_idle(last) {
            return last;
        }
        let recent = self.recent[thread].replace(last);
        let may_take = |core: &CoreId| allowed.contains(*core) && is_idle(*core);
        let cores = self.cores.len();
        let around = (1..cores).map(|distance| (last + distance) % cores);
        recent.into_iter().chain(around).find(may_take).unwrap_or(last)
    }

    /// `sched_balance_domains`: whether it is time for `core`, which is at work, to look for threads.
    pub fn is_due(&mut self, core: CoreId, now: Time) -> bool {
        if self.tick.is_zero() {
            return false;
        }
        let state = &mut self.cores[core];
        let interval = Span::from_millis(BUSY_FACTOR * state.interval).picos();
        let ticks = interval.div_ceil(self.tick.picos()).saturating_sub(1).max(1);
        let due = now >= state.balanced + self.tick * ticks;
        if due {
            state.balanced = now;
        }
        due
    }

    /// `sched_balance_find_src_group`, `calculate_imbalance`: from which core `core` is to take threads, and how many.
    pub fn imbalance(
        &mut self,
        core: CoreId,
        count: impl Fn(CoreId) -> usize,
        now: Time,
    ) -> Option<(CoreId, Amount)> {
        let found = self.find_imbalance(core, count, now);
        let cores = self.cores.len() as u64;
        let state = &mut self.cores[core];
        match found {
            Some(_) => state.interval = cores,
            None => (state.failures, state.interval) = (0, (2 * state.interval).min(2 * cores)),
        }
        found
    }

    fn find_imbalance(
        &self,
        core: CoreId,
        count: impl Fn(CoreId) -> usize,
        now: Time,
    ) -> Option<(CoreId, Amount)> {
        let load = |core: CoreId| self.loads.of_core(core, now);
        let cores = 0..self.cores.len();
        let overloaded =
            |other: &CoreId| *other != core && kind(&load(*other), count(*other)) == Kind::Overloaded;
        let busiest =
            cores.clone().filter(overloaded).max_by_key(|other| (load(*other).load, usize::MAX - other))?;
        let (here, there) = (load(core), load(busiest));
        let here_kind = kind(&here, count(core));
        if here_kind == Kind::Spare {
            let threads = count(busiest).saturating_sub(count(core)) / 2;
            return (threads > 0).then_some((busiest, Amount::Threads(threads)));
        }
        let mean = cores.map(|core| load(core).load).sum::<u64>() / self.cores.len() as u64;
        let tolerated = here_kind == Kind::Overloaded && 100 * there.load <= TOLERATED * here.load;
        if here.load >= there.load || here.load >= mean || tolerated {
            return None;
        }
        // Another core may have more load yet and not be overloaded.
        let lacking = mean - here.load;
        let amount = there.load.checked_sub(mean).map_or(lacking, |surplus| surplus.min(lacking));
        (amount > 0).then_some((busiest, Amount::Load(amount)))
    }

    /// `can_migrate_task`, `detach_tasks`: whether `core` takes this thread, too, which queues elsewhere; then less is left to be
    /// moved.
    pub fn takes(&self, core: CoreId, thread: ThreadId, amount: &mut Amount, now: Time) -> bool {
        let failures = self.cores[core].failures;
        let is_hot = self.left[thread].is_some_and(|left| now.since(left) < HOT_FOR);
        if is_hot && failures < FAILURES_BEFORE_HOT_ONES_MOVE {
            return false;
        }
        match amount {
            Amount::Threads(threads) => *threads -= 1,
            Amount::Load(left) => {
                let load = self.loads.of_thread(thread, now).load.max(1);
                if load.checked_shr(failures).unwrap_or(0) > *left {
                    return false;
                }
                *left = left.saturating_sub(load);
            }
        }
        true
    }

    /// `core` has balanced, and moved something or nothing.
    pub fn has_balanced(&mut self, core: CoreId, moved: bool) {
        let failures = &mut self.cores[core].failures;
        *failures = if moved { 0 } else { *failures + 1 };
    }
}

impl Amount {
    pub fn is_nothing(&self) -> bool {
        matches!(self, Amount::Threads(0) | Amount::Load(0))
    }
}

/// `group_classify`, for a core on which so many threads run or queue.
fn kind(load: &Load, count: usize) -> Kind {
    let full = 100 * CAPACITY;
    if count > 1 && (load.used * TOLERATED > full || load.runnable * 100 > CAPACITY * TOLERATED) {
        Kind::Overloaded
    } else if count == 0 || load.used * TOLERATED < full {
        Kind::Spare
    } else {
        Kind::Busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Span = Span::from_millis(4);
    /// What a test knows of the past: nobody has been at work for so long that anything is left of it.
    const NOW: Time = Time::from_picos(10_000_000_000_000);

    /// Two cores, and threads that have run on them for ever, on each those that are named.
    fn busy_cores(on: [&[ThreadId]; 2]) -> Balance {
        let mut balance = Balance::new(TICK, 2, &[Attributes::default(); 8]);
        for (core, threads) in on.into_iter().enumerate() {
            for (place, thread) in threads.iter().enumerate() {
                balance.loads.start(*thread, core, Time::ZERO);
                let doing = if place == 0 { Doing::Runs } else { Doing::Queues };
                balance.loads.turn_to(*thread, doing, Time::ZERO);
            }
        }
        balance
    }

    /// Where a thread begins that is started on core 0, when so many run or queue on the cores.
    fn begins(balance: &Balance, counts: [usize; 2]) -> CoreId {
        balance.place_started(&CoreSet::ALL, 0, |core| counts[core], NOW)
    }

    #[test]
    fn a_thread_begins_on_an_idle_core() {
        assert_eq!(begins(&busy_cores([&[0], &[]]), [1, 0]), 1);
    }

    #[test]
    fn a_thread_begins_where_its_starter_is_if_the_other_core_is_as_busy() {
        assert_eq!(begins(&busy_cores([&[0], &[1]]), [1, 1]), 0);
    }

    #[test]
    fn a_thread_does_not_begin_where_more_want_to_run_than_can() {
        assert_eq!(begins(&busy_cores([&[0, 1], &[2]]), [2, 1]), 1);
        assert_eq!(begins(&busy_cores([&[0, 1, 2], &[3, 4]]), [3, 2]), 1);
        assert_eq!(begins(&busy_cores([&[0], &[1, 2]]), [1, 2]), 0);
    }

    #[test]
    fn a_thread_does_not_begin_where_it_may_not_run() {
        let balance = busy_cores([&[0], &[1, 2]]);
        assert_eq!(balance.place_started(&CoreSet::of([1]), 0, |core| [1, 2][core], NOW), 1);
    }

    #[test]
    fn a_core_at_work_looks_for_threads_every_seven_ticks_and_then_every_fifteen() {
        let mut balance = busy_cores([&[0], &[1]]);
        let after = |ticks| NOW + TICK * ticks;
        assert!(balance.is_due(0, NOW));
        assert!(balance.imbalance(0, |_| 1, NOW).is_none());
        assert!(!balance.is_due(0, after(14)));
        assert!(balance.is_due(0, after(15)));
        balance.cores[0].interval = 2;
        assert!(!balance.is_due(0, after(21)));
        assert!(balance.is_due(0, after(22)));
    }

    #[test]
    fn of_three_threads_and_one_a_thread_is_moved() {
        let mut balance = busy_cores([&[0], &[1, 2, 3]]);
        let (from, mut amount) = balance.imbalance(0, |core| [1, 3][core], NOW).expect("there is too much");
        assert_eq!(from, 1);
        assert!(balance.takes(0, 2, &mut amount, NOW) && amount.is_nothing());
    }

    #[test]
    fn of_two_threads_and_one_a_thread_is_moved_only_when_that_has_failed_once() {
        let mut balance = busy_cores([&[0], &[1, 2]]);
        let counts = |core: CoreId| [1, 2][core];
        let (_, mut amount) = balance.imbalance(0, counts, NOW).expect("there is too much");
        assert!(!balance.takes(0, 2, &mut amount, NOW));
        balance.has_balanced(0, false);
        assert!(balance.takes(0, 2, &mut amount, NOW));
    }

    #[test]
    fn a_thread_that_has_just_run_stays_until_two_attempts_have_failed() {
        let mut balance = busy_cores([&[0], &[1, 2, 3]]);
        balance.leaves(2, Doing::Queues, NOW);
        let mut amount = Amount::Threads(1);
        assert!(!balance.takes(0, 2, &mut amount, NOW));
        balance.has_balanced(0, false);
        balance.has_balanced(0, false);
        assert!(balance.takes(0, 2, &mut amount, NOW));
    }
}
