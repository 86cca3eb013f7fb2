//! Where two outcomes of one model differ.

use std::fmt::Debug;
use std::fmt::Write as _;

use gilsim::sim::Report;

use crate::simulator::Outcome;

/// The first difference of each kind, in words; `None` if there is none.
pub fn difference(engine: &Outcome, twin: &Outcome) -> Option<String> {
    let mut text = String::new();
    let lanes = engine.states.iter().zip(&twin.states);
    for (thread, (left, right)) in lanes.enumerate() {
        first_difference(&mut text, &format!("states of thread {thread}"), left, right);
    }
    for (core, (left, right)) in engine.cores.iter().zip(&twin.cores).enumerate() {
        first_difference(&mut text, &format!("lane of core {core}"), left, right);
    }
    first_difference(&mut text, "marks", &engine.marks, &twin.marks);
    let (left, right) = (&engine.report, &twin.report);
    differing(&mut text, "ending", &left.ending, &right.ending);
    differing(&mut text, "makespan", &left.makespan, &right.makespan);
    differing(&mut text, "lock", &left.gil, &right.gil);
    for (thread, (left, right)) in left.threads.iter().zip(&right.threads).enumerate() {
        differing(&mut text, &format!("counters of thread {thread}"), left, right);
    }
    differing(&mut text, "busy cores", &left.core_busy, &right.core_busy);
    differing(&mut text, "interpreters", &left.interpreters, &right.interpreters);
    differing(&mut text, "exceptions", &left.exceptions, &right.exceptions);
    differing(&mut text, "variables", &left.variables, &right.variables);
    let latencies = |of: &Report| -> Vec<_> {
        of.latencies.iter().map(|latency| (latency.mean(), latency.buckets().collect::<Vec<_>>())).collect()
    };
    differing(&mut text, "latencies", &latencies(left), &latencies(right));
    differing(&mut text, "fingerprint", &left.fingerprint(), &right.fingerprint());
    (!text.is_empty()).then_some(text)
}

fn first_difference<T: PartialEq + Debug>(text: &mut String, what: &str, engine: &[T], twin: &[T]) {
    let longer = engine.len().max(twin.len());
    if let Some(index) = (0..longer).find(|index| engine.get(*index) != twin.get(*index)) {
        let from = index.saturating_sub(2);
        let until = index + 3;
        let _ = writeln!(text, "{what} differ at entry {index}; from entry {from}:");
        let _ = writeln!(text, "    engine {:?}", &engine[from.min(engine.len())..until.min(engine.len())]);
        let _ = writeln!(text, "    twin   {:?}", &twin[from.min(twin.len())..until.min(twin.len())]);
    }
}

/// Compares the fields that the values print.
fn differing<T: PartialEq + Debug>(text: &mut String, what: &str, engine: &T, twin: &T) {
    if engine == twin {
        return;
    }
    let (engine, twin) = (format!("{engine:#?}"), format!("{twin:#?}"));
    let _ = writeln!(text, "{what} differ (engine, twin):");
    let mut field = "";
    for (left, right) in engine.lines().zip(twin.lines()) {
        if left.contains(": ") {
            field = left.split(':').next().unwrap_or_default().trim();
        }
        if left != right {
            let _ = writeln!(text, "    {field}: {} | {}", left.trim(), right.trim());
        }
    }
}
