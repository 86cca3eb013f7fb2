//! How the constants of the model follow from what was measured.
//!
//! A constant that the model gains is a row more in [`ROWS`]. One that has no row, or whose quantity was not measured,
//! is that of the preset [`STAND_IN`], and says so.

use crate::calibration::profile::{described, doubt};
use crate::calibration::{Figures, InterpreterFigures, MachineFigures, Quantity, Spread};
use crate::scenario;

/// The preset whose constants stand in for those that are not measured.
pub(super) const STAND_IN: &str = "linux-2-core";

/// A constant of a machine.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// Its key, after those of its groups: `costs.wake_latency.idle`.
    pub path: String,
    /// What it is.
    pub value: Value,
    /// How it is known: `measured`, `scaled` or `assumed`.
    pub source: &'static str,
    /// Where it comes from.
    pub from: String,
}

impl Constant {
    /// Its key after those of its groups. The name of a python preset is one key, whatever dots it has.
    pub fn keys(&self) -> Vec<&str> {
        match self.path.split_once('.') {
            Some((section @ ("instruction" | "library_instruction"), python)) => vec![section, python],
            _ => self.path.split('.').collect(),
        }
    }
}

/// What a constant is in the model.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Always the same, in nanoseconds.
    Constant(f64),
    /// Log-normal.
    LogNormal {
        /// The median in nanoseconds.
        median: f64,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// As another profile has it.
    Written(String),
}

impl Value {
    fn constant(spread: Spread) -> Value {
        Value::Constant(spread.median)
    }

    fn log_normal(spread: Spread) -> Value {
        Value::LogNormal { median: spread.median, sigma: spread.sigma() }
    }
}

/// What is taken away from a quantity to find a constant: how often, and what. What is taken away too often by that is
/// added again, less than no times.
type Less<'a> = &'a [(i32, Quantity)];

/// A constant's path below `costs`, the quantity that contains it, what else that contains, and what the rest is in the
/// model.
type Row = (&'static str, Quantity, Less<'static>, fn(Spread) -> Value);

