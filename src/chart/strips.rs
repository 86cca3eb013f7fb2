//! Runs below each other over one time axis, each with a rectangle of its own.

use crate::chart::frame::{Frame, MARGIN};
use crate::chart::grid::Grid;
use crate::chart::kinds::timeline::{LEFT, columns};
use crate::chart::look::Look;
use crate::chart::pen::{Align, Surface, clear, write};
use crate::chart::request;
use crate::chart::text::{Font, clean};
use crate::chart::time_axis::{self, TimeAxis};
use crate::experiment::Recording;

/// A picture never shows more runs.
const MOST: usize = 6;

const TITLE: i32 = 52;
const GAP: i32 = 16;
const PANEL_FONT: Font = Font::bold(30);

/// Where the runs of a picture lie.
pub struct Strips {
    axis: TimeAxis,
    axis_at: i32,
    room: i32,
    /// One rectangle a run that is shown: its upper and its lower edge.
    pub places: Vec<(i32, i32)>,
}

impl Strips {
    /// Places these runs between the title and the line `bottom`. A run is at most `tallest` high.
    pub fn new(recordings: &[Recording], frame: &Frame, bottom: i32, tallest: i32, look: &Look) -> Strips {
        let shown = recordings.len().min(MOST) as i32;
        let axis_limit = bottom - time_axis::HEIGHT - 8;
        let pitch = ((axis_limit - frame.top) / shown.max(1)).min(tallest + TITLE + GAP);
        let slack = (axis_limit - frame.top - pitch * shown) / 2;
        let top = frame.top + slack.max(0);
        let places =
            (0..shown).map(|index| (top + index * pitch + TITLE, top + (index + 1) * pitch - GAP)).collect();
        let room = columns(look.shape) as i32;
        let window = recordings.first().map(|recording| *recording.timeline.window());
        let axis = window.map_or_else(
            || TimeAxis::of_panels(crate::des::Span::ZERO, room),
            |window| TimeAxis::new(window.from, window.length(), room),
        );
        Strips { axis, axis_at: top + pitch * shown, room, places }
    }

    /// The columns of a run on the axis, at least `coarseness` pixels wide.
    pub fn grid(&self, recording: &Recording, coarseness: i32) -> Grid {
        Grid::of(&recording.timeline, LEFT, self.room, recording.timeline.window().length(), coarseness)
    }

    /// Where the axis ends.
    pub fn right(&self) -> i32 {
        LEFT + self.room
    }

    /// Draws the time axis.
    pub fn draw_axis(&self, surface: &Surface, look: &Look) {
        let Some((top, _)) = self.places.first() else { return };
        self.axis.draw(surface, LEFT, self.right(), *top, self.axis_at, &look.theme);
    }

    /// Writes the title of the run with this index.
    pub fn write_title(&self, surface: &Surface, index: usize, title: &str, look: &Look) {
        let room = self.right() - MARGIN;
        let (title, top) = (PANEL_FONT.fit(&clean(title), room), self.places[index].0);
        clear(surface, look.theme.background, (MARGIN, top - 48), (PANEL_FONT.width(&title) + 12, 36));
        write(surface, &title, PANEL_FONT, look.theme.text, (MARGIN, top - 20), Align::Left);
    }
}

/// What to say if not all runs are shown.
pub fn left_out(recordings: &[Recording]) -> Option<String> {
    request::left_out(recordings.len().saturating_sub(MOST))
}
