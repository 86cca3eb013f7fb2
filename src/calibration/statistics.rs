//! What many measurements of one duration say together.

/// Batches whose medians differ more than this, quartile from quartile and as a fraction of the median, were not
/// measured under the same conditions.
const LARGEST_WOBBLE: f64 = 0.15;

/// The tenth and the ninetieth percentile of a normal distribution are this many standard deviations apart.
const TENTH_TO_NINETIETH: f64 = 2.563;

/// Durations in nanoseconds, in batches that lie apart in time.
#[derive(Clone, Debug, Default)]
pub struct Series {
    durations: Vec<f64>,
    medians: Vec<f64>,
}

impl Series {
    /// Adds what was measured at one time. An empty batch adds nothing.
    pub fn add(&mut self, mut batch: Vec<f64>) {
        if batch.is_empty() {
            return;
        }
        batch.sort_by(f64::total_cmp);
        self.medians.push(quantile(&batch, 0.5));
        self.durations.append(&mut batch);
    }

    /// How the durations spread; `None` if there are none.
    pub fn spread(&self) -> Option<Spread> {
        if self.durations.is_empty() {
            return None;
        }
        let mut all = self.durations.clone();
        all.sort_by(f64::total_cmp);
        let mut medians = self.medians.clone();
        medians.sort_by(f64::total_cmp);
        Some(Spread {
            tenth: quantile(&all, 0.1),
            median: quantile(&all, 0.5),
            ninetieth: quantile(&all, 0.9),
            wobble: quantile(&medians, 0.75) - quantile(&medians, 0.25),
        })
    }
}

/// How a duration spreads, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// One in ten is at most this long.
    pub tenth: f64,
    /// Half are at most this long.
    pub median: f64,
    /// Nine in ten are at most this long.
    pub ninetieth: f64,
    /// How far the medians of the batches lie apart, from their first to their third quartile.
    pub wobble: f64,
}

impl Spread {
    /// What is left without something else that is contained so many times (less than none: that is lacking); never less
    /// than nothing. It is as uncertain as both together.
    pub fn less(self, other: Spread, times: f64) -> Spread {
        let left = |duration: f64| (duration - other.median * times).max(0.0);
        Spread {
            tenth: left(self.tenth),
            median: left(self.median),
            ninetieth: left(self.ninetieth),
            wobble: self.wobble + other.wobble * times.abs(),
        }
    }

    /// One of `parts` equal parts.
    pub fn part(self, parts: f64) -> Spread {
        Spread {
            tenth: self.tenth / parts,
            median: self.median / parts,
            ninetieth: self.ninetieth / parts,
            wobble: self.wobble / parts,
        }
    }

    /// Whether the batches agree.
    pub fn is_steady(&self) -> bool {
        self.wobble <= LARGEST_WOBBLE * self.median
    }

    /// The standard deviation of the logarithm, as the tenth and the ninetieth percentile tell it.
    pub fn sigma(&self) -> f64 {
        if self.tenth <= 0.0 {
            return 0.0;
        }
        (self.ninetieth / self.tenth).ln() / TENTH_TO_NINETIETH
    }
}

/// The value below which a share of the sorted `values` lies, with straight lines between them. There is at least one.
fn quantile(values: &[f64], share: f64) -> f64 {
    let position = share * (values.len() - 1) as f64;
    let (low, high) = (values[position.floor() as usize], values[position.ceil() as usize]);
    low + (high - low) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(batches: &[&[f64]]) -> Spread {
        let mut series = Series::default();
        batches.iter().for_each(|batch| series.add(batch.to_vec()));
        series.spread().unwrap()
    }

    #[test]
    fn percentiles_lie_on_straight_lines_between_the_durations() {
        let spread = spread(&[&[50.0, 10.0, 30.0], &[20.0, 40.0]]);
        assert_eq!((spread.tenth, spread.median, spread.ninetieth), (14.0, 30.0, 46.0));
    }

    #[test]
    fn nothing_measured_has_no_spread() {
        let mut series = Series::default();
        series.add(Vec::new());
        assert_eq!(series.spread(), None);
    }

    #[test]
    fn durations_that_differ_within_each_batch_alike_are_steady() {
        assert!(spread(&[&[10.0, 30.0, 90.0], &[11.0, 30.0, 80.0], &[9.0, 31.0, 70.0]]).is_steady());
    }

    #[test]
    fn batches_that_differ_from_each_other_are_not_steady() {
        assert!(!spread(&[&[10.0, 10.0], &[15.0, 15.0], &[20.0, 20.0]]).is_steady());
    }

    #[test]
    fn a_difference_is_as_uncertain_as_what_it_is_taken_from() {
        let steady = spread(&[&[100.0], &[104.0], &[102.0]]);
        assert!(steady.is_steady());
        assert!(!steady.less(spread(&[&[95.0]]), 1.0).is_steady());
    }

    #[test]
    fn what_is_left_without_something_unsteady_is_not_steady() {
        let unsteady = spread(&[&[10.0], &[20.0], &[30.0]]);
        assert!(!spread(&[&[60.0]]).less(unsteady, 1.0).is_steady());
    }

    #[test]
    fn what_is_left_is_never_less_than_nothing() {
        let spread = spread(&[&[10.0, 20.0, 30.0]]);
        let left = spread.less(spread, 1.0);
        assert_eq!((left.tenth, left.median), (0.0, 0.0));
        assert_eq!(left.sigma(), 0.0);
    }

    #[test]
    fn the_sigma_of_a_log_normal_duration_is_found_again() {
        let sigma = |normal: f64| (0.4 * normal).exp() * 100.0;
        let spread = Spread { tenth: sigma(-1.2816), median: 100.0, ninetieth: sigma(1.2816), wobble: 0.0 };
        assert!((spread.sigma() - 0.4).abs() < 1e-3, "{}", spread.sigma());
    }
}
