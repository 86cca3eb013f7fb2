//! A part of a sweep that has been carried out.

use serde::{Deserialize, Serialize};

use crate::experiment::conduct::is_complete;
use crate::experiment::replications::seed_of;
use crate::experiment::sweep::execute::AtPoint;
use crate::scenario::{Run, Setting};
use crate::sim::{Ending, Report};

/// A part of a sweep: one replication at one point, or all replications at one point if their number is found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// Which of the sweep, counted from 0.
    pub index: usize,
    /// The point, counted from 0.
    pub point: usize,
    /// The value of each axis there.
    pub values: Vec<String>,
    /// The hash of the scenario there.
    pub scenario_hash: u64,
    /// Every run of every replication.
    pub rows: Vec<Row>,
}

/// What one run told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which run of the scenario, counted from 0.
    pub run: usize,
    /// Which replication, counted from 0.
    pub replication: usize,
    /// Its seed.
    pub seed: u64,
    /// How it ended: `finished`, `cut off` or `stuck`.
    pub ending: String,
    /// Whether that is an end that the scenario asked for.
    pub complete: bool,
    /// The fingerprint of its report.
    pub fingerprint: u64,
    /// The value of each metric of the sweep, in the order of [`Plan::metrics`](super::Plan::metrics); `None` where the run
    /// has none.
    pub metrics: Vec<Option<f64>>,
}

impl Piece {
    /// What was found at a point, replication by replication from `first` on.
    pub(super) fn new(
        index: usize,
        point: &AtPoint,
        seed: u64,
        first: usize,
        replications: &[Vec<Report>],
    ) -> Piece {
        let rows = replications.iter().enumerate().flat_map(|(number, reports)| {
            let replication = first + number;
            let runs = point.scenario.runs.iter().zip(reports).enumerate();
            runs.map(move |(index, (run, report))| {
                let metrics = point.metrics[index].iter().map(|metric| metric.as_ref()?.of(report));
                Row::new(index, run, replication, seed, report, metrics.collect())
            })
        });
        Piece {
            index,
            point: point.index,
            values: point.settings.iter().map(|setting: &Setting| setting.value.clone()).collect(),
            scenario_hash: point.scenario.hash,
            rows: rows.collect(),
        }
    }
}

impl Row {
    fn new(
        index: usize,
        run: &Run,
        replication: usize,
        seed: u64,
        report: &Report,
        metrics: Vec<Option<f64>>,
    ) -> Row {
        Row {
            run: index,
            replication,
            seed: seed_of(seed, replication),
            ending: match report.ending {
                Ending::Finished => "finished",
                Ending::CutOff => "cut off",
                Ending::Stuck => "stuck",
            }
            .to_owned(),
            complete: is_complete(run, report),
            fingerprint: report.fingerprint(),
            metrics,
        }
    }
}
