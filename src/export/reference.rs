//! References, cell by cell, as a table and as JSON.

use serde::Serialize;

use crate::experiment::Verdict;
use crate::experiment::reference::{Score, Summary, ordered_pairs};
use crate::export::json::{self, VerdictDocument};
use crate::export::{number, table};

/// A line a figure of each reference, which has a name and scores.
pub fn cells(references: &[(String, Vec<Score>)]) -> String {
    let mut table = table::table();
    table.set_header(["reference", "cell", "quantity", "measured", "25 %", "75 %", "simulated", "error"]);
    for (name, scores) in references {
        for score in scores {
            let figure = &score.figure;
            let mut cells = vec![name.clone(), figure.cell.clone(), figure.quantity.clone()];
            match &figure.found {
                Ok(found) => {
                    let is_time = found.expression.time_power == 1;
                    let shown =
                        |value: f64| if is_time { number::seconds(value) } else { number::plain(value) };
                    let (first, third) = found.quartiles;
                    cells.extend([found.value, first, third].map(shown));
                    cells.push(match &score.simulated {
                        Some(Ok(value)) => shown(*value),
                        Some(Err(error)) => error.to_string(),
                        None => String::new(),
                    });
                    cells.push(match score.error() {
                        Some(error) => percent(error),
                        None if found.only_order => "order only".to_owned(),
                        None => "not simulated".to_owned(),
                    });
                }
                Err(reason) => {
                    cells.extend([(); 3].map(|()| String::new()));
                    cells.extend(["not simulated".to_owned(), reason.clone()]);
                }
            }
            table.add_row(cells);
        }
    }
    table::align_right(&mut table);
    table.trim_fmt()
}

/// A line a reference, of which there are several `of` a kind, and one for all together.
pub fn summary(of: &str, references: &[(String, Vec<Score>)]) -> String {
    let mut table = table::table();
    table.set_header([of, "cells", "not simulated", "median", "90 %", "within 15 %", "orderings right"]);
    let all = ("all".to_owned(), Summary::of(references.iter().map(|(_, scores)| scores.as_slice())));
    let each = references.iter().map(|(name, scores)| (name.clone(), Summary::of([scores.as_slice()])));
    for (name, summary) in each.chain([all]) {
        let shown = |value: f64| if summary.scored > 0 { percent(value) } else { "-".to_owned() };
        table.add_row([
            name,
            summary.scored.to_string(),
            summary.not_simulated.to_string(),
            shown(summary.median),
            shown(summary.ninetieth),
            shown(summary.near),
            format!("{} of {}", summary.right, summary.orderings),
        ]);
    }
    table::align_right(&mut table);
    table.trim_fmt()
}

/// An error as people read it.
pub fn percent(value: f64) -> String {
    if value.is_finite() { format!("{:.1} %", value * 100.0) } else { "infinite".to_owned() }
}

#[derive(Serialize)]
struct CellDocument<'a> {
    reference: &'a str,
    cell: &'a str,
    quantity: &'a str,
    that: Option<&'a str>,
    measured: Option<f64>,
    quartiles: Option<(f64, f64)>,
    simulated: Option<f64>,
    scored: bool,
    error: Option<f64>,
    not_simulated: Option<&'a str>,
}

#[derive(Serialize)]
struct SummaryDocument<'a> {
    reference: &'a str,
    scored: usize,
    not_simulated: usize,
    median: Option<f64>,
    ninetieth: Option<f64>,
    within_15_percent: Option<f64>,
    orderings: usize,
    orderings_right: usize,
}

#[derive(Serialize)]
struct Misordered<'a> {
    reference: &'a str,
    quantity: &'a str,
    smaller: &'a str,
    larger: &'a str,
}

#[derive(Serialize)]
struct ExpectationDocument<'a> {
    scenario: &'a str,
    #[serde(flatten)]
    verdict: VerdictDocument<'a>,
}

#[derive(Serialize)]
struct PublishedDocument<'a> {
    wrong_orderings: Vec<Misordered<'a>>,
    summaries: Vec<SummaryDocument<'a>>,
}

#[derive(Serialize)]
struct Document<'a> {
    expectations: Vec<ExpectationDocument<'a>>,
    published: PublishedDocument<'a>,
    cells: Vec<CellDocument<'a>>,
    wrong_orderings: Vec<Misordered<'a>>,
    summaries: Vec<SummaryDocument<'a>>,
}

/// All of it as a document, ending with a new line: the verdicts of scenarios, the scores of what was published among them,
/// and those of references. Times are in seconds; the last summary is that of all together. An infinite error (something
/// against nothing) is no number in JSON, and null: of a cell that is scored, of a summary with scored cells.
pub fn document(
    judged: &[(String, Verdict)],
    published: &[(String, Vec<Score>)],
    references: &[(String, Vec<Score>)],
) -> String {
    let expectations = judged.iter().map(|(scenario, verdict)| ExpectationDocument {
        scenario,
        verdict: json::verdict_document(verdict),
    });
    let cells =
        references.iter().flat_map(|(name, scores)| scores.iter().map(move |score| cell(name, score)));
    let document = Document {
        expectations: expectations.collect(),
        published: PublishedDocument {
            wrong_orderings: wrong_orderings(published),
            summaries: summaries(published),
        },
        cells: cells.collect(),
        wrong_orderings: wrong_orderings(references),
        summaries: summaries(references),
    };
    // Serialising strings and finite numbers into memory cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn wrong_orderings(references: &[(String, Vec<Score>)]) -> Vec<Misordered<'_>> {
    let wrong = references.iter().flat_map(|(name, scores)| {
        let pairs = ordered_pairs(scores).into_iter().filter(|pair| !pair.right);
        pairs.map(move |pair| Misordered {
            reference: name,
            quantity: &pair.smaller.figure.quantity,
            smaller: &pair.smaller.figure.cell,
            larger: &pair.larger.figure.cell,
        })
    });
    wrong.collect()
}

fn summaries(references: &[(String, Vec<Score>)]) -> Vec<SummaryDocument<'_>> {
    let all = Summary::of(references.iter().map(|(_, scores)| scores.as_slice()));
    let each = references.iter().map(|(name, scores)| (name.as_str(), Summary::of([scores.as_slice()])));
    each.chain([("all", all)]).map(|(name, of)| summary_document(name, of)).collect()
}

fn cell<'a>(name: &'a str, score: &'a Score) -> CellDocument<'a> {
    let found = score.figure.found.as_ref();
    CellDocument {
        reference: name,
        cell: &score.figure.cell,
        quantity: &score.figure.quantity,
        that: found.ok().map(|found| found.that.as_str()),
        measured: found.ok().map(|found| found.value),
        quartiles: found.ok().map(|found| found.quartiles),
        simulated: score.value(),
        scored: score.error().is_some(),
        error: score.error().filter(|error| error.is_finite()),
        not_simulated: found.err().map(String::as_str),
    }
}

fn summary_document(reference: &str, summary: Summary) -> SummaryDocument<'_> {
    let number = |value: f64| value.is_finite().then_some(value);
    SummaryDocument {
        reference,
        scored: summary.scored,
        not_simulated: summary.not_simulated,
        median: number(summary.median),
        ninetieth: number(summary.ninetieth),
        within_15_percent: number(summary.near),
        orderings: summary.orderings,
        orderings_right: summary.right,
    }
}
