//! A root filesystem that can be left.

use nix::mount::{MsFlags, mount};
use nix::unistd::{chdir, chroot};
use std::io::Result;
use std::path::Path;

const NOTHING: Option<&str> = None;

/// Makes `rootfs` the root directory of this process, in a mount namespace of its own.
pub fn enter(rootfs: &Path) -> Result<()> {
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    chroot(rootfs)?;
    chdir("/")?;
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), NOTHING)?;
    Ok(())
}
