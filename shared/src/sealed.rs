//! Our own binary, out of reach of the container.
//!
//! While a process of ours is inside the container, `/proc/PID/exe` there is a handle on the host's binary.
//! Who is root inside could open it for writing, and what is executed next time would be theirs
//! (CVE-2019-5736). So before anything else, the binary is executed once more from a private, read-only mount
//! of itself: whatever handle is got from that cannot write, not even after we have ended.

use crate::{Doing, Result, sys};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::sys::statvfs::{FsFlags, fstatvfs};
use std::ffi::{CString, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// Returns at once in a process that executes a read-only binary; else it does not return but executes the
/// same binary again, with the same arguments and environment, read-only.
///
/// # Errors
/// When the kernel refuses a step: without root it does.
pub fn ensure() -> Result<()> {
    let doing = || "seal our own binary".to_string();
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let own: OwnedFd = open("/proc/self/exe", flags, Mode::empty()).doing(doing)?;
    if fstatvfs(&own).doing(doing)?.flags().contains(FsFlags::ST_RDONLY) {
        return Ok(());
    }
    let sealed = sys::open_tree(&own, c"", false).doing(doing)?;
    sys::mount_setattr(sealed.as_fd(), false, libc::MOUNT_ATTR_RDONLY).doing(doing)?;
    let arguments = c_strings(std::env::args_os());
    let environment = c_strings(std::env::vars_os().map(|(mut name, value)| {
        name.push("=");
        name.push(value);
        name
    }));
    let Err(errno) = sys::exec_fd(&sealed, &arguments, &environment);
    Err(errno).doing(doing)
}

/// What came from the kernel as C strings holds no NUL byte within.
fn c_strings(values: impl Iterator<Item = OsString>) -> Vec<CString> {
    values.filter_map(|value| CString::new(value.into_vec()).ok()).collect()
}