/// How constants follow from what was measured, by the rules of docs/model.md.
const ROWS: [Row; 31] = [
    ("system_call", Quantity::SystemCall, &[], Value::constant),
    ("clock_read", Quantity::ClockReading, &[], Value::constant),
    // One way on one core is the clock, a post, its call and the waking, the switch, and the semaphore that is taken.
    (
        "futex_wake.sleeper",
        Quantity::WakeOnSameCore,
        &[
            (1, Quantity::SystemCall),
            (2, Quantity::SemaphoreOperation),
            (1, Quantity::ContextSwitch),
            (1, Quantity::ClockReading),
        ],
        Value::constant,
    ),
    ("queueing", Quantity::WaitingForNothing, &[(1, Quantity::SystemCall)], Value::constant),
    // The way back is a post that wakes nobody, a wait and its call, falling asleep, the switch, and the waker's wait.
    (
        "falling_asleep",
        Quantity::AnswerOnSameCore,
        &[
            (1, Quantity::WakingNobody),
            (1, Quantity::WaitingForNothing),
            (3, Quantity::SemaphoreOperation),
            (1, Quantity::ContextSwitch),
            (2, Quantity::ClockReading),
        ],
        Value::constant,
    ),
    ("futex_wake.no_sleeper", Quantity::WakingNobody, &[(1, Quantity::SystemCall)], Value::constant),
    // A post to an idle core is one way on one core without the switch and the taking, and what interrupting it costs.
    (
        "futex_wake.interrupt",
        Quantity::PostToIdleCore,
        &[(1, Quantity::WakeOnSameCore), (-1, Quantity::ContextSwitch), (-1, Quantity::SemaphoreOperation)],
        Value::log_normal,
    ),
    // A sleep is its call, falling asleep (as above), coming back, and the semaphore before and after it.
    ("from_idle.polling", Quantity::SleepOnPollingCore, AROUND_COMING_BACK, Value::constant),
    ("from_idle.halted", Quantity::SleepOnHaltedCore, AROUND_COMING_BACK, Value::constant),
    ("wake_latency.polls_after", Quantity::PollsAfter, &[(1, Quantity::SystemCall)], Value::constant),
    ("wake_latency.just_idle_for", Quantity::PollsUntil, &[], Value::constant),
    // What lies before the core begins to idle, and what comes after it has seen the thread, is no part of going idle.
    (
        "wake_latency.going_idle",
        Quantity::SleepUntilSeen,
        &[
            (1, Quantity::SleepOnPollingCore),
            (-1, Quantity::AnswerOnSameCore),
            (1, Quantity::WakingNobody),
            (1, Quantity::WaitingForNothing),
            (4, Quantity::SemaphoreOperation),
            (1, Quantity::ContextSwitch),
            (2, Quantity::ClockReading),
        ],
        Value::log_normal,
    ),
    // Across cores the call and its interrupt come before, coming back and the semaphore after.
    ("wake_latency.idle", Quantity::WakeOnIdleCore, AROUND_WAKING, Value::log_normal),
    ("wake_latency.deep_idle", Quantity::WakeOnDeepIdleCore, AROUND_WAKING, Value::log_normal),
    // The same, but who is displaced there has to be switched away from.
    (
        "wake_latency.busy",
        Quantity::WakeOnBusyCore,
        &[
            (1, Quantity::SystemCall),
            (1, Quantity::PostToIdleCore),
            (-1, Quantity::WakeOnSameCore),
            (3, Quantity::SemaphoreOperation),
            (2, Quantity::ContextSwitch),
            (1, Quantity::ClockReading),
        ],
        Value::log_normal,
    ),
    ("lock_operation", Quantity::SemaphoreOperation, &[], Value::constant),
    ("atomic_operation", Quantity::EmptySignal, &[], Value::constant),
    ("atomic_update", Quantity::AtomicUpdate, &[], Value::constant),
    ("cache_line", Quantity::CacheLine, &[], Value::log_normal),
    ("line_kept", Quantity::LineKept, &[], Value::log_normal),
    ("context_switch", Quantity::ContextSwitch, &[], Value::constant),
    ("clock_tick", Quantity::ClockTick, &[], Value::log_normal),
    ("interruption.every", Quantity::InterruptionEvery, &[], Value::log_normal),
    ("interruption.length", Quantity::InterruptionLength, &[], Value::log_normal),
    ("channel.send", Quantity::PipeOperation, &[(1, Quantity::SystemCall)], Value::constant),
    ("channel.receive", Quantity::PipeOperation, &[(1, Quantity::SystemCall)], Value::constant),
    // A sleeping thread's core idles, so the end of a sleep contains the way out of deep idle.
    ("timer_lateness", Quantity::TimerOnIdleCore, &[(1, Quantity::WakeOnDeepIdleCore)], Value::constant),
    ("timer_change", Quantity::NearTimer, &[(1, Quantity::FarTimer)], Value::log_normal),
    ("thread.start", Quantity::ThreadStart, &[(1, Quantity::SystemCall)], Value::constant),
    ("thread.begin", Quantity::ThreadBegin, &[], Value::log_normal),
    // Who ends is woken before, and wakes who joins it.
    ("thread.end", Quantity::ThreadEnd, &[(2, Quantity::WakeOnSameCore)], Value::constant),
];

/// What only matters where a core that idles looks for threads by itself.
const POLLING: [&str; 3] =
    ["costs.from_idle.polling", "costs.wake_latency.going_idle", "costs.wake_latency.polls_after"];

const AROUND_COMING_BACK: Less<'static> = &[
    (1, Quantity::AnswerOnSameCore),
    (-1, Quantity::WakingNobody),
    (-1, Quantity::SemaphoreOperation),
    (-1, Quantity::ContextSwitch),
    (-2, Quantity::ClockReading),
];

const AROUND_WAKING: Less<'static> = &[
    (1, Quantity::SystemCall),
    (1, Quantity::PostToIdleCore),
    (-1, Quantity::WakeOnSameCore),
    (1, Quantity::SleepOnHaltedCore),
    (-1, Quantity::AnswerOnSameCore),
    (1, Quantity::WakingNobody),
    (4, Quantity::SemaphoreOperation),
    (2, Quantity::ContextSwitch),
    (3, Quantity::ClockReading),
];

