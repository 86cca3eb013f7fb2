//! What a sweep varies: `sweep: {python.gil.interval: 50us..100ms:log:20, machine.cores: [1, 2]}`, and `--over`.

use crate::scenario::axis::{Axis, Domain, Range};
use crate::scenario::decode::fields;
use crate::scenario::diagnostic::{Diagnostics, Position, Problems, Source, quoted};
use crate::scenario::quantity::is_same_value;
use crate::scenario::sweep::{MOST_POINTS, Setting, Sweep};
use crate::scenario::yaml::{self, Kind, Node};

/// The key of a sweep that is not a path: how many points to draw at random.
const SAMPLE: &str = "sample";

/// The sweep of a scenario.
pub(crate) fn sweep(node: &Node, problems: &mut Problems) -> Option<Sweep> {
    let Some(entries) = node.entries() else {
        fields::expected("a mapping of paths to values", node, problems);
        return None;
    };
    let mut sample = None;
    let mut axes = Vec::new();
    let mut sound = true;
    for (key, value) in entries {
        if key.text == SAMPLE {
            sample = fields::count(value, 1..=MOST_POINTS, problems);
            sound &= sample.is_some();
            continue;
        }
        let domain = domain(value, problems);
        sound &= domain.is_some();
        axes.extend(domain.map(|domain| Axis { path: key.text.clone(), domain }));
    }
    if !sound {
        return None;
    }
    let sweep = Sweep::new(axes, sample);
    sweep.map_err(|error| problems.add(node.position, error.to_string())).ok()
}

/// A list of values, a range, or a single value.
fn domain(node: &Node, problems: &mut Problems) -> Option<Domain> {
    match (&node.kind, node.text()) {
        (Kind::Sequence(items), _) if items.is_empty() => {
            problems.add(node.position, "there is no value to sweep over");
            None
        }
        (Kind::Sequence(items), _) => {
            let values: Option<Vec<String>> = items.iter().map(|item| value(item, problems)).collect();
            let values = values?;
            let is_known =
                |index: usize| values[..index].iter().any(|other| is_same_value(other, &values[index]));
            if let Some(index) = (0..values.len()).find(|index| is_known(*index)) {
                let message = format!("{} is there twice", quoted(&values[index]));
                problems.add(items[index].position, message);
                return None;
            }
            Some(Domain::List(values))
        }
        (_, Some(text)) => match Range::parse(text) {
            Some(Ok(range)) => Some(Domain::Range(range)),
            Some(Err(error)) => {
                let help = error.help.unwrap_or_default();
                problems.add_with_help(node.position, error.message, help);
                None
            }
            None => value(node, problems).map(|value| Domain::List(vec![value])),
        },
        _ => value(node, problems).map(|value| Domain::List(vec![value])),
    }
}

/// A value as it is written in a scenario.
fn value(node: &Node, problems: &mut Problems) -> Option<String> {
    if matches!(node.kind, Kind::Scalar { .. }) && node.text().is_none() {
        problems.add(node.position, "there is no value here");
        return None;
    }
    Some(node.flow())
}

/// Where an expectation holds: `where: {python.gil.interval: 5ms}`, each a value that the sweep comes to.
pub(crate) fn place(node: &Node, sweep: Option<&Sweep>, problems: &mut Problems) -> Option<Vec<Setting>> {
    let Some(entries) = node.entries() else {
        fields::expected("a mapping of paths to values", node, problems);
        return None;
    };
    let Some(sweep) = sweep else {
        problems.add_with_help(node.position, "nothing is swept over here", "add a `sweep:` to the scenario");
        return None;
    };
    let settings = entries.iter().map(|(key, node)| {
        let Some(axis) = sweep.axes().iter().find(|axis| axis.path == key.text) else {
            let known = sweep.axes().iter().map(|axis| axis.path.as_str());
            problems.unknown(key.position, "path of the sweep", &key.text, known);
            return None;
        };
        let value = value(node, problems)?;
        if !axis.contains(&value) {
            problems.add(node.position, format!("the sweep never comes to {}", quoted(&value)));
            return None;
        }
        Some(Setting { path: key.text.clone(), value })
    });
    // Every entry is looked at, so that every wrong one is reported.
    settings.collect::<Vec<_>>().into_iter().collect()
}

/// Reads axes as they are typed: `PATH=VALUE,VALUE` or `PATH=FIRST..LAST:log:COUNT`.
///
/// # Errors
/// If one of them is none.
pub fn parse_axes(texts: &[String]) -> Result<Vec<Axis>, Diagnostics> {
    let mut problems = Problems::default();
    let sources = texts.iter().map(|text| Source { name: "--over".to_owned(), text: text.clone() }).collect();
    let axes: Vec<Axis> = texts
        .iter()
        .enumerate()
        .filter_map(|(source, text)| parse_axis(text, source, &mut problems))
        .collect();
    if problems.is_empty() { Ok(axes) } else { Err(Diagnostics::new(sources, problems)) }
}

fn parse_axis(text: &str, source: usize, problems: &mut Problems) -> Option<Axis> {
    let whole = Position { source, start: 0, end: text.len() };
    let help = "write PATH=VALUES such as machine.cores=1,2,4 or python.gil.interval=50us..100ms:log:20";
    let Some((path, values)) = text.split_once('=').filter(|(_, values)| !values.trim().is_empty()) else {
        problems.add_with_help(whole, format!("{} has no values to sweep over", quoted(text)), help);
        return None;
    };
    // Values are separated by commas, as in a list of YAML; a comma within brackets separates nothing.
    let as_list = format!("[{values}]");
    let position = Position { source, start: path.len() + 1, end: text.len() };
    let mut within = Problems::default();
    let tree = yaml::parse(&as_list, source, 0, &mut within);
    let tree = match tree {
        Some(Node { kind: Kind::Sequence(mut items), .. }) if within.is_empty() => {
            items.iter_mut().for_each(|item| item.position = position);
            let single = items.len() == 1;
            let only = single.then(|| items.pop()).flatten();
            only.unwrap_or(Node { kind: Kind::Sequence(items), position })
        }
        _ => {
            problems.add_with_help(position, format!("{} is not a list of values", quoted(values)), help);
            return None;
        }
    };
    let domain = domain(&tree, problems)?;
    Some(Axis { path: path.trim().to_owned(), domain })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        parse_axes(&[text.to_owned()]).unwrap()[0].values().unwrap()
    }

    fn error(text: &str) -> String {
        parse_axes(&[text.to_owned()]).unwrap_err().iter().next().unwrap().message.clone()
    }

    #[test]
    fn values_are_typed_with_commas_between() {
        assert_eq!(values("a.b=1, 2,4"), ["1", "2", "4"]);
        assert_eq!(values("a=x"), ["x"]);
        assert_eq!(values("a=1..3"), ["1", "2", "3"]);
        assert_eq!(values("a={preset: x, cores: 1},y"), ["{preset: x, cores: 1}", "y"]);
    }

    #[test]
    fn what_has_no_values_is_an_error() {
        assert_eq!(error("a.b"), "`a.b` has no values to sweep over");
        assert_eq!(error("a.b="), "`a.b=` has no values to sweep over");
        assert_eq!(error("a=1,[2"), "`1,[2` is not a list of values");
        assert_eq!(error("a=2..1"), "the range from 2 to 1 is empty");
        assert_eq!(error("a=1,,2"), "`1,,2` is not a list of values");
        assert_eq!(error("a=1ms,2ms,1000us"), "`1000us` is there twice");
        assert_eq!(error("a=1,~"), "there is no value here");
    }
}
