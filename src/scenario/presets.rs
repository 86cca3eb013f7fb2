//! Machines and interpreters that come with the program, as data: adding one is adding a file and a line here.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::scenario::decode::fields;
use crate::scenario::diagnostic::{Position, Problems, Source};
use crate::scenario::merge;
use crate::scenario::yaml::{self, Kind, Node};

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

const MACHINES: &[(&str, &str)] =
    embedded!("machine": "linux-2-core", "macbook-2009", "macbook-pro-2-core", "macpro-2010");

const PYTHONS: &[(&str, &str)] = embedded!("python":
    "cpython-2.6", "cpython-2.7", "cpython-2.7-round-robin", "cpython-2.7.18",
    "cpython-3.2", "cpython-3.6", "cpython-3.7", "cpython-3.8", "cpython-3.9", "cpython-3.10", "cpython-3.11",
    "cpython-3.12", "cpython-3.13", "cpython-3.13t", "cpython-3.14", "cpython-3.14t",
    "gilectomy", "jython", "ironpython", "pypy", "ruby"
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

/// The longest profile that is read, in bytes.
const LONGEST: u64 = 1 << 20;

const NOT_ON_A_FILE: &str = "a file builds on a preset, not on another file";
const ONLY_ONE_BASE: &str = "a preset builds on one that stands alone";

/// A machine or an interpreter that a scenario builds on.
#[derive(Clone, Debug)]
pub(crate) struct Preset {
    /// The name of the preset; of a file that builds on no preset, its path.
    pub name: String,
    /// What it says.
    pub tree: Node,
    /// Whether it builds on another preset.
    derived: bool,
}

/// The presets a scenario can use, each parsed when it is first used.
#[derive(Debug, Default)]
pub(crate) struct Presets {
    directory: Option<PathBuf>,
    folder: Option<PathBuf>,
    parsed: BTreeMap<(PresetKind, String), Option<Preset>>,
    /// Whether the preset that is being read is the base of another.
    reads_base: bool,
}

impl Presets {
    /// The embedded presets, and those in `directory` before them: `machine/NAME.yaml`, `python/NAME.yaml`.
    pub fn new(directory: Option<&Path>) -> Presets {
        Presets { directory: directory.map(Path::to_path_buf), ..Presets::default() }
    }

    /// The same, and files that the scenario names by their paths, seen from `folder`.
    pub fn with_files_in(folder: &Path) -> Presets {
        Presets { folder: Some(folder.to_path_buf()), ..Presets::default() }
    }

    /// The preset that is named at `position`; its text is added to the sources.
    pub fn preset(
        &mut self,
        kind: PresetKind,
        name: &str,
        position: Position,
        sources: &mut Vec<Source>,
        problems: &mut Problems,
    ) -> Option<Preset> {
        let path = self.path(name, position);
        let key = (kind, path.as_ref().map_or(name.to_owned(), |path| path.to_string_lossy().into_owned()));
        if let Some(known) = self.parsed.get(&key) {
            return known.clone();
        }
        let text = match &path {
            Some(path) => file_text(path, kind, position, problems)?,
            None => self.text(kind, name).or_else(|| {
                problems.unknown(position, &format!("{} preset", kind.word()), name, preset_names(kind));
                None
            })?,
        };
        let source = sources.len();
        let tree = yaml::parse(&text, source, 0, problems);
        let shown = if path.is_some() { key.1.clone() } else { format!("{}/{name}.yaml", kind.word()) };
        sources.push(Source { name: shown, text });
        let tree = tree.and_then(|tree| mapping(tree, problems));
        let named = (name, path.is_some());
        let preset = tree.and_then(|tree| self.on_its_base(kind, named, tree, sources, problems));
        self.parsed.insert(key, preset.clone());
        preset
    }

    /// Whether there is a preset of this name.
    pub fn exists(&self, kind: PresetKind, name: &str) -> bool {
        preset_text(kind, name).is_some() || self.own_text(kind, name).is_some()
    }

    /// The path that a name stands for, if it is one: what the scenario names is seen from its folder, what an
    /// override names from the current one.
    fn path(&self, name: &str, position: Position) -> Option<PathBuf> {
        let folder = self.folder.as_ref().filter(|_| names_a_file(name))?;
        Some(if position.source == 0 { folder.join(name) } else { PathBuf::from(name) })
    }

    /// What a preset or (`is_file`) a file of the user says, laid over the preset that it builds on, if it does. The base
    /// of a preset stands alone, so that there are no circles and one look at two files tells everything.
    fn on_its_base(
        &mut self,
        kind: PresetKind,
        (name, is_file): (&str, bool),
        mut tree: Node,
        sources: &mut Vec<Source>,
        problems: &mut Problems,
    ) -> Option<Preset> {
        let Kind::Mapping(entries) = &mut tree.kind else { return None };
        let Some(index) = entries.iter().position(|(key, _)| key.text == "preset") else {
            return Some(Preset { name: name.to_owned(), tree, derived: false });
        };
        let (_, base) = entries.remove(index);
        let base_name = fields::text(&base, problems)?;
        let refused = if is_file { NOT_ON_A_FILE } else { ONLY_ONE_BASE };
        if names_a_file(base_name) || (!is_file && self.reads_base) {
            problems.add(base.position, refused);
            return None;
        }
        self.reads_base = !is_file;
        let found = self.preset(kind, base_name, base.position, sources, problems);
        self.reads_base = false;
        let found = found?;
        if !is_file && found.derived {
            problems.add(base.position, refused);
            return None;
        }
        let name = if is_file { found.name } else { name.to_owned() };
        Some(Preset { name, tree: merge::merge(found.tree, tree), derived: true })
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

/// Whether a name is that of a file, not of a preset.
fn names_a_file(name: &str) -> bool {
    name.ends_with(".yaml")
}

/// The text of a file that a scenario names.
fn file_text(path: &Path, kind: PresetKind, position: Position, problems: &mut Problems) -> Option<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
    let why = match read {
        Ok(length) if length as u64 <= LONGEST => return Some(text),
        Ok(_) => "it is longer than 1 MiB".to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => "there is no such file".to_owned(),
        Err(error) => error.to_string(),
    };
    problems.add(position, format!("cannot read the {} in {}: {why}", kind.word(), path.display()));
    None
}

fn mapping(tree: Node, problems: &mut Problems) -> Option<Node> {
    if tree.entries().is_none() {
        problems.add(tree.position, "a preset is a mapping");
        return None;
    }
    Some(tree)
}
