//! A scenario as text, which becomes another one with every value that is set.

use serde::{Deserialize, Serialize};

use crate::scenario::sweep::Setting;
use crate::scenario::{Diagnostics, Scenario, load};

/// A scenario and what is changed about it at all points of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// What to call the text in messages.
    pub name: String,
    /// The text.
    pub text: String,
    /// What is changed about it, as in `--set PATH=VALUE`.
    pub overrides: Vec<String>,
}

impl Template {
    /// The scenario at a point: with these values.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn at(&self, point: &[Setting]) -> Result<Scenario, Diagnostics> {
        load::load_point(&self.text, &self.name, &self.overrides, point)
    }
}
