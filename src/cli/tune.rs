//! `gilsim tune`: finds the values that reach a goal.

use clap::Args;

use crate::chart::Look;
use crate::chart::tuned::{front, not_two_goals};
use crate::cli::input::{self, EffortArguments, ScenarioArguments};
use crate::cli::results::{self, Files};
use crate::cli::{Failure, output};
use crate::experiment::tune::{
    Constraint, FEWEST_POINTS, Goal, MOST_AXES, Sense, Task, Trial, Tuned, Unadvised, tune,
};
use crate::export::{advice, columns};
use crate::scenario::{Repeat, Setting, Sweep, Template, parse_axes};

/// The arguments of `gilsim tune`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Tune this value: PATH=50us..100ms:log, or a list of values; up to four
    #[arg(long = "over", value_name = "PATH=VALUES", required = true)]
    over: Vec<String>,
    /// What is to be small: a metric, or an expression as in `expect`; several goals make a Pareto front
    #[arg(long, visible_alias = "minimize", value_name = "EXPRESSION", required_unless_present = "maximise")]
    minimise: Vec<String>,
    /// What is to be large
    #[arg(long, visible_alias = "maximize", value_name = "EXPRESSION")]
    maximise: Vec<String>,
    /// What must hold besides: EXPRESSION <= 1.05 * best, EXPRESSION <= 20ms, EXPRESSION >= 3
    #[arg(long, value_name = "CONSTRAINT")]
    subject_to: Vec<String>,
    /// Simulate so many points at most
    #[arg(long, value_name = "COUNT", value_parser = points, default_value = "40")]
    points: usize,
    #[command(flatten)]
    effort: EffortArguments,
    #[command(flatten)]
    files: Files,
}

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let formats = arguments.files.formats(&[&arguments.scenario.scenario])?;
    let (text, name) = input::scenario_text(&arguments.scenario.scenario)?;
    let id = input::id_of(&name);
    let template = Template { name, text, overrides: arguments.scenario.overrides.clone() };
    let (task, seed) = task(arguments, template)?;
    if formats.iter().any(|format| format.is_picture()) && task.goals.len() != 2 {
        return Err(Failure::Usage(not_two_goals().to_string()));
    }
    let tuned = tune(&task).map_err(|diagnostics| input::explained(&diagnostics))?;
    let draw = || front(&task, &tuned, seed, &id, &Look::default());
    arguments.files.write(&formats, &columns::of_trials(&task, &tuned), draw)?;
    output::print(&shown(&task, &tuned))?;
    outcome(&task, &tuned)
}

/// Fails if nothing is recommended although something may depend on the values, and warns of values at which the program
/// does not come to its end.
fn outcome(task: &Task, tuned: &Tuned) -> Result<(), Failure> {
    let (all, stopped) = (tuned.trials.len(), tuned.trials.iter().filter(|trial| !trial.is_complete()));
    let stopped: Vec<&Trial> = stopped.collect();
    match tuned.recommended {
        Err(Unadvised::NothingFinishes) => Err(Failure::Incomplete(format!(
            "none of the {all} points came to its end{}\nhelp: `gilsim run` says what the threads wait for",
            stopped.first().map_or(String::new(), |trial| format!(", as {}", where_stopped(trial)))
        ))),
        Err(Unadvised::NoValue) => {
            let goals: Vec<String> = task.goals.iter().map(|goal| format!("`{}`", goal.text)).collect();
            Err(Failure::Usage(format!("no point has a value of {}", goals.join(" and "))))
        }
        Err(Unadvised::BeyondLimits) => {
            Err(Failure::Expectation("no point meets the constraints".to_owned()))
        }
        Ok(_) | Err(Unadvised::AllAlike) => {
            if let Some(first) = stopped.first() {
                let count = stopped.len();
                output::tell(&format!(
                    "warning: {count} of {all} points did not come to their end and are left out, as {}",
                    where_stopped(first)
                ));
            }
            Ok(())
        }
    }
}

/// Which run did not come to its end, and with which values.
fn where_stopped(trial: &Trial) -> String {
    let run = trial.outcomes.iter().find(|outcome| !outcome.complete);
    let settings: Vec<String> = trial.settings.iter().map(Setting::text).collect();
    format!("run `{}` at {}", run.map_or("", |run| run.name.as_str()), settings.join(", "))
}

/// What is to be found, and the seed that is used.
fn task(arguments: &Arguments, template: Template) -> Result<(Task, u64), Failure> {
    let axes = parse_axes(&arguments.over).map_err(|diagnostics| input::explained(&diagnostics))?;
    if axes.len() > MOST_AXES {
        return Err(Failure::Usage(format!("at most {MOST_AXES} values can be tuned at once")));
    }
    // A sample of one point: a sweep without one would need the number of values of each range.
    let sweep = Sweep::new(axes.clone(), Some(1)).map_err(|error| Failure::Usage(error.to_string()))?;
    results::tell_unmoved(&template, &sweep)?;
    let first = template.at(&sweep.probes()[0]).map_err(|diagnostics| input::explained(&diagnostics))?;
    let runs = &first.runs;
    let goals = |texts: &[String], sense: Sense| -> Result<Vec<Goal>, Failure> {
        texts.iter().map(|text| Goal::parse(text, sense, runs).map_err(Failure::Usage)).collect()
    };
    let mut all = goals(&arguments.minimise, Sense::Minimise)?;
    all.extend(goals(&arguments.maximise, Sense::Maximise)?);
    let constraints = arguments.subject_to.iter().map(|text| Constraint::parse(text, runs));
    let constraints: Result<Vec<Constraint>, String> = constraints.collect();
    let repeat = if first.repeat == Repeat::Times(1) { Repeat::Auto } else { first.repeat };
    let seed = arguments.scenario.seed.unwrap_or(first.seed);
    let task = Task {
        constraints: constraints.map_err(Failure::Usage)?,
        goals: all,
        seed: arguments.scenario.seed,
        effort: arguments.effort.effort(repeat),
        points: arguments.points,
        template,
        axes,
    };
    Ok((task, seed))
}

fn shown(task: &Task, tuned: &Tuned) -> String {
    let mut text = format!("{}\n\n", advice::trials(task, tuned));
    if let (Some(standing), Ok(recommended)) = (&tuned.standing, tuned.recommended)
        && standing.is_complete()
    {
        text.push_str(&format!("{}\n\n", advice::costs(standing, &tuned.trials[recommended])));
    }
    text + &advice::sentence(task, tuned)
}

fn points(text: &str) -> Result<usize, String> {
    match input::count(text)? {
        points if (FEWEST_POINTS as u64..=10_000).contains(&points) => Ok(points as usize),
        points => Err(format!("{points} is out of range: from {FEWEST_POINTS} to 10000")),
    }
}
