//! Simulated against measured: every figure of a reference as a point, which lies on the line if the simulation is right.

use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN, SMALL};
use crate::chart::pen::{Align, write};
use crate::chart::plot::{
    ABOVE, AxisLabels, BELOW, Key, LEFT, Plot, Sample, draw_marker, line, write_beside,
};
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::chart::scale::{Scale, Unit};
use crate::chart::theme::SERIES;
use crate::experiment::conduct_with;
use crate::experiment::reference::{NEAR, Score, Summary, scores};
use crate::export::reference::percent;
use plotters::element::Polygon;
use plotters::style::Color;

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "measured", about: "What was simulated against what was measured or published", draw };

/// A figure that was simulated: what it is of, the measured quartiles, both values, and the error, which may be infinite.
struct Point {
    cell: String,
    quantity: String,
    measured: f64,
    quartiles: (f64, f64),
    simulated: f64,
    error: f64,
    is_time: bool,
}

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let conducted = conduct_with(request.scenario, request.id, request.seed, request.effort);
    let scores = scores(request.scenario, &conducted);
    let points: Vec<Point> = scores.iter().filter_map(point).collect();
    if points.is_empty() {
        return Err(Refusal::nothing(
            "this scenario has no figures that were measured",
            "those of scenarios/reference/ do, under `reference:`",
        ));
    }
    let mut quantities: Vec<String> = Vec::new();
    for point in &points {
        if !quantities.contains(&point.quantity) {
            quantities.push(point.quantity.clone());
        }
    }
    let near = points.iter().filter(|point| point.error <= NEAR).count();
    let title = format!(
        "{near} of {} measured figures are hit within {:.0} %; the median error is {}",
        points.len(),
        NEAR * 100.0,
        percent(Summary::of([scores.as_slice()]).median)
    );
    let frame = Frame::new(&title, &request.footer(conducted.runs.iter().map(|run| &run.report)), look);
    let key = Key::of(&quantities, frame.width);
    let (left, top, right, bottom) =
        (LEFT, frame.top + ABOVE, frame.width - MARGIN - 60, frame.bottom - key.height() - BELOW - 12);
    // What is zero has no place on the scale, and stands at its lower end.
    let all =
        || points.iter().flat_map(|point| [point.measured, point.simulated]).filter(|value| *value > 0.0);
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    let plot = Plot {
        x: Scale::logarithmic(low, high, (left, right)),
        y: Scale::logarithmic(low, high, (bottom, top)),
        edges: (left, top, right, bottom),
    };
    let unit = if points.iter().all(|point| point.is_time) { Unit::Seconds } else { Unit::Plain };
    let mut canvas = Canvas::new(look);
    canvas.paint(|surface| {
        let x = AxisLabels::of(look.words.say("measured"), &plot.x, unit, 9);
        let y = AxisLabels::of(look.words.say("simulated"), &plot.y, unit, 7);
        plot.draw_axes(surface, &x, &y, &look.theme);
        let beyond = 1.0 + NEAR;
        let band = vec![
            plot.at(low, low / beyond),
            plot.at(high, high / beyond),
            plot.at(high, high * beyond),
            plot.at(low, low * beyond),
        ];
        let _ = surface.draw(&Polygon::new(band, look.theme.muted.mix(0.18).filled()));
        line(surface, &[plot.at(low, low), plot.at(high, high)], look.theme.muted, 3);
        for point in &points {
            let index = quantities.iter().position(|quantity| *quantity == point.quantity).unwrap_or(0);
            let series = look.theme.series(index);
            let at = |measured: f64| plot.at(measured, point.simulated);
            line(surface, &[at(point.quartiles.0), at(point.quartiles.1)], series.colour, 4);
            draw_marker(surface, at(point.measured), series);
        }
        // Their names stand one above the other, for they may be close together.
        for (index, point) in points.iter().filter(|point| point.error.is_infinite()).enumerate() {
            let (x, y) = plot.at(point.measured, point.simulated);
            let place = (x, y - 30 * index as i32);
            write_beside(surface, &point.missed(unit), place, right, look.theme.text);
        }
        key.draw(surface, frame.bottom - key.height() - 4, Sample::Point, look);
        let note = look.words.say("band: within 15 %; strokes: quartiles of what was measured");
        write(surface, note, SMALL, look.theme.muted, (right, top - 26), Align::Right);
        frame.write(surface, look);
    });
    let notes = (quantities.len() > SERIES)
        .then(|| format!("{} quantities share {SERIES} colours and markers", quantities.len()));
    Ok(vec![Picture { notes: notes.into_iter().collect(), ..Picture::of(canvas.finish(&frame.title())) }])
}

fn point(score: &Score) -> Option<Point> {
    let found = score.figure.found.as_ref().ok()?;
    Some(Point {
        cell: score.figure.cell.clone(),
        quantity: score.figure.quantity.clone(),
        measured: found.value,
        quartiles: found.quartiles,
        simulated: score.value()?,
        error: score.error()?,
        is_time: found.expression.time_power == 1,
    })
}

impl Point {
    /// What to say of a figure that has no place on the scale: something was found against nothing.
    fn missed(&self, unit: Unit) -> String {
        format!(
            "{}: {} measured, {} simulated",
            self.cell,
            unit.short(self.measured),
            unit.short(self.simulated)
        )
    }
}
