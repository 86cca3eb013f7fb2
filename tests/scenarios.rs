//! Every scenario of the collection meets its expectations, at full scale.

use std::path::{Path, PathBuf};

use gilsim::experiment::sweep::{Plan, Shard, conduct_sweep};
use gilsim::experiment::{Effort, Standing, Verdict, conduct};
use gilsim::scenario::{self, Template};

fn scenario_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

fn verdicts(path: &Path) -> Vec<Verdict> {
    let text = std::fs::read_to_string(path).unwrap();
    let id = path.file_stem().unwrap().to_str().unwrap();
    let scenario = scenario::load(&text, id, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let Some(sweep) = scenario.sweep.clone() else {
        let conducted = conduct(&scenario, id, None);
        for run in &conducted.runs {
            assert!(run.complete, "{id}: {} does not end", run.name);
        }
        return conducted.verdicts;
    };
    let template = Template { name: id.to_owned(), text, overrides: Vec::new() };
    let plan = Plan::new(template, sweep, None, Effort::of(scenario.repeat), Shard::WHOLE).unwrap();
    let swept = conduct_sweep(&plan).unwrap();
    assert_eq!(swept.incomplete(), 0, "{id}");
    let (verdicts, left_out) = swept.verdicts(&plan.first, id);
    assert!(left_out.is_empty(), "{id}: {left_out:?}");
    verdicts
}

#[test]
fn every_scenario_meets_its_expectations_but_for_known_gaps() {
    let mut failed = Vec::new();
    for path in scenario_files() {
        let verdicts = verdicts(&path);
        assert!(!verdicts.is_empty(), "{} expects nothing", path.display());
        let bad = verdicts.iter().filter(|verdict| verdict.standing == Standing::Failed);
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
        for verdict in verdicts(&path) {
            let closed = verdict.known_gap.is_some() && verdict.standing == Standing::Met;
            assert!(!closed, "{}: {} is met: its known_gap can go", path.display(), verdict.that);
        }
    }
}
