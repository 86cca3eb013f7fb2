//! What the user chooses about a picture, whatever it shows.

use crate::chart::theme::Theme;
use crate::chart::words::Words;

/// How a picture is to look.
#[derive(Clone, Debug)]
pub struct Look {
    /// Its colours.
    pub theme: Theme,
    /// Its proportions.
    pub shape: Shape,
    /// A title in place of the finding.
    pub title: Option<String>,
    /// Whether it says at the bottom where it comes from.
    pub footer: bool,
    /// Its words in another language.
    pub words: Words,
}

impl Default for Look {
    fn default() -> Look {
        Look { theme: Theme::light(), shape: Shape::Wide, title: None, footer: true, words: Words::default() }
    }
}

/// The proportions of a picture. All are 1080 pixels high, so that texts are as large on every slide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// 16:9.
    Wide,
    /// 4:3.
    Classic,
    /// 1:1.
    Square,
}

impl Shape {
    /// Width and height in pixels.
    pub fn size(self) -> (u32, u32) {
        match self {
            Shape::Wide => (1920, 1080),
            Shape::Classic => (1440, 1080),
            Shape::Square => (1080, 1080),
        }
    }
}
