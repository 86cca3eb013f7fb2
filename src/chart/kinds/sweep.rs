//! Sweep curves: one or two quantities against a value that is varied, with 95 % confidence bands.

use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN};
use crate::chart::plot::{ABOVE, AxisLabels, BELOW, Key, LEFT, Plot, Sample};
use crate::chart::points::{Values, are_complete, replications, run_indices, swept};
use crate::chart::quantity::{self, Quantity};
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::chart::scale::Scale;
use crate::chart::theme::SERIES;
use crate::chart::unfinished;
use crate::experiment::Estimate;
use crate::experiment::sweep::PointReports;

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "sweep", about: "Quantities against a value that is varied, with confidence bands", draw };

/// What a curve shows: of which run, and at each point what is known, and whether it came to its end there.
struct Curve {
    name: String,
    points: Vec<(f64, Option<Estimate>)>,
    are_complete: Vec<bool>,
}

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let quantities = quantity::chosen(request.metrics, &usual(request), 2, &request.scenario.runs)?;
    let (values, points) = swept(request, 1)?;
    let values = &values[0];
    let panels: Vec<(&Quantity, Vec<Curve>)> =
        quantities.iter().map(|quantity| (quantity, curves(request, quantity, values, &points))).collect();
    if let Some((quantity, _)) = panels.iter().find(|(_, curves)| means(curves).next().is_none()) {
        let message = format!("`{}` has no value at any point", quantity.text);
        return Err(Refusal::nothing(message, "choose another quantity with --metric"));
    }
    let footer = format!("{} - {}", request.origin(), carried_out(replications(&points)));
    let unfinished = unfinished::sentence(&complete_in_all(&panels), "points");
    let title = unfinished.as_deref().map_or_else(|| finding_of(&panels, values), unfinished::title);
    let frame = Frame::new(&title, &footer, look);
    let longest = panels.iter().max_by_key(|(_, curves)| curves.len());
    let names: Vec<String> = longest.map_or_else(Vec::new, |(_, curves)| {
        curves.iter().map(|curve| curve.name.clone()).filter(|name| !name.is_empty()).collect()
    });
    let key = Key::of(&names, frame.width);
    let bottom = frame.bottom - key.height() - 8;
    let pitch = (bottom - frame.top) / panels.len() as i32;
    let mut canvas = Canvas::new(look);
    canvas.paint(|surface| {
        for (index, (quantity, curves)) in panels.iter().enumerate() {
            let is_last = index + 1 == panels.len();
            let top = frame.top + index as i32 * pitch + ABOVE + 4;
            let below = if is_last { BELOW } else { BELOW - 30 };
            let (left, right) = (LEFT, frame.width - MARGIN - 40);
            let foot = frame.top + (index as i32 + 1) * pitch - below;
            let y = Scale::fitting(extents(curves).into_iter(), (foot, top));
            let plot = Plot { x: values.scale((left, right)), y, edges: (left, top, right, foot) };
            let mut x_labels = values.labels(&plot.x, 12);
            if !is_last {
                x_labels.title = "";
            }
            let y_labels = AxisLabels::of(&quantity.text, &plot.y, quantity.unit, 5);
            plot.draw_axes(surface, &x_labels, &y_labels, &look.theme);
            for (number, curve) in curves.iter().enumerate() {
                let series = look.theme.series(number);
                let known = || curve.points.iter().filter_map(|(x, estimate)| Some((*x, (*estimate)?)));
                let band: Vec<(f64, f64, f64)> = known()
                    .map(|(x, estimate)| {
                        let half = estimate.half_width.unwrap_or(0.0);
                        (x, estimate.mean - half, estimate.mean + half)
                    })
                    .collect();
                plot.draw_band(surface, &band, series);
                let line: Vec<(f64, f64)> = known().map(|(x, estimate)| (x, estimate.mean)).collect();
                plot.draw_curve(surface, &line, series, true);
                for ((x, estimate), _) in
                    curve.points.iter().zip(&curve.are_complete).filter(|point| !point.1)
                {
                    let Some(estimate) = estimate else { continue };
                    unfinished::cross_out(surface, plot.at(*x, estimate.mean), &look.theme);
                }
            }
        }
        key.draw(surface, frame.bottom - key.height() - 4, Sample::Curve, look);
        frame.write(surface, look);
    });
    Ok(vec![Picture { unfinished, ..Picture::of(canvas.finish(&frame.title())) }])
}

