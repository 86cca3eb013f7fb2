//! What the operations of a machine cost.

use crate::des::{Distribution, Span};
use crate::os::machine::{BirthCosts, Costs, Interruption};
use crate::scenario::decode::constant::{Provenance, constant};
use crate::scenario::decode::distribution::distribution;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

const KEYS: [&str; 25] = [
    "context_switch",
    "queueing",
    "falling_asleep",
    "timer_change",
    "clock_tick",
    "interruption",
    "system_call",
    "futex_wake",
    "wake_latency",
    "from_idle",
    "timer_lateness",
    "lock_operation",
    "atomic_operation",
    "clock_read",
    "cache_line",
    "line_kept",
    "atomic_update",
    "moved_instruction",
    "migration",
    "channel",
    "thread",
    "descriptor",
    "large_allocation",
    "fork",
    "spawn",
];

/// Every constant under `costs`, as the path of its keys.
#[cfg(test)]
pub(crate) const PATHS: [&str; 45] = [
    "costs.context_switch",
    "costs.queueing",
    "costs.falling_asleep",
    "costs.timer_change",
    "costs.clock_tick",
    "costs.interruption.every",
    "costs.interruption.length",
    "costs.system_call",
    "costs.futex_wake.sleeper",
    "costs.futex_wake.no_sleeper",
    "costs.futex_wake.other_core",
    "costs.futex_wake.interrupt",
    "costs.wake_latency.busy",
    "costs.from_idle.polling",
    "costs.from_idle.halted",
    "costs.wake_latency.going_idle",
    "costs.wake_latency.polls_after",
    "costs.wake_latency.just_idle",
    "costs.wake_latency.just_idle_for",
    "costs.wake_latency.idle",
    "costs.wake_latency.deep_idle",
    "costs.wake_latency.deep_after",
    "costs.timer_lateness",
    "costs.lock_operation",
    "costs.atomic_operation",
    "costs.clock_read",
    "costs.cache_line",
    "costs.line_kept",
    "costs.atomic_update",
    "costs.moved_instruction",
    "costs.migration",
    "costs.thread.start",
    "costs.thread.begin",
    "costs.thread.end",
    "costs.channel.send",
    "costs.channel.receive",
    "costs.descriptor.select",
    "costs.descriptor.poll",
    "costs.large_allocation",
    "costs.fork.start",
    "costs.fork.begin",
    "costs.fork.end",
    "costs.spawn.start",
    "costs.spawn.begin",
    "costs.spawn.end",
];

