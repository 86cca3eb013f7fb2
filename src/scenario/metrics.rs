//! The quantities of a run that an expectation can speak of: of the whole run, of one thread, of one latency, or of a shared variable.

use std::collections::BTreeSet;

use crate::des::Span;
use crate::scenario::diagnostic::quoted;
use crate::scenario::known::{KnownRun, metric_help};
use crate::sim::report::{ThreadReport, Variable};
use crate::sim::{Latency, Report};
use crate::trace::ThreadState;

/// One quantity of a run. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// How expectations call it.
    pub name: &'static str,
    /// Whether it is a time; otherwise it is a plain number.
    pub is_time: bool,
    read: Read,
}

/// A quantity of a run, and what the run calls it: `makespan`, `echo.latency.p99`, `worker 1.user`, `x.lost`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedMetric {
    /// Its name.
    pub name: String,
    /// The quantity.
    pub metric: Metric,
}

/// Tables have no columns for the threads of a run after so many, unless somebody asks for them: of a crowd, one is as good
/// as another.
const MOST_THREADS: usize = 32;

/// Where a quantity is found.
#[derive(Clone, Copy, Debug)]
enum Read {
    Run(fn(&Report) -> Option<f64>),
    Thread(usize, fn(&ThreadReport) -> Option<f64>),
    Latency(usize, fn(&Latency) -> Option<f64>),
    Variable(usize, fn(&Variable) -> Option<f64>),
}

impl Metric {
    /// Every metric.
    pub const ALL: [Metric; 16] = [
        time("makespan", |report| Some(report.makespan.as_secs())),
        time("user", |report| Some(report.total_time(|thread| thread.usage.user).as_secs())),
        time("system", |report| Some(report.total_time(|thread| thread.usage.system).as_secs())),
        number("gil.checks", |report| Some(report.gil.checks as f64)),
        number("gil.acquisitions", |report| Some(report.gil.acquisitions as f64)),
        number("gil.failed", |report| Some(report.gil.failed_acquisitions as f64)),
        number("gil.hand_overs", |report| Some(report.gil.hand_overs as f64)),
        number("gil.drop_requests", |report| Some(report.gil.drop_requests as f64)),
        number("gil.timed_out_waits", |report| Some(report.gil.timed_out_waits as f64)),
        number("gil.forced_waits", |report| Some(report.gil.forced_waits as f64)),
        time("gil.held", |report| Some(report.gil.held.as_secs())),
        number("badness", Report::badness),
        number("switches.voluntary", |report| {
            Some(report.total(|thread| thread.usage.voluntary_switches) as f64)
        }),
        number("switches.involuntary", |report| {
            Some(report.total(|thread| thread.usage.involuntary_switches) as f64)
        }),
        number("system_calls", |report| Some(report.total(|thread| thread.usage.system_calls) as f64)),
        number("migrations", |report| Some(report.total(|thread| thread.usage.migrations) as f64)),
    ];

    /// The metric with this name.
    pub fn named(name: &str) -> Option<Metric> {
        Metric::ALL.into_iter().find(|metric| metric.name == name)
    }

    /// Every metric of a latency.
    pub const OF_LATENCIES: [Metric; 9] = [
        of_latency("latency.mean", true, |latency| seconds(latency.mean())),
        of_latency("latency.p10", true, |latency| seconds(latency.quantile(0.1))),
        of_latency("latency.p50", true, |latency| seconds(latency.quantile(0.5))),
        of_latency("latency.p90", true, |latency| seconds(latency.quantile(0.9))),
        of_latency("latency.p99", true, |latency| seconds(latency.quantile(0.99))),
        of_latency("latency.p99.9", true, |latency| seconds(latency.quantile(0.999))),
        of_latency("latency.max", true, |latency| seconds(latency.longest())),
        of_latency("latency.above_1ms", false, |latency| latency.share_above(Span::from_micros(1000))),
        of_latency("latency.count", false, |latency| Some(latency.count() as f64)),
    ];

    /// Every metric of a thread.
    pub const OF_THREADS: [Metric; 10] = [
        of_thread("user", true, |thread| Some(thread.usage.user.as_secs())),
        of_thread("system", true, |thread| Some(thread.usage.system.as_secs())),
        of_thread("ended", true, |thread| thread.ended.map(|time| time.as_secs())),
        of_thread("runs_python", true, |thread| in_state(thread, ThreadState::RunsPython)),
        of_thread("waits_for_gil", true, |thread| in_state(thread, ThreadState::WaitsForGil)),
        of_thread("acquisitions", false, |thread| Some(thread.acquisitions as f64)),
        of_thread("failed_acquisitions", false, |thread| Some(thread.failed_acquisitions as f64)),
        of_thread("exceptions", false, |thread| Some(thread.exceptions as f64)),
        of_thread("switches.voluntary", false, |thread| Some(thread.usage.voluntary_switches as f64)),
        of_thread("switches.involuntary", false, |thread| Some(thread.usage.involuntary_switches as f64)),
    ];

