//! How wide a text will be, and how to make it fit.
//!
//! Widths are those of Noto Sans; a viewer without it takes a sans-serif of its own, which is why a little room is
//! left.

/// Thousandths of the font size, from space to tilde, regular.
const REGULAR: [u16; 95] = [
    259, 269, 408, 645, 571, 831, 731, 225, 299, 299, 550, 571, 268, 321, 268, 372, 571, 571, 571, 571, 571,
    571, 571, 571, 571, 571, 268, 268, 571, 571, 571, 434, 898, 639, 649, 631, 729, 556, 519, 728, 741, 338,
    272, 619, 523, 907, 759, 780, 604, 780, 622, 548, 556, 730, 600, 930, 585, 565, 571, 329, 372, 329, 571,
    443, 580, 561, 615, 479, 615, 563, 344, 615, 618, 257, 257, 534, 257, 935, 618, 604, 615, 615, 413, 479,
    360, 618, 507, 786, 528, 509, 470, 379, 550, 379, 571,
];

/// Thousandths of the font size, from space to tilde, bold.
const BOLD: [u16; 95] = [
    259, 286, 472, 645, 571, 900, 750, 266, 338, 338, 544, 571, 285, 321, 285, 413, 571, 571, 571, 571, 571,
    571, 571, 571, 571, 571, 285, 285, 571, 571, 571, 477, 896, 689, 671, 637, 740, 560, 548, 724, 765, 389,
    331, 664, 564, 942, 812, 795, 627, 795, 660, 550, 579, 755, 649, 966, 666, 624, 579, 331, 413, 331, 571,
    411, 606, 604, 632, 514, 632, 590, 387, 632, 657, 305, 305, 620, 305, 981, 657, 619, 632, 632, 454, 497,
    434, 657, 568, 855, 578, 568, 487, 394, 550, 394, 571,
];

/// The size and weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Font {
    /// Size in pixels.
    pub size: i32,
    /// Whether it is bold.
    pub bold: bool,
}

impl Font {
    /// An upright font of that size.
    pub const fn regular(size: i32) -> Font {
        Font { size, bold: false }
    }

    /// A bold font of that size.
    pub const fn bold(size: i32) -> Font {
        Font { size, bold: true }
    }

    /// How wide `text` is, in pixels, rounded up.
    pub fn width(self, text: &str) -> i32 {
        let thousandths: u64 = text.chars().map(|character| self.advance(character)).sum();
        let pixels = (thousandths * self.size.max(0) as u64).div_ceil(1000);
        i32::try_from(pixels).unwrap_or(i32::MAX)
    }

    fn advance(self, character: char) -> u64 {
        let widths = if self.bold { &BOLD } else { &REGULAR };
        let known = (character as usize).checked_sub(0x20).and_then(|index| widths.get(index));
        match known {
            Some(width) => u64::from(*width),
            None if character >= '\u{1100}' => 1000,
            None => 720,
        }
    }

    /// `text`, cut with an ellipsis if it is wider than `room`.
    pub fn fit(self, text: &str, room: i32) -> String {
        let budget = room.max(0) as u64 * 1000 / self.size.max(1) as u64;
        let ellipsis = self.advance('…');
        let (mut used, mut kept) = (0, 0);
        for (offset, character) in text.char_indices() {
            used += self.advance(character);
            if used > budget {
                return format!("{}…", text[..kept].trim_end());
            }
            if used + ellipsis <= budget {
                kept = offset + character.len_utf8();
            }
        }
        text.to_owned()
    }

    /// `text` in at most `lines` lines of width `room`, broken at spaces; the last line is cut if need be.
    pub fn wrap(self, text: &str, room: i32, lines: usize) -> Vec<String> {
        let mut rest: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        rest.reverse();
        let mut wrapped = Vec::new();
        while let Some(first) = rest.pop() {
            let mut line = first.to_owned();
            let last = wrapped.len() + 1 == lines;
            while let Some(word) = rest.last() {
                let longer = format!("{line} {word}");
                if !last && self.width(&longer) > room {
                    break;
                }
                line = longer;
                rest.pop();
            }
            wrapped.push(self.fit(&line, room));
        }
        wrapped
    }
}

/// `text` on one line and without the characters that no XML document may hold.
pub fn clean(text: &str) -> String {
    const LONGEST: usize = 2000;
    text.chars()
        .take(LONGEST)
        .map(|character| match character {
            '\n' | '\r' | '\t' => ' ',
            '\u{FFFE}' | '\u{FFFF}' => '\u{FFFD}',
            other if other.is_control() => '\u{FFFD}',
            other => other,
        })
        .collect()
}

/// `text` with `µs` where the terminal has `us` behind a number.
pub fn with_micro(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(" us") {
        let (before, after) = (&rest[..place], &rest[place + 3..]);
        let is_unit = before.ends_with(|letter: char| letter.is_ascii_digit())
            && !after.starts_with(|letter: char| letter.is_alphanumeric());
        written.push_str(before);
        written.push_str(if is_unit { " \u{b5}s" } else { " us" });
        rest = after;
    }
    written + rest
}

/// `text` as it must be written within an XML element.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_left_alone_and_a_longer_one_is_cut() {
        let font = Font::regular(24);
        assert_eq!(font.fit("worker", 500), "worker");
        let cut = font.fit("a very long name of a thread", 120);
        assert!(cut.ends_with('…') && font.width(&cut) <= 120, "{cut}");
    }

    #[test]
    fn a_text_is_wrapped_at_spaces_and_its_last_line_is_cut() {
        let font = Font::bold(40);
        let lines = font.wrap("one two three four five six seven eight nine ten", 300, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
        assert!(lines.iter().all(|line| font.width(line) <= 300), "{lines:?}");
    }

    #[test]
    fn microseconds_are_written_as_in_a_book() {
        assert_eq!(with_micro("300 us, tell us 5 us"), "300 µs, tell us 5 µs");
        assert_eq!(with_micro("5 usual things"), "5 usual things");
    }

    #[test]
    fn nothing_that_breaks_xml_is_left() {
        assert_eq!(escape(&clean("a<b>&\"\u{0}\n")), "a&lt;b&gt;&amp;&quot;\u{FFFD} ");
    }
}
