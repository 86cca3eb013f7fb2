//! Bars of runs, and how many times the first each of them is: Beazley's comparison.

use crate::chart::bar_chart::{Bar, BarChart, footer_of_bars};
use crate::chart::quantity;
use crate::chart::request::{Kind, Picture, Refusal, Request, left_out};
use crate::experiment::conduct::{combined, is_complete};
use crate::experiment::{Estimate, finding};
use crate::sim::Report;

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "bars", about: "A quantity of every run, and its ratio to the first", draw };

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
        _ => {
            let means = request.runs.iter().zip(&values);
            let means = means.filter_map(|(run, value)| Some((run.name.as_str(), value.as_ref()?.mean)));
            finding::of_values(&request.scenario.title, &quantity.text, &means.collect::<Vec<_>>())
        }
    };
    let bars = request.runs.iter().zip(&values).enumerate().map(|(index, (run, value))| Bar {
        name: run.name.clone(),
        value: *value,
        label: value.as_ref().map_or_else(String::new, |own| {
            label(quantity.unit.short(own.mean), index, own, values[0].as_ref())
        }),
        is_reference: index == 0,
        is_complete: replications.iter().all(|reports| is_complete(run, &reports[index])),
    });
    let of_run = |run: usize| replications.iter().map(move |reports| reports[run].fingerprint());
    let fingerprints = (0..request.runs.len()).map(|run| combined(of_run(run)));
    let chart = BarChart {
        title,
        footer: footer_of_bars(request.id, request.seed(), replications.len(), fingerprints),
        bars: bars.collect(),
        meanings: ["first run", "run"],
    };
    let notes = left_out(chart.hidden()).into_iter().collect();
    Ok(vec![Picture { notes, ..chart.draw(look) }])
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
