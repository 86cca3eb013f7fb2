//! Replications: how often an interval holds the truth, and what comparing run by run is worth.

use gilsim::experiment::{Effort, Estimate, conduct_with, seed_of};
use gilsim::scenario::{self, Repeat, Scenario};
use gilsim::sim;

/// One thread that sleeps forty times for a random while, a millisecond on average, on a machine without costs.
const SLEEPER: &str = "\
gilsim: 1
title: Forty random sleeps
machine: {cores: 1, platform: linux, scheduler: round_robin}
python:
  opcodes: {known: [LOAD, JUMP], after: [JUMP]}
  typical: [LOAD, JUMP]
  instruction: 100ns
  gil: {policy: switch_interval}
threads: [{name: sleeper, do: [loop: 40, body: [sleep: {exponential: 1ms}]]}]
";

fn loaded(text: &str) -> Scenario {
    scenario::load(text, "test", &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn effort(times: u32) -> Effort {
    Effort::of(Repeat::Times(times))
}

/// The mean of the sum of forty sleeps is 40 ms.
#[test]
fn ninety_five_in_a_hundred_intervals_hold_the_truth() {
    let scenario = loaded(SLEEPER);
    let makespan = |seed| sim::run(&scenario.runs[0].model, seed, ()).0.makespan.as_secs();
    let holds_the_truth = |experiment: u64| {
        let values: Vec<f64> =
            (0..20).map(|replication| makespan(seed_of(experiment, replication))).collect();
        let estimate = Estimate::of(&values).unwrap();
        (estimate.mean - 0.040).abs() <= estimate.half_width.unwrap()
    };
    let held = (0..2_000).filter(|experiment| holds_the_truth(*experiment)).count();
    assert!((1_860..=1_940).contains(&held), "{held} of 2000");
}

#[test]
fn auto_stops_when_the_interval_is_as_narrow_as_wanted() {
    let scenario = loaded(SLEEPER);
    let effort = Effort { precision: 0.02, ..Effort::of(Repeat::Auto) };
    let conducted = conduct_with(&scenario, "test", None, effort);
    let width = conducted.runs[0].estimate(|report| Some(report.makespan.as_secs())).unwrap();
    assert!(width.relative_half_width() <= 0.02);
    // The deviation of the sum is one 40th of its mean times the root of 40: about 240 replications are needed.
    assert!((150..400).contains(&conducted.replications), "{}", conducted.replications);
}

/// The second run sleeps as long as the first, and computes for 1 ms more.
#[test]
fn runs_share_their_random_numbers_so_that_their_difference_is_sharp() {
    let sleeper = SLEEPER.split("threads:").next().unwrap();
    let runs = "
runs:
  short: {threads: [{name: sleeper, do: [loop: 40, body: [sleep: {exponential: 1ms}]]}]}
  long: {threads: [{name: sleeper, do: [{loop: 40, body: [sleep: {exponential: 1ms}]}, python: 1ms]}]}
expect:
  - {that: long.makespan - short.makespan, is: 1ms, within: 0.0001%}
";
    let conducted = conduct_with(&loaded(&format!("{sleeper}{runs}")), "test", None, effort(20));
    let alone = conducted.runs[0].estimate(|report| Some(report.makespan.as_secs())).unwrap();
    assert!(alone.half_width.unwrap() > 0.001, "each alone is uncertain by more than their difference");
    let difference = &conducted.verdicts[0];
    assert!((difference.found.clone().unwrap() - 0.001).abs() < 1e-9);
    assert!(difference.half_width.unwrap() < 1e-9);
}

#[test]
fn the_first_of_many_replications_is_the_experiment_carried_out_once() {
    let scenario = loaded(SLEEPER);
    let (once, often) = (effort(1), effort(5));
    let once = conduct_with(&scenario, "test", Some(9), once);
    let often = conduct_with(&scenario, "test", Some(9), often);
    assert_eq!(once.runs[0].report, often.runs[0].report);
    assert_eq!(often.runs[0].repeats.len(), 4);
}

#[test]
fn the_outcome_does_not_depend_on_the_number_of_threads() {
    let scenario = loaded(SLEEPER);
    for repeat in [Repeat::Times(7), Repeat::Auto] {
        let outcome = |threads| {
            let effort = Effort { threads, precision: 0.05, repeat };
            conduct_with(&scenario, "test", None, effort).fingerprint()
        };
        assert_eq!(outcome(1), outcome(2));
        assert_eq!(outcome(1), outcome(5));
    }
}
