//! Bars of runs, and how many times the first each of them is: Beazley's comparison.

use crate::chart::bars::{Bars, Rect};
use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, MARGIN};
use crate::chart::pen::{Align, write};
use crate::chart::plot::line;
use crate::chart::quantity;
use crate::chart::request::{Kind, Picture, Refusal, Request, left_out};
use crate::chart::scale::Scale;
use crate::chart::text::{Font, clean};
use crate::experiment::{Estimate, finding};
use crate::sim::Report;

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "bars", about: "A quantity of every run, and its ratio to the first", draw };

/// A picture never shows more runs.
const MOST: usize = 12;

const NAME: Font = Font::regular(32);
const VALUE: Font = Font::bold(34);

/// The room behind a bar for its value.
const BEHIND: i32 = 420;

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let quantities = quantity::chosen(request.metrics, &["makespan".to_owned()], 1, &request.scenario.runs)?;
    let quantity = &quantities[0];
    if !quantity.is_of_runs {
        let message = format!("`{}` is computed of several runs, so there is no bar for each", quantity.text);
        return Err(Refusal::nothing(message, "name a quantity of a run, as in --metric gil.hand_overs"));
    }
    let replications = request.replications();
    let values: Vec<Option<Estimate>> = (0..request.runs.len())
        .map(|run| {
            let values: Option<Vec<f64>> = replications
                .iter()
                .map(|reports| quantity.of_run(request.runs[run], &reports[run]))
                .collect();
            Estimate::of(&values?)
        })
        .collect();
    if values.iter().all(Option::is_none) {
        let message = format!("`{}` has no value in any run", quantity.text);
        return Err(Refusal::nothing(message, "choose another quantity with --metric"));
    }
    let first = replications.first().map(Vec::as_slice).unwrap_or_default();
    let title = match quantity.text.as_str() {
        "makespan" => of_makespans(request, first),
        _ => of_values(request, &quantity.text, &values),
    };
    let frame = Frame::new(&title, &request.footer(first.iter()), look);
    let shown = values.len().min(MOST);
    let widest = request.runs.iter().take(shown).map(|run| NAME.width(&clean(&run.name))).max().unwrap_or(0);
    let left = (MARGIN + widest + 24).min(frame.width * 2 / 5);
    let (top, bottom) = (frame.top + 30, frame.bottom - 20);
    let pitch = ((bottom - top) / shown.max(1) as i32).min(230);
    let top = top + (bottom - top - pitch * shown as i32) / 2;
    let most =
        values.iter().flatten().map(|value| value.mean + value.half_width.unwrap_or(0.0)).fold(0.0, f64::max);
    let scale = Scale::linear(0.0, most.max(f64::MIN_POSITIVE), (left, frame.width - MARGIN - BEHIND));
    let mut canvas = Canvas::new(look);
    let mut bars = Bars::default();
    let height = (pitch * 3 / 5).min(140);
    let place = |index: usize| top + index as i32 * pitch + (pitch - height) / 2;
    for (index, value) in
        values.iter().take(shown).enumerate().filter_map(|(index, value)| Some((index, (*value)?)))
    {
        let paint = look.theme.series(usize::from(index > 0)).fill;
        let width = (scale.at(value.mean) - left).max(2);
        bars.fill(
            paint,
            if index > 0 { "run" } else { "first run" },
            Rect { x: left, y: place(index), width, height },
        );
    }
    canvas.bars("bars", bars);
    canvas.paint(|surface| {
        line(surface, &[(left, top), (left, top + pitch * shown as i32)], look.theme.axis, 3);
        for (index, value) in values.iter().take(shown).enumerate() {
            let middle = place(index) + height / 2;
            let name = NAME.fit(&clean(&request.runs[index].name), left - MARGIN - 20);
            write(surface, &name, NAME, look.theme.text, (left - 20, middle + 12), Align::Right);
            let Some(value) = value else {
                write(surface, "\u{2013}", VALUE, look.theme.muted, (left + 20, middle + 12), Align::Left);
                continue;
            };
            let mut end = scale.at(value.mean);
            if let Some(half_width) = value.half_width.filter(|half_width| *half_width > 0.0) {
                let (low, high) = (scale.at(value.mean - half_width), scale.at(value.mean + half_width));
                line(surface, &[(low, middle), (high, middle)], look.theme.text, 4);
                for x in [low, high] {
                    line(surface, &[(x, middle - 14), (x, middle + 14)], look.theme.text, 4);
                }
                end = end.max(high);
            }
            let text = label(quantity.unit.short(value.mean), index, value, values[0].as_ref());
            write(surface, &text, VALUE, look.theme.text, (end + 20, middle + 12), Align::Left);
        }
        frame.write(surface, look);
    });
    let hidden = values.len() - shown;
    Ok(vec![Picture {
        notes: left_out(hidden).into_iter().collect(),
        ..Picture::of(canvas.finish(&frame.title()))
    }])
}

/// A value, and behind it how many times the first it is.
fn label(value: String, index: usize, own: &Estimate, first: Option<&Estimate>) -> String {
    match first {
        Some(first) if index > 0 && first.mean > 0.0 => {
            format!("{value} ({} times)", finding::times(own.mean / first.mean))
        }
        _ => value,
    }
}

fn of_makespans(request: &Request, reports: &[Report]) -> String {
    let runs: Vec<(&str, &Report)> = request.runs.iter().map(|run| run.name.as_str()).zip(reports).collect();
    finding::of_runs(&request.scenario.title, &runs)
}

fn of_values(request: &Request, text: &str, values: &[Option<Estimate>]) -> String {
    let known = || values.iter().enumerate().filter_map(|(index, value)| Some((index, value.as_ref()?.mean)));
    let (most, least) = (
        known().max_by(|one, other| one.1.total_cmp(&other.1)),
        known().min_by(|one, other| one.1.total_cmp(&other.1)),
    );
    let (Some(most), Some(least)) = (most, least) else { return request.scenario.title.clone() };
    let name = |index: usize| &request.runs[index].name;
    if most.1 > least.1 && least.1 > 0.0 {
        let ratio = finding::times(most.1 / least.1);
        return format!("{text} of \"{}\" is {ratio} times that of \"{}\"", name(most.0), name(least.0));
    }
    if most.1 > least.1 {
        return format!("{text} is largest in \"{}\", and zero in \"{}\"", name(most.0), name(least.0));
    }
    format!("{text} is the same in all runs")
}
