//! What is asked of a chart, and what comes of it.

use crate::chart::look::Look;
use crate::des::Span;
use crate::experiment::Effort;
use crate::experiment::recording::WindowError;
use crate::experiment::replications::replicate;
use crate::export::json::hexadecimal;
use crate::scenario::{Diagnostics, Run, Scenario, Sweep, Template};
use crate::sim::Report;

/// A kind of chart: what it is called, what it shows, and how it is made.
pub struct Kind {
    /// What `--chart` calls it.
    pub name: &'static str,
    /// What it shows, in a line.
    pub about: &'static str,
    /// Carries out what it needs and draws it: one picture, or several steps.
    pub draw: fn(&Request) -> Result<Vec<Picture>, Refusal>,
}

/// What is to be drawn.
pub struct Request<'a> {
    /// The experiment.
    pub scenario: &'a Scenario,
    /// The experiment with other values.
    pub template: &'a Template,
    /// What to call it.
    pub id: &'a str,
    /// The seed, if not that of the scenario.
    pub seed: Option<u64>,
    /// How often runs are carried out where that makes results more precise.
    pub effort: Effort,
    /// The runs to show, at least one.
    pub runs: Vec<&'a Run>,
    /// Where the picture begins.
    pub from: Option<Span>,
    /// Where it ends.
    pub to: Option<Span>,
    /// Which lanes are shown.
    pub lanes: Lanes,
    /// The quantities to show, as the user names them; a chart has its own if there are none.
    pub metrics: &'a [String],
    /// What is varied.
    pub sweep: Option<&'a Sweep>,
    /// How the picture looks.
    pub look: &'a Look,
}

/// Which lanes of a timeline are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// Those of threads and those of cores.
    Both,
    /// Those of threads.
    Threads,
    /// Those of cores.
    Cores,
}

/// A picture, and what to tell whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The picture as SVG.
    pub svg: String,
    /// What happens in it, if it is a step.
    pub narration: Option<String>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// How much of what it shows did not come to its end, if anything.
    pub unfinished: Option<String>,
}

impl Picture {
    /// A picture that speaks for itself.
    pub fn of(svg: String) -> Picture {
        Picture { svg, narration: None, notes: Vec::new(), unfinished: None }
    }
}

/// Why a chart cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The window holds nothing to draw.
    #[error("{0}")]
    Window(#[from] WindowError),
    /// The scenario is wrong at some point of a sweep.
    #[error("{}", .0.render(false))]
    Scenario(Box<Diagnostics>),
    /// The scenario has not what the chart shows.
    #[error("{0}")]
    Nothing(String),
}

impl Refusal {
    /// The scenario has not what the chart shows, and what to do about it.
    pub fn nothing(message: impl std::fmt::Display, help: impl std::fmt::Display) -> Refusal {
        Refusal::Nothing(format!("{message}\nhelp: {help}"))
    }
}

/// What to say if so many runs are not shown, because a picture has no room for them.
pub fn left_out(runs: usize) -> Option<String> {
    match runs {
        0 => None,
        1 => Some("1 more run is not shown: choose with --run".to_owned()),
        _ => Some(format!("{runs} more runs are not shown: choose with --run")),
    }
}

impl Request<'_> {
    /// The seed that is used.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or(self.scenario.seed)
    }

    /// Carries the runs out: the reports of every replication (outer) and run (inner).
    pub fn replications(&self) -> Vec<Vec<Report>> {
        let runs: Vec<Run> = self.runs.iter().map(|run| (*run).clone()).collect();
        let makespans = |reports: &[Report]| reports.iter().map(|report| report.makespan.as_secs()).collect();
        replicate(&runs, self.seed(), self.effort, makespans)
    }

    /// Where a picture of these runs comes from.
    pub fn footer<'b>(&self, reports: impl Iterator<Item = &'b Report>) -> String {
        footer(self.id, self.seed(), reports.map(Report::fingerprint))
    }

    /// Version, scenario and seed.
    pub fn origin(&self) -> String {
        origin(self.id, self.seed())
    }
}

/// Where a picture of runs with these fingerprints comes from.
pub fn footer(id: &str, seed: u64, fingerprints: impl Iterator<Item = u64>) -> String {
    let prints: Vec<String> = fingerprints.map(hexadecimal).collect();
    format!("{} - fingerprint {}", origin(id, seed), prints.join(" "))
}

/// What a picture shows where everything was carried out so often.
pub fn means(replications: usize) -> String {
    match replications {
        1 => "1 replication".to_owned(),
        count => format!("means of {count} replications"),
    }
}

/// Version, scenario and seed.
pub fn origin(id: &str, seed: u64) -> String {
    format!("gilsim {} - {id} - seed {seed}", env!("CARGO_PKG_VERSION"))
}
