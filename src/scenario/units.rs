//! Quantities as people write them: `24.6s`, `100_000_000`, `5%`.
//!
//! Times are read digit by digit into picoseconds, never by way of a float, so that what is written is what is
//! simulated.

use crate::des::Span;

/// The units of time and their picoseconds. A time is printed and asked for with these names.
const UNITS: [(&str, u64); 8] = [
    ("ps", 1),
    ("ns", 1_000),
    ("us", 1_000_000),
    ("µs", 1_000_000),
    ("ms", 1_000_000_000),
    ("s", 1_000_000_000_000),
    ("min", 60_000_000_000_000),
    ("h", 3_600_000_000_000_000),
];

/// More decimals than this, in any unit, are finer than a picosecond.
const MOST_DECIMALS: usize = 18;

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnitError {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl UnitError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> UnitError {
        UnitError { message: message.into(), help: Some(help.into()) }
    }
}

/// A duration such as `24.6s`, `5ms`, `15us`, `61.5ns`, `3ps`, `1h` or `2min`, exactly.
pub fn parse_span(text: &str) -> Result<Span, UnitError> {
    let digits = text.trim_end_matches(|letter: char| letter.is_alphabetic());
    let unit = &text[digits.len()..];
    let Some((whole, decimals)) = decimal_parts(digits) else {
        return Err(not_a_span(text, digits, unit));
    };
    let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(unknown_unit(digits, unit));
    };
    let too_long = || UnitError::new(format!("`{text}` is too long"), "the longest time is 213 days, 5124h");
    let whole: u128 = if whole.len() > 20 { None } else { whole.parse().ok() }.ok_or_else(too_long)?;
    let fraction = picos_of_decimals(&decimals, *scale)
        .ok_or_else(|| UnitError::new(format!("`{text}` is too precise"), "times are whole picoseconds"))?;
    u64::try_from(whole * u128::from(*scale) + fraction).map(Span::from_picos).map_err(|_| too_long())
}

/// A whole number, which may have underscores between digits: `100_000_000`.
pub fn parse_count(text: &str) -> Result<u64, UnitError> {
    let help = "write a whole number such as 100_000_000";
    if is_negative(text) {
        return Err(UnitError::new(format!("`{text}` is negative"), help));
    }
    match decimal_parts(text) {
        Some((whole, decimals)) if decimals.is_empty() && !text.contains('.') => {
            whole.parse().map_err(|_| {
                UnitError::new(format!("`{text}` is too large"), format!("the largest is {}", u64::MAX))
            })
        }
        _ => Err(UnitError::new(format!("`{text}` is not a whole number"), help)),
    }
}

/// A plain number that is not negative: `1.85`.
pub fn parse_number(text: &str) -> Result<f64, UnitError> {
    let help = "write a number such as 1.85";
    if is_negative(text) {
        return Err(UnitError::new(format!("`{text}` is negative"), help));
    }
    decimal_parts(text)
        .and_then(|(whole, decimals)| format!("{whole}.{decimals}0").parse().ok())
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| UnitError::new(format!("`{text}` is not a number"), help))
}

/// A percentage such as `5%`, as a fraction.
pub fn parse_percentage(text: &str) -> Result<f64, UnitError> {
    let number = text.strip_suffix('%').and_then(|number| parse_number(number).ok());
    number.map(|number| number / 100.0).ok_or_else(|| {
        UnitError::new(format!("`{text}` is not a percentage"), "write a percentage such as 5%")
    })
}

/// The digits before and after the decimal point, without leading and trailing zeros; `None` if this is not a number
/// that is written with digits. An underscore may stand between two digits before the point.
fn decimal_parts(text: &str) -> Option<(String, String)> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (text, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !whole.split('_').all(all_digits) || !decimals.is_none_or(all_digits) {
        return None;
    }
    let whole = whole.replace('_', "");
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some((whole.to_owned(), decimals.unwrap_or("").trim_end_matches('0').to_owned()))
}

/// The decimals of a number of units as picoseconds; `None` if that is not a whole number.
fn picos_of_decimals(decimals: &str, scale: u64) -> Option<u128> {
    if decimals.is_empty() {
        return Some(0);
    }
    if decimals.len() > MOST_DECIMALS {
        return None;
    }
    let numerator = decimals.parse::<u128>().ok()? * u128::from(scale);
    let denominator = 10_u128.pow(decimals.len() as u32);
    (numerator % denominator == 0).then(|| numerator / denominator)
}

