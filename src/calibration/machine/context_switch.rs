//! Context switches between threads of one process.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::thread::sched_yield;
use rustix::time::ClockId;

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, bind, on_core};
use crate::calibration::machine::system_call::{each, processor_time};
use crate::calibration::{Effort, Quantity};

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let rounds = effort.size(10_000);
    let alone = on_core(cores.first, || each(rounds, sched_yield));
    record.add(Quantity::YieldToNobody, vec![alone]);
    let switch = with_two_threads(cores.first, rounds, alone);
    record.add(Quantity::ContextSwitch, switch.into_iter().collect());
}

/// Two threads on one core that give it to each other: the time of a switch beyond that of the yields, or nothing if
/// the kernel did not switch.
fn with_two_threads(core: usize, rounds: usize, alone: f64) -> Option<f64> {
    let enough = AtomicBool::new(false);
    let others = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            bind(core);
            while !enough.load(Ordering::Relaxed) {
                sched_yield();
                others.fetch_add(1, Ordering::Relaxed);
            }
        });
        let first = scope.spawn(|| {
            bind(core);
            while others.load(Ordering::Relaxed) == 0 {
                sched_yield();
            }
            let (switches, other) = (switches_of_this_thread(), others.load(Ordering::Relaxed));
            let start = processor_time(ClockId::ProcessCPUTime);
            (0..rounds).for_each(|_| sched_yield());
            let nanos = processor_time(ClockId::ProcessCPUTime) - start;
            let yields = rounds as u64 + others.load(Ordering::Relaxed) - other;
            let switches = switches_of_this_thread()?.checked_sub(switches?)?;
            // Each switch away is followed by one back.
            (switches > 0).then(|| (nanos - yields as f64 * alone).max(0.0) / (2 * switches) as f64)
        });
        let switch = first.join();
        enough.store(true, Ordering::Relaxed);
        switch.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// How often the calling thread has lost its core, as /proc tells.
fn switches_of_this_thread() -> Option<u64> {
    Some(voluntary_switches()? + switches("nonvoluntary_ctxt_switches:")?)
}

/// How often the calling thread has fallen asleep.
pub(super) fn voluntary_switches() -> Option<u64> {
    switches("voluntary_ctxt_switches:")
}

fn switches(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(key))?.trim().parse().ok()
}
