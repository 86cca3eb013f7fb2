//! How long something took, again and again: a histogram with a relative precision of a thousandth.

use hdrhistogram::Histogram;

use crate::des::Span;

/// The durations that were measured of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    histogram: Histogram<u64>,
    sum: u128,
}

impl Default for Latency {
    fn default() -> Latency {
        // The bounds and the precision are valid, so that this cannot fail.
        let histogram = Histogram::new_with_bounds(1, u64::MAX / 2, 3);
        Latency { histogram: histogram.unwrap_or_else(|_| unreachable!()), sum: 0 }
    }
}

impl Latency {
    /// Adds one duration.
    pub fn record(&mut self, span: Span) {
        self.histogram.saturating_record(span.picos());
        self.sum += u128::from(span.picos());
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Their exact mean; `None` if there are none.
    pub fn mean(&self) -> Option<Span> {
        let mean = self.sum.checked_div(u128::from(self.count()))?;
        u64::try_from(mean).ok().map(Span::from_picos)
    }

    /// The duration that the fraction `quantile` (from 0 to 1) does not exceed, to a thousandth; `None` if there are
    /// none.
    pub fn quantile(&self, quantile: f64) -> Option<Span> {
        (self.count() > 0).then(|| Span::from_picos(self.histogram.value_at_quantile(quantile)))
    }

    /// The longest, to a thousandth; `None` if there are none.
    pub fn longest(&self) -> Option<Span> {
        (self.count() > 0).then(|| Span::from_picos(self.histogram.max()))
    }

    /// The share of durations that are longer than `span`, to a thousandth of it; `None` if there are none.
    pub fn share_above(&self, span: Span) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| 1.0 - self.histogram.count_between(0, span.picos()) as f64 / count as f64)
    }

    /// Every bucket that is not empty: its highest value in picoseconds, and how many durations it holds.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.histogram.iter_recorded().map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nanos: impl IntoIterator<Item = u64>) -> Latency {
        let mut latency = Latency::default();
        nanos.into_iter().for_each(|nanos| latency.record(Span::from_nanos(nanos)));
        latency
    }

    #[test]
    fn quantiles_are_right_to_a_thousandth() {
        let latency = of(1..=1000);
        for (quantile, nanos) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0)] {
            let found = latency.quantile(quantile).unwrap().picos() as f64 / 1e3;
            assert!((found / nanos - 1.0).abs() < 0.0011, "{quantile}: {found}");
        }
    }

    #[test]
    fn the_mean_is_exact() {
        assert_eq!(of([1, 2, 6]).mean(), Some(Span::from_nanos(3)));
    }

    #[test]
    fn shares_count_what_is_longer() {
        assert_eq!(of([1, 2, 3_000, 4_000]).share_above(Span::from_micros(1)), Some(0.5));
    }

    #[test]
    fn nothing_measured_has_no_quantile() {
        assert_eq!(of([]).quantile(0.5), None);
        assert_eq!(of([]).mean(), None);
    }
}
