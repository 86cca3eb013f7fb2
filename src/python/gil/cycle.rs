//! The locks' part in skipping cycles: see [`crate::des::cycle`].

use std::hash::{Hash, Hasher};

use super::Gil;
use crate::python::interpreter::GilConfig;

impl GilConfig {
    /// Whether cycles can be skipped under this lock.
    pub fn knows_cycles(self) -> bool {
        match self {
            GilConfig::None | GilConfig::CheckInterval { .. } | GilConfig::SwitchInterval { .. } => true,
            GilConfig::Priority { .. }
            | GilConfig::RoundRobin { .. }
            | GilConfig::Ruby { .. }
            | GilConfig::Pypy { .. }
            | GilConfig::Bfs { .. } => false,
        }
    }
}

impl Hash for Gil {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Gil::CheckInterval(lock) => lock.hash(state),
            Gil::SwitchInterval(lock) => lock.hash(state),
            Gil::None | Gil::RoundRobin(_) | Gil::Pypy(_) | Gil::Bfs(_) => {}
        }
    }
}
