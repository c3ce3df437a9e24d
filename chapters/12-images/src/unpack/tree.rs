//! The directory that a layer is written to. Every path of the archive goes through here.
//!
//! A path is resolved in two steps. Its parent is resolved as if the layer were `/`, so that a symbolic link
//! in it leads to somewhere inside. Its last component is used with `…at` calls on the descriptor of the
//! parent and never followed. Nothing that the archive brought is ever opened but directories.

use super::limits::Limits;
use super::member::Member;
use super::pax::Wrong;
use crate::trash::Trash;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{
    FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags, fchmodat, fstatat, makedev, mkdirat, mknodat,
    utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, LinkatFlags, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};
use shared::path::Root;
use shared::{Error, Result, sys};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The mode of a directory that the archive uses but does not describe. What `mkdir -p` makes, and Docker.
const UNDESCRIBED: u32 = 0o755;

/// A place in the tree: the descriptor of a directory, and a name in it.
pub struct Place<'a> {
    parent: Rc<OwnedFd>,
    name: &'a OsStr,
}

/// The layer's directory while it is being filled.
pub struct Tree<'a> {
    root: Root,
    trash: &'a Trash,
    /// The parent that was resolved last: most entries follow one of the same directory.
    last: Option<(PathBuf, Rc<OwnedFd>)>,
    /// Times of directories, which change as long as something is made in them.
    times: Vec<(PathBuf, TimeSpec)>,
    kept: usize,
    limits: Limits,
}

/// The components of a path without `.` and `..`, as Docker reads it: `..` goes up in the text, not in the
/// tree.
pub fn components(path: &[u8]) -> Result<Vec<&[u8]>, Wrong> {
    let mut parts = Vec::new();
    for part in path.split(|&c| c == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop().ok_or("its path leads out of the layer")?),
            part => parts.push(part),
        }
    }
    Ok(parts)
}

