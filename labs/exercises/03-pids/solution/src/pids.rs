//! Processes of its own.

use nix::sched::{CloneFlags, unshare};
use std::io::Result;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

/// Runs `program` as process 1 of a new PID namespace, waits for it, and returns its exit code: 128 + n when
/// signal n has ended it.
///
/// See pid_namespaces(7), and there what happens to the process that calls unshare(2).
pub fn run(program: &mut Command) -> Result<u8> {
    unshare(CloneFlags::CLONE_NEWPID)?;
    let status = program.status()?;
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Ok(code as u8)
}
