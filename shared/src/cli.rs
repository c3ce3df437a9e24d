//! What every binary's `main` does the same way.

use crate::error::exit;
use crate::{Error, Result};
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Parses the command line, runs, reports the error if there is one, and gives the exit code: Docker's 125
/// for a command line that cannot be understood.
pub fn main<C: Parser>(run: impl FnOnce(C) -> Result<u8>) -> ExitCode {
    let result = match C::try_parse() {
        Ok(command_line) => run(command_line),
        Err(error) => {
            // A reader that went away (`keg --help | head -1`) is no reason to complain.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::RUNTIME } else { 0 });
        }
    };
    ExitCode::from(result.unwrap_or_else(|error| report(C::command().get_name(), &error)))
}

/// Prints an error once, on standard error, and returns its exit code.
pub fn report(name: &str, error: &Error) -> u8 {
    let _ = writeln!(std::io::stderr(), "{name}: {error}");
    error.exit_code()
}
