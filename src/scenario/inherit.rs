//! What each run consists of: the top level, then the runs it is `like`, then its own sections, one over the other.

use std::collections::BTreeMap;

use crate::scenario::diagnostic::{Position, Problems, quoted};
use crate::scenario::merge;
use crate::scenario::yaml::{Key, Kind, Node};

/// The sections that a run can have of its own, in addition to the top level.
pub(crate) const SECTIONS: [&str; 11] = [
    "machine",
    "python",
    "functions",
    "objects",
    "channels",
    "devices",
    "pools",
    "clients",
    "signals",
    "threads",
    "until",
];

/// A run with its sections merged.
#[derive(Clone, Debug)]
pub(crate) struct RunTree {
    /// Its name.
    pub name: String,
    /// A mapping with the sections, and nothing else.
    pub sections: Node,
    /// Where the run begins.
    pub position: Position,
}

/// The runs of a scenario, by name.
pub(crate) struct Runs<'a> {
    root: &'a Node,
    entries: &'a [(Key, Node)],
    indices: BTreeMap<&'a str, usize>,
}

impl<'a> Runs<'a> {
    /// The runs of the scenario `root`.
    pub fn of(root: &'a Node) -> Runs<'a> {
        let entries = root.get("runs").and_then(Node::entries).unwrap_or_default();
        let indices =
            entries.iter().enumerate().map(|(index, (key, _))| (key.text.as_str(), index)).collect();
        Runs { root, entries, indices }
    }

    /// The run with this number, merged; `None` if what it is like makes no sense.
    pub fn merged(&self, index: usize, problems: &mut Problems) -> Option<RunTree> {
        let (key, _) = &self.entries[index];
        let mut sections = sections_of(self.root);
        for index in self.chain(index, problems)?.into_iter().rev() {
            sections = merge::merge_sections(sections, sections_of(&self.entries[index].1));
        }
        Some(RunTree { name: key.text.clone(), sections, position: key.position })
    }

    /// The run, the run it is like, the run that one is like, and so on.
    fn chain(&self, index: usize, problems: &mut Problems) -> Option<Vec<usize>> {
        let mut chain = vec![index];
        let mut run = &self.entries[index].1;
        while let Some(like) = run.get("like") {
            let Some(name) = like.text() else {
                problems.add(like.position, format!("expected the name of a run, found {}", like.describe()));
                return None;
            };
            let Some(next) = self.indices.get(name) else {
                problems.unknown(like.position, "run", name, self.indices.keys().copied());
                return None;
            };
            if let Some(start) = chain.iter().position(|link| link == next) {
                self.report_circle(&chain, start, like.position, problems);
                return None;
            }
            chain.push(*next);
            run = &self.entries[*next].1;
        }
        Some(chain)
    }

    /// Reports the circle at the end of a chain, but only for the first of its runs: it is the same for all.
    fn report_circle(&self, chain: &[usize], start: usize, position: Position, problems: &mut Problems) {
        let circle = &chain[start..];
        if start == 0 && circle.iter().min() == circle.first() {
            let names = circle.iter().chain(circle.first()).map(|index| quoted(&self.entries[*index].0.text));
            let names = names.collect::<Vec<_>>().join(" -> ");
            problems.add(position, format!("runs are like each other in a circle: {names}"));
        }
    }
}

/// The one run of a scenario that has no `runs`.
pub(crate) fn only_run(root: &Node) -> RunTree {
    RunTree { name: "run".to_owned(), sections: sections_of(root), position: root.position }
}

/// Whether a run can have this name: an expression must be able to tell where it ends.
pub(crate) fn is_run_name(name: &str) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '_' | '-');
    !name.is_empty()
        && name.len() <= 100
        && name.trim() == name
        && name.chars().all(allowed)
        && !name.split(' ').any(|word| word == "-")
}

/// Only the sections of a scenario or run.
fn sections_of(node: &Node) -> Node {
    let sections = node.entries().unwrap_or_default().iter();
    let sections = sections.filter(|(key, _)| SECTIONS.contains(&key.text.as_str())).cloned().collect();
    Node { kind: Kind::Mapping(sections), position: node.position }
}
