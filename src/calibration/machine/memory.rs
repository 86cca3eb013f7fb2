//! Memory that cores write to: an atomic change of a word, a word on its way from one core's cache to another's, and how long
//! it stays in each.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, bind, on_core};
use crate::calibration::machine::system_call::each;
use crate::calibration::{Effort, Quantity};

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let rounds = effort.size(100_000);
    let word = Word::default();
    let update = on_core(cores.first, || each(rounds, || word.0.fetch_add(1, Ordering::AcqRel)));
    record.add(Quantity::AtomicUpdate, vec![update]);
    let Some(second) = cores.second else { return };
    let passes = pass(&word, [cores.first, second], effort.size(40), 100);
    record.add(Quantity::CacheLine, passes);
    record.add(Quantity::LineKept, stays(&word, [cores.first, second], effort.size(20_000), update));
}

/// A word that has its cache line, and the one that the processor fetches along with it, for itself.
#[derive(Default)]
#[repr(align(128))]
struct Word(AtomicU64);

/// Two threads add one to the word, so many times each, as fast as they can: how long each core has it before the other
/// gets it, if an addition takes `update`. That is enough for the additions that it makes in a row, but not for one more.
fn stays(word: &Word, cores: [usize; 2], additions: usize, update: f64) -> Vec<f64> {
    word.0.store(0, Ordering::Relaxed);
    let both = Barrier::new(2);
    let adds = |core| {
        bind(core);
        both.wait();
        (0..additions).map(|_| word.0.fetch_add(1, Ordering::AcqRel)).collect::<Vec<u64>>()
    };
    let numbers = std::thread::scope(|scope| {
        let threads = cores.map(|core| scope.spawn(move || adds(core)));
        threads.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    in_a_row(&numbers).map(|count| (count as f64 + 0.5) * update).collect()
}

/// How many numbers in a row each core got, while both got some.
fn in_a_row(numbers: &[Vec<u64>; 2]) -> impl Iterator<Item = usize> {
    let begin = numbers.iter().filter_map(|numbers| numbers.first()).max().copied();
    let end = numbers.iter().filter_map(|numbers| numbers.last()).min().copied();
    let common = begin.unwrap_or(0)..end.unwrap_or(0);
    let rows = numbers.iter().flat_map(|numbers| numbers.chunk_by(|one, next| one + 1 == *next));
    rows.filter(move |row| row.iter().all(|number| common.contains(number))).map(<[u64]>::len)
}

/// Two threads write to the word in turn, each as soon as it sees what the other wrote: the time from one write to the
/// next, in the mean of `length` rounds, some times over. Each such time contains that the word comes over once.
fn pass(word: &Word, cores: [usize; 2], times: usize, length: usize) -> Vec<f64> {
    let rounds = (times * length) as u64;
    word.0.store(0, Ordering::Relaxed);
    let answer = |number: u64, given: u64| {
        while word.0.load(Ordering::Acquire) != number {
            std::hint::spin_loop();
        }
        word.0.store(given, Ordering::Release);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            bind(cores[1]);
            (0..rounds).for_each(|round| answer(2 * round + 1, 2 * round + 2));
        });
        let first = scope.spawn(|| {
            bind(cores[0]);
            let passed = |time: usize| {
                let start = Instant::now();
                let begin = (time * length) as u64;
                (begin..begin + length as u64).for_each(|round| answer(2 * round, 2 * round + 1));
                start.elapsed().as_nanos() as f64 / (2 * length) as f64
            };
            (0..times).map(passed).collect()
        });
        first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_count_while_both_cores_are_at_it() {
        let numbers = [vec![0, 1, 2, 5, 6, 9], vec![3, 4, 7, 8, 10, 11]];
        assert_eq!(in_a_row(&numbers).collect::<Vec<_>>(), [2, 2, 2]);
    }
}
