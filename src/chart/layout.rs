//! Which lanes are shown, and where.

use crate::chart::callout;
use crate::chart::lane::Place;

/// Lanes are never nearer to each other than this: their labels must be legible.
const LEAST_PITCH: i32 = 34;

/// The most that one lane of a thread takes.
const MOST_THREAD_PITCH: i32 = 220;

/// The most that one lane of a core takes.
const MOST_CORE_PITCH: i32 = 100;

/// The height of a panel's title.
const TITLE: i32 = 46;

/// The space between two panels.
const GAP: i32 = 14;

/// A picture never shows more lanes than this.
const MOST_ROWS: usize = 24;

/// The fewest rows that a panel gets.
const LEAST_ROWS: usize = 2;

/// What a panel would like to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// How many threads there are.
    pub threads: usize,
    /// How many cores there are.
    pub cores: usize,
    /// Whether something is to be pointed at.
    pub callouts: bool,
}

/// What stands in one row of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The lane of a thread.
    Thread(usize),
    /// The lane of a core.
    Core(usize),
    /// A remark on what is not shown.
    Note(String),
}

/// A row and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What stands there.
    pub content: Content,
    /// Where its lane lies.
    pub place: Place,
}

/// Where a panel lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelPlace {
    /// The baseline of the panel's title.
    pub title: i32,
    /// The baseline of its callouts, if it has any.
    pub callouts: Option<i32>,
    /// The panel's rows, from top to bottom.
    pub rows: Vec<Row>,
}

/// Where everything between title and legend lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The panels that are shown.
    pub panels: Vec<PanelPlace>,
    /// The time axis.
    pub axis: i32,
}

/// Places panels with those demands between `top` and `bottom`.
pub fn plan(demands: &[Demand], top: i32, bottom: i32) -> Layout {
    let pointing = if demands.iter().any(|demand| demand.callouts) { callout::HEIGHT } else { 0 };
    let least = TITLE + GAP + pointing + LEAST_ROWS as i32 * LEAST_PITCH;
    let shown = demands.len().min(((bottom - top) / least).max(1) as usize);
    let pointing = demands[..shown].iter().filter(|demand| demand.callouts).count();
    let space = bottom - top - shown as i32 * (TITLE + GAP) - pointing as i32 * callout::HEIGHT;
    let budget = ((space / LEAST_PITCH).max(0) as usize).min(MOST_ROWS);
    let mut contents: Vec<Vec<Content>> = demands
        .iter()
        .zip(quotas(&demands[..shown], budget))
        .map(|(demand, quota)| rows(*demand, quota))
        .collect();
    if let Some(last) = contents.last_mut().filter(|_| demands.len() > shown) {
        last.pop();
        last.push(Content::Note(format!("… and {}", counted(demands.len() - shown, "more run"))));
    }
    let callouts: Vec<bool> = demands[..shown].iter().map(|demand| demand.callouts).collect();
    place(contents, &callouts, top, space)
}

/// How many rows each panel gets: one at a time to everyone who still wants one.
fn quotas(demands: &[Demand], budget: usize) -> Vec<usize> {
    let wanted = |demand: &Demand| demand.threads.saturating_add(demand.cores);
    let mut quotas: Vec<usize> = demands.iter().map(|demand| wanted(demand).min(LEAST_ROWS)).collect();
    let mut left = budget.saturating_sub(quotas.iter().sum());
    loop {
        let before = left;
        for (quota, demand) in quotas.iter_mut().zip(demands) {
            if left > 0 && *quota < wanted(demand) {
                *quota += 1;
                left -= 1;
            }
        }
        if left == before {
            return quotas;
        }
    }
}

