//! What the scheduler is told of a thread: on which cores it may run, how nice it is, its priority.

use crate::os::affinity::{CoreSet, MOST_CORES};
use crate::os::attributes::Attributes;
use crate::os::machine::{Machine, SchedulerConfig};
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::{Problems, quoted};
use crate::scenario::yaml::Node;

/// The attributes of a thread, or of several alike; `None` for a machine in which something is wrong.
pub(crate) fn attributes(
    keys: &Fields<'_>,
    machine: Option<&Machine>,
    problems: &mut Problems,
) -> Option<Attributes> {
    let count = machine.map_or(MOST_CORES, |machine| machine.cores);
    let cores = affinity(keys, count, problems);
    let scheduler = machine.map(|machine| &machine.scheduler);
    let nice = match keys.get("nice") {
        Some(node) => nice(node, scheduler, problems),
        None => Some(0),
    };
    let usual = scheduler.and_then(SchedulerConfig::priorities).map_or(1, |[_, usual, _]| usual);
    let priority = match keys.get("priority") {
        Some(node) => priority(node, scheduler, problems),
        None => Some(usual),
    };
    Some(Attributes { cores: cores?, nice: nice?, priority: priority? })
}

/// On which cores a thread may run: on `core`, or on all of `cores`, or on every one.
fn affinity(keys: &Fields<'_>, cores: usize, problems: &mut Problems) -> Option<CoreSet> {
    let number = |node, problems: &mut Problems| {
        fields::count(node, 0..=cores as u64 - 1, problems).map(|core| core as usize)
    };
    let (node, numbers): (&Node, Vec<Option<usize>>) = match (keys.get("core"), keys.get("cores")) {
        (None, None) => return Some(CoreSet::ALL),
        (Some(_), Some(node)) => {
            problems.add(node.position, "a thread has either `core` or `cores`");
            return None;
        }
        (Some(node), None) => (node, vec![number(node, problems)]),
        (None, Some(node)) => {
            let items = fields::items(node, "a list of cores", problems)?;
            (node, items.iter().map(|item| number(item, problems)).collect())
        }
    };
    if numbers.is_empty() {
        problems.add(node.position, "a thread needs at least one core");
        return None;
    }
    numbers.into_iter().collect::<Option<Vec<usize>>>().map(CoreSet::of)
}

/// How nice a thread is (`setpriority(2)`).
fn nice(node: &Node, scheduler: Option<&SchedulerConfig>, problems: &mut Problems) -> Option<i8> {
    if let Some(scheduler) = scheduler.filter(|scheduler| !scheduler.heeds_nice()) {
        let message = format!("the scheduler `{}` does not heed how nice a thread is", scheduler.name());
        let help = match scheduler.priorities() {
            Some([lowest, _, highest]) => format!("give it a `priority` from {lowest} to {highest}"),
            None => "`cfs`, `eevdf` and `mach` do".to_owned(),
        };
        problems.add_with_help(node.position, message, help);
        return None;
    }
    let text = fields::text(node, problems)?;
    let nice = text.parse().ok().filter(|nice| (-20..=19).contains(nice));
    if nice.is_none() {
        let message = format!("{} is not from -20 to 19", quoted(text));
        let help = "19 is nicest: it leaves most of the core to others";
        problems.add_with_help(node.position, message, help);
    }
    nice
}

/// The priority of a thread (sched(7); "Scheduling Priorities" in Microsoft's documentation).
fn priority(node: &Node, scheduler: Option<&SchedulerConfig>, problems: &mut Problems) -> Option<u8> {
    let Some(scheduler) = scheduler else { return Some(1) };
    let Some([lowest, _, highest]) = scheduler.priorities() else {
        let message = format!("the scheduler `{}` has no priorities", scheduler.name());
        let help = match scheduler.heeds_nice() {
            true => "give it a `nice` from -20 to 19, or the machine the scheduler `fifo` or `windows`",
            false => "`fifo` and `windows` have",
        };
        problems.add_with_help(node.position, message, help);
        return None;
    };
    fields::count(node, lowest.into()..=highest.into(), problems).map(|priority| priority as u8)
}
