//! What `gilsim compare` draws: a bar a run, and how many times its reference each of them is.

use crate::chart::bar_chart::{Bar, BarChart, footer_of_bars};
use crate::chart::look::Look;
use crate::chart::quantity::unit_of_metric;
use crate::chart::request::{Picture, Refusal};
use crate::chart::scale::Unit;
use crate::experiment::compare::{Comparison, Relation};
use crate::experiment::{RunOutcome, finding};
use crate::scenario::Metric;

/// Draws a comparison of runs by a metric. `id` is what to call what was compared.
///
/// # Errors
/// If no run has a value of the metric.
pub fn bars(comparison: &Comparison, metric: &str, id: &str, look: &Look) -> Result<Picture, Refusal> {
    let unit = Metric::of_any(metric).map_or(Unit::Plain, unit_of_metric);
    let bars = comparison.outcomes.iter().enumerate().map(|(index, run)| {
        let value = run.estimate_of(metric);
        let shown = value.map_or_else(String::new, |value| unit.short(value.mean));
        let times = || comparison.ratio(index, metric).map(|ratio| finding::times(ratio.mean));
        let relation = match comparison.relation(index, metric) {
            Relation::Reference | Relation::Unknown => None,
            Relation::NoDifference(_) => Some("no difference".to_owned()),
            Relation::Larger(_) | Relation::Smaller(_) => times().map(|times| format!("{times} times")),
        };
        Bar {
            name: run.name.clone(),
            value,
            label: relation.map_or_else(|| shown.clone(), |relation| format!("{shown} ({relation})")),
            is_reference: index == comparison.references[index],
            is_complete: run.complete,
        }
    });
    let bars: Vec<Bar> = bars.collect();
    let means = bars.iter().filter_map(|bar| Some((bar.name.as_str(), bar.value.as_ref()?.mean)));
    let means: Vec<(&str, f64)> = means.collect();
    if means.is_empty() {
        let message = format!("`{}` has no value in any run", metric);
        return Err(Refusal::nothing(message, "choose another quantity with --metric"));
    }
    let title = finding::of_values(id, metric, &means);
    let footer = footer_of_bars(
        id,
        comparison.seed,
        comparison.replications,
        comparison.outcomes.iter().map(RunOutcome::fingerprint),
    );
    let chart = BarChart { title, footer, bars, meanings: ["reference", "run"] };
    let notes = match chart.hidden() {
        0 => Vec::new(),
        hidden => vec![format!("{hidden} of the runs are not shown in the picture")],
    };
    Ok(Picture { notes, ..chart.draw(look) })
}
