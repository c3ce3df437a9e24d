//! Extended attributes (`xattr(7)`): how overlayfs marks a directory, and where file capabilities live.

use super::check;
use nix::Result;
use std::ffi::CStr;

/// The longest value the kernel allows (`XATTR_SIZE_MAX`), in bytes.
const LONGEST: usize = 64 * 1024;

/// Sets an attribute of what is at `path`; the last component is never followed as a symbolic link.
pub fn set_xattr(path: &CStr, name: &CStr, value: &[u8]) -> Result<()> {
    let (bytes, length) = (value.as_ptr().cast(), value.len());
    // SAFETY: both names are valid C strings and `value` is valid for its length, for the time of the call.
    let result = unsafe { libc::lsetxattr(path.as_ptr(), name.as_ptr(), bytes, length, 0) };
    check(result.into())?;
    Ok(())
}

/// The value of an attribute of what is at `path`, which is not followed either.
pub fn get_xattr(path: &CStr, name: &CStr) -> Result<Vec<u8>> {
    let mut value = vec![0; LONGEST];
    let bytes = value.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most the length that it is told, into memory that outlives the call.
    let length = unsafe { libc::lgetxattr(path.as_ptr(), name.as_ptr(), bytes, LONGEST) };
    value.truncate(check(length as libc::c_long)? as usize);
    Ok(value)
}
