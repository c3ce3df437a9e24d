//! Removes trees that somebody else has made.
//!
//! A tree can be deeper than any path is long and than a process may hold descriptors, and such a tree must
//! not stay behind. So directories are not entered to be emptied: each is moved up into the trash first.

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A directory in which everything is going to be removed.
#[derive(Debug)]
pub struct Trash {
    directory: OwnedFd,
    opened: u128,
    next: AtomicU64,
}

const DIRECTORY: OFlag =
    OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

impl Trash {
    /// Uses a directory of our own as the trash.
    pub fn open(directory: &Path) -> nix::Result<Trash> {
        let directory = nix::fcntl::open(directory, DIRECTORY, Mode::empty())?;
        // What a dead process left here has numbers too, and maybe this pid: the time tells them apart.
        let opened = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Ok(Trash { directory, opened, next: AtomicU64::new(0) })
    }

    /// Moves what is called `name` in `parent` into the trash.
    pub fn take(&self, parent: impl AsFd, name: &OsStr) -> nix::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let new = OsString::from(format!("{}.{}.{number}", std::process::id(), self.opened));
        renameat(parent, name, &self.directory, new.as_os_str())
    }

    /// Removes everything in it.
    pub fn empty(&self) -> nix::Result<()> {
        loop {
            let names = names(&self.directory)?;
            if names.is_empty() {
                return Ok(());
            }
            for name in names {
                self.remove(&name)?;
            }
        }
    }

    fn remove(&self, name: &OsStr) -> nix::Result<()> {
        if unlink(&self.directory, name)? {
            return Ok(());
        }
        let directory = openat(&self.directory, name, DIRECTORY, Mode::empty())?;
        for inner in names(&directory)? {
            if !unlink(&directory, &inner)? {
                match unlinkat(&directory, inner.as_os_str(), UnlinkatFlags::RemoveDir) {
                    Err(Errno::ENOTEMPTY | Errno::EEXIST) => self.take(&directory, &inner)?,
                    removed => removed?,
                }
            }
        }
        unlinkat(&self.directory, name, UnlinkatFlags::RemoveDir)
    }
}

/// Removes a name that is no directory; says whether it was none.
fn unlink(parent: &OwnedFd, name: &OsStr) -> nix::Result<bool> {
    match unlinkat(parent, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(true),
        Err(Errno::EISDIR) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn names(directory: &OwnedFd) -> nix::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::openat(directory, ".", DIRECTORY, Mode::empty())?.iter() {
        let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_os_string();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::mkdirat;

    #[test]
    fn removes_a_tree_that_is_deeper_than_any_path() {
        let scratch = tempfile::tempdir().unwrap();
        let trash = Trash::open(scratch.path()).unwrap();
        let mut at = openat(&trash.directory, ".", DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..2500 {
            mkdirat(&at, "d", Mode::S_IRWXU).unwrap();
            at = openat(&at, "d", DIRECTORY, Mode::empty()).unwrap();
        }
        std::fs::write(scratch.path().join("file"), "x").unwrap();
        std::os::unix::fs::symlink("/nowhere", scratch.path().join("link")).unwrap();
        trash.empty().unwrap();
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    }
}
