//! The things that steps name: objects, channels, devices, latencies and threads, most of them numbered in the order in which they are met.

use std::collections::BTreeMap;

use crate::os::sched::boost;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::objects::Objects;
use crate::scenario::decode::pools::Pool;
use crate::scenario::diagnostic::{Position, Problems, quoted};
use crate::scenario::yaml::Node;
use crate::sim::DeviceSpec;

/// How many messages a channel holds unless it is said; the `net.unix.max_dgram_qlen` of old and the 278 small
/// messages that fit into the default socket buffer of Linux are of this size.
const USUAL_CAPACITY: u64 = 256;
/// The largest capacity and number of servers.
const LARGEST: u64 = 65_536;
/// The largest boost that a driver gives (`IO_SOUND_INCREMENT`).
const LARGEST_BOOST: u64 = 8;

/// Names with their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbering(BTreeMap<String, usize>);

impl Numbering {
    /// The number of a name, a new one if it has none yet.
    pub fn number_of(&mut self, name: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(name.to_owned()).or_insert(next)
    }

    /// The number that a name has already.
    pub fn known(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// All names, by number.
    pub fn in_order(&self) -> Vec<String> {
        let mut names: Vec<(&String, &usize)> = self.0.iter().collect();
        names.sort_by_key(|(_, number)| **number);
        names.into_iter().map(|(name, _)| name.clone()).collect()
    }

    /// All names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Everything that steps can name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// The channels.
    pub channels: Numbering,
    /// What each latency is measured of.
    pub latencies: Numbering,
    /// The interpreters: the first is that of the main process.
    pub interpreters: Numbering,
    capacities: BTreeMap<usize, usize>,
    devices: Numbering,
    device_specs: Vec<DeviceSpec>,
    received: Vec<(usize, Position)>,
    sent: Vec<(usize, Position)>,
    answered: Vec<(usize, Position)>,
    started: Vec<(String, Position)>,
    joined: Vec<(String, Position)>,
    /// The objects and shared variables.
    pub objects: Objects,
    /// The pools, and how each is reached, by number.
    pub pools: Numbering,
    reached: Vec<Pool>,
}

impl Names {
    /// The names of a run with these sections.
    pub fn new(sections: &Node, problems: &mut Problems) -> Names {
        let (channels, devices) = (sections.get("channels"), sections.get("devices"));
        let objects = Objects::new(sections.get("objects"), problems);
        let mut names = Names { objects, ..Names::default() };
        for (name, node) in entries_of(channels, "a mapping of names to channels", problems) {
            let Some(keys) = Fields::of(node, "a channel", &["capacity"], problems) else { continue };
            let capacity = keys.get("capacity").and_then(|node| fields::count(node, 1..=LARGEST, problems));
            let number = names.channels.number_of(name);
            names.capacities.insert(number, capacity.unwrap_or(USUAL_CAPACITY) as usize);
        }
        for (name, node) in entries_of(devices, "a mapping of names to devices", problems) {
            let Some(keys) = Fields::of(node, "a device", &["servers", "boost"], problems) else { continue };
            let servers = keys.get("servers").and_then(|node| fields::count(node, 1..=LARGEST, problems));
            let boost = keys.get("boost").and_then(|node| fields::count(node, 0..=LARGEST_BOOST, problems));
            names.devices.number_of(name);
            names.device_specs.push(DeviceSpec {
                servers: servers.unwrap_or(1) as usize,
                boost: boost.map_or(boost::DISK, |boost| boost as u8),
            });
        }
        for (name, node) in entries_of(sections.get("pools"), "a mapping of names to pools", problems) {
            names.pools.number_of(name);
            let pool = names.new_pool(name, node.get("process").is_some());
            names.reached.push(pool);
        }
        names
    }

    /// The queues or the channels of a new pool.
    fn new_pool(&mut self, name: &str, of_processes: bool) -> Pool {
        if !of_processes {
            let threading = &mut self.objects.threading;
            return Pool::OfThreads { tasks: threading.add_queue(None), results: threading.add_queue(None) };
        }
        let tasks = self.channels.number_of(&format!("tasks of the pool {name}"));
        let results = self.channels.number_of(&format!("results of the pool {name}"));
        // A thread of its own takes the results out of the pipe at once (`_handle_results`).
        self.capacities.insert(results, LARGEST as usize);
        Pool::OfProcesses { tasks, results }
    }

    /// How the pool of this name is reached.
    pub fn pool_named(&self, name: &str) -> Option<Pool> {
        self.pools.known(name).map(|number| self.reached[number])
    }

