//! A host name of its own.

use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;
use std::error::Error;
use std::ffi::OsStr;

/// Gives this process a host name and System V objects of its own; nobody else's change.
///
/// See uts_namespaces(7) and ipc_namespaces(7).
pub fn give(name: &OsStr) -> Result<(), Box<dyn Error>> {
    unshare(CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC)?;
    sethostname(name)?;
    Ok(())
}
