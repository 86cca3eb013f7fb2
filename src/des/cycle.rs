//! Cycles: where nothing random happens, a simulation comes back to the same state again and again.
//!
//! At moments of its choice a simulation records its state in a [`Snapshot`]. If it is the same as an earlier one, all
//! that has happened in between will happen again, and [`Cycles`] tells how often it certainly will. The simulation then
//! skips so many cycles: it multiplies its statistics and goes on where it is. It does not even move its clock; what lies at
//! an instant of its own, whatever the cycles do, comes so much nearer instead.
//!
//! A state has four parts:
//! - what decides what happens next, which must be *the same*: it is recorded by [`Hash`], so that a field that somebody
//!   adds is taken in by itself. Instants are recorded relative to now;
//! - the instants of *pending events*, which either keep their distance from now or stay where they are;
//! - *amounts*, which decide nothing and grow by the same in each cycle: statistics;
//! - *countdowns*, which decide something when they have run out: those that go on sink by the same in each cycle, those
//!   that begin anew in it must be the same.

use std::hash::Hasher;

use crate::des::{Span, Time};

/// How many cycles are remembered.
const REMEMBERED: usize = 8;

/// To skip fewer events is not worth it: it costs about as much as they do, and a small cycle that something soon ends may
/// be a part of a larger one that nothing ends.
const WORTH_IT: u64 = 256;

/// How many moments are looked at for one that is the same as the first of them: from this, twice as many after each
/// search in vain, to the other.
const SEARCHES: (u32, u32) = (8, 256);

/// For how many moments nothing is looked at, after a longest search in vain: from this, twice as many each time, to the
/// other.
const PAUSES: (u32, u32) = (256, 1 << 22);

/// A state, as it was at an instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    now: Time,
    /// How many events had happened.
    happened: u64,
    words: Vec<u64>,
    events: Vec<Time>,
    amounts: Vec<u64>,
    /// What is left of each, and which one it is.
    countdowns: Vec<(u64, u64)>,
}

impl Snapshot {
    fn new() -> Snapshot {
        Snapshot {
            now: Time::ZERO,
            happened: 0,
            words: Vec::new(),
            events: Vec::new(),
            amounts: Vec::new(),
            countdowns: Vec::new(),
        }
    }

    /// Begins to record a state as it is at `now`, after so many events.
    fn begin(&mut self, now: Time, happened: u64) {
        self.now = now;
        self.happened = happened;
        self.words.clear();
        self.events.clear();
        self.amounts.clear();
        self.countdowns.clear();
    }

    /// Records when an event happens; [`Time::END`] for none.
    pub fn event(&mut self, time: Time) {
        self.events.push(time);
    }

    /// Records an amount.
    #[inline]
    pub fn amount(&mut self, amount: u64) {
        self.amounts.push(amount);
    }

    /// Records what is left of a countdown. Its `number` is another when it has begun anew.
    pub fn countdown(&mut self, left: u64, number: u64) {
        self.countdowns.push((left, number));
    }
}

/// Records what must be the same. Instants come as 128 bits (`Time::hash`), and nothing else does.
impl Hasher for Snapshot {
    fn finish(&self) -> u64 {
        self.words.len() as u64
    }

    /// A list of numbers comes as its bytes.
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        self.words.extend(words.iter().map(|word| u64::from_ne_bytes(*word)));
        self.words.extend(rest.iter().map(|byte| u64::from(*byte)));
    }

    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.words.push(u64::from(word));
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.words.push(u64::from(word));
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.words.push(word);
    }

    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.words.push(word as u64);
    }

    #[inline]
    fn write_u128(&mut self, picos: u128) {
        self.words.push((picos as u64).wrapping_sub(self.now.picos()));
    }
}

/// How an event is placed in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// There is none.
    Nowhere,
    /// So far from now, each time.
    At(Span),
    /// At an instant of its own, which has not come.
    Stays,
}

/// How a countdown goes on in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Countdown {
    /// It sinks by so much, perhaps nothing.
    Sinks(u64),
    /// It begins anew, and is so much again at the end.
    BeginsAnew(u64),
}

