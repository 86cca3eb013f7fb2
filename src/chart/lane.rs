//! The lane of a thread and the lane of a core.

use crate::chart::bars::{Bars, Rect};
use crate::chart::column::{Shape, Stacking};
use crate::chart::grid::Grid;
use crate::chart::theme::{Bar, CORE_TONES, Paint, Theme};
use crate::trace::{Lane, Mark, ThreadState, Timeline};
use std::ops::Range;

/// Where a lane lies: its bars stand on `foot`, and above them is room for ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The lower end of the bars.
    pub foot: i32,
    /// The height of a full bar.
    pub bar: i32,
    /// The height of the ticks above.
    pub tick: i32,
}

/// Stretches of a lane, each with one shape.
type Runs = Vec<(Range<i32>, Shape)>;

/// The states from the foot of a stack to its top.
pub const ORDER: [usize; ThreadState::COUNT] = [
    ThreadState::RunsPython.index(),
    ThreadState::RunsCHoldingGil.index(),
    ThreadState::RunsWithoutGil.index(),
    ThreadState::InKernel.index(),
    ThreadState::FailedAcquisition.index(),
    ThreadState::WaitsForGil.index(),
    ThreadState::ForcedSwitch.index(),
    ThreadState::Runnable.index(),
    ThreadState::BlockedOnLock.index(),
    ThreadState::BlockedOnIo.index(),
    ThreadState::Sleeping.index(),
    ThreadState::NotStarted.index(),
    ThreadState::Done.index(),
];

/// Ticks closer to each other than this become a strip.
const TICK_GAP: i32 = 5;

/// The width of a lone tick; a strip is wider than twice this.
const TICK_WIDTH: i32 = 4;

/// The legend's words for a drop request.
pub const DROP_REQUEST: &str = "asks the holder to drop the GIL";

/// The legend's words for a busy core.
pub const CORE_BUSY: &str = "core runs thread 1, 2, ...";

/// Draws the lane of `thread`: its states, its failed acquisitions and its drop requests.
pub fn draw_thread(
    bars: &mut Bars,
    timeline: &Timeline,
    thread: usize,
    grid: &Grid,
    at: Place,
    theme: &Theme,
) {
    let failed_state = ThreadState::FailedAcquisition.index();
    let bar = |kind: usize| theme.style(ThreadState::ALL[kind]).bar;
    let stacking = Stacking { order: &ORDER, bar: &bar, rare: Some(failed_state), height: at.bar };
    let lane = &timeline.threads()[thread];
    let mut runs = Runs::new();
    let (mut failures, mut requests) = (Vec::new(), Vec::new());
    let mut shares = Vec::new();
    for cell in 0..grid.cells() {
        grid.add_up(lane, cell, &mut shares);
        let edges = grid.cell_edges(cell);
        push_run(&mut runs, edges.clone(), stacking.shape(&shares));
        let any = |count: &dyn Fn(usize) -> u32| grid.columns(cell).any(|column| count(column) > 0);
        if shares[failed_state] > 0 || any(&|column| timeline.count(Mark::FailedAcquisition, thread, column))
        {
            push_tick(&mut failures, edges.clone());
        }
        if any(&|column| timeline.count(Mark::DropRequest, thread, column)) {
            push_tick(&mut requests, edges);
        }
    }
    for (edges, shape) in &runs {
        draw_states(bars, edges, shape, at, theme);
    }
    let visible =
        |ticks: Vec<Range<i32>>| -> Vec<_> { ticks.iter().map(|tick| visible(tick, grid)).collect() };
    draw_failures(bars, &visible(failures), at, theme);
    draw_requests(bars, &visible(requests), at, theme);
}

/// Draws the lane of `core`, and returns where it runs one thread only for a while: the stretch and the thread.
pub fn draw_core(
    bars: &mut Bars,
    lane: &Lane,
    grid: &Grid,
    at: Place,
    theme: &Theme,
) -> Vec<(Range<i32>, usize)> {
    let mut runs = Runs::new();
    let mut shares = Vec::new();
    for cell in 0..grid.cells() {
        grid.add_up(lane, cell, &mut shares);
        push_run(&mut runs, grid.cell_edges(cell), core_shape(&shares, at.bar));
    }
    for (edges, shape) in &runs {
        draw_core_run(bars, edges, shape, at, theme);
    }
    let alone = |(edges, shape): (Range<i32>, Shape)| match shape {
        Shape::Pure(kind) if kind > 0 => Some((edges, kind - 1)),
        _ => None,
    };
    runs.into_iter().filter_map(alone).collect()
}

/// The shape of a core's column: threads of one tone count as one, unless there is a single thread.
fn core_shape(shares: &[u64], height: i32) -> Shape {
    let mut tones = [0_u64; CORE_TONES + 1];
    for (kind, share) in shares.iter().enumerate() {
        let tone = &mut tones[tone_of(kind)];
        *tone = tone.saturating_add(*share);
    }
    let bar = |kind: usize| if kind == 0 { Bar::Line } else { Bar::Full };
    let stacking = Stacking { order: &[1, 2, 3, 4, 0], bar: &bar, rare: None, height };
    match stacking.shape(&tones) {
        Shape::Pure(tone) => {
            let main =
                (0..shares.len()).filter(|kind| tone_of(*kind) == tone).max_by_key(|kind| shares[*kind]);
            Shape::Pure(main.unwrap_or(0))
        }
        other => other,
    }
}

