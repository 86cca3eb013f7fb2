//! Trees laid over trees: a run over the top level, a mapping over a preset.
//!
//! Mappings are merged key by key, to any depth; anything else is replaced. Two rules keep the result sensible. Of
//! keys that exclude each other (one scheduler or another, one form of a distribution or another), those of the base
//! go when the overlay has another one. And a lock with another policy inherits nothing from the old one.

use std::collections::BTreeMap;

use crate::scenario::yaml::{Key, Kind, Node};

/// Groups of keys of which a mapping has what belongs together, or else something different altogether.
const ALTERNATIVES: [&[&str]; 3] = [
    &["mach", "cfs", "eevdf", "round_robin", "fifo", "windows"],
    &["uniform", "exponential", "log_normal", "pareto", "empirical", "is", "source", "from", "figure"],
    &["after_all_but", "after"],
];

/// The key of a lock's policy.
const POLICY: &str = "policy";

/// `overlay` over `base`, key by key where both are mappings. The result has the position of the overlay.
pub(crate) fn merge(mut base: Node, overlay: Node) -> Node {
    if let (Kind::Mapping(old), Kind::Mapping(new)) = (&mut base.kind, &overlay.kind) {
        remove_excluded(old, new);
    }
    merge_each(base, overlay, |_, base, value| merge(base, value))
}

/// A whole scenario or run over another, section by section.
pub(crate) fn merge_sections(base: Node, overlay: Node) -> Node {
    merge_each(base, overlay, merge_section)
}

/// One section of a scenario or run over the same section of another.
fn merge_section(name: &str, base: Node, overlay: Node) -> Node {
    match name {
        "machine" | "python" => merge_with_preset(base, overlay),
        "functions" => merge_each(base, overlay, |_, _, function| function),
        "runs" => merge_each(base, overlay, |_, base, run| merge_sections(base, run)),
        _ => overlay,
    }
}

/// `overlay` over `base` for a machine or an interpreter, where a plain name stands for the preset of that name: a
/// new preset replaces everything, and anything else is merged.
fn merge_with_preset(base: Node, overlay: Node) -> Node {
    let overlay = with_preset_spelt_out(overlay);
    if overlay.get("preset").is_some() {
        return overlay;
    }
    merge(with_preset_spelt_out(base), overlay)
}

/// `{preset: NAME}` for a plain `NAME`.
pub(crate) fn with_preset_spelt_out(node: Node) -> Node {
    if node.text().is_none() {
        return node;
    }
    let position = node.position;
    let key = Key { text: "preset".to_owned(), position };
    Node { kind: Kind::Mapping(vec![(key, node)]), position }
}

/// The entries of `overlay` in addition to those of `base`; `both` makes one of two with the same key.
fn merge_each(base: Node, overlay: Node, both: impl Fn(&str, Node, Node) -> Node) -> Node {
    let position = overlay.position;
    let (mut entries, overlay) = match (base.kind, overlay.kind) {
        (Kind::Mapping(base), Kind::Mapping(overlay)) => (base, overlay),
        (_, kind) => return Node { kind, position },
    };
    let mut places: BTreeMap<String, usize> =
        entries.iter().enumerate().map(|(index, (key, _))| (key.text.clone(), index)).collect();
    for (key, value) in overlay {
        let index = places.get(&key.text).copied();
        match index.and_then(|index| entries.get_mut(index)) {
            Some((old_key, old)) => {
                let nothing = Node { kind: Kind::Sequence(Vec::new()), position };
                let base = std::mem::replace(old, nothing);
                *old = both(&key.text, base, value);
                *old_key = key;
            }
            None => {
                places.insert(key.text.clone(), entries.len());
                entries.push((key, value));
            }
        }
    }
    Node { kind: Kind::Mapping(entries), position }
}

fn value<'a>(entries: &'a [(Key, Node)], name: &str) -> Option<&'a Node> {
    entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value)
}

fn policies_differ(base: &[(Key, Node)], overlay: &[(Key, Node)]) -> bool {
    match (value(base, POLICY), value(overlay, POLICY)) {
        (Some(old), Some(new)) => old.text() != new.text(),
        _ => false,
    }
}

/// Removes from `base` what a key of `overlay` excludes.
fn remove_excluded(base: &mut Vec<(Key, Node)>, overlay: &[(Key, Node)]) {
    if policies_differ(base, overlay) {
        base.clear();
    }
    for group in ALTERNATIVES {
        let member = |key: &Key| group.contains(&key.text.as_str());
        if overlay.iter().any(|(key, _)| member(key)) {
            base.retain(|(key, _)| !member(key) || overlay.iter().any(|(other, _)| other.text == key.text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::diagnostic::Problems;
    use crate::scenario::yaml;

    fn tree(text: &str) -> Node {
        yaml::parse(text, 0, 0, &mut Problems::default()).unwrap()
    }

    fn merged(base: &str, overlay: &str) -> String {
        merge(tree(base), tree(overlay)).flow()
    }

    #[test]
    fn mappings_are_merged_to_any_depth_and_all_else_is_replaced() {
        assert_eq!(merged("{a: {b: 1, c: [1, 2]}, d: 4}", "{a: {c: [3]}}"), "{a: {b: 1, c: [3]}, d: 4}");
    }

    #[test]
    fn another_scheduler_replaces_the_old_one() {
        assert_eq!(merged("{mach: {quantum: 1ms}}", "{cfs: {tick: 1ms}}"), "{cfs: {tick: 1ms}}");
        assert_eq!(
            merged("{mach: {quantum: 1ms, decay_interval: 1s}}", "{mach: {quantum: 2ms}}"),
            "{mach: {quantum: 2ms, decay_interval: 1s}}"
        );
    }

    #[test]
    fn another_distribution_replaces_the_old_one_and_its_source() {
        let sourced = "{idle: {is: 5us, source: measured, from: here}, deep_after: 1s}";
        assert_eq!(
            merged(sourced, "{idle: {exponential: 4us}}"),
            "{idle: {exponential: 4us}, deep_after: 1s}"
        );
        assert_eq!(merged("{uniform: [1s, 2s]}", "{pareto: {alpha: 1}}"), "{pareto: {alpha: 1}}");
    }

    #[test]
    fn another_lock_policy_inherits_nothing_from_the_old_one() {
        let old = "{gil: {policy: check_interval, interval: 100, lock: condvar}}";
        assert_eq!(merged(old, "{gil: {policy: switch_interval}}"), "{gil: {policy: switch_interval}}");
        assert_eq!(
            merged(old, "{gil: {policy: check_interval, interval: 7}}"),
            "{gil: {policy: check_interval, interval: 7, lock: condvar}}"
        );
    }

    #[test]
    fn a_plain_name_stands_for_a_preset() {
        let over = |base, overlay| merge_with_preset(tree(base), tree(overlay)).flow();
        assert_eq!(over("macbook-2009", "{cores: 1}"), "{preset: macbook-2009, cores: 1}");
        assert_eq!(over("{preset: a, cores: 1}", "b"), "{preset: b}");
        assert_eq!(over("{preset: a, cores: 1}", "{preset: b}"), "{preset: b}");
    }

    #[test]
    fn a_function_is_replaced_as_a_whole() {
        let base = tree("functions: {is: [a], uniform: [b]}");
        let merged = merge_sections(base, tree("functions: {uniform: [c]}"));
        assert_eq!(merged.flow(), "{functions: {is: [a], uniform: [c]}}");
    }
}
