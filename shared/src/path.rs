//! The only way to use a path that is not trusted.
//!
//! Inside a container or an image, `/etc` may be a symbolic link to `/`, and `a/../../b` may be the name of a
//! file in an archive. Joining such a path to a directory and opening it would leave that directory. A
//! [`Root`] resolves it as if the directory were `/` (`openat2(2)` with `RESOLVE_IN_ROOT`, Linux 5.6), and
//! follows none of the magic links of `/proc`, which lead anywhere.

use crate::{Doing, Error};
use nix::Result;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{Mode, mkdirat};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// How often resolution is tried again when something is renamed meanwhile: the kernel gives `EAGAIN` rather
/// than risk a wrong answer.
const TRIES: usize = 128;

/// A directory that no path leads out of.
#[derive(Debug)]
pub struct Root(OwnedFd);

impl Root {
    /// The directory at a path of our own, which is trusted.
    pub fn open(directory: &Path) -> Result<Root> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        nix::fcntl::openat(AT_FDCWD, directory, flags, Mode::empty()).map(Root)
    }

    /// The directory that a descriptor refers to.
    pub fn from_fd(directory: OwnedFd) -> Root {
        Root(directory)
    }

    /// Opens what is at `path` inside. Symbolic links are followed inside, unless `flags` has `O_NOFOLLOW`.
    pub fn open_at(&self, path: &Path, flags: OFlag, mode: u32) -> Result<OwnedFd> {
        let create =
            if flags.contains(OFlag::O_CREAT) { Mode::from_bits_truncate(mode) } else { Mode::empty() };
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .mode(create)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        for _ in 1..TRIES {
            match openat2(&self.0, path, how) {
                Err(Errno::EAGAIN) => {}
                decided => return decided,
            }
        }
        openat2(&self.0, path, how)
    }

    /// A handle on what is at `path`, good for use as a place or a source of a mount and for nothing else.
    pub fn handle(&self, path: &Path) -> Result<OwnedFd> {
        self.open_at(path, OFlag::O_PATH, 0)
    }

    /// The directory at `path`, made with all its parents where they are missing (`mkdir -p`).
    pub fn make_dirs(&self, path: &Path, mode: u32) -> Result<OwnedFd> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        let mut done = PathBuf::from(".");
        let mut at = self.open_at(&done, flags, 0)?;
        for component in path.components() {
            let Component::Normal(name) = component else { continue };
            // Looked up from the root each time, so that a link with `..` in it is still held inside.
            done.push(name);
            at = match self.open_at(&done, flags, 0) {
                Err(Errno::ENOENT) => {
                    match mkdirat(&at, name, Mode::from_bits_truncate(mode)) {
                        Ok(()) | Err(Errno::EEXIST) => {}
                        Err(errno) => return Err(errno),
                    }
                    self.open_at(&done, flags, 0)?
                }
                other => other?,
            };
        }
        Ok(at)
    }

    /// A file at `path` to mount on, made empty if nothing is there. What is there may be anything but a
    /// directory or a symbolic link, and it is not opened: a FIFO would never answer.
    pub fn make_file(&self, path: &Path, mode: u32) -> Result<OwnedFd> {
        let handle = OFlag::O_PATH | OFlag::O_NOFOLLOW;
        match self.open_at(path, handle, 0) {
            Err(Errno::ENOENT) => {}
            found => return found,
        }
        if let Some(parent) = path.parent() {
            self.make_dirs(parent, 0o755)?;
        }
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_WRONLY;
        match self.open_at(path, flags, mode) {
            Ok(_) | Err(Errno::EEXIST) => self.open_at(path, handle, 0),
            Err(errno) => Err(errno),
        }
    }
}

// ANCHOR: rootfs
/// The directory that a ROOTFS argument means, without symbolic links.
///
/// # Errors
/// It is missing, is no directory, or is `/` itself, in which case nothing would be isolated.
pub fn root_directory(rootfs: &Path) -> crate::Result<PathBuf> {
    let doing = || format!("use {} as a root filesystem", rootfs.display());
    let found = rootfs.canonicalize().map_err(|error| {
        Error::new(doing(), error)
            .next("give a directory that holds a distribution's files; `make images` makes two")
    })?;
    if !found.is_dir() {
        return Err(
            Error::new(doing(), "it is not a directory").next("unpack the archive first, with tar -x")
        );
    }
    // By what it is and not by its name: the root may be mounted elsewhere, too.
    let identity = |path: &Path| path.metadata().map(|it| (it.dev(), it.ino())).doing(doing);
    if identity(&found)? == identity(Path::new("/"))? {
        return Err(Error::new(doing(), "it is the root of this machine").next("give a directory below it"));
    }
    Ok(found)
}
// ANCHOR_END: rootfs

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