fn is_negative(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

fn not_a_span(text: &str, digits: &str, unit: &str) -> UnitError {
    if is_negative(digits) {
        return UnitError::new(format!("`{text}` is negative"), "a time is at least 0s");
    }
    let number = digits.trim_end();
    if !unit.is_empty() && decimal_parts(number).is_some() {
        return UnitError::new(
            format!("`{text}` is not a time"),
            format!("write {number}{unit}, without a space"),
        );
    }
    UnitError::new(format!("`{text}` is not a time"), "write a time such as 5ms or 24.6s")
}

fn unknown_unit(digits: &str, unit: &str) -> UnitError {
    if unit.is_empty() {
        return UnitError::new(
            "a time needs a unit",
            format!("write {digits}ms or {digits}s, whichever it is"),
        );
    }
    UnitError::new(format!("unknown unit of time `{unit}`"), "units are ps, ns, us, ms, s, min and h")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picos(text: &str) -> u64 {
        parse_span(text).unwrap().picos()
    }

    fn span_error(text: &str) -> String {
        parse_span(text).unwrap_err().message
    }

    #[test]
    fn a_time_is_read_exactly() {
        assert_eq!(picos("24.6s"), 24_600_000_000_000);
        assert_eq!(picos("61.5ns"), 61_500);
        assert_eq!(picos("3ps"), 3);
        assert_eq!(picos("2min"), 120_000_000_000_000);
        assert_eq!(picos("1h"), 3_600_000_000_000_000);
        assert_eq!(picos("5µs"), picos("5us"));
        assert_eq!(picos("1_000.50us"), 1_000_500_000);
        assert_eq!(picos("0.000000000001s"), 1);
        assert_eq!(picos("0s"), 0);
        assert_eq!(picos("18446744073709551615ps"), u64::MAX);
    }

    #[test]
    fn a_time_needs_a_unit() {
        let error = parse_span("5").unwrap_err();
        assert_eq!(error.message, "a time needs a unit");
        assert_eq!(error.help.unwrap(), "write 5ms or 5s, whichever it is");
        assert_eq!(span_error("5 sec"), "`5 sec` is not a time");
        assert_eq!(span_error("5sec"), "unknown unit of time `sec`");
    }

    #[test]
    fn a_time_is_not_negative_finer_than_a_picosecond_or_longer_than_can_be_simulated() {
        assert_eq!(span_error("-5ms"), "`-5ms` is negative");
        assert_eq!(span_error("0.5ps"), "`0.5ps` is too precise");
        assert_eq!(span_error("0.0000000000000000000001h"), "`0.0000000000000000000001h` is too precise");
        assert_eq!(span_error("5125h"), "`5125h` is too long");
        assert_eq!(span_error("18446744073709551616ps"), "`18446744073709551616ps` is too long");
    }

    #[test]
    fn what_is_no_number_is_no_time() {
        for text in
            ["", "s", "ms", "1e3s", ".5s", "1.s", "1_s", "_1s", "1__0s", "1.5.5s", ".inf", "nan", "٣s"]
        {
            assert!(span_error(text).ends_with("is not a time"), "{text}: {}", span_error(text));
        }
    }

    #[test]
    fn a_count_may_have_underscores_but_no_sign_and_no_decimals() {
        assert_eq!(parse_count("100_000_000").unwrap(), 100_000_000);
        assert_eq!(parse_count("18446744073709551615").unwrap(), u64::MAX);
        assert_eq!(parse_count("-3").unwrap_err().message, "`-3` is negative");
        assert_eq!(parse_count("1.0").unwrap_err().message, "`1.0` is not a whole number");
        assert_eq!(
            parse_count("18446744073709551616").unwrap_err().message,
            "`18446744073709551616` is too large"
        );
    }

    #[test]
    fn a_number_is_finite_and_not_negative() {
        assert_eq!(parse_number("1.85").unwrap(), 1.85);
        assert_eq!(parse_number("1_000").unwrap(), 1000.0);
        for text in ["nan", ".inf", "-1", "1e400", ""] {
            assert!(parse_number(text).is_err(), "{text}");
        }
        assert!(parse_number(&"9".repeat(400)).is_err());
    }

    #[test]
    fn a_percentage_needs_its_sign() {
        assert_eq!(parse_percentage("5%").unwrap(), 0.05);
        assert_eq!(parse_percentage("0.05").unwrap_err().help.unwrap(), "write a percentage such as 5%");
    }
}
