//! Colours, bar heights and textures: how each state looks. The themes that there are stand in `themes`.
//!
//! No state is told apart by colour alone: bars differ in height, texture or outline as well. No curve is either: they
//! differ in their markers and dashes.

use crate::trace::ThreadState;
use plotters::style::RGBColor;

/// How a picture looks: its colours, and the style of every state.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// What `--theme` calls it.
    pub name: &'static str,
    /// Behind everything.
    pub background: RGBColor,
    /// Titles and labels.
    pub text: RGBColor,
    /// The footer and notes.
    pub muted: RGBColor,
    /// The lines that lead up from the time axis.
    pub grid: RGBColor,
    /// The time axis.
    pub axis: RGBColor,
    /// The thin line of a thread that is not there, and of an idle core.
    pub line: RGBColor,
    /// The tick above a lane where a waiter asks the holder to drop the GIL.
    pub drop_request: RGBColor,
    /// A core that runs a thread; neighbouring threads take neighbouring tones.
    pub cores: [Tone; CORE_TONES],
    /// What stands for one of several curves, bars or holders; see [`Series`] for what else tells them apart.
    pub series: [Series; SERIES],
    /// The colours of a heat map from small to large.
    pub heat: [RGBColor; 2],
    pub(super) states: [Style; ThreadState::COUNT],
}

/// How many curves, bars or holders are told apart; more begin anew.
pub const SERIES: usize = 6;

/// How one of several curves, bars or holders looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// Its colour, at least three times as light or dark as the background.
    pub colour: RGBColor,
    /// What fills a surface of it.
    pub fill: Paint,
    /// The colour of text on it.
    pub text: RGBColor,
    /// What stands at its points.
    pub marker: Marker,
    /// The lengths of the strokes of its line and of the gaps between them; `None` if it has no gaps.
    pub dash: Option<(i32, i32)>,
}

/// What stands at a point of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A filled circle.
    Disc,
    /// A filled square.
    Square,
    /// A filled triangle.
    Triangle,
    /// A hollow circle.
    Ring,
    /// A cross.
    Cross,
    /// A filled square on its corner.
    Diamond,
}

/// How many tones tell the threads on a core apart.
pub const CORE_TONES: usize = 4;

/// A tone and a colour in which text is legible on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    /// The colour of the bar.
    pub colour: RGBColor,
    /// The colour of text on the bar.
    pub text: RGBColor,
}

/// How one state looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// What the legend calls it.
    pub label: &'static str,
    /// How tall its bar is.
    pub bar: Bar,
    /// What fills its bar; a hollow bar has nothing in it.
    pub body: Option<Paint>,
    /// What runs around its bar.
    pub outline: Option<RGBColor>,
    /// What fills its share of a column that holds several states.
    pub share: Option<Paint>,
}

/// The height of a bar within its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bar {
    /// A thin line at the foot of the lane.
    Line,
    /// A quarter of the lane.
    Quarter,
    /// Half of the lane.
    Half,
    /// Three quarters of the lane.
    ThreeQuarter,
    /// The whole lane.
    Full,
}

impl Bar {
    /// The bar's height in a lane that is `lane` pixels high.
    pub fn height(self, lane: i32) -> i32 {
        match self {
            Bar::Line => 3,
            Bar::Quarter => (lane + 2) / 4,
            Bar::Half => (lane + 1) / 2,
            Bar::ThreeQuarter => (lane * 3 + 2) / 4,
            Bar::Full => lane,
        }
    }
}

/// What a surface is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// One colour.
    Plain(RGBColor),
    /// A texture in `ink` over `back`.
    Textured {
        /// The pattern.
        texture: Texture,
        /// The colour behind it.
        back: RGBColor,
        /// The colour of its strokes.
        ink: RGBColor,
    },
}

/// A pattern that is recognised without its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texture {
    /// Strokes that rise to the right.
    Hatched,
    /// Strokes that fall to the right.
    BackHatched,
    /// Dots.
    Dotted,
    /// Level stripes.
    Striped,
}

impl Default for Theme {
    fn default() -> Theme {
        Theme::light()
    }
}

impl Theme {
    /// How `state` looks.
    pub fn style(&self, state: ThreadState) -> &Style {
        &self.states[state.index()]
    }

    /// How the curve, bar or holder with this index looks.
    pub fn series(&self, index: usize) -> &Series {
        &self.series[index % SERIES]
    }
}

/// What the legend calls `state`.
pub(super) fn label(state: ThreadState) -> &'static str {
    match state {
        ThreadState::NotStarted | ThreadState::Done => "not started, done or idle",
        ThreadState::RunsPython => "runs Python",
        ThreadState::RunsCHoldingGil => "C code, holds the GIL",
        ThreadState::RunsWithoutGil => "C code without the GIL",
        ThreadState::InKernel => "in the kernel",
        ThreadState::WaitsForGil => "waits for the GIL",
        ThreadState::FailedAcquisition => "woken, but the GIL is taken",
        ThreadState::Runnable => "ready, no core",
        ThreadState::BlockedOnIo | ThreadState::Sleeping => "I/O or sleep",
        ThreadState::BlockedOnLock => "blocked on a lock or queue",
        ThreadState::ForcedSwitch => "waits for the switch",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_with_different_labels_differ_in_more_than_colour() {
        let shape = |style: &Style| {
            let texture = match style.body {
                Some(Paint::Textured { texture, .. }) => Some(texture),
                _ => None,
            };
            (style.bar, style.body.is_some(), style.outline.is_some(), texture)
        };
        for (theme, one) in Theme::all().iter().flat_map(|theme| ThreadState::ALL.map(|state| (theme, state)))
        {
            for other in ThreadState::ALL {
                let (first, second) = (theme.style(one), theme.style(other));
                let tick = one == ThreadState::FailedAcquisition || other == ThreadState::FailedAcquisition;
                if first.label != second.label && !tick {
                    assert_ne!(shape(first), shape(second), "{one:?} and {other:?}");
                }
            }
        }
    }
}
