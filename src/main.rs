//! The `gilsim` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    gilsim::cli::main()
}
