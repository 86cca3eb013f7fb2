//! The ownership ribbon: who holds the GIL, and when nobody does.

use std::ops::Range;

use crate::chart::bars::{Bars, Rect};
use crate::chart::canvas::Canvas;
use crate::chart::column::{Shape, Stacking};
use crate::chart::frame::{Frame, LABEL, MARGIN, SMALL};
use crate::chart::kinds::timeline::{LEFT, columns, panel_title, shared_lanes};
use crate::chart::look::Look;
use crate::chart::pen::{Align, Surface, write};
use crate::chart::plot::line;
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::chart::scale::Unit;
use crate::chart::strips::{self, Strips};
use crate::chart::text::clean;
use crate::chart::theme::{Bar, SERIES};
use crate::experiment::{Recording, View, record};
use crate::export::number;
use crate::trace::Lane;

/// How this chart is asked for.
pub const KIND: Kind = Kind { name: "ribbon", about: "Who holds the GIL, over time", draw };

/// The most holders of a lock that are told apart.
const MOST_LANES: usize = 12;

/// Holders that are named beside a ribbon.
const MOST_NAMED: usize = 4;

/// Numbers on all ribbons together.
const MOST_NUMBERS: usize = 200;

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let view =
        View { from: request.from, to: request.to, columns: columns(look.shape), most_lanes: MOST_LANES };
    let recordings = record(request.scenario, request.seed, &request.runs, view)?;
    if recordings.iter().all(|recording| locks(recording).is_empty()) {
        let message = "nobody takes the GIL here, so there is no holder to show";
        return Err(Refusal::nothing(message, "there is one where an interpreter has a GIL and two threads"));
    }
    let frame = Frame::new(
        &finding(&recordings),
        &request.footer(recordings.iter().map(|recording| &recording.report)),
        look,
    );
    let strips = Strips::new(&recordings, &frame, frame.bottom, 300, look);
    let mut canvas = Canvas::new(look);
    canvas.paint(|surface| strips.draw_axis(surface, look));
    let mut numbers = Vec::new();
    for (index, recording) in recordings.iter().take(strips.places.len()).enumerate() {
        let (top, bottom) = strips.places[index];
        let locks = locks(recording);
        let pitch = (bottom - top) / locks.len().max(1) as i32;
        for (row, lock) in locks.iter().enumerate() {
            let foot = top + (row as i32 + 1) * pitch - 4;
            let (bars, alone) =
                ribbon(&recording.ownership.locks()[*lock], recording, &strips, (foot, pitch - 8), look);
            canvas.bars(&recording.run.name, bars);
            numbers.extend(alone.into_iter().map(|(edges, lane)| (edges, lane, foot - pitch / 2 + 12)));
        }
    }
    canvas.paint(|surface| {
        for (index, recording) in recordings.iter().take(strips.places.len()).enumerate() {
            strips.write_title(surface, index, &panel_title(recording), look);
            write_holders(surface, recording, strips.places[index], look);
        }
        for (edges, lane, baseline) in numbers.iter().take(MOST_NUMBERS) {
            let (text, x) = ((lane + 1).to_string(), (edges.start + edges.end) / 2);
            let width = SMALL.width(&text) + 8;
            let series = look.theme.series(*lane);
            line(surface, &[(x - width / 2, baseline - 9), (x + width / 2, baseline - 9)], series.colour, 30);
            write(surface, &text, SMALL, series.text, (x, *baseline), Align::Center);
        }
        frame.write(surface, look);
    });
    let notes = recordings.iter().filter_map(shared_lanes).chain(strips::left_out(&recordings)).collect();
    Ok(vec![Picture { notes, ..Picture::of(canvas.finish(&frame.title())) }])
}

/// The interpreters of a run whose lock is taken within the window.
fn locks(recording: &Recording) -> Vec<usize> {
    let is_taken = |lock: &usize| recording.ownership.totals(*lock)[1..].iter().any(|span| !span.is_zero());
    (0..recording.ownership.locks().len()).filter(is_taken).collect()
}