/// What a panel with `quota` rows shows: everything, or the first threads and cores and a note on the rest.
fn rows(demand: Demand, quota: usize) -> Vec<Content> {
    let Demand { threads, cores, .. } = demand;
    let threads_then_cores =
        |threads: usize, cores: usize| (0..threads).map(Content::Thread).chain((0..cores).map(Content::Core));
    if threads.saturating_add(cores) <= quota {
        return threads_then_cores(threads, cores).collect();
    }
    let lanes = quota.saturating_sub(1);
    let shown_threads = threads.min(lanes - cores.min(lanes / 4));
    let shown_cores = cores.min(lanes - shown_threads);
    let mut rows: Vec<Content> = threads_then_cores(shown_threads, shown_cores).collect();
    let hidden = [(threads - shown_threads, "more thread"), (cores - shown_cores, "more core")];
    let hidden = hidden.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(count, what));
    rows.push(Content::Note(format!("… and {}", hidden.collect::<Vec<_>>().join(", "))));
    rows
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Spreads the rows over `space` pixels, not counting the titles.
fn place(contents: Vec<Vec<Content>>, callouts: &[bool], top: i32, space: i32) -> Layout {
    let count =
        |wanted: fn(&Content) -> bool| contents.iter().flatten().filter(|row| wanted(row)).count() as i32;
    let threads = count(|row| matches!(row, Content::Thread(_)));
    let cores = count(|row| matches!(row, Content::Core(_)));
    let notes = count(|row| matches!(row, Content::Note(_)));
    let free = space - notes * LEAST_PITCH;
    let core = (free * 6 / (threads * 10 + cores * 6).max(1)).clamp(LEAST_PITCH, MOST_CORE_PITCH);
    let thread = ((free - cores * core) / threads.max(1)).clamp(LEAST_PITCH, MOST_THREAD_PITCH);
    let pitch = |row: &Content| match row {
        Content::Thread(_) => thread,
        Content::Core(_) => core,
        Content::Note(_) => LEAST_PITCH,
    };
    let slack = free - threads * thread - cores * core;
    let mut y = top + slack.max(0) / 2;
    let mut panels = Vec::new();
    for (content, has_callouts) in contents.into_iter().zip(callouts) {
        let title = y + TITLE - 14;
        y += TITLE;
        let callouts = has_callouts.then_some(y + callout::HEIGHT - 18);
        y += if *has_callouts { callout::HEIGHT } else { 0 };
        let rows = content.into_iter().map(|content| {
            y += pitch(&content);
            Row { place: place_of(&content, y, pitch(&content)), content }
        });
        panels.push(PanelPlace { title, callouts, rows: rows.collect() });
        y += GAP;
    }
    Layout { panels, axis: y }
}

/// The lane in a row of that pitch that ends at `bottom`; a core needs no room for ticks.
fn place_of(content: &Content, bottom: i32, pitch: i32) -> Place {
    let below = pitch / 12;
    let tick = if matches!(content, Content::Thread(_)) { (pitch / 5).max(8) } else { pitch / 10 };
    let space_above = (pitch / 16).max(2);
    Place { foot: bottom - below, bar: pitch - below - tick - space_above, tick }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(threads: usize, cores: usize) -> Demand {
        Demand { threads, cores, callouts: threads == 1 }
    }

    #[test]
    fn what_fits_is_shown_whole() {
        let layout = plan(&[demand(2, 2), demand(1, 2)], 100, 900);
        let counts: Vec<usize> = layout.panels.iter().map(|panel| panel.rows.len()).collect();
        assert_eq!(counts, [4, 3]);
        assert!(layout.axis <= 900);
    }

    #[test]
    fn what_does_not_fit_is_counted_in_a_note() {
        let layout = plan(&[demand(40, 8)], 100, 900);
        let rows = &layout.panels[0].rows;
        let threads = rows.iter().filter(|row| matches!(row.content, Content::Thread(_))).count();
        let cores = rows.iter().filter(|row| matches!(row.content, Content::Core(_))).count();
        let note = format!("… and {} more threads, {} more core", 40 - threads, 8 - cores);
        let Content::Note(text) = &rows[rows.len() - 1].content else { panic!("no note") };
        assert!(text.starts_with(&note), "{text}");
        assert!(layout.axis <= 900);
    }

    #[test]
    fn nothing_overlaps_whatever_is_asked_for() {
        for demands in [
            vec![demand(5000, 64); 3],
            vec![demand(1, 1); 50],
            vec![demand(0, 0)],
            vec![],
            vec![demand(1, 0)],
        ] {
            let layout = plan(&demands, 130, 860);
            let feet: Vec<i32> =
                layout.panels.iter().flat_map(|panel| &panel.rows).map(|row| row.place.foot).collect();
            assert!(feet.windows(2).all(|pair| pair[1] - pair[0] >= 30), "{feet:?}");
            for panel in &layout.panels {
                let top = panel.rows.first().map(|row| row.place.foot - row.place.bar - row.place.tick);
                let below = panel.callouts.is_none_or(|callouts| top.is_none_or(|top| callouts + 14 <= top));
                assert!(below, "callouts stand on the lanes of {panel:?}");
            }
            assert!(layout.axis <= 860, "{demands:?}: {}", layout.axis);
            assert!(feet.len() <= MOST_ROWS);
        }
    }
}