/// Which of the tones a kind of a core lane has; 0 is idle.
fn tone_of(kind: usize) -> usize {
    if kind == 0 { 0 } else { (kind - 1) % CORE_TONES + 1 }
}

fn draw_core_run(bars: &mut Bars, edges: &Range<i32>, shape: &Shape, at: Place, theme: &Theme) {
    let fill = |kind: usize| Paint::Plain(theme.cores[(kind.max(1) - 1) % CORE_TONES].colour);
    match shape {
        Shape::Blank => {}
        Shape::Pure(0) => {
            bars.bar(theme.style(ThreadState::Done), edges.start, width(edges), at.foot, at.bar)
        }
        Shape::Pure(kind) => bars.fill(fill(*kind), CORE_BUSY, above(at.foot, edges, 0, at.bar)),
        Shape::Stack(segments) => {
            for segment in segments.iter().filter(|segment| segment.kind > 0) {
                let rect = above(at.foot, edges, segment.bottom, segment.top);
                bars.fill(fill(segment.kind), CORE_BUSY, rect);
            }
        }
    }
}

fn draw_states(bars: &mut Bars, edges: &Range<i32>, shape: &Shape, at: Place, theme: &Theme) {
    match shape {
        Shape::Blank => {}
        Shape::Pure(kind) => {
            bars.bar(theme.style(ThreadState::ALL[*kind]), edges.start, width(edges), at.foot, at.bar);
        }
        Shape::Stack(segments) => {
            for segment in segments {
                let style = theme.style(ThreadState::ALL[segment.kind]);
                if let Some(paint) = style.share {
                    bars.fill(paint, style.label, above(at.foot, edges, segment.bottom, segment.top));
                }
            }
        }
    }
}

/// Drop requests: a short tick, or a strip, right above the bars.
fn draw_requests(bars: &mut Bars, requests: &[Range<i32>], at: Place, theme: &Theme) {
    let paint = Paint::Plain(theme.drop_request);
    for edges in requests {
        bars.fill(paint, DROP_REQUEST, above(at.foot, edges, at.bar, at.bar + at.tick / 2));
    }
}

/// Failed acquisitions: a tall tick through the whole lane, or where they are dense a strip on top of it.
fn draw_failures(bars: &mut Bars, failures: &[Range<i32>], at: Place, theme: &Theme) {
    let style = theme.style(ThreadState::FailedAcquisition);
    let Some(paint) = style.body else { return };
    for edges in failures {
        let dense = width(edges) > 2 * TICK_WIDTH;
        let bottom = if dense { at.bar } else { 0 };
        bars.fill(paint, style.label, above(at.foot, edges, bottom, at.bar + at.tick));
    }
}

/// Adds a stretch, or lengthens the last one if it has the same shape.
fn push_run(runs: &mut Runs, edges: Range<i32>, shape: Shape) {
    match runs.last_mut() {
        Some((last, same)) if *same == shape && last.end == edges.start => last.end = edges.end,
        _ => runs.push((edges, shape)),
    }
}

/// Adds a tick, or lengthens the last one if it is near.
fn push_tick(ticks: &mut Vec<Range<i32>>, edges: Range<i32>) {
    match ticks.last_mut() {
        Some(last) if edges.start <= last.end + TICK_GAP => last.end = edges.end,
        _ => ticks.push(edges),
    }
}

/// The tick, or a wider one if it could not be seen from the last row.
fn visible(tick: &Range<i32>, grid: &Grid) -> Range<i32> {
    let all = grid.edges();
    let missing = (TICK_WIDTH - width(tick)).max(0);
    (tick.start - missing / 2).max(all.start)..(tick.end + missing - missing / 2).min(all.end)
}

fn width(edges: &Range<i32>) -> i32 {
    edges.end - edges.start
}

/// The rectangle between two heights above `foot`.
fn above(foot: i32, edges: &Range<i32>, bottom: i32, top: i32) -> Rect {
    Rect { x: edges.start, y: foot - top, width: width(edges), height: top - bottom }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_holds_every_state_once() {
        let mut order = ORDER;
        order.sort_unstable();
        assert!(order.into_iter().eq(0..ThreadState::COUNT));
    }

    #[test]
    fn near_ticks_become_a_strip() {
        let grid = Grid::new(0, 100, 100, 1);
        let mut ticks = Vec::new();
        for x in [10, 12, 14, 16, 18, 50] {
            push_tick(&mut ticks, x..x + 1);
        }
        assert_eq!(ticks, [10..19, 50..51]);
        assert_eq!(visible(&ticks[1], &grid), 49..53);
    }

    #[test]
    fn a_core_column_with_one_thread_names_the_thread() {
        assert_eq!(core_shape(&[0, 0, 0, 0, 0, 0, 9, 0], 30), Shape::Pure(6));
        assert_eq!(core_shape(&[9, 0, 0], 30), Shape::Pure(0));
        assert!(matches!(core_shape(&[0, 5, 5], 30), Shape::Stack(segments) if segments.len() == 2));
    }
}
