//! Another working directory, taken for another root.

use nix::unistd::chdir;
use std::error::Error;
use std::path::Path;

/// Goes into `rootfs`.
pub fn change(rootfs: &Path) -> Result<(), Box<dyn Error>> {
    chdir(rootfs)?;
    Ok(())
}
