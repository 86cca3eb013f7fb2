//! What was measured or published of the runs: cells that the simulation is held against.

use crate::scenario::decode::expect;
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::Problems;
use crate::scenario::expression::Expression;
use crate::scenario::known::KnownRun;
use crate::scenario::yaml::Node;

const KEYS: [&str; 7] = ["cell", "quantity", "that", "is", "quartiles", "only_order", "not_simulated"];

/// One figure of a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What the reference calls the case that was measured.
    pub cell: String,
    /// What was measured of it. Figures of one quantity can be put in an order.
    pub quantity: String,
    /// What was found, and what computes it; else why it is not simulated.
    pub found: Result<Found, String>,
}

/// What a reference found, and what in the simulation it is held against. Times are in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The expression as it is written.
    pub that: String,
    /// The expression.
    pub expression: Expression,
    /// The median, or the published value.
    pub value: f64,
    /// The first and the third quartile; the value itself twice if there are none.
    pub quartiles: (f64, f64),
    /// How far from another figure it must be for the two to have an order: the distance of the quartiles.
    pub spread: f64,
    /// Whether only its place among others counts, because the cell has two outcomes and takes now one, now the other.
    pub only_order: bool,
}

/// The list of figures about these runs. Those in which something is wrong are left out.
pub(crate) fn figures(node: &Node, runs: &[KnownRun<'_>], problems: &mut Problems) -> Vec<Figure> {
    let items = fields::items(node, "a list of figures", problems).unwrap_or_default();
    items.iter().filter_map(|item| figure(item, runs, problems)).collect()
}

fn figure(item: &Node, runs: &[KnownRun<'_>], problems: &mut Problems) -> Option<Figure> {
    let keys = Fields::of(item, "a figure", &KEYS, problems)?;
    let mut text = |name| keys.required(name, problems).and_then(|node| fields::text(node, problems));
    let (cell, quantity) = (text("cell"), text("quantity"));
    let found = match keys.get("not_simulated") {
        Some(node) => Err(fields::text(node, problems)?.to_owned()),
        None => Ok(found(keys, runs, problems)?),
    };
    Some(Figure { cell: cell?.to_owned(), quantity: quantity?.to_owned(), found })
}

fn found(keys: Fields<'_>, runs: &[KnownRun<'_>], problems: &mut Problems) -> Option<Found> {
    let that = keys.required("that", problems)?;
    let expression = expect::expression(that, runs, problems);
    let value =
        keys.required("is", problems).and_then(|node| expect::value(node, expression.as_ref(), problems))?;
    let quartiles = match keys.get("quartiles") {
        Some(node) => quartiles(node, expression.as_ref(), problems)?,
        None => (value, value),
    };
    let only_order = match keys.get("only_order") {
        Some(node) => fields::flag(node, problems)?,
        None => false,
    };
    let that = that.text()?.to_owned();
    let spread = quartiles.1 - quartiles.0;
    Some(Found { that, expression: expression?, value, quartiles, spread, only_order })
}

fn quartiles(node: &Node, expression: Option<&Expression>, problems: &mut Problems) -> Option<(f64, f64)> {
    let items = fields::items(node, "the first and the third quartile", problems)?;
    let [first, third] = items else {
        fields::expected("two values, the first and the third quartile", node, problems);
        return None;
    };
    let (first, third) =
        (expect::value(first, expression, problems), expect::value(third, expression, problems));
    Some((first?, third?))
}
