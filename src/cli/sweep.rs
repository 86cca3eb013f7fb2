//! `gilsim sweep`: carries out a scenario at many points.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::input::{self, EffortArguments, ScenarioArguments};
use crate::cli::output::{self, Format};
use crate::cli::progress::Progress;
use crate::cli::{Failure, results};
use crate::experiment::sweep::{Interruption, Piece, Plan, PlanError, Shard, Swept, estimate, execute};
use crate::export::part::{Header, Journal};
use crate::scenario::units;
use crate::scenario::{Sweep, Template, parse_axes};

/// The arguments of `gilsim sweep`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Vary a value, in place of the scenario's own sweep: PATH=1,2,4 or PATH=50us..100ms:log:20
    #[arg(long = "over", value_name = "PATH=VALUES")]
    over: Vec<String>,
    /// Draw so many points at random, in place of the whole grid
    #[arg(long, value_name = "COUNT", value_parser = sample)]
    sample: Option<u64>,
    #[command(flatten)]
    effort: EffortArguments,
    /// Do this share of the sweep, as in 3/16, and write it to a .part for `gilsim merge`, which judges the whole
    #[arg(long, value_name = "NUMBER/OF", value_parser = shard)]
    shard: Option<Shard>,
    /// Count the runs, estimate the time, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    results: results::ResultArguments,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    // A dry run writes nothing, so it need not say where.
    let says_where = !arguments.dry_run || !arguments.results.outputs.is_empty();
    arguments.results.check(&[&arguments.scenario.scenario])?;
    let formats = arguments.results.formats(arguments.shard.is_some() && says_where)?;
    let (text, name) = input::scenario_text(&arguments.scenario.scenario)?;
    let id = input::id_of(&name);
    let template = Template { name, text, overrides: arguments.scenario.overrides.clone() };
    let plan = plan(arguments, template)?;
    plan.unmoved.iter().for_each(|unmoved| output::tell(&format!("warning: {unmoved}")));
    if arguments.dry_run {
        return dry_run(&plan);
    }
    let pieces = carry_out(&plan, &id, journal_path(&arguments.results.outputs, &formats).as_deref())?;
    if arguments.shard.is_some() {
        for path in &arguments.results.outputs {
            output::tell(&format!("wrote {}", path.display()));
        }
        if !plan.first.expectations.is_empty() {
            output::tell("note: the expectations are judged by `gilsim merge`");
        }
        return Ok(());
    }
    let swept = Swept::of(&plan, pieces);
    arguments.results.write(&swept, &formats)?;
    remove_journal(&arguments.results.outputs, &formats);
    results::judged(&swept, &plan.first, &id)
}

fn plan(arguments: &Arguments, template: Template) -> Result<Plan, Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
    let axes = parse_axes(&arguments.over).map_err(|diagnostics| input::explained(&diagnostics))?;
    let sweep = if axes.is_empty() {
        let scenario = template.at(&[]).map_err(|diagnostics| input::explained(&diagnostics))?;
        let own = scenario.sweep.ok_or_else(|| {
            refused(&"there is nothing to sweep over\nhelp: say what, as in --over machine.cores=1,2,4")
        })?;
        match arguments.sample {
            Some(sample) => Sweep::new(own.axes().to_vec(), Some(sample)).map_err(|error| refused(&error))?,
            None => own,
        }
    } else {
        Sweep::new(axes, arguments.sample).map_err(|error| refused(&error))?
    };
    let first = template.at(&sweep.probes()[0]).map_err(|diagnostics| input::explained(&diagnostics))?;
    let effort = arguments.effort.effort(first.repeat);
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    let plan = Plan::new(template, sweep, arguments.scenario.seed, effort, shard);
    let plan = plan.map_err(|error| match error {
        PlanError::Scenario(diagnostics) => input::explained(&diagnostics),
        too_many @ PlanError::TooManyRuns { .. } => refused(&too_many),
    })?;
    plan.with_metrics(&arguments.results.metrics).map_err(Failure::Usage)
}

