//! What `gilsim tune` draws: the points it has simulated by both goals, and the front.

use crate::chart::front::{Axis, Front, Point};
use crate::chart::look::Look;
use crate::chart::quantity::unit_of_expression;
use crate::chart::request::{Picture, Refusal, origin};
use crate::experiment::tune::{Goal, Sense, Task, Tuned};

/// Draws the front of a tuning with two goals. `id` is what to call the scenario.
///
/// # Errors
/// If there are not two goals, or no point has a value of both.
pub fn front(task: &Task, tuned: &Tuned, seed: u64, id: &str, look: &Look) -> Result<Picture, Refusal> {
    let [across, up] = task.goals.as_slice() else { return Err(not_two_goals()) };
    let mut points: Vec<Point> = Vec::new();
    for (index, trial) in tuned.trials.iter().enumerate() {
        let [Some(across), Some(up)] = trial.goals.as_slice() else { continue };
        let settings: Vec<&str> = trial.settings.iter().map(|setting| setting.value.as_str()).collect();
        points.push(Point {
            name: settings.join(", "),
            at: (across.mean, up.mean),
            is_front: tuned.front.contains(&index),
            is_recommended: tuned.recommended == Ok(index),
            is_finished: trial.is_complete(),
        });
    }
    if points.is_empty() {
        let message = format!("no point has both `{}` and `{}`", across.text, up.text);
        return Err(Refusal::nothing(message, "choose other goals"));
    }
    points.sort_by(Point::order);
    let paths: Vec<&str> = task.axes.iter().map(|axis| axis.path.as_str()).collect();
    let footer = format!("{} - {} values of {}", origin(id, seed), points.len(), paths.join(", "));
    let front = Front { footer, axes: [axis(across), axis(up)], points };
    Ok(front.draw("filled: on the front; hollow: bettered in both, or beyond a limit", look))
}

/// Why there is no picture of so many goals.
pub fn not_two_goals() -> Refusal {
    Refusal::nothing(
        "a picture of the front takes two goals",
        "name two with --minimise and --maximise; `gilsim plot --chart sweep` shows one quantity over the values",
    )
}

fn axis(goal: &Goal) -> Axis {
    let unit = unit_of_expression(&goal.expression);
    Axis { text: goal.text.clone(), unit, is_cost: goal.sense == Sense::Minimise }
}
