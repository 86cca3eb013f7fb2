//! The legend: only what occurs.

use crate::chart::bars::{Bars, Rect};
use crate::chart::lane::{CORE_BUSY, DROP_REQUEST};
use crate::chart::look::Look;
use crate::chart::pen::{Align, Surface, write};
use crate::chart::request::Lanes;
use crate::chart::text::Font;
use crate::chart::theme::{Paint, Theme};
use crate::trace::{Mark, ThreadState, Timeline};

/// The height of a row of the legend.
pub const ROW: i32 = 44;

const FONT: Font = Font::regular(25);
const SWATCH: i32 = 48;
const SWATCH_HEIGHT: i32 = 26;
const SWATCH_TICK: i32 = 8;
const GAP: i32 = 12;
const BETWEEN: i32 = 36;

/// The legend's words for a column that holds several states.
pub const SHARES: &str = "stacked: shares of time";

/// In the order of the legend.
const STATES: [ThreadState; ThreadState::COUNT] = [
    ThreadState::RunsPython,
    ThreadState::RunsCHoldingGil,
    ThreadState::RunsWithoutGil,
    ThreadState::InKernel,
    ThreadState::WaitsForGil,
    ThreadState::FailedAcquisition,
    ThreadState::ForcedSwitch,
    ThreadState::Runnable,
    ThreadState::BlockedOnLock,
    ThreadState::BlockedOnIo,
    ThreadState::Sleeping,
    ThreadState::NotStarted,
    ThreadState::Done,
];

/// What the legend explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    State(ThreadState),
    DropRequest,
    Core,
    Shares,
}

/// An entry and where it stands: its row and its left edge.
type Placed = (Entry, usize, i32);

/// The entries of a legend in rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legend {
    placed: Vec<Placed>,
    rows: usize,
}

/// What occurs in the timelines of a chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Occurring {
    states: [bool; ThreadState::COUNT],
    failures: bool,
    requests: bool,
    cores: bool,
    mixed_columns: usize,
    columns: usize,
}

impl Occurring {
    fn look_at(&mut self, timeline: &Timeline, lanes: Lanes) {
        self.cores |= !timeline.cores().is_empty() && lanes != Lanes::Threads;
        if lanes == Lanes::Cores {
            return;
        }
        for (thread, lane) in timeline.threads().iter().enumerate() {
            for column in 0..timeline.window().columns {
                let shares = lane.column(column);
                let mut count = 0;
                for (seen, share) in self.states.iter_mut().zip(shares) {
                    *seen |= !share.is_zero();
                    count += usize::from(!share.is_zero());
                }
                self.columns += 1;
                self.mixed_columns += usize::from(count > 1);
                self.failures |= timeline.count(Mark::FailedAcquisition, thread, column) > 0;
                self.requests |= timeline.count(Mark::DropRequest, thread, column) > 0;
            }
        }
    }

    fn has(&self, state: ThreadState) -> bool {
        let failed = state == ThreadState::FailedAcquisition && self.failures;
        let idle = state == ThreadState::Done && self.cores;
        self.states[state.index()] || failed || idle
    }
}

