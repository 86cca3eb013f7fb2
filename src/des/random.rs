//! Random streams keyed by purpose.
//!
//! Every consumer of randomness has a stream of its own, keyed by (seed, purpose, index). A new consumer, or one
//! that draws more, never shifts another's draws; and runs that differ in one mechanism share the draws of all
//! others (common random numbers).

use std::hash::{Hash, Hasher};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

/// What a stream of random numbers is used for. The discriminant is part of the key: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Cost of a switch from one thread to another.
    ContextSwitch = 1,
    /// Cost of entering and leaving the kernel.
    SystemCall = 2,
    /// Cost of waking a sleeper, within the system call that does it.
    WakeCall = 3,
    /// Time from a wake-up to the first instruction on an idle core.
    WakeLatency = 4,
    /// How late a timer fires.
    TimerLateness = 5,
    /// Cost of a lock operation that does not enter the kernel.
    LockOperation = 6,
    /// Durations that programs draw (input and output, sleeps): one stream a thread.
    Program = 7,
    /// Cost of starting on another core.
    Migration = 8,
    /// Cost of one atomic operation.
    AtomicOperation = 9,
    /// Cost of putting a message into a channel, or of taking it out.
    Channel = 10,
    /// Time until a cache line has come over from another core.
    CacheLine = 15,
    /// Cost of making a thread or a process, and of beginning and ending it.
    Birth = 12,
    /// When the clock of the machine ticks first.
    FirstTick = 16,
    /// When and for how long the processor is taken away.
    Interruption = 17,
    /// What users outside the machine do: one stream a user.
    User = 11,
    /// The points of a sweep that are drawn at random: one stream a point.
    Sample = 64,
}

/// How many numbers are asked for at a time where many are.
const BLOCK: usize = 64;

/// An integer from 0 to `most`, both included, made from 64 random bits.
#[inline]
fn up_to(most: u64, bits: u64) -> u64 {
    match most.checked_add(1) {
        Some(count) => ((u128::from(bits) * u128::from(count)) >> 64) as u64,
        None => bits,
    }
}

/// A reproducible sequence of random numbers: ChaCha with 8 rounds.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

/// How far it has come.
impl Hash for Stream {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.generator.get_word_pos() as u64).hash(state);
    }
}

impl Stream {
    /// The stream of one consumer: of the run's `seed`, for one purpose, and of the `index`th owner of that kind.
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Stream {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&index.to_le_bytes());
        key[24..].copy_from_slice(b"gilsim 1");
        Stream { generator: ChaCha8Rng::from_seed(key) }
    }

    /// A number from 0 (included) to 1 (excluded), with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// An integer from 0 to `most`, both included; each is as likely, within one part in 2^64 / `most`.
    #[inline]
    pub fn up_to(&mut self, most: u64) -> u64 {
        up_to(most, self.generator.next_u64())
    }

    /// As many items as there is room for, each made of an integer, the same as from one call of [`Stream::up_to`] after
    /// the other.
    pub fn fill_up_to<Item>(&mut self, most: u64, items: &mut [Item], make: impl Fn(u64) -> Item) {
        let mut bytes = [0; 8 * BLOCK];
        for chunk in items.chunks_mut(BLOCK) {
            let block = &mut bytes[..8 * chunk.len()];
            self.generator.fill_bytes(block);
            let (words, _) = block.as_chunks();
            for (item, word) in chunk.iter_mut().zip(words) {
                *item = make(up_to(most, u64::from_le_bytes(*word)));
            }
        }
    }

    /// A standard normal variate.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.generator)
    }

    /// An exponential variate with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        Exp1.sample(&mut self.generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_stream() {
        let draw = || Stream::new(1, Purpose::WakeLatency, 2).unit();
        assert_eq!(draw(), draw());
    }

    #[test]
    fn another_seed_purpose_or_index_gives_another_stream() {
        let first = |seed, purpose, index| Stream::new(seed, purpose, index).unit();
        let base = first(1, Purpose::WakeLatency, 0);
        assert_ne!(base, first(2, Purpose::WakeLatency, 0));
        assert_ne!(base, first(1, Purpose::SystemCall, 0));
        assert_ne!(base, first(1, Purpose::WakeLatency, 1));
    }
}
