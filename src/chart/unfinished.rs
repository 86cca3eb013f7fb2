//! What did not come to its end: its values say only how far it came. It is crossed out, and the title says so in place of a
//! finding.

use crate::chart::pen::Surface;
use crate::chart::plot::line;
use crate::chart::theme::Theme;

/// How many of some points or runs, by this word, did not come to their end; `None` if all did.
pub fn sentence(are_complete: &[bool], plural: &str) -> Option<String> {
    let (all, unfinished) = (are_complete.len(), are_complete.iter().filter(|complete| !**complete).count());
    let its = if unfinished == 1 { "its" } else { "their" };
    (unfinished > 0).then(|| format!("{unfinished} of {all} {plural} did not come to {its} end"))
}

/// The title of a picture in which something is crossed out.
pub fn title(sentence: &str) -> String {
    format!("{sentence} (crossed out)")
}

/// Crosses out what is drawn at a point.
pub fn cross_out(surface: &Surface, (x, y): (i32, i32), theme: &Theme) {
    const SIZE: i32 = 18;
    line(surface, &[(x - SIZE, y - SIZE), (x + SIZE, y + SIZE)], theme.text, 5);
    line(surface, &[(x - SIZE, y + SIZE), (x + SIZE, y - SIZE)], theme.text, 5);
}
