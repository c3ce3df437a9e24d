//! A host name, but not of its own.

use nix::unistd::sethostname;
use std::error::Error;
use std::ffi::OsStr;

/// Sets the host name.
pub fn give(name: &OsStr) -> Result<(), Box<dyn Error>> {
    sethostname(name)?;
    Ok(())
}
