//! Values as Python expressions.

use crate::des::Distribution;

/// A duration as a Python expression in seconds.
pub(super) fn seconds(distribution: &Distribution) -> String {
    match distribution {
        Distribution::Constant(span) => span.as_secs().to_string(),
        Distribution::Uniform { low, high } => {
            format!("random.uniform({}, {})", low.as_secs(), high.as_secs())
        }
        Distribution::Exponential { mean } => format!("{} * random.expovariate(1)", mean.as_secs()),
        Distribution::LogNormal { median, sigma } => {
            format!("{} * random.lognormvariate(0, {sigma})", median.as_secs())
        }
        Distribution::Pareto { minimum, alpha } => {
            format!("{} * random.paretovariate({alpha})", minimum.as_secs())
        }
        Distribution::Empirical { quantiles } => {
            // A single quantile is twice as good.
            let values = quantiles.iter().chain(quantiles.last().filter(|_| quantiles.len() == 1));
            let values: Vec<String> = values.map(|span| span.as_secs().to_string()).collect();
            format!("empirical({})", values.join(", "))
        }
    }
}

/// A text as a Python literal: what JSON makes of it, beyond ASCII escaped, so that 2.7 reads it too.
pub(super) fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut units = [0; 2];
    json.chars()
        .map(|letter| match letter {
            ' '..='~' => letter.to_string(),
            _ => letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        })
        .collect()
}
