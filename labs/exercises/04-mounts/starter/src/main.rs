//! `mounts [-h NAME] ROOTFS COMMAND…`: runs a command in a root filesystem that it cannot leave.
//!
//! This file is complete: it has what the exercises before have made. What is missing is in `mounts.rs`.
//!
//! /proc shows the PID namespace of the process that mounts it, so it must be mounted by process 1. Therefore
//! this program makes the namespaces and then executes itself a second time, as process 1 inside.

#![forbid(unsafe_code)] // nothing here needs it; remove this line to call fork(2) yourself

mod mounts;

use clap::error::ErrorKind as Usage;
use clap::{ArgAction, Parser};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;
use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Docker's exit codes: the runtime failed; the program cannot be executed; it was not found.
const FAILED: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
/// Added to the number of the signal that ended the program.
const SIGNAL: i32 = 128;

#[derive(Parser)]
#[command(disable_help_flag = true)] // -h is Docker's short form of --hostname
struct CommandLine {
    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
    /// This is the second time: we are process 1
    #[arg(long, hide = true)]
    inside: bool,
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
    let done = if line.inside { become_program(&line) } else { run_inside(&line) };
    ExitCode::from(done.unwrap_or_else(|error| {
        eprintln!("mounts: {error}");
        exit_code(&error)
    }))
}

/// Makes the namespaces, and executes this program again as process 1 in them.
fn run_inside(line: &CommandLine) -> Result<u8> {
    let new = CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWPID;
    unshare(new | CloneFlags::CLONE_NEWNS)?;
    sethostname(&line.hostname)?;
    let status = Command::new("/proc/self/exe").arg("--inside").args(std::env::args_os().skip(1)).status()?;
    let code = status.code().unwrap_or_else(|| SIGNAL + status.signal().unwrap_or_default());
    Ok(code as u8)
}

/// Changes the root, and executes the program in this process; returns only when that fails.
fn become_program(line: &CommandLine) -> Result<u8> {
    mounts::enter(&line.rootfs)?;
    let (program, arguments) =
        line.command.split_first().ok_or(Error::new(ErrorKind::InvalidInput, "no command was given"))?;
    Err(Command::new(program).args(arguments).env_clear().env("PATH", "/usr/bin:/bin").exec())
}

/// The exit code when the program did not run.
fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::PermissionDenied => NOT_EXECUTABLE,
        _ => FAILED,
    }
}
