//! The Pareto front: two quantities at every point of a sweep, and the points of which no other is better in both.

use crate::chart::front::{Axis, Front, Point};
use crate::chart::points::{Values, are_complete, run_indices, swept};
use crate::chart::quantity::{self, Quantity};
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::chart::unfinished;
use crate::experiment::sweep::PointReports;
use crate::scenario::Setting;

/// How this chart is asked for.
pub const KIND: Kind = Kind {
    name: "pareto",
    about: "Two quantities that are to be small, and the points none betters in both",
    draw,
};

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let quantities = quantity::chosen(request.metrics, &usual(request), 2, &request.scenario.runs)?;
    let [across, up] = quantities.as_slice() else {
        return Err(Refusal::nothing(
            "a Pareto front is of two quantities",
            "name both, as in --metric service.makespan --metric batch.makespan",
        ));
    };
    let axes = request.sweep.map_or(1, |sweep| sweep.axes().len());
    let (values, points) = swept(request, axes)?;
    let run = run_indices(request).first().copied().unwrap_or(0);
    let ends = are_complete(&points, across, &[run]).into_iter().zip(are_complete(&points, up, &[run]));
    let are_complete: Vec<bool> = ends.map(|(across, up)| across && up).collect();
    let unfinished = unfinished::sentence(&are_complete, "points");
    let complete = points.into_iter().zip(are_complete).filter(|(_, complete)| *complete);
    let points: Vec<PointReports> = complete.map(|(point, _)| point).collect();
    let points = judged(run, (across, up), &values, &points);
    if let (true, Some(unfinished)) = (points.is_empty(), &unfinished) {
        return Err(Refusal::nothing(unfinished, "see why with `gilsim run`"));
    }
    if points.is_empty() {
        let message = format!("no point has both `{}` and `{}`", across.text, up.text);
        return Err(Refusal::nothing(message, "choose other quantities with --metric"));
    }
    let axis = |quantity: &Quantity| Axis { text: quantity.text.clone(), unit: quantity.unit, is_cost: true };
    let front = Front {
        footer: format!("{} - {}", request.origin(), note(&points, request)),
        axes: [axis(across), axis(up)],
        points,
    };
    let picture = front.draw("filled: on the front; hollow: bettered in both", request.look);
    let notes = unfinished.iter().map(|_| "what did not come to its end is left out".to_owned()).collect();
    Ok(vec![Picture { notes, unfinished, ..picture }])
}

/// The makespans of two runs, if there are two.
fn usual(request: &Request) -> Vec<String> {
    match request.runs.as_slice() {
        [first, second, ..] => vec![format!("{}.makespan", first.name), format!("{}.makespan", second.name)],
        _ => vec!["makespan".to_owned()],
    }
}

/// The points in the order of the first quantity, and which of them no other is better than in both.
fn judged(
    run: usize,
    (across, up): (&Quantity, &Quantity),
    values: &[Values],
    points: &[PointReports],
) -> Vec<Point> {
    let value = |quantity: &Quantity, point: &PointReports| {
        Some(quantity.estimate(&point.scenario, run, &point.replications)?.mean)
    };
    let mut judged: Vec<Point> = points
        .iter()
        .filter_map(|point| {
            let at = (value(across, point)?, value(up, point)?);
            let is_finished = point.is_complete();
            let text = |(setting, values): (&Setting, &Values)| {
                let index = values.texts.iter().position(|text| *text == setting.value);
                index.map_or_else(String::new, |index| values.text(index))
            };
            let texts: Vec<String> = point.settings.iter().zip(values).map(text).collect();
            Some(Point { name: texts.join(", "), at, is_front: false, is_recommended: false, is_finished })
        })
        .collect();
    judged.sort_by(Point::order);
    let mut best = f64::INFINITY;
    for point in judged.iter_mut().filter(|point| point.is_finished) {
        point.is_front = point.at.1 < best;
        best = best.min(point.at.1);
    }
    judged
}

fn note(points: &[Point], request: &Request) -> String {
    let paths = request
        .sweep
        .map_or_else(Vec::new, |sweep| sweep.axes().iter().map(|axis| axis.path.as_str()).collect());
    format!("{} values of {}", points.len(), paths.join(", "))
}
