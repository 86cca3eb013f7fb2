//! What was measured, as profiles that a scenario can name: `machine: ./machine.yaml`.
//!
//! A profile has the constants of the model, each with its source and its spread. The table in `constants` tells how
//! each follows from what was measured: a constant that the model gains is a row more.

use crate::calibration::{Figures, InterpreterFigures, Interval, MachineFigures, Quantity, Spread};

/// A constant of a machine.
struct Constant {
    /// Its key, after that of its group if it belongs to one: `wake_latency.idle`.
    path: &'static str,
    /// What it is.
    value: Value,
    /// Where it comes from.
    from: String,
}

/// What a constant is in the model.
#[derive(Clone, Copy)]
enum Value {
    /// Always the same, in nanoseconds.
    Constant(f64),
    /// Log-normal.
    LogNormal {
        /// The median in nanoseconds.
        median: f64,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// Always the same, but chosen, not measured.
    Chosen(f64),
}

impl Value {
    fn constant(spread: Spread) -> Value {
        Value::Constant(spread.median)
    }

    fn log_normal(spread: Spread) -> Value {
        Value::LogNormal { median: spread.median, sigma: spread.sigma() }
    }
}

/// The profile of a machine. The times of the interpreters that were measured on it are part of it.
pub fn machine(machine: &MachineFigures, interpreters: &[InterpreterFigures]) -> String {
    let processor = machine.processor.as_deref().unwrap_or("an unknown processor");
    let about = format!(
        "{} cores of {processor}, Linux {}, measured by gilsim {}",
        machine.cores,
        machine.kernel,
        env!("CARGO_PKG_VERSION")
    );
    let mut text = format!("about: {}\ncores: {}\nplatform: linux\n", quoted(&about), machine.cores.min(512));
    text.push_str(&scheduler(&machine.kernel, machine.tick));
    text.push_str("costs:\n");
    let mut last_group = None;
    for constant in constants(&machine.figures) {
        let (group, key) = match constant.path.split_once('.') {
            Some((group, key)) => (Some(group), key),
            None => (None, constant.path),
        };
        if let Some(name) = group.filter(|_| group != last_group) {
            text.push_str(&format!("  {name}:\n"));
        }
        last_group = group;
        let indent = if group.is_some() { "    " } else { "  " };
        text.push_str(&format!("{indent}{key}: {}\n", written(constant.value, &constant.from)));
    }
    text.push_str(&instruction_times(interpreters));
    text.push_str(&remarks(&machine.figures));
    text
}

/// The profile of an interpreter: its preset, with the time of an instruction and the interval that it has here.
pub fn interpreter(interpreter: &InterpreterFigures) -> String {
    let [major, minor, patch] = interpreter.version;
    let stand_in = if interpreter.is_stand_in { ", with the opcodes of another version" } else { "" };
    let about = format!(
        "CPython {major}.{minor}.{patch} {}, measured by gilsim {}{stand_in}",
        interpreter.compiler,
        env!("CARGO_PKG_VERSION")
    );
    let mut text = format!("about: {}\npreset: {}\n", quoted(&about), interpreter.preset);
    if let Some((spread, from)) = instruction(interpreter) {
        text.push_str(&format!("instruction: {}\n", written(Value::Constant(spread.median), &from)));
    }
    let interval = match interpreter.interval {
        Interval::Ticks(ticks) => ticks.to_string(),
        Interval::Seconds(seconds) => duration(seconds * 1e9),
    };
    text.push_str(&format!("gil: {{interval: {interval}}}\n"));
    text.push_str(&remarks(&interpreter.figures));
    text
}

/// What is taken away from a quantity to find a constant: how often, and what.
type Less = &'static [(u32, Quantity)];

/// A constant's path, the quantity that contains it, what else that contains, and what the rest is in the model.
type Row = (&'static str, Quantity, Less, fn(Spread) -> Value);

/// How the constants of the model follow from what was measured, by the rules of docs/model.md.
const ROWS: [Row; 11] = [
    ("system_call", Quantity::SystemCall, &[], Value::constant),
    // One way on one core is a post, its call and the waking, the waker's own wait and its call, and the switch.
    (
        "futex_wake.sleeper",
        Quantity::WakeOnSameCore,
        &[
            (2, Quantity::SystemCall),
            (2, Quantity::SemaphoreOperation),
            (1, Quantity::ContextSwitch),
            (1, Quantity::ClockReading),
        ],
        Value::constant,
    ),
    ("futex_wake.no_sleeper", Quantity::WakingNobody, &[(1, Quantity::SystemCall)], Value::constant),
    // Across cores the woken thread is on its way from the end of the call, and then takes the semaphore.
    ("wake_latency.idle", Quantity::WakeOnIdleCore, AROUND_WAKING, Value::log_normal),
    ("wake_latency.deep_idle", Quantity::WakeOnDeepIdleCore, AROUND_WAKING, Value::log_normal),
    ("lock_operation", Quantity::SemaphoreOperation, &[], Value::constant),
    ("atomic_operation", Quantity::EmptySignal, &[], Value::constant),
    ("context_switch", Quantity::ContextSwitch, &[], Value::constant),
    ("channel.send", Quantity::PipeOperation, &[(1, Quantity::SystemCall)], Value::constant),
    ("channel.receive", Quantity::PipeOperation, &[(1, Quantity::SystemCall)], Value::constant),
    // A sleeping thread's core idles, so the end of a sleep contains the way out of deep idle.
    ("timer_lateness", Quantity::TimerOnIdleCore, &[(1, Quantity::WakeOnDeepIdleCore)], Value::constant),
];

const AROUND_WAKING: Less =
    &[(1, Quantity::SystemCall), (2, Quantity::SemaphoreOperation), (1, Quantity::ClockReading)];

/// The constants of the model, in the order of their paths. What was not measured is left out.
fn constants(figures: &Figures) -> Vec<Constant> {
    let found = ROWS.iter().filter_map(|(path, quantity, less, value)| {
        let whole = figures.get(*quantity)?;
        let rest = less.iter().fold(whole, |rest, (times, part)| match figures.get(*part) {
            Some(spread) => rest.less(spread, f64::from(*times)),
            None => rest,
        });
        let from = format!("{} {}{}{}", quantity.how(), described(whole), taken_away(less), doubt(rest));
        Some(Constant { path, value: value(rest), from })
    });
    let mut constants: Vec<Constant> = found.collect();
    spread_timer(&mut constants, figures);
    constants.extend([
        chosen("wake_latency.deep_after", 1e6, "between no pause and a pause of 2 ms"),
        chosen("migration", 0.0, "not measured - the wake latency to the other core contains it"),
    ]);
    constants.sort_by_key(|constant| constant.path);
    constants
}

/// `, less 2 x system call, context switch`.
fn taken_away(less: Less) -> String {
    let part = |(times, quantity): &(u32, Quantity)| match times {
        1 => quantity.name().to_owned(),
        _ => format!("{times} x {}", quantity.name()),
    };
    let parts: Vec<String> = less.iter().map(part).collect();
    if parts.is_empty() { String::new() } else { format!(", less {}", parts.join(", ")) }
}

fn chosen(path: &'static str, nanos: f64, from: &str) -> Constant {
    Constant { path, value: Value::Chosen(nanos), from: from.to_owned() }
}

/// Gives the lateness of timers the spread that it has on a core that does not idle: on an idle one, the spread is that
/// of the way out of idle, which the model draws for itself.
fn spread_timer(constants: &mut [Constant], figures: &Figures) {
    let timer = constants.iter_mut().find(|constant| constant.path == "timer_lateness");
    let (Some(timer), Some(busy)) = (timer, figures.get(Quantity::TimerOnBusyCore)) else { return };
    if let Value::Constant(median) = timer.value {
        timer.value = Value::LogNormal { median, sigma: busy.sigma() };
        timer.from.push_str(&format!(", spread as beside a computing thread, {}", described(busy)));
    }
}

/// What is to be said of a figure whose batches do not agree.
fn doubt(spread: Spread) -> &'static str {
    if spread.is_steady() { "" } else { " - UNSTEADY, measure again on an idle machine" }
}

/// The time of an instruction in a long call, as the presets have it, and where it comes from.
fn instruction(interpreter: &InterpreterFigures) -> Option<(Spread, String)> {
    let round = interpreter.figures.get(Quantity::LongCallRound)?;
    let how = Quantity::LongCallRound.how();
    let from = format!(
        "{how} {} a round of {} instructions{}",
        described(round),
        interpreter.instructions,
        doubt(round)
    );
    Some((round.part(interpreter.instructions as f64), from))
}

/// The section with the times of instructions; of several interpreters with one preset, the first.
fn instruction_times(interpreters: &[InterpreterFigures]) -> String {
    let mut known: Vec<&str> = Vec::new();
    let mut text = String::new();
    for interpreter in interpreters.iter().filter(|interpreter| !interpreter.is_stand_in) {
        let Some((spread, from)) = instruction(interpreter) else { continue };
        if known.contains(&interpreter.preset.as_str()) {
            continue;
        }
        known.push(&interpreter.preset);
        let value = written(Value::Constant(spread.median), &from);
        text.push_str(&format!("  {}: {value}\n", interpreter.preset));
    }
    if text.is_empty() { text } else { format!("instruction:\n{text}") }
}

/// The scheduler of a kernel release, with the values its version has by default (kernel/sched/fair.c): they can be
/// read from debugfs only, which is closed to most.
fn scheduler(kernel: &str, tick: f64) -> String {
    let tick = duration(tick);
    let mut parts = kernel.split(|letter: char| !letter.is_ascii_digit()).map(str::parse::<u32>);
    let version = [parts.next(), parts.next()].map(|part| part.and_then(Result::ok).unwrap_or(0));
    let config = match version {
        [major, minor] if [major, minor] >= [6, 15] => format!("eevdf: {{base_slice: 0.7ms, tick: {tick}}}"),
        [major, minor] if [major, minor] >= [6, 6] => format!("eevdf: {{base_slice: 0.75ms, tick: {tick}}}"),
        _ => format!("cfs: {{tick: {tick}}}"),
    };
    format!("scheduler:\n  # The default of this release; the tick as the coarse clock has it.\n  {config}\n")
}

/// Everything that was measured, as comments: the model does not use it all.
fn remarks(figures: &Figures) -> String {
    let mut text = "# Measured, each with its tenth and ninetieth percentile:\n".to_owned();
    for (quantity, spread) in figures.iter() {
        let unsteady = if spread.is_steady() { "" } else { " UNSTEADY" };
        text.push_str(&format!(
            "#   {} ({}): {}{unsteady}\n",
            quantity.name(),
            quantity.how(),
            described(spread)
        ));
    }
    text
}

/// A constant as the language has it.
fn written(value: Value, from: &str) -> String {
    let (is, source) = match value {
        Value::Constant(nanos) => (duration(nanos), "measured"),
        Value::LogNormal { median, sigma } => {
            let median = duration(median);
            (format!("{{log_normal: {{median: {median}, sigma: {sigma:.2}}}}}"), "measured")
        }
        Value::Chosen(nanos) => (duration(nanos), "assumed"),
    };
    format!("{{is: {is}, source: {source}, from: {}}}", quoted(from))
}

/// `28.6us (23.5us to 36.4us)`.
fn described(spread: Spread) -> String {
    format!("{} ({} to {})", duration(spread.median), duration(spread.tenth), duration(spread.ninetieth))
}

/// A duration in nanoseconds as the language has it, with four digits, and none finer than a picosecond.
pub fn duration(nanos: f64) -> String {
    let magnitude = nanos.abs();
    let (scale, unit) = match magnitude {
        large if large >= 1e6 => (1e6, "ms"),
        middle if middle >= 1e3 => (1e3, "us"),
        _ => (1.0, "ns"),
    };
    let value = nanos / scale;
    let digits = (3.0 - value.abs().max(1.0).log10().floor()).clamp(0.0, 3.0) as usize;
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

/// A text in double quotes: what JSON makes of it is YAML as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::calibration::figures::Record;
    use crate::scenario::units::parse_span;

    fn figures(known: &[(Quantity, f64)]) -> Figures {
        let mut record = Record::default();
        for (quantity, nanos) in known {
            record.add(*quantity, vec![nanos * 0.9, *nanos, nanos * 1.1]);
        }
        record.figures()
    }

    fn some_machine() -> MachineFigures {
        let known = [
            (Quantity::SystemCall, 100.0),
            (Quantity::WakingNobody, 130.0),
            (Quantity::WakeOnIdleCore, 30_000.0),
            (Quantity::WakeOnDeepIdleCore, 40_000.0),
            (Quantity::TimerOnIdleCore, 90_000.0),
        ];
        MachineFigures {
            cores: 2,
            processor: Some("a \"fast\" one: new".to_owned()),
            kernel: "6.18.44-x".to_owned(),
            tick: 4e6,
            figures: figures(&known),
        }
    }

    fn some_interpreter(preset: &str) -> InterpreterFigures {
        InterpreterFigures {
            program: PathBuf::from("python"),
            version: [3, 11, 7],
            compiler: "[GCC]".to_owned(),
            preset: preset.to_owned(),
            is_stand_in: false,
            instructions: 8,
            interval: Interval::Seconds(0.005),
            figures: figures(&[(Quantity::LongCallRound, 24.0)]),
        }
    }

    #[test]
    fn every_duration_can_be_read_again() {
        for (nanos, text) in [
            (0.0, "0ns"),
            (2.7123, "2.712ns"),
            (103.44, "103.4ns"),
            (999.96, "1000ns"),
            (28_612.0, "28.61us"),
            (4e6, "4ms"),
            (1.234_567e9, "1235ms"),
        ] {
            assert_eq!(duration(nanos), text);
            assert!(parse_span(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_scenario_can_name_both_profiles() {
        let folder = tempfile::tempdir().unwrap();
        let python = some_interpreter("cpython-3.11");
        std::fs::write(folder.path().join("m.yaml"), machine(&some_machine(), std::slice::from_ref(&python)))
            .unwrap();
        std::fs::write(folder.path().join("p.yaml"), interpreter(&python)).unwrap();
        let text = "{gilsim: 1, title: t, machine: m.yaml, threads: [{name: a, do: [python: 1ms]}], \
                     runs: {own: {python: p.yaml}, preset: {python: cpython-3.11}}}";
        let scenario = crate::scenario::load_with_files(text, "test", &[], folder.path())
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        assert_eq!(scenario.runs[0].model.stretches, scenario.runs[1].model.stretches);
        assert_eq!(scenario.runs[0].model.machine.costs.system_call.constant().unwrap().picos(), 100_000);
    }

    #[test]
    fn a_constant_is_what_is_left_of_a_measurement() {
        let text = machine(&some_machine(), &[]);
        assert!(text.contains("\n    no_sleeper: {is: 30ns, source: measured, from: "), "{text}");
        assert!(text.contains("\n    idle: {is: {log_normal: {median: 29.9us, sigma: 0.06}}"), "{text}");
    }

    #[test]
    fn of_two_interpreters_with_one_preset_the_machine_has_the_first() {
        let both = [some_interpreter("cpython-3.11"), some_interpreter("cpython-3.11")];
        let text = machine(&some_machine(), &both);
        assert_eq!(text.matches("\n  cpython-3.11: {is: 3ns,").count(), 1, "{text}");
    }

    #[test]
    fn what_is_unsteady_is_said_to_be() {
        let mut record = Record::default();
        [100.0, 200.0, 300.0].into_iter().for_each(|nanos| record.add(Quantity::SystemCall, vec![nanos]));
        let text = machine(&MachineFigures { figures: record.figures(), ..some_machine() }, &[]);
        assert!(text.contains("UNSTEADY, measure again on an idle machine\"}"), "{text}");
    }

    #[test]
    fn each_kernel_has_its_scheduler() {
        assert!(scheduler("6.18.44-x", 4e6).contains("  eevdf: {base_slice: 0.7ms, tick: 4ms}\n"));
        assert!(scheduler("6.6.1", 1e6).contains("  eevdf: {base_slice: 0.75ms, tick: 1ms}\n"));
        assert!(scheduler("5.15.0-91-generic", 4e6).contains("  cfs: {tick: 4ms}\n"));
    }
}
