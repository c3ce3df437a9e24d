//! The devices that every program may expect.

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{SFlag, fstat, major, minor};
use nix::unistd::symlinkat;
use shared::path::Root;
use shared::{Doing, Error, Result, sys};
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

// ANCHOR: devices
/// Name, major and minor number (Linux allocated devices, `devices.txt`).
const NODES: [(&CStr, u64, u64); 6] = [
    (c"null", 1, 3),
    (c"zero", 1, 5),
    (c"full", 1, 7),
    (c"random", 1, 8),
    (c"urandom", 1, 9),
    (c"tty", 5, 0),
];

/// Names that are links in every distribution.
const LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
];
// ANCHOR_END: devices

/// Puts the devices into the container's fresh `/dev`.
///
/// They are the host's own nodes, mounted one by one, and not nodes made by `mknod(2)`: that works for a user
/// who may not make any, and `/dev` itself can forbid devices.
pub(crate) fn populate(dev: &Root) -> Result<()> {
    for (name, ..) in NODES {
        let doing = || format!("put {} into the container's /dev", name.to_string_lossy());
        let device = of_host(name)?;
        let place = dev.make_file(Path::new(&*name.to_string_lossy()), 0o666).doing(doing)?;
        sys::move_mount(&device, &place).doing(doing)?;
    }
    for (name, target) in LINKS {
        match symlinkat(target, dev, name) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(Error::new(format!("link /dev/{name} to {target}"), errno)),
        }
    }
    Ok(())
}

/// A detached mount of the host's `/dev/null`, for masking files.
pub(crate) fn null() -> Result<OwnedFd> {
    of_host(c"null")
}

/// A detached mount of a device of the host, after a look at what it really is: a mask that is somebody's file
/// would hand out that file (CVE-2025-31133).
fn of_host(name: &CStr) -> Result<OwnedFd> {
    let doing = || format!("take the device /dev/{}", name.to_string_lossy());
    let path =
        CString::new([b"/dev/", name.to_bytes()].concat()).map_err(|_| Error::new(doing(), "bad name"))?;
    let device = sys::open_tree(AT_FDCWD, &path, false).doing(doing)?;
    check(&device, name).doing(doing)?;
    // Read-only is the node, not the device: it can be written to, but a `chmod` inside does not reach the
    // host's /dev, which this is a window on.
    sys::mount_setattr(device.as_fd(), false, libc::MOUNT_ATTR_RDONLY).doing(doing)?;
    Ok(device)
}

/// Refuses what is not the device of this name.
pub(crate) fn check(device: &OwnedFd, name: &CStr) -> Result<()> {
    let found = fstat(device).doing(|| "look at it".into())?;
    let is_character = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFCHR;
    let numbers = (major(found.st_rdev), minor(found.st_rdev));
    if is_character && NODES.contains(&(name, numbers.0, numbers.1)) {
        return Ok(());
    }
    Err(Error::refused(format!("/dev/{} is not the device of that name", name.to_string_lossy()))
        .next("repair /dev on this machine"))
}
