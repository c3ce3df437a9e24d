//! The mount itself.

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::MsFlags;
use nix::sys::stat::Mode;
use nix::sys::statvfs::{FsFlags, fstatvfs};
use shared::{Doing, Error, Result};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

/// The options that every overlay of ours has. All of them would put into the upper layer, or take from a
/// lower one, references to other files instead of content: a layer must stand for itself, and one from
/// elsewhere must not lead anywhere.
const OPTIONS: &str = "index=off,redirect_dir=nofollow,metacopy=off";

/// Mounts `lower` (the lowest first) and `changes` as one, on top of the lowest of them in this mount
/// namespace, and returns the new mount.
///
/// The directories are named by descriptor: a path may hold the `:` or `,` that separate options, or be too
/// long, since all options together must fit into one page of 4096 bytes.
pub(crate) fn mount(lower: &[impl AsRef<Path>], changes: &Path, volatile: bool) -> Result<OwnedFd> {
    let doing = || "mount the layers as one".to_string();
    let lowest = lower.first().ok_or_else(|| Error::refused("there are no layers to mount"))?;
    let lower = lower.iter().rev().map(|path| directory(path.as_ref())).collect::<Result<Vec<_>>>()?;
    let (upper, work) = (directory(&changes.join(crate::UPPER))?, directory(&changes.join(crate::WORK))?);
    let names: Vec<String> = lower.iter().map(name).collect();
    let mut options =
        format!("lowerdir={},upperdir={},workdir={},{OPTIONS}", names.join(":"), name(&upper), name(&work));
    if volatile {
        options.push_str(",volatile"); // nothing of it outlives the container, so nothing need reach the disk
    }
    let place = directory(lowest.as_ref())?;
    nix::mount::mount(
        Some("overlay"),
        name(&place).as_str(),
        Some("overlay"),
        MsFlags::MS_NODEV,
        Some(options.as_str()),
    )
    .map_err(|errno| explain(doing(), errno, names.len(), changes))?;
    let mount = directory(lowest.as_ref())?;
    let flags = fstatvfs(&mount).doing(doing)?.flags();
    if flags.contains(FsFlags::ST_RDONLY) {
        return Err(Error::new(
            doing(),
            format!("the kernel mounted it read-only: it cannot use {}", changes.display()),
        )
        .next("put the state on a filesystem that overlayfs can write to, such as ext4, xfs or btrfs"));
    }
    Ok(mount)
}

fn directory(path: &Path) -> Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    open(path, flags, Mode::empty()).doing(|| format!("open the layer {}", path.display()))
}

fn name(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

fn explain(doing: String, errno: Errno, layers: usize, changes: &Path) -> Error {
    let error = Error::new(doing, errno);
    match errno {
        Errno::ENODEV => error.next("this kernel has no overlayfs: load it with `modprobe overlay`"),
        Errno::EINVAL => error.next(format!(
            "the kernel's log (dmesg) says which of the {layers} layers or whether {} cannot be used; state on \
             overlayfs itself, on NFS or on FAT cannot",
            changes.display()
        )),
        Errno::EPERM => error.next("run it as root, or with sudo"),
        _ => error,
    }
}
