//! Floor 5: doing what a scenario does with real interpreters, and holding the simulation against it.
//!
//! A run becomes a Python program ([`script`]), which is carried out several times in processes of its own
//! ([`measure`]). What both tell is put side by side ([`compare`]).

mod comparison;
mod expressible;
mod messages;
mod objects;
mod program;
mod script;
mod updates;
mod values;

pub use comparison::{Comparison, Measurements, Row, Unit, compare, measure};
pub use expressible::Unwritable;
pub use script::script;
