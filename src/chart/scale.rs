//! From numbers to pixels: linear and logarithmic axes with round ticks.

use crate::export::number;

/// An axis from one number to another, over a range of pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    is_logarithmic: bool,
    pixels: (i32, i32),
}

/// What the numbers of an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, written in the unit of time that fits.
    Seconds,
    /// A share of a whole, written as a percentage.
    Share,
    /// So many a second.
    PerSecond,
    /// Any other number.
    Plain,
}

impl Unit {
    /// A number as people read it.
    pub fn text(self, value: f64) -> String {
        match self {
            Unit::Seconds => number::seconds(value),
            Unit::Share => format!("{} %", number::plain(tidy(value * 100.0))),
            Unit::PerSecond => format!("{}/s", number::plain(tidy(value))),
            Unit::Plain => number::plain(tidy(value)),
        }
    }

    /// A number with three significant digits at most.
    pub fn short(self, value: f64) -> String {
        self.text(three_digits(value))
    }
}

/// A number without the dust of binary fractions.
fn tidy(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// A number with three significant digits.
fn three_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = libm::pow(10.0, 2.0 - libm::floor(libm::log10(value.abs())));
    (value * scale).round() / scale
}

/// What is smaller than this is drawn at it on a logarithmic axis: a picosecond is 1e-12.
const SMALLEST: f64 = 1e-15;

/// What is larger than this is drawn at it.
const LARGEST: f64 = 1e18;

impl Scale {
    /// A linear axis from zero to a round number that is not below `most`.
    pub fn from_zero(most: f64, pixels: (i32, i32)) -> Scale {
        let most = if most > 0.0 && most.is_finite() { most } else { 1.0 };
        let step = round_step(most, 5);
        let high = libm::ceil(most / step - 1e-9) * step;
        Scale { low: 0.0, high, is_logarithmic: false, pixels }
    }

    /// A linear axis between two numbers.
    pub fn linear(low: f64, high: f64, pixels: (i32, i32)) -> Scale {
        let high = if high > low { high } else { low + 1.0 };
        Scale { low, high, is_logarithmic: false, pixels }
    }

    /// A logarithmic axis between two numbers above zero, with a little room around them.
    pub fn logarithmic(low: f64, high: f64, pixels: (i32, i32)) -> Scale {
        let low = if low > 0.0 { low } else { high / 10.0 }.clamp(SMALLEST, LARGEST);
        let high = high.clamp(low * 1.000_001, LARGEST * 10.0);
        let room = libm::pow(high / low, 0.04).max(1.05);
        Scale { low: low / room, high: high * room, is_logarithmic: true, pixels }
    }

    /// Logarithmic if the numbers are above zero and the largest is many times the smallest, else linear from zero.
    pub fn fitting(values: impl Iterator<Item = f64> + Clone, pixels: (i32, i32)) -> Scale {
        const MANY: f64 = 15.0;
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(0.0, f64::max);
        if low > 0.0 && high / low >= MANY {
            Scale::logarithmic(low, high, pixels)
        } else {
            Scale::from_zero(high * 1.04, pixels)
        }
    }

    #[cfg(test)]
    fn is_logarithmic(&self) -> bool {
        self.is_logarithmic
    }

    /// Where a number lies; one beyond an end, at that end.
    pub fn at(&self, value: f64) -> i32 {
        let share = if self.is_logarithmic {
            libm::log(value.max(self.low) / self.low) / libm::log(self.high / self.low)
        } else {
            (value - self.low) / (self.high - self.low)
        };
        let (from, to) = self.pixels;
        from + (share.clamp(0.0, 1.0) * f64::from(to - from)).round() as i32
    }

    #[cfg(test)]
    fn high(&self) -> f64 {
        self.high
    }

