//! Another root directory, but the working directory stays outside.

use nix::unistd::chroot;
use std::error::Error;
use std::path::Path;

/// Makes `rootfs` the root directory of this process.
pub fn change(rootfs: &Path) -> Result<(), Box<dyn Error>> {
    chroot(rootfs)?;
    Ok(())
}