impl<'a> Tree<'a> {
    /// Fills `directory`. What is in the way of an entry goes into the trash.
    pub fn new(directory: &Path, trash: &'a Trash, limits: Limits) -> nix::Result<Tree<'a>> {
        Ok(Tree { root: Root::open(directory)?, trash, last: None, times: vec![], kept: 0, limits })
    }

    /// Resolves the parent of a path, making what is missing of it.
    pub fn place<'p>(&mut self, parts: &[&'p [u8]]) -> Result<Place<'p>> {
        let (name, parents) = parts.split_last().ok_or_else(|| Error::refused("it has no name"))?;
        let parent = self.directory(parents)?;
        Ok(Place { parent, name: OsStr::from_bytes(name) })
    }

    /// The directory with these components.
    pub fn directory(&mut self, parts: &[&[u8]]) -> Result<Rc<OwnedFd>> {
        if parts.len() > self.limits.depth {
            return Err(Error::refused(format!("it lies more than {} directories deep", self.limits.depth)));
        }
        let path: PathBuf =
            [b".".as_slice()].iter().chain(parts).map(|part| OsStr::from_bytes(part)).collect();
        if let Some((_, fd)) = self.last.as_ref().filter(|(last, _)| *last == path) {
            return Ok(fd.clone());
        }
        let found = Rc::new(self.resolve(&path).map_err(|errno| Error::new("use its directory", errno))?);
        self.last = Some((path, found.clone()));
        Ok(found)
    }

    fn resolve(&self, path: &Path) -> nix::Result<OwnedFd> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        match self.root.open_at(path, flags, 0) {
            Err(Errno::ENOENT) => {}
            found => return found,
        }
        let mut done = PathBuf::new();
        let mut at = self.root.open_at(Path::new("."), flags, 0)?;
        for part in path {
            done.push(part);
            at = match self.root.open_at(&done, flags, 0) {
                Err(Errno::ENOENT) => {
                    // A symbolic link that leads nowhere is in the way: EEXIST says so.
                    mkdirat(&at, part, Mode::empty())?;
                    // Not left to mkdir, which subtracts the umask of whoever calls us.
                    chmod(&at, part, UNDESCRIBED)?;
                    self.root.open_at(&done, flags, 0)?
                }
                found => found?,
            };
        }
        Ok(at)
    }

    /// Does what makes a name; if the name is taken, it is freed first.
    fn make<T>(&mut self, place: &Place, make: impl Fn() -> nix::Result<T>) -> nix::Result<T> {
        match make() {
            Err(Errno::EEXIST) => {
                self.clear(place)?;
                make()
            }
            made => made,
        }
    }

    fn clear(&mut self, place: &Place) -> nix::Result<()> {
        // It may have been part of the way to the parent that was resolved last.
        self.last = None;
        match is_kind(place.look()?, SFlag::S_IFDIR) {
            true => self.trash.take(&*place.parent, place.name),
            false => unlinkat(&*place.parent, place.name, UnlinkatFlags::NoRemoveDir),
        }
    }

    /// A new, empty regular file.
    pub fn file(&mut self, place: &Place) -> nix::Result<File> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        self.make(place, || openat(&*place.parent, place.name, flags, Mode::S_IRUSR | Mode::S_IWUSR))
            .map(File::from)
    }

    /// A directory: the one that is there, or a new one.
    pub fn make_directory(&mut self, place: &Place) -> Result<(), Errno> {
        let make = || mkdirat(&*place.parent, place.name, Mode::S_IRWXU);
        match make() {
            Err(Errno::EEXIST) => {}
            made => return made,
        }
        let found = place.look()?;
        if is_kind(found, SFlag::S_IFDIR) {
            return Ok(());
        }
        self.clear(place)?;
        make()?;
        // Gone and made anew in the same layer: what the layers below had in it must not show through.
        if is_whiteout(found) { place.set_xattr(super::whiteout::OPAQUE_XATTR, b"y") } else { Ok(()) }
    }

    /// A symbolic link, whose target is a text and nothing more.
    pub fn symlink(&mut self, place: &Place, target: &[u8]) -> nix::Result<()> {
        self.make(place, || symlinkat(OsStr::from_bytes(target), &*place.parent, place.name))
    }

    /// Another name for what is at `target` in this layer: for a symbolic link, not for where it leads.
    pub fn hard_link(&mut self, place: &Place, target: &[u8]) -> Result<()> {
        let parts = components(target).map_err(Error::refused)?;
        let shown = String::from_utf8_lossy(target).into_owned();
        let wrong = |errno: Errno| {
            let error = Error::new(format!("link it to {shown:?}"), errno);
            if errno == Errno::ENOENT { error.next("the layer is damaged: build it again") } else { error }
        };
        let (name, parents) = parts.split_last().ok_or_else(|| Error::refused("it links to the root"))?;
        let path: PathBuf =
            [b".".as_slice()].iter().chain(parents).map(|part| OsStr::from_bytes(part)).collect();
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        let from = self.root.open_at(&path, flags, 0).map_err(wrong)?;
        let from = Place { parent: Rc::new(from), name: OsStr::from_bytes(name) };
        let (source, there) = (from.look().map_err(wrong)?, place.look());
        if there.is_ok_and(|there| (there.st_dev, there.st_ino) == (source.st_dev, source.st_ino)) {
            return Ok(());
        }
        // A directory in the way could be the one that holds the source.
        let link = || linkat(&*from.parent, from.name, &*place.parent, place.name, LinkatFlags::empty());
        self.make(place, link).map_err(wrong)
    }

    /// A device, a FIFO, or a whiteout; it is made and never opened.
    pub fn node(&mut self, place: &Place, kind: SFlag, (major, minor): (u32, u32)) -> nix::Result<()> {
        let device = makedev(major.into(), minor.into());
        self.make(place, || mknodat(&*place.parent, place.name, kind, Mode::S_IRUSR | Mode::S_IWUSR, device))
    }

    /// The layers below have something of this name, which is gone.
    pub fn whiteout(&mut self, place: &Place) -> nix::Result<()> {
        match place.look() {
            Err(Errno::ENOENT) => self.node(place, SFlag::S_IFCHR, (0, 0)),
            // The same layer brought a new directory of that name: it is new from the ground up.
            Ok(found) if is_kind(found, SFlag::S_IFDIR) => {
                place.set_xattr(super::whiteout::OPAQUE_XATTR, b"y")
            }
            // It covers what is below by being there.
            found => found.map(drop),
        }
    }

    /// Remembers the time of a directory until nothing more is made in it.
    pub fn keep_time(&mut self, parts: &[&[u8]], mtime: (i64, i64)) -> Result<()> {
        let path: PathBuf =
            [b".".as_slice()].iter().chain(parts).map(|part| OsStr::from_bytes(part)).collect();
        self.kept += path.as_os_str().len();
        if self.kept > self.limits.kept {
            let most = self.limits.kept;
            return Err(Error::refused(format!("the names of its directories take more than {most} bytes")));
        }
        self.times.push((path, TimeSpec::new(mtime.0, mtime.1)));
        Ok(())
    }

    /// Sets the times of the directories that are still directories.
    pub fn finish(self) -> nix::Result<()> {
        for (path, mtime) in &self.times {
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
            match self.root.open_at(path, flags, 0) {
                Ok(fd) => nix::sys::stat::futimens(&fd, &TimeSpec::UTIME_OMIT, mtime)?,
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

fn chmod(parent: &OwnedFd, name: &OsStr, mode: u32) -> nix::Result<()> {
    fchmodat(parent, name, Mode::from_bits_truncate(mode), FchmodatFlags::NoFollowSymlink)
}

fn is_kind(found: FileStat, kind: SFlag) -> bool {
    found.st_mode & SFlag::S_IFMT.bits() == kind.bits()
}

fn is_whiteout(found: FileStat) -> bool {
    is_kind(found, SFlag::S_IFCHR) && found.st_rdev == 0
}

impl Place<'_> {
    /// The directory itself as a place.
    pub fn of(directory: Rc<OwnedFd>) -> Place<'static> {
        Place { parent: directory, name: OsStr::new(".") }
    }

    fn look(&self) -> nix::Result<FileStat> {
        fstatat(&*self.parent, self.name, AtFlags::AT_SYMLINK_NOFOLLOW)
    }

    /// Sets an extended attribute.
    pub fn set_xattr(&self, name: &[u8], value: &[u8]) -> nix::Result<()> {
        let path = format!("/proc/self/fd/{}/", self.parent.as_raw_fd());
        let path =
            CString::new([path.as_bytes(), self.name.as_bytes()].concat()).map_err(|_| Errno::EINVAL)?;
        let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
        sys::set_xattr(&path, &name, value)
    }

    /// Gives what was made its owner, its mode and its attributes, in this order: a new owner takes the
    /// setuid bit and the capabilities away.
    pub fn describe(&self, member: &Member) -> Result<()> {
        let doing = |what: &'static str| move |errno: Errno| Error::new(what, errno);
        let (uid, gid) = (Uid::from_raw(member.uid), Gid::from_raw(member.gid));
        fchownat(&*self.parent, self.name, Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(doing("set its owner"))?;
        let link = member.kind == super::member::Kind::Symlink;
        if !link {
            chmod(&self.parent, self.name, member.mode).map_err(doing("set its mode"))?;
        }
        for (name, value) in member.xattrs.iter().filter(|(name, _)| !super::whiteout::is_overlays(name)) {
            match self.set_xattr(name, value) {
                // No such attributes on this file system: nobody could read them either. But a program whose
                // capability is lost would fail where nobody looks for the reason.
                Err(Errno::EOPNOTSUPP) if !name.starts_with(b"security.capability") => {}
                set => set.map_err(|errno| {
                    Error::new(format!("set its attribute {:?}", String::from_utf8_lossy(name)), errno)
                })?,
            }
        }
        let mtime = TimeSpec::new(member.mtime.0, member.mtime.1);
        let follow = UtimensatFlags::NoFollowSymlink;
        utimensat(&*self.parent, self.name, &TimeSpec::UTIME_OMIT, &mtime, follow)
            .map_err(doing("set its time"))
    }
}
