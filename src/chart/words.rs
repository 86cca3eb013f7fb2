//! The words of pictures in another language.
//!
//! A file of labels has a line a label: the English words, a colon, and what is to stand for them. What it does not name
//! stays English. Titles are sentences that are computed; `--title` stands for them.

use std::collections::BTreeMap;

use crate::scenario::suggest;

/// Every label there is, but for names and numbers.
pub const LABELS: &[&str] = &[
    // The states of threads.
    "runs Python",
    "C code, holds the GIL",
    "C code without the GIL",
    "in the kernel",
    "waits for the GIL",
    "woken, but the GIL is taken",
    "waits for the switch",
    "ready, no core",
    "blocked on a lock or queue",
    "I/O or sleep",
    "not started, done or idle",
    // Timelines.
    "asks the holder to drop the GIL",
    "core runs thread 1, 2, ...",
    "stacked: shares of time",
    "core",
    "whole run",
    "longest wait",
    "worst battle",
    "in vain within",
    "first forced drop",
    // Curves and points.
    "waiting threads, on average",
    "at the most",
    "no longer than that",
    "marked: 50 %, 90 %, 99 %",
    "latency",
    "wait for the GIL",
    "speed-up",
    "ideal",
    "measured",
    "simulated",
    "band: within 15 %; strokes: quartiles of what was measured",
    "filled: on the front; hollow: bettered in both",
    "filled: on the front; hollow: bettered in both, or beyond a limit",
    "crossed: did not come to its end",
    "recommended",
];

/// Labels and what stands for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// Reads a file of labels.
    ///
    /// # Errors
    /// If a line is none, or names a label that does not exist; with its number.
    pub fn parse(text: &str) -> Result<Words, String> {
        let mut words = BTreeMap::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: String| format!("line {}: {what}", index + 1);
            let (label, word) = line.split_once(": ").ok_or_else(|| {
                wrong(format!(
                    "`{line}` has no colon\nhelp: write a label and its translation, as in `core: Kern`"
                ))
            })?;
            let (label, word) = (unquoted(label), unquoted(word));
            if !LABELS.contains(&label) {
                let help = suggest::closest(label, LABELS.iter().copied());
                let help = help.map_or_else(
                    || "help: `gilsim plot --help` lists all labels".to_owned(),
                    |meant| format!("help: did you mean `{meant}`?"),
                );
                return Err(wrong(format!("there is no label `{label}`\n{help}")));
            }
            words.insert(label.to_owned(), word.to_owned());
        }
        Ok(Words(words))
    }

    /// What stands for a label.
    pub fn say<'a>(&'a self, label: &'a str) -> &'a str {
        debug_assert!(LABELS.contains(&label), "{label} is missing among the labels");
        self.0.get(label).map_or(label, String::as_str)
    }
}

/// A text without the quotes around it.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}
