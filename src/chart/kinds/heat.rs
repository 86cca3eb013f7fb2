//! A heat map: a quantity over two values that are varied, such as the switch interval and the number of cores.

use crate::chart::bars::{Bars, Rect};
use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, LABEL, MARGIN};
use crate::chart::pen::{Align, write};
use crate::chart::plot::line;
use crate::chart::points::{are_complete, replications, run_indices, swept};
use crate::chart::quantity;
use crate::chart::request::{Kind, Picture, Refusal, Request, means};
use crate::chart::text::{Font, clean};
use crate::chart::theme::Paint;
use crate::chart::themes::text_on;
use crate::chart::unfinished;
use crate::experiment::finding;
use plotters::style::RGBColor;

/// How this chart is asked for.
pub const KIND: Kind = Kind { name: "heat", about: "A quantity over two values that are varied", draw };

const VALUE: Font = Font::bold(28);
const AXIS_TITLE: Font = Font::bold(25);

/// The room left of the cells, and below them.
const LEFT: i32 = 190;
const BELOW: i32 = 86;

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let quantities = quantity::chosen(request.metrics, &["makespan".to_owned()], 1, &request.scenario.runs)?;
    let quantity = &quantities[0];
    let (axes, points) = swept(request, 2)?;
    let run = run_indices(request).first().copied().unwrap_or(0);
    let (across, up) = (&axes[0], &axes[1]);
    let value = |x: usize, y: usize| -> Option<f64> {
        let point = points.get(x * up.texts.len() + y)?;
        Some(quantity.estimate(&point.scenario, run, &point.replications)?.mean)
    };
    let cells: Vec<(usize, usize, Option<f64>)> = (0..across.texts.len())
        .flat_map(|x| (0..up.texts.len()).map(move |y| (x, y)))
        .map(|(x, y)| (x, y, value(x, y)))
        .collect();
    let known = || cells.iter().filter_map(|(x, y, value)| Some((*x, *y, (*value)?)));
    let most = known().max_by(|one, other| one.2.total_cmp(&other.2));
    let least = known().min_by(|one, other| one.2.total_cmp(&other.2));
    let (Some(most), Some(least)) = (most, least) else {
        let message = format!("`{}` has no value at any point", quantity.text);
        return Err(Refusal::nothing(message, "choose another quantity with --metric"));
    };
    let of = match quantity.is_of_runs && request.scenario.runs.len() > 1 {
        true => format!("{} of \"{}\"", quantity.text, request.scenario.runs[run].name),
        false => quantity.text.clone(),
    };
    let place = |(x, y, _): (usize, usize, f64)| {
        format!("{} {}, {} {}", across.name(), across.text(x), up.name(), up.text(y))
    };
    let title = if most.2 > least.2 && least.2 > 0.0 {
        let ratio = finding::times(most.2 / least.2);
        format!("{of} is {ratio} times as large at {} as at {}", place(most), place(least))
    } else {
        format!("{of} is largest at {}", place(most))
    };
    let are_complete = are_complete(&points, quantity, &[run]);
    let unfinished = unfinished::sentence(&are_complete, "points");
    let title = unfinished.as_deref().map_or(title, unfinished::title);
    let footer = format!("{} - {}", request.origin(), means(replications(&points)));
    let frame = Frame::new(&title, &footer, look);
    let (top, bottom) = (frame.top + 44, frame.bottom - BELOW);
    let right = frame.width - MARGIN;
    let column = |x: usize| LEFT + (right - LEFT) * x as i32 / across.texts.len() as i32;
    let row = |y: usize| bottom - (bottom - top) * y as i32 / up.texts.len() as i32;
    let mut canvas = Canvas::new(look);
    let mut bars = Bars::default();
    let colour = |value: f64| shade(look.theme.heat, share(value, least.2, most.2));
    for (x, y, value) in known() {
        let rect = Rect {
            x: column(x) + 2,
            y: row(y + 1) + 2,
            width: column(x + 1) - column(x) - 4,
            height: row(y) - row(y + 1) - 4,
        };
        bars.fill(Paint::Plain(colour(value)), "cell", rect);
    }
    canvas.bars("cells", bars);
    canvas.paint(|surface| {
        for (x, y, value) in &cells {
            let (text, ink) = match value {
                Some(value) => (quantity.unit.short(*value), text_on(colour(*value))),
                None => ("\u{2013}".to_owned(), look.theme.muted),
            };
            let (width, height) = (column(x + 1) - column(*x), row(*y) - row(y + 1));
            if VALUE.width(&text) + 8 <= width && height >= 34 {
                let at = ((column(*x) + column(x + 1)) / 2, (row(*y) + row(y + 1)) / 2 + 10);
                write(surface, &text, VALUE, ink, at, Align::Center);
            }
            if !are_complete[x * up.texts.len() + y] {
                let ends = [(column(*x) + 2, row(*y) - 2), (column(x + 1) - 2, row(y + 1) + 2)];
                line(surface, &ends, ink, 4);
            }
        }
        let mut free = i32::MIN;
        for (x, text) in (0..across.texts.len()).map(|x| (x, across.text(x))) {
            let middle = (column(x) + column(x + 1)) / 2;
            let half = LABEL.width(&text) / 2;
            if middle - half > free {
                write(surface, &clean(&text), LABEL, look.theme.text, (middle, bottom + 34), Align::Center);
                free = middle + half + 14;
            }
        }
        let every = (34 * up.texts.len() as i32).div_euclid((bottom - top).max(1)) as usize + 1;
        for y in (0..up.texts.len()).step_by(every) {
            let text = LABEL.fit(&clean(&up.text(y)), LEFT - MARGIN - 12);
            write(
                surface,
                &text,
                LABEL,
                look.theme.text,
                (LEFT - 14, (row(y) + row(y + 1)) / 2 + 9),
                Align::Right,
            );
        }
        write(surface, &clean(&up.path), AXIS_TITLE, look.theme.muted, (MARGIN, top - 16), Align::Left);
        write(
            surface,
            &clean(&across.path),
            AXIS_TITLE,
            look.theme.muted,
            (right, bottom + 74),
            Align::Right,
        );
        frame.write(surface, look);
    });
    Ok(vec![Picture { unfinished, ..Picture::of(canvas.finish(&frame.title())) }])
}

/// Where a value lies between the smallest (0) and the largest (1): by ratio where they are many times apart.
fn share(value: f64, least: f64, most: f64) -> f64 {
    const MANY: f64 = 8.0;
    if most <= least {
        return 0.5;
    }
    if least > 0.0 && most / least > MANY {
        return libm::log(value / least) / libm::log(most / least);
    }
    (value - least) / (most - least)
}

/// The colour so far on the way from small to large.
fn shade([small, large]: [RGBColor; 2], share: f64) -> RGBColor {
    let mix = |from: u8, to: u8| {
        (f64::from(from) + (f64::from(to) - f64::from(from)) * share.clamp(0.0, 1.0)).round() as u8
    };
    RGBColor(mix(small.0, large.0), mix(small.1, large.1), mix(small.2, large.2))
}
