//! A short window event by event: a picture a step, each with a line that tells what happens.

use crate::chart::kinds::handover;
use crate::chart::kinds::timeline::{Panel, TimelineChart, columns, draw as draw_timeline};
use crate::chart::narration::steps;
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::des::Time;
use crate::experiment::recording::{WindowError, close_up, journal};

/// How this chart is asked for.
pub const KIND: Kind = Kind {
    name: "steps",
    about: "A short window event by event: numbered pictures, or an animated .gif",
    draw,
};

/// More steps nobody wants to sit through.
const MOST_STEPS: usize = 60;

/// Events that are looked at.
const MOST_EVENTS: usize = 2_000;

/// Threads beyond so many share lanes.
const MOST_LANES: usize = 12;

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let (run, from, to) = match (request.from, request.to) {
        (Some(from), Some(to)) => (request.runs[0], Time::ZERO + from, Time::ZERO + to),
        _ => {
            let (run, found) = handover::first(request)?;
            (run, found.window().0, found.window().1)
        }
    };
    if from >= to {
        return Err(WindowError::Empty { from, to }.into());
    }
    let recording = close_up(run, request.seed(), (from, to), columns(request.look.shape), MOST_LANES);
    let steps = steps(&journal(run, request.seed(), from, to, MOST_EVENTS), |_| true);
    if steps.len() > MOST_STEPS {
        let message =
            format!("{} steps between {from} and {to} are too many, at most {MOST_STEPS}", steps.len());
        return Err(Refusal::nothing(message, "choose a shorter window with --from and --to"));
    }
    if steps.is_empty() {
        return Err(WindowError::NoEvent { from, to }.into());
    }
    let footer = request.footer([&recording.report].into_iter());
    let pictures = steps.iter().enumerate().map(|(index, step)| {
        let name = run.thread_names.get(step.thread).map_or("a thread", String::as_str);
        let narration = format!("+{}: {name} {}", step.at.since(from), step.text);
        let picture = TimelineChart {
            title: narration.clone(),
            footer: footer.clone(),
            panels: vec![Panel {
                title: format!("{}, step {} of {}", run.name, index + 1, steps.len()),
                lane_names: recording.lanes.names.clone(),
                timeline: &recording.timeline,
                callouts: Vec::new(),
            }],
            overview: None,
            lanes: request.lanes,
            now: Some(step.at),
            look: request.look,
        };
        Picture { narration: Some(narration), ..Picture::of(draw_timeline(&picture)) }
    });
    Ok(pictures.collect())
}
