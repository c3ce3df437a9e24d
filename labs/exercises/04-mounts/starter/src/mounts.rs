//! A root filesystem that cannot be left.

use std::io::{Error, Result};
use std::path::Path;

/// Makes `rootfs` the root mount of this process, lets go of the host's, and mounts a /proc.
///
/// This process is process 1, in a mount namespace that is still a copy of the host's. See
/// mount_namespaces(7), there "Shared subtrees", and pivot_root(2), there the part on pivot_root(".", ".").
pub fn enter(rootfs: &Path) -> Result<()> {
    // The hole: replace this line.
    Err(Error::other(format!("not done yet: make {} the root mount", rootfs.display())))
}
