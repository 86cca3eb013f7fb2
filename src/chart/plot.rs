//! Two axes and what is drawn between them: curves, bands, points.

use crate::chart::frame::{LABEL, MARGIN, SMALL};
use crate::chart::look::Look;
use crate::chart::pen::{Align, Surface, write};
use crate::chart::scale::{Scale, Unit};
use crate::chart::text::{Font, clean};
use crate::chart::theme::{Marker, Series, Theme};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Rectangle};
use plotters::style::{Color, RGBColor};

/// The room left of a plot for the labels of its axis.
pub const LEFT: i32 = 170;

/// The room below a plot for the labels and the title of its axis.
pub const BELOW: i32 = 82;

/// The room above a plot for the title of its upright axis.
pub const ABOVE: i32 = 54;

/// How thick curves are.
const CURVE: u32 = 5;

/// The title of an axis.
const AXIS_TITLE: Font = Font::bold(25);

/// A rectangle with two axes.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The level axis.
    pub x: Scale,
    /// The upright axis.
    pub y: Scale,
    /// Left, top, right and bottom edge.
    pub edges: (i32, i32, i32, i32),
}

/// What stands at an axis.
#[derive(Clone, Debug)]
pub struct AxisLabels<'a> {
    /// Its title.
    pub title: &'a str,
    /// What stands where along it.
    pub ticks: Vec<(f64, String)>,
}

impl<'a> AxisLabels<'a> {
    /// The round numbers of a scale.
    pub fn of(title: &'a str, scale: &Scale, unit: Unit, most: usize) -> AxisLabels<'a> {
        let ticks = scale.ticks(most).into_iter().map(|value| (value, unit.text(value))).collect();
        AxisLabels { title, ticks }
    }
}

impl Plot {
    /// Where a point lies.
    pub fn at(&self, x: f64, y: f64) -> (i32, i32) {
        (self.x.at(x), self.y.at(y))
    }

    /// Draws the grid and the axes.
    pub fn draw_axes(&self, surface: &Surface, x: &AxisLabels, y: &AxisLabels, theme: &Theme) {
        let (left, top, right, bottom) = self.edges;
        let mut free = i32::MIN;
        for (value, label) in &x.ticks {
            let at = self.x.at(*value);
            line(surface, &[(at, top), (at, bottom)], theme.grid, 2);
            let half = LABEL.width(label) / 2;
            if at - half > free {
                write(surface, label, LABEL, theme.text, (at, bottom + 34), Align::Center);
                free = at + half + 16;
            }
        }
        for (value, label) in &y.ticks {
            let at = self.y.at(*value);
            line(surface, &[(left, at), (right, at)], theme.grid, 2);
            let label = LABEL.fit(label, left - MARGIN - 12);
            write(surface, &label, LABEL, theme.text, (left - 12, at + 9), Align::Right);
        }
        line(surface, &[(left, top), (left, bottom), (right, bottom)], theme.axis, 3);
        write(surface, &clean(y.title), AXIS_TITLE, theme.muted, (MARGIN, top - 26), Align::Left);
        write(surface, &clean(x.title), AXIS_TITLE, theme.muted, (right, bottom + 72), Align::Right);
    }

    /// Draws a curve, with markers at some of its points if it `has_markers`.
    pub fn draw_curve(&self, surface: &Surface, points: &[(f64, f64)], series: &Series, has_markers: bool) {
        let mut path: Vec<(i32, i32)> = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
        path.dedup();
        let style = series.colour.stroke_width(CURVE);
        let _ = match series.dash {
            Some((stroke, gap)) => {
                surface.draw(&DashedPathElement::new(path.clone(), stroke as u32, gap as u32, style))
            }
            None => surface.draw(&PathElement::new(path.clone(), style)),
        };
        if has_markers {
            path.iter().for_each(|at| draw_marker(surface, *at, series));
        }
    }

