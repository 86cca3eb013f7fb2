//! Speed-up against the number of threads, cores or processes, with the ideal line.
//!
//! Where a number of threads is varied, every thread brings work of its own, so that the ideal is to take as long with n
//! threads as with one. Where something else is, such as the number of cores, the work stays the same, and the ideal is an
//! nth of the time.

use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN, SMALL};
use crate::chart::pen::{Align, write};
use crate::chart::plot::{ABOVE, AxisLabels, BELOW, Key, LEFT, Plot, Sample, line};
use crate::chart::points::{Values, are_complete, replications, run_indices, swept};
use crate::chart::quantity::{self, Quantity};
use crate::chart::request::{Kind, Picture, Refusal, Request, means};
use crate::chart::scale::{Scale, Unit};
use crate::chart::theme::SERIES;
use crate::chart::unfinished;
use crate::experiment::finding;
use crate::experiment::sweep::PointReports;

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "speedup", about: "Speed-up against threads or cores, with the ideal line", draw };

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let quantities = quantity::chosen(request.metrics, &["makespan".to_owned()], 1, &request.scenario.runs)?;
    let (values, points) = swept(request, 1)?;
    let values = &values[0];
    let numbers = values.numbers();
    if values.unit != Unit::Plain || numbers.iter().any(|number| *number <= 0.0) {
        let message =
            format!("`{}` is not a number of something, so there is no ideal speed-up", values.path);
        return Err(Refusal::nothing(message, "vary a number, as in --over threads.worker.count=1..8"));
    }
    let curves = curves(request, &quantities[0], values, &points);
    if curves.is_empty() {
        let message = format!("`{}` is not known at the first point", quantities[0].text);
        return Err(Refusal::nothing(message, "choose another quantity with --metric"));
    }
    let footer = format!("{} - {}", request.origin(), means(replications(&points)));
    let are_complete = are_complete(&points, &quantities[0], &run_indices(request));
    let unfinished = unfinished::sentence(&are_complete, "points");
    let title = unfinished.as_deref().map_or_else(|| finding_of(&curves, values), unfinished::title);
    let frame = Frame::new(&title, &footer, look);
    let names: Vec<String> = curves.iter().map(|(name, _)| name.clone()).collect();
    let key = Key::of(&names, frame.width);
    let (left, top, right, bottom) =
        (LEFT, frame.top + ABOVE, frame.width - MARGIN - 60, frame.bottom - key.height() - BELOW - 12);
    let first = numbers[0];
    let widest = numbers.iter().copied().fold(0.0, f64::max);
    let ideal = widest / first;
    let most =
        curves.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| *value)).fold(ideal, f64::max);
    let plot = Plot {
        x: Scale::linear(0.0, widest * 1.03, (left, right)),
        y: Scale::from_zero(most, (bottom, top)),
        edges: (left, top, right, bottom),
    };
    let mut canvas = Canvas::new(look);
    canvas.paint(|surface| {
        let x = values.labels(&plot.x, 16);
        let y = AxisLabels::of(look.words.say("speed-up"), &plot.y, Unit::Plain, 6);
        plot.draw_axes(surface, &x, &y, &look.theme);
        line(surface, &[plot.at(first, 1.0), plot.at(widest, ideal)], look.theme.muted, 3);
        let (end_x, end_y) = plot.at(widest, ideal);
        write(
            surface,
            look.words.say("ideal"),
            SMALL,
            look.theme.muted,
            (end_x - 16, end_y - 12),
            Align::Right,
        );
        for (index, (_, points)) in curves.iter().enumerate() {
            plot.draw_curve(surface, points, look.theme.series(index), true);
            let ends_at = |number: &f64| {
                numbers.iter().position(|other| other == number).is_some_and(|point| are_complete[point])
            };
            for (number, value) in points.iter().filter(|(number, _)| !ends_at(number)) {
                unfinished::cross_out(surface, plot.at(*number, *value), &look.theme);
            }
        }
        key.draw(surface, frame.bottom - key.height() - 4, Sample::Curve, look);
        frame.write(surface, look);
    });
    Ok(vec![Picture { unfinished, ..Picture::of(canvas.finish(&frame.title())) }])
}

/// The speed-up of each run at each value, relative to the first value.
fn curves(
    request: &Request,
    quantity: &Quantity,
    values: &Values,
    points: &[PointReports],
) -> Vec<(String, Vec<(f64, f64)>)> {
    let runs = if quantity.is_of_runs { run_indices(request) } else { vec![0] };
    let numbers = values.numbers();
    let brings_work = values.path.contains("threads.") && values.path.ends_with(".count");
    let curve = |run: usize| {
        let time =
            |point: &PointReports| Some(quantity.estimate(&point.scenario, run, &point.replications)?.mean);
        let first = points.first().and_then(time)?;
        let points = points.iter().zip(&numbers).filter_map(|(point, number)| {
            let work = if brings_work { number / numbers[0] } else { 1.0 };
            Some((*number, work * first / time(point)?))
        });
        Some((request.scenario.runs[run].name.clone(), points.collect()))
    };
    runs.into_iter().take(SERIES).filter_map(curve).collect()
}

/// How fast the fastest and the slowest curve are at the last value.
fn finding_of(curves: &[(String, Vec<(f64, f64)>)], values: &Values) -> String {
    let last = |points: &Vec<(f64, f64)>| points.last().map_or(0.0, |(_, value)| *value);
    let best = curves.iter().max_by(|one, other| last(&one.1).total_cmp(&last(&other.1)));
    let worst = curves.iter().min_by(|one, other| last(&one.1).total_cmp(&last(&other.1)));
    let (Some(best), Some(worst)) = (best, worst) else { return String::new() };
    let what = values.name();
    let count = values.texts.last().map_or("", String::as_str);
    let plural = if what.ends_with('s') { what.to_owned() } else { format!("{what}s") };
    let text = format!(
        "With {count} {plural}, \"{}\" is {} times as fast as with {}",
        best.0,
        finding::times(last(&best.1)),
        values.texts[0]
    );
    if curves.len() > 1 {
        format!("{text}, \"{}\" {} times", worst.0, finding::times(last(&worst.1)))
    } else {
        text
    }
}
