//! Another root directory.
//!
//! **The problem.** Two programs want two different `/etc`, two different `/usr/lib`: two distributions.
//!
//! **The mechanism.** Every process has a root directory, where its absolute paths begin. `chroot(2)` sets it
//! to any directory, and from then on `/etc/os-release` is another file. The kernel stays the same: a
//! distribution is a tree of files.
//!
//! **The moments.** `prepare` checks the directory; `enter` changes the root.
//!
//! **What it does not protect against.** Nearly everything. `chroot` moves one starting point and takes away
//! nothing: root inside may call `chroot` again and climb out, sees every process, every network interface
//! and the host's name, and may mount. It is no jail; the mounts chapter replaces it.

#![forbid(unsafe_code)]

use nix::unistd::{chdir, chroot};
use shared::{CloneArgs, Doing, Inside, Part, Result, path};
use std::path::PathBuf;

// ANCHOR: part
/// A directory that becomes `/`.
#[derive(Debug, clap::Args)]
pub struct Chroot {
    /// The directory that becomes / for the program
    #[arg(value_name = "ROOTFS")]
    pub rootfs: PathBuf,
}

impl Part for Chroot {
    fn name(&self) -> &'static str {
        "chroot"
    }

    fn prepare(&mut self, _: &mut CloneArgs) -> Result<()> {
        self.rootfs = path::root_directory(&self.rootfs)?;
        Ok(())
    }

    fn enter(&mut self, _: &mut Inside) -> Result<()> {
        chroot(&self.rootfs).doing(|| format!("make {} the root directory", self.rootfs.display()))?;
        // The working directory did not move: without this, "." would still be a directory of the host.
        chdir("/").doing(|| "enter the new root directory".into())
    }
}
// ANCHOR_END: part