/// The constants of the model, in the order of their paths, on a machine and as its interpreters show them.
pub(super) fn constants(machine: &MachineFigures, interpreters: &[InterpreterFigures]) -> Vec<Constant> {
    let (figures, tick) = (&machine.figures, machine.tick);
    let mut constants: Vec<Constant> = ROWS.iter().filter_map(|row| measured(row, figures, tick)).collect();
    spread_timer(&mut constants, figures);
    constants.extend([
        assumed("costs.wake_latency.deep_after", 1e6, "between no pause and a pause of 2 ms"),
        assumed("costs.migration", 0.0, "not measured - the wake latency to the other core contains it"),
    ]);
    constants.extend(interpreters.iter().find_map(moved_instruction));
    // A core that never polls has not been idle for long enough to poll, nor for less than no time.
    if figures.get(Quantity::PollsUntil).is_some_and(|until| until.median == 0.0) {
        constants.retain(|constant| !POLLING.contains(&constant.path.as_str()));
        POLLING
            .iter()
            .for_each(|path| constants.push(assumed(path, 0.0, "each post to an idle core interrupted it")));
    }
    let others = stand_ins(&constants);
    constants.extend(others);
    constants.sort_by(|one, other| one.path.cmp(&other.path));
    constants
}

fn assumed(path: &str, nanos: f64, from: &str) -> Constant {
    let (path, value, from) = (path.to_owned(), Value::Constant(nanos), from.to_owned());
    Constant { path, value, source: "assumed", from }
}

fn measured((path, quantity, less, value): &Row, figures: &Figures, tick: f64) -> Option<Constant> {
    let share = lost_share(figures, tick);
    let get = |quantity: Quantity| {
        figures
            .get(quantity)
            .map(|spread| if quantity.is_of_a_loop() { spread.part(1.0 + share) } else { spread })
    };
    let whole = get(*quantity)?;
    let rest = less.iter().fold(whole, |rest, (times, part)| match get(*part) {
        Some(spread) => rest.less(spread, f64::from(*times)),
        None => rest,
    });
    let lost = if quantity.is_of_a_loop() { lost_in_words(share) } else { String::new() };
    let from = format!(
        "{} {}{lost}{}{}",
        quantity.how(),
        described(figures.get(*quantity)?),
        changes(less),
        doubt(rest)
    );
    Some(Constant { path: format!("costs.{path}"), value: value(rest), source: "measured", from })
}

/// `, less 2 x system call, context switch, and clock reading again`.
fn changes(less: Less<'_>) -> String {
    let part = |(times, quantity): &(i32, Quantity)| match times.abs() {
        1 => quantity.name().to_owned(),
        times => format!("{times} x {}", quantity.name()),
    };
    let list =
        |sign: i32| -> Vec<String> { less.iter().filter(|(times, _)| times * sign > 0).map(part).collect() };
    let (less, plus) = (list(1), list(-1));
    let said = |word: &str, parts: Vec<String>| {
        if parts.is_empty() { String::new() } else { format!(", {word} {}", parts.join(", ")) }
    };
    said("less", less) + &said("plus", plus)
}

/// How much longer clock ticks and interruptions, which the model draws for itself, make what is measured over a loop,
/// as a share.
pub(super) fn lost_share(figures: &Figures, tick: f64) -> f64 {
    let of = |part: Quantity, whole: Option<f64>| match (figures.get(part), whole) {
        (Some(part), Some(whole)) if whole > 0.0 => part.median / whole,
        _ => 0.0,
    };
    let every = figures.get(Quantity::InterruptionEvery).map(|spread| spread.median);
    of(Quantity::ClockTick, Some(tick)) + of(Quantity::InterruptionLength, every)
}

/// `, less 1.4 % of interruptions and ticks`.
pub(super) fn lost_in_words(share: f64) -> String {
    if share > 0.0 {
        format!(", less {:.1} % of interruptions and ticks", 100.0 * share)
    } else {
        String::new()
    }
}

/// Gives the lateness of timers the spread that it has on a core that does not idle: on an idle one, the spread is that
/// of the way out of idle, which the model draws for itself.
fn spread_timer(constants: &mut [Constant], figures: &Figures) {
    let timer = constants.iter_mut().find(|constant| constant.path == "costs.timer_lateness");
    let (Some(timer), Some(busy)) = (timer, figures.get(Quantity::TimerOnBusyCore)) else { return };
    if let Value::Constant(median) = timer.value {
        timer.value = Value::LogNormal { median, sigma: busy.sigma() };
        timer.from.push_str(&format!(", spread as beside a computing thread, {}", described(busy)));
    }
}

