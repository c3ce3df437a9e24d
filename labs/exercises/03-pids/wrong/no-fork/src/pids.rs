//! Processes of its own, for the children only.

use nix::sched::{CloneFlags, unshare};
use std::io::Result;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Becomes `program`.
pub fn run(program: &mut Command) -> Result<u8> {
    unshare(CloneFlags::CLONE_NEWPID)?;
    Err(program.exec())
}
