//! An image that never changes, and a layer that does.
//!
//! **The problem.** A hundred containers of one distribution should not need a hundred copies of it, and what
//! one of them writes must not be seen by the others.
//!
//! **The mechanism.** overlayfs (`Documentation/filesystems/overlayfs.rst`) shows several directories as one.
//! The lower ones are only read. What is written goes to the upper one: a file that is changed is copied there
//! first, and one that is removed is hidden there by a *whiteout*, a character device 0:0.
//!
//! **The moments.** `prepare` makes the upper directory; `enter` mounts, in the container's own mount
//! namespace, so that the host has no mount to leak; `release` removes what was only for this run.
//!
//! **What it does not protect against.** Nothing limits how much is written. And the lower directories must be
//! left alone while they are mounted: the kernel does not say what happens otherwise.

#![forbid(unsafe_code)]

mod overlay;

use serde::{Deserialize, Serialize};
use shared::{CloneArgs, Doing, Error, Inside, Part, Result, tree};
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

// ANCHOR: part
/// Directories that are shown as one.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct Layers {
    /// The directories that are only read, the lowest first.
    #[arg(skip)]
    pub lower: Vec<PathBuf>,
    /// Keep what the program changes in DIR/upper [default: it is thrown away]
    #[arg(long, value_name = "DIR")]
    pub changes: Option<PathBuf>,
    /// Whether the changes are only for this run: they need not reach the disk, and go when the container is
    /// released.
    #[arg(skip)]
    pub temporary: bool,
}

impl Part for Layers {
    fn name(&self) -> &'static str {
        "layers"
    }

    fn prepare(&mut self, _: &mut CloneArgs) -> Result<()> {
        if self.changes.is_none() {
            let directory = tempfile::Builder::new().prefix("layers-").tempdir();
            self.changes = Some(directory.doing(|| "make a directory for the changes".into())?.keep());
            self.temporary = true;
        }
        let changes = self.directory()?;
        make_dir(changes, 0o700)?;
        make_dir(&changes.join(UPPER), 0o755)?; // becomes the container's /, which everybody may enter
        make_dir(&changes.join(WORK), 0o700)
    }

    fn enter(&mut self, inside: &mut Inside) -> Result<()> {
        let changes = self.directory()?;
        inside.root = Some(overlay::mount(&self.lower, changes, self.temporary)?);
        Ok(())
    }

    fn release(&self) -> Result<()> {
        let Some(changes) = &self.changes else { return Ok(()) };
        remove(&changes.join(WORK))?; // made anew at the next start
        if self.temporary {
            remove(&changes.join(UPPER))?;
            let _ = std::fs::remove_dir(changes); // stays if it holds what is not ours
        }
        Ok(())
    }
}
// ANCHOR_END: part

/// Below `changes`: what the container wrote.
pub const UPPER: &str = "upper";
/// Below `changes`: where overlayfs prepares a change before it moves it to `upper` as a whole.
pub const WORK: &str = "work";

impl Layers {
    fn directory(&self) -> Result<&Path> {
        self.changes.as_deref().ok_or_else(|| Error::refused("no directory for the changes was prepared"))
    }
}

fn make_dir(path: &Path, mode: u32) -> Result<()> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::new(format!("make the directory {}", path.display()), error)
                .next("make its parent directory first, or free some space"))
        }
        _ => Ok(()),
    }
}

/// Removes a directory; one that is gone already is as good as removed.
fn remove(path: &Path) -> Result<()> {
    tree::remove(path).doing(|| format!("remove {}", path.display()))
}
