//! A lock: its policy, and what that policy lets one choose.

use std::ops::RangeInclusive;

use crate::des::Span;
use crate::os::machine::Platform;
use crate::python::interpreter::{GilConfig, LockKind};
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;

/// The largest value of a C `int`, which a check interval is.
const LARGEST_INT: u64 = (1 << 31) - 1;
/// `sys.setswitchinterval` takes nothing below a microsecond.
const SHORTEST_INTERVAL: Span = Span::from_micros(1);
const LONGEST_INTERVAL: Span = Span::from_secs(3600);
/// A waiter's time-out grows with the number of waiters.
const LONGEST_SLICE: Span = Span::from_secs(10);

/// A lock, before it is known which platform it is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DecodedGil {
    /// The old lock, made of what the platform offers.
    OfPlatform { interval: u32, first_ticker: u32 },
    /// Any other.
    Known(GilConfig),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Policy {
    None,
    Check,
    Switch,
    RoundRobin,
    Priority,
    Bfs,
    Pypy,
    Ruby,
}

const POLICIES: [(&str, Policy); 8] = [
    ("none", Policy::None),
    ("check_interval", Policy::Check),
    ("switch_interval", Policy::Switch),
    ("round_robin", Policy::RoundRobin),
    ("priority", Policy::Priority),
    ("bfs", Policy::Bfs),
    ("pypy", Policy::Pypy),
    ("ruby", Policy::Ruby),
];

/// The keys of all policies.
const KEYS: [&str; 13] = [
    "policy",
    "interval",
    "first_ticker",
    "lock",
    "forced_switching",
    "ending_thread_waits",
    "whole_milliseconds",
    "slice",
    "factor",
    "ticks",
    "poll",
    "quantum",
    "tick",
];

const LOCKS: [(&str, Option<LockKind>); 4] = [
    ("platform", None),
    ("semaphore", Some(LockKind::Semaphore)),
    ("condvar", Some(LockKind::Condvar)),
    ("handoff", Some(LockKind::Handoff)),
];

impl Policy {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Policy::None => &["policy"],
            Policy::Check => &["policy", "interval", "first_ticker", "lock"],
            Policy::Switch => {
                &["policy", "interval", "forced_switching", "ending_thread_waits", "whole_milliseconds"]
            }
            Policy::RoundRobin => &["policy", "interval", "first_ticker"],
            Policy::Priority => &["policy", "interval"],
            Policy::Bfs => &["policy", "slice", "factor", "ticks"],
            Policy::Pypy => &["policy", "interval", "poll"],
            Policy::Ruby => &["policy", "quantum", "tick"],
        }
    }
}

impl DecodedGil {
    /// The check interval of a lock that counts ticks.
    pub fn check_interval(self) -> Option<u32> {
        match self {
            DecodedGil::OfPlatform { interval, .. }
            | DecodedGil::Known(
                GilConfig::CheckInterval { interval, .. }
                | GilConfig::RoundRobin { interval, .. }
                | GilConfig::Pypy { interval, .. },
            ) => Some(interval),
            DecodedGil::Known(_) => None,
        }
    }

    /// The lock on a platform.
    pub fn on(self, platform: Platform) -> GilConfig {
        match self {
            DecodedGil::Known(config) => config,
            DecodedGil::OfPlatform { interval, first_ticker } => {
                let lock = match platform {
                    Platform::Linux => LockKind::Semaphore,
                    Platform::Darwin => LockKind::Condvar,
                };
                GilConfig::CheckInterval { interval, first_ticker, lock }
            }
        }
    }
}

/// A lock's policy and parameters.
pub(crate) fn gil(node: &Node, problems: &mut Problems) -> Option<DecodedGil> {
    let keys = Fields::of(node, "`gil`", &KEYS, problems)?;
    let policy = keys.required("policy", problems)?;
    let policy = fields::choice(policy, "lock policy", &POLICIES, problems)?;
    let fits = no_key_of_another_policy(node, policy, problems);
    let gil = match policy {
        Policy::None => Some(DecodedGil::Known(GilConfig::None)),
        Policy::Check => check_interval(keys, problems),
        Policy::Switch => switch_interval(keys, problems).map(DecodedGil::Known),
        Policy::RoundRobin => round_robin(keys, problems).map(DecodedGil::Known),
        Policy::Priority => priority(keys, problems).map(DecodedGil::Known),
        Policy::Bfs => bfs(keys, problems).map(DecodedGil::Known),
        Policy::Pypy => pypy(keys, problems).map(DecodedGil::Known),
        Policy::Ruby => ruby(keys, problems).map(DecodedGil::Known),
    };
    gil.filter(|_| fits)
}

fn no_key_of_another_policy(node: &Node, policy: Policy, problems: &mut Problems) -> bool {
    let mut fits = true;
    for (key, _) in node.entries().unwrap_or_default() {
        let name = key.text.as_str();
        if KEYS.contains(&name) && !policy.keys().contains(&name) {
            fits = false;
            let help = format!("the keys of this one are {}", policy.keys().join(", "));
            problems.add_with_help(key.position, format!("`{name}` belongs to another lock policy"), help);
        }
    }
    fits
}

