//! `gilsim calibrate`: measures this machine and interpreters, and writes profiles for scenarios.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::calibration::{
    CalibrationError, Effort, Figures, InterpreterFigures, identify_interpreter, measure_interpreter,
    measure_machine, profile,
};
use crate::cli::progress::Progress;
use crate::cli::{Failure, output};
use crate::export::figures;

/// The arguments of `gilsim calibrate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Also measure this interpreter, CPython 2.7 or 3.2 and later; may be given more than once
    #[arg(long = "python", value_name = "PATH")]
    pythons: Vec<PathBuf>,
    /// Measure for a second only, to see whether it works
    #[arg(long)]
    quick: bool,
    /// The folder for the profiles: machine.yaml, and one such as cpython-3.11.7.yaml an interpreter
    #[arg(short = 'o', long = "output", value_name = "FOLDER", default_value = "calibration")]
    folder: PathBuf,
}

/// How much longer than an interpreter the machine takes.
const MACHINE: usize = 3;

/// Runs the subcommand.
pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let effort = if arguments.quick { Effort::Quick } else { Effort::Full };
    let inside = |error: CalibrationError| Failure::Inside(error.to_string());
    // Whatever cannot be done is better known before anything is measured.
    for program in &arguments.pythons {
        identify_interpreter(program).map_err(inside)?;
    }
    output::check_folder(&arguments.folder)?;
    // An interpreter takes about a third as long as the machine.
    let pieces = effort.batches();
    let progress = Progress::new(pieces * (MACHINE + arguments.pythons.len()), 0);
    let mut interpreters = Vec::new();
    for program in &arguments.pythons {
        interpreters.push(measure_interpreter(program, effort).map_err(inside)?);
        (0..pieces).for_each(|_| progress.advance());
    }
    let advance = &mut || (0..MACHINE).for_each(|_| progress.advance());
    let machine = measure_machine(effort, advance).map_err(inside)?;
    drop(progress);
    output::tell_load();

    output::print(&format!("{}\n", figures::table(&machine.figures)))?;
    warn_of_unsteady("this machine", &machine.figures);
    for interpreter in &interpreters {
        let name = interpreter.program.display().to_string();
        output::print(&format!("\n{name}\n{}\n", figures::table(&interpreter.figures)))?;
        warn_of_unsteady(&name, &interpreter.figures);
        if interpreter.is_stand_in {
            output::tell(&format!(
                "note: there is no preset for the opcodes of {name}; those of {} stand in",
                interpreter.preset
            ));
        }
    }
    output::save(
        &arguments.folder.join("machine.yaml"),
        profile::machine(&machine, &interpreters).as_bytes(),
    )?;
    for (index, interpreter) in interpreters.iter().enumerate() {
        let path = arguments.folder.join(file_name(&interpreters[..index], interpreter));
        output::save(&path, profile::interpreter(interpreter, &machine).as_bytes())?;
    }
    tell_use(&arguments.folder);
    Ok(())
}

/// `cpython-3.11.7.yaml`, or `cpython-3.11.7-2.yaml` if there is one of that version before.
fn file_name(before: &[InterpreterFigures], interpreter: &InterpreterFigures) -> String {
    let [major, minor, patch] = interpreter.version;
    let number = match before.iter().filter(|other| other.version == interpreter.version).count() {
        0 => String::new(),
        earlier => format!("-{}", earlier + 1),
    };
    format!("cpython-{major}.{minor}.{patch}{number}.yaml")
}

fn warn_of_unsteady(of: &str, figures: &Figures) {
    let unsteady: Vec<&str> = figures
        .iter()
        .filter(|(_, spread)| !spread.is_steady())
        .map(|(quantity, _)| quantity.name())
        .collect();
    if !unsteady.is_empty() {
        output::tell(&format!(
            "warning: unsteady figures of {of}: {}\nhelp: measure again while nothing else runs",
            unsteady.join(", ")
        ));
    }
}

fn tell_use(folder: &Path) {
    let path = folder.join("machine.yaml");
    output::tell(&format!("a scenario beside the folder names it so: `machine: {}`", path.display()));
}
