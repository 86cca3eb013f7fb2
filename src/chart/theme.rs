//! Colours, bar heights and textures: how each state looks.
//!
//! No state is told apart by colour alone: bars differ in height, texture or outline as well.

use crate::trace::ThreadState;
use plotters::style::RGBColor;

/// How a picture looks: its colours, and the style of every state.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
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
    states: [Style; ThreadState::COUNT],
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

const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);
const VERMILLION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
const YELLOW: RGBColor = RGBColor(0xF0, 0xE4, 0x42);
const PINK: RGBColor = RGBColor(0xCC, 0x79, 0xA7);
const SKY: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
const GREY: RGBColor = RGBColor(0xBB, 0xBB, 0xBB);
const DARK: RGBColor = RGBColor(0x55, 0x55, 0x55);
const BLACK: RGBColor = RGBColor(0x11, 0x11, 0x11);
const WHITE: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

impl Default for Theme {
    fn default() -> Theme {
        Theme::light()
    }
}

impl Theme {
    /// Dark on white, in the colours of Okabe and Ito.
    pub fn light() -> Theme {
        Theme {
            background: WHITE,
            text: BLACK,
            muted: DARK,
            grid: RGBColor(0xE4, 0xE4, 0xE4),
            axis: RGBColor(0x33, 0x33, 0x33),
            line: GREY,
            drop_request: ORANGE,
            cores: [0x48, 0xA6, 0x74, 0xD0].map(|grey| Tone {
                colour: RGBColor(grey, grey, grey),
                text: if grey < 0x90 { WHITE } else { BLACK },
            }),
            states: ThreadState::ALL.map(light_style),
        }
    }

    /// How `state` looks.
    pub fn style(&self, state: ThreadState) -> &Style {
        &self.states[state.index()]
    }
}

/// The style of `state` on a white background.
fn light_style(state: ThreadState) -> Style {
    let label = label(state);
    let plain = |bar, colour| Style {
        label,
        bar,
        body: Some(Paint::Plain(colour)),
        outline: None,
        share: Some(Paint::Plain(colour)),
    };
    let textured = |bar, texture, back, ink| {
        let paint = Some(Paint::Textured { texture, back, ink });
        Style { label, bar, body: paint, outline: None, share: paint }
    };
    let outlined = |style: Style, colour| Style { outline: Some(colour), ..style };
    let hollow = |bar, colour, share| Style { label, bar, body: None, outline: Some(colour), share };
    match state {
        ThreadState::NotStarted | ThreadState::Done => {
            Style { label, bar: Bar::Line, body: Some(Paint::Plain(GREY)), outline: None, share: None }
        }
        ThreadState::RunsPython => plain(Bar::Full, GREEN),
        ThreadState::RunsCHoldingGil => {
            textured(Bar::Full, Texture::Striped, GREEN, RGBColor(0x00, 0x4D, 0x38))
        }
        ThreadState::RunsWithoutGil => textured(Bar::Full, Texture::Dotted, BLUE, WHITE),
        ThreadState::InKernel => plain(Bar::ThreeQuarter, DARK),
        ThreadState::WaitsForGil => outlined(plain(Bar::Half, YELLOW), RGBColor(0x6B, 0x63, 0x00)),
        ThreadState::FailedAcquisition => plain(Bar::Full, VERMILLION),
        ThreadState::Runnable => {
            outlined(textured(Bar::Half, Texture::Hatched, PINK, WHITE), RGBColor(0x9A, 0x3F, 0x72))
        }
        ThreadState::BlockedOnIo | ThreadState::Sleeping => {
            hollow(Bar::Quarter, SKY, Some(Paint::Plain(RGBColor(0xCC, 0xE8, 0xF9))))
        }
        ThreadState::BlockedOnLock => hollow(
            Bar::Half,
            DARK,
            Some(Paint::Textured { texture: Texture::BackHatched, back: WHITE, ink: DARK }),
        ),
        ThreadState::ForcedSwitch => {
            outlined(textured(Bar::Half, Texture::BackHatched, ORANGE, WHITE), RGBColor(0x8A, 0x5F, 0x00))
        }
    }
}

/// What the legend calls `state`.
fn label(state: ThreadState) -> &'static str {
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
        let theme = Theme::light();
        let shape = |style: &Style| {
            let texture = match style.body {
                Some(Paint::Textured { texture, .. }) => Some(texture),
                _ => None,
            };
            (style.bar, style.body.is_some(), style.outline.is_some(), texture)
        };
        for one in ThreadState::ALL {
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