/// What happens again and again from a state on.
#[derive(Clone, Debug, Default)]
struct Cycle {
    words: Vec<u64>,
    period: Span,
    /// How many events happen in it.
    length: u64,
    events: Vec<Place>,
    gains: Vec<u64>,
    countdowns: Vec<Countdown>,
}

/// Cycles to be skipped.
#[derive(Clone, Copy, Debug)]
pub struct Skip<'a> {
    cycle: &'a Cycle,
    cycles: u64,
}

impl Skip<'_> {
    /// How long they last.
    pub fn span(&self) -> Span {
        self.cycle.period * self.cycles
    }

    /// Whether the event recorded at this place stays where it is, and so comes nearer.
    pub fn stays(&self, event: usize) -> bool {
        self.cycle.events[event] == Place::Stays
    }

    /// By how much each amount grows, in the order in which they were recorded.
    pub fn gains(&self) -> impl Iterator<Item = u64> {
        self.cycle.gains.iter().map(|gain| gain * self.cycles)
    }

    /// By how much each countdown sinks, in the order in which they were recorded.
    pub fn losses(&self) -> impl Iterator<Item = u64> {
        self.cycle.countdowns.iter().map(|countdown| match countdown {
            Countdown::Sinks(loss) => loss * self.cycles,
            Countdown::BeginsAnew(_) => 0,
        })
    }
}

impl Cycle {
    /// Becomes what has happened between two snapshots. Returns whether it will happen again; that is, whether both are
    /// the same.
    fn set(&mut self, first: &Snapshot, second: &Snapshot) -> bool {
        self.period = second.now.since(first.now);
        if self.period.is_zero() || first.words != second.words {
            return false;
        }
        self.length = second.happened - first.happened;
        self.words.clone_from(&second.words);
        collect(&mut self.events, &first.events, &second.events, |one, other| {
            let distances = (one.since(first.now), other.since(second.now));
            match (one == Time::END, other == Time::END) {
                (true, true) => Some(Place::Nowhere),
                (false, false) if distances.0 == distances.1 => Some(Place::At(distances.1)),
                (false, false) if one == other => Some(Place::Stays),
                _ => None,
            }
        }) && collect(&mut self.gains, &first.amounts, &second.amounts, |from, to| to.checked_sub(from))
            && collect(&mut self.countdowns, &first.countdowns, &second.countdowns, |from, to| {
                if from.1 == to.1 {
                    from.0.checked_sub(to.0).map(Countdown::Sinks)
                } else {
                    (from.0 == to.0).then_some(Countdown::BeginsAnew(to.0))
                }
            })
    }

    /// Whether it is worth it to skip what follows from a state on.
    fn is_worth_it(&self, state: &Snapshot, limit: Time) -> bool {
        self.follow(state, limit).saturating_mul(self.length) >= WORTH_IT
    }

    /// How many cycles follow from a state on without anything else happening before `limit`; none if it is another
    /// state.
    fn follow(&self, state: &Snapshot, limit: Time) -> u64 {
        if self.words != state.words {
            return 0;
        }
        let mut next = limit;
        for (place, time) in self.events.iter().zip(&state.events) {
            let fits = match place {
                Place::Nowhere => *time == Time::END,
                Place::At(distance) => *time != Time::END && time.since(state.now) == *distance,
                Place::Stays => true,
            };
            if !fits {
                return 0;
            }
            if *place == Place::Stays {
                next = next.min(*time);
            }
        }
        let mut cycles = next.since(state.now).picos().saturating_sub(1) / self.period.picos();
        for (countdown, (left, _)) in self.countdowns.iter().zip(&state.countdowns) {
            match countdown {
                Countdown::Sinks(0) => {}
                // One cycle more must be left: within a cycle, it may be looked ahead.
                Countdown::Sinks(loss) => {
                    cycles = cycles.min((left.saturating_sub(1) / loss).saturating_sub(1));
                }
                Countdown::BeginsAnew(same) if same == left => {}
                Countdown::BeginsAnew(_) => return 0,
            }
        }
        cycles
    }
}

