//! Where things go that are in the way of others.
//!
//! What an archive replaces may be a tree of any size. Moving it aside is one step; it is removed with the
//! directory in which the layer is made, when that goes.

use nix::fcntl::{OFlag, open, renameat};
use nix::sys::stat::Mode;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// A directory in which everything is going to be removed.
#[derive(Debug)]
pub struct Trash {
    directory: OwnedFd,
    next: AtomicU64,
}

impl Trash {
    /// Uses a directory of our own, which nobody else puts numbered things into.
    pub fn open(directory: &Path) -> nix::Result<Trash> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(Trash { directory: open(directory, flags, Mode::empty())?, next: AtomicU64::new(0) })
    }

    /// Moves what is called `name` in `parent` into the trash.
    pub fn take(&self, parent: impl AsFd, name: &OsStr) -> nix::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        renameat(parent, name, &self.directory, OsString::from(format!("old.{number}")).as_os_str())
    }
}
