//! Every scenario of the collection meets its expectations, at full scale.

use std::path::{Path, PathBuf};

use gilsim::experiment::{Conducted, Standing, conduct};
use gilsim::scenario;

fn scenario_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

fn conducted(path: &Path) -> Conducted {
    let text = std::fs::read_to_string(path).unwrap();
    let id = path.file_stem().unwrap().to_str().unwrap();
    let scenario = scenario::load(&text, id, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    conduct(&scenario, id, None)
}

#[test]
fn every_scenario_meets_its_expectations_but_for_known_gaps() {
    let mut failed = Vec::new();
    for path in scenario_files() {
        let conducted = conducted(&path);
        assert!(!conducted.verdicts.is_empty(), "{} expects nothing", path.display());
        for run in &conducted.runs {
            assert!(run.complete, "{}: {} does not end", path.display(), run.name);
        }
        let bad = conducted.verdicts.iter().filter(|verdict| verdict.standing == Standing::Failed);
        failed.extend(
            bad.map(|verdict| format!("{}: {} is {:?}", path.display(), verdict.that, verdict.found)),
        );
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// A gap that has closed must lose its excuse.
#[test]
fn every_known_gap_is_still_one() {
    for path in scenario_files() {
        for verdict in conducted(&path).verdicts {
            let closed = verdict.known_gap.is_some() && verdict.standing == Standing::Met;
            assert!(!closed, "{}: {} is met: its known_gap can go", path.display(), verdict.that);
        }
    }
}
