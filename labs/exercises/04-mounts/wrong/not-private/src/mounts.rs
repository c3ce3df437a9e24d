//! A root filesystem whose mounts the host sees.

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};
use std::io::Result;
use std::path::Path;

const NOTHING: Option<&str> = None;

/// Makes `rootfs` the root mount of this process.
pub fn enter(rootfs: &Path) -> Result<()> {
    mount(Some(rootfs), rootfs, NOTHING, MsFlags::MS_BIND | MsFlags::MS_REC, NOTHING)?;
    chdir(rootfs)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), NOTHING)?;
    Ok(())
}
