//! A host name of its own, and nothing else.

use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;
use std::error::Error;
use std::ffi::OsStr;

/// Gives this process a host name of its own.
pub fn give(name: &OsStr) -> Result<(), Box<dyn Error>> {
    unshare(CloneFlags::CLONE_NEWUTS)?;
    sethostname(name)?;
    Ok(())
}