/// Fills a list with what comes of each pair of two others. Returns whether that went to the end of both.
fn collect<T: Copy, U>(list: &mut Vec<U>, first: &[T], second: &[T], of: impl Fn(T, T) -> Option<U>) -> bool {
    list.clear();
    list.extend(first.iter().zip(second).map_while(|(one, other)| of(*one, *other)));
    list.len() == first.len() && list.len() == second.len()
}

/// Looks for cycles.
#[derive(Clone, Debug)]
pub struct Cycles {
    present: Snapshot,
    /// The state with which those after it are compared.
    earlier: Snapshot,
    /// With how many it is still to be compared, and with how many the next one will be.
    compared_with: u32,
    next_search: u32,
    /// For how many moments nothing is looked at, and how long the next such pause is.
    pause: u32,
    next_pause: u32,
    /// Nothing is looked at before: after a skip, something else is about to happen.
    quiet_until: Time,
    /// Those that were found, which one is forgotten next, and room for another.
    found: Vec<Cycle>,
    oldest: usize,
    candidate: Cycle,
}

impl Default for Cycles {
    fn default() -> Cycles {
        Cycles {
            present: Snapshot::new(),
            earlier: Snapshot::new(),
            compared_with: 0,
            next_search: SEARCHES.0,
            pause: 0,
            next_pause: PAUSES.0,
            quiet_until: Time::ZERO,
            found: Vec::with_capacity(REMEMBERED),
            oldest: 0,
            candidate: Cycle::default(),
        }
    }
}

impl Cycles {
    /// At the moment `now`, the state could be recorded; whether it should.
    pub fn want_a_snapshot(&mut self, now: Time) -> bool {
        let want = self.pause == 0 && now >= self.quiet_until;
        self.pause = self.pause.saturating_sub(1);
        want
    }

    /// Where the state at `now` is to be recorded; so many events have happened.
    pub fn snapshot(&mut self, now: Time, happened: u64) -> &mut Snapshot {
        self.present.begin(now, happened);
        &mut self.present
    }

    /// Where the rest of the present state is to be recorded.
    pub fn present(&mut self) -> &mut Snapshot {
        &mut self.present
    }

    /// Whether the state of which only the beginning has been recorded could be one that is looked for. If not, nothing is
    /// to be done with the rest of it.
    pub fn is_promising(&mut self) -> bool {
        let begins = |words: &[u64]| words.starts_with(&self.present.words);
        let is_first = self.compared_with == 0;
        let is_promising =
            is_first || begins(&self.earlier.words) || self.found.iter().any(|cycle| begins(&cycle.words));
        if !is_promising {
            self.has_compared();
        }
        is_promising
    }

