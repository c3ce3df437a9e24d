//! Another root directory.

use std::error::Error;
use std::path::Path;

/// Makes `rootfs` the root directory of this process: afterwards, every path that it uses is inside.
///
/// Absolute paths begin at the root directory, relative ones at the working directory. See chroot(2).
pub fn change(rootfs: &Path) -> Result<(), Box<dyn Error>> {
    // The hole: replace this line.
    Err(format!("not done yet: make {} the root directory", rootfs.display()).into())
}
