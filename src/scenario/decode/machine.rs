//! A machine: cores, platform, scheduler, costs, and how fast it runs each interpreter.

use std::collections::BTreeMap;

use crate::des::{Distribution, Span};
use crate::os::affinity::MOST_CORES;
use crate::os::machine::{Machine, Platform, SchedulerConfig};
use crate::scenario::decode::background::{self, Load};
use crate::scenario::decode::constant::{Provenance, constant};
use crate::scenario::decode::costs::costs;
use crate::scenario::decode::distribution::distribution;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::parcel::{ContentCosts, content_costs};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

const KEYS: [&str; 10] = [
    "about",
    "cores",
    "platform",
    "scheduler",
    "first_tick",
    "costs",
    "pickle",
    "background",
    "instruction",
    "library_instruction",
];
const PLATFORMS: [(&str, Platform); 2] = [("linux", Platform::Linux), ("darwin", Platform::Darwin)];
/// No scheduler looks more often than this; nor would a simulation of one get anywhere.
const SHORTEST: Span = Span::from_micros(1);
const SCHEDULERS: [&str; 6] = ["mach", "cfs", "eevdf", "round_robin", "fifo", "windows"];
/// The longest quantum under `windows`, in clock ticks.
const LONGEST_QUANTUM: u64 = 1000;

/// A machine and what a scenario needs to know of it besides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecodedMachine {
    /// The machine.
    pub machine: Machine,
    /// What the contents of messages cost.
    pub contents: ContentCosts,
    /// Other programs that it runs.
    pub background: Vec<Load>,
    /// The mean time of a bytecode instruction under each python preset.
    pub instruction: BTreeMap<String, Span>,
    /// The mean time of an instruction of library code under each python preset, where it is known to differ.
    pub library_instruction: BTreeMap<String, Span>,
    /// Where its constants come from, as far as that is given.
    pub provenance: Vec<Provenance>,
}

/// A machine whose preset is filled in.
pub(crate) fn machine(node: &Node, problems: &mut Problems) -> Option<DecodedMachine> {
    let keys = Fields::of(node, "a machine", &KEYS, problems)?;
    fields::optional_text(keys.get("about"), problems);
    let mut provenance = Vec::new();
    let cores = keys
        .required("cores", problems)
        .and_then(|node| fields::count(node, 1..=MOST_CORES as u64, problems));
    let platform = keys
        .required("platform", problems)
        .and_then(|node| fields::choice(node, "platform", &PLATFORMS, problems));
    let scheduler = keys.required("scheduler", problems).and_then(|node| scheduler(node, problems));
    let first_tick = match keys.get("first_tick") {
        Some(node) => distribution(node, problems),
        None => Some(Distribution::ZERO),
    };
    let costs = costs(keys.get("costs"), &mut provenance, problems);
    let contents = content_costs(keys.get("pickle"), &mut provenance, problems);
    let mut times = |name| match keys.get(name) {
        Some(node) => instruction_times(node, name, &mut provenance, problems),
        None => BTreeMap::new(),
    };
    let (instruction, library_instruction) = (times("instruction"), times("library_instruction"));
    let machine = Machine {
        cores: cores? as usize,
        platform: platform?,
        scheduler: scheduler?,
        first_tick: first_tick?,
        costs: costs?,
    };
    check_slices(keys.get("scheduler"), &machine, problems)?;
    let background = background::loads(keys.get("background"), &machine, problems)?;
    let contents = contents?;
    Some(DecodedMachine { machine, contents, background, instruction, library_instruction, provenance })
}

/// Where a time slice is over before the switch to a thread is, no thread gets anywhere and no run ends.
fn check_slices(scheduler: Option<&Node>, machine: &Machine, problems: &mut Problems) -> Option<()> {
    let Some(slice) = machine.scheduler.shortest_slice() else { return Some(()) };
    let costs = &machine.costs;
    let switch = [&costs.context_switch, &costs.migration].map(|cost| cost.constant().unwrap_or(Span::ZERO));
    let used_up = switch[0] + switch[1];
    if slice > used_up {
        return Some(());
    }
    let position = scheduler?.position;
    let message =
        format!("a time slice of {slice} is used up by a context switch and a migration ({used_up})");
    problems.add_with_help(position, message, "no thread would get anywhere: make the slice longer");
    None
}

