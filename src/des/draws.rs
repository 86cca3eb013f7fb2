//! Durations of one distribution, one after the other.
//!
//! A consumer that has a stream to itself draws ahead: the durations come in the same order as if each were drawn when
//! it is due, and a block of them at a time costs much less, for no draw waits for the one before.

use std::hash::{Hash, Hasher};

use crate::des::{Distribution, Span, Stream};

/// How many durations are drawn at a time.
const BLOCK: usize = 64;

/// The durations that a distribution and a stream of its own give.
#[derive(Clone, Debug)]
pub struct Draws(Source);

#[derive(Clone, Debug)]
enum Source {
    /// Always the same duration.
    Constant(Span),
    Random(Box<Ahead>),
}

/// Random durations that are drawn ahead.
#[derive(Clone, Debug)]
struct Ahead {
    block: [Span; BLOCK],
    /// How many of the block have been used.
    used: usize,
    distribution: Distribution,
    stream: Stream,
}

/// How far it has come: a constant never comes any farther.
impl Hash for Draws {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Source::Random(ahead) = &self.0 {
            ahead.used.hash(state);
            ahead.stream.hash(state);
        }
    }
}

impl Draws {
    /// The durations that `distribution` gives from `stream` on.
    pub fn new(distribution: Distribution, stream: Stream) -> Draws {
        Draws(match distribution.constant() {
            Some(span) => Source::Constant(span),
            None => Source::Random(Box::new(Ahead {
                block: [Span::ZERO; BLOCK],
                used: BLOCK,
                distribution,
                stream,
            })),
        })
    }

    /// The next duration.
    #[inline]
    pub fn draw(&mut self) -> Span {
        match &mut self.0 {
            Source::Constant(span) => *span,
            Source::Random(ahead) => ahead.draw(),
        }
    }
}

impl Ahead {
    #[inline]
    fn draw(&mut self) -> Span {
        if self.used >= BLOCK {
            self.distribution.fill(&mut self.stream, &mut self.block);
            self.used = 0;
        }
        let span = self.block[self.used];
        self.used += 1;
        span
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::random::Purpose;

    #[test]
    fn drawing_ahead_gives_what_drawing_one_by_one_gives() {
        let micros = Span::from_micros;
        let distributions = [
            Distribution::Constant(micros(3)),
            Distribution::Uniform { low: micros(1), high: micros(2) },
            Distribution::Exponential { mean: micros(5) },
            Distribution::LogNormal { median: micros(3), sigma: 0.19 },
            Distribution::LogNormal { median: micros(3), sigma: 5.0 },
            Distribution::Pareto { minimum: micros(3), alpha: 1.5 },
            Distribution::Empirical { quantiles: vec![micros(1), micros(2), micros(7)] },
        ];
        for distribution in distributions {
            let stream = || Stream::new(3, Purpose::SystemCall, 0);
            let mut draws = Draws::new(distribution.clone(), stream());
            let mut one_by_one = stream();
            for _ in 0..100_000 {
                assert_eq!(draws.draw(), distribution.sample(&mut one_by_one), "{distribution:?}");
            }
        }
    }
}
