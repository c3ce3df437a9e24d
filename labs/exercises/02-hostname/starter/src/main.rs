//! `hostname [-h NAME] ROOTFS COMMAND…`: runs a command with another root directory and a name of its own.
//!
//! This file is complete: it has the root directory of the exercise before. What is missing is in `name.rs`.

#![forbid(unsafe_code)]

mod name;

use clap::error::ErrorKind as Usage;
use clap::{ArgAction, Parser};
use nix::unistd::{chdir, chroot};
use std::error::Error;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Docker's exit codes: the runtime failed; the program cannot be executed; it was not found.
const FAILED: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

#[derive(Parser)]
#[command(disable_help_flag = true)] // -h is Docker's short form of --hostname
struct CommandLine {
    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
    /// Host name inside
    #[arg(short = 'h', long, value_name = "NAME", default_value = "container")]
    hostname: OsString,
    /// The directory that becomes / for the program
    rootfs: PathBuf,
    /// The program, and its arguments
    #[arg(required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            let _ = error.print();
            let help = matches!(error.kind(), Usage::DisplayHelp | Usage::DisplayVersion);
            return ExitCode::from(if help { 0 } else { FAILED });
        }
    };
    if let Err(error) = isolate(&line) {
        eprintln!("hostname: {error}");
        return ExitCode::from(FAILED);
    }
    become_program(&line.command)
}

fn isolate(line: &CommandLine) -> Result<(), Box<dyn Error>> {
    name::give(&line.hostname)?;
    chroot(&line.rootfs)?;
    chdir("/")?;
    Ok(())
}

/// Executes the program in this process; returns only when that fails.
fn become_program(command: &[OsString]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else { return ExitCode::from(FAILED) };
    let error = Command::new(program).args(arguments).env_clear().env("PATH", "/usr/bin:/bin").exec();
    eprintln!("hostname: {}: {error}", program.display());
    ExitCode::from(match error.kind() {
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::PermissionDenied => NOT_EXECUTABLE,
        _ => FAILED,
    })
}
