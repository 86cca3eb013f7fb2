//! How long threads wait for the GIL: the distribution of the waits in every run.

use crate::chart::cdf::{Distributions, MOST};
use crate::chart::kinds::latency::finding_of;
use crate::chart::request::{Kind, Picture, Refusal, Request, left_out};
use crate::experiment::{View, record};
use crate::sim::Latency;

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "waits", about: "How long threads wait for the GIL: the distribution", draw };

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let view = View { from: request.from, to: request.to, columns: 1, most_lanes: 1 };
    let recordings = record(request.scenario, request.seed, &request.runs, view)?;
    let with_waits = || recordings.iter().filter(|recording| recording.waits.lengths().count() > 0);
    let of: Vec<(String, &Latency)> = with_waits()
        .take(MOST)
        .map(|recording| (recording.run.name.clone(), recording.waits.lengths()))
        .collect();
    if of.is_empty() {
        let message = "no wait for the GIL ends here";
        return Err(Refusal::nothing(
            message,
            "a run with two threads of one interpreter has something to show",
        ));
    }
    let picture = Distributions {
        finding: finding_of("a wait for the GIL", &of),
        footer: request.footer(recordings.iter().map(|recording| &recording.report)),
        title: request.look.words.say("wait for the GIL").to_owned(),
        of,
    };
    let hidden = with_waits().count().saturating_sub(MOST);
    Ok(vec![Picture {
        notes: left_out(hidden).into_iter().collect(),
        ..Picture::of(picture.draw(request.look))
    }])
}
