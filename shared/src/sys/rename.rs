//! Names of files: what `nix` has for one C library only.

use super::check;
use nix::Result;
use std::ffi::CStr;

/// Exchanges two names in one step, in which neither is ever missing (`renameat2(2)`, `RENAME_EXCHANGE`).
pub fn exchange(a: &CStr, b: &CStr) -> Result<()> {
    let (here, flags) = (libc::AT_FDCWD, libc::RENAME_EXCHANGE);
    // SAFETY: both are valid C strings for the length of the call.
    check(unsafe { libc::syscall(libc::SYS_renameat2, here, a.as_ptr(), here, b.as_ptr(), flags) })?;
    Ok(())
}
