//! `gilsim compare`: many runs in one table, relative to one of them.

use clap::{Args, ValueEnum};

use crate::chart::{self, Look};
use crate::cli::input::{self, EffortArguments};
use crate::cli::results::{self, Files};
use crate::cli::{Failure, output};
use crate::experiment::Notice;
use crate::experiment::compare::{Comparison, Reference, compare};
use crate::export::{columns, table};
use crate::scenario::{NamedMetric, Repeat, Run, Scenario, Setting, Sweep, Template, parse_axes};

/// The arguments of `gilsim compare`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenarios: files, names of built-in ones, or - for standard input
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Compare these interpreters, as in cpython-2.7,cpython-3.11
    #[arg(long, value_name = "NAMES")]
    python: Option<String>,
    /// Compare these values, as in machine.cores=1,2,4; several make all combinations
    #[arg(long = "over", value_name = "PATH=VALUES")]
    over: Vec<String>,
    /// Change a value in all of them
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// What is compared, as makespan or echo.latency.p99; further ones are shown
    #[arg(long = "metric", value_name = "NAME",
          default_values = ["makespan", "system", "gil.hand_overs", "gil.failed"])]
    metrics: Vec<String>,
    /// What the others are compared with; a run of several variants with that run of other variants
    #[arg(long, value_enum, default_value_t = To::First)]
    relative_to: To,
    /// Use this seed in place of the first scenario's
    #[arg(long, allow_hyphen_values = true, value_parser = input::count)]
    seed: Option<u64>,
    #[command(flatten)]
    effort: EffortArguments,
    #[command(flatten)]
    files: Files,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// The first
    First,
    /// The one with the smallest value
    Best,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let scenarios: Vec<&str> = arguments.scenarios.iter().map(String::as_str).collect();
    let formats = arguments.files.formats(&scenarios)?;
    let sweep = sweep(arguments)?;
    let variants = sweep.as_ref().map_or(vec![Vec::new()], variants);
    let mut ids: Vec<String> = Vec::new();
    let mut runs: Vec<Run> = Vec::new();
    let mut names: Vec<Vec<String>> = Vec::new();
    let (mut seed, mut repeat) = (None, None);
    for path in &arguments.scenarios {
        let (text, name) = input::scenario_text(path)?;
        ids.push(input::id_of(&name));
        let id = ids.last().filter(|_| arguments.scenarios.len() > 1).cloned();
        let template = Template { name, text, overrides: arguments.overrides.clone() };
        if let Some(sweep) = &sweep {
            results::tell_unmoved(&template, sweep)?;
        }
        for variant in &variants {
            let scenario = template.at(variant).map_err(|diagnostics| input::explained(&diagnostics))?;
            seed.get_or_insert(scenario.seed);
            repeat.get_or_insert(scenario.repeat);
            names.push(scenario.runs.iter().map(|run| run.name.clone()).collect());
            runs.extend(named(scenario, id.as_deref(), variant));
        }
    }
    let effort = arguments.effort.effort(repeat.unwrap_or(Repeat::Times(1)));
    let seed = arguments.seed.or(seed).unwrap_or(1);
    let reference = match arguments.relative_to {
        To::First => Reference::First,
        To::Best => Reference::Best,
    };
    let known: Vec<NamedMetric> = runs.iter().flat_map(Run::metrics).collect();
    NamedMetric::check(&arguments.metrics, known.iter().map(|named| named.name.as_str()))
        .map_err(Failure::Usage)?;
    let metric = arguments.metrics[0].as_str();
    let comparison = compare(&runs, &groups(&names), seed, effort, metric, reference);
    if comparison.is_always_the_same {
        let notice = Notice::SeedDoesNotMatter { replications: comparison.replications };
        output::tell(&format!("warning: {notice}"));
    }
    let draw = || chart::comparison::bars(&comparison, metric, &ids.join(", "), &Look::default());
    arguments.files.write(&formats, &columns::of_comparison(&comparison, metric), draw)?;
    output::print(&shown(&comparison, &arguments.metrics))?;
    match comparison.outcomes.iter().find(|run| !run.complete) {
        Some(run) => Err(Failure::Incomplete(format!("`{}` did not come to its end", run.name))),
        None => Ok(()),
    }
}

fn shown(comparison: &Comparison, metrics: &[String]) -> String {
    let table = table::comparison(comparison, metrics);
    let mut text = format!("{table}\n\nseed {}", comparison.seed);
    if comparison.replications > 1 {
        let replications = comparison.replications;
        text.push_str(&format!(", {replications} replications: means with 95 % confidence intervals"));
    }
    text + "\n"
}

/// What is varied in each scenario, if anything is.
fn sweep(arguments: &Arguments) -> Result<Option<Sweep>, Failure> {
    let python = arguments.python.iter().map(|names| format!("python={names}"));
    let texts: Vec<String> = python.chain(arguments.over.iter().cloned()).collect();
    if texts.is_empty() {
        return Ok(None);
    }
    let axes = parse_axes(&texts).map_err(|diagnostics| input::explained(&diagnostics))?;
    let sweep = Sweep::new(axes, None).map_err(|error| Failure::Usage(error.to_string()))?;
    const MOST: usize = 1_000;
    if sweep.len() > MOST {
        let message = format!("{} variants are too many to compare, at most {MOST}", sweep.len());
        return Err(Failure::Usage(format!("{message}\nhelp: `gilsim sweep` writes them to a file")));
    }
    Ok(Some(sweep))
}

/// The values that each scenario is carried out with.
fn variants(sweep: &Sweep) -> Vec<Vec<Setting>> {
    (0..sweep.len()).map(|point| sweep.point(point, 0)).collect()
}

/// The group of each run, given the names of the runs of each variant: where all variants have the same runs, each is
/// compared with that run of the other variants, and else all with one another.
fn groups(names: &[Vec<String>]) -> Vec<usize> {
    let several = names.len() > 1 && names.windows(2).all(|pair| pair[0] == pair[1]);
    let group = |(number, _): (usize, &String)| if several { number } else { 0 };
    names.iter().flat_map(|names| names.iter().enumerate().map(group)).collect()
}

/// The runs of a scenario, named by all in which they differ from the others.
fn named(scenario: Scenario, id: Option<&str>, variant: &[Setting]) -> Vec<Run> {
    let several = scenario.runs.len() > 1;
    let name = |run: &Run| {
        let values = variant.iter().map(|setting| setting.value.clone());
        let own = (several || (id.is_none() && variant.is_empty())).then(|| run.name.clone());
        id.map(str::to_owned).into_iter().chain(values).chain(own).collect::<Vec<_>>().join(", ")
    };
    scenario.runs.into_iter().map(|run| Run { name: name(&run), ..run }).collect()
}
