//! Points by two quantities, and the front: those of which no other is better in both.

use std::cmp::Ordering;

use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN, SMALL};
use crate::chart::look::Look;
use crate::chart::pen::{Align, Surface, write};
use crate::chart::plot::{ABOVE, AxisLabels, BELOW, LEFT, Plot, draw_marker, line, write_beside};
use crate::chart::request::Picture;
use crate::chart::scale::{Scale, Unit};
use crate::chart::theme::{Marker, Series};
use crate::experiment::finding;

/// A point: what it is called, and its two quantities.
#[derive(Clone, Debug)]
pub struct Point {
    /// Its values as they are written.
    pub name: String,
    /// The quantities.
    pub at: (f64, f64),
    /// Whether no other is better in both.
    pub is_front: bool,
    /// Whether it is the one to take.
    pub is_recommended: bool,
    /// Whether what happened there came to its end.
    pub is_finished: bool,
}

impl Point {
    /// The order of points: by the first quantity, then by the second.
    pub fn order(one: &Point, other: &Point) -> Ordering {
        one.at.0.total_cmp(&other.at.0).then(one.at.1.total_cmp(&other.at.1))
    }
}

/// A quantity.
#[derive(Clone, Debug)]
pub struct Axis {
    /// As it is written.
    pub text: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Whether less of it is better.
    pub is_cost: bool,
}

/// A picture of a front.
#[derive(Clone, Debug)]
pub struct Front {
    /// Where the picture comes from.
    pub footer: String,
    /// The quantities across and up.
    pub axes: [Axis; 2],
    /// The points in their [order](Point::order), at least one.
    pub points: Vec<Point>,
}

impl Front {
    /// Draws the picture, with a hint of how points differ.
    pub fn draw(&self, hint: &str, look: &Look) -> Picture {
        let [across, up] = &self.axes;
        let points = &self.points;
        let front: Vec<&Point> = points.iter().filter(|point| point.is_front).collect();
        let frame = Frame::new(&self.finding(&front), &self.footer, look);
        let (left, top, right, bottom) =
            (LEFT, frame.top + ABOVE, frame.width - MARGIN - 60, frame.bottom - BELOW - 8);
        let plot = Plot {
            x: fitting(points.iter().map(|point| point.at.0), (left, right)),
            y: fitting(points.iter().map(|point| point.at.1), (bottom, top)),
            edges: (left, top, right, bottom),
        };
        let mut canvas = Canvas::new(look);
        canvas.paint(|surface| {
            let x = AxisLabels::of(&across.text, &plot.x, across.unit, 7);
            let y = AxisLabels::of(&up.text, &plot.y, up.unit, 7);
            plot.draw_axes(surface, &x, &y, &look.theme);
            let own = look.theme.series(0);
            line(surface, &self.steps(&plot, &front), own.colour, 4);
            let other = Series { marker: Marker::Ring, colour: look.theme.muted, ..*own };
            let unfinished = Series { marker: Marker::Cross, ..other };
            for point in points {
                let series = match point {
                    Point { is_finished: false, .. } => &unfinished,
                    Point { is_front: true, .. } => own,
                    Point { .. } => &other,
                };
                draw_marker(surface, plot.at(point.at.0, point.at.1), series);
            }
            self.write_names(surface, &plot, &frame, look);
            let mut hint = look.words.say(hint).to_owned();
            if points.iter().any(|point| !point.is_finished) {
                hint = format!("{hint}; {}", look.words.say("crossed: did not come to its end"));
            }
            write(surface, &hint, SMALL, look.theme.muted, (right, top - 26), Align::Right);
            frame.write(surface, look);
        });
        Picture::of(canvas.finish(&frame.title()))
    }

    /// Names the points, the most important first, as far as there is room.
    fn write_names(&self, surface: &Surface, plot: &Plot, frame: &Frame, look: &Look) {
        let mut by_weight: Vec<&Point> = self.points.iter().collect();
        by_weight.sort_by_key(|point| (!point.is_recommended, !point.is_front));
        // Where names have been written, and how far the longest of them reaches.
        let mut taken: Vec<(i32, i32)> = Vec::new();
        let mut reach = 0;
        for point in by_weight {
            let at = plot.at(point.at.0, point.at.1);
            let mut name = point.name.clone();
            if point.is_recommended {
                name = format!("{name}: {}", look.words.say("recommended"));
                reach = SMALL.width(&name);
            }
            let room = SMALL.width(&name).max(reach) + 40;
            if taken.iter().all(|other| (other.1 - at.1).abs() > 30 || (other.0 - at.0).abs() > room) {
                taken.push(at);
                let ink = if point.is_front { look.theme.text } else { look.theme.muted };
                write_beside(surface, &name, at, frame.width - MARGIN, ink);
            }
        }
    }

    /// The line of the best that can be had: from point to point, by the worse of both in the one and in the other.
    fn steps(&self, plot: &Plot, front: &[&Point]) -> Vec<(i32, i32)> {
        let corner = |from: &Point, to: &Point| match self.axes[0].is_cost {
            true => (to.at.0, from.at.1),
            false => (from.at.0, to.at.1),
        };
        let pairs = front.windows(2).flat_map(|pair| [pair[0].at, corner(pair[0], pair[1])]);
        pairs.chain(front.last().map(|point| point.at)).map(|at| plot.at(at.0, at.1)).collect()
    }

    /// What going along the front costs of one quantity, and saves of the other.
    fn finding(&self, front: &[&Point]) -> String {
        let (Some(first), Some(last)) = (front.first(), front.last()) else { return String::new() };
        let [across, up] = &self.axes;
        if front.len() == 1 {
            let count = self.points.len();
            return format!(
                "{} is the best of {count} points in both, {} and {}",
                first.name, across.text, up.text
            );
        }
        format!(
            "From {} to {}, {} {} and {} {}",
            first.name,
            last.name,
            across.text,
            change(first.at.0, last.at.0),
            up.text,
            change(first.at.1, last.at.1)
        )
    }
}

fn change(from: f64, to: f64) -> String {
    if to < from {
        return format!("falls by {:.0} %", (1.0 - to / from) * 100.0);
    }
    format!("grows {} times", finding::times(to / from.max(f64::MIN_POSITIVE)))
}

/// A scale with room for all values, logarithmic if they differ much.
fn fitting(values: impl Iterator<Item = f64> + Clone, pixels: (i32, i32)) -> Scale {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    if low > 0.0 && high / low > 9.0 {
        return Scale::logarithmic(low, high, pixels);
    }
    let room = (high - low).max(high.abs() * 1e-3) * 0.08;
    Scale::linear(low - room, high + room, pixels)
}
