//! The way from texts to a scenario, from the first to the last step.

use std::path::Path;

use crate::python::opcodes::OpcodeTable;
use crate::scenario::decode::compile::MOST_STEPS;
use crate::scenario::decode::constant::Provenance;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::repeat;
use crate::scenario::decode::runs::{self, RunSections};
use crate::scenario::decode::{expect, machine, python, reference, sweep};
use crate::scenario::diagnostic::{Diagnostics, Position, Problems, Source, quoted};
use crate::scenario::hash::TreeHash;
use crate::scenario::inherit::{self, RunTree, Runs};
use crate::scenario::known::KnownRun;
use crate::scenario::merge;
use crate::scenario::presets::{PresetKind, Presets, preset_names};
use crate::scenario::sweep::Setting;
use crate::scenario::yaml::{self, Kind, Node};
use crate::scenario::{LANGUAGE_VERSION, Run, Scenario, overrides};

/// The most runs of a scenario.
const MOST_RUNS: usize = 256;

/// Reads a scenario. `name` is what to call the text in messages; each override is as in `--set PATH=VALUE`.
pub fn load(text: &str, name: &str, overrides: &[String]) -> Result<Scenario, Diagnostics> {
    load_with_presets(text, name, overrides, None)
}

/// Reads a scenario that may use presets of the user's own, from `machine/NAME.yaml` and `python/NAME.yaml` below a
/// directory.
pub fn load_with_presets(
    text: &str,
    name: &str,
    overrides: &[String],
    preset_directory: Option<&Path>,
) -> Result<Scenario, Diagnostics> {
    load_from(text, name, overrides, &[], Presets::new(preset_directory))
}

/// Reads a scenario that may name machines and interpreters in files of their own: a name that ends in `.yaml` is a
/// path, seen from `folder` if the scenario names it, and from the current folder if an override does.
pub fn load_with_files(
    text: &str,
    name: &str,
    overrides: &[String],
    folder: &Path,
) -> Result<Scenario, Diagnostics> {
    load_from(text, name, overrides, &[], Presets::with_files_in(folder))
}

/// Reads a scenario at a point of a sweep: some more values are set. Files are seen from the folder of `name`.
pub(crate) fn load_point(
    text: &str,
    name: &str,
    overrides: &[String],
    point: &[Setting],
) -> Result<Scenario, Diagnostics> {
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    let point: Vec<String> = point.iter().map(Setting::text).collect();
    load_from(text, name, overrides, &point, Presets::with_files_in(folder))
}

fn load_from(
    text: &str,
    name: &str,
    overrides: &[String],
    point: &[String],
    presets: Presets,
) -> Result<Scenario, Diagnostics> {
    let mut loader = Loader::new(name, text, presets);
    let scenario = loader.scenario(text, overrides, point);
    loader.finish(scenario)
}

/// The keys of a scenario that are of no run and change none: those that stand before the runs, and after.
pub(crate) const NOT_OF_RUNS: [&str; 9] =
    ["gilsim", "title", "about", "source", "topic", "repeat", "sweep", "expect", "reference"];

/// The keys of a scenario, in the order in which people are told of them.
fn keys() -> Vec<&'static str> {
    let (before, after) = NOT_OF_RUNS.split_at(6);
    [before, &["seed"], &inherit::SECTIONS, &["runs"], after].concat()
}

/// The keys of a run.
fn run_keys() -> Vec<&'static str> {
    [&["about", "like"][..], &inherit::SECTIONS].concat()
}

/// What is known of an interpreter that is a preset, wherever it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Interpreter {
    /// The opcode table.
    pub opcodes: OpcodeTable,
    /// Its check interval, if it counts ticks; otherwise it looks at the eval breaker.
    pub check_interval: Option<u32>,
    /// The loop that plain Python time consists of, as opcodes.
    pub typical: Vec<String>,
}

/// The interpreter that is the preset of this name.
pub fn interpreter(preset: &str) -> Result<Interpreter, Diagnostics> {
    let mut loader = Loader::new("python preset", preset, Presets::default());
    let tree = loader.named_preset(PresetKind::Python, preset);
    let python = tree.and_then(|tree| python::python(&tree, &mut loader.problems));
    loader.finish(python.map(|python| Interpreter {
        check_interval: python.check_interval(),
        opcodes: python.opcodes,
        typical: python.typical,
    }))
}

/// Where the constants of a machine that is a preset come from.
pub fn provenance_of(preset: &str) -> Result<Vec<Provenance>, Diagnostics> {
    let mut loader = Loader::new("machine preset", preset, Presets::default());
    let tree = loader.named_preset(PresetKind::Machine, preset);
    let machine = tree.and_then(|tree| machine::machine(&tree, &mut loader.problems));
    let named = |constant| Provenance { machine: preset.to_owned(), ..constant };
    loader.finish(machine.map(|machine| machine.provenance.into_iter().map(named).collect()))
}