    /// Fills what lies between a lower and an upper curve over the same places.
    pub fn draw_band(&self, surface: &Surface, band: &[(f64, f64, f64)], series: &Series) {
        if band.iter().all(|(_, low, high)| self.y.at(*low) == self.y.at(*high)) {
            return;
        }
        let lower = band.iter().map(|(x, low, _)| self.at(*x, *low));
        let upper = band.iter().rev().map(|(x, _, high)| self.at(*x, *high));
        let outline: Vec<(i32, i32)> = lower.chain(upper).collect();
        let _ = surface.draw(&Polygon::new(outline, series.colour.mix(0.25).filled()));
    }
}

/// A line through some points.
pub fn line(surface: &Surface, points: &[(i32, i32)], colour: RGBColor, width: u32) {
    let _ = surface.draw(&PathElement::new(points.to_vec(), colour.stroke_width(width)));
}

/// What stands at a point of a series.
pub fn draw_marker(surface: &Surface, (x, y): (i32, i32), series: &Series) {
    const SIZE: i32 = 10;
    let colour = series.colour;
    let polygon = |points: Vec<(i32, i32)>| {
        let _ = surface.draw(&Polygon::new(points, colour.filled()));
    };
    match series.marker {
        Marker::Disc => {
            let _ = surface.draw(&Circle::new((x, y), SIZE, colour.filled()));
        }
        Marker::Ring => {
            let _ = surface.draw(&Circle::new((x, y), SIZE, colour.stroke_width(4)));
        }
        Marker::Square => {
            let corners = [(x - SIZE + 1, y - SIZE + 1), (x + SIZE - 1, y + SIZE - 1)];
            let _ = surface.draw(&Rectangle::new(corners, colour.filled()));
        }
        Marker::Triangle => {
            polygon(vec![(x, y - SIZE - 2), (x + SIZE + 2, y + SIZE), (x - SIZE - 2, y + SIZE)])
        }
        Marker::Diamond => {
            polygon(vec![(x, y - SIZE - 3), (x + SIZE + 3, y), (x, y + SIZE + 3), (x - SIZE - 3, y)]);
        }
        Marker::Cross => {
            line(surface, &[(x - SIZE, y - SIZE), (x + SIZE, y + SIZE)], colour, 5);
            line(surface, &[(x - SIZE, y + SIZE), (x + SIZE, y - SIZE)], colour, 5);
        }
    }
}

/// The names of curves or holders, each beside a piece of it, in rows.
pub struct Key {
    placed: Vec<(usize, String, i32, i32)>,
    rows: i32,
}

/// What stands beside a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// A piece of a curve with its marker.
    Curve,
    /// A marker alone.
    Point,
}

const ROW: i32 = 40;
const SAMPLE: i32 = 70;

impl Key {
    /// The key of some series with these names, in a picture of that width.
    pub fn of(names: &[String], width: i32) -> Key {
        let mut key = Key { placed: Vec::new(), rows: 0 };
        let mut x = width;
        for (index, name) in names.iter().enumerate() {
            let name = LABEL.fit(&clean(name), width - 2 * MARGIN - SAMPLE - 12);
            let needed = SAMPLE + 12 + LABEL.width(&name);
            if x + needed > width - MARGIN {
                x = MARGIN;
                key.rows += 1;
            }
            key.placed.push((index, name, x, key.rows - 1));
            x += needed + 40;
        }
        key
    }

    /// How high it is.
    pub fn height(&self) -> i32 {
        self.rows * ROW
    }

    /// Draws it below `top`.
    pub fn draw(&self, surface: &Surface, top: i32, sample: Sample, look: &Look) {
        for (index, name, x, row) in &self.placed {
            let (series, middle) = (look.theme.series(*index), top + row * ROW + ROW / 2);
            if sample == Sample::Curve {
                let ends = vec![(*x, middle), (x + SAMPLE, middle)];
                let style = series.colour.stroke_width(CURVE);
                let _ = match series.dash {
                    Some((stroke, gap)) => {
                        surface.draw(&DashedPathElement::new(ends, stroke as u32, gap as u32, style))
                    }
                    None => surface.draw(&PathElement::new(ends, style)),
                };
            }
            draw_marker(surface, (x + SAMPLE / 2, middle), series);
            write(surface, name, LABEL, look.theme.text, (x + SAMPLE + 12, middle + 9), Align::Left);
        }
    }
}

/// Writes `text` beside a point, where it stays within the picture.
pub fn write_beside(surface: &Surface, text: &str, (x, y): (i32, i32), right: i32, colour: RGBColor) {
    let width = SMALL.width(text);
    if x + 18 + width <= right {
        write(surface, text, SMALL, colour, (x + 18, y - 12), Align::Left);
    } else {
        write(surface, text, SMALL, colour, (x - 18, y - 12), Align::Right);
    }
}
