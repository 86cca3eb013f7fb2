//! `--set machine.cores=1`: one value of a scenario, as if the file had been edited there.

use crate::scenario::diagnostic::{Position, Problems, Source, quoted};
use crate::scenario::merge;
use crate::scenario::yaml::{self, Key, Kind, Node};

/// The longest path, in keys; no path of the language is longer.
const LONGEST_PATH: usize = 12;

/// Applies each override to the tree of the file, in order. Their texts are added to the sources under this name.
pub(crate) fn apply(
    mut tree: Node,
    overrides: &[String],
    name: &str,
    sources: &mut Vec<Source>,
    problems: &mut Problems,
) -> Node {
    for text in overrides {
        let source = sources.len();
        sources.push(Source { name: name.to_owned(), text: text.clone() });
        if let Some((path, value)) = parse(text, source, problems)
            && is_known_run(&tree, &path, problems)
            && leads_somewhere(&tree, &path, problems)
        {
            tree = merge::merge_sections(tree, overlay(path, value));
        }
    }
    tree
}

/// The path and the value of one override.
fn parse(text: &str, source: usize, problems: &mut Problems) -> Option<(Vec<Key>, Node)> {
    let whole = Position { source, start: 0, end: text.len() };
    let Some(equals) = text.find('=') else {
        let message = format!("{} sets nothing", quoted(text));
        problems.add_with_help(whole, message, "write PATH=VALUE such as machine.cores=1");
        return None;
    };
    let path = parse_path(&text[..equals], source, problems)?;
    if text[equals + 1..].trim().is_empty() {
        problems.add_with_help(whole, "there is no value", "write PATH=VALUE such as machine.cores=1");
        return None;
    }
    let value = yaml::parse(text, source, equals + 1, problems)?;
    Some((path, value))
}

/// The keys of a path, separated by dots. A key that contains a dot stands in double quotes.
fn parse_path(text: &str, source: usize, problems: &mut Problems) -> Option<Vec<Key>> {
    let mut path = Vec::new();
    let mut in_quotes = false;
    let mut start = 0;
    for (index, letter) in text.char_indices().chain([(text.len(), '.')]) {
        match letter {
            '"' => in_quotes = !in_quotes,
            '.' if !in_quotes || index == text.len() => {
                path.push(key(text, source, start, index));
                start = index + 1;
            }
            _ => {}
        }
    }
    let position = Position { source, start: 0, end: text.len() };
    if path.iter().any(|key| key.text.is_empty()) || in_quotes {
        let help = "write keys with dots between, such as runs.threaded.machine.cores";
        problems.add_with_help(position, format!("{} is not a path", quoted(text)), help);
        return None;
    }
    if path.len() > LONGEST_PATH {
        problems.add(position, format!("a path of more than {LONGEST_PATH} keys leads nowhere"));
        return None;
    }
    Some(path)
}

fn key(text: &str, source: usize, start: usize, end: usize) -> Key {
    Key {
        text: text[start..end].replace('"', "").trim().to_owned(),
        position: Position { source, start, end },
    }
}

/// Whether a path into a run leads to one that is there: a misspelt name must not make a new run.
fn is_known_run(tree: &Node, path: &[Key], problems: &mut Problems) -> bool {
    let [runs, run, ..] = path else { return true };
    if runs.text != "runs" || tree.get("runs").is_some_and(|runs| runs.get(&run.text).is_some()) {
        return true;
    }
    let known = tree.get("runs").and_then(Node::entries).unwrap_or_default();
    problems.unknown(run.position, "run", &run.text, known.iter().map(|(key, _)| key.text.as_str()));
    false
}

/// Whether the path goes through mappings only, as far as it is there.
fn leads_somewhere(tree: &Node, path: &[Key], problems: &mut Problems) -> bool {
    let mut node = Some(tree);
    for key in path {
        if let Some(Node { kind: Kind::Sequence(_), .. }) = node {
            let message = format!("no such path: there is a list before {}", quoted(&key.text));
            problems.add_with_help(key.position, message, "a list can only be set as a whole");
            return false;
        }
        node = node.and_then(|node| node.get(&key.text));
    }
    true
}

/// Mappings of one key each that lead to the value.
fn overlay(path: Vec<Key>, value: Node) -> Node {
    path.into_iter().rev().fold(value, |inner, key| {
        let position = key.position;
        Node { kind: Kind::Mapping(vec![(key, inner)]), position }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(file: &str, overrides: &[&str]) -> Result<String, Vec<String>> {
        let mut problems = Problems::default();
        let tree = yaml::parse(file, 0, 0, &mut problems).unwrap();
        let mut sources = vec![Source { name: "file".into(), text: file.into() }];
        let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
        let tree = apply(tree, &overrides, "--set", &mut sources, &mut problems);
        if problems.is_empty() {
            return Ok(tree.flow());
        }
        let diagnostics = crate::scenario::Diagnostics::new(sources, problems);
        Err(diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect())
    }

    #[test]
    fn a_value_is_set_and_what_is_missing_on_the_way_is_made() {
        assert_eq!(
            set("seed: 1", &["python.gil.interval=1ms"]).unwrap(),
            "{seed: 1, python: {gil: {interval: 1ms}}}"
        );
        assert_eq!(set("seed: 1", &["seed=2", "seed=3"]).unwrap(), "{seed: 3}");
    }

    #[test]
    fn a_preset_keeps_its_name_when_one_of_its_values_is_set() {
        assert_eq!(set("machine: m", &["machine.cores=1"]).unwrap(), "{machine: {preset: m, cores: 1}}");
        assert_eq!(set("machine: {preset: m, cores: 1}", &["machine=n"]).unwrap(), "{machine: {preset: n}}");
    }

    #[test]
    fn a_value_of_one_run_is_set() {
        let file = "runs: {one core: {machine: m, until: 1s}}";
        assert_eq!(
            set(file, &["runs.one core.machine.cores=4"]).unwrap(),
            "{runs: {one core: {machine: {preset: m, cores: 4}, until: 1s}}}"
        );
    }

    #[test]
    fn another_policy_inherits_nothing() {
        let file = "python: {gil: {policy: check_interval, interval: 50}}";
        let expected = "{python: {gil: {policy: switch_interval}}}";
        assert_eq!(set(file, &["python.gil.policy=switch_interval"]).unwrap(), expected);
    }

    #[test]
    fn a_key_with_a_dot_stands_in_quotes() {
        assert_eq!(
            set("{}", &["machine.instruction.\"cpython-2.6\"=12ns"]).unwrap(),
            "{machine: {instruction: {cpython-2.6: 12ns}}}"
        );
    }

    #[test]
    fn what_leads_nowhere_is_an_error() {
        let error =
            |text| set("{threads: [{name: a}], runs: {abc: {}}}", &[text]).unwrap_err().pop().unwrap();
        assert_eq!(error("threads.a.count=2"), "no such path: there is a list before `a`");
        assert_eq!(error("runs.abd.until=2s"), "unknown run `abd`");
        assert_eq!(error("seed"), "`seed` sets nothing");
        assert_eq!(error("seed="), "there is no value");
        assert_eq!(error(".seed=1"), "`.seed` is not a path");
        assert_eq!(error("a.b.c.d.e.f.g.h.i.j.k.l.m=1"), "a path of more than 12 keys leads nowhere");
    }
}
