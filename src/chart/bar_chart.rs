//! Bars that lie on their side, a line each: a name, a bar with its confidence interval, and what there is to say of it.

use crate::chart::bars::{Bars, Rect};
use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN};
use crate::chart::look::Look;
use crate::chart::pen::{Align, write};
use crate::chart::plot::line;
use crate::chart::request::{Picture, footer, means};
use crate::chart::scale::Scale;
use crate::chart::text::{Font, clean};
use crate::chart::unfinished;
use crate::experiment::Estimate;

/// A picture never shows more bars.
const MOST: usize = 12;

const NAME: Font = Font::regular(32);
const VALUE: Font = Font::bold(34);

/// The room behind a bar for its label.
const BEHIND: i32 = 420;

/// A bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What stands before it.
    pub name: String,
    /// How long it is; `None` if there is no telling.
    pub value: Option<Estimate>,
    /// What stands behind it.
    pub label: String,
    /// Whether others are compared with it.
    pub is_reference: bool,
    /// Whether what it shows came to its end.
    pub is_complete: bool,
}

/// A picture of bars.
#[derive(Clone, Debug)]
pub struct BarChart {
    /// The finding, if all came to their end.
    pub title: String,
    /// Where the picture comes from.
    pub footer: String,
    /// The bars, from above.
    pub bars: Vec<Bar>,
    /// What the bar of a reference means, and that of another.
    pub meanings: [&'static str; 2],
}

/// Where a picture of runs with these fingerprints comes from, each carried out so often.
pub fn footer_of_bars(
    id: &str,
    seed: u64,
    replications: usize,
    fingerprints: impl Iterator<Item = u64>,
) -> String {
    let footer = footer(id, seed, fingerprints);
    match replications {
        1 => footer,
        count => format!("{footer} - {}, strokes: 95 % confidence", means(count)),
    }
}

impl BarChart {
    /// How many bars there is no room for.
    pub fn hidden(&self) -> usize {
        self.bars.len().saturating_sub(MOST)
    }

    /// Draws the picture.
    pub fn draw(&self, look: &Look) -> Picture {
        let are_complete: Vec<bool> = self.bars.iter().map(|bar| bar.is_complete).collect();
        let unfinished = unfinished::sentence(&are_complete, "runs");
        let title = unfinished.as_deref().map_or_else(|| self.title.clone(), unfinished::title);
        let frame = Frame::new(&title, &self.footer, look);
        let shown = &self.bars[..self.bars.len() - self.hidden()];
        let widest = shown.iter().map(|bar| NAME.width(&clean(&bar.name))).max().unwrap_or(0);
        let left = (MARGIN + widest + 24).min(frame.width * 2 / 5);
        let (top, bottom) = (frame.top + 30, frame.bottom - 20);
        let pitch = ((bottom - top) / shown.len().max(1) as i32).min(230);
        let top = top + (bottom - top - pitch * shown.len() as i32) / 2;
        let all = self.bars.iter().filter_map(|bar| bar.value.as_ref());
        let most = all.map(|value| value.mean + value.half_width.unwrap_or(0.0)).fold(0.0, f64::max);
        let scale = Scale::linear(0.0, most.max(f64::MIN_POSITIVE), (left, frame.width - MARGIN - BEHIND));
        let mut canvas = Canvas::new(look);
        let mut bars = Bars::default();
        let height = (pitch * 3 / 5).min(140);
        let place = |index: usize| top + index as i32 * pitch + (pitch - height) / 2;
        for (index, bar) in shown.iter().enumerate() {
            let Some(value) = &bar.value else { continue };
            let other = usize::from(!bar.is_reference);
            let width = (scale.at(value.mean) - left).max(2);
            let rect = Rect { x: left, y: place(index), width, height };
            bars.fill(look.theme.series(other).fill, self.meanings[other], rect);
        }
        canvas.bars("bars", bars);
        canvas.paint(|surface| {
            line(surface, &[(left, top), (left, top + pitch * shown.len() as i32)], look.theme.axis, 3);
            for (index, bar) in shown.iter().enumerate() {
                let middle = place(index) + height / 2;
                let name = NAME.fit(&clean(&bar.name), left - MARGIN - 20);
                write(surface, &name, NAME, look.theme.text, (left - 20, middle + 12), Align::Right);
                let Some(value) = &bar.value else {
                    write(
                        surface,
                        "\u{2013}",
                        VALUE,
                        look.theme.muted,
                        (left + 20, middle + 12),
                        Align::Left,
                    );
                    continue;
                };
                let mut end = scale.at(value.mean);
                if !bar.is_complete {
                    unfinished::cross_out(surface, (end, middle), &look.theme);
                    end += 20;
                }
                if let Some(half_width) = value.half_width.filter(|half_width| *half_width > 0.0) {
                    let (low, high) = (scale.at(value.mean - half_width), scale.at(value.mean + half_width));
                    line(surface, &[(low, middle), (high, middle)], look.theme.text, 4);
                    for x in [low, high] {
                        line(surface, &[(x, middle - 14), (x, middle + 14)], look.theme.text, 4);
                    }
                    end = end.max(high);
                }
                write(surface, &bar.label, VALUE, look.theme.text, (end + 20, middle + 12), Align::Left);
            }
            frame.write(surface, look);
        });
        Picture { unfinished, ..Picture::of(canvas.finish(&frame.title())) }
    }
}
