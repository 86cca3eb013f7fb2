//! Bars, written as few SVG paths: one a paint, whatever the number of rectangles.

use crate::chart::text::escape;
use crate::chart::theme::{Paint, Style, Texture};
use plotters::style::RGBColor;
use std::fmt::Write;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

/// The thickness of an outline.
const OUTLINE: i32 = 2;

/// A bar narrower than this shows its filling only, if it has one.
const NARROW: i32 = 4;

/// A bar at least this wide has its outline at its sides, too.
const WIDE: i32 = 8;

/// Rectangles in layers, a layer a paint and meaning, in the order of first use.
#[derive(Clone, Debug, Default)]
pub struct Bars {
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    paint: Paint,
    meaning: &'static str,
    data: String,
    pen: (i32, i32),
    open: Option<Rect>,
}

impl Bars {
    /// Adds a rectangle; one that continues the last of its layer to the right becomes one with it.
    pub fn fill(&mut self, paint: Paint, meaning: &'static str, rect: Rect) {
        if rect.width > 0 && rect.height > 0 {
            self.layer(paint, meaning).add(rect);
        }
    }

    /// Adds the bar of `style`, `width` pixels wide, that stands on `foot` in a lane of that height.
    pub fn bar(&mut self, style: &Style, x: i32, width: i32, foot: i32, lane: i32) {
        let height = style.bar.height(lane);
        let rect = Rect { x, y: foot - height, width, height };
        if let Some(body) = style.body {
            self.fill(body, style.label, rect);
        }
        let too_narrow = style.body.is_some() && width < NARROW;
        if let Some(colour) = style.outline.filter(|_| !too_narrow) {
            self.outline(Paint::Plain(colour), style.label, rect);
        }
    }

    fn outline(&mut self, paint: Paint, meaning: &'static str, rect: Rect) {
        let Rect { x, y, width, height } = rect;
        self.fill(paint, meaning, Rect { height: OUTLINE.min(height), ..rect });
        self.fill(paint, meaning, Rect { y: y + height - OUTLINE, height: OUTLINE, ..rect });
        if width >= WIDE {
            let side = Rect { x, y: y + OUTLINE, width: OUTLINE, height: height - 2 * OUTLINE };
            self.fill(paint, meaning, side);
            self.fill(paint, meaning, Rect { x: x + width - OUTLINE, ..side });
        }
    }

    fn layer(&mut self, paint: Paint, meaning: &'static str) -> &mut Layer {
        let known = self.layers.iter().position(|layer| layer.paint == paint && layer.meaning == meaning);
        let index = known.unwrap_or_else(|| {
            self.layers.push(Layer { paint, meaning, data: String::new(), pen: (0, 0), open: None });
            self.layers.len() - 1
        });
        &mut self.layers[index]
    }

    /// Writes the layers as a group called `name` to `svg`, and the patterns they need to `patterns`.
    pub fn write(mut self, name: &str, svg: &mut String, patterns: &mut Patterns) {
        if self.layers.is_empty() {
            return;
        }
        let _ = writeln!(svg, "<g shape-rendering=\"crispEdges\"><title>{}</title>", escape(name));
        for layer in &mut self.layers {
            layer.close();
            let (fill, meaning) = (patterns.fill(layer.paint), escape(layer.meaning));
            let _ = write!(svg, "<path fill=\"{fill}\" d=\"{}\">", layer.data);
            let _ = writeln!(svg, "<title>{meaning}</title></path>");
        }
        svg.push_str("</g>\n");
    }
}

impl Layer {
    fn add(&mut self, rect: Rect) {
        match &mut self.open {
            Some(open) if (open.y, open.height) == (rect.y, rect.height) && open.x + open.width == rect.x => {
                open.width += rect.width;
            }
            _ => {
                self.close();
                self.open = Some(rect);
            }
        }
    }

