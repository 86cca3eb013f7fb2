//! Floor 5: doing what a scenario does with real interpreters, and holding the simulation against it.
//!
//! A run becomes a Python program ([`script`]), which is carried out several times in processes of its own
//! ([`measure`]). What both tell is put side by side ([`compare`]).

mod comparison;
mod objects;
mod script;

pub use comparison::{Comparison, Measurements, Row, Unit, compare, measure};
pub use script::{Unwritable, script};