    /// Every metric of a shared variable.
    pub const OF_VARIABLES: [Metric; 4] = [
        of_variable("value", |variable| Some(variable.value as f64)),
        of_variable("expected", |variable| Some(variable.expected as f64)),
        of_variable("overwritten", |variable| Some(variable.overwritten as f64)),
        of_variable("lost", |variable| {
            let lost = variable.expected as f64 - variable.value as f64;
            (variable.expected != 0).then(|| lost / variable.expected as f64)
        }),
    ];

    /// This metric of the shared variable with this index.
    pub(crate) fn of_variable(self, index: usize) -> Metric {
        match self.read {
            Read::Variable(_, read) => Metric { read: Read::Variable(index, read), ..self },
            _ => self,
        }
    }

    /// This metric of the latency with this index.
    pub(crate) fn of_latency(self, index: usize) -> Metric {
        match self.read {
            Read::Latency(_, read) => Metric { read: Read::Latency(index, read), ..self },
            _ => self,
        }
    }

    /// This metric of the thread with this index.
    pub(crate) fn of_thread(self, index: usize) -> Metric {
        match self.read {
            Read::Thread(_, read) => Metric { read: Read::Thread(index, read), ..self },
            _ => self,
        }
    }

    /// The metric with this name, of whatever latency, variable or thread.
    pub fn of_any(name: &str) -> Option<Metric> {
        KnownRun { name: "", parts: None }.metric(name)
    }

    /// What its column stands among in a table: those of whole runs come first.
    fn order(&self) -> usize {
        match self.read {
            Read::Run(_) => 0,
            Read::Latency(..) => 1,
            Read::Variable(..) => 2,
            Read::Thread(..) => 3,
        }
    }

    /// Its value in a run; `None` where it has no meaning (badness without a check).
    pub fn of(&self, report: &Report) -> Option<f64> {
        match self.read {
            Read::Run(read) => read(report),
            Read::Thread(index, read) => report.threads.get(index).and_then(read),
            Read::Latency(index, read) => report.latencies.get(index).and_then(read),
            Read::Variable(index, read) => report.variables.get(index).and_then(read),
        }
    }
}

impl NamedMetric {
    /// The columns of a table of runs that have these metrics: first those that every run has, then those of latencies, of
    /// variables, and of threads as far as there are not too many.
    pub fn columns<'a>(metrics: impl IntoIterator<Item = &'a NamedMetric>) -> Vec<String> {
        let mut known = BTreeSet::new();
        let is_one_of_few = |named: &&NamedMetric| !matches!(named.metric.read, Read::Thread(index, _) if index >= MOST_THREADS);
        let mut columns: Vec<&NamedMetric> = metrics.into_iter().filter(is_one_of_few).collect();
        columns.retain(|named| known.insert(&named.name));
        columns.sort_by_key(|named| named.metric.order());
        columns.into_iter().map(|named| named.name.clone()).collect()
    }

    /// The metrics with these names are among `known`.
    ///
    /// # Errors
    /// If one is not; the message suggests what was meant.
    pub fn check<'a>(names: &[String], known: impl Iterator<Item = &'a str> + Clone) -> Result<(), String> {
        match names.iter().find(|name| known.clone().all(|known| known != **name)) {
            None => Ok(()),
            Some(name) => {
                let help = metric_help(name, known).map_or(String::new(), |help| format!("\nhelp: {help}"));
                Err(format!("unknown metric {}{help}", quoted(name)))
            }
        }
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Metric) -> bool {
        let index = |metric: &Metric| match metric.read {
            Read::Run(_) => None,
            Read::Thread(index, _) | Read::Latency(index, _) | Read::Variable(index, _) => Some(index),
        };
        self.name == other.name && index(self) == index(other)
    }
}

const fn time(name: &'static str, read: fn(&Report) -> Option<f64>) -> Metric {
    Metric { name, is_time: true, read: Read::Run(read) }
}

const fn number(name: &'static str, read: fn(&Report) -> Option<f64>) -> Metric {
    Metric { name, is_time: false, read: Read::Run(read) }
}

const fn of_latency(name: &'static str, is_time: bool, read: fn(&Latency) -> Option<f64>) -> Metric {
    Metric { name, is_time, read: Read::Latency(0, read) }
}

const fn of_variable(name: &'static str, read: fn(&Variable) -> Option<f64>) -> Metric {
    Metric { name, is_time: false, read: Read::Variable(0, read) }
}

const fn of_thread(name: &'static str, is_time: bool, read: fn(&ThreadReport) -> Option<f64>) -> Metric {
    Metric { name, is_time, read: Read::Thread(0, read) }
}

fn seconds(span: Option<Span>) -> Option<f64> {
    span.map(Span::as_secs)
}

fn in_state(thread: &ThreadReport, state: ThreadState) -> Option<f64> {
    Some(thread.usage.state_times[state.index()].as_secs())
}
