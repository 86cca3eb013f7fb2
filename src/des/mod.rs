//! Floor 0: virtual time, the event queue, random streams and distributions.
//!
//! Nothing here knows what is simulated.

pub mod cycle;
pub mod distribution;
pub mod draws;
pub mod queue;
pub mod random;
pub mod time;

pub use cycle::{Cycles, Skip, Snapshot};
pub use distribution::Distribution;
pub use draws::Draws;
pub use queue::EventQueue;
pub use random::Stream;
pub use time::{Span, Time};