/// The constants of the preset that stands in, but for those that are `known`. Times of instructions are not among them:
/// they belong to its processor.
fn stand_ins(known: &[Constant]) -> Vec<Constant> {
    let is_missing = |path: &str| {
        ["costs.", "pickle."].iter().any(|section| path.starts_with(section))
            && !known.iter().any(|constant| constant.path == path)
    };
    let preset = scenario::provenance_of(STAND_IN).unwrap_or_default();
    let missing = preset.into_iter().filter(|constant| is_missing(&constant.constant));
    missing
        .map(|constant| Constant {
            path: constant.constant,
            value: Value::Written(constant.value),
            source: "assumed",
            from: format!("not measured - as in the preset {STAND_IN}: {}", constant.from),
        })
        .collect()
}

/// The instructions of acquiring and releasing a semaphore of threading, by docs/model.md.
const SEMAPHORE: f64 = 129.0;

/// The time of an instruction of library code of an interpreter on a machine: what its semaphore takes without the four
/// lock operations that it contains. Those of 2.7 give up the GIL and take it again, twice.
pub(super) fn library_instruction(
    interpreter: &InterpreterFigures,
    machine: &MachineFigures,
) -> Option<Constant> {
    let share = lost_share(&machine.figures, machine.tick);
    let whole = interpreter.figures.get(Quantity::LibraryCode)?;
    let mut less =
        vec![(4, Quantity::SemaphoreOperation, machine.figures.get(Quantity::SemaphoreOperation)?)];
    if interpreter.version[0] == 2 {
        less.push((2, Quantity::GilRoundTrip, interpreter.figures.get(Quantity::GilRoundTrip)?));
    }
    let rest = less.iter().fold(whole, |rest, (times, _, part)| rest.less(*part, f64::from(*times)));
    let less: Vec<(i32, Quantity)> = less.iter().map(|(times, quantity, _)| (*times, *quantity)).collect();
    let how = Quantity::LibraryCode.how();
    let (lost, changes) = (lost_in_words(share), changes(&less));
    Some(Constant {
        path: format!("library_instruction.{}", interpreter.preset),
        value: Value::constant(rest.part((1.0 + share) * SEMAPHORE)),
        source: "measured",
        from: format!("{how} {}, {SEMAPHORE} instructions{lost}{changes}{}", described(whole), doubt(rest)),
    })
}

