//! What somebody probably meant by a name that does not exist.

/// More known names than this are not listed in a help line.
const LONGEST_LIST: usize = 24;
/// Longer names are not compared: comparing takes time in proportion to both lengths.
const LONGEST_NAME: usize = 64;

/// The known name closest to `name`, if one is close enough to be meant.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let lower = name.to_lowercase();
    let most = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST_NAME)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// A help line: the name that was probably meant, or else all known names if they are few.
pub(crate) fn help<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(meant) = closest(name, known.iter().copied()) {
        return Some(format!("did you mean `{meant}`?"));
    }
    let few = !known.is_empty() && known.len() <= LONGEST_LIST;
    few.then(|| format!("known are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slip_is_recognised() {
        assert_eq!(closest("cors", ["costs", "cores"]), Some("cores"));
        assert_eq!(closest("Bytecode", ["bytecode", "body"]), Some("bytecode"));
    }

    #[test]
    fn a_different_name_is_not_suggested() {
        assert_eq!(closest("threads", ["machine", "python"]), None);
    }

    #[test]
    fn without_a_close_name_all_are_listed() {
        assert_eq!(help("threads", ["machine", "python"]).unwrap(), "known are machine, python");
        assert_eq!(help("threads", []), None);
    }
}
