//! The Pareto front: two quantities at every point of a sweep, and the points of which no other is better in both.

use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN, SMALL};
use crate::chart::pen::{Align, write};
use crate::chart::plot::{ABOVE, AxisLabels, BELOW, LEFT, Plot, draw_marker, line, write_beside};
use crate::chart::points::{Values, run_indices, swept};
use crate::chart::quantity::{self, Quantity};
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::chart::scale::Scale;
use crate::chart::theme::{Marker, Series};
use crate::experiment::finding;
use crate::experiment::sweep::PointReports;
use crate::scenario::Setting;

/// How this chart is asked for.
pub const KIND: Kind = Kind {
    name: "pareto",
    about: "Two quantities that are to be small, and the points none betters in both",
    draw,
};

/// A point of the sweep: its values as they are written, and the two quantities.
struct Point {
    settings: String,
    at: (f64, f64),
    is_front: bool,
}

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let quantities = quantity::chosen(request.metrics, &usual(request), 2, &request.scenario.runs)?;
    let [across, up] = quantities.as_slice() else {
        return Err(Refusal::nothing(
            "a Pareto front is of two quantities",
            "name both, as in --metric service.makespan --metric batch.makespan",
        ));
    };
    let axes = request.sweep.map_or(1, |sweep| sweep.axes().len());
    let (values, points) = swept(request, axes)?;
    let points = judged(request, (across, up), &values, &points);
    if points.is_empty() {
        let message = format!("no point has both `{}` and `{}`", across.text, up.text);
        return Err(Refusal::nothing(message, "choose other quantities with --metric"));
    }
    let front: Vec<&Point> = points.iter().filter(|point| point.is_front).collect();
    let title = finding_of((across, up), &front, points.len());
    let frame = Frame::new(&title, &format!("{} - {}", request.origin(), note(&points, request)), look);
    let (left, top, right, bottom) =
        (LEFT, frame.top + ABOVE, frame.width - MARGIN - 60, frame.bottom - BELOW - 8);
    let fitting = |values: Vec<f64>, pixels| -> Scale {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low > 0.0 && high / low > 9.0 {
            return Scale::logarithmic(low, high, pixels);
        }
        let room = (high - low).max(high.abs() * 1e-3) * 0.08;
        Scale::linear(low - room, high + room, pixels)
    };
    let plot = Plot {
        x: fitting(points.iter().map(|point| point.at.0).collect(), (left, right)),
        y: fitting(points.iter().map(|point| point.at.1).collect(), (bottom, top)),
        edges: (left, top, right, bottom),
    };
    let mut canvas = Canvas::new(look);
    canvas.paint(|surface| {
        let x = AxisLabels::of(&across.text, &plot.x, across.unit, 7);
        let y = AxisLabels::of(&up.text, &plot.y, up.unit, 7);
        plot.draw_axes(surface, &x, &y, &look.theme);
        let own = look.theme.series(0);
        let steps: Vec<(i32, i32)> = front
            .windows(2)
            .flat_map(|pair| [plot.at(pair[0].at.0, pair[0].at.1), plot.at(pair[1].at.0, pair[0].at.1)])
            .chain(front.last().map(|point| plot.at(point.at.0, point.at.1)))
            .collect();
        line(surface, &steps, own.colour, 4);
        let other = Series { marker: Marker::Ring, colour: look.theme.muted, ..*own };
        for point in &points {
            let at = plot.at(point.at.0, point.at.1);
            draw_marker(surface, at, if point.is_front { own } else { &other });
        }
        let mut taken: Vec<(i32, i32)> = Vec::new();
        for point in
            points.iter().filter(|point| point.is_front).chain(points.iter().filter(|point| !point.is_front))
        {
            let at = plot.at(point.at.0, point.at.1);
            let is_free = taken.iter().all(|other| {
                (other.1 - at.1).abs() > 30 || (other.0 - at.0).abs() > SMALL.width(&point.settings) + 40
            });
            if is_free {
                taken.push(at);
                let ink = if point.is_front { look.theme.text } else { look.theme.muted };
                write_beside(surface, &point.settings, at, frame.width - MARGIN, ink);
            }
        }
        let hint = look.words.say("filled: on the front; hollow: bettered in both");
        write(surface, hint, SMALL, look.theme.muted, (right, top - 26), Align::Right);
        frame.write(surface, look);
    });
    Ok(vec![Picture::of(canvas.finish(&frame.title()))])
}

/// What going along the front costs of one quantity, and saves of the other.
fn finding_of((across, up): (&Quantity, &Quantity), front: &[&Point], count: usize) -> String {
    let (Some(first), Some(last)) = (front.first(), front.last()) else { return String::new() };
    if front.len() == 1 {
        return format!(
            "{} is the best of {count} points in both, {} and {}",
            first.settings, across.text, up.text
        );
    }
    let costs = finding::times(last.at.0 / first.at.0.max(f64::MIN_POSITIVE));
    let saves = (1.0 - last.at.1 / first.at.1) * 100.0;
    format!(
        "From {} to {}, {} grows {costs} times and {} falls by {saves:.0} %",
        first.settings, last.settings, across.text, up.text
    )
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
    request: &Request,
    (across, up): (&Quantity, &Quantity),
    values: &[Values],
    points: &[PointReports],
) -> Vec<Point> {
    let run = run_indices(request).first().copied().unwrap_or(0);
    let value = |quantity: &Quantity, point: &PointReports| {
        Some(quantity.estimate(&point.scenario, run, &point.replications)?.mean)
    };
    let mut judged: Vec<Point> = points
        .iter()
        .filter_map(|point| {
            let at = (value(across, point)?, value(up, point)?);
            let text = |(setting, values): (&Setting, &Values)| {
                let index = values.texts.iter().position(|text| *text == setting.value);
                index.map_or_else(String::new, |index| values.text(index))
            };
            let texts: Vec<String> = point.settings.iter().zip(values).map(text).collect();
            Some(Point { settings: texts.join(", "), at, is_front: false })
        })
        .collect();
    judged.sort_by(|one, other| one.at.0.total_cmp(&other.at.0).then(one.at.1.total_cmp(&other.at.1)));
    let mut best = f64::INFINITY;
    for point in &mut judged {
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
