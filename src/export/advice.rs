//! What tuning found, as tables and a sentence.

use crate::experiment::Estimate;
use crate::experiment::compare::{Comparison, Relation};
use crate::experiment::tune::{Goal, Task, Trial, Tuned, Unadvised};
use crate::export::number::{self, Unit};
use crate::export::table;
use crate::scenario::quantity::Quantity;
use crate::scenario::{Expression, Metric, Setting};

/// Values whose goal is this close to the best do as well, as a fraction of it.
const AS_GOOD: f64 = 0.01;

/// Every point that was simulated, a line each.
pub fn trials(task: &Task, tuned: &Tuned) -> String {
    let paths = task.axes.iter().map(|axis| axis.path.clone());
    let goals = task.goals.iter().map(|goal| goal.text.clone());
    let constraints = task.constraints.iter().map(|constraint| constraint.text.clone());
    let mut lines =
        vec![paths.chain(goals).chain(constraints).chain([String::new()]).collect::<Vec<String>>()];
    for (index, trial) in tuned.trials.iter().enumerate() {
        let values = trial.settings.iter().map(|setting| setting.value.clone());
        let goals = task.goals.iter().zip(&trial.goals);
        let goals = goals.map(|(goal, estimate)| cell(&goal.expression, estimate.as_ref()));
        let constraints = task.constraints.iter().zip(&trial.constraints);
        let constraints =
            constraints.map(|(constraint, estimate)| cell(&constraint.expression, estimate.as_ref()));
        let mark = match index {
            _ if tuned.recommended == Ok(index) => "<- recommended",
            _ if !trial.is_complete() => "did not come to its end",
            _ if !tuned.allowed[index] => "beyond the limit",
            _ if tuned.front.contains(&index) => "front",
            _ => "",
        };
        lines.push(values.chain(goals).chain(constraints).chain([mark.to_owned()]).collect());
    }
    table::plain(&lines)
}

/// What the recommendation changes, next to the scenario as it stands: a line for each metric that differs.
pub fn costs(standing: &Trial, recommended: &Trial) -> String {
    let header = ["run", "metric", "as it stands", "recommended", "changes by"].map(str::to_owned).to_vec();
    let mut lines = vec![header];
    for (before, after) in standing.outcomes.iter().zip(&recommended.outcomes) {
        let outcomes = vec![before.clone(), after.clone()];
        let comparison = Comparison {
            seed: 0,
            replications: 0,
            outcomes,
            references: vec![0, 0],
            is_always_the_same: false,
        };
        for metric in Metric::ALL {
            let unit = if metric.is_time { Unit::Seconds } else { Unit::Plain };
            let values = [before, after].map(|run| run.estimate_of(metric.name));
            let [Some(old), Some(new)] = values else { continue };
            let change = match comparison.relation(1, metric.name) {
                Relation::NoDifference(_) | Relation::Reference => continue,
                Relation::Larger(ratio) => format!("x {}", number::estimate(&ratio, Unit::Ratio)),
                Relation::Smaller(ratio) => format!("/ {}", number::estimate(&ratio, Unit::Ratio)),
                Relation::Unknown if old.mean == new.mean => continue,
                Relation::Unknown => "-".to_owned(),
            };
            let [old, new] = [old, new].map(|value| number::estimate(&value, unit));
            lines.push(vec![before.name.clone(), metric.name.to_owned(), old, new, change]);
        }
    }
    table::plain(&lines)
}

/// The recommendation in a sentence or two, and what to write in the program.
pub fn sentence(task: &Task, tuned: &Tuned) -> String {
    let index = match tuned.recommended {
        Ok(index) => index,
        Err(obstacle) => return without_advice(task, tuned, obstacle),
    };
    let trial = &tuned.trials[index];
    let settings: Vec<String> =
        trial.settings.iter().map(|setting| format!("{} to {}", setting.path, setting.value)).collect();
    let goals: Vec<String> = task
        .goals
        .iter()
        .enumerate()
        .map(|(number, goal)| outcome(goal, number, trial, tuned.standing.as_ref()))
        .collect();
    let limits: Vec<String> =
        task.constraints.iter().map(|constraint| format!(", within {}", constraint.text)).collect();
    let mut text = format!("Set {}: {}{}.", settings.join(" and "), goals.join(", and "), limits.concat());
    if let Some((low, high)) = as_good(task, tuned, index) {
        text.push_str(&format!(" Values from {low} to {high} are within 1 % of that."));
    }
    text.push('\n');
    trial.settings.iter().filter_map(call).for_each(|call| text.push_str(&format!("\n{call}\n")));
    text
}

