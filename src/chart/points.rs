//! What charts of sweeps share: the points, and the values along an axis.

use crate::chart::plot::AxisLabels;
use crate::chart::quantity;
use crate::chart::request::{Refusal, Request};
use crate::chart::scale::{Scale, Unit};
use crate::experiment::conduct::is_complete;
use crate::experiment::sweep::{PointReports, Unmoved, reports};
use crate::scenario::quantity::Quantity;

/// A chart has no more points.
const MOST_POINTS: usize = 2_000;

/// The values along an axis of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// What is varied, as in `--set`.
    pub path: String,
    /// The values, as they are written.
    pub texts: Vec<String>,
    /// The values as numbers; `None` if they are none, such as names of interpreters.
    numbers: Option<Vec<f64>>,
    /// What the numbers are counted in.
    pub unit: Unit,
}

impl Values {
    /// The values of a path, in order.
    fn new(path: &str, texts: Vec<String>) -> Values {
        let quantities: Option<Vec<Quantity>> = texts.iter().map(|text| Quantity::parse(text)).collect();
        let is_time = quantities.as_ref().is_some_and(|quantities| {
            quantities.iter().all(|quantity| matches!(quantity, Quantity::Span(_)))
        });
        let divisor = if is_time { 1e12 } else { 1.0 };
        let numbers = quantities
            .map(|quantities| quantities.iter().map(|quantity| quantity.value() / divisor).collect());
        Values {
            path: path.to_owned(),
            texts,
            numbers,
            unit: if is_time { Unit::Seconds } else { Unit::Plain },
        }
    }

    /// Each value as a number: its own, or else its place in the list.
    pub fn numbers(&self) -> Vec<f64> {
        self.numbers.clone().unwrap_or_else(|| (0..self.texts.len()).map(|index| index as f64).collect())
    }

    /// A value as people read it.
    pub fn text(&self, index: usize) -> String {
        match (&self.numbers, self.texts.get(index)) {
            (Some(numbers), Some(_)) => self.unit.short(numbers[index]),
            (_, text) => text.cloned().unwrap_or_default(),
        }
    }

    /// The last part of the path: what is varied, in a word.
    pub fn name(&self) -> &str {
        let mut parts = self.path.rsplit('.').filter(|part| *part != "count");
        parts.next().unwrap_or(&self.path)
    }

    /// The scale on which they lie.
    pub fn scale(&self, pixels: (i32, i32)) -> Scale {
        let numbers = self.numbers();
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if self.numbers.is_some() && low > 0.0 && high / low > 9.0 {
            return Scale::logarithmic(low, high, pixels);
        }
        let room = (high - low) * 0.04;
        Scale::linear(low - room, high + room, pixels)
    }

    /// What stands along the axis: the values themselves if they are few, else round numbers.
    pub fn labels<'a>(&'a self, scale: &Scale, most: usize) -> AxisLabels<'a> {
        if self.texts.len() <= most || self.numbers.is_none() {
            let ticks = self.numbers().into_iter().enumerate();
            return AxisLabels {
                title: &self.path,
                ticks: ticks.map(|(index, at)| (at, self.text(index))).collect(),
            };
        }
        AxisLabels::of(&self.path, scale, self.unit, most)
    }
}

/// Carries out the sweep of a request, along so many axes.
pub fn swept(request: &Request, axes: usize) -> Result<(Vec<Values>, Vec<PointReports>), Refusal> {
    let example = [
        "--over python.gil.interval=50us..100ms:log:12",
        "--over python.gil.interval=1ms,5ms --over machine.cores=1,2,4",
    ];
    let Some(sweep) = request.sweep else {
        return Err(Refusal::nothing(
            "there is nothing to sweep over",
            format!("say what, as in {}", example[(axes - 1).min(1)]),
        ));
    };
    if sweep.axes().len() != axes {
        let (found, wanted) = (sweep.axes().len(), if axes == 1 { "one value" } else { "two values" });
        let message = format!("this chart shows a sweep over {wanted}, and {found} are varied");
        return Err(Refusal::nothing(message, format!("say which, as in {}", example[(axes - 1).min(1)])));
    }
    if sweep.len() > MOST_POINTS {
        let message = format!("{} points are too many for a chart", sweep.len());
        return Err(Refusal::nothing(message, format!("vary less: at most {MOST_POINTS} points")));
    }
    let points = reports(request.template, sweep, request.seed, request.effort).map_err(Refusal::Scenario)?;
    if points.len() > 1 && points.iter().all(|point| point.scenario.hash == points[0].scenario.hash) {
        let path = &sweep.axes()[0].path;
        let message = Unmoved { path: path.clone(), run: None }.to_string();
        return Err(Refusal::nothing(
            message,
            "name the run, as in --over \"runs.NAME.machine.cores=1,2,4\"",
        ));
    }
    let values = (0..axes).map(|axis| {
        let mut texts: Vec<String> = Vec::new();
        for point in &points {
            let text = &point.settings[axis].value;
            if !texts.contains(text) {
                texts.push(text.clone());
            }
        }
        Values::new(&sweep.axes()[axis].path, texts)
    });
    Ok((values.collect(), points))
}

/// The runs of a request by their index in the scenario.
pub fn run_indices(request: &Request) -> Vec<usize> {
    let index = |name: &str| request.scenario.runs.iter().position(|run| run.name == name);
    request.runs.iter().filter_map(|run| index(&run.name)).collect()
}

/// At each point, whether what a quantity is read off came to its end in every replication: one of these runs, or all runs if
/// the quantity is of all together.
pub fn are_complete(points: &[PointReports], quantity: &quantity::Quantity, runs: &[usize]) -> Vec<bool> {
    let matters = |run: usize| !quantity.is_of_runs || runs.contains(&run);
    let at_point = |point: &PointReports| {
        let mut each =
            point.replications.iter().flat_map(|reports| point.scenario.runs.iter().zip(reports).enumerate());
        each.all(|(index, (run, report))| !matters(index) || is_complete(run, report))
    };
    points.iter().map(at_point).collect()
}

/// How often every point was carried out.
pub fn replications(points: &[PointReports]) -> usize {
    points.first().map_or(1, |point| point.replications.len())
}
