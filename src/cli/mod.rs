//! Floor 7: the command line. One file a subcommand; nothing here computes.
//!
//! Data goes to standard output, messages to standard error. The exit codes are listed at [`Failure`].

mod calibrate;
mod check;
mod compare;
mod failure;
mod input;
mod list;
mod merge;
mod output;
mod plot;
mod progress;
mod reality;
mod results;
mod run;
mod show;
mod sweep;
mod temporary;
mod ticks;
mod tune;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::calibration::program;

pub use failure::Failure;

/// The exit code of a program that was interrupted, as of one that a shell has seen interrupted.
const INTERRUPTED: i32 = 130;

/// The exit code where the words of the command are wrong, as of [`Failure::Usage`].
const WRONG_USAGE: u8 = 2;

/// Simulates the Python GIL, event by event.
#[derive(Debug, Parser)]
#[command(name = "gilsim", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Carries out the runs of a scenario, compares them, and checks its expectations
    Run(run::Arguments),
    /// Compares scenarios, interpreters or values in one table
    Compare(compare::Arguments),
    /// Carries out a scenario at many points: every switch interval, every number of cores
    Sweep(sweep::Arguments),
    /// Finds the values that reach a goal, such as the switch interval to set
    Tune(tune::Arguments),
    /// Puts the shares of a sweep together, and judges the whole
    Merge(merge::Arguments),
    /// Draws a chart of a scenario
    Plot(plot::Arguments),
    /// Checks the expectations of many scenarios, and tells predictions from inputs
    Verify(verify::Arguments),
    /// Says what is wrong with scenarios, without carrying them out
    Check(check::Arguments),
    /// Lists the scenarios, machines and interpreters that come with the program
    List(list::Arguments),
    /// Prints a scenario, a machine or an interpreter that comes with the program
    Show(show::Arguments),
    /// Measures this machine and interpreters, for profiles that scenarios can use
    Calibrate(calibrate::Arguments),
    /// Does with real interpreters what a scenario does, and compares
    Reality(reality::Arguments),
    /// Shows where in a disassembly the interpreter counts ticks or looks at the eval breaker
    Ticks(ticks::Arguments),
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => return answered(&answer),
    };
    end_when_interrupted();
    let outcome = match &arguments.command {
        Command::Run(arguments) => run::main(arguments),
        Command::Compare(arguments) => compare::main(arguments),
        Command::Sweep(arguments) => sweep::main(arguments),
        Command::Tune(arguments) => tune::main(arguments),
        Command::Merge(arguments) => merge::main(arguments),
        Command::Plot(arguments) => plot::main(arguments),
        Command::Verify(arguments) => verify::main(arguments),
        Command::Check(arguments) => check::main(arguments),
        Command::List(arguments) => list::main(arguments),
        Command::Show(arguments) => show::main(arguments),
        Command::Calibrate(arguments) => calibrate::main(arguments),
        Command::Reality(arguments) => reality::main(arguments),
        Command::Ticks(arguments) => ticks::main(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Prints what answers the arguments in place of a subcommand: the help, the version, or what is wrong with them.
fn answered(answer: &clap::Error) -> ExitCode {
    let outcome = answer.print();
    if answer.use_stderr() {
        return ExitCode::from(WRONG_USAGE);
    }
    output::printed(outcome).map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS)
}

/// An interruption (Ctrl-C, or a request to end) ends the program with its own exit code. Final files are complete or
/// not there at all, and a sweep has kept what is done. Programs that were started are ended, and temporary folders removed.
fn end_when_interrupted() {
    // Without a handler, the signal ends the program all the same.
    let _ = ctrlc::set_handler(|| {
        let _ended = program::end_all();
        temporary::remove_all();
        output::tell("interrupted");
        std::process::exit(INTERRUPTED);
    });
}