/// The mean time of a bytecode instruction, by the name of the python preset.
fn instruction_times(
    node: &Node,
    name: &str,
    provenance: &mut Vec<Provenance>,
    problems: &mut Problems,
) -> BTreeMap<String, Span> {
    let mut times = BTreeMap::new();
    let Some(entries) = node.entries() else {
        fields::expected("a mapping of python presets to times", node, problems);
        return times;
    };
    for (key, node) in entries {
        let path = format!("{name}.{}", key.text);
        let value = constant(node, &path, provenance, problems);
        if let Some(span) = value.and_then(|value| fields::positive_span(value, problems)) {
            times.insert(key.text.clone(), span);
        }
    }
    times
}

/// A scheduler: its name, or a mapping from its name to its parameters.
fn scheduler(node: &Node, problems: &mut Problems) -> Option<SchedulerConfig> {
    if node.text().is_some() {
        let choices = SCHEDULERS.map(|name| (name, name));
        let name = fields::choice(node, "scheduler", &choices, problems)?;
        return config(name, None, problems);
    }
    let (name, parameters) = fields::only_entry(node, "a scheduler", &SCHEDULERS, problems)?;
    config(name, Some(parameters), problems)
}

/// A scheduler with its parameters; those that are not given have the defaults of the real kernels.
fn config(name: &str, node: Option<&Node>, problems: &mut Problems) -> Option<SchedulerConfig> {
    let mut given = Parameters { node, ok: true, problems };
    let micros = Span::from_micros;
    let config = match name {
        "mach" => {
            given.check(name, &["quantum", "decay_interval"]);
            SchedulerConfig::Mach {
                quantum: given.positive("quantum", micros(10_000)),
                decay_interval: given.positive("decay_interval", micros(125_000)),
            }
        }
        "cfs" => {
            given.check(name, &["latency", "minimum_granularity", "wakeup_granularity", "tick"]);
            SchedulerConfig::Cfs {
                latency: given.positive("latency", micros(6_000)),
                minimum_granularity: given.positive("minimum_granularity", micros(750)),
                wakeup_granularity: given.span("wakeup_granularity", micros(1_000)),
                tick: given.span("tick", micros(4_000)),
            }
        }
        "eevdf" => {
            given.check(name, &["base_slice", "tick"]);
            SchedulerConfig::Eevdf {
                base_slice: given.positive("base_slice", micros(700)),
                tick: given.span("tick", micros(4_000)),
            }
        }
        "fifo" => {
            given.check(name, &[]);
            SchedulerConfig::Fifo
        }
        "windows" => {
            given.check(name, &["quantum", "tick"]);
            SchedulerConfig::Windows {
                quantum: given.ticks("quantum", 2),
                tick: given.positive("tick", micros(15_625)),
            }
        }
        _ => {
            given.check(name, &["quantum"]);
            SchedulerConfig::RoundRobin { quantum: given.positive("quantum", micros(10_000)) }
        }
    };
    given.ok.then_some(config)
}

/// The parameters given to a scheduler.
struct Parameters<'a> {
    node: Option<&'a Node>,
    ok: bool,
    problems: &'a mut Problems,
}

impl Parameters<'_> {
    fn check(&mut self, scheduler: &str, known: &[&str]) {
        if let Some(node) = self.node {
            self.ok &= Fields::of(node, &format!("`{scheduler}`"), known, self.problems).is_some();
        }
    }

    fn span(&mut self, name: &str, default: Span) -> Span {
        self.read(name, default, fields::span)
    }

    fn positive(&mut self, name: &str, default: Span) -> Span {
        self.read(name, default, fields::positive_span)
    }

    /// A number of clock ticks.
    fn ticks(&mut self, name: &str, default: u32) -> u32 {
        let Some(node) = self.node.and_then(|node| node.get(name)) else {
            return default;
        };
        let ticks = fields::count(node, 1..=LONGEST_QUANTUM, self.problems);
        self.ok &= ticks.is_some();
        ticks.map_or(default, |ticks| ticks as u32)
    }

    fn read(&mut self, name: &str, default: Span, read: fn(&Node, &mut Problems) -> Option<Span>) -> Span {
        let Some(node) = self.node.and_then(|node| node.get(name)) else {
            return default;
        };
        let span = read(node, self.problems).filter(|span| {
            let fine = *span >= SHORTEST || span.is_zero();
            if !fine {
                self.problems.add(node.position, format!("`{name}` is shorter than {SHORTEST}"));
            }
            fine
        });
        self.ok &= span.is_some();
        span.unwrap_or(default)
    }
}
