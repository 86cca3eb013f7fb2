//! What stands around every chart: the finding above, and below where it comes from.

use crate::chart::look::Look;
use crate::chart::pen::{Align, Surface, write};
use crate::chart::text::{Font, clean};

/// The space left free at the edges of a picture.
pub const MARGIN: i32 = 26;

/// The smallest text of a picture.
pub const SMALL: Font = Font::regular(24);

/// Most labels.
pub const LABEL: Font = Font::regular(25);

const TITLE_LINE: i32 = 54;
const TITLE_FONTS: [Font; 2] = [Font::bold(44), Font::bold(40)];
const FOOTER_LINE: i32 = 32;

/// Title and footer of a picture, and what they leave for the chart.
pub struct Frame {
    /// The width of the picture.
    pub width: i32,
    /// The first line below the title.
    pub top: i32,
    /// The last line above the footer.
    pub bottom: i32,
    title: (Font, Vec<String>),
    footer: Vec<String>,
    height: i32,
}

impl Frame {
    /// The frame of a chart that shows `finding` and comes from what `footer` says.
    pub fn new(finding: &str, footer: &str, look: &Look) -> Frame {
        let (width, height) = look.shape.size();
        let (width, height) = (width as i32, height as i32);
        let title = title_lines(&clean(look.title.as_deref().unwrap_or(finding)), width - 2 * MARGIN);
        let footer = if look.footer { SMALL.wrap(&clean(footer), width - 2 * MARGIN, 2) } else { Vec::new() };
        let top = 32 + title.1.len() as i32 * TITLE_LINE;
        let bottom = height - 20 - footer.len() as i32 * FOOTER_LINE;
        Frame { width, top, bottom, title, footer, height }
    }

    /// How wide a text may be.
    pub fn room(&self) -> i32 {
        self.width - 2 * MARGIN
    }

    /// The title as one line.
    pub fn title(&self) -> String {
        self.title.1.join(" ")
    }

    /// Writes title and footer.
    pub fn write(&self, surface: &Surface, look: &Look) {
        let theme = &look.theme;
        for (index, line) in self.title.1.iter().enumerate() {
            let baseline = 10 + (index as i32 + 1) * TITLE_LINE;
            write(surface, line, self.title.0, theme.text, (MARGIN, baseline), Align::Left);
        }
        for (index, line) in self.footer.iter().rev().enumerate() {
            let baseline = self.height - 24 - index as i32 * FOOTER_LINE;
            write(surface, line, SMALL, theme.muted, (MARGIN, baseline), Align::Left);
        }
    }
}

/// The title in the largest font in which it fits on two lines.
fn title_lines(title: &str, room: i32) -> (Font, Vec<String>) {
    let [large, small] = TITLE_FONTS;
    let lines = large.wrap(title, room, 2);
    let whole = lines.concat().chars().filter(|character| *character != ' ').count();
    let cut = whole < title.chars().filter(|character| *character != ' ').count();
    if cut || lines.iter().any(|line| line.ends_with('…')) {
        return (small, small.wrap(title, room, 2));
    }
    (large, lines)
}