impl Legend {
    /// The legend of those timelines, between `left` and `right`.
    pub fn of<'a>(
        timelines: impl Iterator<Item = &'a Timeline>,
        lanes: Lanes,
        look: &Look,
        left: i32,
        right: i32,
    ) -> Legend {
        let mut occurring = Occurring::default();
        timelines.for_each(|timeline| occurring.look_at(timeline, lanes));
        Legend::placed(entries(&occurring, &look.theme), look, left, right)
    }

    /// The legend of these states, between `left` and `right`.
    pub fn of_states(states: &[ThreadState], look: &Look, left: i32, right: i32) -> Legend {
        let mut occurring = Occurring::default();
        states.iter().for_each(|state| occurring.states[state.index()] = true);
        Legend::placed(entries(&occurring, &look.theme), look, left, right)
    }

    fn placed(entries: Vec<Entry>, look: &Look, left: i32, right: i32) -> Legend {
        let mut legend = Legend { placed: Vec::new(), rows: 0 };
        let mut x = right;
        for entry in entries {
            let width = SWATCH + GAP + FONT.width(look.words.say(text(entry, &look.theme))) + BETWEEN;
            if x + width - BETWEEN > right {
                x = left;
                legend.rows += 1;
            }
            legend.placed.push((entry, legend.rows - 1, x));
            x += width;
        }
        legend
    }

    /// How high the legend is.
    pub fn height(&self) -> i32 {
        self.rows as i32 * ROW
    }

    /// Writes the texts of the legend, whose upper edge is at `top`.
    pub fn write(&self, surface: &Surface, top: i32, look: &Look) {
        let theme = &look.theme;
        for (entry, row, x) in self.placed.iter().copied() {
            let (baseline, label) = (foot(top, row) - 4, look.words.say(text(entry, theme)));
            write(surface, label, FONT, theme.text, (x + SWATCH + GAP, baseline), Align::Left);
        }
    }

    /// Draws the swatches of the legend, whose upper edge is at `top`.
    pub fn draw(&self, bars: &mut Bars, top: i32, theme: &Theme) {
        for (entry, row, x) in self.placed.iter().copied() {
            draw_swatch(bars, entry, x, foot(top, row), theme);
        }
    }
}

/// Where the swatches of `row` stand.
fn foot(top: i32, row: usize) -> i32 {
    top + row as i32 * ROW + SWATCH_TICK + SWATCH_HEIGHT
}

fn entries(occurring: &Occurring, theme: &Theme) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for state in STATES.into_iter().filter(|state| occurring.has(*state)) {
        let label = theme.style(state).label;
        if entries.iter().all(|entry| text(*entry, theme) != label) {
            entries.push(Entry::State(state));
        }
    }
    if occurring.requests {
        entries.push(Entry::DropRequest);
    }
    if occurring.cores {
        entries.push(Entry::Core);
    }
    if occurring.mixed_columns * 10 > occurring.columns {
        entries.push(Entry::Shares);
    }
    entries
}

fn text(entry: Entry, theme: &Theme) -> &'static str {
    match entry {
        Entry::State(state) => theme.style(state).label,
        Entry::DropRequest => DROP_REQUEST,
        Entry::Core => CORE_BUSY,
        Entry::Shares => SHARES,
    }
}

fn draw_swatch(bars: &mut Bars, entry: Entry, x: i32, foot: i32, theme: &Theme) {
    let rect = |left: i32, bottom: i32, width: i32, height: i32| Rect {
        x: x + left,
        y: foot - bottom - height,
        width,
        height,
    };
    match entry {
        Entry::State(state @ ThreadState::FailedAcquisition) => {
            let style = theme.style(state);
            for left in [6, 20, 34] {
                let tick = rect(left, 0, 6, SWATCH_HEIGHT + SWATCH_TICK);
                style.body.into_iter().for_each(|paint| bars.fill(paint, style.label, tick));
            }
        }
        Entry::State(state) => bars.bar(theme.style(state), x, SWATCH, foot, SWATCH_HEIGHT),
        Entry::DropRequest => {
            bars.bar(theme.style(ThreadState::WaitsForGil), x, SWATCH, foot, SWATCH_HEIGHT);
            for left in [6, 20, 34] {
                let tick = rect(left, SWATCH_HEIGHT, 6, SWATCH_TICK);
                bars.fill(Paint::Plain(theme.drop_request), DROP_REQUEST, tick);
            }
        }
        Entry::Core => {
            for (index, tone) in theme.cores[..2].iter().enumerate() {
                let half = rect(index as i32 * SWATCH / 2, 0, SWATCH / 2, SWATCH_HEIGHT);
                bars.fill(Paint::Plain(tone.colour), CORE_BUSY, half);
            }
        }
        Entry::Shares => {
            let mut bottom = 0;
            for (state, height) in [(ThreadState::RunsPython, 16), (ThreadState::WaitsForGil, 10)] {
                let style = theme.style(state);
                style.share.into_iter().for_each(|paint| {
                    bars.fill(paint, style.label, rect(0, bottom, SWATCH, height));
                });
                bottom += height;
            }
        }
    }
}
