//! The time axis: round ticks with a unit, drawn by plotters.

use crate::chart::pen::{Surface, style};
use crate::chart::text::Font;
use crate::chart::theme::Theme;
use crate::des::{Span, Time};
use plotters::chart::ChartBuilder;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::style::{Color, TRANSPARENT};
use std::ops::Range;

/// Picoseconds a unit, the largest first.
const UNITS: [(u64, &str); 5] =
    [(1_000_000_000_000, "s"), (1_000_000_000, "ms"), (1_000_000, "µs"), (1_000, "ns"), (1, "ps")];

/// At most this many stretches between ticks on a wide axis.
const MOST_STRETCHES: u64 = 8;

/// A stretch between ticks is at least about so many pixels wide.
const LEAST_STRETCH: i32 = 180;

/// More decimals than this are not shown: ticks then count from the beginning of the axis.
const MOST_DECIMALS: u32 = 3;

/// The height that the axis needs, with its labels.
pub const HEIGHT: i32 = 50;

/// The font of the tick labels.
const FONT: Font = Font::regular(25);

/// A stretch of time with round ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeAxis {
    from: u64,
    length: u64,
    step: u64,
    unit: (u64, &'static str),
    decimals: u32,
    start: Start,
}

/// What the labels of an axis count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// From the start of the run.
    Run,
    /// From the beginning of the axis, whose instant stands at its first tick.
    Axis,
    /// From the beginning of each panel, whose instants differ.
    Panel,
}

impl TimeAxis {
    /// The axis from `from` on, `length` long and `room` pixels wide.
    pub fn new(from: Time, length: Span, room: i32) -> TimeAxis {
        let (from, length) = (from.picos(), length.picos().max(1));
        let stretches = (room / LEAST_STRETCH).max(2) as u64;
        let step = round_step(length, stretches.min(MOST_STRETCHES));
        let absolute = unit_of(from.saturating_add(length));
        let relative = decimals(absolute, step) > MOST_DECIMALS;
        let (unit, start) = if relative { (unit_of(length), Start::Axis) } else { (absolute, Start::Run) };
        TimeAxis { from, length, step, unit, decimals: decimals(unit, step), start }
    }

    /// The axis of panels that begin at different instants, the longest of them `length` long.
    pub fn of_panels(length: Span, room: i32) -> TimeAxis {
        TimeAxis { start: Start::Panel, ..TimeAxis::new(Time::ZERO, length, room) }
    }

    /// The instants at which there is a tick.
    fn ticks(&self) -> Vec<u64> {
        let origin = if self.start == Start::Run { 0 } else { self.from };
        let first = (self.from - origin).div_ceil(self.step);
        let last = (self.from - origin).saturating_add(self.length) / self.step;
        (first..=last).map(|index| origin.saturating_add(index.saturating_mul(self.step))).collect()
    }

    /// Where along the axis there is a tick, from 0 to 1, and what stands there.
    pub fn marks(&self) -> impl Iterator<Item = (f64, String)> {
        let share = |tick: u64| (tick - self.from) as f64 / self.length as f64;
        self.ticks().into_iter().map(move |tick| (share(tick), self.label(tick)))
    }

    /// What stands at the tick at `instant`.
    fn label(&self, instant: u64) -> String {
        let (value, sign) = match self.start {
            Start::Run => (instant, ""),
            Start::Axis if instant == self.from => return exact_seconds(instant),
            Start::Panel if instant == self.from => return "start".to_owned(),
            Start::Axis | Start::Panel => (instant - self.from, "+"),
        };
        let (scale, unit) = self.unit;
        if self.decimals == 0 {
            return format!("{sign}{} {unit}", value / scale);
        }
        let fraction = value % scale / (scale / 10_u64.pow(self.decimals));
        format!("{sign}{}.{fraction:0digits$} {unit}", value / scale, digits = self.decimals as usize)
    }