    /// The cycles that can be skipped from the state on that was recorded last, if nothing happens at `limit` or later.
    pub fn skip(&mut self, limit: Time) -> Option<Skip<'_>> {
        let known = self.found.iter().position(|cycle| cycle.is_worth_it(&self.present, limit));
        let index = known.or_else(|| self.compare(limit))?;
        let cycle = &self.found[index];
        let cycles = cycle.follow(&self.present, limit);
        // As many are skipped as certainly follow: within one more, something else happens.
        self.quiet_until = self.present.now + cycle.period;
        (self.next_search, self.next_pause) = (SEARCHES.0, PAUSES.0);
        self.compared_with = 0;
        Some(Skip { cycle, cycles })
    }

    /// Compares the present state with the earlier one, or takes it as that; which cycle is between them, if one is that is
    /// worth it.
    fn compare(&mut self, limit: Time) -> Option<usize> {
        if self.compared_with == 0 {
            std::mem::swap(&mut self.earlier, &mut self.present);
            self.compared_with = self.next_search;
            return None;
        }
        self.has_compared();
        let found = self.candidate.set(&self.earlier, &self.present)
            && self.candidate.is_worth_it(&self.present, limit);
        found.then(|| self.remember())
    }

    /// The present state has been compared with the earlier one: after enough of them, the search was in vain.
    fn has_compared(&mut self) {
        self.compared_with -= 1;
        if self.compared_with == 0 && self.next_search < SEARCHES.1 {
            self.next_search *= 2;
        } else if self.compared_with == 0 {
            self.pause = self.next_pause;
            self.next_pause = (self.next_pause * 2).min(PAUSES.1);
        }
    }

    fn remember(&mut self) -> usize {
        let index = self.oldest;
        self.oldest = (self.oldest + 1) % REMEMBERED;
        if index == self.found.len() {
            self.found.push(Cycle::default());
        }
        std::mem::swap(&mut self.found[index], &mut self.candidate);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    /// A simulation: a light that goes on and off every 10 ps, an alarm at 1000 ps, and so many turns left. There are 100
    /// events in 10 ps.
    fn record(cycles: &mut Cycles, time: u64, turns: u64, alarm: Time) {
        let snapshot = cycles.snapshot(Time::from_picos(time), 10 * time);
        (time / 10).is_multiple_of(2).hash(snapshot);
        Time::from_picos(time + 3).hash(snapshot);
        snapshot.event(Time::from_picos(time + 10));
        snapshot.event(alarm);
        snapshot.amount(7 * time);
        snapshot.countdown(turns, 0);
    }

    fn skipped(turns: u64, limit: Time) -> Option<(Span, Vec<u64>, Vec<u64>)> {
        let mut cycles = Cycles::default();
        let alarm = Time::from_picos(1000);
        let mut found = None;
        for step in 0..4 {
            record(&mut cycles, 10 * step, turns - step, alarm);
            found = cycles.skip(limit).map(|skip| {
                assert!(!skip.stays(0) && skip.stays(1));
                (skip.span(), skip.gains().collect(), skip.losses().collect())
            });
            if found.is_some() {
                break;
            }
        }
        found
    }

    #[test]
    fn cycles_are_skipped_up_to_what_stays_where_it_is() {
        // From 20 ps on, 48 cycles of 20 ps end before 1000 ps.
        let expected = (Span::from_picos(960), vec![48 * 140], vec![96]);
        assert_eq!(skipped(10_000, Time::END), Some(expected));
    }

    #[test]
    fn a_countdown_never_runs_out_unseen() {
        // At 20 ps 28 turns are left, and 2 go by in a cycle: 12 cycles leave 4.
        assert_eq!(skipped(30, Time::END), Some((Span::from_picos(240), vec![12 * 140], vec![24])));
    }

    #[test]
    fn no_cycle_reaches_the_limit() {
        let limit = Time::from_picos(220);
        assert_eq!(skipped(10_000, limit).map(|skip| skip.0), Some(Span::from_picos(180)));
    }

    #[test]
    fn a_few_events_are_not_worth_it() {
        assert_eq!(skipped(10_000, Time::from_picos(60)), None);
    }

    #[test]
    fn a_countdown_that_begins_anew_must_be_the_same() {
        let snapshot = |now, left| {
            let mut snapshot = Snapshot::new();
            snapshot.begin(Time::from_picos(now), now);
            snapshot.countdown(left, now);
            snapshot
        };
        let is_cycle = |left| Cycle::default().set(&snapshot(10, 5), &snapshot(20, left));
        assert!(is_cycle(5));
        assert!(!is_cycle(4));
    }

    #[test]
    fn what_begins_like_no_state_that_is_looked_for_is_not_promising() {
        let mut cycles = Cycles::default();
        let mut begins = |word: u64| {
            word.hash(cycles.snapshot(Time::from_picos(word), word));
            let is_promising = cycles.is_promising();
            if is_promising {
                cycles.skip(Time::END);
            }
            is_promising
        };
        assert_eq!([begins(1), begins(2), begins(1)], [true, false, true]);
    }

    #[test]
    fn after_a_search_in_vain_there_is_a_pause() {
        let mut cycles = Cycles::default();
        let mut wanted = 0;
        for step in 0..10_000_u64 {
            if cycles.want_a_snapshot(Time::from_picos(step)) {
                wanted += 1;
                step.hash(cycles.snapshot(Time::from_picos(step), step));
                assert!(cycles.skip(Time::END).is_none());
            }
        }
        assert!(wanted < 2_000, "{wanted} of 10000");
    }
}
