//! What expressions can speak of: runs, and what in them has a name.

use crate::scenario::Run;
use crate::scenario::metrics::Metric;

/// A run that expressions can speak of, and what in it has a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownRun<'a> {
    /// The name of the run.
    pub name: &'a str,
    /// What is in it; `None` if something is wrong with it, and then anything may be.
    pub parts: Option<Parts<'a>>,
}

/// What in a run has a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    /// The names of its threads, by index.
    pub threads: &'a [String],
    /// What its latencies are measured of, by index.
    pub latencies: &'a [String],
    /// The names of its shared variables, by index.
    pub variables: &'a [String],
}

impl<'a> KnownRun<'a> {
    /// A run that is known to be right.
    pub fn of(run: &'a Run) -> KnownRun<'a> {
        let parts = Parts {
            threads: &run.thread_names,
            latencies: &run.latency_names,
            variables: &run.variable_names,
        };
        KnownRun { name: &run.name, parts: Some(parts) }
    }

    /// The metric that a text names: of the run (`makespan`), of a thread (`worker 1.user`), of a latency
    /// (`echo.latency.p50`) or of a variable (`x.lost`).
    pub fn metric(&self, text: &str) -> Option<Metric> {
        let of_part =
            || self.of_latency(text).or_else(|| self.of_thread(text)).or_else(|| self.of_variable(text));
        Metric::named(text).or_else(of_part)
    }

    fn of_latency(&self, text: &str) -> Option<Metric> {
        let (metric, name) = with_suffix(&Metric::OF_LATENCIES, text)?;
        let Some(parts) = self.parts else { return Some(metric) };
        let index = parts.latencies.iter().position(|latency| latency == name)?;
        Some(metric.of_latency(index))
    }

    fn of_variable(&self, text: &str) -> Option<Metric> {
        let (metric, name) = with_suffix(&Metric::OF_VARIABLES, text)?;
        let Some(parts) = self.parts else { return Some(metric) };
        let index = parts.variables.iter().position(|variable| variable == name)?;
        Some(metric.of_variable(index))
    }

    fn of_thread(&self, text: &str) -> Option<Metric> {
        let (metric, name) = with_suffix(&Metric::OF_THREADS, text)?;
        let Some(parts) = self.parts else { return Some(metric) };
        let index = parts.threads.iter().position(|thread| thread == name)?;
        Some(metric.of_thread(index))
    }
}

/// The metric whose name ends the text, and what stands before.
fn with_suffix<'a>(metrics: &[Metric], text: &'a str) -> Option<(Metric, &'a str)> {
    metrics.iter().find_map(|metric| {
        let name = text.strip_suffix(metric.name)?.strip_suffix('.')?;
        Some((*metric, name))
    })
}
