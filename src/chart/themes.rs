//! The themes: a palette each, from which the looks of all states are made.

use crate::chart::theme::{Bar, Marker, Paint, SERIES, Series, Style, Texture, Theme, Tone, label};
use crate::trace::ThreadState;
use plotters::style::RGBColor;

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

const fn grey(level: u8) -> RGBColor {
    RGBColor(level, level, level)
}

/// The colours from which the states of a theme are made.
struct Palette {
    /// Behind everything.
    background: RGBColor,
    /// Runs Python.
    python: RGBColor,
    /// The stripes of C code that holds the GIL, on the colour of Python.
    c_stripes: RGBColor,
    /// C code without the GIL, and its dots.
    released: (RGBColor, RGBColor),
    /// In the kernel.
    kernel: RGBColor,
    /// Waits for the GIL, and the outline.
    waits: (RGBColor, RGBColor),
    /// Woken in vain.
    failed: RGBColor,
    /// Ready without a core: behind the strokes, the strokes, the outline.
    ready: (RGBColor, RGBColor, RGBColor),
    /// The outline of I/O and sleep, and its share of a stack.
    outside: (RGBColor, RGBColor),
    /// The outline and the strokes of a wait for a lock.
    blocked: RGBColor,
    /// Waits for the switch: behind the strokes, the strokes, the outline.
    forced: (RGBColor, RGBColor, RGBColor),
    /// The thin line of a thread that is not there.
    line: RGBColor,
}

impl Theme {
    /// Every theme, the default first.
    pub fn all() -> [Theme; 3] {
        [Theme::light(), Theme::dark(), Theme::grey_print()]
    }

    /// Dark on white, in the colours of Okabe and Ito.
    pub fn light() -> Theme {
        let palette = Palette {
            background: WHITE,
            python: GREEN,
            c_stripes: RGBColor(0x00, 0x4D, 0x38),
            released: (BLUE, WHITE),
            kernel: DARK,
            waits: (YELLOW, RGBColor(0x6B, 0x63, 0x00)),
            failed: VERMILLION,
            ready: (PINK, WHITE, RGBColor(0x9A, 0x3F, 0x72)),
            outside: (RGBColor(0x2C, 0x8A, 0xC0), RGBColor(0xCC, 0xE8, 0xF9)),
            blocked: DARK,
            forced: (ORANGE, WHITE, RGBColor(0x8A, 0x5F, 0x00)),
            line: GREY,
        };
        Theme {
            name: "light",
            background: WHITE,
            text: BLACK,
            muted: DARK,
            grid: grey(0xE4),
            axis: grey(0x33),
            line: GREY,
            drop_request: ORANGE,
            cores: [0x48, 0xA6, 0x74, 0xD0].map(|level| tone(grey(level))),
            series: series([BLUE, VERMILLION, GREEN, BLACK, RGBColor(0xA8, 0x4B, 0x80), grey(0x7A)], WHITE),
            heat: [RGBColor(0xF2, 0xF7, 0xFB), RGBColor(0x00, 0x4A, 0x78)],
            states: ThreadState::ALL.map(|state| palette.style(state)),
        }
    }

    /// Light on near black, for a dark hall.
    pub fn dark() -> Theme {
        const GROUND: RGBColor = RGBColor(0x12, 0x14, 0x17);
        let palette = Palette {
            background: GROUND,
            python: RGBColor(0x00, 0xB8, 0x86),
            c_stripes: RGBColor(0x00, 0x4D, 0x38),
            released: (RGBColor(0x2B, 0x8F, 0xD0), GROUND),
            kernel: grey(0x8E),
            waits: (YELLOW, RGBColor(0x8C, 0x84, 0x10)),
            failed: RGBColor(0xF0, 0x74, 0x18),
            ready: (GROUND, RGBColor(0xE0, 0x96, 0xBF), RGBColor(0xE0, 0x96, 0xBF)),
            outside: (SKY, RGBColor(0x1F, 0x4A, 0x66)),
            blocked: grey(0xC4),
            forced: (GROUND, ORANGE, ORANGE),
            line: grey(0x6A),
        };
        Theme {
            name: "dark",
            background: GROUND,
            text: grey(0xF2),
            muted: grey(0xB4),
            grid: grey(0x32),
            axis: grey(0xC8),
            line: grey(0x6A),
            drop_request: ORANGE,
            cores: [0xC4, 0x74, 0x9C, 0x5A].map(|level| tone(grey(level))),
            series: series(
                [
                    SKY,
                    RGBColor(0xF0, 0x84, 0x30),
                    RGBColor(0x20, 0xC0, 0x92),
                    grey(0xF2),
                    RGBColor(0xE0, 0x96, 0xBF),
                    grey(0x98),
                ],
                GROUND,
            ),
            heat: [RGBColor(0x1C, 0x26, 0x30), RGBColor(0x9C, 0xD8, 0xF8)],
            states: ThreadState::ALL.map(|state| palette.style(state)),
        }
    }

