//! Texts and lines, drawn by plotters.

use crate::chart::png::FONT_FAMILY;
use crate::chart::text::{Font, clean, with_micro};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, Rectangle, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, TextStyle};

/// The surface that plotters draws on.
pub type Surface<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Where the given coordinate of a text lies.
pub use plotters::style::text_anchor::HPos as Align;

/// plotters writes font sizes divided by this; most sizes (not 26, 27 and 30) come out exactly.
const PLOTTERS_SCALE: f64 = 1.24;

/// plotters puts the baseline this many font sizes below the top of a text.
const ASCENT: f64 = 0.76;

/// What `draw` draws with plotters on a surface of that size, as SVG elements without the `<svg>` around them.
pub fn plotted(size: (u32, u32), draw: impl FnOnce(&Surface)) -> String {
    let mut document = String::new();
    draw(&SVGBackend::with_string(&mut document, size).into_drawing_area());
    let inner = document.split_once('\n').map_or("", |(_, rest)| rest);
    inner.trim_end().trim_end_matches("</svg>").to_owned()
}

/// The text style of plotters for `font`.
pub fn style(font: Font, colour: RGBColor) -> TextStyle<'static> {
    const FAMILIES: &str = "Noto Sans, DejaVu Sans, Arial, sans-serif";
    debug_assert!(FAMILIES.starts_with(FONT_FAMILY));
    let weight = if font.bold { FontStyle::Bold } else { FontStyle::Normal };
    let size = f64::from(font.size) * PLOTTERS_SCALE;
    let font = FontDesc::new(FontFamily::Name(FAMILIES), size, weight);
    TextStyle { color: colour.to_backend_color(), ..TextStyle::from(font) }
}

/// Writes `text` with its baseline at `baseline`, and `x` at its left, right or middle.
pub fn write(surface: &Surface, text: &str, font: Font, colour: RGBColor, at: (i32, i32), align: HPos) {
    let top = at.1 - (f64::from(font.size) * ASCENT).round() as i32;
    let style = style(font, colour).pos(Pos::new(align, VPos::Top));
    // The surface is a string in memory: there is nothing that can fail.
    let _ = surface.draw_text(&with_micro(&clean(text)), &style, (at.0, top));
}

/// Fills the whole surface.
pub fn background(surface: &Surface, colour: RGBColor) {
    let _ = surface.fill(&colour.to_rgba());
}

/// Clears a rectangle to `colour`: its upper left corner, and its width and height.
pub fn clear(surface: &Surface, colour: RGBColor, at: (i32, i32), size: (i32, i32)) {
    let _ = surface.draw(&Rectangle::new([at, (at.0 + size.0, at.1 + size.1)], colour.filled()));
}
