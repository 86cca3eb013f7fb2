//! A word in memory that threads on several cores change, such as a reference count.
//!
//! Its cache line is in one cache at a time. Whoever changes it waits until who came before has done so, and then until the
//! line has come over: a word that all cores change is changed by one of them at a time.

use super::{Next, Outcome, Phase, WordId};
use crate::des::{Span, Time};
use crate::os::CoreId;

/// Where a word is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::os) struct Word {
    /// The core that changed it last.
    core: Option<CoreId>,
    /// When it has been changed as often as it has been asked for.
    free: Time,
}

impl Word {
    /// A thread on `core` is about to change the word; whether it has to come over from another core.
    pub fn comes_to(&mut self, core: CoreId) -> bool {
        self.core.replace(core).is_some_and(|last| last != core)
    }

    /// The word is asked for now, to be changed in a time that counts from when it is free: how long that takes.
    pub fn change(&mut self, now: Time, time: Span) -> Span {
        self.free = self.free.max(now) + time;
        self.free.since(now)
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
    const UPDATE: Span = Span::from_nanos(5);

    fn at(nanos: u64) -> Time {
        Time::ZERO + Span::from_nanos(nanos)
    }

    #[test]
    fn a_word_comes_over_only_if_another_core_has_changed_it_last() {
        let mut word = Word::default();
        assert_eq!([0, 0, 1, 1, 0].map(|core| word.comes_to(core)), [false, false, true, false, true]);
    }

    #[test]
    fn who_asks_while_a_word_is_on_its_way_to_another_waits_for_both() {
        let mut word = Word::default();
        assert_eq!(word.change(at(0), LINE + UPDATE), LINE + UPDATE);
        assert_eq!(word.change(at(10), LINE + UPDATE), Span::from_nanos(200));
        assert_eq!(word.change(at(1000), UPDATE), UPDATE);
    }
}
