//! The Mach scheduler: not written yet. A model with it must not pass for judged, so it panics.

use gilsim::os::machine::SchedulerConfig;

use super::World;

impl World<'_> {
    pub fn refuse_mach(&self) {
        let is_mach = matches!(self.model.machine.scheduler, SchedulerConfig::Mach { .. });
        assert!(!is_mach, "the twin has no Mach scheduler yet");
    }
}