/// Why there is no recommendation, in a sentence.
fn without_advice(task: &Task, tuned: &Tuned, obstacle: Unadvised) -> String {
    let paths: Vec<&str> = task.axes.iter().map(|axis| axis.path.as_str()).collect();
    match obstacle {
        Unadvised::NothingFinishes => "No point that was simulated came to its end.\n".to_owned(),
        Unadvised::NoValue => "No point that was simulated has a value of what is asked for.\n".to_owned(),
        Unadvised::BeyondLimits => {
            let constraints: Vec<&str> =
                task.constraints.iter().map(|constraint| constraint.text.as_str()).collect();
            let which =
                if tuned.trials.iter().all(Trial::is_complete) { "was simulated" } else { "came to its end" };
            format!("No point that {which} meets {}.\n", constraints.join(" and "))
        }
        Unadvised::AllAlike => {
            let goals = task.goals.iter().zip(&tuned.trials[0].goals);
            let goals: Vec<String> = goals
                .map(|(goal, found)| format!("{} is {}", goal.text, cell(&goal.expression, found.as_ref())))
                .collect();
            let verb = if paths.len() == 1 { "does" } else { "do" };
            format!(
                "There is nothing to set: {} at every point, so {} {verb} not matter.\n",
                goals.join(", and "),
                paths.join(" and ")
            )
        }
    }
}

/// What comes of the goal with this number, next to what it is now: `makespan is 1.2 s (as it stands: 6.1 s)`.
fn outcome(goal: &Goal, number: usize, found: &Trial, standing: Option<&Trial>) -> String {
    let value = |trial: &Trial| cell(&goal.expression, trial.goals[number].as_ref());
    let text = format!("{} is {}", goal.text, value(found));
    match standing {
        Some(standing) if !standing.is_complete() => {
            format!("{text} (as it stands, it does not come to its end)")
        }
        Some(standing) if standing.goals[number].is_some() => {
            format!("{text} (as it stands: {})", value(standing))
        }
        _ => text,
    }
}

/// The smallest and largest neighbouring values of the only parameter that reach the only goal as well as the best.
fn as_good<'a>(task: &Task, tuned: &'a Tuned, best: usize) -> Option<(&'a str, &'a str)> {
    if task.axes.len() != 1 || task.goals.len() != 1 || !task.constraints.is_empty() {
        return None;
    }
    let goal = |index: usize| {
        let estimate = tuned.trials[index].goals[0].filter(|_| tuned.allowed[index]);
        estimate.map(|estimate| estimate.mean)
    };
    let optimum = goal(best)?;
    let is_good =
        |index: &usize| goal(*index).is_some_and(|value| (value - optimum).abs() <= AS_GOOD * optimum.abs());
    let low = (0..=best).rev().take_while(is_good).last()?;
    let high = (best..tuned.trials.len()).take_while(is_good).last()?;
    let value = |index: usize| tuned.trials[index].settings[0].value.as_str();
    (low < high).then(|| (value(low), value(high)))
}

/// How a Python program sets a value of its interpreter: a switch interval in seconds, a check interval in ticks.
fn call(setting: &Setting) -> Option<String> {
    if !setting.path.ends_with("gil.interval") {
        return None;
    }
    match Quantity::parse(&setting.value)? {
        Quantity::Span(span) => Some(format!("sys.setswitchinterval({})", span.as_secs())),
        Quantity::Count(ticks) => Some(format!("sys.setcheckinterval({ticks})")),
        Quantity::Number(_) => None,
    }
}

fn cell(expression: &Expression, estimate: Option<&Estimate>) -> String {
    let unit = if expression.time_power == 1 { Unit::Seconds } else { Unit::Plain };
    estimate.map_or("-".to_owned(), |estimate| number::estimate(estimate, unit))
}
