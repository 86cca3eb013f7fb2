//! YAML text to a tree in which every key and value knows its place.
//!
//! The language of scenarios is a small part of YAML: one document of mappings, lists and plain or quoted texts. No
//! anchors, no tags, no keys that are not texts.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span as MarkerSpan};

use crate::scenario::diagnostic::{Position, Problems, quoted};

/// The longest text, in bytes.
pub(crate) const LONGEST_TEXT: usize = 1 << 20;
/// How deep lists and mappings may be nested; it bounds every recursion over a tree.
pub(crate) const DEEPEST: usize = 64;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// The value.
    pub kind: Kind,
    /// Where it is written; only the beginning of a list or mapping.
    pub position: Position,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A text, a number or anything else that is written as one word or line.
    Scalar {
        /// The text without quotes.
        text: String,
        /// Whether it was written in quotes (or as a block).
        quoted: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in the order of the text. No key occurs twice.
    Mapping(Vec<(Key, Node)>),
}

/// A key and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    /// The text without quotes.
    pub text: String,
    /// Where it is written.
    pub position: Position,
}

impl Node {
    /// The keys and values of a mapping; `None` for anything else.
    pub fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.kind {
            Kind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries()?.iter().find(|(key, _)| key.text == name).map(|(_, value)| value)
    }

    /// The text, unless there is none: an unquoted `~` or `null`, or nothing at all.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, quoted } => {
                (*quoted || !matches!(text.as_str(), "" | "~" | "null")).then_some(text)
            }
            _ => None,
        }
    }

    /// What this is, for "expected a number, found ...".
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar { .. } => self.text().map_or("nothing".to_owned(), quoted),
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Mapping(_) => "a mapping".to_owned(),
        }
    }

    /// The value in one line, as it could be written in YAML.
    pub fn flow(&self) -> String {
        match &self.kind {
            Kind::Scalar { text, .. } => text.clone(),
            Kind::Sequence(items) => {
                format!("[{}]", items.iter().map(Node::flow).collect::<Vec<_>>().join(", "))
            }
            Kind::Mapping(entries) => {
                let parts = entries.iter().map(|(key, value)| format!("{}: {}", key.text, value.flow()));
                format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Parses the part of `text` from byte `start` on, which is part of the text number `source`. `None` if there is no
/// tree at all; problems may have been found even where there is one.
pub(crate) fn parse(text: &str, source: usize, start: usize, problems: &mut Problems) -> Option<Node> {
    let text = text.get(start..)?;
    let place = Place { source, shift: start, bytes: byte_indices(text), length: text.len() };
    if text.len() > LONGEST_TEXT {
        problems.add(place.at_start(), format!("a text of more than {LONGEST_TEXT} bytes is too long"));
        return None;
    }
    Builder { place, stack: Vec::new(), root: None, problems }.build(text)
}

/// The byte index of every character; `None` where it is the character's own index.
fn byte_indices(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(index, _)| index).collect())
}

/// How places of the parser, counted in characters, become positions.
struct Place {
    source: usize,
    shift: usize,
    bytes: Option<Vec<usize>>,
    length: usize,
}

impl Place {
    fn byte(&self, marker: &Marker) -> usize {
        let index = match &self.bytes {
            Some(bytes) => bytes.get(marker.index()).copied().unwrap_or(self.length),
            None => marker.index().min(self.length),
        };
        self.shift + index
    }

    fn of(&self, span: &MarkerSpan) -> Position {
        let start = self.byte(&span.start);
        Position { source: self.source, start, end: self.byte(&span.end).max(start) }
    }

    fn at(&self, marker: &Marker) -> Position {
        let start = self.byte(marker);
        Position { source: self.source, start, end: start }
    }

    fn at_start(&self) -> Position {
        Position { source: self.source, start: self.shift, end: self.shift }
    }
}

/// A list or mapping that is not complete yet.
enum Open {
    Sequence(Position, Vec<Node>),
    Mapping(Position, Vec<(Key, Node)>, Option<Key>),
}

/// Builds the tree from the parser's events.
struct Builder<'a> {
    place: Place,
    stack: Vec<Open>,
    root: Option<Node>,
    problems: &'a mut Problems,
}

