//! A word in memory that threads on several cores change, such as a reference count.
//!
//! Its cache line is in one cache at a time. Whoever changes it elsewhere asks for it, and waits until it has come over. Until
//! the request has arrived, and for as long as the line is kept by a core to which it has just come, that core goes on
//! changing it at no more than the price of the change: a word that all cores change goes round among them, some changes each.

use super::{Next, Outcome, Phase, WordId};
use crate::des::{Span, Time};
use crate::os::CoreId;

/// Where a word is, and to which cores it will go.
#[derive(Clone, Debug, Default)]
pub(in crate::os) struct Word {
    /// The core that asked for it last, which it will not leave before another asks.
    last: Option<CoreId>,
    /// When it came to that core.
    came: Time,
    /// For each core that has asked for it.
    stays: Vec<Stay>,
}

/// The time a word is with a core.
#[derive(Clone, Copy, Debug, Default)]
struct Stay {
    /// When it has been changed there as often as it has been asked for.
    free: Time,
    /// When it leaves, unless this is the last core.
    leaves: Time,
}

impl Word {
    /// Whether a thread on `core` can change the word in a time like this before it leaves the core; if not, it has to come
    /// over again.
    #[inline]
    pub fn stays(&self, core: CoreId, now: Time, time: Span) -> bool {
        match self.last {
            None => true,
            Some(last) if last == core => true,
            Some(_) => self.stays.get(core).is_some_and(|stay| {
                let begin = stay.free.max(now);
                begin < stay.leaves && begin + time <= stay.leaves
            }),
        }
    }

    /// `core` asks for the word. Who has it keeps it for so long after that, and after it has come there; `line` is the time
    /// that takes and the way.
    pub fn comes_over(&mut self, core: CoreId, now: Time, kept: Span, line: Span) {
        let Some(last) = self.last else { return };
        let stay = &mut self.stays[last];
        stay.leaves = (self.came.max(now) + kept).max(stay.free);
        self.came = stay.leaves + line.saturating_sub(kept);
        self.last = Some(core);
        self.stay(core).free = self.came;
    }

    /// The word is changed on `core`, in a time that counts from when it is free there: how long that takes.
    pub fn change(&mut self, core: CoreId, now: Time, time: Span) -> Span {
        self.last.get_or_insert(core);
        let stay = self.stay(core);
        stay.free = stay.free.max(now) + time;
        stay.free.since(now)
    }

    fn stay(&mut self, core: CoreId) -> &mut Stay {
        if self.stays.len() <= core {
            self.stays.resize(core + 1, Stay::default());
        }
        &mut self.stays[core]
    }
}

/// Changes a word; an atomic instruction if others may do so meanwhile.
pub(super) fn change(word: WordId, is_atomic: bool, phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::Change { word, is_atomic, then: Phase::Finish },
        _ => Next::Done(Outcome::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Span = Span::from_nanos(100);
    const KEPT: Span = Span::from_nanos(20);
    const UPDATE: Span = Span::from_nanos(5);

    fn at(nanos: u64) -> Time {
        Time::ZERO + Span::from_nanos(nanos)
    }

    /// Changes the word on a core: when that is done, in nanoseconds.
    fn change(word: &mut Word, core: CoreId, now: u64, kept: Span) -> u64 {
        if !word.stays(core, at(now), UPDATE) {
            word.comes_over(core, at(now), kept, LINE);
        }
        now + word.change(core, at(now), UPDATE).picos() / 1_000
    }

    #[test]
    fn a_word_comes_over_only_if_another_core_has_changed_it_last() {
        let mut word = Word::default();
        let done = [(0, 0), (0, 5), (1, 1000), (1, 2000), (0, 3000)]
            .map(|(core, now)| change(&mut word, core, now, KEPT));
        assert_eq!(done, [5, 10, 1105, 2005, 3105]);
    }

    #[test]
    fn who_asks_while_a_word_is_on_its_way_to_another_waits_for_both() {
        let mut word = Word::default();
        change(&mut word, 0, 0, Span::ZERO);
        assert_eq!(change(&mut word, 1, 1000, Span::ZERO), 1105);
        assert_eq!(change(&mut word, 2, 1010, Span::ZERO), 1205 + 5);
        assert_eq!(change(&mut word, 2, 3000, Span::ZERO), 3005);
    }

    /// It is asked for at 1000 and leaves at 1020; a change from 1016 on would not be over, so it asks for the word itself, which
    /// comes over at 1100, is kept until 1120, and is back at 1200.
    #[test]
    fn who_has_a_word_goes_on_until_it_leaves() {
        let mut word = Word::default();
        change(&mut word, 0, 0, KEPT);
        assert_eq!(change(&mut word, 1, 1000, KEPT), 1105);
        assert_eq!([1000, 1005, 1015].map(|now| change(&mut word, 0, now, KEPT)), [1005, 1010, 1020]);
        assert_eq!(change(&mut word, 0, 1016, KEPT), 1205);
        assert_eq!([1105, 1110, 1115].map(|now| change(&mut word, 1, now, KEPT)), [1110, 1115, 1120]);
        assert_eq!(change(&mut word, 1, 1120, KEPT), 1305);
    }

    #[test]
    fn a_word_does_not_leave_while_it_is_changed() {
        let mut word = Word::default();
        (0..10).for_each(|_| {
            change(&mut word, 0, 0, KEPT);
        });
        assert_eq!(change(&mut word, 1, 0, KEPT), 50 + 80 + 5);
    }
}
