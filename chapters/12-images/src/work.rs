//! Where something is made before it has a name, and how what a crash left of it is swept.
//!
//! Each maker has a directory of its own below `tmp/` and holds a lock on it (`flock(2)`), which the kernel
//! takes back when the maker ends, however it ends. So a directory whose lock is free is a dead maker's.

use crate::trash::Trash;
use shared::{Doing, Error, Result, home, id, tree};
use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A directory to make something in. It goes, with all that is still in it, when this is dropped.
#[derive(Debug)]
pub struct Work {
    path: PathBuf,
    trash: Trash,
    _lock: File,
}

impl Work {
    /// A new directory below `tmp`. `lock` is what [`sweep`] holds too: between the making of the directory
    /// and its locking, nobody must take it for a dead one.
    pub fn new(tmp: &Path, lock: &Path) -> Result<Work> {
        let path = tmp.join(id::short(&id::random()?));
        let doing = || format!("make the directory {}", path.display());
        let _held = home::lock(lock)?;
        DirBuilder::new().mode(0o700).create(&path).doing(doing)?;
        let locked = File::open(&path).and_then(|file| file.lock().map(|()| file)).doing(doing)?;
        let trash = Trash::open(&path).doing(doing)?;
        let work = Work { trash, _lock: locked, path: path.clone() };
        std::fs::create_dir(work.fs()).doing(doing)?;
        // Whatever the umask is: programs of the container look things up from here.
        std::fs::set_permissions(work.fs(), PermissionsExt::from_mode(0o755)).doing(doing)?;
        Ok(work)
    }

    /// The directory that a layer is unpacked to.
    pub fn fs(&self) -> PathBuf {
        self.path.join("fs")
    }

    /// The file for a layer as it came.
    pub fn blob(&self) -> PathBuf {
        self.path.join("blob")
    }

    /// A file for something else.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where things go that are in the way.
    pub fn trash(&self) -> &Trash {
        &self.trash
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What cannot be removed now is swept by whoever comes next.
        let _ = tree::remove(&self.path);
    }
}

/// Removes what dead makers left below `tmp`.
pub fn sweep(tmp: &Path, lock: &Path) -> Result<()> {
    let doing = || format!("sweep {}", tmp.display());
    // Most often there is nothing, and then nobody needs to wait for the lock.
    if std::fs::read_dir(tmp).doing(doing)?.next().is_none() {
        return Ok(());
    }
    let mut dead = Vec::new();
    let held = home::lock(lock)?;
    for entry in std::fs::read_dir(tmp).doing(doing)? {
        let path = entry.doing(doing)?.path();
        let Ok(file) = File::open(&path) else { continue }; // gone meanwhile
        match file.try_lock() {
            Ok(()) => dead.push((path, file)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(Error::new(doing(), error)),
        }
    }
    drop(held);
    // The locks of the dead are ours now, so that a second sweeper leaves them to us.
    for (path, _file) in &dead {
        tree::remove(path).doing(doing)?; // gone already if another sweeper was quicker
    }
    Ok(())
}
