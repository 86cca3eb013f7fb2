//! Machines and interpreters that come with the program, as data: adding one is adding a file and a line here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::scenario::diagnostic::{Position, Problems, Source};
use crate::scenario::yaml::{self, Node};

/// What a preset describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PresetKind {
    /// A machine: cores, scheduler, costs.
    Machine,
    /// An interpreter: opcode table, lock policy.
    Python,
}

/// A list of embedded presets: the name and the text of each file.
macro_rules! embedded {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../scenarios/presets/", $folder, "/", $name, ".yaml")))),*]
    };
}

const MACHINES: &[(&str, &str)] = embedded!("machine": "linux-2-core", "macbook-2009", "macpro-2010");

const PYTHONS: &[(&str, &str)] = embedded!("python":
    "cpython-2.6", "cpython-2.7", "cpython-2.7.18", "cpython-3.2", "cpython-3.9", "cpython-3.11", "cpython-3.13"
);

impl PresetKind {
    /// The word for it: also the key in a scenario and the folder of its files.
    pub fn word(self) -> &'static str {
        match self {
            PresetKind::Machine => "machine",
            PresetKind::Python => "python",
        }
    }

    fn embedded(self) -> &'static [(&'static str, &'static str)] {
        match self {
            PresetKind::Machine => MACHINES,
            PresetKind::Python => PYTHONS,
        }
    }
}

/// The names of all embedded presets of a kind.
pub fn preset_names(kind: PresetKind) -> impl Iterator<Item = &'static str> {
    kind.embedded().iter().map(|(name, _)| *name)
}

/// The YAML text of an embedded preset.
pub fn preset_text(kind: PresetKind, name: &str) -> Option<&'static str> {
    kind.embedded().iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The presets a scenario can use, each parsed when it is first used.
#[derive(Debug, Default)]
pub(crate) struct Presets {
    directory: Option<PathBuf>,
    parsed: BTreeMap<(PresetKind, String), Option<Node>>,
}

impl Presets {
    /// The embedded presets, and those in `directory` before them: `machine/NAME.yaml`, `python/NAME.yaml`.
    pub fn new(directory: Option<&Path>) -> Presets {
        Presets { directory: directory.map(Path::to_path_buf), parsed: BTreeMap::new() }
    }

    /// The tree of the preset that is named at `position`; its text is added to the sources.
    pub fn tree(
        &mut self,
        kind: PresetKind,
        name: &str,
        position: Position,
        sources: &mut Vec<Source>,
        problems: &mut Problems,
    ) -> Option<Node> {
        if let Some(known) = self.parsed.get(&(kind, name.to_owned())) {
            return known.clone();
        }
        let Some(text) = self.text(kind, name) else {
            problems.unknown(position, &format!("{} preset", kind.word()), name, preset_names(kind));
            return None;
        };
        let source = sources.len();
        let tree = yaml::parse(&text, source, 0, problems);
        sources.push(Source { name: format!("{}/{name}.yaml", kind.word()), text });
        let tree = tree.and_then(|tree| checked(tree, problems));
        self.parsed.insert((kind, name.to_owned()), tree.clone());
        tree
    }

    /// Whether there is a preset of this name.
    pub fn exists(&self, kind: PresetKind, name: &str) -> bool {
        preset_text(kind, name).is_some() || self.own_text(kind, name).is_some()
    }

    fn text(&self, kind: PresetKind, name: &str) -> Option<String> {
        self.own_text(kind, name).or_else(|| preset_text(kind, name).map(str::to_owned))
    }

    /// The text of a file in the user's directory. Only a plain name is looked up there, never a path.
    fn own_text(&self, kind: PresetKind, name: &str) -> Option<String> {
        let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if name.starts_with('.') || !name.chars().all(plain) {
            return None;
        }
        let path = self.directory.as_ref()?.join(kind.word()).join(format!("{name}.yaml"));
        std::fs::read_to_string(path).ok()
    }
}

/// A preset's tree if it is a mapping of its own, which builds on no other preset.
fn checked(tree: Node, problems: &mut Problems) -> Option<Node> {
    if tree.entries().is_none() {
        problems.add(tree.position, "a preset is a mapping");
        return None;
    }
    if let Some(other) = tree.get("preset") {
        problems.add(other.position, "a preset cannot build on another preset");
        return None;
    }
    Some(tree)
}
