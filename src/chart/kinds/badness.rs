//! Badness over time: of a hundred checks, how many wake a thread that then finds the GIL held.

use crate::chart::bars::{Bars, Rect};
use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, LABEL};
use crate::chart::grid::Grid;
use crate::chart::kinds::timeline::{LEFT, columns};
use crate::chart::look::Look;
use crate::chart::pen::{Align, write};
use crate::chart::plot::line;
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::chart::scale::{Scale, Unit};
use crate::chart::strips::{self, Strips};
use crate::experiment::{Recording, View, record};
use crate::export::number;
use crate::trace::{Mark, ThreadState};

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "badness", about: "Failed acquisitions per check of the eval breaker, over time", draw };

/// A cell of the picture has at least about so many checks, so that its share means something.
const CHECKS: u64 = 20;

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let view = View { from: request.from, to: request.to, columns: columns(look.shape), most_lanes: 1 };
    let recordings = record(request.scenario, request.seed, &request.runs, view)?;
    if recordings.iter().all(|recording| count(recording, Mark::Check) == 0) {
        let message = "no check of the eval breaker led into the lock here, so there is no badness";
        return Err(Refusal::nothing(
            message,
            "choose a run or a window in which threads compete for the GIL",
        ));
    }
    let recordings: Vec<Recording> =
        recordings.into_iter().filter(|recording| count(recording, Mark::Check) > 0).collect();
    let frame = Frame::new(
        &finding(&recordings),
        &request.footer(recordings.iter().map(|recording| &recording.report)),
        look,
    );
    let strips = Strips::new(&recordings, &frame, frame.bottom, 420, look);
    let most = recordings
        .iter()
        .flat_map(|recording| shares(recording, &strips))
        .fold(0.0, |most, (_, share)| share.max(most));
    let mut canvas = Canvas::new(look);
    canvas.paint(|surface| strips.draw_axis(surface, look));
    for (index, recording) in recordings.iter().take(strips.places.len()).enumerate() {
        let (top, bottom) = strips.places[index];
        let scale = Scale::from_zero(most, (bottom, top));
        canvas.bars(&recording.run.name, bars(recording, &strips, &scale, look));
        canvas.paint(|surface| {
            let (failed, checks) = (count(recording, Mark::FailedAcquisition), count(recording, Mark::Check));
            let title = format!(
                "{}: {} of {} checks, {}",
                recording.run.name,
                number::count(failed),
                number::count(checks),
                Unit::Share.short(ratio(failed, checks))
            );
            strips.write_title(surface, index, &title, look);
            for tick in scale.ticks(((bottom - top) / 50).max(1) as usize) {
                let at = scale.at(tick);
                line(surface, &[(LEFT - 8, at), (LEFT, at)], look.theme.axis, 3);
                write(
                    surface,
                    &Unit::Share.text(tick),
                    LABEL,
                    look.theme.text,
                    (LEFT - 16, at + 9),
                    Align::Right,
                );
            }
            line(surface, &[(LEFT, top), (LEFT, bottom), (strips.right(), bottom)], look.theme.axis, 2);
        });
    }
    canvas.paint(|surface| frame.write(surface, look));
    let notes = strips::left_out(&recordings).into_iter().collect();
    Ok(vec![Picture { notes, ..Picture::of(canvas.finish(&frame.title())) }])
}

fn finding(recordings: &[Recording]) -> String {
    let badness = |recording: &Recording| {
        ratio(count(recording, Mark::FailedAcquisition), count(recording, Mark::Check))
    };
    let worst = recordings.iter().max_by(|one, other| badness(one).total_cmp(&badness(other)));
    let Some(worst) = worst else { return String::new() };
    let of = if recordings.len() > 1 { format!(" in \"{}\"", worst.run.name) } else { String::new() };
    match badness(worst) {
        0.0 => "No check wakes a thread in vain".to_owned(),
        share => format!("{} of all checks{of} wake a thread in vain", Unit::Share.short(share)),
    }
}

fn count(recording: &Recording, mark: Mark) -> u64 {
    (0..recording.timeline.window().columns).map(|column| recording.timeline.count_of_all(mark, column)).sum()
}

fn ratio(failed: u64, checks: u64) -> f64 {
    if checks == 0 { 0.0 } else { failed as f64 / checks as f64 }
}

/// The grid of a run, coarse enough for its number of checks, and in each cell with a check the share of failures.
fn shares(recording: &Recording, strips: &Strips) -> Vec<(std::ops::Range<i32>, f64)> {
    let cells = (count(recording, Mark::Check) / CHECKS).max(1) as i32;
    let all = strips.grid(recording, 1).edges();
    let grid: Grid = strips.grid(recording, ((all.end - all.start) / cells).max(1));
    let within = |cell: usize, mark: Mark| -> u64 {
        grid.columns(cell).map(|column| recording.timeline.count_of_all(mark, column)).sum()
    };
    (0..grid.cells())
        .map(|cell| {
            (grid.cell_edges(cell), ratio(within(cell, Mark::FailedAcquisition), within(cell, Mark::Check)))
        })
        .collect()
}

fn bars(recording: &Recording, strips: &Strips, scale: &Scale, look: &Look) -> Bars {
    let style = look.theme.style(ThreadState::FailedAcquisition);
    let mut bars = Bars::default();
    for (edges, share) in shares(recording, strips).into_iter().filter(|(_, share)| *share > 0.0) {
        let (zero, top) = (scale.at(0.0), scale.at(share).min(scale.at(0.0) - 2));
        let rect = Rect { x: edges.start, y: top, width: edges.end - edges.start, height: zero - top };
        style.body.into_iter().for_each(|paint| bars.fill(paint, style.label, rect));
    }
    bars
}