/// The costs of a machine. What is not given costs nothing, and no core ever falls into deep idle.
pub(crate) fn costs(
    node: Option<&Node>,
    provenance: &mut Vec<Provenance>,
    problems: &mut Problems,
) -> Option<Costs> {
    let keys = match node {
        Some(node) => Some(Fields::of(node, "`costs`", &KEYS, problems)?),
        None => None,
    };
    let group = |name, known: &[&str], problems: &mut Problems| {
        let node = keys.as_ref().and_then(|keys| keys.get(name))?;
        Fields::of(node, &format!("`{name}`"), known, problems).is_some().then_some(node)
    };
    let wake = group("futex_wake", &["sleeper", "no_sleeper", "other_core", "interrupt"], problems);
    let latency = group(
        "wake_latency",
        &[
            "busy",
            "going_idle",
            "polls_after",
            "just_idle",
            "just_idle_for",
            "idle",
            "deep_idle",
            "deep_after",
        ],
        problems,
    );
    let from_idle = group("from_idle", &["polling", "halted"], problems);
    let channel = group("channel", &["send", "receive"], problems);
    let descriptor = group("descriptor", &["select", "poll"], problems);
    let interruption = group("interruption", &["every", "length"], problems);
    let thread = group("thread", &["start", "begin", "end"], problems);
    let fork = group("fork", &["start", "begin", "end"], problems);
    let spawn = group("spawn", &["start", "begin", "end"], problems);
    let mut reader = Reader { costs: node, provenance, problems };
    let context_switch = reader.cost(reader.costs, "context_switch", "costs.context_switch");
    let queueing = reader.cost(reader.costs, "queueing", "costs.queueing");
    let falling_asleep = reader.cost(reader.costs, "falling_asleep", "costs.falling_asleep");
    let timer_change = reader.cost(reader.costs, "timer_change", "costs.timer_change");
    let clock_tick = reader.cost(reader.costs, "clock_tick", "costs.clock_tick");
    let interruption = match interruption {
        Some(group) => reader.interruption(group).map(Some),
        None => Some(None),
    };
    let system_call = reader.cost(reader.costs, "system_call", "costs.system_call");
    let wake_sleeper = reader.cost(wake, "sleeper", "costs.futex_wake.sleeper");
    let wake_no_sleeper = reader.cost(wake, "no_sleeper", "costs.futex_wake.no_sleeper");
    let wake_other_core = reader.cost(wake, "other_core", "costs.futex_wake.other_core");
    let wake_interrupt = reader.cost(wake, "interrupt", "costs.futex_wake.interrupt");
    let wake_latency_busy = reader.cost(latency, "busy", "costs.wake_latency.busy");
    let wake_latency_just_idle = reader.cost(latency, "just_idle", "costs.wake_latency.just_idle");
    let from_polling = reader.cost(from_idle, "polling", "costs.from_idle.polling");
    let from_halted = reader.cost(from_idle, "halted", "costs.from_idle.halted");
    let going_idle = reader.cost(latency, "going_idle", "costs.wake_latency.going_idle");
    let polls_after = reader.fixed(latency, "polls_after", "costs.wake_latency.polls_after", Span::ZERO);
    let just_idle_for =
        reader.fixed(latency, "just_idle_for", "costs.wake_latency.just_idle_for", Span::ZERO);
    let wake_latency_idle = reader.cost(latency, "idle", "costs.wake_latency.idle");
    let wake_latency_deep = reader.cost(latency, "deep_idle", "costs.wake_latency.deep_idle");
    let deep_idle_after = reader.fixed(latency, "deep_after", "costs.wake_latency.deep_after", Span::MAX);
    let timer_lateness = reader.cost(reader.costs, "timer_lateness", "costs.timer_lateness");
    let lock_operation = reader.cost(reader.costs, "lock_operation", "costs.lock_operation");
    let atomic_operation = reader.cost(reader.costs, "atomic_operation", "costs.atomic_operation");
    let clock_read = reader.cost(reader.costs, "clock_read", "costs.clock_read");
    let migration = reader.cost(reader.costs, "migration", "costs.migration");
    let cache_line = reader.cost(reader.costs, "cache_line", "costs.cache_line");
    let line_kept = reader.cost(reader.costs, "line_kept", "costs.line_kept");
    let atomic_update = reader.fixed(reader.costs, "atomic_update", "costs.atomic_update", Span::ZERO);
    let moved_instruction = reader.cost(reader.costs, "moved_instruction", "costs.moved_instruction");
    let channel_send = reader.cost(channel, "send", "costs.channel.send");
    let channel_receive = reader.cost(channel, "receive", "costs.channel.receive");
    let select_descriptor = reader.cost(descriptor, "select", "costs.descriptor.select");
    let poll_descriptor = reader.cost(descriptor, "poll", "costs.descriptor.poll");
    let large_allocation = reader.cost(reader.costs, "large_allocation", "costs.large_allocation");
    let thread = reader.birth(thread, "thread");
    let fork = reader.birth(fork, "fork");
    let spawn = reader.birth(spawn, "spawn");
    Some(Costs {
        thread: thread?,
        fork: fork?,
        spawn: spawn?,
        context_switch: context_switch?,
        queueing: queueing?,
        falling_asleep: falling_asleep?,
        timer_change: timer_change?,
        clock_tick: clock_tick?,
        interruption: interruption?,
        system_call: system_call?,
        wake_sleeper: wake_sleeper?,
        wake_no_sleeper: wake_no_sleeper?,
        wake_other_core: wake_other_core?,
        wake_interrupt: wake_interrupt?,
        wake_latency_busy: wake_latency_busy?,
        wake_latency_just_idle: wake_latency_just_idle?,
        from_polling: from_polling?,
        from_halted: from_halted?,
        going_idle: going_idle?,
        polls_after: polls_after?,
        just_idle_for: just_idle_for?,
        wake_latency_idle: wake_latency_idle?,
        wake_latency_deep: wake_latency_deep?,
        deep_idle_after: deep_idle_after?,
        timer_lateness: timer_lateness?,
        lock_operation: lock_operation?,
        atomic_operation: atomic_operation?,
        clock_read: clock_read?,
        migration: migration?,
        cache_line: cache_line?,
        line_kept: line_kept?,
        atomic_update: atomic_update?,
        moved_instruction: moved_instruction?,
        channel_send: channel_send?,
        channel_receive: channel_receive?,
        select_descriptor: select_descriptor?,
        poll_descriptor: poll_descriptor?,
        large_allocation: large_allocation?,
    })
}

/// Reads one cost after the other.
struct Reader<'a> {
    costs: Option<&'a Node>,
    provenance: &'a mut Vec<Provenance>,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn cost(&mut self, group: Option<&Node>, name: &str, path: &str) -> Option<Distribution> {
        let Some(node) = group.and_then(|group| group.get(name)) else {
            return Some(Distribution::ZERO);
        };
        let value = constant(node, path, self.provenance, self.problems)?;
        distribution(value, self.problems)
    }

    /// What a thread or process costs that comes into being like this.
    fn birth(&mut self, group: Option<&Node>, name: &str) -> Option<BirthCosts> {
        let mut stage = |stage: &str| self.cost(group, stage, &format!("costs.{name}.{stage}"));
        let (start, begin, end) = (stage("start"), stage("begin"), stage("end"));
        Some(BirthCosts { start: start?, begin: begin?, end: end? })
    }

    /// How often and for how long the processor is taken away.
    fn interruption(&mut self, group: &Node) -> Option<Interruption> {
        let every = self.cost(Some(group), "every", "costs.interruption.every");
        let length = self.cost(Some(group), "length", "costs.interruption.length");
        Some(Interruption { every: every?, length: length? })
    }

    /// A constant that does not vary, such as a limit between kinds of idleness.
    fn fixed(&mut self, group: Option<&Node>, name: &str, path: &str, default: Span) -> Option<Span> {
        let Some(node) = group.and_then(|group| group.get(name)) else {
            return Some(default);
        };
        let value = constant(node, path, self.provenance, self.problems)?;
        fields::span(value, self.problems)
    }
}
