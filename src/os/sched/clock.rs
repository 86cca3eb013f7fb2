//! The clock whose ticks interrupt every core at the same instants.

use crate::des::{Span, Time};

/// A clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// When it ticks first: a program does not begin at a tick.
    first: Time,
    /// From one tick to the next; zero if there are none.
    tick: Span,
}

impl Clock {
    pub fn new(first: Span, tick: Span) -> Clock {
        Clock { first: Time::ZERO + first, tick }
    }

    pub fn tick(&self) -> Span {
        self.tick
    }

    /// Whether `now` is a tick.
    pub fn ticks_at(&self, now: Time) -> bool {
        !self.tick.is_zero()
            && now >= self.first
            && now.since(self.first).picos().is_multiple_of(self.tick.picos())
    }

    /// The first tick after `now`.
    pub fn next(&self, now: Time) -> Time {
        if self.tick.is_zero() {
            return Time::END;
        }
        if now < self.first {
            return self.first;
        }
        let ticks = now.since(self.first).picos() / self.tick.picos() + 1;
        self.first + self.tick * ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ticks_for_the_first_time_and_then_at_equal_distances() {
        let clock = Clock::new(Span::from_micros(3), Span::from_micros(4));
        let at = |micros| Time::ZERO + Span::from_micros(micros);
        assert_eq!([0, 3, 4, 7].map(|now| clock.ticks_at(at(now))), [false, true, false, true]);
        assert_eq!([0, 2, 3, 6, 7].map(|now| clock.next(at(now))), [3, 3, 7, 7, 11].map(at));
    }
}
