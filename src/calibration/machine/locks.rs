//! Lock operations in memory, without anybody who waits.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, on_core};
use crate::calibration::machine::system_call::each;
use crate::calibration::{Effort, Quantity};

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let rounds = effort.size(100_000);
    let [semaphore, mutex, signal] = on_core(cores.first, || {
        let semaphore = Semaphore(AtomicU64::new(0));
        let mutex = Mutex::new(0_u32);
        let conditions = [AtomicU32::new(0), AtomicU32::new(0)];
        let mut next = 0;
        [
            each(rounds, || (semaphore.post(), semaphore.wait())),
            each(rounds, || drop(mutex.lock())),
            // Each look decides where the next one is, so that the processor cannot do several at once.
            each(rounds, || next = usize::from(has_waiters(&conditions[next]))),
        ]
    });
    record.add(Quantity::SemaphoreOperation, vec![semaphore / 2.0]);
    record.add(Quantity::MutexOperation, vec![mutex / 2.0]);
    record.add(Quantity::EmptySignal, vec![signal]);
}

/// The user's side of a semaphore, laid out as glibc's: the value in the low half of a word, the number of waiters in
/// the high half (nptl/sem_post.c, nptl/sem_waitcommon.c).
struct Semaphore(AtomicU64);

impl Semaphore {
    /// Adds one; whether there is anybody to wake.
    #[inline(never)]
    fn post(&self) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        while let Err(now) =
            self.0.compare_exchange_weak(word, word + 1, Ordering::Release, Ordering::Relaxed)
        {
            word = now;
        }
        word >> 32 > 0
    }

    /// Takes one; whether there was any.
    #[inline(never)]
    fn wait(&self) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        word as u32 > 0
            && self.0.compare_exchange(word, word - 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

/// What a signal does first: a look at whether anybody waits (nptl/pthread_cond_signal.c).
#[inline(never)]
fn has_waiters(condition: &AtomicU32) -> bool {
    condition.load(Ordering::Relaxed) >> 3 > 0
}
