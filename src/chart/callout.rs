//! What a chart points at: at most three moments, named above the lanes and never over a bar.

use crate::chart::frame::{MARGIN, SMALL};
use crate::chart::grid::Grid;
use crate::chart::pen::{Align, Surface, write};
use crate::chart::text::clean;
use crate::chart::theme::Theme;
use crate::chart::words::Words;
use crate::des::Time;
use crate::experiment::Recording;
use crate::trace::{Mark, Window};
use plotters::element::{PathElement, Polygon};
use plotters::style::Color;
use std::ops::Range;

/// The height of the row in which callouts stand.
pub const HEIGHT: i32 = 40;

/// No picture has more.
const MOST: usize = 3;

/// Fewer failed acquisitions in one column are no battle.
const BATTLE: u32 = 2;

/// Something that is pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callout {
    /// What it is.
    pub text: String,
    /// Where it begins.
    pub from: Time,
    /// Where it ends; where it begins if it is a moment.
    pub to: Time,
}

/// The longest wait for the GIL, the worst battle and the first forced drop of some runs, each with the index of its run.
pub fn of_recordings(recordings: &[Recording], words: &Words) -> Vec<(usize, Callout)> {
    let found =
        [longest_wait(recordings, words), worst_battle(recordings, words), first_forced(recordings, words)];
    found.into_iter().flatten().take(MOST).collect()
}

fn longest_wait(recordings: &[Recording], words: &Words) -> Option<(usize, Callout)> {
    let waits = recordings
        .iter()
        .enumerate()
        .filter_map(|(index, recording)| Some((index, recording.waits.longest()?)));
    let (index, wait) = waits.max_by_key(|(index, wait)| (wait.length(), std::cmp::Reverse(*index)))?;
    let name = &recordings[index].run.thread_names.get(wait.thread)?;
    let text = format!("{}: {name}, {}", words.say("longest wait"), wait.length());
    Some((index, Callout { text, from: wait.from, to: wait.to }))
}

fn worst_battle(recordings: &[Recording], words: &Words) -> Option<(usize, Callout)> {
    let mut worst: Option<(u32, usize, usize, usize)> = None;
    for (index, recording) in recordings.iter().enumerate() {
        for lane in 0..recording.timeline.threads().len() {
            for column in 0..recording.timeline.window().columns {
                let count = recording.timeline.count(Mark::FailedAcquisition, lane, column);
                if count >= BATTLE && worst.is_none_or(|(most, ..)| count > most) {
                    worst = Some((count, index, lane, column));
                }
            }
        }
    }
    let (count, index, lane, column) = worst?;
    let (window, name) = (recordings[index].timeline.window(), &recordings[index].lanes.names[lane]);
    let text = format!(
        "{}: {name}, {count} {} {}",
        words.say("worst battle"),
        words.say("in vain within"),
        window.column_length(column)
    );
    let (from, to) = (window.column_start(column), window.column_start(column + 1));
    Some((index, Callout { text, from, to }))
}

fn first_forced(recordings: &[Recording], words: &Words) -> Option<(usize, Callout)> {
    let drops = recordings
        .iter()
        .enumerate()
        .filter_map(|(index, recording)| Some((index, recording.waits.first_forced()?)));
    let (index, drop) = drops.min_by_key(|(index, drop)| (drop.at, *index))?;
    let name = &recordings[index].run.thread_names.get(drop.thread)?;
    let text = format!("{}: {name}", words.say("first forced drop"));
    Some((index, Callout { text, from: drop.at, to: drop.at }))
}

/// Draws callouts above the lanes of `grid`: their texts on one line, those that would touch another left out.
pub fn draw(
    surface: &Surface,
    callouts: &[Callout],
    grid: &Grid,
    window: &Window,
    baseline: i32,
    width: i32,
    theme: &Theme,
) {
    let mut taken: Vec<Range<i32>> = Vec::new();
    for callout in callouts {
        let at = |time: Time| grid.place_of(time, window);
        let (from, to) = (at(callout.from), at(callout.to));
        let text = clean(&callout.text);
        let length = SMALL.width(&text);
        let tip = (from + to) / 2;
        let choices = [tip + 16, tip - 16 - length, to + 16, from - 16 - length, tip - length / 2];
        let fits = |start: &i32| {
            let range = start - 14..start + length + 14;
            *start >= MARGIN
                && start + length <= width - MARGIN
                && taken.iter().all(|other| range.end <= other.start || other.end <= range.start)
        };
        let Some(start) = choices.into_iter().find(fits) else { continue };
        taken.push(start.min(tip - 14)..(start + length).max(tip + 14));
        write(surface, &text, SMALL, theme.text, (start, baseline), Align::Left);
        draw_pointer(surface, (from, tip, to), baseline, theme);
    }
}

/// A bracket over what lasts, and a tip that points down to its middle.
fn draw_pointer(surface: &Surface, (from, tip, to): (i32, i32, i32), baseline: i32, theme: &Theme) {
    let line = baseline + 10;
    if to - from > 8 {
        let bracket = vec![(from, line + 6), (from, line), (to, line), (to, line + 6)];
        let _ = surface.draw(&PathElement::new(bracket, theme.text.stroke_width(2)));
    }
    let tip = vec![(tip - 9, line - 12), (tip + 9, line - 12), (tip, line + 4)];
    let _ = surface.draw(&Polygon::new(tip, theme.text.filled()));
}
