//! The outcome of a run is a function of scenario and seed: whoever watches, and however often.

use std::path::{Path, PathBuf};

use gilsim::des::Time;
use gilsim::scenario::{self, Scenario};
use gilsim::sim::{self, Report};
use gilsim::trace::{Timeline, Window};

fn scenarios() -> Vec<(PathBuf, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let load = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario = scenario::load(&text, "a scenario", &[]).unwrap_or_else(|errors| panic!("{errors}"));
        (path, scenario)
    };
    yaml.map(load).collect()
}

fn observed(model: &sim::Model, seed: u64) -> Report {
    let window = Window { from: Time::ZERO, to: Time::from_picos(5_000_000_000), columns: 100 };
    let timeline = Timeline::new(window, model.threads.len(), model.machine.cores);
    sim::run(model, seed, timeline).0
}

#[test]
fn an_observer_does_not_change_a_run() {
    for (path, scenario) in scenarios() {
        for run in &scenario.runs {
            let alone = sim::run(&run.model, 1, ()).0;
            assert_eq!(alone, observed(&run.model, 1), "{}: {}", path.display(), run.name);
        }
    }
}

#[test]
fn a_run_can_be_repeated() {
    for (path, scenario) in scenarios() {
        for run in &scenario.runs {
            let outcome = || sim::run(&run.model, 7, ()).0.fingerprint();
            assert_eq!(outcome(), outcome(), "{}: {}", path.display(), run.name);
        }
    }
}

/// Every picosecond of a thread's life is in one state, and every core is busy for as long as threads use it.
#[test]
fn times_add_up() {
    for (path, scenario) in scenarios() {
        for run in &scenario.runs {
            let report = sim::run(&run.model, 3, ()).0;
            let place = format!("{}: {}", path.display(), run.name);
            for thread in &report.threads {
                let life: u64 = thread.usage.state_times.iter().map(|span| span.picos()).sum();
                assert_eq!(life, report.makespan.picos(), "{place}");
            }
            let used = report.total_time(|thread| thread.usage.user)
                + report.total_time(|thread| thread.usage.system);
            let busy: u64 = report.core_busy.iter().map(|span| span.picos()).sum();
            assert_eq!(busy, used.picos(), "{place}");
            assert!(report.gil.held.picos() <= report.makespan.picos(), "{place}");
        }
    }
}
