//! Tests of the language as a whole: what loads, and what is said of what does not.

mod counts;
mod errors;
mod language;
mod limits;
mod locks;
mod presets;
mod signals;
mod sweeps;

use crate::scenario::{Scenario, load};

/// A machine and an interpreter of a few lines: every instruction takes 10 ns, and every `B` ticks.
const GROUND: &str = "\
gilsim: 1
title: A test
machine: {cores: 2, platform: linux, scheduler: round_robin}
python:
  opcodes: {known: [A, B, C], after: [B]}
  typical: [A, B]
  instruction: 10ns
  gil: {policy: switch_interval}
";

/// The ground and some lines more.
fn on_ground(lines: &str) -> String {
    format!("{GROUND}{lines}")
}

/// The ground with one thread that does these steps.
fn doing(steps: &str) -> String {
    on_ground(&format!("threads: [{{name: main, do: {steps}}}]\n"))
}

fn loaded(text: &str) -> Scenario {
    load(text, "test.yaml", &[]).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// The errors as `line:column message`.
fn errors(text: &str) -> Vec<String> {
    let diagnostics = load(text, "test.yaml", &[]).expect_err("this should not load");
    let line = |diagnostic| {
        let (_, line, column) = diagnostics.place(diagnostic);
        format!("{line}:{column} {}", diagnostic.message)
    };
    diagnostics.iter().map(line).collect()
}

/// The message of the only error.
fn error(text: &str) -> String {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors[0].split_once(' ').map_or(String::new(), |(_, message)| message.to_owned())
}
