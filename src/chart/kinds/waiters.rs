//! How many threads wait for the GIL, over time: on average, and at the most.

use crate::chart::bars::{Bars, Rect};
use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, LABEL, MARGIN, SMALL};
use crate::chart::kinds::timeline::{LEFT, columns};
use crate::chart::pen::{Align, write};
use crate::chart::plot::line;
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::chart::scale::Scale;
use crate::chart::strips::{self, Strips};
use crate::chart::theme::{Paint, Style};
use crate::experiment::{Recording, View, record};
use crate::export::number;
use crate::trace::ThreadState;
use plotters::style::RGBColor;

/// How this chart is asked for.
pub const KIND: Kind = Kind { name: "waiters", about: "How many threads wait for the GIL, over time", draw };

/// The largest number of waiters is that of so many pixels.
const CELL: i32 = 10;

/// The height of the key.
const KEY: i32 = 44;

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let view = View { from: request.from, to: request.to, columns: columns(look.shape), most_lanes: 1 };
    let recordings = record(request.scenario, request.seed, &request.runs, view)?;
    if recordings.iter().all(|recording| recording.waits.longest().is_none()) {
        let message = "no thread waits for the GIL here";
        return Err(Refusal::nothing(
            message,
            "a run with two threads of one interpreter has something to show",
        ));
    }
    let frame = Frame::new(
        &finding(&recordings),
        &request.footer(recordings.iter().map(|recording| &recording.report)),
        look,
    );
    let strips = Strips::new(&recordings, &frame, frame.bottom - KEY, 400, look);
    let mut canvas = Canvas::new(look);
    canvas.paint(|surface| strips.draw_axis(surface, look));
    let most = recordings.iter().map(most_of).max().unwrap_or(1).max(1);
    for (recording, (top, bottom)) in recordings.iter().zip(strips.places.iter().copied()) {
        let scale = Scale::linear(0.0, f64::from(most), (bottom, top));
        canvas.bars(
            &recording.run.name,
            bars(recording, &strips, &scale, look.theme.style(ThreadState::WaitsForGil), look.theme.text),
        );
        canvas.paint(|surface| {
            for tick in scale.ticks(4).into_iter().filter(|tick| *tick == tick.round()) {
                let at = scale.at(tick);
                line(surface, &[(LEFT - 8, at), (LEFT, at)], look.theme.axis, 3);
                write(
                    surface,
                    &number::plain(tick),
                    LABEL,
                    look.theme.text,
                    (LEFT - 16, at + 9),
                    Align::Right,
                );
            }
            line(surface, &[(LEFT, top), (LEFT, bottom), (strips.right(), bottom)], look.theme.axis, 2);
        });
    }
    canvas.bars("key", key(&frame, look.theme.style(ThreadState::WaitsForGil), look.theme.text));
    canvas.paint(|surface| {
        for (index, recording) in recordings.iter().take(strips.places.len()).enumerate() {
            strips.write_title(
                surface,
                index,
                &format!("{}: {}", recording.run.name, recording.report.makespan),
                look,
            );
        }
        let baseline = frame.bottom - 12;
        let texts = [(MARGIN, "waiting threads, on average"), (MARGIN + 560, "at the most")];
        for (x, text) in texts {
            write(surface, look.words.say(text), SMALL, look.theme.text, (x + 60, baseline), Align::Left);
        }
        frame.write(surface, look);
    });
    let notes = strips::left_out(&recordings).into_iter().collect();
    Ok(vec![Picture { notes, ..Picture::of(canvas.finish(&frame.title())) }])
}

fn most_of(recording: &Recording) -> u32 {
    (0..recording.timeline.window().columns).map(|column| recording.waits.most(column)).max().unwrap_or(0)
}

/// The largest number of threads that wait at a time, and the mean.
fn finding(recordings: &[Recording]) -> String {
    let worst =
        recordings.iter().max_by(|one, other| one.waits.mean_of_all().total_cmp(&other.waits.mean_of_all()));
    let Some(worst) = worst else { return String::new() };
    let (mean, most) = (worst.waits.mean_of_all(), most_of(worst));
    let of = if recordings.len() > 1 { format!(" in \"{}\"", worst.run.name) } else { String::new() };
    let threads = if most == 1 { "thread" } else { "threads" };
    format!("On average {mean:.2} threads wait for the GIL{of}, at most {most} {threads}")
}

fn bars(recording: &Recording, strips: &Strips, scale: &Scale, style: &Style, line: RGBColor) -> Bars {
    let (grid, waits) = (strips.grid(recording, 1), &recording.waits);
    let mut bars = Bars::default();
    let zero = scale.at(0.0);
    for cell in 0..grid.cells() {
        let (edges, columns) = (grid.cell_edges(cell), grid.columns(cell));
        let count = columns.len().max(1) as f64;
        let mean = columns.map(|column| waits.mean(column)).sum::<f64>() / count;
        let (x, width) = (edges.start, edges.end - edges.start);
        let top = scale.at(mean);
        if let Some(body) = style.body {
            bars.fill(body, style.label, Rect { x, y: top, width, height: zero - top });
        }
        if let Some(outline) = style.outline.filter(|_| top < zero) {
            bars.fill(Paint::Plain(outline), style.label, Rect { x, y: top, width, height: 2 });
        }
    }
    let grid = strips.grid(recording, CELL);
    for cell in 0..grid.cells() {
        let (edges, columns) = (grid.cell_edges(cell), grid.columns(cell));
        let most = columns.map(|column| waits.most(column)).max().unwrap_or(0);
        if most > 0 {
            let (x, width) = (edges.start, edges.end - edges.start);
            let y = scale.at(f64::from(most)) - 2;
            bars.fill(Paint::Plain(line), "at the most", Rect { x, y, width, height: 4 });
        }
    }
    bars
}

fn key(frame: &Frame, style: &Style, line: RGBColor) -> Bars {
    let mut bars = Bars::default();
    bars.bar(style, MARGIN, 48, frame.bottom - 8, 52);
    bars.fill(
        Paint::Plain(line),
        "at the most",
        Rect { x: MARGIN + 560, y: frame.bottom - 22, width: 48, height: 4 },
    );
    bars
}
