//! What was measured, as profiles that a scenario can name: `machine: ./machine.yaml`.
//!
//! A profile has all constants of the model, each with its source and its spread. `constants.rs` tells how each follows
//! from what was measured, or whose it is if it was not.

use crate::calibration::constants::{
    Constant, Value, constants, library_instruction, lost_in_words, lost_share,
};
use crate::calibration::{Figures, InterpreterFigures, Interval, MachineFigures, Quantity, Spread};

/// The profile of a machine. The times of the interpreters that were measured on it are part of it.
pub fn machine(machine: &MachineFigures, interpreters: &[InterpreterFigures]) -> String {
    let processor = machine.processor.as_deref().unwrap_or("an unknown processor");
    let about = format!(
        "{} cores of {processor}, Linux {}, measured by gilsim {}",
        machine.cores,
        machine.kernel,
        env!("CARGO_PKG_VERSION")
    );
    let (cores, tick) = (machine.cores.min(512), duration(machine.tick));
    let mut text = format!("about: {}\ncores: {cores}\nplatform: linux\n", quoted(&about));
    text.push_str(&scheduler(&machine.kernel, machine.tick));
    text.push_str(&format!(
        "# A program begins at any time between two ticks.\nfirst_tick: {{uniform: [0ms, {tick}]}}\n"
    ));
    text.push_str(&nested(&constants(machine, interpreters)));
    text.push_str(&nested(&instruction_times(machine, interpreters)));
    text.push_str(&remarks(&machine.figures));
    text
}

/// The profile of an interpreter: its preset, with the time of an instruction and the interval that it has here, on this
/// machine.
pub fn interpreter(interpreter: &InterpreterFigures, machine: &MachineFigures) -> String {
    let [major, minor, patch] = interpreter.version;
    let stand_in = if interpreter.is_stand_in { ", with the opcodes of another version" } else { "" };
    let about = format!(
        "CPython {major}.{minor}.{patch} {}, measured by gilsim {}{stand_in}",
        interpreter.compiler,
        env!("CARGO_PKG_VERSION")
    );
    let mut text = format!("about: {}\npreset: {}\n", quoted(&about), interpreter.preset);
    let share = lost_share(&machine.figures, machine.tick);
    text.push_str(&nested(instruction(interpreter, share, "instruction".to_owned()).as_slice()));
    let interval = match interpreter.interval {
        Interval::Ticks(ticks) => ticks.to_string(),
        Interval::Seconds(seconds) => duration(seconds * 1e9),
    };
    text.push_str(&format!("gil: {{interval: {interval}}}\n"));
    text.push_str(&remarks(&interpreter.figures));
    text
}

/// Constants in the order of their paths, each below the keys of its groups.
fn nested(constants: &[Constant]) -> String {
    let mut text = String::new();
    let mut last: Vec<&str> = Vec::new();
    for constant in constants {
        let keys = constant.keys();
        let known = keys.iter().zip(&last).take_while(|(key, last)| key == last).count();
        for (depth, key) in keys.iter().enumerate().skip(known) {
            let value =
                if depth + 1 == keys.len() { format!(" {}", written(constant)) } else { String::new() };
            text.push_str(&format!("{}{key}:{value}\n", "  ".repeat(depth)));
        }
        last = keys;
    }
    text
}

/// What is to be said of a figure whose batches do not agree.
pub(super) fn doubt(spread: Spread) -> &'static str {
    if spread.is_steady() { "" } else { " - UNSTEADY, measure again on an idle machine" }
}

/// The time of an instruction in a long call, as the presets have it, `share` of which was lost to interruptions.
fn instruction(interpreter: &InterpreterFigures, share: f64, path: String) -> Option<Constant> {
    let round = interpreter.figures.get(Quantity::LongCallRound)?;
    let from = format!(
        "{} {} a round of {} instructions{}{}",
        Quantity::LongCallRound.how(),
        described(round),
        interpreter.instructions,
        lost_in_words(share),
        doubt(round)
    );
    let nanos = round.median / (1.0 + share) / interpreter.instructions as f64;
    Some(Constant { path, value: Value::Constant(nanos), source: "measured", from })
}

/// The times of instructions; of several interpreters with one preset, those of the first.
fn instruction_times(machine: &MachineFigures, interpreters: &[InterpreterFigures]) -> Vec<Constant> {
    let share = lost_share(&machine.figures, machine.tick);
    let mut times: Vec<Constant> = Vec::new();
    for interpreter in interpreters.iter().filter(|interpreter| !interpreter.is_stand_in) {
        let path = format!("instruction.{}", interpreter.preset);
        if times.iter().any(|known| known.path == path) {
            continue;
        }
        let Some(time) = instruction(interpreter, share, path) else { continue };
        times.push(time);
        times.extend(library_instruction(interpreter, machine));
    }
    times.sort_by(|one, other| one.path.cmp(&other.path));
    times
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
fn written(constant: &Constant) -> String {
    let is = match &constant.value {
        Value::Constant(nanos) => duration(*nanos),
        Value::LogNormal { median, sigma } => {
            format!("{{log_normal: {{median: {}, sigma: {sigma:.2}}}}}", duration(*median))
        }
        Value::Written(text) => text.clone(),
    };
    format!("{{is: {is}, source: {}, from: {}}}", constant.source, quoted(&constant.from))
}

/// `28.6us (23.5us to 36.4us)`.
pub(super) fn described(spread: Spread) -> String {
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
        std::fs::write(folder.path().join("p.yaml"), interpreter(&python, &some_machine())).unwrap();
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
        assert!(text.contains("\n    idle: {is: {log_normal: {median: 29.77us, sigma: 0.06}}"), "{text}");
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