fn dry_run(plan: &Plan) -> Result<(), Failure> {
    let pieces = plan.own_pieces().count();
    let (points, runs) = (plan.sweep.len(), plan.first.runs.len());
    let time = estimate(plan, pieces).map_err(|diagnostics| input::explained(&diagnostics))?;
    let share = match plan.shard {
        Shard::WHOLE => String::new(),
        Shard { number, of } => format!("; share {number} of {of}: {} runs", pieces * runs),
    };
    let (replications, time) = match time {
        Some(time) => (
            (plan.pieces() / points).to_string(),
            format!("about {:.1} s on {} cores", time.as_secs_f64(), plan.effort.threads),
        ),
        None => ("as many as it takes".to_owned(), "nobody knows how long".to_owned()),
    };
    output::print(&format!(
        "{points} points, {runs} runs each, replications: {replications}; {} runs in all{share}; {time}\n",
        plan.runs()
    ))
}

/// Carries out what is not done yet, and gives all pieces of this share.
fn carry_out(plan: &Plan, id: &str, journal: Option<&Path>) -> Result<Vec<Piece>, Failure> {
    let (mut journal, mut pieces) = match journal {
        Some(path) => {
            let (journal, pieces) = Journal::open(path, &Header::of(plan, id))
                .map_err(|error| results::cannot_use(path, &error))?;
            (Some((path, journal)), pieces)
        }
        None => (None, Vec::new()),
    };
    let mut done = vec![false; plan.pieces()];
    pieces.iter().for_each(|piece| done[piece.index] = true);
    let pending: Vec<usize> = plan.own_pieces().filter(|piece| !done[*piece]).collect();
    let all = pieces.len() + pending.len();
    if !pieces.is_empty() {
        output::tell(&format!("{} of {all} pieces are done already", pieces.len()));
    }
    let progress = Progress::new(all, pieces.len());
    let outcome = execute(plan, &pending, |piece| {
        if let Some((_, journal)) = &mut journal {
            journal.append(&piece)?;
        }
        pieces.push(piece);
        progress.advance();
        Ok::<(), std::io::Error>(())
    });
    drop(progress);
    match (outcome, journal) {
        (Ok(()), _) => Ok(pieces),
        (Err(Interruption::Scenario(diagnostics)), _) => Err(input::explained(&diagnostics)),
        (Err(Interruption::NotTaken(error)), Some((path, _))) => {
            let message = format!("cannot write {}: {error}", path.display());
            Err(Failure::Inside(format!(
                "{message}\nhelp: what is done is kept; run the command again to go on"
            )))
        }
        (Err(Interruption::NotTaken(error)), None) => Err(Failure::Inside(error.to_string())),
    }
}

/// Where pieces are kept until all are done: in the part that is asked for, or else beside the first output.
fn journal_path(outputs: &[PathBuf], formats: &[Format]) -> Option<PathBuf> {
    let first = outputs.first()?;
    if formats.first() == Some(&Format::Part) {
        return Some(first.clone());
    }
    let mut name = first.clone().into_os_string();
    name.push(".part");
    Some(name.into())
}

/// Once the results are written, what was kept on the way to them can go. If it cannot, that harms nobody.
fn remove_journal(outputs: &[PathBuf], formats: &[Format]) {
    if formats.first() != Some(&Format::Part)
        && let Some(path) = journal_path(outputs, formats)
    {
        let _ = std::fs::remove_file(path);
    }
}

fn sample(text: &str) -> Result<u64, String> {
    match input::count(text)? {
        0 => Err("a sample has at least one point".to_owned()),
        points => Ok(points),
    }
}

/// Reads `3/16`.
fn shard(text: &str) -> Result<Shard, String> {
    let both = text.split_once('/').map(|(number, of)| (units::parse_count(number), units::parse_count(of)));
    match both {
        Some((Ok(number), Ok(of))) if (1..=of).contains(&number) && of <= 1_000_000 => {
            Ok(Shard { number: number as usize, of: of as usize })
        }
        _ => Err("write NUMBER/OF, such as 3/16 for the third of sixteen".to_owned()),
    }
}
