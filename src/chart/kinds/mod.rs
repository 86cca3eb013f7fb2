//! The kinds of charts: a file a kind, and a line that registers it.

mod account;
mod badness;
mod bars;
mod handover;
mod heat;
mod latency;
mod measured;
mod pareto;
mod ribbon;
mod speedup;
mod steps;
mod sweep;
pub mod timeline;
mod waiters;
mod waits;

use crate::chart::request::Kind;

/// Every kind, in the order of the help.
pub const KINDS: &[Kind] = &[
    timeline::KIND,
    ribbon::KIND,
    waiters::KIND,
    account::KIND,
    latency::KIND,
    waits::KIND,
    bars::KIND,
    sweep::KIND,
    pareto::KIND,
    heat::KIND,
    speedup::KIND,
    badness::KIND,
    measured::KIND,
    handover::KIND,
    steps::KIND,
];

/// The kind with this name.
pub fn named(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
