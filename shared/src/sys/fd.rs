//! File descriptors that must not cross an exec.

use super::check;
use nix::Result;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Takes the ownership of a descriptor that has just arrived with `SCM_RIGHTS`.
pub(crate) fn received(fd: RawFd) -> OwnedFd {
    // SAFETY: the kernel has made this number for the message that was received, and it is taken once.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Closes every descriptor from `first` up, in a process that is about to do without all of its owners: it
/// never returns to code that holds one.
pub fn close_from(first: u32) -> Result<()> {
    // SAFETY: the caller's promise above; closing touches no memory.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) })?;
    Ok(())
}

/// Marks every descriptor from `first` up to be closed by the next exec (`close_range(2)`, Linux 5.11).
/// A directory that a careless caller left open would otherwise be a way out of the container.
pub fn close_on_exec_from(first: u32) -> Result<()> {
    // SAFETY: only sets a flag on descriptors; no memory is touched.
    check(unsafe {
        libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    })?;
    Ok(())
}

/// Makes the descriptor number `target` (0, 1 or 2) another name of `fd` (`dup2(2)`).
pub fn dup_onto(fd: impl AsFd, target: RawFd) -> Result<()> {
    assert!(
        (0..=2).contains(&target),
        "only the standard streams are replaced: no owned descriptor is closed"
    );
    // SAFETY: 0, 1 and 2 are owned by no `OwnedFd`, so none is closed behind its owner's back.
    check(unsafe { libc::dup2(fd.as_fd().as_raw_fd(), target) }.into())?;
    Ok(())
}

/// Another descriptor of what the number `fd` refers to, closed on exec: how to look at a descriptor that was
/// inherited and that no value owns.
///
/// # Errors
/// `EBADF` when there is no such descriptor.
pub fn duplicate(fd: RawFd) -> Result<OwnedFd> {
    // SAFETY: the number itself is neither closed nor taken; the copy is new and belongs to nobody else.
    let copy = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) }.into())?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(copy as RawFd) })
}
