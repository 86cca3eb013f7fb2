//! What charts promise to whoever puts them on a slide.

mod colours;
mod kinds;
mod timeline;

/// How many elements a picture has.
fn elements(svg: &str) -> usize {
    svg.matches('<').count() - svg.matches("</").count()
}

/// The sizes of all texts of a picture.
fn font_sizes(svg: &str) -> Vec<f64> {
    svg.split("font-size=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
}
