//! Distributions of durations.
//!
//! Draws are made from 64 random bits (the normal and the exponential from more, now and then) by explicit mappings, with
//! the transcendental functions of `libm`, so that the same stream gives the same durations on every platform.

use crate::des::{Span, Stream};

/// A random (or constant) duration. A constant draws nothing from its stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same duration.
    Constant(Span),
    /// Every duration from `low` to `high` is as likely.
    Uniform {
        /// The shortest duration.
        low: Span,
        /// The longest duration; at least `low`.
        high: Span,
    },
    /// Memoryless, with the given mean.
    Exponential {
        /// The mean duration.
        mean: Span,
    },
    /// The logarithm of the duration is normal.
    LogNormal {
        /// The median duration.
        median: Span,
        /// The standard deviation of the natural logarithm; at least 0.
        sigma: f64,
    },
    /// A power-law tail above a minimum.
    Pareto {
        /// The shortest duration.
        minimum: Span,
        /// The tail index, above 0; below 1 the mean is infinite.
        alpha: f64,
    },
    /// Measured durations: quantiles at equal distances, straight lines between them.
    Empirical {
        /// At least one duration, in rising order: the first is the minimum, the last the maximum.
        quantiles: Vec<Span>,
    },
}

impl Distribution {
    /// Always no time at all.
    pub const ZERO: Distribution = Distribution::Constant(Span::ZERO);

    /// One duration.
    pub fn sample(&self, stream: &mut Stream) -> Span {
        match self {
            Distribution::Constant(span) => *span,
            Distribution::Uniform { low, high } => {
                *low + Span::from_picos(stream.up_to((*high - *low).picos()))
            }
            Distribution::Exponential { mean } => scaled(*mean, stream.exponential()),
            Distribution::LogNormal { median, sigma } => scaled(*median, libm::exp(sigma * stream.normal())),
            Distribution::Pareto { minimum, alpha } => {
                scaled(*minimum, libm::exp(stream.exponential() / alpha))
            }
            Distribution::Empirical { quantiles } => quantile(quantiles, stream.unit()),
        }
    }

    /// As many durations as there is room for, the same as from one call of [`Distribution::sample`] after the other.
    pub fn fill(&self, stream: &mut Stream, durations: &mut [Span]) {
        match self {
            Distribution::LogNormal { median, sigma } => fill_log_normal(*median, *sigma, stream, durations),
            Distribution::Uniform { low, high } => {
                let width = (*high - *low).picos();
                stream.fill_up_to(width, durations, |picos| *low + Span::from_picos(picos));
            }
            Distribution::Empirical { quantiles } => {
                durations.fill_with(|| quantile(quantiles, stream.unit()));
            }
            _ => durations.fill_with(|| self.sample(stream)),
        }
    }

    /// The duration, if it is always the same.
    pub fn constant(&self) -> Option<Span> {
        match self {
            Distribution::Constant(span) => Some(*span),
            _ => None,
        }
    }

    /// The distribution of this duration times `factor` (at least 0).
    pub fn scaled(&self, factor: f64) -> Distribution {
        let by = |span: &Span| scaled(*span, factor);
        match self {
            Distribution::Constant(span) => Distribution::Constant(by(span)),
            Distribution::Uniform { low, high } => Distribution::Uniform { low: by(low), high: by(high) },
            Distribution::Exponential { mean } => Distribution::Exponential { mean: by(mean) },
            Distribution::LogNormal { median, sigma } => {
                Distribution::LogNormal { median: by(median), sigma: *sigma }
            }
            Distribution::Pareto { minimum, alpha } => {
                Distribution::Pareto { minimum: by(minimum), alpha: *alpha }
            }
            Distribution::Empirical { quantiles } => {
                Distribution::Empirical { quantiles: quantiles.iter().map(by).collect() }
            }
        }
    }
}

/// The duration below which this `part` of all are, between `quantiles` at equal distances.
fn quantile(quantiles: &[Span], part: f64) -> Span {
    let last = quantiles.len() - 1;
    let position = part * last as f64;
    let index = (position as usize).min(last.saturating_sub(1));
    between(quantiles[index], quantiles[(index + 1).min(last)], position - index as f64)
}

