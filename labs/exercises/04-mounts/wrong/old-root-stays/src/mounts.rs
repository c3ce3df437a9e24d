//! A root filesystem with the host's still mounted in it.

use nix::mount::{MsFlags, mount};
use nix::unistd::{chdir, pivot_root};
use std::io::Result;
use std::path::Path;

const NOTHING: Option<&str> = None;

/// Makes `rootfs` the root mount of this process.
pub fn enter(rootfs: &Path) -> Result<()> {
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    mount(Some(rootfs), rootfs, NOTHING, MsFlags::MS_BIND | MsFlags::MS_REC, NOTHING)?;
    let old = rootfs.join("old");
    std::fs::create_dir_all(&old)?;
    pivot_root(rootfs, &old)?;
    chdir("/")?;
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), NOTHING)?;
    Ok(())
}
