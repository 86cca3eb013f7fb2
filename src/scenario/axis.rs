//! One value of a scenario that is varied: `python.gil.interval=50us..100ms:log:20`.

use crate::scenario::quantity::{Quantity, Scale, is_same_value};
use crate::scenario::units::UnitError;

/// The most values of one axis.
const MOST_VALUES: u64 = 1_000_000;

/// A value has so many digits at least, which is as much as anybody wants to read or set, and more only where neighbours
/// would be the same otherwise.
const FEWEST_DIGITS: usize = 4;
/// No number has more digits.
const MOST_DIGITS: usize = 17;
/// Of a range that does not say how many values it has, this part is told apart.
const FINEST: f64 = 1e-3;

/// A value of a scenario and what it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its path, as in `--set`: `python.gil.interval`.
    pub path: String,
    /// What it is to be.
    pub domain: Domain,
}

/// What a value is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// One of these, as they are written in a scenario; at least one.
    List(Vec<String>),
    /// Something between two ends.
    Range(Range),
}

/// The values between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The smallest value.
    pub low: Quantity,
    /// The largest value, which is larger, and of the same kind.
    pub high: Quantity,
    /// How values are spread between them.
    pub scale: Scale,
    /// How many there are, at least 2, if that is said. For whole numbers on a linear scale it always is.
    pub count: Option<u64>,
}

impl Axis {
    /// Its values in order, none twice; `None` if it is a range that does not say how many it has.
    pub fn values(&self) -> Option<Vec<String>> {
        match &self.domain {
            Domain::List(values) => Some(values.clone()),
            Domain::Range(range) => {
                let mut values = range.values(range.count?);
                values.dedup();
                Some(values.into_iter().map(Quantity::text).collect())
            }
        }
    }

    /// As it is typed: `machine.cores=1,2,4`.
    pub fn text(&self) -> String {
        let domain = match &self.domain {
            Domain::List(values) => values.join(","),
            Domain::Range(range) => range.text(),
        };
        format!("{}={domain}", self.path)
    }

    /// Whether this is one of its values; for a range without a number of values, whether it is within.
    pub fn contains(&self, text: &str) -> bool {
        match (self.values(), &self.domain) {
            (Some(values), _) => values.iter().any(|value| is_same_value(value, text)),
            (None, Domain::Range(range)) => range.contains(text),
            (None, Domain::List(_)) => false,
        }
    }
}

impl Range {
    /// Reads `1..8`, `50us..100ms:20` or `50us..100ms:log:20`, the number of values being optional. `None` if this is
    /// not meant to be a range.
    ///
    /// # Errors
    /// If it is meant to be one, but is not.
    pub fn parse(text: &str) -> Option<Result<Range, UnitError>> {
        let (low, rest) = text.split_once("..")?;
        Some(Range::between(text, low, rest))
    }

    fn between(text: &str, low: &str, rest: &str) -> Result<Range, UnitError> {
        let error = |message: String| UnitError {
            message,
            help: Some("write a range such as 1..8 or 50us..100ms:log:20".to_owned()),
        };
        let mut parts = rest.split(':').map(str::trim);
        let high = parts.next().unwrap_or_default();
        let (mut scale, mut count) = (Scale::Linear, None);
        for part in parts {
            match Quantity::parse(part) {
                _ if part == "log" => scale = Scale::Logarithmic,
                Some(Quantity::Count(number @ 2..=MOST_VALUES)) => count = Some(number),
                Some(Quantity::Count(_)) => {
                    return Err(error(format!("a range has from 2 to {MOST_VALUES} values, not {part}")));
                }
                _ => return Err(error(format!("`{part}` is neither `log` nor a number of values"))),
            }
        }
        let (low, high) = ends(low.trim(), high).ok_or_else(|| {
            error(format!("`{text}` does not lead from one number or time to another of its kind"))
        })?;
        if low.value() >= high.value() {
            return Err(error(format!("the range from {} to {} is empty", low.text(), high.text())));
        }
        if scale == Scale::Logarithmic && low.value() == 0.0 {
            return Err(error("a logarithmic range cannot begin at zero".to_owned()));
        }
        if let (Quantity::Count(first), Quantity::Count(last), Scale::Linear, None) =
            (low, high, scale, count)
        {
            let all = (last - first).saturating_add(1);
            if all > MOST_VALUES {
                return Err(error(format!("{all} values are too many, at most {MOST_VALUES}")));
            }
            count = Some(all);
        }
        Ok(Range { low, high, scale, count })
    }

    /// The value `position` of the way from the smallest (0) to the largest (1).
    pub fn at(&self, position: f64) -> Quantity {
        let (low, high) = (self.low.value(), self.high.value());
        let widths = match self.scale {
            Scale::Linear => high / (high - low),
            Scale::Logarithmic => 1.0 / libm::log(high / low),
        };
        let digits = 1 + libm::log10(widths / FINEST).max(0.0) as usize;
        self.low.between(self.high, self.scale, position, digits.clamp(FEWEST_DIGITS, MOST_DIGITS))
    }

    /// So many values, at least 2, with as many digits as keep them apart. Only where there are no more values, as of whole
    /// numbers, some are the same.
    fn values(&self, count: u64) -> Vec<Quantity> {
        let is_count = matches!(self.low, Quantity::Count(_));
        let digits = if is_count { MOST_DIGITS } else { FEWEST_DIGITS };
        let apart = (digits..MOST_DIGITS).find_map(|digits| self.rounded(count, digits, true));
        apart.or_else(|| self.rounded(count, MOST_DIGITS, false)).unwrap_or_default()
    }