    /// Black on white without any colour, for a printer that has none: everything is told by height and texture.
    pub fn grey_print() -> Theme {
        let palette = Palette {
            background: WHITE,
            python: grey(0x5A),
            c_stripes: WHITE,
            released: (WHITE, BLACK),
            kernel: grey(0x9C),
            waits: (grey(0xCC), BLACK),
            failed: BLACK,
            ready: (WHITE, grey(0x40), grey(0x40)),
            outside: (grey(0x60), grey(0xF0)),
            blocked: grey(0x30),
            forced: (grey(0xC0), BLACK, BLACK),
            line: grey(0xA8),
        };
        Theme {
            name: "grey-print",
            background: WHITE,
            text: RGBColor(0, 0, 0),
            muted: grey(0x48),
            grid: grey(0xE0),
            axis: RGBColor(0, 0, 0),
            line: grey(0xA8),
            drop_request: grey(0x30),
            cores: [0x40, 0xA6, 0x70, 0xD0].map(|level| tone(grey(level))),
            series: series([0x00, 0x6E, 0x40, 0x8C, 0x20, 0x58].map(grey), WHITE),
            heat: [grey(0xF4), grey(0x28)],
            states: ThreadState::ALL.map(|state| palette.style(state)),
        }
    }
}

impl Palette {
    /// The style of `state`.
    fn style(&self, state: ThreadState) -> Style {
        let label = label(state);
        let filled =
            |bar, paint, outline| Style { label, bar, body: Some(paint), outline, share: Some(paint) };
        let hollow = |bar, outline, share| Style {
            label,
            bar,
            body: None,
            outline: Some(outline),
            share: Some(share),
        };
        let textured = |texture, back, ink| Paint::Textured { texture, back, ink };
        match state {
            ThreadState::NotStarted | ThreadState::Done => Style {
                label,
                bar: Bar::Line,
                body: Some(Paint::Plain(self.line)),
                outline: None,
                share: None,
            },
            ThreadState::RunsPython => filled(Bar::Full, Paint::Plain(self.python), None),
            ThreadState::RunsCHoldingGil => {
                filled(Bar::Full, textured(Texture::Striped, self.python, self.c_stripes), None)
            }
            ThreadState::RunsWithoutGil => {
                let (back, ink) = self.released;
                let outline = (back == self.background).then_some(ink);
                filled(Bar::Full, textured(Texture::Dotted, back, ink), outline)
            }
            ThreadState::InKernel => filled(Bar::ThreeQuarter, Paint::Plain(self.kernel), None),
            ThreadState::WaitsForGil => filled(Bar::Half, Paint::Plain(self.waits.0), Some(self.waits.1)),
            ThreadState::FailedAcquisition => filled(Bar::Full, Paint::Plain(self.failed), None),
            ThreadState::Runnable => {
                let (back, ink, outline) = self.ready;
                filled(Bar::Half, textured(Texture::Hatched, back, ink), Some(outline))
            }
            ThreadState::BlockedOnIo | ThreadState::Sleeping => {
                hollow(Bar::Quarter, self.outside.0, Paint::Plain(self.outside.1))
            }
            ThreadState::BlockedOnLock => {
                hollow(Bar::Half, self.blocked, textured(Texture::BackHatched, self.background, self.blocked))
            }
            ThreadState::ForcedSwitch => {
                let (back, ink, outline) = self.forced;
                filled(Bar::Half, textured(Texture::BackHatched, back, ink), Some(outline))
            }
        }
    }
}

/// A tone with text that is legible on it.
fn tone(colour: RGBColor) -> Tone {
    Tone { colour, text: text_on(colour) }
}

/// Black or white, whichever is legible on `colour`.
pub fn text_on(colour: RGBColor) -> RGBColor {
    // The weights of luma in ITU-R BT.601.
    let luma = 299 * u32::from(colour.0) + 587 * u32::from(colour.1) + 114 * u32::from(colour.2);
    if luma < 132_000 { WHITE } else { RGBColor(0, 0, 0) }
}

/// Curves, bars and holders in these colours: every second surface has a texture, and every marker and dash is another.
fn series(colours: [RGBColor; SERIES], background: RGBColor) -> [Series; SERIES] {
    const MARKERS: [Marker; SERIES] =
        [Marker::Disc, Marker::Square, Marker::Triangle, Marker::Ring, Marker::Diamond, Marker::Cross];
    const DASHES: [Option<(i32, i32)>; SERIES] =
        [None, Some((22, 10)), Some((6, 8)), Some((34, 8)), Some((14, 14)), Some((3, 12))];
    const TEXTURES: [Option<Texture>; SERIES] = [
        None,
        Some(Texture::Hatched),
        Some(Texture::Dotted),
        None,
        Some(Texture::BackHatched),
        Some(Texture::Striped),
    ];
    std::array::from_fn(|index| {
        let colour = colours[index];
        let fill = match TEXTURES[index] {
            Some(texture) => Paint::Textured { texture, back: colour, ink: between(colour, background) },
            None => Paint::Plain(colour),
        };
        Series { colour, fill, text: text_on(colour), marker: MARKERS[index], dash: DASHES[index] }
    })
}

/// The colour two fifths of the way from one to another: a texture that can be told and still lets text be read.
fn between(from: RGBColor, to: RGBColor) -> RGBColor {
    let mix = |from: u8, to: u8| ((u32::from(from) * 3 + u32::from(to) * 2) / 5) as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}
