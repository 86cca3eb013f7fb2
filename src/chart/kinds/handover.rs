//! The hand-over microscope: one hand-over of the GIL, step by step.

use crate::chart::bars::Bars;
use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN, SMALL};
use crate::chart::grid::Grid;
use crate::chart::kinds::timeline::{LEFT, columns};
use crate::chart::lane::{Place, draw_core, draw_thread};
use crate::chart::legend::Legend;
use crate::chart::narration::{Step, steps};
use crate::chart::pen::{Align, write};
use crate::chart::plot::line;
use crate::chart::request::{Kind, Lanes, Picture, Refusal, Request};
use crate::chart::text::{Font, clean};
use crate::chart::time_axis::{self, TimeAxis};
use crate::des::{Span, Time};
use crate::experiment::recording::{HandOver, close_up, hand_over, journal};
use crate::scenario::Run;
use crate::trace::Window;
use plotters::element::Circle;
use plotters::style::Color;

/// How this chart is asked for.
pub const KIND: Kind = Kind {
    name: "handover",
    about: "One hand-over of the GIL through the microscope, every step labelled",
    draw,
};

/// So many steps have room in the list.
const MOST_STEPS: usize = 14;

/// Events that are looked at.
const MOST_EVENTS: usize = 2_000;

const NUMBER: Font = Font::bold(24);
const NAME: Font = Font::regular(27);
const LINE: i32 = 36;

/// The room for the lines from the numbers to their instants.
const LEADER: i32 = 44;

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let (run, found) = first(request)?;
    let (from, to) = found.window();
    let is_shown = |thread: usize| thread == found.giver || thread == found.taker;
    let mut steps = steps(&journal(run, request.seed(), from, to, MOST_EVENTS), is_shown);
    steps.truncate(MOST_STEPS);
    let recording =
        close_up(run, request.seed(), (from, to), columns(look.shape), run.model.threads.len().max(1));
    let name = |thread: usize| run.thread_names.get(thread).map_or_else(String::new, |name| clean(name));
    let title = format!(
        "From \"{}\" to \"{}\" in {}: for {} nobody has the GIL",
        name(found.giver),
        name(found.taker),
        found.length(),
        found.gap()
    );
    let frame = Frame::new(
        &title,
        &format!("{} - {}", run.name, request.footer([&recording.report].into_iter())),
        look,
    );
    let room = columns(look.shape) as i32;
    let lines = steps.len().div_ceil(2) as i32;
    let legend =
        Legend::of([&recording.timeline].into_iter(), Lanes::Both, look, MARGIN, MARGIN + frame.room());
    let legend_top = frame.bottom - 4 - legend.height();
    let list_top = legend_top - lines * LINE - 16;
    let axis_at = list_top - time_axis::HEIGHT - 14;
    let numbers_top = frame.top + 10;
    let window = recording.timeline.window();
    let grid = Grid::of(&recording.timeline, LEFT, room, window.length(), 1);
    let axis = TimeAxis::new(window.from, window.length(), room);
    let tags = placed(&steps, &grid, window, frame.width - MARGIN - 20);
    let lanes_top = numbers_top + 40 + LEADER;
    let cores: Vec<usize> = (0..recording.timeline.cores().len())
        .filter(|core| recording.timeline.cores()[*core].totals()[1..].iter().any(|span| !span.is_zero()))
        .take(3)
        .collect();
    let thread_pitch = (axis_at - lanes_top) * 10 / (20 + 6 * cores.len() as i32);
    let core_pitch = thread_pitch * 6 / 10;
    let mut canvas = Canvas::new(look);
    canvas.paint(|surface| axis.draw(surface, LEFT, LEFT + room, lanes_top, axis_at, &look.theme));
    let mut labels = Vec::new();
    let mut foot = lanes_top;
    for thread in [found.giver, found.taker] {
        foot += thread_pitch;
        let place = Place { foot: foot - 8, bar: thread_pitch * 3 / 4 - 8, tick: thread_pitch / 6 };
        let mut bars = Bars::default();
        draw_thread(
            &mut bars,
            &recording.timeline,
            recording.lanes.lane_of[thread],
            &grid,
            place,
            &look.theme,
        );
        canvas.bars(&name(thread), bars);
        labels.push((format!("{} {}", thread + 1, name(thread)), place));
    }
    let mut numbers = Vec::new();
    for core in cores {
        foot += core_pitch;
        let place = Place { foot: foot - 6, bar: core_pitch - 14, tick: 0 };
        let mut bars = Bars::default();
        let alone = draw_core(&mut bars, &recording.timeline.cores()[core], &grid, place, &look.theme);
        canvas.bars(&format!("core {core}"), bars);
        numbers.extend(alone.into_iter().map(|stretch| (stretch, place)));
        labels.push((format!("{} {core}", look.words.say("core")), place));
    }
    let mut swatches = Bars::default();
    legend.draw(&mut swatches, legend_top, &look.theme);
    canvas.bars("legend", swatches);
    canvas.paint(|surface| {
        for (text, place) in &labels {
            let text = NAME.fit(text, LEFT - MARGIN - 16);
            write(
                surface,
                &text,
                NAME,
                look.theme.text,
                (MARGIN, place.foot - place.bar / 2 + 9),
                Align::Left,
            );
        }
        for ((edges, thread), place) in &numbers {
            let text = (thread + 1).to_string();
            if edges.end - edges.start > SMALL.width(&text) + 8 {
                let tone = look.theme.cores[thread % look.theme.cores.len()].text;
                let at = ((edges.start + edges.end) / 2, place.foot - place.bar / 2 + 9);
                write(surface, &text, SMALL, tone, at, Align::Center);
            }
        }
        for (index, (x, at)) in tags.iter().enumerate() {
            let middle = numbers_top + 18;
            line(
                surface,
                &[(*at, lanes_top + 6), (*at, lanes_top - 4), (*x, middle + 16)],
                look.theme.muted,
                2,
            );
            let _ = surface.draw(&Circle::new((*x, middle), 17, look.theme.text.filled()));
            write(
                surface,
                &(index + 1).to_string(),
                NUMBER,
                look.theme.background,
                (*x, middle + 9),
                Align::Center,
            );
        }
        for (index, step) in steps.iter().enumerate() {
            let (column, row) = (index as i32 / lines, index as i32 % lines);
            let (x, y) = (MARGIN + column * frame.room() / 2, list_top + (row + 1) * LINE - 10);
            let offset = step.at.since(found.begins);
            let sign = if step.at < found.begins { "-" } else { "+" };
            let offset = if step.at < found.begins { found.begins.since(step.at) } else { offset };
            let text = format!("{sign}{offset}: {} {}", name(step.thread), step.text);
            write(surface, &(index + 1).to_string(), NUMBER, look.theme.text, (x + 30, y), Align::Right);
            let text = SMALL.fit(&text, frame.room() / 2 - 60);
            write(surface, &text, SMALL, look.theme.text, (x + 44, y), Align::Left);
        }
        legend.write(surface, legend_top, look);
        frame.write(surface, look);
    });
    Ok(vec![Picture::of(canvas.finish(&frame.title()))])
}

