//! Judges the engine: random models must give the same outcome in a second simulator that was written from the rules.
//!
//! `GILSIM_TWIN_CASES` says how many models are tried. `GILSIM_TWIN_SCHEDULERS` and `GILSIM_TWIN_LOCKS`, lists with
//! commas, say of which kinds, `GILSIM_TWIN_CORES` how large the machines are at most, and `GILSIM_TWIN_SEED` where to
//! begin; the default is the same models each time. A run that takes too long in either is left out and counted.
//!
//! A model that fails is made smaller and saved as a scenario under `target/twin-failures`, which `gilsim run` replays
//! (one with event loops only as the values that it consists of).
//!
//! As many random models are held against the invariants of a run.

mod balance;
mod compare;
mod generator;
mod invariants;
mod loops;
mod programs;
mod recorder;
mod scenario;
mod simulator;

use std::any::Any;
use std::cell::Cell;
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gilsim::sim::{Model, Shortcuts};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

/// With what a run is given up.
struct TooLong;

/// Gives a run up that has done more than `limit` things.
fn give_up_after(limit: u64, done: u64) {
    if done > limit {
        std::panic::resume_unwind(Box::new(TooLong));
    }
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn list(name: &str, default: &[&str]) -> Vec<String> {
    env::var(name).map_or_else(
        |_| default.iter().map(ToString::to_string).collect(),
        |text| text.split(',').map(str::to_owned).collect(),
    )
}

/// What the two make of one model, if it is not the same.
fn disagreement(model: &Model, seed: u64, left_out: &Cell<u64>) -> Option<String> {
    let engine = catch_unwind(AssertUnwindSafe(|| recorder::run(model, seed)));
    let twin = catch_unwind(AssertUnwindSafe(|| simulator::run(model, seed)));
    let gave_up = |panic: &Box<dyn Any + Send>| panic.is::<TooLong>();
    match (engine, twin) {
        (Ok(engine), Ok(twin)) => compare::difference(&engine, &twin),
        (engine, twin) if engine.as_ref().is_err_and(gave_up) || twin.as_ref().is_err_and(gave_up) => {
            left_out.set(left_out.get() + 1);
            None
        }
        (Err(_), Err(_)) => Some("both panicked".to_owned()),
        (Err(_), Ok(twin)) => Some(format!("the engine panicked; the twin: {:#?}", twin.report)),
        (Ok(engine), Err(_)) => Some(format!("the twin panicked; the engine: {:#?}", engine.report)),
    }
}

/// Saves a model as a scenario, or as it is if that cannot be.
fn save(model: &Model, seed: u64) -> PathBuf {
    let (text, extension) = if scenario::can_be_written(model) {
        (scenario::text(model, seed), "yaml")
    } else {
        (format!("seed {seed}\n{model:#?}"), "txt")
    };
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("twin-failures");
    let path = directory.join(format!("{:016x}.{extension}", hasher.finish()));
    fs::create_dir_all(&directory).and_then(|()| fs::write(&path, text)).expect("the failure can be saved");
    path
}

/// Tries the random models that the settings ask for.
fn try_models(try_one: impl Fn(&Model, u64) -> Option<String>) {
    try_some(setting("GILSIM_TWIN_CASES", 10_000), try_one);
}

/// Tries so many random models.
fn try_some(cases: u64, try_one: impl Fn(&Model, u64) -> Option<String>) {
    let config = Config {
        cases: u32::try_from(cases).expect("fewer cases"),
        failure_persistence: None,
        max_shrink_iters: 100_000,
        ..Config::default()
    };
    let mut key = [0_u8; 32];
    key[..8].copy_from_slice(&setting("GILSIM_TWIN_SEED", 1).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key));
    let schedulers = list("GILSIM_TWIN_SCHEDULERS", &generator::SCHEDULERS);
    let locks = list("GILSIM_TWIN_LOCKS", &generator::LOCKS);
    let cores = usize::try_from(setting("GILSIM_TWIN_CORES", 6)).expect("fewer cores");
    let strategy = (generator::model(cores, schedulers, locks), 0..1000_u64);
    let result = runner.run(&strategy, |(model, seed)| match try_one(&model, seed) {
        Some(wrong) => Err(TestCaseError::fail(wrong)),
        None => Ok(()),
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(_, (model, seed))) => {
            // What a failure leaves behind: the smallest model found, and what is wrong with it.
            let path = save(&model, seed);
            let wrong = try_one(&model, seed).unwrap_or_default();
            panic!("{wrong}\nto replay it: gilsim run {}", path.display())
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn engine_and_twin_agree() {
    let left_out = Cell::new(0);
    try_models(|model, seed| disagreement(model, seed, &left_out));
    println!("{} cases left out", left_out.get());
}

#[test]
fn engine_and_twin_agree_where_cores_are_crowded() {
    let left_out = Cell::new(0);
    try_some(1_000, |model, seed| disagreement(&generator::crowded(model), seed, &left_out));
    println!("{} cases left out", left_out.get());
}

#[test]
fn every_run_keeps_the_invariants() {
    let free_with_sleeper = Cell::new(0);
    try_models(|model, seed| {
        let broken = || invariants::broken(model, seed, &free_with_sleeper);
        catch_unwind(AssertUnwindSafe(broken)).unwrap_or_else(|panic| {
            // Locks can be slower than their interval: then nobody gets anywhere.
            if panic.is::<TooLong>() { None } else { std::panic::resume_unwind(panic) }
        })
    });
    let has_locks = list("GILSIM_TWIN_LOCKS", &generator::LOCKS).iter().any(|lock| lock != "none");
    assert!(!has_locks || free_with_sleeper.get() > 0, "no run had a free lock for which a thread slept");
    println!("{} times the lock was free and a thread slept for it", free_with_sleeper.get());
}

#[test]
fn every_shortcut_is_exact() {
    let skipped = Cell::new(0);
    try_some(2_000, |model, seed| {
        let run = |shortcuts| gilsim::sim::Report {
            skipped_events: 0,
            ..gilsim::sim::run_with(model, seed, (), shortcuts).0
        };
        let all = Shortcuts::default();
        let quick = run(all);
        let queued = run(Shortcuts { run_ahead: false, ..all });
        let stepped = run(Shortcuts::NONE);
        skipped.set(skipped.get() + stepped.events.saturating_sub(quick.events));
        if quick != queued {
            return Some("with every event queued it is another run".to_owned());
        }
        if quick != run(Shortcuts { skip_cycles: false, ..all }) {
            return Some("cycle by cycle it is another run".to_owned());
        }
        (stepped.fingerprint() != quick.fingerprint()).then(|| "tick by tick it is another run".to_owned())
    });
    assert!(skipped.get() > 0, "nothing was skipped");
}

#[test]
fn a_model_written_as_a_scenario_is_the_same_model() {
    try_some(800, |model, seed| {
        if !scenario::can_be_written(model) {
            return None;
        }
        let text = scenario::text(model, seed);
        match gilsim::scenario::load(&text, "model", &[]) {
            Ok(read) => {
                let fingerprint = |model, seed| gilsim::sim::run(model, seed, ()).0.fingerprint();
                let same = fingerprint(model, seed) == fingerprint(&read.runs[0].model, read.seed);
                (!same).then_some(text)
            }
            Err(errors) => Some(errors.to_string()),
        }
    });
}