    /// Writes the open rectangle, relative to the one before.
    fn close(&mut self) {
        if let Some(Rect { x, y, width, height }) = self.open.take() {
            let (right, down) = (x - self.pen.0, y - self.pen.1);
            let _ = write!(self.data, "m{right},{down}h{width}v{height}h-{width}z");
            self.pen = (x, y);
        }
    }
}

/// The patterns that a picture needs, each once.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    known: Vec<(Texture, RGBColor, RGBColor)>,
}

impl Patterns {
    /// What to write into a `fill` attribute for `paint`.
    pub fn fill(&mut self, paint: Paint) -> String {
        match paint {
            Paint::Plain(colour) => hex(colour),
            Paint::Textured { texture, back, ink } => {
                if !self.known.contains(&(texture, back, ink)) {
                    self.known.push((texture, back, ink));
                }
                format!("url(#{})", name(texture, back, ink))
            }
        }
    }

    /// The definitions of all patterns asked for so far.
    pub fn definitions(&self) -> String {
        let mut definitions = String::from("<defs>\n");
        for (texture, back, ink) in self.known.iter().copied() {
            let (size, drawing) = drawing(texture, &hex(ink));
            let _ = writeln!(
                definitions,
                "<pattern id=\"{}\" width=\"{size}\" height=\"{size}\" patternUnits=\"userSpaceOnUse\">\
                 <rect width=\"{size}\" height=\"{size}\" fill=\"{}\"/>{drawing}</pattern>",
                name(texture, back, ink),
                hex(back),
            );
        }
        definitions.push_str("</defs>\n");
        definitions
    }
}

/// A pattern's identifier: equal patterns of two pictures on one page have equal names, which does no harm.
fn name(texture: Texture, back: RGBColor, ink: RGBColor) -> String {
    format!("gilsim-{texture:?}{}{}", hex(back), hex(ink)).replace('#', "-")
}

/// The size of a texture's tile and what is drawn on it.
fn drawing(texture: Texture, ink: &str) -> (i32, String) {
    let strokes =
        |path: &str| format!("<path d=\"{path}\" stroke=\"{ink}\" stroke-width=\"3\" fill=\"none\"/>");
    match texture {
        Texture::Hatched => (10, strokes("M-2,2l4,-4M-2,12l14,-14M8,12l4,-4")),
        Texture::BackHatched => (10, strokes("M-2,8l4,4M-2,-2l14,14M8,-2l4,4")),
        Texture::Dotted => {
            let dots = "<circle cx=\"2.5\" cy=\"2.5\" r=\"1.7\"/><circle cx=\"7.5\" cy=\"7.5\" r=\"1.7\"/>";
            (10, format!("<g fill=\"{ink}\">{dots}</g>"))
        }
        Texture::Striped => (8, format!("<rect y=\"2\" width=\"8\" height=\"3\" fill=\"{ink}\"/>")),
    }
}

/// A colour as SVG writes it.
pub fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bars: Bars) -> String {
        let mut svg = String::new();
        bars.write("lane", &mut svg, &mut Patterns::default());
        svg
    }

    #[test]
    fn neighbouring_rectangles_of_one_height_become_one() {
        let mut bars = Bars::default();
        let paint = Paint::Plain(RGBColor(0, 0, 0));
        for x in 0..100 {
            bars.fill(paint, "python", Rect { x, y: 5, width: 1, height: 9 });
        }
        bars.fill(paint, "python", Rect { x: 200, y: 4, width: 1, height: 9 });
        assert!(written(bars).contains("d=\"m0,5h100v9h-100zm200,-1h1v9h-1z\""));
    }

    #[test]
    fn a_pattern_is_defined_once() {
        let mut patterns = Patterns::default();
        let (back, ink) = (RGBColor(1, 2, 3), RGBColor(4, 5, 6));
        let paint = Paint::Textured { texture: Texture::Hatched, back, ink };
        assert_eq!(patterns.fill(paint), "url(#gilsim-Hatched-010203-040506)");
        patterns.fill(paint);
        assert_eq!(patterns.definitions().matches("<pattern").count(), 1);
    }
}
