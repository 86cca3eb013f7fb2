//! The clock whose ticks interrupt every core at the same instants.

use std::cell::Cell;

use crate::des::{Span, Time};

/// A clock.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// When it ticks first: a program does not begin at a tick.
    first: Time,
    /// From one tick to the next; zero if there are none.
    tick: Span,
    /// The tick that was asked for last: it is asked for again and again.
    upcoming: Cell<Time>,
}

impl Clock {
    pub fn new(first: Span, tick: Span) -> Clock {
        let first = Time::ZERO + first;
        Clock { first, tick, upcoming: Cell::new(first) }
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
        let upcoming = self.upcoming.get();
        if now < upcoming && upcoming <= now + self.tick {
            return upcoming;
        }
        let ticks = now.since(self.first).picos() / self.tick.picos() + 1;
        self.upcoming.set(self.first + self.tick * ticks);
        self.upcoming.get()
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