/// What an instruction costs more that another core executed last, as an interpreter shows it.
fn moved_instruction(interpreter: &InterpreterFigures) -> Option<Constant> {
    let moved = interpreter.figures.get(Quantity::LibraryCodeMoved)?;
    let rest = moved.less(interpreter.figures.get(Quantity::LibraryCodeAfterSleep)?, 1.0);
    let from = format!(
        "{} {}, {SEMAPHORE} instructions{}{}",
        Quantity::LibraryCodeMoved.how(),
        described(moved),
        changes(&[(1, Quantity::LibraryCodeAfterSleep)]),
        doubt(rest)
    );
    let path = "costs.moved_instruction".to_owned();
    Some(Constant { path, value: Value::constant(rest.part(SEMAPHORE)), source: "measured", from })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::calibration::Interval;
    use crate::calibration::figures::Record;

    fn figures(known: &[(Quantity, f64)]) -> Figures {
        let mut record = Record::default();
        known.iter().for_each(|(quantity, nanos)| record.add(*quantity, vec![*nanos]));
        record.figures()
    }

    fn machine(known: &[(Quantity, f64)]) -> MachineFigures {
        let (kernel, figures) = ("6.18".to_owned(), figures(known));
        MachineFigures { cores: 2, processor: None, kernel, tick: 4e6, figures }
    }

    fn interpreter(version: [u32; 3], known: &[(Quantity, f64)]) -> InterpreterFigures {
        InterpreterFigures {
            program: PathBuf::from("python"),
            version,
            compiler: "[GCC]".to_owned(),
            preset: "cpython-x".to_owned(),
            is_stand_in: false,
            instructions: 8,
            interval: Interval::Seconds(0.005),
            figures: figures(known),
        }
    }

    fn found(known: &[(Quantity, f64)], path: &str) -> Constant {
        let constants = constants(&machine(known), &[]);
        constants.into_iter().find(|constant| constant.path == path).unwrap()
    }

    #[test]
    fn what_ticks_and_interruptions_took_of_a_loop_is_taken_off() {
        let known = [
            (Quantity::SystemCall, 103.0),
            (Quantity::ClockTick, 40_000.0),
            (Quantity::InterruptionEvery, 100_000.0),
            (Quantity::InterruptionLength, 2000.0),
        ];
        let call = found(&known, "costs.system_call");
        assert_eq!(call.value, Value::Constant(100.0));
        assert!(call.from.contains(", less 3.0 % of interruptions and ticks"), "{}", call.from);
    }

    /// What falling asleep follows from.
    const ASLEEP: [(Quantity, f64); 6] = [
        (Quantity::AnswerOnSameCore, 1000.0),
        (Quantity::WakingNobody, 110.0),
        (Quantity::WaitingForNothing, 90.0),
        (Quantity::SemaphoreOperation, 10.0),
        (Quantity::ContextSwitch, 400.0),
        (Quantity::ClockReading, 20.0),
    ];

    #[test]
    fn falling_asleep_is_what_is_left_of_the_way_back() {
        assert_eq!(found(&ASLEEP, "costs.falling_asleep").value, Value::Constant(330.0));
    }

    #[test]
    fn coming_back_from_idle_is_what_is_left_of_a_sleep() {
        let known = [&ASLEEP[..], &[(Quantity::SleepOnHaltedCore, 10_000.0)]].concat();
        assert_eq!(found(&known, "costs.from_idle.halted").value, Value::Constant(9560.0));
    }

    #[test]
    fn a_core_that_sees_a_thread_comes_to_it_when_going_idle_is_over() {
        let sleeps = [(Quantity::SleepUntilSeen, 18_000.0), (Quantity::SleepOnPollingCore, 1700.0)];
        let going_idle = found(&[&ASLEEP[..], &sleeps].concat(), "costs.wake_latency.going_idle");
        assert_eq!(going_idle.value, Value::LogNormal { median: 16_620.0, sigma: 0.0 });
    }

    #[test]
    fn what_a_difference_took_away_too_often_is_added_again() {
        let known = [
            (Quantity::PostToIdleCore, 10_000.0),
            (Quantity::WakeOnSameCore, 1000.0),
            (Quantity::ContextSwitch, 400.0),
            (Quantity::SemaphoreOperation, 10.0),
        ];
        let interrupt = found(&known, "costs.futex_wake.interrupt");
        assert_eq!(interrupt.value, Value::LogNormal { median: 9410.0, sigma: 0.0 });
        let words = ", less wake-up, same core, plus context switch, semaphore operation";
        assert!(interrupt.from.contains(words), "{}", interrupt.from);
    }

    #[test]
    fn a_core_that_was_never_found_to_poll_does_not() {
        let known = [(Quantity::PollsUntil, 0.0)];
        for path in ["costs.wake_latency.just_idle_for", "costs.wake_latency.polls_after"] {
            assert_eq!(found(&known, path).value, Value::Constant(0.0), "{path}");
        }
    }

    #[test]
    fn a_constant_that_was_not_measured_is_that_of_the_preset() {
        let constant = found(&[], "costs.thread.start");
        assert_eq!((constant.value, constant.source), (Value::Written("31us".to_owned()), "assumed"));
        assert!(
            constant.from.starts_with("not measured - as in the preset linux-2-core: "),
            "{}",
            constant.from
        );
    }

    #[test]
    fn library_code_is_a_semaphore_without_its_locks_and_in_2_7_without_the_gil() {
        let machine = machine(&[(Quantity::SemaphoreOperation, 10.0)]);
        let known = [(Quantity::LibraryCode, 1330.0), (Quantity::GilRoundTrip, 64.5)];
        let of = |version| library_instruction(&interpreter(version, &known), &machine).unwrap().value;
        assert_eq!(of([3, 11, 7]), Value::Constant(10.0));
        assert_eq!(of([2, 7, 18]), Value::Constant(9.0));
    }

    #[test]
    fn code_that_comes_over_is_what_it_takes_after_a_sleep_beyond_code_that_stayed() {
        let known = [(Quantity::LibraryCodeMoved, 15_320.0), (Quantity::LibraryCodeAfterSleep, 5000.0)];
        let constants = constants(&machine(&[]), &[interpreter([3, 11, 7], &known)]);
        let moved: Vec<_> =
            constants.iter().filter(|known| known.path == "costs.moved_instruction").collect();
        assert_eq!(moved.len(), 1);
        assert_eq!((&moved[0].value, moved[0].source), (&Value::Constant(80.0), "measured"));
    }
}
