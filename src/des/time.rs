//! Virtual time: picoseconds in a `u64`, which lasts 213 days.
//!
//! An instant ([`Time`]) and a duration ([`Span`]) are different types, so that an instant is never added to an
//! instant. Arithmetic saturates: an instant at [`Time::END`] means "never within what can be simulated".

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

/// An instant of virtual time, in picoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u64);

/// A duration of virtual time, in picoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Time {
    /// The start of every run.
    pub const ZERO: Time = Time(0);
    /// The end of representable time (213 days); an event at this instant never happens.
    pub const END: Time = Time(u64::MAX);

    /// The instant `picos` picoseconds after the start.
    pub const fn from_picos(picos: u64) -> Time {
        Time(picos)
    }

    /// Picoseconds since the start.
    pub const fn picos(self) -> u64 {
        self.0
    }

    /// The duration from `earlier` to this instant; zero if `earlier` is later.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This instant, nearer by `span`.
    #[must_use]
    pub const fn nearer_by(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }

    /// Seconds since the start, for output only.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e12
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The longest duration (213 days).
    pub const MAX: Span = Span(u64::MAX);

    /// A duration of `picos` picoseconds.
    pub const fn from_picos(picos: u64) -> Span {
        Span(picos)
    }

    /// A duration of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Span {
        Span(nanos.saturating_mul(1_000))
    }

    /// A duration of `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Span {
        Span(micros.saturating_mul(1_000_000))
    }

    /// A duration of `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Span {
        Span(millis.saturating_mul(1_000_000_000))
    }

    /// A duration of `secs` seconds.
    pub const fn from_secs(secs: u64) -> Span {
        Span(secs.saturating_mul(1_000_000_000_000))
    }

    /// The duration in picoseconds.
    pub const fn picos(self) -> u64 {
        self.0
    }

    /// Whether this is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The picoseconds, to be changed.
    pub fn picos_mut(&mut self) -> &mut u64 {
        &mut self.0
    }

    /// The duration in seconds, for output only.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// This duration less `other`; zero if `other` is longer.
    pub const fn saturating_sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

/// As 128 bits, by which who records a state tells instants from everything else (`des::cycle`).
impl Hash for Time {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from(self.0));
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        self.saturating_sub(other)
    }
}

impl SubAssign for Span {
    fn sub_assign(&mut self, other: Span) {
        *self = *self - other;
    }
}

impl Mul<u64> for Span {
    type Output = Span;
    fn mul(self, times: u64) -> Span {
        Span(self.0.saturating_mul(times))
    }
}

impl fmt::Display for Span {
    /// The duration with the largest unit that gives at least 1, three to four significant digits: `5.25 us`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 5] =
            [(1_000_000_000_000, "s"), (1_000_000_000, "ms"), (1_000_000, "us"), (1_000, "ns"), (1, "ps")];
        if self.0 == 0 {
            return formatter.pad("0 s");
        }
        let (scale, unit) = UNITS.into_iter().find(|(scale, _)| self.0 >= *scale).unwrap_or((1, "ps"));
        let value = self.0 as f64 / scale as f64;
        let digits = if value >= 99.95 {
            0
        } else if value >= 9.995 {
            1
        } else {
            2
        };
        formatter.pad(&format!("{value:.digits$} {unit}"))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_printed_with_the_largest_unit_that_gives_at_least_one() {
        assert_eq!(Span::from_picos(5_250_000).to_string(), "5.25 us");
        assert_eq!(Span::from_millis(24_600).to_string(), "24.6 s");
        assert_eq!(Span::from_nanos(123).to_string(), "123 ns");
        assert_eq!(Span::ZERO.to_string(), "0 s");
    }

    #[test]
    fn time_saturates_at_its_end() {
        assert_eq!(Time::END + Span::from_secs(1), Time::END);
        assert_eq!(Time::ZERO.since(Time::END), Span::ZERO);
    }
}
