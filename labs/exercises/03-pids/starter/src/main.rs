//! `pids [-h NAME] ROOTFS COMMAND…`: runs a command with another root directory, a name and processes of its own.
//!
//! This file is complete: it has what the exercises before have made. What is missing is in `pids.rs`.

#![forbid(unsafe_code)] // nothing here needs it; remove this line to call fork(2) yourself

mod pids;

use clap::error::ErrorKind as Usage;
use clap::{ArgAction, Parser};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, chroot, sethostname};
use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result};
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
    let code = run(&line).unwrap_or_else(|error| {
        eprintln!("pids: {error}");
        exit_code(&error)
    });
    ExitCode::from(code)
}

fn run(line: &CommandLine) -> Result<u8> {
    unshare(CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC)?;
    sethostname(&line.hostname)?;
    chroot(&line.rootfs)?;
    chdir("/")?;
    let (program, arguments) =
        line.command.split_first().ok_or(Error::new(ErrorKind::InvalidInput, "no command was given"))?;
    let mut program = Command::new(program);
    program.args(arguments).env_clear().env("PATH", "/usr/bin:/bin");
    pids::run(&mut program)
}

/// The exit code when the program did not run.
fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::PermissionDenied => NOT_EXECUTABLE,
        _ => FAILED,
    }
}
