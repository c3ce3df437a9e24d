//! Processes of its own.

use std::io::{Error, Result};
use std::process::Command;

/// Runs `program` as process 1 of a new PID namespace, waits for it, and returns its exit code: 128 + n when
/// signal n has ended it.
///
/// See pid_namespaces(7), and there what happens to the process that calls unshare(2).
pub fn run(program: &mut Command) -> Result<u8> {
    // The hole: replace this line.
    Err(Error::other(format!("not done yet: run {} as process 1", program.get_program().display())))
}
