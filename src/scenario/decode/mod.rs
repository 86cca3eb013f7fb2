//! Trees to checked values: one file for each part of the language.
//!
//! A decoder reports what is wrong and goes on, so that all errors of a file come in one pass. It gives `None` where
//! there is no value to go on with.

pub(crate) mod attributes;
pub(crate) mod awaits;
pub(crate) mod background;
pub(crate) mod bytecode;
pub(crate) mod calls;
pub(crate) mod clients;
pub(crate) mod compile;
pub(crate) mod constant;
pub(crate) mod costs;
pub(crate) mod counts;
pub(crate) mod distribution;
pub(crate) mod expect;
pub(crate) mod fields;
pub(crate) mod gil;
pub(crate) mod machine;
pub(crate) mod names;
pub(crate) mod objects;
pub(crate) mod parcel;
pub(crate) mod pools;
pub(crate) mod python;
pub mod reference;
pub mod repeat;
pub(crate) mod runs;
pub(crate) mod signals;
pub(crate) mod steps;
pub mod sweep;
pub(crate) mod tasks;
pub(crate) mod threads;
