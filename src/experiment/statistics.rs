//! What replications tell of a quantity: its mean, and how far off that may be.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::statistics::Statistics;

/// The mean of some independent values, with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width of the interval around the mean; `None` of a single value, which tells nothing about the others.
    pub half_width: Option<f64>,
    /// How many values there are.
    pub count: usize,
}

impl Estimate {
    /// The estimate from some values; `None` if there are none.
    ///
    /// The interval is that of Student's t distribution: exact for normal values, and close for the sums of many small
    /// durations that a run is made of.
    pub fn of(values: &[f64]) -> Option<Estimate> {
        let (first, count) = (*values.first()?, values.len());
        if values.iter().all(|value| *value == first) {
            return Some(Estimate { mean: first, half_width: (count > 1).then_some(0.0), count });
        }
        let error = values.iter().std_dev() / (count as f64).sqrt();
        let half_width = Some(six_digits(quantile(count - 1) * error));
        Some(Estimate { mean: values.iter().mean(), half_width, count })
    }

    /// The width of the interval relative to the mean: half of it, as a fraction. Infinite if nothing is known.
    pub fn relative_half_width(&self) -> f64 {
        match self.half_width {
            Some(0.0) => 0.0,
            Some(half_width) => (half_width / self.mean).abs(),
            None => f64::INFINITY,
        }
    }
}

/// The value that Student's t with so many degrees of freedom (at least one) stays below in 97.5 % of all cases.
fn quantile(degrees: usize) -> f64 {
    // A location of 0, a scale of 1 and at least one degree of freedom make a distribution.
    StudentsT::new(0.0, 1.0, degrees as f64).map_or(f64::NAN, |t| t.inverse_cdf(0.975))
}

/// The quantile is computed by iteration; what is beyond its precision is not to differ between platforms.
fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_width(values: &[f64]) -> f64 {
        Estimate::of(values).unwrap().half_width.unwrap()
    }

    #[test]
    fn the_quantiles_are_those_of_the_printed_tables() {
        for (degrees, expected) in [(1, 12.706), (4, 2.776), (9, 2.262), (19, 2.093), (120, 1.980)] {
            assert!((quantile(degrees) - expected).abs() < 5e-4, "{degrees}: {}", quantile(degrees));
        }
    }

    #[test]
    fn an_interval_is_the_quantile_times_the_standard_error() {
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!((estimate.mean, estimate.count), (3.0, 5));
        assert!((half_width(&[1.0, 2.0, 3.0, 4.0, 5.0]) - 2.776_445 * (2.5_f64 / 5.0).sqrt()).abs() < 1e-5);
    }

    #[test]
    fn equal_values_leave_no_doubt_and_a_single_one_leaves_all() {
        assert_eq!(Estimate::of(&[0.1; 7]), Some(Estimate { mean: 0.1, half_width: Some(0.0), count: 7 }));
        assert_eq!(Estimate::of(&[0.1]), Some(Estimate { mean: 0.1, half_width: None, count: 1 }));
        assert_eq!(Estimate::of(&[]), None);
    }

    #[test]
    fn the_relative_width_is_a_fraction_of_the_mean() {
        assert_eq!(Estimate::of(&[0.0, 0.0]).unwrap().relative_half_width(), 0.0);
        let estimate = Estimate { mean: -4.0, half_width: Some(1.0), count: 9 };
        assert_eq!(estimate.relative_half_width(), 0.25);
    }
}
