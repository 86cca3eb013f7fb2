//! Floor 6: pictures for a lecture hall.
//!
//! A file a kind of chart in [`kinds`], over one theme. A kind answers a [`Request`] with pictures: SVG 1080 pixels high
//! without any text under 24 pixels, in which text stays text. [`png()`] turns one into pixels with the font that comes
//! with the crate, so that no font need be installed. The same input gives the same bytes.
//!
//! Axes, curves and texts are drawn by plotters; bars are written as paths (see `bars`), because a picture with an
//! element a rectangle would be too large to open.

mod bar_chart;
mod bars;
mod callout;
mod canvas;
mod cdf;
mod column;
pub mod comparison;
mod frame;
mod front;
mod gif;
mod grid;
pub mod kinds;
mod lane;
mod layout;
mod legend;
pub mod look;
mod narration;
pub mod overview;
mod pen;
mod plot;
pub mod png;
mod points;
mod quantity;
pub mod request;
mod scale;
mod strips;
pub mod terminal;
mod text;
pub mod theme;
mod themes;
mod time_axis;
pub mod tuned;
mod unfinished;
pub mod words;

pub use gif::gif;
pub use kinds::timeline::{Panel, TimelineChart, columns, draw};
pub use kinds::{KINDS, named};
pub use look::{Look, Shape};
pub use png::png;
pub use request::{Kind, Lanes, Picture, Refusal, Request};
pub use theme::Theme;
pub use words::Words;

/// Why a chart could not be turned into pixels.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The text is not an SVG picture.
    #[error("not an SVG picture: {0}")]
    NotSvg(String),
    /// The picture is too large to be held in memory.
    #[error("a picture of {width} x {height} pixels is too large")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The pixels could not be written as PNG or GIF.
    #[error("cannot write the picture: {0}")]
    NotEncoded(String),
}
