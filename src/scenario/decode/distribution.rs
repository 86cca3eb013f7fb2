//! Distributions of durations: `5ms`, `{uniform: [1us, 2us]}`, `{log_normal: {median: 10us, sigma: 0.2}}`.

use crate::des::{Distribution, Span};
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::{Kind, Node};

/// The forms of a distribution; a plain duration is a constant.
pub(crate) const FORMS: [&str; 5] = ["uniform", "exponential", "log_normal", "pareto", "empirical"];

/// A distribution, or a plain duration.
pub(crate) fn distribution(node: &Node, problems: &mut Problems) -> Option<Distribution> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return fields::span(node, problems).map(Distribution::Constant);
    }
    let (form, value) = fields::only_entry(node, "a distribution", &FORMS, problems)?;
    match form {
        "uniform" => uniform(value, problems),
        "exponential" => fields::span(value, problems).map(|mean| Distribution::Exponential { mean }),
        "log_normal" => log_normal(value, problems),
        "pareto" => pareto(value, problems),
        _ => empirical(value, problems),
    }
}

/// Whether every draw is no time at all.
pub(crate) fn is_always_zero(distribution: &Distribution) -> bool {
    let longest = match distribution {
        Distribution::Constant(span) => *span,
        Distribution::Uniform { high, .. } => *high,
        Distribution::Exponential { mean } => *mean,
        Distribution::LogNormal { median, .. } => *median,
        Distribution::Pareto { minimum, .. } => *minimum,
        Distribution::Empirical { quantiles } => quantiles.last().copied().unwrap_or(Span::ZERO),
    };
    longest.is_zero()
}

fn uniform(node: &Node, problems: &mut Problems) -> Option<Distribution> {
    let quantiles = rising_spans(node, problems)?;
    match quantiles.as_slice() {
        [low, high] => Some(Distribution::Uniform { low: *low, high: *high }),
        _ => {
            problems.add_with_help(node.position, "a uniform distribution has two ends", "write [1us, 2us]");
            None
        }
    }
}

fn empirical(node: &Node, problems: &mut Problems) -> Option<Distribution> {
    let quantiles = rising_spans(node, problems)?;
    if quantiles.is_empty() {
        problems.add(node.position, "an empirical distribution needs at least one time");
        return None;
    }
    Some(Distribution::Empirical { quantiles })
}

fn log_normal(node: &Node, problems: &mut Problems) -> Option<Distribution> {
    let keys = Fields::of(node, "a log-normal distribution", &["median", "sigma"], problems)?;
    let median = keys.required("median", problems).and_then(|node| fields::span(node, problems));
    let sigma = keys.required("sigma", problems).and_then(|node| fields::number(node, problems));
    Some(Distribution::LogNormal { median: median?, sigma: sigma? })
}

fn pareto(node: &Node, problems: &mut Problems) -> Option<Distribution> {
    let keys = Fields::of(node, "a Pareto distribution", &["minimum", "alpha"], problems)?;
    let minimum = keys.required("minimum", problems).and_then(|node| fields::span(node, problems));
    let alpha_node = keys.required("alpha", problems);
    let alpha = alpha_node.and_then(|node| fields::number(node, problems));
    if let (Some(node), Some(0.0)) = (alpha_node, alpha) {
        problems.add(node.position, "alpha must be above 0");
        return None;
    }
    Some(Distribution::Pareto { minimum: minimum?, alpha: alpha? })
}

/// A list of durations, none shorter than the one before.
fn rising_spans(node: &Node, problems: &mut Problems) -> Option<Vec<Span>> {
    let items = fields::items(node, "a list of times", problems)?;
    let spans: Vec<Option<Span>> = items.iter().map(|item| fields::span(item, problems)).collect();
    let spans: Vec<Span> = spans.into_iter().collect::<Option<_>>()?;
    if let Some(index) = spans.windows(2).position(|pair| pair[1] < pair[0]) {
        problems
            .add(items[index + 1].position, "times must not fall: this one is shorter than the one before");
        return None;
    }
    Some(spans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::yaml;

    fn read(text: &str) -> Result<Distribution, String> {
        let mut problems = Problems::default();
        let node = yaml::parse(text, 0, 0, &mut problems).unwrap();
        let read = distribution(&node, &mut problems);
        let diagnostics = crate::scenario::Diagnostics::new(Vec::new(), problems);
        let first = diagnostics.iter().next().map(|diagnostic| diagnostic.message.clone());
        first.map_or_else(|| Ok(read.unwrap()), Err)
    }

    #[test]
    fn a_plain_time_is_a_constant() {
        assert_eq!(read("5ms"), Ok(Distribution::Constant(Span::from_millis(5))));
    }

    #[test]
    fn each_form_is_read() {
        let micros = Span::from_micros;
        let uniform = Distribution::Uniform { low: micros(1), high: micros(2) };
        assert_eq!(read("{uniform: [1us, 2us]}"), Ok(uniform));
        assert_eq!(read("{exponential: 5us}"), Ok(Distribution::Exponential { mean: micros(5) }));
        let log_normal = Distribution::LogNormal { median: micros(10), sigma: 0.2 };
        assert_eq!(read("{log_normal: {median: 10us, sigma: 0.2}}"), Ok(log_normal));
        let pareto = Distribution::Pareto { minimum: micros(1), alpha: 1.5 };
        assert_eq!(read("{pareto: {minimum: 1us, alpha: 1.5}}"), Ok(pareto));
        let empirical = Distribution::Empirical { quantiles: vec![micros(1), micros(1), micros(5)] };
        assert_eq!(read("{empirical: [1us, 1us, 5us]}"), Ok(empirical));
    }

    #[test]
    fn what_could_not_be_drawn_from_is_an_error() {
        let error = |text| read(text).unwrap_err();
        let falling = "times must not fall: this one is shorter than the one before";
        assert_eq!(error("{uniform: [2us, 1us]}"), falling);
        assert_eq!(error("{empirical: [1us, 3us, 2us]}"), falling);
        assert_eq!(error("{uniform: [1us]}"), "a uniform distribution has two ends");
        assert_eq!(error("{empirical: []}"), "an empirical distribution needs at least one time");
        assert_eq!(error("{pareto: {minimum: 1us, alpha: 0}}"), "alpha must be above 0");
        assert_eq!(error("{normal: 1us}"), "unknown key `normal`");
        assert_eq!(
            error("{exponential: 1us, uniform: [1us, 2us]}"),
            "a distribution has exactly one key, found 2"
        );
        assert_eq!(error("{}"), "a distribution has exactly one key, found 0");
    }
}
