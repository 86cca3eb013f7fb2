//! Memory that cores write to: an atomic change of a word, and a word on its way from one core's cache to another's.

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
}

/// A word that has its cache line, and the one that the processor fetches along with it, for itself.
#[derive(Default)]
#[repr(align(128))]
struct Word(AtomicU64);

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
