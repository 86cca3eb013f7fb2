//! Floor 0: what an observer sees of a run, and the observers themselves.
//!
//! An observer cannot change a run: it is told, never asked.

pub mod lane;
pub mod observer;
pub mod state;
pub mod timeline;

pub use lane::{Lane, Window};
pub use observer::{Mark, Observer};
pub use state::ThreadState;
pub use timeline::Timeline;
