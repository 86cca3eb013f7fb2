//! Numbers as people read them.

use crate::experiment::Estimate;

/// A count with commas between groups of three digits: `3,960,396`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a number counts, which decides how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, in the unit of time that fits.
    Seconds,
    /// A count.
    Count,
    /// A ratio with three decimals.
    Ratio,
    /// Any other number.
    Plain,
}

/// An estimate: the mean alone if there is one value only, else with half its confidence interval: `45.53 +- 0.02 s`.
pub fn estimate(estimate: &Estimate, unit: Unit) -> String {
    match (estimate.half_width, unit) {
        (Some(half_width), _) => with_half_width(estimate.mean, half_width, unit),
        (None, Unit::Seconds) => seconds(estimate.mean),
        (None, Unit::Count) => count(estimate.mean as u64),
        (None, Unit::Ratio) => format!("{:.3}", estimate.mean),
        (None, Unit::Plain) => plain(estimate.mean),
    }
}

/// A mean with half its confidence interval, which is given with two digits, and the mean with as many decimals.
pub fn with_half_width(mean: f64, half_width: f64, unit: Unit) -> String {
    let (scale, name) = if unit == Unit::Seconds { time_unit(mean.abs()) } else { (1.0, "") };
    let (mean, half_width) = (mean * scale, half_width * scale);
    let text = if half_width == 0.0 {
        let mean = if unit == Unit::Ratio { format!("{mean:.3}") } else { plain(mean) };
        format!("{mean} +- 0")
    } else {
        let decimals = (1.0 - half_width.abs().log10().floor()).clamp(0.0, 12.0) as usize;
        format!("{} +- {}", grouped(mean, decimals), grouped(half_width, decimals))
    };
    format!("{text} {name}").trim_end().to_owned()
}

/// A number with so many decimals and commas between groups of three digits.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let sign = if value < 0.0 { "-" } else { "" };
    let whole = whole.parse().map_or(whole.to_owned(), count);
    rest.map_or(format!("{sign}{whole}"), |rest| format!("{sign}{whole}.{rest}"))
}

/// Seconds with a unit that keeps three to four digits before and after the point: `45.5 s`, `3.21 ms`.
pub fn seconds(value: f64) -> String {
    let (scale, unit) = time_unit(value.abs());
    format!("{} {unit}", significant(value * scale))
}

/// The unit of time that fits, and how many of it are a second.
fn time_unit(magnitude: f64) -> (f64, &'static str) {
    match magnitude {
        m if m == 0.0 || m >= 1.0 => (1.0, "s"),
        m if m >= 1e-3 => (1e3, "ms"),
        m if m >= 1e-6 => (1e6, "us"),
        m if m >= 1e-9 => (1e9, "ns"),
        _ => (1e12, "ps"),
    }
}

/// A plain number with about four significant digits; large whole numbers are grouped.
pub fn plain(value: f64) -> String {
    if value.abs() >= 10_000.0 && value.abs() < 1e15 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", count(value.abs().round() as u64));
    }
    significant(value)
}

fn significant(value: f64) -> String {
    let magnitude = value.abs();
    let digits = match magnitude {
        m if m >= 1000.0 => 0,
        m if m >= 100.0 => 1,
        m if m >= 10.0 => 2,
        m if m >= 1.0 => 3,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_in_threes() {
        assert_eq!(
            ["0", "999", "1,000", "3,960,396"].map(str::to_owned),
            [0, 999, 1000, 3_960_396].map(count)
        );
    }

    #[test]
    fn seconds_have_the_unit_that_fits() {
        assert_eq!(seconds(45.5), "45.5 s");
        assert_eq!(seconds(0.003_21), "3.21 ms");
        assert_eq!(seconds(0.0), "0 s");
    }

    #[test]
    fn plain_numbers_keep_four_digits() {
        assert_eq!([plain(1.85), plain(0.3466), plain(9_549_821.0)], ["1.85", "0.3466", "9,549,821"]);
    }

    #[test]
    fn a_half_width_has_two_digits_and_the_mean_as_many_decimals() {
        assert_eq!(with_half_width(45.531_94, 0.0213, Unit::Seconds), "45.532 +- 0.021 s");
        assert_eq!(with_half_width(0.002, 0.000_151, Unit::Seconds), "2.00 +- 0.15 ms");
        assert_eq!(with_half_width(1_606_794.4, 309.6, Unit::Count), "1,606,794 +- 310");
        assert_eq!(with_half_width(12_345.67, 4.22, Unit::Count), "12,345.7 +- 4.2");
        assert_eq!(with_half_width(-1.5, 0.26, Unit::Plain), "-1.50 +- 0.26");
    }

    #[test]
    fn without_any_doubt_the_half_width_is_zero() {
        assert_eq!(with_half_width(7.0, 0.0, Unit::Count), "7 +- 0");
        assert_eq!(with_half_width(0.04, 0.0, Unit::Seconds), "40 +- 0 ms");
        assert_eq!(with_half_width(1.0, 0.0, Unit::Ratio), "1.000 +- 0");
    }
}
