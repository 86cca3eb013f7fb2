//! gilsim simulates the Python global interpreter lock (GIL) on a multi-core machine, event by event.
//!
//! The crate is built in floors, and a module imports only from floors below it:
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 7 | [`cli`] | one file a subcommand, and nothing that computes |
//! | 6 | [`chart`], [`export`] | pictures and files |
//! | 5 | [`experiment`], [`calibration`], [`reality`] | runs and expectations; measuring machines, interpreters and scenarios |
//! | 4 | [`scenario`] | YAML text to a checked model |
//! | 3 | [`sim`] | the engine: the only event loop |
//! | 2 | [`python`] | bytecode, programs, lock policies |
//! | 1 | [`os`] | cores, schedulers, kernel objects |
//! | 0 | [`des`], [`trace`] | virtual time, events, random streams; observers |
//!
//! Nothing is scripted: a slowdown emerges from a semaphore, a condition variable, a run queue and a timer, each
//! priced by a constant of the machine.
//!
//! ```
//! let text = "{gilsim: 1, title: Two threads, machine: linux-2-core, python: cpython-3.11, \
//!              threads: [{name: worker, count: 2, do: [python: 20ms]}]}";
//! let scenario = gilsim::scenario::load(text, "two threads", &[]).expect("a scenario");
//! let (report, ()) = gilsim::sim::run(&scenario.runs[0].model, scenario.seed, ());
//! assert!(report.makespan.as_secs() > 0.040, "both need the lock for 20 ms");
//! assert_eq!(report.gil.hand_overs, 7, "about one an interval of 5 ms");
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod calibration;
pub mod chart;
pub mod cli;
pub mod des;
pub mod experiment;
pub mod export;
pub mod os;
pub mod python;
pub mod reality;
pub mod scenario;
pub mod sim;
pub mod trace;
