//! Floor 4: YAML text to a checked model.
//!
//! A scenario is parsed to a tree (`yaml`), overrides and presets are laid over it (`merge`), and the result is
//! decoded run by run (`decode`). Whatever is wrong is collected in one pass and shown with its place in the text
//! ([`diagnostic`]). What comes out is right: the engine checks nothing again.

pub mod axis;
mod built_in;
mod decode;
pub mod diagnostic;
pub mod expression;
mod hash;
mod inherit;
mod known;
mod load;
mod merge;
mod metrics;
mod overrides;
mod presets;
pub mod quantity;
pub(crate) mod suggest;
pub mod sweep;
mod template;
pub mod units;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::sim::{Model, Report};

pub use built_in::{Headline, built_in_names, built_in_text, closest_name, headline};
pub use decode::constant::{Origin, Provenance};
pub use decode::expect::{Bound, Expectation};
pub use decode::reference::{Figure, Found};
pub use decode::repeat::{MOST_REPLICATIONS, Repeat};
pub use decode::sweep::parse_axes;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use expression::Expression;
pub use load::{Interpreter, interpreter, load, load_with_files, load_with_presets, provenance_of};
pub use metrics::{Metric, NamedMetric};
pub use presets::{PresetKind, preset_names, preset_text};
pub use sweep::{Setting, Sweep};
pub use template::Template;

/// The version of the language.
pub const LANGUAGE_VERSION: u64 = 1;

/// An experiment: runs to compare, and what is expected of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What it shows, in a line.
    pub title: String,
    /// More about it.
    pub about: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// What it belongs to.
    pub topic: Option<String>,
    /// The seed of all randomness.
    pub seed: u64,
    /// How often it is carried out, each time with another seed.
    pub repeat: Repeat,
    /// The runs, at least one, in the order of the file.
    pub runs: Vec<Run>,
    /// What is varied in a sweep.
    pub sweep: Option<Sweep>,
    /// What is expected of the runs.
    pub expectations: Vec<Expectation>,
    /// What was measured or published of the runs.
    pub figures: Vec<Figure>,
    /// A hash of everything that was read, presets and overrides included.
    pub hash: u64,
}

/// One run of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its name; `run` if the scenario has only one and does not name it.
    pub name: String,
    /// More about it.
    pub about: Option<String>,
    /// A hash of everything that it was made of, its name aside.
    pub hash: u64,
    /// What the engine is given.
    pub model: Model,
    /// The name of each thread of the model.
    pub thread_names: Vec<String>,
    /// The name of each channel of the model.
    pub channel_names: Vec<String>,
    /// What each latency of the model is measured of: a channel, or a mark.
    pub latency_names: Vec<String>,
    /// The name of each shared variable of the model.
    pub variable_names: Vec<String>,
    /// The names of locks of the model, and of objects that have one, by the number of the lock.
    pub lock_names: BTreeMap<usize, String>,
    /// The class of the exception that the release of a lock raises that is not held.
    pub lock_error: String,
    /// Where the constants of its machine come from, those of its preset and its own.
    pub provenance: Vec<Provenance>,
    /// The preset its machine builds on.
    pub machine_name: Option<String>,
    /// The preset its interpreter builds on.
    pub python_name: Option<String>,
}

impl Scenario {
    /// The value of a metric of a run, given the report of each run; `None` if it has none.
    pub fn value_of(&self, reports: &[Report], run: &str, metric: &str) -> Option<f64> {
        let index = self.runs.iter().position(|other| other.name == run)?;
        self.runs[index].metric(metric)?.of(reports.get(index)?)
    }
}

impl Run {
    /// The metric with this name: of the run (`makespan`), of a thread (`worker 1.user`), of a latency
    /// (`echo.latency.p50`) or of a variable (`x.lost`).
    pub fn metric(&self, name: &str) -> Option<Metric> {
        known::KnownRun::of(self).metric(name)
    }

    /// Every metric of the run with its name.
    pub fn metrics(&self) -> Vec<NamedMetric> {
        known::KnownRun::of(self).metrics()
    }
}
