//! What expressions can speak of: runs, and what in them has a name.

use crate::scenario::Run;
use crate::scenario::metrics::{Metric, NamedMetric};
use crate::scenario::suggest;

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

    /// Every metric that the run is known to have, with its name: of the run, of its latencies, of its variables, of its
    /// threads.
    pub fn metrics(&self) -> Vec<NamedMetric> {
        let of_run = Metric::ALL.map(|metric| NamedMetric { name: metric.name.to_owned(), metric });
        let mut named: Vec<NamedMetric> = of_run.into();
        let Some(parts) = self.parts else { return named };
        let mut add = |names: &[String], metrics: &[Metric], of: fn(Metric, usize) -> Metric| {
            for (index, part) in names.iter().enumerate() {
                let name = |metric: &Metric| format!("{part}.{}", metric.name);
                let of_part =
                    |metric: &Metric| NamedMetric { name: name(metric), metric: of(*metric, index) };
                named.extend(metrics.iter().map(of_part));
            }
        };
        add(parts.latencies, &Metric::OF_LATENCIES, Metric::of_latency);
        add(parts.variables, &Metric::OF_VARIABLES, Metric::of_variable);
        add(parts.threads, &Metric::OF_THREADS, Metric::of_thread);
        named
    }

    /// The metric of this run that a text was probably meant to name.
    pub fn closest_metric(&self, text: &str) -> Option<String> {
        let metrics = self.metrics();
        let names = metrics.iter().map(|named| named.name.as_str());
        suggest::closest(text, names).map(str::to_owned)
    }

    /// A help line for a text that names no metric of this run.
    pub fn help(&self, text: &str) -> Option<String> {
        let metrics = self.metrics();
        metric_help(text, metrics.iter().map(|named| named.name.as_str()))
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

/// A help line for a text that is none of some metrics: the one that was probably meant, or else those that every run has.
pub(crate) fn metric_help<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    match suggest::closest(text, names) {
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None => suggest::help(text, Metric::ALL.iter().map(|metric| metric.name)),
    }
}

/// The metric whose name ends the text, and what stands before.
fn with_suffix<'a>(metrics: &[Metric], text: &'a str) -> Option<(Metric, &'a str)> {
    metrics.iter().find_map(|metric| {
        let name = text.strip_suffix(metric.name)?.strip_suffix('.')?;
        Some((*metric, name))
    })
}
