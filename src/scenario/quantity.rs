//! A value of a scenario that lies on a scale, so that there are values between two of them.

use crate::des::Span;
use crate::scenario::units;

/// A value on a scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// A whole number.
    Count(u64),
    /// A duration.
    Span(Span),
    /// A number that is not negative.
    Number(f64),
}

/// How values are spread between two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// At equal distances.
    Linear,
    /// At equal ratios.
    Logarithmic,
}

impl Quantity {
    /// Reads `4`, `5ms` or `1.5`; `None` if it is none of these.
    pub fn parse(text: &str) -> Option<Quantity> {
        let count = || units::parse_count(text).ok().map(Quantity::Count);
        let span = || units::parse_span(text).ok().map(Quantity::Span);
        count().or_else(span).or_else(|| units::parse_number(text).ok().map(Quantity::Number))
    }

    /// As a number; a duration in picoseconds.
    pub fn value(self) -> f64 {
        match self {
            Quantity::Count(count) => count as f64,
            Quantity::Span(span) => span.picos() as f64,
            Quantity::Number(number) => number,
        }
    }

    /// The value `position` of the way from this one (0) to another of the same kind (1). A time or a number is rounded
    /// to so many digits, at least 1. The ends are exact.
    pub fn between(self, other: Quantity, scale: Scale, position: f64, digits: usize) -> Quantity {
        let (low, high) = (self.value(), other.value());
        let value = match scale {
            _ if position <= 0.0 => return self,
            _ if position >= 1.0 => return other,
            Scale::Linear => low + (high - low) * position,
            Scale::Logarithmic => low * libm::pow(high / low, position),
        };
        let value = if matches!(self, Quantity::Count(_)) { value } else { rounded(value, digits) };
        self.with_value(value.clamp(low, high))
    }

    /// Where a value is on the way from this one (0) to another (1).
    pub fn position_of(self, value: Quantity, other: Quantity, scale: Scale) -> f64 {
        let (low, value, high) = (self.value(), value.value(), other.value());
        match scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Logarithmic => libm::log(value / low) / libm::log(high / low),
        }
    }

    /// A quantity of the same kind.
    fn with_value(self, value: f64) -> Quantity {
        match self {
            Quantity::Count(_) => Quantity::Count(value.round() as u64),
            Quantity::Span(_) => Quantity::Span(Span::from_picos(value.round() as u64)),
            Quantity::Number(_) => Quantity::Number(value),
        }
    }

    /// As it is written in a scenario, without loss: `74.58us`.
    pub fn text(self) -> String {
        match self {
            Quantity::Count(count) => count.to_string(),
            Quantity::Span(span) => span_text(span),
            Quantity::Number(number) => number.to_string(),
        }
    }
}

/// Whether two values of a scenario mean the same: `1ms` is `1000us`.
pub fn is_same_value(left: &str, right: &str) -> bool {
    match (Quantity::parse(left), Quantity::parse(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

/// A duration in the largest unit that gives at least 1, with all its decimals.
fn span_text(span: Span) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "s"), (1_000_000_000, "ms"), (1_000_000, "us"), (1_000, "ns")];
    let picos = span.picos();
    if picos == 0 {
        return "0s".to_owned();
    }
    let Some((scale, unit)) = UNITS.into_iter().find(|(scale, _)| picos >= *scale) else {
        return format!("{picos}ps");
    };
    let decimals = format!("{:0width$}", picos % scale, width = scale.ilog10() as usize);
    let text = format!("{}.{decimals}", picos / scale);
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for text in ["5ms", "74.58us", "1.000000000001s", "3ps", "0s", "4", "1.5"] {
            assert_eq!(quantity(text).text(), text);
        }
        assert_eq!(quantity("1500us").text(), "1.5ms");
    }

    #[test]
    fn values_between_two_ends_are_rounded() {
        let between =
            |low, high, scale, position| quantity(low).between(quantity(high), scale, position, 4).text();
        assert_eq!(between("50us", "100ms", Scale::Logarithmic, 0.5), "2.236ms");
        assert_eq!(between("100us", "100ms", Scale::Linear, 0.5), "50.05ms");
        assert_eq!(between("1", "16", Scale::Logarithmic, 0.5), "4");
        assert_eq!(between("1", "2", Scale::Linear, 0.25), "1");
        assert_eq!(between("0.5", "1.5", Scale::Linear, 0.25), "0.75");
    }

    #[test]
    fn the_ends_are_exact() {
        let (low, high) = (quantity("1.23456789ms"), quantity("9.87654321ms"));
        for scale in [Scale::Linear, Scale::Logarithmic] {
            assert_eq!(low.between(high, scale, 0.0, 4), low);
            assert_eq!(low.between(high, scale, 1.0, 4), high);
            assert_eq!(low.position_of(low, high, scale), 0.0);
            assert_eq!(low.position_of(high, high, scale), 1.0);
        }
    }

    #[test]
    fn values_are_compared_by_what_they_mean() {
        assert!(is_same_value("1ms", "1000us") && is_same_value("1_000", "1000"));
        assert!(is_same_value("cfs", "cfs") && !is_same_value("1", "1ms"));
    }
}
