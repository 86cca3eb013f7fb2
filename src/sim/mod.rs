//! Floor 3: the engine. It steps threads through their programs on the floors below; the only event loop is here.
//!
//! The engine sees indices, never names; picoseconds, never seconds; a model, never YAML.

pub mod engine;
pub mod latency;
pub mod model;
pub mod report;

pub use engine::{Shortcuts, run, run_with};
pub use latency::Latency;
pub use model::{Arrivals, ClientSpec, DeviceSpec, LoopSpec, Model, SignalSpec, ThreadSpec};
pub use report::{Ending, Report};