/// Everything that is at hand while a scenario is read.
struct Loader {
    sources: Vec<Source>,
    presets: Presets,
    problems: Problems,
}

/// A machine or an interpreter with its preset filled in.
struct Expanded {
    name: Option<String>,
    tree: Node,
}

impl Loader {
    fn new(name: &str, text: &str, presets: Presets) -> Loader {
        Loader {
            sources: vec![Source { name: name.to_owned(), text: text.to_owned() }],
            presets,
            problems: Problems::default(),
        }
    }

    /// The value, unless anything was wrong.
    fn finish<T>(mut self, value: Option<T>) -> Result<T, Diagnostics> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => {
                if self.problems.is_empty() {
                    self.problems.add(Position::default(), "this cannot be read");
                }
                Err(Diagnostics::new(self.sources, self.problems))
            }
        }
    }

    /// The preset whose name is the whole text.
    fn named_preset(&mut self, kind: PresetKind, name: &str) -> Option<Node> {
        let position = Position { source: 0, start: 0, end: name.len() };
        let preset = self.presets.preset(kind, name, position, &mut self.sources, &mut self.problems)?;
        Some(preset.tree)
    }

    fn scenario(&mut self, text: &str, overrides: &[String], point: &[String]) -> Option<Scenario> {
        let root = yaml::parse(text, 0, 0, &mut self.problems)?;
        if root.entries().is_none() {
            let message = format!("a scenario is a mapping, found {}", root.describe());
            self.problems.add_with_help(root.position, message, "a scenario begins with `gilsim: 1`");
            return None;
        }
        let root = overrides::apply(root, overrides, "--set", &mut self.sources, &mut self.problems);
        let root = overrides::apply(root, point, "point of the sweep", &mut self.sources, &mut self.problems);
        if !self.is_version_known(&root) {
            return None;
        }
        let keys = Fields::of(&root, "a scenario", &keys(), &mut self.problems)?;
        let title = keys
            .required("title", &mut self.problems)
            .and_then(|node| fields::text(node, &mut self.problems));
        let seed = match keys.get("seed") {
            Some(node) => fields::count(node, 0..=u64::MAX, &mut self.problems),
            None => Some(1),
        };
        let repeat = repeat::repeat(keys.get("repeat"), &mut self.problems);
        let mut hash = TreeHash::new();
        for name in ["title", "seed", "expect", "reference"] {
            keys.get(name).into_iter().for_each(|node| hash.add(node));
        }
        let runs = self.runs(&root, &mut hash);
        let sweep = keys.get("sweep").map(|node| sweep::sweep(node, &mut self.problems));
        let swept = sweep.as_ref().and_then(Option::as_ref);
        let expectations = match keys.get("expect") {
            // Where a sweep is wrong, nobody can tell what is wrong with a place in it.
            Some(node) if sweep.is_none() || swept.is_some() => {
                expect::expectations(node, &known_runs(&root, runs.as_deref()), swept, &mut self.problems)
            }
            Some(_) => Vec::new(),
            None => Vec::new(),
        };
        let figures = match keys.get("reference") {
            Some(node) => reference::figures(node, &known_runs(&root, runs.as_deref()), &mut self.problems),
            None => Vec::new(),
        };
        Some(Scenario {
            about: fields::optional_text(keys.get("about"), &mut self.problems),
            source: fields::optional_text(keys.get("source"), &mut self.problems),
            topic: fields::optional_text(keys.get("topic"), &mut self.problems),
            title: title?.to_owned(),
            seed: seed?,
            repeat: repeat?,
            runs: runs?,
            sweep: sweep.flatten(),
            expectations,
            figures,
            hash: hash.value(),
        })
    }

    /// Whether the language is one this program knows. A file in another is not looked at any further.
    fn is_version_known(&mut self, root: &Node) -> bool {
        let Some(node) = root.get("gilsim") else {
            let help = format!("begin the file with `gilsim: {LANGUAGE_VERSION}`");
            self.problems.add_with_help(root.position, "the version of the language is missing", help);
            return true;
        };
        let known = node.text() == Some(LANGUAGE_VERSION.to_string().as_str());
        if !known {
            let message = format!("unknown version of the language: {}", node.describe());
            self.problems.add_with_help(node.position, message, format!("known is {LANGUAGE_VERSION}"));
        }
        known
    }

    /// All runs; `None` if something is wrong with one of them.
    fn runs(&mut self, root: &Node, hash: &mut TreeHash) -> Option<Vec<Run>> {
        let mut budget = MOST_STEPS;
        let Some(node) = root.get("runs") else {
            let run = self.run(inherit::only_run(root), None, &mut budget, hash)?;
            return Some(vec![run]);
        };
        let Some(entries) = node.entries() else {
            fields::expected("a mapping of names to runs", node, &mut self.problems);
            return None;
        };
        if entries.is_empty() || entries.len() > MOST_RUNS {
            let message = format!("a scenario has from 1 to {MOST_RUNS} runs, found {}", entries.len());
            self.problems.add(node.position, message);
            return None;
        }
        let merged = Runs::of(root);
        let mut runs = Vec::new();
        for (index, (key, node)) in entries.iter().enumerate() {
            if !inherit::is_run_name(&key.text) {
                let message = format!("{} is not a name for a run", quoted(&key.text));
                let help = "a name has letters, digits, spaces, `_` and `-`";
                self.problems.add_with_help(key.position, message, help);
            }
            let about = Fields::of(node, "a run", &run_keys(), &mut self.problems)
                .and_then(|keys| fields::optional_text(keys.get("about"), &mut self.problems));
            let tree = merged.merged(index, &mut self.problems);
            runs.push(tree.and_then(|tree| self.run(tree, about, &mut budget, hash)));
        }
        runs.into_iter().collect()
    }

    fn run(
        &mut self,
        tree: RunTree,
        about: Option<String>,
        budget: &mut usize,
        hash: &mut TreeHash,
    ) -> Option<Run> {
        let machine = self.expanded(PresetKind::Machine, &tree);
        let python = self.expanded(PresetKind::Python, &tree);
        if let Some(machine) = &machine {
            self.check_interpreters(&machine.tree);
        }
        if let Some(other) =
            python.as_ref().and_then(|python| python.tree.get("instruction_factor")?.get("of"))
        {
            self.check_interpreter(other.text().unwrap_or_default(), other.position);
        }
        hash.add_text(&tree.name);
        let mut own_hash = TreeHash::new();
        let parts = [&machine, &python].into_iter().flatten().map(|part| &part.tree);
        for part in std::iter::once(&tree.sections).chain(parts) {
            hash.add(part);
            own_hash.add(part);
        }
        let sections = RunSections {
            machine: machine.as_ref().map(|machine| &machine.tree),
            python: python.as_ref().map(|python| &python.tree),
            python_name: python.as_ref().and_then(|python| python.name.as_deref()),
            sections: &tree.sections,
            position: tree.position,
        };
        let (model, names) = runs::model(sections, budget, &mut self.problems)?;
        Some(Run {
            name: tree.name,
            about,
            hash: own_hash.value(),
            model,
            thread_names: names.threads,
            channel_names: names.channels,
            latency_names: names.latencies,
            variable_names: names.variables,
            lock_names: names.locks,
            lock_error: names.lock_error,
            provenance: names.provenance,
            machine_name: machine.and_then(|machine| machine.name),
            python_name: python.and_then(|python| python.name),
        })
    }

    /// Checks that a machine gives instruction times of interpreters that there are: the time of a misspelt one would
    /// never be used.
    fn check_interpreters(&mut self, machine: &Node) {
        let times = machine.get("instruction").and_then(Node::entries).unwrap_or_default();
        for (key, _) in times {
            self.check_interpreter(&key.text, key.position);
        }
    }

    fn check_interpreter(&mut self, name: &str, position: Position) {
        if !self.presets.exists(PresetKind::Python, name) {
            self.problems.unknown(position, "python preset", name, preset_names(PresetKind::Python));
        }
    }

    /// The machine or the interpreter of a run, laid over the preset it names.
    fn expanded(&mut self, kind: PresetKind, run: &RunTree) -> Option<Expanded> {
        let word = kind.word();
        let Some(node) = run.sections.get(word) else {
            let message = format!("the run {} has no {word}", quoted(&run.name));
            let help = format!("add `{word}:` with the name of a preset");
            self.problems.add_with_help(run.position, message, help);
            return None;
        };
        let mut tree = merge::with_preset_spelt_out(node.clone());
        let Kind::Mapping(entries) = &mut tree.kind else {
            fields::expected(&format!("the name of a {word} preset, or a mapping"), node, &mut self.problems);
            return None;
        };
        let Some(index) = entries.iter().position(|(key, _)| key.text == "preset") else {
            return Some(Expanded { name: None, tree });
        };
        let (_, preset) = entries.remove(index);
        let name = fields::text(&preset, &mut self.problems)?;
        let base = self.presets.preset(kind, name, preset.position, &mut self.sources, &mut self.problems)?;
        Some(Expanded { name: Some(base.name), tree: merge::merge(base.tree, tree) })
    }
}

/// The runs that expectations can speak of, whether or not something is wrong with them.
fn known_runs<'a>(root: &'a Node, runs: Option<&'a [Run]>) -> Vec<KnownRun<'a>> {
    let names = match root.get("runs").and_then(Node::entries) {
        Some(entries) => entries.iter().map(|(key, _)| key.text.as_str()).collect(),
        None => vec!["run"],
    };
    let known = names.into_iter().enumerate().map(|(index, name)| {
        let run = runs.and_then(|runs| runs.get(index));
        run.map_or(KnownRun { name, parts: None }, KnownRun::of)
    });
    known.collect()
}
