//! `gilsim verify`: checks the expectations of many scenarios, and holds them against what was published or measured.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Failure;
use crate::cli::input::Loaded;
use crate::cli::{input, output};
use crate::experiment::reference::{Score, published, scores};
use crate::experiment::sweep::{Plan, Shard, conduct_sweep};
use crate::experiment::{Effort, Role, Standing, Verdict, conduct};
use crate::export::{reference, table};

/// The arguments of `gilsim verify`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scenarios, or folders of scenarios
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Change a value in all of them, as in --set machine.costs.context_switch=0s
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Print all expectations, the cells of all references, and the summaries, as JSON
    ///
    /// Times are in seconds. An infinite error, of something against nothing, is no number: it is null where `scored` is true,
    /// and in a summary where `scored` is not 0.
    #[arg(long)]
    json: bool,
}

/// What became of a scenario.
#[derive(Default)]
struct Verified {
    /// One verdict an expectation, at every point if it is a sweep.
    verdicts: Vec<Verdict>,
    /// One score a published figure that is expected, but for inputs. Sweeps are held against none.
    published: Vec<Score>,
    /// One score a figure of a reference. Sweeps are held against none.
    scores: Vec<Score>,
    /// The runs that did not come to their end.
    stopped: Vec<String>,
}

/// What became of all scenarios, by their names.
#[derive(Default)]
struct Results {
    judged: Vec<(String, Verdict)>,
    published: Vec<(String, Vec<Score>)>,
    references: Vec<(String, Vec<Score>)>,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let mut results = Results::default();
    let mut incomplete = Vec::new();
    for path in scenarios(&arguments.paths)? {
        let loaded = input::load(&path.to_string_lossy(), &arguments.overrides)?;
        let verified = verified(&loaded)?;
        incomplete.extend(verified.stopped.into_iter().map(|run| format!("{}: {run}", loaded.id)));
        results.judged.extend(verified.verdicts.into_iter().map(|verdict| (loaded.id.clone(), verdict)));
        if !verified.published.is_empty() {
            results.published.push((loaded.id.clone(), verified.published));
        }
        if !verified.scores.is_empty() {
            results.references.push((loaded.id, verified.scores));
        }
    }
    output::print(&shown(arguments.json, &results))?;
    let judged = &results.judged;
    if !incomplete.is_empty() {
        return Err(Failure::Incomplete(format!("did not come to an end: {}", incomplete.join(", "))));
    }
    match count(judged, |verdict| verdict.standing == Standing::Failed) {
        0 => Ok(()),
        failed => Err(Failure::Expectation(format!("{failed} of {} expectations failed", judged.len()))),
    }
}

fn shown(json: bool, results: &Results) -> String {
    let Results { judged, published, references } = results;
    if json {
        return reference::document(judged, published, references);
    }
    let mut parts = Vec::new();
    if !judged.is_empty() || references.is_empty() {
        let rows = judged.iter().map(|(id, verdict)| (id.as_str(), verdict));
        parts.push(format!("{}\n\n{}", table::verdicts(rows, true), summary(judged)));
    }
    if !published.is_empty() {
        parts.push(format!("{}\n", reference::summary("published figures that are predicted", published)));
    }
    if !references.is_empty() {
        let summary = reference::summary("reference", references);
        parts.push(format!("{}\n\n{summary}\n", reference::cells(references)));
    }
    parts.join("\n")
}

/// What became of a scenario, at every point if it is a sweep.
fn verified(loaded: &Loaded) -> Result<Verified, Failure> {
    let Some(sweep) = loaded.scenario.sweep.clone() else {
        let conducted = conduct(&loaded.scenario, &loaded.id, None);
        let stopped = conducted.runs.iter().filter(|run| !run.complete);
        let stopped = stopped.map(|run| run.name.clone()).collect();
        let scores = scores(&loaded.scenario, &conducted);
        let published = published(&loaded.scenario, &conducted);
        return Ok(Verified { verdicts: conducted.verdicts, published, scores, stopped });
    };
    let effort = Effort::of(loaded.scenario.repeat);
    let plan = Plan::new(loaded.template.clone(), sweep, None, effort, Shard::WHOLE)
        .map_err(|error| Failure::Scenario(error.to_string()))?;
    let swept = conduct_sweep(&plan).map_err(|diagnostics| input::explained(&diagnostics))?;
    let stopped = swept.rows().filter(|(_, row)| !row.complete);
    let stopped =
        stopped.map(|(piece, row)| format!("{} at {}", swept.runs[row.run], piece.values.join(", ")));
    let (stopped, verdicts) = (stopped.collect(), swept.verdicts(&plan.first, &loaded.id).0);
    Ok(Verified { verdicts, stopped, ..Verified::default() })
}

fn summary(judged: &[(String, Verdict)]) -> String {
    let inputs = count(judged, |verdict| matches!(verdict.role, Role::Input(_)));
    let met = count(judged, |verdict| verdict.standing == Standing::Met);
    let gaps = count(judged, |verdict| verdict.standing == Standing::KnownGap);
    let mut text = String::new();
    for (id, verdict) in judged.iter().filter(|(_, verdict)| verdict.standing == Standing::KnownGap) {
        let reason = verdict.known_gap.as_deref().unwrap_or_default().trim();
        text.push_str(&format!("known gap: {id}: {}: {reason}\n\n", verdict.that));
    }
    text.push_str(&format!(
        "{} expectations: {} predictions, {inputs} inputs; {met} met, {gaps} known gaps, {} failed\n",
        judged.len(),
        judged.len() - inputs,
        judged.len() - met - gaps
    ));
    text
}

fn count(judged: &[(String, Verdict)], which: impl Fn(&Verdict) -> bool) -> usize {
    judged.iter().filter(|(_, verdict)| which(verdict)).count()
}

/// The files that the paths name; of a folder, those that end in `.yaml`, in the order of their names.
fn scenarios(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = scenarios_in(path).map_err(|error| {
                Failure::Scenario(format!("error: cannot read {}: {error}", path.display()))
            })?;
            if found.is_empty() {
                return Err(Failure::Scenario(format!("error: there is no scenario in {}", path.display())));
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn scenarios_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
