//! One drawing, from the background up: what plotters draws, and bars.

use crate::chart::bars::{Bars, Patterns, hex};
use crate::chart::look::Look;
use crate::chart::pen::{Surface, background, plotted};
use crate::chart::text::{clean, escape};

/// A picture that is being drawn.
pub struct Canvas {
    size: (u32, u32),
    background: String,
    body: String,
    patterns: Patterns,
}

impl Canvas {
    /// A picture with nothing but its background.
    pub fn new(look: &Look) -> Canvas {
        let size = look.shape.size();
        let body = plotted(size, |surface| background(surface, look.theme.background));
        Canvas { size, background: hex(look.theme.background), body, patterns: Patterns::default() }
    }

    /// Draws with plotters on what is there.
    pub fn paint(&mut self, draw: impl FnOnce(&Surface)) {
        self.body.push_str(&plotted(self.size, draw));
    }

    /// Draws bars on what is there, as a group called `name`.
    pub fn bars(&mut self, name: &str, bars: Bars) {
        bars.write(name, &mut self.body, &mut self.patterns);
    }

    /// How many bytes there are so far.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// The picture as SVG.
    pub fn finish(self, title: &str) -> String {
        let Canvas { size: (width, height), background, body, patterns } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" style=\"background:{background}\">\n<title>{}</title>\n\
             {}{body}</svg>\n",
            escape(&clean(title)),
            patterns.definitions(),
        )
    }
}
