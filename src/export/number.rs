//! Numbers as people read them.

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

/// Seconds with a unit that keeps three to four digits before and after the point: `45.5 s`, `3.21 ms`.
pub fn seconds(value: f64) -> String {
    let magnitude = value.abs();
    let (scale, unit) = match magnitude {
        0.0 => return "0 s".to_owned(),
        m if m >= 1.0 => (1.0, "s"),
        m if m >= 1e-3 => (1e3, "ms"),
        m if m >= 1e-6 => (1e6, "us"),
        m if m >= 1e-9 => (1e9, "ns"),
        _ => (1e12, "ps"),
    };
    format!("{} {unit}", significant(value * scale))
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
}
