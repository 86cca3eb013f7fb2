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
            && is_not_in_runs_alone(&tree, &path, problems)
        {
            tree = match length_before_list(&tree, &path) {
                Some(length) => set_in_list(tree, length, path, value),
                None => merge::merge_sections(tree, overlay(path, value)),
            };
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

/// Whether the path goes through mappings, and through items of lists that have a name, as far as it is there.
fn leads_somewhere(tree: &Node, path: &[Key], problems: &mut Problems) -> bool {
    let mut node = Some(tree);
    for key in path {
        if let Some(Node { kind: Kind::Sequence(items), .. }) = node {
            let Some(item) = items.iter().find(|item| name_of(item) == Some(&key.text)) else {
                report_item(items, key, problems);
                return false;
            };
            node = Some(item);
        } else {
            node = node.and_then(|node| node.get(&key.text));
        }
    }
    true
}

/// Whether a path does not lead into a list that only runs have: it would reach none of them.
fn is_not_in_runs_alone(tree: &Node, path: &[Key], problems: &mut Problems) -> bool {
    let [section, item, ..] = path else { return true };
    if tree.get(&section.text).is_some() {
        return true;
    }
    let runs = tree.get("runs").and_then(Node::entries).unwrap_or_default();
    let mut owners: Vec<(&str, &[Node])> = Vec::new();
    for (run, node) in runs {
        if let Some(Kind::Sequence(items)) = node.get(&section.text).map(|list| &list.kind) {
            owners.push((&run.text, items));
        }
    }
    let has_it = |(_, items): &&(&str, &[Node])| items.iter().any(|other| name_of(other) == Some(&item.text));
    if let Some((run, _)) = owners.iter().find(has_it) {
        let keys: Vec<&str> = path.iter().map(|key| key.text.as_str()).collect();
        let message = format!("only runs have {} here, each of them its own", quoted(&section.text));
        let help = format!("set it run by run, as in runs.{run}.{}", keys.join("."));
        problems.add_with_help(section.position, message, help);
    } else if !owners.is_empty() {
        let items: Vec<Node> = owners.iter().flat_map(|(_, items)| items.iter().cloned()).collect();
        report_item(&items, item, problems);
    }
    owners.is_empty()
}

/// The name of an item of a list, as threads have one.
fn name_of(item: &Node) -> Option<&str> {
    item.get("name").and_then(Node::text)
}

fn report_item(items: &[Node], key: &Key, problems: &mut Problems) {
    let names: Vec<&str> = items.iter().filter_map(name_of).collect();
    if names.is_empty() {
        let message = format!("no such path: there is a list before {}", quoted(&key.text));
        problems.add_with_help(key.position, message, "a list without names can only be set as a whole");
    } else {
        problems.unknown(key.position, "name in a list", &key.text, names);
    }
}

/// How many keys of a path lead to the first list on its way; `None` if there is none before its end.
fn length_before_list(tree: &Node, path: &[Key]) -> Option<usize> {
    let mut node = tree;
    for (length, key) in path.iter().enumerate() {
        if matches!(node.kind, Kind::Sequence(_)) {
            return Some(length);
        }
        node = node.get(&key.text)?;
    }
    None
}

/// Sets a value within the named item of a list, which is at the end of the first `length` keys of a path.
fn set_in_list(mut tree: Node, length: usize, mut path: Vec<Key>, value: Node) -> Node {
    let rest = path.split_off(length + 1);
    let mut node = Some(&mut tree);
    for key in &path {
        node = node.and_then(|node| match &mut node.kind {
            Kind::Mapping(entries) => {
                entries.iter_mut().find(|(other, _)| other.text == key.text).map(|(_, node)| node)
            }
            Kind::Sequence(items) => items.iter_mut().find(|item| name_of(item) == Some(&key.text)),
            Kind::Scalar { .. } => None,
        });
    }
    if let Some(item) = node {
        *item = merge::merge(item.clone(), overlay(rest, value));
    }
    tree
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
    fn an_item_of_a_list_is_found_by_its_name() {
        let file = "{threads: [{name: a, count: 2}, {name: b, do: [x]}]}";
        assert_eq!(
            set(file, &["threads.a.count=4", "threads.b.daemon=true"]).unwrap(),
            "{threads: [{name: a, count: 4}, {name: b, do: [x], daemon: true}]}"
        );
        let within_a_run = "{runs: {one: {threads: [{name: a, count: 2}]}}}";
        assert_eq!(
            set(within_a_run, &["runs.one.threads.a.count=3"]).unwrap(),
            "{runs: {one: {threads: [{name: a, count: 3}]}}}"
        );
    }

    #[test]
    fn what_leads_nowhere_is_an_error() {
        let error =
            |text| set("{threads: [{name: a}], runs: {abc: {}}}", &[text]).unwrap_err().pop().unwrap();
        assert_eq!(error("threads.ab.count=2"), "unknown name in a list `ab`");
        let of_runs = "{runs: {one: {threads: [{name: worker}]}, two: {threads: [{name: other}]}}}";
        let error_of_runs = |text| set(of_runs, &[text]).unwrap_err().pop().unwrap();
        assert_eq!(error_of_runs("threads.wroker.count=2"), "unknown name in a list `wroker`");
        assert_eq!(
            error_of_runs("threads.worker.count=2"),
            "only runs have `threads` here, each of them its own"
        );
        let without_names = set("{a: [1, 2]}", &["a.b=3"]).unwrap_err();
        assert_eq!(without_names, ["no such path: there is a list before `b`"]);
        assert_eq!(error("runs.abd.until=2s"), "unknown run `abd`");
        assert_eq!(error("seed"), "`seed` sets nothing");
        assert_eq!(error("seed="), "there is no value");
        assert_eq!(error(".seed=1"), "`.seed` is not a path");
        assert_eq!(error("a.b.c.d.e.f.g.h.i.j.k.l.m=1"), "a path of more than 12 keys leads nowhere");
    }
}
