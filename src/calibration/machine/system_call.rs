//! System calls: the price of entering the kernel, and of waking and waiting calls that have nothing to do.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::time::Instant;

use rustix::io::{read, write};
use rustix::thread::futex;
use rustix::time::{ClockId, clock_gettime};

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, on_core};
use crate::calibration::{Effort, Quantity};

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let rounds = effort.size(20_000);
    let [call, clock, waking, waiting, pipe] = on_core(cores.first, || {
        let word = AtomicU32::new(0);
        let pipe = rustix::pipe::pipe();
        [
            each(rounds, rustix::process::getppid),
            each(rounds, Instant::now),
            each(rounds, || futex::wake(&word, futex::Flags::PRIVATE, 1)),
            each(rounds, || futex::wait(&word, futex::Flags::PRIVATE, 1, None)),
            pipe.map_or(f64::NAN, |(output, input)| {
                let mut message = [0; 64];
                each(rounds, || (write(&input, &message), read(&output, &mut message)))
            }),
        ]
    });
    record.add(Quantity::SystemCall, vec![call]);
    record.add(Quantity::ClockReading, vec![clock]);
    record.add(Quantity::WakingNobody, vec![waking]);
    record.add(Quantity::WaitingForNothing, vec![waiting]);
    if pipe.is_finite() {
        record.add(Quantity::PipeOperation, vec![pipe / 2.0]);
    }
}

/// The nanoseconds on the processor that `operation` takes, in the mean of many rounds.
pub(super) fn each<T>(rounds: usize, mut operation: impl FnMut() -> T) -> f64 {
    let start = processor_time(ClockId::ThreadCPUTime);
    for _ in 0..rounds {
        black_box(operation());
    }
    (processor_time(ClockId::ThreadCPUTime) - start) / rounds as f64
}

/// How long the thread or the process has been on a processor, in nanoseconds: unlike a clock on the wall, this does
/// not go on while other programs have the core.
pub(super) fn processor_time(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
