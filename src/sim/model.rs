//! What the engine is given: a machine, a lock policy, programs and threads, all by index.

use crate::des::{Span, Time};
use crate::os::affinity::CoreSet;
use crate::os::machine::Machine;
use crate::python::interpreter::GilConfig;
use crate::python::program::Program;
use crate::python::stretch::Stretch;

/// Everything that decides the outcome of a run, but for the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The machine.
    pub machine: Machine,
    /// The interpreter's lock.
    pub gil: GilConfig,
    /// The stretches of bytecode that programs refer to.
    pub stretches: Vec<Stretch>,
    /// The programs that threads refer to.
    pub programs: Vec<Program>,
    /// The threads, from 1 to 4096; the first is the main thread.
    pub threads: Vec<ThreadSpec>,
    /// When the run is cut off, if it has not ended by itself.
    pub until: Option<Time>,
}

/// One thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadSpec {
    /// Index of its program.
    pub program: usize,
    /// Whether the run ends without waiting for it.
    pub daemon: bool,
    /// When it is started.
    pub start: Span,
    /// On which cores it may run; at least one of the machine's.
    pub cores: CoreSet,
}