    /// Round numbers along the axis, at most about `most`.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        if self.is_logarithmic { self.logarithmic_ticks(most) } else { self.linear_ticks(most) }
    }

    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let step = round_step(self.high - self.low, most.max(1));
        let first = libm::ceil(self.low / step - 1e-9) as i64;
        let last = libm::floor(self.high / step + 1e-9) as i64;
        (first..=last).map(|index| tidy_to(index as f64 * step, step)).collect()
    }

    fn logarithmic_ticks(&self, most: usize) -> Vec<f64> {
        let first = libm::floor(libm::log10(self.low)) as i32;
        let last = libm::ceil(libm::log10(self.high)) as i32;
        let within = |value: &f64| (self.low..=self.high).contains(value);
        let of = |digits: &[f64], every: i32| -> Vec<f64> {
            let decades = (first..=last).filter(|decade| decade.rem_euclid(every) == 0);
            let values =
                decades.flat_map(|decade| digits.iter().map(move |digit| power_of_ten(decade) * digit));
            values.filter(within).collect()
        };
        let choices = [
            (&[1.0, 2.0, 5.0][..], 1),
            (&[1.0, 3.0][..], 1),
            (&[1.0][..], 1),
            (&[1.0][..], 2),
            (&[1.0][..], 3),
        ];
        let ticks = choices.into_iter().map(|(digits, every)| of(digits, every));
        let mut fitting = ticks.filter(|ticks| ticks.len() <= most.max(2));
        fitting.next().unwrap_or_else(|| of(&[1.0], 4))
    }
}

/// Ten to a whole power, exact where that can be.
fn power_of_ten(power: i32) -> f64 {
    if power >= 0 { libm::pow(10.0, f64::from(power)) } else { 1.0 / libm::pow(10.0, f64::from(-power)) }
}

/// The smallest of 1, 2, 5, 10, ... (and their tenths) that divides `length` into few enough stretches.
fn round_step(length: f64, most: usize) -> f64 {
    let rough = length / most as f64;
    let decade = power_of_ten(libm::floor(libm::log10(rough)) as i32);
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * decade);
    steps.into_iter().find(|step| *step >= rough * (1.0 - 1e-9)).unwrap_or(10.0 * decade)
}

/// A multiple of `step` without the dust of binary fractions.
fn tidy_to(value: f64, step: f64) -> f64 {
    let digits = (1.0 - libm::floor(libm::log10(step))).clamp(0.0, 15.0) as usize;
    format!("{value:.digits$}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_ends_at_a_round_number() {
        let scale = Scale::from_zero(45.5, (0, 100));
        assert_eq!((scale.high(), scale.at(25.0), scale.at(99.0)), (50.0, 50, 100));
        assert_eq!(scale.ticks(5), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(Scale::from_zero(0.3, (0, 100)).ticks(5), [0.0, 0.1, 0.2, 0.3]);
    }

    #[test]
    fn a_logarithmic_axis_has_round_ticks_and_equal_decades() {
        let scale = Scale::logarithmic(1e-4, 1e-1, (0, 300));
        assert_eq!(scale.ticks(6), [1e-4, 1e-3, 1e-2, 1e-1]);
        let decade = scale.at(1e-2) - scale.at(1e-3);
        assert!((scale.at(1e-1) - scale.at(1e-2) - decade).abs() <= 1);
    }

    #[test]
    fn numbers_far_apart_are_drawn_on_a_logarithmic_axis() {
        assert!(Scale::fitting([1.0, 100.0].into_iter(), (0, 1)).is_logarithmic());
        assert!(!Scale::fitting([1.0, 3.0].into_iter(), (0, 1)).is_logarithmic());
        assert!(!Scale::fitting([0.0, 3000.0].into_iter(), (0, 1)).is_logarithmic());
    }

    #[test]
    fn no_numbers_break_an_axis() {
        for values in [vec![], vec![0.0], vec![1e-300, 1e300], vec![f64::NAN], vec![5.0]] {
            let scale = Scale::fitting(values.iter().copied(), (0, 1000));
            assert!(scale.ticks(6).len() < 400, "{values:?}");
            assert!((0..=1000).contains(&scale.at(1.0)));
        }
    }

    #[test]
    fn labels_have_a_unit() {
        assert_eq!(Unit::Seconds.text(0.005), "5 ms");
        assert_eq!(Unit::Share.text(0.3), "30 %");
        assert_eq!(Unit::Plain.text(3e6), "3,000,000");
        assert_eq!(Unit::PerSecond.short(99.9666), "100/s");
    }
}
