//! Where to look next.

use crate::experiment::tune::Task;
use crate::experiment::tune::trial::{Ranking, Trials};
use crate::scenario::axis::{Axis, Domain};
use crate::scenario::{Diagnostics, Setting};

/// Steps smaller than this part of the whole range are not worth a simulation.
const SMALLEST_STEP: f64 = 1.0 / 200.0;
/// How many of the best points of the coarse grid are refined: there may be several valleys.
const VALLEYS: usize = 8;

/// Looks for the best values until there is nothing to gain, or no point is left.
pub(super) fn search(task: &Task, trials: &mut Trials<'_>) -> Result<(), Box<Diagnostics>> {
    let space = Space { axes: &task.axes };
    let levels = space.first_levels(task.points);
    trials.add(space.grid(&levels).into_iter().map(|position| space.point(position)).collect())?;
    let steps: Vec<f64> = levels.iter().map(|levels| 0.5 / (levels - 1).max(1) as f64).collect();
    let mut rankings: Vec<Ranking> = (0..task.goals.len()).map(Ranking::Goal).collect();
    if task.goals.len() > 1 {
        rankings.insert(0, Ranking::All);
    }
    for valley in 0..VALLEYS {
        for ranking in &rankings {
            // The valleys of the grid: good points that are not beside better ones.
            let mut starts: Vec<Vec<f64>> = Vec::new();
            for index in trials.ranked(*ranking) {
                let position = &trials.positions[index];
                let beside = |start: &Vec<f64>| {
                    let pairs = start.iter().zip(position).zip(&steps);
                    pairs.into_iter().all(|((start, here), step)| (start - here).abs() < 2.5 * step)
                };
                if !starts.iter().any(beside) {
                    starts.push(position.clone());
                }
            }
            if let Some(start) = starts.into_iter().nth(valley) {
                descend(&space, trials, *ranking, start, steps.clone())?;
            }
        }
    }
    Ok(())
}

/// From `start`, goes to whichever neighbour along an axis is better, and halves the steps where none is.
fn descend(
    space: &Space<'_>,
    trials: &mut Trials<'_>,
    ranking: Ranking,
    start: Vec<f64>,
    mut steps: Vec<f64>,
) -> Result<(), Box<Diagnostics>> {
    let mut here = start;
    while !trials.is_full() && steps.iter().any(|step| *step >= SMALLEST_STEP) {
        let around: Vec<_> =
            space.neighbours(&here, &steps).into_iter().map(|position| space.point(position)).collect();
        trials.add(around.clone())?;
        let settings = space.point(here.clone()).1;
        let ranked = trials.ranked(ranking);
        let place = |settings: &[Setting]| {
            let index = trials.find(settings)?;
            ranked.iter().position(|other| *other == index)
        };
        let nearest = around.iter().filter_map(|(_, settings)| place(settings)).min();
        match nearest {
            Some(place_there) if Some(place_there) < place(&settings) => {
                here = trials.positions[ranked[place_there]].clone();
            }
            _ => steps.iter_mut().for_each(|step| *step /= 2.0),
        }
    }
    Ok(())
}

/// The values that the parameters can have, as positions from 0 to 1.
struct Space<'a> {
    axes: &'a [Axis],
}

impl Space<'_> {
    /// How many values of each parameter are tried first, so that half of all points are left to refine.
    fn first_levels(&self, points: usize) -> Vec<usize> {
        let single = self.axes.len() == 1;
        let root = (points as f64 / 2.0).powf(1.0 / self.axes.len() as f64).floor();
        self.axes
            .iter()
            .map(|axis| match axis.values().map(|values| values.len()) {
                Some(count) if single && count <= points => count,
                count => (root as usize).max(2).min(count.unwrap_or(usize::MAX)),
            })
            .collect()
    }

    /// A grid with so many levels along each axis.
    fn grid(&self, levels: &[usize]) -> Vec<Vec<f64>> {
        let mut grid = vec![Vec::new()];
        for levels in levels {
            let along = |position: &Vec<f64>| {
                let position = position.clone();
                (0..*levels).map(move |level| {
                    let mut position = position.clone();
                    position.push(level as f64 / (levels - 1).max(1) as f64);
                    position
                })
            };
            grid = grid.iter().flat_map(along).collect();
        }
        grid
    }

    /// A step to both sides along each axis, within the space. Where values are counted, a step is at least one of them.
    fn neighbours(&self, position: &[f64], steps: &[f64]) -> Vec<Vec<f64>> {
        let mut neighbours = Vec::new();
        for (axis, step) in steps.iter().enumerate() {
            let step = self.count(axis).map_or(*step, |count| step.max(1.0 / (count - 1).max(1) as f64));
            for moved in [position[axis] - step, position[axis] + step] {
                let mut neighbour = position.to_vec();
                neighbour[axis] = moved.clamp(0.0, 1.0);
                neighbours.push(neighbour);
            }
        }
        neighbours
    }

    /// The point at a position, moved to the nearest values that there are.
    fn point(&self, position: Vec<f64>) -> (Vec<f64>, Vec<Setting>) {
        let axes = self.axes.iter().zip(position);
        axes.map(|(axis, position)| {
            let (position, value) = match (axis.values(), &axis.domain) {
                (None, Domain::Range(range)) => (position, range.at(position).text()),
                (values, _) => {
                    let values = values.unwrap_or_default();
                    let last = values.len().saturating_sub(1);
                    let index = (position * last as f64).round() as usize;
                    (index as f64 / last.max(1) as f64, values[index].clone())
                }
            };
            (position, Setting { path: axis.path.clone(), value })
        })
        .unzip()
    }

    fn count(&self, axis: usize) -> Option<usize> {
        self.axes[axis].values().map(|values| values.len())
    }
}
