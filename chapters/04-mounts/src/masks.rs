//! What `/proc` and `/sys` would still tell or let change of the whole machine.

use crate::devices;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{SFlag, fstat};
use shared::path::Root;
use shared::sys::{self, FsContext};
use shared::{Doing, Error, Result};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

// ANCHOR: masks
/// Hidden: under `/dev/null` if it is a file, under an empty directory if it is one. Docker's list.
pub const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// Visible, but not to be written, although `/proc` is. Docker's list.
pub const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
// ANCHOR_END: masks

/// Puts all masks on. `proc` and `sys` are the filesystems just mounted, and each path is looked up from there:
/// so a mask lands on procfs or sysfs and nowhere else (CVE-2025-52881).
pub(crate) fn put_on(proc: &Root, sys: &Root) -> Result<()> {
    for path in MASKED {
        if let Some(place) = find(proc, sys, path)? {
            hide(&place).doing(|| format!("hide {path}"))?;
        }
    }
    for path in READ_ONLY {
        if let Some(place) = find(proc, sys, path)? {
            make_read_only(&place).doing(|| format!("make {path} read-only"))?;
        }
    }
    Ok(())
}

/// `None` where this kernel has no such path.
fn find(proc: &Root, sys: &Root, path: &str) -> Result<Option<OwnedFd>> {
    let (root, below) = match path.strip_prefix("/proc/") {
        Some(below) => (proc, below),
        None => (sys, path.trim_start_matches("/sys/")),
    };
    match root.open_at(Path::new(below), OFlag::O_PATH | OFlag::O_NOFOLLOW, 0) {
        Ok(place) => Ok(Some(place)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(Error::new(format!("find {path}"), errno)),
    }
}

fn hide(place: &OwnedFd) -> Result<()> {
    let is_directory = fstat(place)
        .map(|found| SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR)
        .doing(|| "look at it".into())?;
    let cover = if is_directory { empty_directory()? } else { devices::null()? };
    sys::move_mount(&cover, place).doing(|| "mount over it".into())
}

fn empty_directory() -> Result<OwnedFd> {
    FsContext::open(c"tmpfs")
        .and_then(|tmpfs| tmpfs.set(c"size", c"4k"))
        .and_then(|tmpfs| {
            tmpfs.mount(libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV)
        })
        .doing(|| "make an empty directory".into())
}

fn make_read_only(place: &OwnedFd) -> nix::Result<()> {
    let copy = sys::open_tree(place, c"", true)?;
    sys::mount_setattr(copy.as_fd(), true, libc::MOUNT_ATTR_RDONLY)?;
    sys::move_mount(&copy, place)
}
