//! Carrying out a scenario at many points: what is to be done ([`Plan`]), piece by piece, and what came of it
//! ([`Swept`]).
//!
//! A sweep is divided into pieces, numbered in a fixed order. A piece is what is done at a time, kept when a sweep is
//! interrupted, and given to one machine of several.

mod estimate;
mod execute;
mod piece;
mod plan;
mod reports;
mod survey;
mod swept;

pub use estimate::estimate;
pub use execute::{Interruption, execute};
pub use piece::{Piece, Row};
pub use plan::{Plan, PlanError, Shard};
pub use reports::{PointReports, reports};
pub use survey::{Unmoved, unmoved};
pub use swept::{PointSummary, Swept, conduct_sweep};
