//! Distributions: what share of durations is no longer than so much, on a logarithmic axis of time.

use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN, SMALL};
use crate::chart::look::Look;
use crate::chart::pen::{Align, write};
use crate::chart::plot::{ABOVE, AxisLabels, BELOW, Key, LEFT, Plot, Sample, draw_marker, line};
use crate::chart::scale::{Scale, Unit};
use crate::sim::Latency;

/// Curves that can be told apart in one picture.
pub const MOST: usize = 6;

/// The shares at which a curve is marked.
const MARKED: [f64; 3] = [0.5, 0.9, 0.99];

/// A curve has at most about so many points.
const MOST_POINTS: usize = 400;

/// Durations that are compared.
pub struct Distributions<'a> {
    /// What is to be learnt.
    pub finding: String,
    /// Where they come from.
    pub footer: String,
    /// The title of the axis of time.
    pub title: String,
    /// A name and durations each, at least one of all.
    pub of: Vec<(String, &'a Latency)>,
}

impl Distributions<'_> {
    /// The picture.
    pub fn draw(&self, look: &Look) -> String {
        let frame = Frame::new(&self.finding, &self.footer, look);
        let names: Vec<String> = self.of.iter().map(|(name, latency)| named(name, latency)).collect();
        let key = Key::of(&names, frame.width);
        let (top, bottom) = (frame.top + ABOVE, frame.bottom - key.height() - BELOW - 12);
        let (left, right) = (LEFT, frame.width - MARGIN - 40);
        let ends = |latency: &Latency| {
            let shortest = latency.buckets().next().map_or(1e-9, |(value, _)| value as f64 / 1e12);
            (shortest, latency.longest().map_or(1e-9, |longest| longest.as_secs()))
        };
        let all: Vec<(f64, f64)> = self.of.iter().map(|(_, latency)| ends(latency)).collect();
        let low = all.iter().map(|(low, _)| *low).fold(f64::INFINITY, f64::min);
        let high = all.iter().map(|(_, high)| *high).fold(0.0, f64::max);
        let plot = Plot {
            x: Scale::logarithmic(low, high.max(low * 2.0), (left, right)),
            y: Scale::linear(0.0, 1.0, (bottom, top)),
            edges: (left, top, right, bottom),
        };
        let mut canvas = Canvas::new(look);
        canvas.paint(|surface| {
            let ticks = [0.0, 0.25, 0.5, 0.75, 0.9, 1.0];
            let y = AxisLabels {
                title: look.words.say("no longer than that"),
                ticks: ticks.map(|share| (share, Unit::Share.text(share))).to_vec(),
            };
            plot.draw_axes(
                surface,
                &AxisLabels::of(&self.title, &plot.x, Unit::Seconds, 10),
                &y,
                &look.theme,
            );
            line(surface, &[plot.at(low, 0.99), (right, plot.y.at(0.99))], look.theme.grid, 2);
            for (index, (_, latency)) in self.of.iter().enumerate() {
                let series = look.theme.series(index);
                plot.draw_curve(surface, &curve(latency), series, false);
                for share in MARKED {
                    if let Some(value) = latency.quantile(share) {
                        draw_marker(surface, plot.at(value.as_secs(), share), series);
                    }
                }
            }
            key.draw(surface, frame.bottom - key.height() - 4, Sample::Curve, look);
            let note = look.words.say("marked: 50 %, 90 %, 99 %");
            write(surface, note, SMALL, look.theme.muted, (right, top - 26), Align::Right);
            frame.write(surface, look);
        });
        canvas.finish(&frame.title())
    }
}

/// A name, and the 99th percentile behind it.
fn named(name: &str, latency: &Latency) -> String {
    latency.quantile(0.99).map_or_else(|| name.to_owned(), |value| format!("{name} (99 %: {value})"))
}

/// The steps of a distribution, thinned where there are more than can be seen.
fn curve(latency: &Latency) -> Vec<(f64, f64)> {
    let count = latency.count() as f64;
    let buckets: Vec<(u64, u64)> = latency.buckets().collect();
    let every = (buckets.len() / MOST_POINTS).max(1);
    let mut points = Vec::new();
    let mut sum = 0;
    for (index, (value, own)) in buckets.iter().enumerate() {
        let seconds = *value as f64 / 1e12;
        let is_step = *own as f64 / count > 0.01;
        if index % every == 0 || index + 1 == buckets.len() || is_step {
            points.push((seconds, sum as f64 / count));
            points.push((seconds, (sum + own) as f64 / count));
        }
        sum += own;
    }
    points
}