    /// Draws the axis at the bottom of `area` (left, right, top, axis), with a line up from every tick.
    pub fn draw(&self, surface: &Surface, left: i32, right: i32, top: i32, bottom: i32, theme: &Theme) {
        let area = surface.clone().shrink((left, top), (right - left + 1, bottom - top + HEIGHT));
        let chart = ChartBuilder::on(&area).x_label_area_size(HEIGHT).build_cartesian_2d(*self, 0_i32..1_i32);
        // The surface is a string in memory: there is nothing that can fail.
        let Ok(mut chart) = chart else { return };
        let _ = chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .axis_style(theme.axis.stroke_width(2))
            .bold_line_style(theme.grid.stroke_width(2))
            .light_line_style(TRANSPARENT)
            .x_label_style(style(FONT, theme.text))
            .x_label_formatter(&|instant| self.label(*instant))
            .set_all_tick_mark_size(6)
            .draw();
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50, ... that divides `length` into few enough stretches.
fn round_step(length: u64, stretches: u64) -> u64 {
    let mut decade = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = decade.saturating_mul(factor);
            if length / step <= stretches || step == u64::MAX {
                return step;
            }
        }
        decade = decade.saturating_mul(10);
    }
}

/// The largest unit of which there is at least one in `picos`.
fn unit_of(picos: u64) -> (u64, &'static str) {
    UNITS.into_iter().find(|(scale, _)| picos >= *scale).unwrap_or(UNITS[4])
}

/// How many decimals of `unit` it takes to tell multiples of `step` apart.
fn decimals(unit: (u64, &str), step: u64) -> u32 {
    let mut fraction = unit.0;
    let mut count = 0;
    while fraction > 1 && !step.is_multiple_of(fraction) {
        fraction /= 10;
        count += 1;
    }
    count
}

/// `picos` in seconds, to the last nanosecond that is not zero.
fn exact_seconds(picos: u64) -> String {
    const SECOND: u64 = UNITS[0].0;
    let (whole, nanos) = (picos / SECOND, picos % SECOND / 1000);
    let digits = format!("{nanos:09}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { format!("{whole} s") } else { format!("{whole}.{digits} s") }
}

impl Ranged for TimeAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = u64;

    fn map(&self, value: &u64, limit: (i32, i32)) -> i32 {
        let offset = i128::from(value.saturating_sub(self.from));
        limit.0 + (i128::from(limit.1 - limit.0) * offset / i128::from(self.length)) as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<u64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks() }
    }

    fn range(&self) -> Range<u64> {
        self.from..self.from.saturating_add(self.length)
    }
}

impl ValueFormatter<u64> for TimeAxis {
    fn format_ext(&self, value: &u64) -> String {
        self.label(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: u64, length: u64) -> Vec<String> {
        let axis = TimeAxis::new(Time::from_picos(from), Span::from_picos(length), 1600);
        axis.ticks().into_iter().map(|tick| axis.label(tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_have_a_unit() {
        assert_eq!(labels(0, 45_500_000_000_000).join(", "), "0 s, 10 s, 20 s, 30 s, 40 s");
        assert_eq!(
            labels(0, 1_200_000_000_000).join(", "),
            "0.0 s, 0.2 s, 0.4 s, 0.6 s, 0.8 s, 1.0 s, 1.2 s"
        );
        assert_eq!(labels(100_000_000, 40_000_000)[0], "100 µs");
    }

    #[test]
    fn a_short_stretch_late_in_a_run_counts_from_its_beginning() {
        let labels = labels(10_000_123_000_000, 500_000_000);
        assert_eq!(labels[..2].join(", "), "10.000123 s, +100 µs");
    }

    #[test]
    fn no_stretch_of_time_is_too_short_or_too_long() {
        for (from, length) in [(0, 0), (0, 1), (0, u64::MAX), (u64::MAX, 0), (u64::MAX, u64::MAX), (7, 3)] {
            assert!(labels(from, length).len() <= MOST_STRETCHES as usize + 2, "{from} {length}");
        }
    }
}