    /// How each pool is reached, by number.
    pub fn reached_pools(&self) -> &[Pool] {
        &self.reached
    }

    /// A channel that something is sent to.
    pub fn sent_to(&mut self, node: &Node, problems: &mut Problems) -> Option<usize> {
        let channel = self.channels.number_of(fields::text(node, problems)?);
        self.sent.push((channel, node.position));
        Some(channel)
    }

    /// A channel that something is received from.
    pub fn received_from(&mut self, node: &Node, problems: &mut Problems) -> Option<usize> {
        let channel = self.channels.number_of(fields::text(node, problems)?);
        self.received.push((channel, node.position));
        Some(channel)
    }

    /// A channel from which messages are answered.
    pub fn answered_from(&mut self, node: &Node, problems: &mut Problems) -> Option<usize> {
        let channel = self.channels.number_of(fields::text(node, problems)?);
        self.answered.push((channel, node.position));
        Some(channel)
    }

    /// A thread or group of threads that a step starts.
    pub fn started(&mut self, node: &Node, problems: &mut Problems) -> Option<String> {
        let name = fields::text(node, problems)?.to_owned();
        self.started.push((name.clone(), node.position));
        Some(name)
    }

    /// A thread or group of threads that a step joins.
    pub fn joined(&mut self, node: &Node, problems: &mut Problems) -> Option<String> {
        let name = fields::text(node, problems)?.to_owned();
        self.joined.push((name.clone(), node.position));
        Some(name)
    }

    /// Whether a step starts the thread or group of threads with this name.
    pub fn is_started(&self, name: &str) -> bool {
        self.started.iter().any(|(started, _)| started == name)
    }

    /// Whether a step joins the thread or group of threads with this name.
    pub fn is_joined(&self, name: &str) -> bool {
        self.joined.iter().any(|(joined, _)| joined == name)
    }

    /// Checks that the threads that are started and joined exist.
    pub fn check_threads<'a>(&self, known: impl Iterator<Item = &'a str> + Clone, problems: &mut Problems) {
        for (name, position) in self.started.iter().chain(&self.joined) {
            if !known.clone().any(|known| known == name) {
                problems.unknown(*position, "thread", name, known.clone());
            }
        }
    }

    /// A device that is known.
    pub fn device(&self, node: &Node, problems: &mut Problems) -> Option<usize> {
        let name = fields::text(node, problems)?;
        let device = self.devices.known(name);
        if device.is_none() {
            problems.unknown(node.position, "device", name, self.devices.names());
        }
        device
    }

    /// Checks that every channel has two ends.
    pub fn check_channels(&self, problems: &mut Problems) {
        let names = self.channels.in_order();
        let has = |ends: &[(usize, Position)], channel| ends.iter().any(|(other, _)| *other == channel);
        for (channel, position) in self.sent.iter().chain(&self.answered) {
            if !has(&self.received, *channel) {
                let message = format!("nobody receives from the channel {}", quoted(&names[*channel]));
                problems.add_with_help(*position, message, "add a thread with the step `recv`");
            }
        }
        for (channel, position) in &self.received {
            if !has(&self.sent, *channel) {
                let message = format!("nobody sends to the channel {}", quoted(&names[*channel]));
                let help = "add a client, or a thread with the step `send` or `request`";
                problems.add_with_help(*position, message, help);
            }
        }
    }

    /// How many messages each channel holds, by number.
    pub fn capacities(&self) -> Vec<usize> {
        (0..self.channels.0.len()).map(|channel| self.capacity_of(channel)).collect()
    }

    /// How many messages a channel holds.
    pub fn capacity_of(&self, channel: usize) -> usize {
        self.capacities.get(&channel).copied().unwrap_or(USUAL_CAPACITY as usize)
    }

    /// How many clients and steps send to a channel.
    pub fn senders_to(&self, channel: usize) -> usize {
        self.sent.iter().filter(|(sent, _)| *sent == channel).count()
    }

    /// The devices, by number.
    pub fn device_specs(&self) -> Vec<DeviceSpec> {
        self.device_specs.clone()
    }
}

/// The entries of a section that may be missing.
fn entries_of<'a>(
    node: Option<&'a Node>,
    what: &str,
    problems: &mut Problems,
) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
    let entries = node.and_then(Node::entries);
    if let (Some(node), None) = (node, entries) {
        fields::expected(what, node, problems);
    }
    entries.unwrap_or_default().iter().map(|(key, node)| (key.text.as_str(), node))
}
