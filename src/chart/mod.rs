//! Floor 6: pictures for a lecture hall.
//!
//! A file a chart, over one [`theme`]: [`timeline`] draws what every thread and core did. A chart is an SVG of
//! 1920 x 1080 without any text under 24 px, in which text stays text; [`png()`] turns it into pixels with the font
//! that comes with the crate, so that no font need be installed. The same input gives the same bytes.
//!
//! Axes and texts are drawn by plotters; the bars of a timeline are written as paths (see `bars`), because a
//! picture with an element a rectangle would be too large to open.

mod axis;
mod bars;
mod column;
mod grid;
mod lane;
mod layout;
mod legend;
mod pen;
pub mod png;
mod text;
pub mod theme;
pub mod timeline;

pub use png::png;
pub use theme::Theme;
pub use timeline::{COLUMNS, Panel, TimelineChart, draw};

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
    /// The pixels could not be written as PNG.
    #[error("cannot write PNG: {0}")]
    NotEncoded(String),
}
