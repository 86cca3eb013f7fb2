//! All measurements of a Linux machine, in turns.

use rustix::time::{ClockId, clock_getres};

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::Cores;
use crate::calibration::machine::{
    MachineFigures, context_switch, gaps, locks, memory, polling, system_call, threads, timer, wake_up,
};
use crate::calibration::{CalibrationError, Effort};

/// Measures the machine. `advance` is called after each batch.
///
/// # Errors
/// If threads cannot be bound to cores.
pub fn measure_machine(
    effort: Effort,
    advance: &mut dyn FnMut(),
) -> Result<MachineFigures, CalibrationError> {
    let cores = Cores::find()?;
    let tick = clock_tick();
    let mut record = Record::default();
    for _ in 0..effort.batches() {
        system_call::measure(cores, effort, &mut record);
        locks::measure(cores, effort, &mut record);
        context_switch::measure(cores, effort, &mut record);
        wake_up::measure(cores, effort, &mut record);
        polling::measure(cores, effort, &mut record);
        timer::measure(cores, effort, &mut record);
        gaps::measure(cores, tick, effort, &mut record);
        memory::measure(cores, effort, &mut record);
        threads::measure(cores, effort, &mut record);
        advance();
    }
    Ok(MachineFigures {
        cores: cores.count,
        processor: processor(),
        kernel: kernel(),
        tick,
        figures: record.figures(),
    })
}

/// The kernel's clock tick in nanoseconds: with it, the coarse clock goes forward (kernel/time/posix-timers.c).
fn clock_tick() -> f64 {
    let tick = clock_getres(ClockId::MonotonicCoarse);
    tick.tv_sec as f64 * 1e9 + tick.tv_nsec as f64
}

/// The first line `model name` of /proc/cpuinfo.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

fn kernel() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease");
    release.map_or("unknown".to_owned(), |release| release.trim().to_owned())
}
