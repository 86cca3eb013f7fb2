//! How late timers are.

use std::time::{Duration, Instant};

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, beside_a_computation, on_core};
use crate::calibration::{Effort, Quantity};

/// How long each sleep is to be.
const SLEEP: Duration = Duration::from_millis(1);

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let rounds = effort.size(30);
    let alone = on_core(cores.first, || lateness(rounds));
    record.add(Quantity::TimerOnIdleCore, alone);
    let beside = on_core(cores.first, || beside_a_computation(cores.first, || lateness(rounds)));
    record.add(Quantity::TimerOnBusyCore, beside);
}

/// How much longer than asked for each of some sleeps was, in nanoseconds.
fn lateness(rounds: usize) -> Vec<f64> {
    let late = |_| {
        let start = Instant::now();
        std::thread::sleep(SLEEP);
        start.elapsed().saturating_sub(SLEEP).as_nanos() as f64
    };
    (0..rounds).map(late).collect()
}