fn check_interval(keys: Fields<'_>, problems: &mut Problems) -> Option<DecodedGil> {
    let interval = count(keys, "interval", 100, 1..=LARGEST_INT, problems);
    let first_ticker = count(keys, "first_ticker", 100, 0..=LARGEST_INT, problems);
    let lock = match keys.get("lock") {
        Some(node) => fields::choice(node, "lock", &LOCKS, problems)?,
        None => None,
    };
    let (interval, first_ticker) = (interval?, first_ticker?);
    Some(match lock {
        Some(lock) => DecodedGil::Known(GilConfig::CheckInterval { interval, first_ticker, lock }),
        None => DecodedGil::OfPlatform { interval, first_ticker },
    })
}

fn switch_interval(keys: Fields<'_>, problems: &mut Problems) -> Option<GilConfig> {
    let interval = interval(keys, problems);
    let forced_switching = flag(keys, "forced_switching", true, problems);
    let ending_thread_waits = flag(keys, "ending_thread_waits", false, problems);
    let whole_milliseconds = flag(keys, "whole_milliseconds", false, problems);
    let mut interval = interval?;
    if whole_milliseconds? {
        interval = in_whole_milliseconds(interval);
    }
    let (forced_switching, ending_thread_waits) = (forced_switching?, ending_thread_waits?);
    Some(GilConfig::SwitchInterval { interval, forced_switching, ending_thread_waits })
}

/// What is left of an interval where it is handed to the system in whole milliseconds, as on Windows
/// (`PyCOND_TIMEDWAIT` in `Python/condvar.h` at v3.10). A wait for no time at all takes some time nevertheless.
fn in_whole_milliseconds(interval: Span) -> Span {
    let millisecond = Span::from_millis(1);
    (millisecond * (interval.picos() / millisecond.picos())).max(SHORTEST_INTERVAL)
}

fn round_robin(keys: Fields<'_>, problems: &mut Problems) -> Option<GilConfig> {
    let interval = count(keys, "interval", 100, 1..=LARGEST_INT, problems);
    let first_ticker = count(keys, "first_ticker", 0, 0..=LARGEST_INT, problems);
    Some(GilConfig::RoundRobin { interval: interval?, first_ticker: first_ticker? })
}

fn priority(keys: Fields<'_>, problems: &mut Problems) -> Option<GilConfig> {
    Some(GilConfig::Priority { interval: interval(keys, problems)? })
}

fn bfs(keys: Fields<'_>, problems: &mut Problems) -> Option<GilConfig> {
    let slice = span(keys, "slice", Span::from_millis(10), LONGEST_SLICE, problems);
    let factor = count(keys, "factor", 8, 1..=1000, problems);
    let ticks = count(keys, "ticks", 5000, 1..=LARGEST_INT, problems);
    Some(GilConfig::Bfs { slice: slice?, factor: factor?, ticks: ticks? })
}

fn pypy(keys: Fields<'_>, problems: &mut Problems) -> Option<GilConfig> {
    let interval = count(keys, "interval", 10_000, 1..=LARGEST_INT, problems);
    let poll = span(keys, "poll", Span::from_micros(100), LONGEST_INTERVAL, problems);
    Some(GilConfig::Pypy { interval: interval?, poll: poll? })
}

fn ruby(keys: Fields<'_>, problems: &mut Problems) -> Option<GilConfig> {
    let quantum = span(keys, "quantum", Span::from_millis(100), LONGEST_INTERVAL, problems);
    let tick = span(keys, "tick", Span::from_millis(10), LONGEST_INTERVAL, problems);
    Some(GilConfig::Ruby { quantum: quantum?, tick: tick? })
}

fn interval(keys: Fields<'_>, problems: &mut Problems) -> Option<Span> {
    span(keys, "interval", Span::from_millis(5), LONGEST_INTERVAL, problems)
}

fn count(
    keys: Fields<'_>,
    name: &str,
    default: u32,
    range: RangeInclusive<u64>,
    problems: &mut Problems,
) -> Option<u32> {
    match keys.get(name) {
        Some(node) => fields::count(node, range, problems).map(|count| count as u32),
        None => Some(default),
    }
}

fn flag(keys: Fields<'_>, name: &str, default: bool, problems: &mut Problems) -> Option<bool> {
    match keys.get(name) {
        Some(node) => fields::flag(node, problems),
        None => Some(default),
    }
}

/// A time from a microsecond up to `longest`.
fn span(keys: Fields<'_>, name: &str, default: Span, longest: Span, problems: &mut Problems) -> Option<Span> {
    let Some(node) = keys.get(name) else { return Some(default) };
    let span = fields::span(node, problems)?;
    if span < SHORTEST_INTERVAL || span > longest {
        let bound = if longest == LONGEST_SLICE { "10s" } else { "1h" };
        problems.add(node.position, format!("a {} is from 1us to {bound}", called(name)));
        return None;
    }
    Some(span)
}

/// The key of a time, in words.
fn called(name: &str) -> &str {
    match name {
        "interval" => "switch interval",
        "poll" => "polling interval",
        other => other,
    }
}
