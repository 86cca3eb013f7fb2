//! What is wrong with a scenario: messages with a place in the text, collected over the whole file in one pass and
//! shown together.

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};

use crate::scenario::suggest;

/// So many problems are kept; a file with more is not read any further by anyone.
const MOST_PROBLEMS: usize = 100;

/// A place in one of the texts that make up a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Which text: the file is 0; overrides and presets follow.
    pub source: usize,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// One text that makes up a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name shown to the user, such as a path.
    pub name: String,
    /// The text.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is.
    pub position: Position,
}

/// Everything that is wrong with a scenario, in order of position, with the texts it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    sources: Vec<Source>,
    list: Vec<Diagnostic>,
    dropped: usize,
}

impl Diagnostics {
    /// What was found in these texts.
    pub(crate) fn new(sources: Vec<Source>, problems: Problems) -> Diagnostics {
        let Problems { mut list, dropped, .. } = problems;
        list.sort_by_key(|diagnostic| diagnostic.position);
        Diagnostics { sources, list, dropped }
    }

    /// Each problem, in order of position.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The name of the text a problem is in, its line and its column, counted from 1.
    pub fn place(&self, diagnostic: &Diagnostic) -> (&str, usize, usize) {
        let Some(source) = self.sources.get(diagnostic.position.source) else {
            return ("", 1, 1);
        };
        let line = Line::at(&source.text, diagnostic.position);
        let column = line.text[..line.marked.start].chars().count() + 1;
        (&source.name, line.number, column)
    }

    /// All problems as text for a person: the message, the place, the line with a caret, the help.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut shown: Vec<String> =
            self.list.iter().map(|diagnostic| self.render_one(&renderer, diagnostic)).collect();
        if self.dropped > 0 {
            shown.push(format!("and {} more errors", self.dropped));
        }
        shown.join("\n\n")
    }

    fn render_one(&self, renderer: &Renderer, diagnostic: &Diagnostic) -> String {
        let mut group = Level::ERROR
            .primary_title(normalize_untrusted_str(&diagnostic.message))
            .elements(Vec::<annotate_snippets::Message<'_>>::new());
        if let Some(source) = self.sources.get(diagnostic.position.source) {
            // Only the one line is handed over: the rest of a long text would be searched for every problem.
            let line = Line::at(&source.text, diagnostic.position);
            let mark = AnnotationKind::Primary.span(line.marked);
            group = group.element(
                Snippet::source(line.text)
                    .line_start(line.number)
                    .path(source.name.as_str())
                    .annotation(mark),
            );
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// The line a position begins on, and the part of that line which it covers.
struct Line<'a> {
    number: usize,
    text: &'a str,
    marked: Range<usize>,
}

impl<'a> Line<'a> {
    fn at(text: &'a str, position: Position) -> Line<'a> {
        let start = boundary_before(text, position.start);
        let end = boundary_before(text, position.end).max(start);
        let first = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let last = text[start..].find('\n').map_or(text.len(), |length| start + length);
        let line = text[first..last].trim_end_matches('\r');
        let marked = (start - first).min(line.len())..(end.min(last) - first).min(line.len());
        Line { number: text[..first].matches('\n').count() + 1, text: line, marked }
    }
}

/// The last character boundary at or before `index`.
fn boundary_before(text: &str, index: usize) -> usize {
    let index = index.min(text.len());
    (0..=index).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

/// The problems found so far. A problem that is found again, because several runs share a part of the file, is kept
/// once.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Diagnostic>,
    dropped: usize,
    reports: usize,
}

impl Problems {
    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How often a problem was reported, old or new: equal before and after means that nothing is wrong in between.
    pub fn reports(&self) -> usize {
        self.reports
    }

    /// Adds a problem without help.
    pub fn add(&mut self, position: Position, message: impl Into<String>) {
        self.push(Diagnostic { message: message.into(), help: None, position });
    }

    /// Adds a problem with a help line.
    pub fn add_with_help(&mut self, position: Position, message: impl Into<String>, help: impl Into<String>) {
        self.push(Diagnostic { message: message.into(), help: Some(help.into()), position });
    }

    /// Adds "unknown `what` `name`", with the known name that was probably meant, or else all of them.
    pub fn unknown<'a>(
        &mut self,
        position: Position,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        if self.list.len() >= MOST_PROBLEMS {
            self.dropped += 1;
            self.reports += 1;
            return;
        }
        let message = format!("unknown {what} {}", quoted(name));
        self.push(Diagnostic { message, help: suggest::help(name, known), position });
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.reports += 1;
        if self.list.len() >= MOST_PROBLEMS {
            self.dropped += 1;
        } else if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }
}

/// A piece of the user's text for use within a message: in backquotes, and cut if it is long.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostics(text: &str, start: usize, end: usize) -> Diagnostics {
        let mut problems = Problems::default();
        problems.add_with_help(Position { source: 0, start, end }, "this is wrong", "do it right");
        Diagnostics::new(vec![Source { name: "a.yaml".into(), text: text.into() }], problems)
    }

    #[test]
    fn a_problem_is_shown_with_its_place_a_caret_and_the_help() {
        let expected = "\
error: this is wrong
 --> a.yaml:2:4
  |
2 | b: bad
  |    ^^^
  |
  = help: do it right";
        assert_eq!(diagnostics("a: 1\nb: bad\n", 8, 11).to_string(), expected);
    }

    #[test]
    fn columns_are_counted_in_characters() {
        let diagnostics = diagnostics("été: bad", 7, 10);
        let first = diagnostics.iter().next().unwrap();
        assert_eq!(diagnostics.place(first), ("a.yaml", 1, 6));
    }

    #[test]
    fn a_position_outside_the_text_is_shown_at_its_end() {
        assert!(diagnostics("", 0, 0).to_string().contains("--> a.yaml:1:1"));
        assert!(diagnostics("é", 1, 99).to_string().contains("--> a.yaml:1:1"));
    }

    #[test]
    fn a_problem_found_twice_is_shown_once() {
        let mut problems = Problems::default();
        problems.add(Position::default(), "this is wrong");
        problems.add(Position::default(), "this is wrong");
        assert_eq!(Diagnostics::new(vec![], problems).iter().count(), 1);
    }

    #[test]
    fn problems_beyond_a_hundred_are_counted_only() {
        let mut problems = Problems::default();
        for start in 0..103 {
            problems.add(Position { source: 0, start, end: start }, "this is wrong");
        }
        assert!(Diagnostics::new(vec![], problems).to_string().ends_with("\nand 3 more errors"));
    }
}
