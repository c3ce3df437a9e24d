//! Mounts as file descriptors: `fsopen(2)`, `open_tree(2)`, `move_mount(2)`, `mount_setattr(2)`.
//!
//! A path can be exchanged for a symbolic link between a look at it and its use; a descriptor can not. So
//! everything that is mounted inside a container is mounted from a descriptor onto a descriptor.

use super::check;
use nix::Result;
use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

const EMPTY: &CStr = c"";

fn owned(result: libc::c_long) -> Result<OwnedFd> {
    let fd = check(result)?;
    // SAFETY: the kernel has just made this descriptor for us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

/// A filesystem that is being configured and not mounted anywhere yet.
pub struct FsContext(OwnedFd);

impl FsContext {
    /// Begins a filesystem of the kind `name` (`fsopen(2)`, Linux 5.2).
    pub fn open(name: &CStr) -> Result<FsContext> {
        // SAFETY: `name` is a valid C string for the length of the call.
        owned(unsafe {
            libc::syscall(libc::SYS_fsopen, name.as_ptr(), 1 /* FSOPEN_CLOEXEC */)
        })
        .map(FsContext)
    }

    /// Sets `key` to `value`, both as they would stand in `mount -o` (at most 255 bytes).
    pub fn set(self, key: &CStr, value: &CStr) -> Result<FsContext> {
        self.config(1 /* FSCONFIG_SET_STRING */, key.as_ptr(), value.as_ptr())?;
        Ok(self)
    }

    /// Sets an option that has no value, such as `newinstance`.
    pub fn flag(self, key: &CStr) -> Result<FsContext> {
        self.config(0 /* FSCONFIG_SET_FLAG */, key.as_ptr(), std::ptr::null())?;
        Ok(self)
    }

    /// Makes the filesystem and a mount of it that is attached nowhere. `attributes` are `MOUNT_ATTR_…`.
    pub fn mount(self, attributes: u64) -> Result<OwnedFd> {
        self.config(6 /* FSCONFIG_CMD_CREATE */, std::ptr::null(), std::ptr::null())?;
        // SAFETY: takes integers only.
        owned(unsafe {
            libc::syscall(
                libc::SYS_fsmount,
                self.0.as_raw_fd(),
                1, /* FSMOUNT_CLOEXEC */
                attributes as libc::c_uint,
            )
        })
    }

    fn config(
        &self,
        command: libc::c_uint,
        key: *const libc::c_char,
        value: *const libc::c_char,
    ) -> Result<()> {
        // SAFETY: key and value come from a `&CStr` of the caller or are null, as the command wants them.
        check(unsafe { libc::syscall(libc::SYS_fsconfig, self.0.as_raw_fd(), command, key, value, 0) })?;
        Ok(())
    }
}

/// A copy of the mount at `path` below `dir`, attached nowhere; `path` may be empty for `dir` itself.
/// With `recursive`, the mounts below it come along. The last component is never followed as a symbolic link.
pub fn open_tree(dir: impl AsFd, path: &CStr, recursive: bool) -> Result<OwnedFd> {
    let mut flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
    flags |= (libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW) as libc::c_uint;
    if recursive {
        flags |= libc::AT_RECURSIVE as libc::c_uint;
    }
    // SAFETY: `path` is a valid C string for the length of the call.
    owned(unsafe { libc::syscall(libc::SYS_open_tree, dir.as_fd().as_raw_fd(), path.as_ptr(), flags) })
}

/// Attaches the mount `from` at the file or directory that `onto` refers to.
pub fn move_mount(from: impl AsFd, onto: impl AsFd) -> Result<()> {
    let (from, onto) = (from.as_fd().as_raw_fd(), onto.as_fd().as_raw_fd());
    let flags = 0x4 | 0x40; // MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
    // SAFETY: both paths are the empty string, which lives for ever.
    check(unsafe { libc::syscall(libc::SYS_move_mount, from, EMPTY.as_ptr(), onto, EMPTY.as_ptr(), flags) })?;
    Ok(())
}

/// Adds attributes (`MOUNT_ATTR_…`) to a mount; with `recursive`, to every mount below it too
/// (`mount_setattr(2)`, Linux 5.12).
pub fn mount_setattr(mount: BorrowedFd, recursive: bool, set: u64) -> Result<()> {
    let attributes = libc::mount_attr { attr_set: set, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the structure is initialised, and its true size is passed with it.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            EMPTY.as_ptr(),
            flags,
            &attributes,
            size_of::<libc::mount_attr>(),
        )
    })?;
    Ok(())
}