/// At each point, whether everything that is shown there came to its end.
fn complete_in_all(panels: &[(&Quantity, Vec<Curve>)]) -> Vec<bool> {
    let curves = || panels.iter().flat_map(|(_, curves)| curves);
    let points = curves().map(|curve| curve.are_complete.len()).max().unwrap_or(0);
    (0..points).map(|point| curves().all(|curve| curve.are_complete[point])).collect()
}

/// Throughput and tail of the first latency there is; the makespan if there is none.
fn usual(request: &Request) -> Vec<String> {
    match request.runs.iter().find_map(|run| run.latency_names.first()) {
        Some(name) => vec![format!("{name}.throughput"), format!("{name}.latency.p99")],
        None => vec!["makespan".to_owned()],
    }
}

/// A curve for each run, or one if the quantity is of all runs together.
fn curves(request: &Request, quantity: &Quantity, values: &Values, points: &[PointReports]) -> Vec<Curve> {
    let runs = if quantity.is_of_runs { run_indices(request) } else { vec![0] };
    let numbers = values.numbers();
    let is_alone = runs.len() == 1;
    runs.into_iter()
        .take(SERIES)
        .map(|run| Curve {
            name: if is_alone { String::new() } else { request.scenario.runs[run].name.clone() },
            points: points
                .iter()
                .zip(&numbers)
                .map(|(point, x)| (*x, quantity.estimate(&point.scenario, run, &point.replications)))
                .collect(),
            are_complete: are_complete(points, quantity, &[run]),
        })
        .collect()
}

fn means(curves: &[Curve]) -> impl Iterator<Item = f64> {
    curves.iter().flat_map(|curve| curve.points.iter().filter_map(|(_, estimate)| Some((*estimate)?.mean)))
}

/// Everything that is to lie on the upright axis: the means, and the ends of their bands above zero.
fn extents(curves: &[Curve]) -> Vec<f64> {
    let estimates = curves.iter().flat_map(|curve| curve.points.iter().filter_map(|(_, estimate)| *estimate));
    let ends = estimates.flat_map(|Estimate { mean, half_width, .. }| {
        let half = half_width.unwrap_or(0.0);
        [Some(mean), Some(mean + half), Some(mean - half).filter(|low| *low > 0.0)]
    });
    ends.flatten().collect()
}

/// How the curve changes that changes the most.
fn finding_of(panels: &[(&Quantity, Vec<Curve>)], values: &Values) -> String {
    let curves =
        panels.iter().flat_map(|(quantity, curves)| curves.iter().map(move |curve| (*quantity, curve)));
    let ends = curves.filter_map(|(quantity, curve)| {
        let known = || {
            curve
                .points
                .iter()
                .enumerate()
                .filter_map(|(index, (_, estimate))| Some((index, (*estimate)?.mean)))
        };
        let most = known().max_by(|one, other| one.1.total_cmp(&other.1))?;
        let least = known().min_by(|one, other| one.1.total_cmp(&other.1))?;
        Some((quantity, curve, least, most))
    });
    let factor = |(_, _, least, most): &(&Quantity, &Curve, (usize, f64), (usize, f64))| {
        most.1 / least.1.max(f64::MIN_POSITIVE)
    };
    let steepest = ends.max_by(|one, other| factor(one).total_cmp(&factor(other)));
    let Some((quantity, curve, least, most)) = steepest else { return String::new() };
    let what = match curve.name.as_str() {
        "" => quantity.text.clone(),
        run => format!("{} of \"{run}\"", quantity.text),
    };
    if most.1 == least.1 {
        return format!("{what} is the same whatever {} is", values.path);
    }
    let at =
        |(index, value): (usize, f64)| format!("{} at {}", quantity.unit.short(value), values.text(index));
    let (from, to) = if least.0 < most.0 { (least, most) } else { (most, least) };
    let verb = if from.1 < to.1 { "grows" } else { "falls" };
    format!("{what} {verb} from {} to {}", at(from), at(to))
}

/// How often every point was carried out.
fn carried_out(replications: usize) -> String {
    match replications {
        1 => "1 replication".to_owned(),
        count => format!("{count} replications, bands: 95 % confidence"),
    }
}
