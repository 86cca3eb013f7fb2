//! The machine: what its kernel and its processor take for the operations that the model prices.

#[cfg(target_os = "linux")]
mod context_switch;
#[cfg(target_os = "linux")]
mod cores;
#[cfg(target_os = "linux")]
mod gaps;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod locks;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod polling;
#[cfg(target_os = "linux")]
mod system_call;
#[cfg(target_os = "linux")]
mod threads;
#[cfg(target_os = "linux")]
mod timer;
#[cfg(target_os = "linux")]
mod wake_up;

use crate::calibration::Figures;
#[cfg(not(target_os = "linux"))]
use crate::calibration::{CalibrationError, Effort};

#[cfg(target_os = "linux")]
pub use linux::measure_machine;

/// What was found out about a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineFigures {
    /// How many cores the program may use.
    pub cores: usize,
    /// The model of the processor, if the system tells.
    pub processor: Option<String>,
    /// The release of the Linux kernel.
    pub kernel: String,
    /// The kernel's clock tick in nanoseconds.
    pub tick: f64,
    /// What was measured.
    pub figures: Figures,
}

/// Measures the machine. `advance` is called after each batch.
///
/// # Errors
/// Always, on a system other than Linux.
#[cfg(not(target_os = "linux"))]
pub fn measure_machine(_: Effort, _: &mut dyn FnMut()) -> Result<MachineFigures, CalibrationError> {
    Err(CalibrationError::Unsupported)
}
