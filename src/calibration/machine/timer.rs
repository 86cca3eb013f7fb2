//! Timers: how late they are, and what setting one takes.

use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, beside_a_computation, on_core};
use crate::calibration::{Effort, Quantity};

/// How long each sleep is to be.
const SLEEP: Duration = Duration::from_millis(1);
/// A timer that comes before the next clock tick, but for a few.
const NEAR: Duration = Duration::from_micros(100);
/// A timer that comes after the next clock tick, however slowly the clock ticks (HZ 100).
const FAR: Duration = Duration::from_millis(20);

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let rounds = effort.size(30);
    let alone = on_core(cores.first, || lateness(rounds));
    record.add(Quantity::TimerOnIdleCore, alone);
    let beside = on_core(cores.first, || beside_a_computation(cores.first, || lateness(rounds)));
    record.add(Quantity::TimerOnBusyCore, beside);
    let rounds = effort.size(100);
    for (quantity, after) in [(Quantity::NearTimer, NEAR), (Quantity::FarTimer, FAR)] {
        record.add(quantity, on_core(cores.first, || changes(after, rounds)).unwrap_or_default());
    }
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

/// What it takes to set a timer that would come so much later, or to take it back, in nanoseconds: half of both, some
/// times. On the wall, since what is the host's part of it is no processor time here.
fn changes(after: Duration, rounds: usize) -> rustix::io::Result<Vec<f64>> {
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
    let once = |after: Duration| Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec { tv_sec: 0, tv_nsec: after.subsec_nanos().into() },
    };
    let change = |_| {
        let start = Instant::now();
        for setting in [once(after), once(Duration::ZERO)] {
            timerfd_settime(&timer, TimerfdTimerFlags::empty(), &setting)?;
        }
        Ok(start.elapsed().as_nanos() as f64 / 2.0)
    };
    (0..rounds).map(change).collect()
}
