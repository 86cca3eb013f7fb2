//! SVG to PNG, with the font that comes with the crate and none from the system.

use crate::chart::ChartError;
use resvg::{tiny_skia, usvg};
use std::sync::Arc;
use usvg::fontdb;

/// The family of the font that comes with the crate.
pub const FONT_FAMILY: &str = "Noto Sans";

/// No picture may be larger than this in either direction.
const LARGEST_SIDE: u32 = 16_384;

/// The pixels of `svg` as a PNG file; the same text gives the same bytes.
pub fn png(svg: &str) -> Result<Vec<u8>, ChartError> {
    let options = usvg::Options {
        font_family: FONT_FAMILY.to_owned(),
        fontdb: Arc::new(fonts()),
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| ChartError::NotSvg(error.to_string()))?;
    let mut pixels = blank(&tree)?;
    resvg::render(&tree, tiny_skia::Transform::identity(), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| ChartError::NotEncoded(error.to_string()))
}

/// A picture of the size of `tree`, still transparent.
fn blank(tree: &usvg::Tree) -> Result<tiny_skia::Pixmap, ChartError> {
    let size = tree.size().to_int_size();
    let (width, height) = (size.width(), size.height());
    let too_large = ChartError::TooLarge { width, height };
    if width > LARGEST_SIDE || height > LARGEST_SIDE {
        return Err(too_large);
    }
    tiny_skia::Pixmap::new(width, height).ok_or(too_large)
}

/// Noto Sans, regular and bold, under its own name and as the sans-serif of every picture.
fn fonts() -> fontdb::Database {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(notosans::REGULAR_TTF)));
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(notosans::BOLD_TTF)));
    fonts.set_sans_serif_family(FONT_FAMILY);
    fonts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_are_known_by_their_family() {
        let fonts = fonts();
        assert_eq!(fonts.faces().count(), 2);
        assert!(fonts.faces().all(|face| face.families.iter().any(|(name, _)| name == FONT_FAMILY)));
    }

    #[test]
    fn what_is_not_a_picture_is_refused() {
        assert!(matches!(png("no picture"), Err(ChartError::NotSvg(_))));
        let huge = r#"<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="9"/>"#;
        assert!(matches!(png(huge), Err(ChartError::TooLarge { width: 99_999, .. })));
    }
}
