//! What was measured, by quantity.

use std::collections::BTreeMap;

use crate::calibration::Quantity;
use crate::calibration::statistics::{Series, Spread};

/// The spread of each quantity that was measured. One that the machine does not have is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(BTreeMap<Quantity, Spread>);

impl Figures {
    /// The spread of a quantity, if it was measured.
    pub fn get(&self, quantity: Quantity) -> Option<Spread> {
        self.0.get(&quantity).copied()
    }

    /// All quantities that were measured.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, Spread)> {
        self.0.iter().map(|(quantity, spread)| (*quantity, *spread))
    }
}

/// Measurements under way.
#[derive(Debug, Default)]
pub(super) struct Record(BTreeMap<Quantity, Series>);

impl Record {
    /// Adds what one batch measured of a quantity, in nanoseconds.
    pub fn add(&mut self, quantity: Quantity, batch: Vec<f64>) {
        self.0.entry(quantity).or_default().add(batch);
    }

    /// What was measured in all batches.
    pub fn figures(&self) -> Figures {
        let spread = |(quantity, series): (&Quantity, &Series)| Some((*quantity, series.spread()?));
        Figures(self.0.iter().filter_map(spread).collect())
    }
}
