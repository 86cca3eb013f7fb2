//! SVG to PNG, with the font that comes with the crate and none from the system.

use crate::chart::ChartError;
use resvg::{tiny_skia, usvg};
use std::collections::BTreeMap;
use std::sync::Arc;
use usvg::fontdb;

/// The family of the font that comes with the crate.
pub const FONT_FAMILY: &str = "Noto Sans";

/// No picture may be larger than this in either direction.
const LARGEST_SIDE: u32 = 16_384;

/// A palette has no more colours.
const MOST_COLOURS: usize = 256;

/// The pixels of `svg` as a PNG file, `scale` times as large; the same text gives the same bytes.
///
/// It has a palette: the 256 colours that are the most frequent. What is left over are mixtures at the edges of letters,
/// which take the colour next to theirs.
///
/// # Errors
/// If the text is no picture, or one that is too large.
pub fn png(svg: &str, scale: f64) -> Result<Vec<u8>, ChartError> {
    let image = indexed(&pixels(svg, scale)?);
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, image.width, image.height);
    encoder.set_color(::png::ColorType::Indexed);
    encoder.set_depth(::png::BitDepth::Eight);
    encoder.set_compression(::png::Compression::High);
    // Neighbouring indices are not neighbouring colours, so that differences between them compress worse.
    encoder.set_filter(::png::Filter::NoFilter);
    encoder.set_palette(image.palette);
    let not_encoded = |error: ::png::EncodingError| ChartError::NotEncoded(error.to_string());
    let mut writer = encoder.write_header().map_err(not_encoded)?;
    writer.write_image_data(&image.indices).map_err(not_encoded)?;
    writer.finish().map_err(not_encoded)?;
    Ok(bytes)
}

/// Pixels with a palette.
pub(super) struct Indexed {
    pub width: u32,
    pub height: u32,
    /// The colours, three bytes each.
    pub palette: Vec<u8>,
    /// The colour of each pixel, row by row.
    pub indices: Vec<u8>,
}

/// The pixels of `svg`, `scale` times as large.
pub(super) fn pixels(svg: &str, scale: f64) -> Result<tiny_skia::Pixmap, ChartError> {
    let options = usvg::Options {
        font_family: FONT_FAMILY.to_owned(),
        fontdb: Arc::new(fonts()),
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| ChartError::NotSvg(error.to_string()))?;
    let mut pixels = blank(&tree, scale)?;
    let transform = tiny_skia::Transform::from_scale(scale as f32, scale as f32);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    Ok(pixels)
}

/// The pixels with a palette of the most frequent colours.
pub(super) fn indexed(pixels: &tiny_skia::Pixmap) -> Indexed {
    let colour = |pixel: &tiny_skia::PremultipliedColorU8| [pixel.red(), pixel.green(), pixel.blue()];
    let mut counts: BTreeMap<[u8; 3], usize> = BTreeMap::new();
    pixels.pixels().iter().for_each(|pixel| *counts.entry(colour(pixel)).or_default() += 1);
    let mut colours: Vec<[u8; 3]> = counts.keys().copied().collect();
    colours.sort_by_key(|colour| std::cmp::Reverse(counts[colour]));
    colours.truncate(MOST_COLOURS);
    let index_of: BTreeMap<[u8; 3], u8> =
        counts.keys().map(|colour| (*colour, nearest(&colours, *colour))).collect();
    Indexed {
        width: pixels.width(),
        height: pixels.height(),
        indices: pixels.pixels().iter().map(|pixel| index_of[&colour(pixel)]).collect(),
        palette: colours.concat(),
    }
}

/// Which of these colours is the closest.
fn nearest(colours: &[[u8; 3]], colour: [u8; 3]) -> u8 {
    let distance = |other: &[u8; 3]| -> u32 {
        other.iter().zip(colour).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    let closest = (0..colours.len()).min_by_key(|index| distance(&colours[*index]));
    closest.unwrap_or(0) as u8
}

/// A picture of the size of `tree`, `scale` times as large, still transparent.
fn blank(tree: &usvg::Tree, scale: f64) -> Result<tiny_skia::Pixmap, ChartError> {
    let size = tree.size();
    let scaled = |length: f32| (f64::from(length) * scale).round() as u32;
    let (width, height) = (scaled(size.width()), scaled(size.height()));
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
        assert!(matches!(png("no picture", 1.0), Err(ChartError::NotSvg(_))));
        let huge = r#"<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="9"/>"#;
        assert!(matches!(png(huge, 1.0), Err(ChartError::TooLarge { width: 99_999, .. })));
    }
}