/// The first hand-over of the first run that has one, at `--from` or later.
pub fn first<'a>(request: &Request<'a>) -> Result<(&'a Run, HandOver), Refusal> {
    let from = Time::ZERO + request.from.unwrap_or(Span::ZERO);
    let mut found = request.runs.iter().filter_map(|run| Some((*run, hand_over(run, request.seed(), from)?)));
    found.next().ok_or_else(|| {
        let when = request.from.map_or(String::new(), |from| format!(" from {from} on"));
        Refusal::nothing(
            format!("the GIL never goes from one thread to another{when}"),
            "choose a run with two threads of one interpreter, and a --from before the last hand-over",
        )
    })
}

/// Where the number of each step stands, and where on the axis the step is: numbers that would touch move apart.
fn placed(steps: &[Step], grid: &Grid, window: &Window, right: i32) -> Vec<(i32, i32)> {
    const APART: i32 = 42;
    let places: Vec<i32> = steps.iter().map(|step| grid.place_of(step.at, window)).collect();
    // Each group of numbers that touch stands around the middle of its steps.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for place in &places {
        groups.push((f64::from(*place), 1));
        while let [.., (before, many), (middle, few)] = groups.as_slice() {
            let (before, many, middle, few) = (*before, *many, *middle, *few);
            if middle - before >= f64::from(APART) * (many + few) as f64 / 2.0 {
                break;
            }
            let all = many + few;
            groups.truncate(groups.len() - 2);
            groups.push(((before * many as f64 + middle * few as f64) / all as f64, all));
        }
    }
    let mut tags = Vec::new();
    let mut places = places.into_iter();
    for (middle, count) in groups {
        let half = APART * (count as i32 - 1) / 2;
        let first = (middle.round() as i32 - half).clamp(MARGIN + 20, (right - 2 * half).max(MARGIN + 20));
        tags.extend(
            places.by_ref().take(count).enumerate().map(|(index, at)| (first + index as i32 * APART, at)),
        );
    }
    tags
}
