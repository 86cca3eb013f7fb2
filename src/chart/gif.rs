//! Steps as an animated GIF.

use crate::chart::ChartError;
use crate::chart::png::{Indexed, indexed, pixels};

/// How long a step is shown, in hundredths of a second.
const STEP: u16 = 180;

/// How long the last one is.
const LAST: u16 = 400;

/// The pictures one after the other, `scale` times as large, again and again; the same texts give the same bytes.
///
/// # Errors
/// If a text is no picture, or one that is too large.
pub fn gif(svgs: &[&str], scale: f64) -> Result<Vec<u8>, ChartError> {
    let not_encoded = |error: ::gif::EncodingError| ChartError::NotEncoded(error.to_string());
    let mut bytes = Vec::new();
    let Some(first) = svgs.first() else { return Ok(bytes) };
    let size = |svg: &str| pixels(svg, scale).map(|pixels| (pixels.width() as u16, pixels.height() as u16));
    let (width, height) = size(first)?;
    let mut encoder = ::gif::Encoder::new(&mut bytes, width, height, &[]).map_err(not_encoded)?;
    encoder.set_repeat(::gif::Repeat::Infinite).map_err(not_encoded)?;
    for (index, svg) in svgs.iter().enumerate() {
        let Indexed { width, height, palette, indices } = indexed(&pixels(svg, scale)?);
        let frame = ::gif::Frame {
            delay: if index + 1 == svgs.len() { LAST } else { STEP },
            width: width as u16,
            height: height as u16,
            palette: Some(palette),
            buffer: indices.into(),
            ..::gif::Frame::default()
        };
        encoder.write_frame(&frame).map_err(not_encoded)?;
    }
    drop(encoder);
    Ok(bytes)
}
