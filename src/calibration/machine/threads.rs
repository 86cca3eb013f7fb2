//! Threads: what it takes to make one, until it has begun, and to end it.

use std::hint::black_box;
use std::sync::mpsc;

use rustix::time::ClockId;

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, on_core};
use crate::calibration::machine::system_call::processor_time;
use crate::calibration::{Effort, Quantity};

/// How many threads a batch of full size has. They are all there at the same time, so that each gets a stack and a heap
/// of its own: those of a thread that has ended are used again.
const THREADS: usize = 25;

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let count = effort.size(THREADS);
    let lives = on_core(cores.first, || lives(count));
    record.add(Quantity::ThreadStart, lives.starts);
    record.add(Quantity::ThreadBegin, lives.begins);
    record.add(Quantity::ThreadEnd, vec![lives.end]);
}

/// Processor time in nanoseconds.
struct Lives {
    /// What starting each thread takes the one that starts it.
    starts: Vec<f64>,
    /// What each thread takes until it has begun and has memory of its own.
    begins: Vec<f64>,
    /// What a thread takes from when it is woken to end until it has been joined, for both threads, in the mean.
    end: f64,
}

/// Threads on one core, which are started, begin one after the other, sleep, and are woken and joined one by one.
fn lives(count: usize) -> Lives {
    let (begun, beginnings) = mpsc::channel();
    let mut starts = Vec::with_capacity(count);
    let mut begins = Vec::with_capacity(count);
    let mut threads = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = begun.clone();
        let before = processor_time(ClockId::ThreadCPUTime);
        let thread = std::thread::Builder::new().spawn(move || {
            black_box(vec![0_u8; 1000]);
            // Nobody listens any more if the measuring thread has given up.
            let _ = begun.send(processor_time(ClockId::ThreadCPUTime));
            std::thread::park();
        });
        starts.push(processor_time(ClockId::ThreadCPUTime) - before);
        threads.extend(thread);
        begins.extend(beginnings.recv());
    }
    // Each is asleep when this thread runs again: they share a core.
    std::thread::yield_now();
    let before = processor_time(ClockId::ProcessCPUTime);
    let ended = threads.len().max(1) as f64;
    for thread in threads {
        thread.thread().unpark();
        // A thread that panicked has ended, too.
        let _ = thread.join();
    }
    Lives { starts, begins, end: (processor_time(ClockId::ProcessCPUTime) - before) / ended }
}