    /// So many values with so many digits; `None` if they are to be apart and are not. The largest are the first to be the
    /// same.
    fn rounded(&self, count: u64, digits: usize, is_apart: bool) -> Option<Vec<Quantity>> {
        let mut values: Vec<Quantity> = Vec::with_capacity(count as usize);
        for index in (0..count).rev() {
            let position = index as f64 / (count - 1) as f64;
            let value = self.low.between(self.high, self.scale, position, digits);
            if is_apart && values.last() == Some(&value) {
                return None;
            }
            values.push(value);
        }
        values.reverse();
        Some(values)
    }

    fn text(&self) -> String {
        let scale = if self.scale == Scale::Logarithmic { ":log" } else { "" };
        let count = self.count.map_or(String::new(), |count| format!(":{count}"));
        format!("{}..{}{scale}{count}", self.low.text(), self.high.text())
    }

    fn contains(&self, text: &str) -> bool {
        let kind = std::mem::discriminant(&self.low);
        Quantity::parse(text).is_some_and(|value| {
            std::mem::discriminant(&value) == kind
                && (self.low.value()..=self.high.value()).contains(&value.value())
        })
    }
}

/// Both ends as quantities of the same kind; a whole number and a number with decimals are both numbers.
fn ends(low: &str, high: &str) -> Option<(Quantity, Quantity)> {
    match (Quantity::parse(low)?, Quantity::parse(high)?) {
        (Quantity::Count(low), Quantity::Number(high)) => {
            Some((Quantity::Number(low as f64), Quantity::Number(high)))
        }
        (Quantity::Number(low), Quantity::Count(high)) => {
            Some((Quantity::Number(low), Quantity::Number(high as f64)))
        }
        (low, high) if std::mem::discriminant(&low) == std::mem::discriminant(&high) => Some((low, high)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Option<Vec<String>> {
        let range = Range::parse(text).unwrap().unwrap();
        Axis { path: "a".to_owned(), domain: Domain::Range(range) }.values()
    }

    fn error(text: &str) -> String {
        Range::parse(text).unwrap().unwrap_err().message
    }

    #[test]
    fn whole_numbers_are_counted_through() {
        assert_eq!(values("1..4").unwrap(), ["1", "2", "3", "4"]);
        assert_eq!(values("0..1").unwrap(), ["0", "1"]);
        assert_eq!(values("1..100_000").unwrap().len(), 100_000);
    }

    #[test]
    fn values_are_spread_at_equal_distances_or_ratios() {
        assert_eq!(values("0s..1s:5").unwrap(), ["0s", "250ms", "500ms", "750ms", "1s"]);
        assert_eq!(values("1us..1s:log:3").unwrap(), ["1us", "1ms", "1s"]);
        assert_eq!(values("0.5..1:3").unwrap(), ["0.5", "0.75", "1"]);
    }

    #[test]
    fn no_value_comes_twice() {
        assert_eq!(values("1..4:log:10").unwrap(), ["1", "2", "3", "4"]);
    }

    #[test]
    fn neighbours_are_kept_apart_by_as_many_digits_as_it_takes() {
        assert_eq!(
            values("100ms..100.05ms:6").unwrap().join(" "),
            "100ms 100.01ms 100.02ms 100.03ms 100.04ms 100.05ms"
        );
        let many = values("1us..1s:100000").unwrap();
        assert_eq!((many.len(), many[1].as_str(), many[99_998].as_str()), (100_000, "11us", "999.99ms"));
        assert_eq!(values("50us..100ms:log:4").unwrap(), ["50us", "630us", "7.937ms", "100ms"]);
        assert_eq!(values("1ps..3ps:9").unwrap(), ["1ps", "2ps", "3ps"]);
    }

    #[test]
    fn a_narrow_range_has_values_within() {
        let at = |text: &str, position| Range::parse(text).unwrap().unwrap().at(position).text();
        assert_eq!(at("100ms..100.1ms", 0.5), "100.05ms");
        assert_eq!(at("100ms..100.1ms:log", 0.25), "100.025ms");
        assert_eq!(at("50us..100ms:log", 0.5), "2.236ms");
    }

    #[test]
    fn a_range_may_leave_open_how_many_values_it_has() {
        assert_eq!(values("1ms..2ms"), None);
        let range = Range::parse("1ms..2ms:log").unwrap().unwrap();
        let axis = Axis { path: "a".to_owned(), domain: Domain::Range(range) };
        assert!(axis.contains("1500us") && !axis.contains("3ms") && !axis.contains("1"));
    }

    #[test]
    fn what_is_no_range_is_an_error() {
        assert_eq!(error("5ms..1ms"), "the range from 5ms to 1ms is empty");
        assert_eq!(error("1..1"), "the range from 1 to 1 is empty");
        assert_eq!(error("1..5ms"), "`1..5ms` does not lead from one number or time to another of its kind");
        assert_eq!(error("0s..1s:log:5"), "a logarithmic range cannot begin at zero");
        assert_eq!(error("1s..2s:1"), "a range has from 2 to 1000000 values, not 1");
        assert_eq!(error("1s..2s:lot:5"), "`lot` is neither `log` nor a number of values");
        assert_eq!(
            error("0..18446744073709551615"),
            "18446744073709551615 values are too many, at most 1000000"
        );
        assert!(Range::parse("5ms").is_none());
    }
}
