//! How long requests wait for their answers: the distribution of a latency in every run.

use crate::chart::cdf::{Distributions, MOST};
use crate::chart::request::{Kind, Picture, Refusal, Request, left_out};
use crate::experiment::finding;
use crate::sim::Latency;

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "latency", about: "How long requests take: the distribution, on a logarithmic axis", draw };

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let name = chosen(request)?;
    let mut replications = request.replications();
    let reports = replications.swap_remove(0);
    let latency = |index: usize| -> Option<&Latency> {
        let run = request.runs[index];
        let place = run.latency_names.iter().position(|latency| *latency == name)?;
        reports[index].latencies.get(place).filter(|latency| latency.count() > 0)
    };
    let of: Vec<(String, &Latency)> = (0..request.runs.len())
        .filter_map(|index| Some((request.runs[index].name.clone(), latency(index)?)))
        .take(MOST)
        .collect();
    if of.is_empty() {
        let message = format!("no run measures `{name}`: no request came to its end");
        return Err(Refusal::nothing(message, "let the runs go on for longer"));
    }
    let picture = Distributions {
        finding: finding_of(&name, &of),
        footer: request.footer(reports.iter()),
        title: format!("{}: {name}", request.look.words.say("latency")),
        of,
    };
    let hidden =
        (0..request.runs.len()).filter(|index| latency(*index).is_some()).count().saturating_sub(MOST);
    Ok(vec![Picture {
        notes: left_out(hidden).into_iter().collect(),
        ..Picture::of(picture.draw(request.look))
    }])
}

/// The latency that the user names, or else the first there is.
fn chosen(request: &Request) -> Result<String, Refusal> {
    let all = || request.runs.iter().flat_map(|run| &run.latency_names);
    let list = || -> String {
        let mut names: Vec<String> = all().map(|name| format!("`{name}`")).collect();
        names.dedup();
        names.join(", ")
    };
    match (request.metrics.first(), all().next()) {
        (_, None) => Err(Refusal::nothing(
            "this scenario measures no latency",
            "steps such as `request: CHANNEL` and `mark: {begin: NAME}` measure one; --chart waits shows the waits for the GIL",
        )),
        (None, Some(first)) => Ok(first.clone()),
        (Some(wanted), Some(_)) => {
            let wanted = wanted.split(".latency").next().unwrap_or_default();
            let known = all().find(|name| *name == wanted);
            known.cloned().ok_or_else(|| {
                Refusal::nothing(format!("there is no latency `{wanted}`"), format!("there are {}", list()))
            })
        }
    }
}

/// How the 99th percentiles of the best and the worst run compare.
pub fn finding_of(name: &str, of: &[(String, &Latency)]) -> String {
    let tail = |latency: &Latency| latency.quantile(0.99).unwrap_or_default();
    let worst = of.iter().max_by_key(|(_, latency)| tail(latency));
    let best = of.iter().min_by_key(|(_, latency)| tail(latency));
    let (Some((worst, slow)), Some((best, fast))) = (worst, best) else { return name.to_owned() };
    let (slow, fast) = (tail(slow), tail(fast));
    if slow > fast && !fast.is_zero() {
        let ratio = finding::times(slow.as_secs() / fast.as_secs());
        return format!(
            "The 99th percentile of {name} is {slow} in \"{worst}\": {ratio} times that of \"{best}\""
        );
    }
    format!("99 of 100 times, {name} takes at most {slow}")
}
