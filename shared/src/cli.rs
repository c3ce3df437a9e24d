//! What every binary's `main` does the same way.

use crate::error::{exit, printable};
use crate::{Error, Result};
use clap::{Arg, ArgAction, Command, Parser};
use std::io::Write;
use std::process::ExitCode;

/// Parses the command line, runs, reports the error if there is one, and gives the exit code: Docker's 125
/// for a command line that cannot be understood.
pub fn main<C: Parser>(run: impl FnOnce(C) -> Result<u8>) -> ExitCode {
    let mut command = command::<C>();
    let name = command.get_name().to_string();
    let parsed = command.try_get_matches_from_mut(std::env::args_os());
    match parsed.and_then(|matches| C::from_arg_matches(&matches)) {
        Ok(command_line) => ExitCode::from(run(command_line).unwrap_or_else(|error| report(&name, &error))),
        Err(error) if error.use_stderr() => {
            // The parser quotes what was typed as it is, and a script may have taken that from anywhere. So the
            // words are parsed once more, only for the message, with what drives a terminal escaped.
            let words = std::env::args_os().map(|word| printable(&word.to_string_lossy()));
            let _ = command.try_get_matches_from_mut(words).err().unwrap_or(error).print();
            ExitCode::from(exit::RUNTIME)
        }
        Err(text) => {
            // A reader that went away (`keg --help | head -1`) is no reason to complain.
            let _ = text.print();
            ExitCode::SUCCESS
        }
    }
}

/// The command line of a binary as it is parsed.
pub fn command<C: Parser>() -> Command {
    long_help_only(C::command())
}

/// `-h` is Docker's short form of `--hostname`, so help is `--help` alone, in every command.
fn long_help_only(command: Command) -> Command {
    let help = Arg::new("help").long("help").action(ArgAction::Help).help("Print help");
    command.disable_help_flag(true).arg(help).mut_subcommands(long_help_only)
}

/// Prints an error once, on standard error, and returns its exit code.
pub fn report(name: &str, error: &Error) -> u8 {
    let _ = writeln!(std::io::stderr(), "{name}: {error}");
    error.exit_code()
}
