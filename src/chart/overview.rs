//! The overview strip: the whole run above a window of it, with the window marked.

use crate::chart::bars::{Bars, Rect};
use crate::chart::canvas::Canvas;
use crate::chart::frame::{MARGIN, SMALL};
use crate::chart::grid::Grid;
use crate::chart::lane::{Place, draw_thread};
use crate::chart::look::Look;
use crate::chart::pen::{Align, write};
use crate::chart::text::clean;
use crate::chart::theme::Paint;
use crate::des::Time;
use crate::experiment::Recording;
use crate::trace::Timeline;
use plotters::element::PathElement;
use plotters::style::Color;

/// How much of the picture the strip takes.
pub const HEIGHT: i32 = 84;

/// The height of its bars.
const BARS: i32 = 34;

/// The window is marked at least so wide.
const LEAST_MARK: i32 = 8;

/// A whole run, and which part of it is shown below.
#[derive(Clone, Debug)]
pub struct Overview<'a> {
    /// What it is called.
    pub label: String,
    /// What all threads together did in the whole run, in one lane.
    pub timeline: &'a Timeline,
    /// Where the part begins.
    pub from: Time,
    /// Where it ends.
    pub to: Time,
}

impl<'a> Overview<'a> {
    /// The overview of a run of which a part was recorded; `None` if that is the whole run. It is called by the name of the
    /// run if that `is_one_of_several`.
    pub fn of(recording: &'a Recording, is_one_of_several: bool) -> Option<Overview<'a>> {
        let timeline = recording.overview.as_ref()?;
        let window = recording.timeline.window();
        let label = if is_one_of_several { recording.run.name.clone() } else { String::new() };
        Some(Overview { label, timeline, from: window.from, to: window.to })
    }

    /// Draws the strip from `top` on, between `left` and `room` pixels further, and lines that widen from the marked part
    /// down to `bottom`.
    pub fn draw(&self, canvas: &mut Canvas, look: &Look, (left, room): (i32, i32), top: i32, bottom: i32) {
        let theme = &look.theme;
        let window = self.timeline.window();
        let grid = Grid::of(self.timeline, left, room, window.length(), 2);
        let foot = top + BARS + 4;
        let mut bars = Bars::default();
        draw_thread(&mut bars, self.timeline, 0, &grid, Place { foot, bar: BARS, tick: 0 }, theme);
        let (from, to) = (grid.place_of(self.from, window), grid.place_of(self.to, window));
        let missing = (LEAST_MARK - (to - from)).max(0);
        let (from, to) = (from - missing / 2, to + missing - missing / 2);
        for x in [from - 4, to] {
            let edge = Rect { x, y: top - 4, width: 4, height: BARS + 16 };
            bars.fill(Paint::Plain(theme.text), "the window", edge);
        }
        for y in [top - 4, foot + 4] {
            let edge = Rect { x: from - 4, y, width: to - from + 8, height: 4 };
            bars.fill(Paint::Plain(theme.text), "the window", edge);
        }
        canvas.bars("overview", bars);
        canvas.paint(|surface| {
            let label = if self.label.is_empty() { look.words.say("whole run") } else { &self.label };
            let label = SMALL.fit(&clean(label), left - MARGIN - 16);
            write(surface, &label, SMALL, theme.muted, (MARGIN, foot - 8), Align::Left);
            for (near, far) in [(from - 2, left), (to + 2, left + room)] {
                let line = vec![(near, foot + 8), (far, bottom)];
                let _ = surface.draw(&PathElement::new(line, theme.muted.stroke_width(2)));
            }
        });
    }
}
