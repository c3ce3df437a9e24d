//! `chroot ROOTFS COMMAND…`: runs a command with another root directory.
//!
//! This file is complete. What is missing is in `root.rs`.

#![forbid(unsafe_code)]

mod root;

use clap::Parser;
use clap::error::ErrorKind as Usage;
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
struct CommandLine {
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
    if let Err(error) = root::change(&line.rootfs) {
        eprintln!("chroot: {error}");
        return ExitCode::from(FAILED);
    }
    become_program(&line.command)
}

/// Executes the program in this process; returns only when that fails.
fn become_program(command: &[OsString]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else { return ExitCode::from(FAILED) };
    let error = Command::new(program).args(arguments).env_clear().env("PATH", "/usr/bin:/bin").exec();
    eprintln!("chroot: {}: {error}", program.display());
    ExitCode::from(match error.kind() {
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::PermissionDenied => NOT_EXECUTABLE,
        _ => FAILED,
    })
}
