//! The quantities of a run that an expectation can speak of.

use crate::sim::Report;

/// One quantity of a run. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// How expectations call it.
    pub name: &'static str,
    /// Whether it is a time; otherwise it is a plain number.
    pub is_time: bool,
    read: fn(&Report) -> Option<f64>,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Metric; 16] = [
        time("makespan", |report| Some(report.makespan.as_secs())),
        time("user", |report| Some(report.total_time(|thread| thread.user).as_secs())),
        time("system", |report| Some(report.total_time(|thread| thread.system).as_secs())),
        number("gil.checks", |report| Some(report.gil.checks as f64)),
        number("gil.acquisitions", |report| Some(report.gil.acquisitions as f64)),
        number("gil.failed", |report| Some(report.gil.failed_acquisitions as f64)),
        number("gil.hand_overs", |report| Some(report.gil.hand_overs as f64)),
        number("gil.drop_requests", |report| Some(report.gil.drop_requests as f64)),
        number("gil.timed_out_waits", |report| Some(report.gil.timed_out_waits as f64)),
        number("gil.forced_waits", |report| Some(report.gil.forced_waits as f64)),
        time("gil.held", |report| Some(report.gil.held.as_secs())),
        number("badness", Report::badness),
        number("switches.voluntary", |report| Some(report.total(|thread| thread.voluntary_switches) as f64)),
        number("switches.involuntary", |report| {
            Some(report.total(|thread| thread.involuntary_switches) as f64)
        }),
        number("system_calls", |report| Some(report.total(|thread| thread.system_calls) as f64)),
        number("migrations", |report| Some(report.total(|thread| thread.migrations) as f64)),
    ];

    /// The metric with this name.
    pub fn named(name: &str) -> Option<Metric> {
        Metric::ALL.into_iter().find(|metric| metric.name == name)
    }

    /// Its value in a run; `None` where it has no meaning (badness without a check).
    pub fn of(&self, report: &Report) -> Option<f64> {
        (self.read)(report)
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Metric) -> bool {
        self.name == other.name
    }
}

const fn time(name: &'static str, read: fn(&Report) -> Option<f64>) -> Metric {
    Metric { name, is_time: true, read }
}

const fn number(name: &'static str, read: fn(&Report) -> Option<f64>) -> Metric {
    Metric { name, is_time: false, read }
}