/// The duration `factor` of the way from `low` to `high`.
fn between(low: Span, high: Span, factor: f64) -> Span {
    low + scaled(high - low, factor)
}

/// `span` times `factor`, rounded to the picosecond (half a picosecond upwards) and saturating.
fn scaled(span: Span, factor: f64) -> Span {
    /// From here on, there is no fraction to be rounded.
    const WHOLE: f64 = (1_u64 << 53) as f64;
    let picos = span.picos() as f64 * factor;
    // To a signed number, the processor converts at once.
    Span::from_picos(if picos < WHOLE { (picos + 0.5) as i64 as u64 } else { picos as u64 })
}

/// Log-normal durations, in two passes: the normal variates, each of which may take several numbers of the stream, and then
/// the mathematics, in which no duration depends on another.
fn fill_log_normal(median: Span, sigma: f64, stream: &mut Stream, durations: &mut [Span]) {
    const CHUNK: usize = 64;
    for chunk in durations.chunks_mut(CHUNK) {
        let mut normals = [0.0; CHUNK];
        normals[..chunk.len()].fill_with(|| stream.normal());
        for (duration, normal) in chunk.iter_mut().zip(&normals) {
            *duration = scaled(median, libm::exp(sigma * normal));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::random::Purpose;

    fn draws(distribution: &Distribution, count: usize) -> Vec<Span> {
        let mut stream = Stream::new(7, Purpose::WakeLatency, 0);
        (0..count).map(|_| distribution.sample(&mut stream)).collect()
    }

    fn mean_nanos(distribution: &Distribution) -> f64 {
        let count = 200_000;
        draws(distribution, count).iter().map(|span| span.picos() as f64 / 1e3).sum::<f64>() / count as f64
    }

    fn check_mean(distribution: &Distribution, expected_nanos: f64) {
        let mean = mean_nanos(distribution);
        assert!((mean / expected_nanos - 1.0).abs() < 0.01, "{distribution:?}: mean {mean} ns");
    }

    #[test]
    fn each_distribution_has_its_mean() {
        let nanos = Span::from_nanos;
        check_mean(&Distribution::Constant(nanos(5)), 5.0);
        check_mean(&Distribution::Uniform { low: nanos(10), high: nanos(30) }, 20.0);
        check_mean(&Distribution::Exponential { mean: nanos(100) }, 100.0);
        let sigma = 0.5_f64;
        check_mean(
            &Distribution::LogNormal { median: nanos(100), sigma },
            100.0 * (sigma * sigma / 2.0).exp(),
        );
        check_mean(&Distribution::Pareto { minimum: nanos(100), alpha: 3.0 }, 150.0);
        check_mean(&Distribution::Empirical { quantiles: vec![nanos(0), nanos(10), nanos(50)] }, 17.5);
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let nanos = Span::from_nanos;
        for span in draws(&Distribution::Uniform { low: nanos(10), high: nanos(12) }, 10_000) {
            assert!(span >= nanos(10) && span <= nanos(12));
        }
        for span in draws(&Distribution::Pareto { minimum: nanos(10), alpha: 1.5 }, 10_000) {
            assert!(span >= nanos(10));
        }
        assert_eq!(draws(&Distribution::Empirical { quantiles: vec![nanos(9)] }, 3), vec![nanos(9); 3]);
    }

    #[test]
    fn the_same_stream_gives_the_same_values_on_every_platform() {
        let log_normal = Distribution::LogNormal { median: Span::from_micros(10), sigma: 0.2 };
        let picos: Vec<u64> = draws(&log_normal, 3).iter().map(|span| span.picos()).collect();
        assert_eq!(picos, GOLDEN_LOG_NORMAL);
    }

    /// Computed once on x86-64 Linux; any change is a change of every seeded result.
    const GOLDEN_LOG_NORMAL: [u64; 3] = [9_812_872, 9_537_602, 10_537_359];
}
