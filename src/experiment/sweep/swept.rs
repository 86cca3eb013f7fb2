//! What came of a sweep.

use std::convert::Infallible;

use crate::experiment::statistics::Estimate;
use crate::experiment::sweep::{Interruption, Piece, Plan, Row, execute};
use crate::experiment::verdict::{Verdict, judge};
use crate::scenario::{Diagnostics, Expectation, Scenario, Setting};

/// A sweep that has been carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Swept {
    /// The path of each axis.
    pub paths: Vec<String>,
    /// The names of the runs.
    pub runs: Vec<String>,
    /// The names of the metrics.
    pub metrics: Vec<String>,
    /// All pieces, in order.
    pub pieces: Vec<Piece>,
}

/// What all replications of a run at a point tell together.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSummary<'a> {
    /// The point.
    pub point: usize,
    /// The value of each axis there.
    pub values: &'a [String],
    /// The name of the run.
    pub run: &'a str,
    /// How many replications there are.
    pub replications: usize,
    /// Whether all of them came to an end that the scenario asked for.
    pub complete: bool,
    /// What is known of each metric, in the order of [`Swept::metrics`]; `None` where it has no value.
    pub estimates: Vec<Option<Estimate>>,
}

/// Carries out a whole sweep in memory.
///
/// # Errors
/// If the scenario is wrong at a point.
pub fn conduct_sweep(plan: &Plan) -> Result<Swept, Box<Diagnostics>> {
    let own: Vec<usize> = plan.own_pieces().collect();
    let mut pieces = Vec::with_capacity(own.len());
    let outcome = execute(plan, &own, |piece| {
        pieces.push(piece);
        Ok::<(), Infallible>(())
    });
    match outcome {
        Err(Interruption::Scenario(diagnostics)) => Err(diagnostics),
        Ok(()) | Err(Interruption::NotTaken(_)) => Ok(Swept::of(plan, pieces)),
    }
}

impl Swept {
    /// What a plan came to, piece by piece, in whatever order.
    pub fn of(plan: &Plan, pieces: Vec<Piece>) -> Swept {
        let paths = plan.sweep.axes().iter().map(|axis| axis.path.clone()).collect();
        let runs = plan.first.runs.iter().map(|run| run.name.clone()).collect();
        Swept::new(paths, runs, plan.metrics.clone(), pieces)
    }

    /// Some pieces in whatever order.
    pub fn new(paths: Vec<String>, runs: Vec<String>, metrics: Vec<String>, mut pieces: Vec<Piece>) -> Swept {
        pieces.sort_by_key(|piece| piece.index);
        Swept { paths, runs, metrics, pieces }
    }

    /// Where a metric stands among those of the sweep.
    pub fn place_of(&self, metric: &str) -> Option<usize> {
        self.metrics.iter().position(|other| other == metric)
    }

    /// Every row with its piece, in order.
    pub fn rows(&self) -> impl Iterator<Item = (&Piece, &Row)> {
        self.pieces.iter().flat_map(|piece| piece.rows.iter().map(move |row| (piece, row)))
    }

    /// How many runs did not come to their end.
    pub fn incomplete(&self) -> usize {
        self.rows().filter(|(_, row)| !row.complete).count()
    }

    /// How often every run was carried out at most, if it was more than once and all replications were the same
    /// everywhere.
    pub fn replications_alike(&self) -> Option<usize> {
        let mut most = None;
        for (pieces, run) in
            self.points().flat_map(|pieces| (0..self.runs.len()).map(move |run| (pieces, run)))
        {
            let rows = rows_of(pieces, run);
            if rows.len() < 2 || rows.windows(2).any(|pair| pair[0].fingerprint != pair[1].fingerprint) {
                return None;
            }
            most = most.max(Some(rows.len()));
        }
        most
    }

    /// The summary of each run at each point, in order.
    pub fn summaries(&self) -> Vec<PointSummary<'_>> {
        let runs = || self.runs.iter().enumerate();
        let count = self.metrics.len();
        let of_point = |pieces| runs().map(move |(run, name)| summary(pieces, run, name, count));
        self.points().flat_map(of_point).collect()
    }

    /// What became of each expectation of `scenario` at each point that it is about. An expectation that is about no
    /// point of this sweep is in the second list.
    pub fn verdicts<'a>(&self, scenario: &'a Scenario, id: &str) -> (Vec<Verdict>, Vec<&'a Expectation>) {
        let mut verdicts = Vec::new();
        let mut left_out = Vec::new();
        for expectation in &scenario.expectations {
            let before = verdicts.len();
            for pieces in self.points() {
                let settings = self.settings(&pieces[0]);
                let is_here = |place: &Setting| settings.iter().any(|setting| setting.is_same_as(place));
                if expectation.place.iter().all(is_here) {
                    let verdict = self.judged(pieces, expectation, scenario, id);
                    let place: Vec<String> = settings.iter().map(Setting::text).collect();
                    let that = format!("{} at {}", verdict.that, place.join(", "));
                    verdicts.push(Verdict { that, ..verdict });
                }
            }
            if verdicts.len() == before {
                left_out.push(expectation);
            }
        }
        (verdicts, left_out)
    }

    fn judged(&self, pieces: &[Piece], expectation: &Expectation, scenario: &Scenario, id: &str) -> Verdict {
        let of_run: Vec<Vec<&Row>> = (0..self.runs.len()).map(|run| rows_of(pieces, run)).collect();
        let replications = of_run.first().map_or(0, Vec::len);
        let value_of = |replication: usize, run: &str, metric: &str| {
            let run = self.runs.iter().position(|other| other == run)?;
            of_run[run].get(replication)?.metrics[self.place_of(metric)?]
        };
        judge(expectation, scenario, id, replications, &value_of)
    }

    fn settings(&self, piece: &Piece) -> Vec<Setting> {
        let both = self.paths.iter().cloned().zip(piece.values.iter().cloned());
        both.map(|(path, value)| Setting { path, value }).collect()
    }

    /// The pieces of each point.
    fn points(&self) -> impl Iterator<Item = &[Piece]> {
        self.pieces.chunk_by(|left, right| left.point == right.point)
    }
}

/// The rows of a run, in the order of the replications.
fn rows_of(pieces: &[Piece], run: usize) -> Vec<&Row> {
    pieces.iter().flat_map(|piece| &piece.rows).filter(|row| row.run == run).collect()
}

fn summary<'a>(pieces: &'a [Piece], run: usize, name: &'a str, metrics: usize) -> PointSummary<'a> {
    let rows = rows_of(pieces, run);
    let estimate = |metric: usize| {
        let values: Option<Vec<f64>> = rows.iter().map(|row| row.metrics[metric]).collect();
        Estimate::of(&values?)
    };
    PointSummary {
        point: pieces[0].point,
        values: &pieces[0].values,
        run: name,
        replications: rows.len(),
        complete: rows.iter().all(|row| row.complete),
        estimates: (0..metrics).map(estimate).collect(),
    }
}
