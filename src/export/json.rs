//! The outcome of an experiment as JSON.

use serde::Serialize;

use crate::experiment::{Conducted, Estimate, Role, RunOutcome, Standing, Verdict};
use crate::scenario::{Bound, NamedMetric, Scenario};
use crate::sim::Ending;
use crate::trace::ThreadState;

#[derive(Serialize)]
struct Document<'a> {
    gilsim: &'static str,
    scenario: &'a str,
    title: &'a str,
    scenario_hash: String,
    seed: u64,
    replications: usize,
    fingerprint: String,
    runs: Vec<RunDocument<'a>>,
    expectations: Vec<VerdictDocument<'a>>,
}

#[derive(Serialize)]
struct RunDocument<'a> {
    name: &'a str,
    ending: &'static str,
    fingerprint: String,
    deadlock: Option<&'a str>,
    exceptions: Vec<&'a str>,
    unreceived: Vec<&'a str>,
    blocked_for_ever: Vec<&'a str>,
    events: u64,
    metrics: serde_json::Map<String, serde_json::Value>,
    half_widths: serde_json::Map<String, serde_json::Value>,
    threads: Vec<ThreadDocument<'a>>,
    core_busy_s: Vec<f64>,
}

#[derive(Serialize)]
struct ThreadDocument<'a> {
    name: &'a str,
    ended_s: Option<f64>,
    user_s: f64,
    system_s: f64,
    states_s: serde_json::Map<String, serde_json::Value>,
    acquisitions: u64,
    failed_acquisitions: u64,
    voluntary_switches: u64,
    involuntary_switches: u64,
    system_calls: u64,
    migrations: u64,
}

/// What became of an expectation.
#[derive(Serialize)]
pub(super) struct VerdictDocument<'a> {
    that: &'a str,
    expected: Option<f64>,
    tolerance: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    found: Option<f64>,
    half_width: Option<f64>,
    error: Option<f64>,
    standing: &'static str,
    role: &'static str,
    inferred_constant: Option<&'a str>,
    known_gap: Option<&'a str>,
    source: Option<&'a str>,
}

/// The document of one experiment, ending with a new line. Times are in seconds.
///
/// Metrics are means over the replications, with half the widths of their 95 % confidence intervals; threads and cores are
/// those of the first replication.
pub fn document(scenario: &Scenario, id: &str, conducted: &Conducted) -> String {
    let document = Document {
        gilsim: env!("CARGO_PKG_VERSION"),
        scenario: id,
        title: &scenario.title,
        scenario_hash: hexadecimal(scenario.hash),
        seed: conducted.seed,
        replications: conducted.replications,
        fingerprint: hexadecimal(conducted.fingerprint()),
        runs: scenario
            .runs
            .iter()
            .zip(&conducted.runs)
            .map(|(run, outcome)| run_document(outcome, &run.thread_names))
            .collect(),
        expectations: conducted.verdicts.iter().map(verdict_document).collect(),
    };
    // Serialising strings and finite numbers into memory cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// A hash as it is shown everywhere: 16 hexadecimal digits.
pub fn hexadecimal(hash: u64) -> String {
    format!("{hash:016x}")
}

fn run_document<'a>(outcome: &'a RunOutcome, names: &'a [String]) -> RunDocument<'a> {
    let report = &outcome.report;
    let metrics = NamedMetric::columns(&outcome.metrics);
    let estimates: Vec<Option<Estimate>> = metrics.iter().map(|metric| outcome.estimate_of(metric)).collect();
    let with_names = |part: fn(&Estimate) -> Option<f64>| {
        let values = estimates.iter().map(|estimate| estimate.as_ref().and_then(part).into());
        metrics.iter().cloned().zip(values).collect()
    };
    let threads = report.threads.iter().zip(names).map(|(thread, name)| ThreadDocument {
        name,
        ended_s: thread.ended.map(|time| time.as_secs()),
        user_s: thread.usage.user.as_secs(),
        system_s: thread.usage.system.as_secs(),
        states_s: ThreadState::ALL
            .iter()
            .zip(&thread.usage.state_times)
            .filter(|(_, span)| !span.is_zero())
            .map(|(state, span)| (state.name().to_owned(), span.as_secs().into()))
            .collect(),
        acquisitions: thread.acquisitions,
        failed_acquisitions: thread.failed_acquisitions,
        voluntary_switches: thread.usage.voluntary_switches,
        involuntary_switches: thread.usage.involuntary_switches,
        system_calls: thread.usage.system_calls,
        migrations: thread.usage.migrations,
    });
    RunDocument {
        name: &outcome.name,
        ending: match report.ending {
            Ending::Finished => "finished",
            Ending::CutOff => "cut off",
            Ending::Stuck => "stuck",
        },
        fingerprint: hexadecimal(outcome.fingerprint()),
        deadlock: outcome.deadlock.as_deref(),
        exceptions: outcome.trouble.iter().map(String::as_str).collect(),
        unreceived: outcome.unreceived.iter().map(String::as_str).collect(),
        blocked_for_ever: outcome.blocked.iter().map(String::as_str).collect(),
        events: report.events,
        metrics: with_names(|estimate| Some(estimate.mean)),
        half_widths: with_names(|estimate| estimate.half_width),
        threads: threads.collect(),
        core_busy_s: report.core_busy.iter().map(|span| span.as_secs()).collect(),
    }
}

pub(super) fn verdict_document(verdict: &Verdict) -> VerdictDocument<'_> {
    let (expected, tolerance, above, below) = match verdict.bound {
        Bound::Within { value, tolerance } => (Some(value), Some(tolerance), None, None),
        Bound::Between { above, below } => (None, None, above, below),
    };
    VerdictDocument {
        that: &verdict.that,
        expected,
        tolerance,
        above,
        below,
        found: verdict.found.as_ref().ok().copied(),
        half_width: verdict.half_width,
        error: verdict.error(),
        standing: match verdict.standing {
            Standing::Met => "met",
            Standing::Failed => "failed",
            Standing::KnownGap => "known gap",
        },
        role: match &verdict.role {
            Role::Input(_) => "input",
            Role::Prediction => "prediction",
        },
        inferred_constant: match &verdict.role {
            Role::Input(constant) => Some(constant),
            Role::Prediction => None,
        },
        known_gap: verdict.known_gap.as_deref(),
        source: verdict.source.as_deref(),
    }
}
