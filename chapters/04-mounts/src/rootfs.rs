//! The root filesystem, dressed and pivoted to.

use crate::files::Files;
use crate::mount::{BELOW_DEV, DEV, PROC, SYS};
use crate::{devices, masks};
use nix::fcntl::AT_FDCWD;
use nix::mount::{MntFlags, umount2};
use nix::unistd::{chdir, fchdir, pivot_root};
use shared::path::{self, Root};
use shared::{CloneArgs, Doing, Error, Inside, Part, Result, sys};
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

// ANCHOR: part
/// A directory that becomes the root mount.
#[derive(Debug, Default, clap::Args)]
pub struct Rootfs {
    /// The directory that becomes / for the program
    #[arg(value_name = "ROOTFS")]
    pub rootfs: PathBuf,
    #[arg(skip)]
    files: Files,
}

impl Part for Rootfs {
    fn name(&self) -> &'static str {
        "rootfs"
    }

    fn prepare(&mut self, _: &mut CloneArgs) -> Result<()> {
        self.rootfs = path::root_directory(&self.rootfs)?;
        self.files = Files::of_host();
        Ok(())
    }

    fn enter(&mut self, inside: &mut Inside) -> Result<()> {
        // An overlay that an earlier part has mounted, or a directory, which must become a mount first.
        let root = match inside.root.take() {
            Some(mount) => mount,
            None => self.bind_to_itself()?,
        };
        self.dress(&root)?;
        pivot(&root)
    }
}
// ANCHOR_END: part

impl Rootfs {
    /// A container whose root an earlier part makes.
    pub fn made_at(rootfs: PathBuf) -> Rootfs {
        Rootfs { rootfs, files: Files::default() }
    }

    /// `pivot_root(2)` wants a mount, not a directory.
    fn bind_to_itself(&self) -> Result<OwnedFd> {
        let doing = || format!("mount {} on itself", self.rootfs.display());
        let path = CString::new(self.rootfs.as_os_str().as_bytes())
            .map_err(|_| Error::new(doing(), "its name contains a NUL byte"))?;
        let mount = sys::open_tree(AT_FDCWD, &path, true).doing(doing)?;
        sys::mount_setattr(mount.as_fd(), true, libc::MOUNT_ATTR_NODEV).doing(doing)?;
        let place = Root::open(&self.rootfs).doing(doing)?;
        sys::move_mount(&mount, &place).doing(doing)?;
        Ok(mount)
    }

    // ANCHOR: dress
    /// Mounts what every container has. The host's `/dev` and `/proc` are still there to take from.
    fn dress(&self, root: &OwnedFd) -> Result<()> {
        let fresh = |mount: OwnedFd| Root::from_fd(mount);
        let root = root.try_clone().map(Root::from_fd).doing(|| "keep a handle on the new root".into())?;
        let proc = PROC.attach(&root).map(fresh)?;
        let sys = SYS.attach(&root).map(fresh)?;
        let place = DEV.directory(&root)?;
        self.files.mount(&root, &place)?;
        let dev = DEV.attach(&root).map(fresh)?;
        for mount in &BELOW_DEV {
            mount.attach(&root)?;
        }
        devices::populate(&dev)?;
        // Last, because a mask makes what it covers unreachable for us, too.
        masks::put_on(&proc, &sys)
    }
    // ANCHOR_END: dress
}

// ANCHOR: pivot
/// Makes `root` the root mount and lets go of the old one.
fn pivot(root: &OwnedFd) -> Result<()> {
    let doing = || "pivot to the new root".to_string();
    fchdir(root).doing(doing)?;
    // New root and place of the old root may be one directory (`pivot_root(2)`, "pivot_root(".", ".")"): the
    // old root then lies on top of the new one, and no directory for it is left behind in the image.
    pivot_root(".", ".").doing(doing)?;
    // MNT_DETACH: the host's mounts below it are busy, but nothing of ours keeps them.
    umount2(".", MntFlags::MNT_DETACH).doing(|| "unmount the old root".into())?;
    chdir("/").doing(doing)
}
// ANCHOR_END: pivot
