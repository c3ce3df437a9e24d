//! A root filesystem that cannot be left.

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};
use std::io::Result;
use std::path::Path;

const NOTHING: Option<&str> = None;

/// Makes `rootfs` the root mount of this process, lets go of the host's, and mounts a /proc.
///
/// This process is process 1, in a mount namespace that is still a copy of the host's. See
/// mount_namespaces(7), there "Shared subtrees", and pivot_root(2), there the part on pivot_root(".", ".").
pub fn enter(rootfs: &Path) -> Result<()> {
    // First of all: what is mounted before this appears on the host.
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    // pivot_root wants a mount, and so far this is a directory.
    mount(Some(rootfs), rootfs, NOTHING, MsFlags::MS_BIND | MsFlags::MS_REC, NOTHING)?;
    chdir(rootfs)?;
    pivot_root(".", ".")?;
    // The old root now lies over the new one, and the working directory is in it.
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), NOTHING)?;
    Ok(())
}
