//! A mount namespace without ties to the host's.

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use shared::{CloneArgs, Doing, Inside, Part, Result};

// ANCHOR: private
/// A copy of the host's mounts in which nothing that happens reaches the host, nor the other way round.
#[derive(Debug, Clone, Default)]
pub struct Private;

impl Part for Private {
    fn name(&self) -> &'static str {
        "private"
    }

    fn prepare(&mut self, clone: &mut CloneArgs) -> Result<()> {
        clone.new |= CloneFlags::CLONE_NEWNS;
        Ok(())
    }

    fn enter(&mut self, _: &mut Inside) -> Result<()> {
        // A copied mount stays in the peer group of the original (`mount_namespaces(7)`, "Shared subtrees"):
        // systemd makes / shared, and what we mount would appear on the host. So this comes before any mount.
        let nothing: Option<&str> = None;
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
            .doing(|| "make the copied mounts private".into())
    }
}
// ANCHOR_END: private