impl Builder<'_> {
    fn build(mut self, text: &str) -> Option<Node> {
        for event in Parser::new_from_str(text) {
            let proceed = match event {
                Ok((event, span)) => self.event(event, &span),
                Err(error) => self.broken(&error),
            };
            proceed?;
        }
        if self.root.is_none() {
            self.problems.add_with_help(
                self.place.at_start(),
                "there is nothing here",
                "a scenario begins with `gilsim: 1`",
            );
        }
        self.root
    }

    /// Handles one event; `None` if the text makes no sense from here on.
    fn event(&mut self, event: Event<'_>, span: &MarkerSpan) -> Option<()> {
        let position = self.place.of(span);
        match event {
            Event::Alias(_) => self.refuse(position, "aliases are not part of the language"),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                self.refuse(position, "anchors are not part of the language")
            }
            Event::Scalar(.., Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => self.refuse(position, "tags are not part of the language"),
            Event::Scalar(text, style, ..) => {
                let quoted = style != ScalarStyle::Plain;
                self.scalar(Node { kind: Kind::Scalar { text: text.into_owned(), quoted }, position })
            }
            Event::SequenceStart(..) => self.open(Open::Sequence(position, Vec::new()), position),
            Event::MappingStart(..) => self.open(Open::Mapping(position, Vec::new(), None), position),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::DocumentStart(_) if self.root.is_some() => {
                self.refuse(position, "a second document is not part of the language")
            }
            _ => Some(()),
        }
    }

    fn broken(&mut self, error: &ScanError) -> Option<()> {
        let message = format!("not valid YAML: {}", error.info());
        let help = "check brackets, quotes and indentation, here and in the lines above";
        self.problems.add_with_help(self.place.at(error.marker()), message, help);
        None
    }

    fn refuse(&mut self, position: Position, message: &str) -> Option<()> {
        self.problems.add(position, message);
        None
    }

    fn open(&mut self, open: Open, position: Position) -> Option<()> {
        if self.stack.len() >= DEEPEST {
            return self.refuse(position, &format!("nested more than {DEEPEST} deep"));
        }
        if self.expects_key() {
            return self.refuse(position, "a key must be a plain text");
        }
        self.stack.push(open);
        Some(())
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Open::Mapping(_, _, None)))
    }

    fn scalar(&mut self, node: Node) -> Option<()> {
        if !self.expects_key() {
            return self.add(node);
        }
        let position = node.position;
        let Some(text) = node.text().map(str::to_owned) else {
            return self.refuse(position, "a key must be a plain text");
        };
        if let Some(Open::Mapping(_, _, pending)) = self.stack.last_mut() {
            *pending = Some(Key { text, position });
        }
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let node = match self.stack.pop()? {
            Open::Sequence(position, items) => Node { kind: Kind::Sequence(items), position },
            Open::Mapping(position, entries, _) => {
                let entries = self.without_duplicates(entries);
                // A block mapping begins with its first key, and has no text of its own to point at.
                let first = entries.first().map(|(key, _)| key.position);
                let position = first.filter(|_| position.start == position.end).unwrap_or(position);
                Node { kind: Kind::Mapping(entries), position }
            }
        };
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Option<()> {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence(_, items)) => items.push(node),
            Some(Open::Mapping(_, entries, pending)) => entries.push((pending.take()?, node)),
        }
        Some(())
    }

    /// The entries with the first of each key, and a problem for each further one.
    fn without_duplicates(&mut self, entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
        let mut seen = std::collections::BTreeSet::new();
        let mut kept = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if seen.insert(key.text.clone()) {
                kept.push((key, value));
            } else {
                let message = format!("the key {} is given twice", quoted(&key.text));
                self.problems.add_with_help(key.position, message, "remove one of them");
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::diagnostic::{Diagnostics, Source};

    fn tree(text: &str) -> Node {
        let mut problems = Problems::default();
        let node = parse(text, 0, 0, &mut problems).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        node
    }

    fn problems_of(text: &str) -> Vec<String> {
        let mut problems = Problems::default();
        parse(text, 0, 0, &mut problems);
        let sources = vec![Source { name: "a".into(), text: text.into() }];
        let diagnostics = Diagnostics::new(sources, problems);
        diagnostics
            .iter()
            .map(|diagnostic| {
                let (_, line, column) = diagnostics.place(diagnostic);
                format!("{line}:{column} {}", diagnostic.message)
            })
            .collect()
    }

    #[test]
    fn a_tree_has_the_values_in_the_order_of_the_text() {
        assert_eq!(tree("b: [1, {c: d}]\na: 'x y'\n").flow(), "{b: [1, {c: d}], a: x y}");
    }

    #[test]
    fn positions_are_in_bytes_of_the_text() {
        let text = "é: ü\nkey: 'value'\n";
        let node = tree(text);
        let (key, value) = &node.entries().unwrap()[1];
        assert_eq!(&text[key.position.start..key.position.end], "key");
        assert_eq!(&text[value.position.start..value.position.end], "'value'");
    }

    #[test]
    fn positions_within_a_part_are_those_of_the_whole_text() {
        let node = parse("a.b=[x]", 3, 4, &mut Problems::default()).unwrap();
        assert_eq!(node.position, Position { source: 3, start: 4, end: 5 });
    }

    #[test]
    fn nothing_is_not_a_text_unless_it_is_quoted() {
        let node = tree("{a: , b: ~, c: null, d: '~'}");
        let texts = ["a", "b", "c", "d"].map(|key| node.get(key).unwrap().text());
        assert_eq!(texts, [None, None, None, Some("~")]);
    }

    #[test]
    fn a_duplicate_key_is_found_at_its_second_place() {
        assert_eq!(problems_of("a: 1\nb: 2\na: 3\n"), ["3:1 the key `a` is given twice"]);
    }

    #[test]
    fn what_is_not_part_of_the_language_is_refused() {
        let message = |text: &str| problems_of(text).pop().unwrap();
        assert_eq!(message("a: &x 1"), "1:4 anchors are not part of the language");
        assert_eq!(message("a: !!str 1"), "1:4 tags are not part of the language");
        assert_eq!(message("a: 1\n---\nb: 1"), "2:1 a second document is not part of the language");
        assert_eq!(message("[a]: 1"), "1:1 a key must be a plain text");
        assert_eq!(message("? \n: 1"), "2:1 a key must be a plain text");
        assert_eq!(message(&"[".repeat(100)), "1:65 nested more than 64 deep");
        assert_eq!(
            message(&" ".repeat(LONGEST_TEXT + 1)),
            "1:1 a text of more than 1048576 bytes is too long"
        );
        assert_eq!(message("# only a comment"), "1:1 there is nothing here");
    }
}