/// How often the lock changes hands, or that one thread alone has it.
fn finding(recordings: &[Recording]) -> String {
    let hand_overs = |recording: &Recording| -> u64 {
        (0..recording.ownership.locks().len()).map(|lock| recording.ownership.hand_overs(lock)).sum()
    };
    let Some(most) = recordings.iter().max_by_key(|recording| hand_overs(recording)) else {
        return String::new();
    };
    let length = most.timeline.window().length();
    let of = if recordings.len() > 1 { format!(" in \"{}\"", most.run.name) } else { String::new() };
    match hand_overs(most) {
        0 => format!("One thread alone holds the GIL for {length}"),
        1 => format!("The GIL changes hands once{of}, within {length}"),
        count => format!("The GIL changes hands {} times{of}, within {length}", number::count(count)),
    }
}

/// Draws who holds a lock, and gives the stretches in which one lane alone does, if they are wide enough for a number.
fn ribbon(
    lane: &Lane,
    recording: &Recording,
    strips: &Strips,
    (foot, height): (i32, i32),
    look: &Look,
) -> (Bars, Vec<(Range<i32>, usize)>) {
    let grid = strips.grid(recording, 1);
    let kinds = recording.lanes.names.len() + 1;
    let order: Vec<usize> = (1..kinds).chain([0]).collect();
    let stacking = Stacking { order: &order, bar: &|_| Bar::Full, rare: None, height };
    let mut runs: Vec<(Range<i32>, Shape)> = Vec::new();
    let mut shares = Vec::new();
    for cell in 0..grid.cells() {
        grid.add_up(lane, cell, &mut shares);
        let (edges, shape) = (grid.cell_edges(cell), stacking.shape(&shares));
        match runs.last_mut() {
            Some((last, same)) if *same == shape => last.end = edges.end,
            _ => runs.push((edges, shape)),
        }
    }
    let mut bars = Bars::default();
    let mut fill = |edges: &Range<i32>, kind: usize, bottom: i32, top: i32| {
        let rect =
            Rect { x: edges.start, y: foot - top, width: edges.end - edges.start, height: top - bottom };
        if kind > 0 {
            bars.fill(look.theme.series(kind - 1).fill, HOLDERS[(kind - 1) % SERIES], rect);
        }
    };
    let mut alone = Vec::new();
    for (edges, shape) in &runs {
        match shape {
            Shape::Blank => {}
            Shape::Pure(kind) => {
                fill(edges, *kind, 0, height);
                if *kind > 0 && edges.end - edges.start > SMALL.width("00") + 16 {
                    alone.push((edges.clone(), kind - 1));
                }
            }
            Shape::Stack(segments) => {
                segments.iter().for_each(|segment| fill(edges, segment.kind, segment.bottom, segment.top));
            }
        }
    }
    (bars, alone)
}

/// What the layers of a ribbon are called.
const HOLDERS: [&str; SERIES] = ["holder 1", "holder 2", "holder 3", "holder 4", "holder 5", "holder 6"];

/// Names the holders of a run beside its ribbon, with their shares.
fn write_holders(surface: &Surface, recording: &Recording, (top, bottom): (i32, i32), look: &Look) {
    let total = recording.timeline.window().length().as_secs();
    let mut shares: Vec<(usize, f64)> = (0..recording.lanes.names.len())
        .map(|lane| {
            let spans =
                (0..recording.ownership.locks().len()).map(|lock| recording.ownership.totals(lock)[lane + 1]);
            (lane, spans.map(|span| span.as_secs()).sum::<f64>() / total)
        })
        .filter(|(_, share)| *share > 0.0)
        .collect();
    if shares.len() > MOST_NAMED {
        shares.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        shares.truncate(MOST_NAMED);
        shares.sort_by_key(|(lane, _)| *lane);
    }
    let lines = (((bottom - top) / 30).max(1) as usize).min(shares.len());
    for (row, (lane, share)) in shares.into_iter().take(lines).enumerate() {
        let name = clean(&recording.lanes.names[lane]);
        let share = Unit::Share.text((share * 100.0).round() / 100.0);
        let room = LEFT - MARGIN - 16 - LABEL.width(&share) - 10;
        let baseline = top + 26 + row as i32 * 30;
        let name = SMALL.fit(&format!("{} {name}", lane + 1), room);
        write(surface, &name, SMALL, look.theme.text, (MARGIN, baseline), Align::Left);
        write(surface, &share, SMALL, look.theme.muted, (LEFT - 16, baseline), Align::Right);
    }
}
