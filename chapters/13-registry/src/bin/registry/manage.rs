//! Bringing images from a registry.

use images::{Reference, Store};
use registry::{Options, Out, Registry, RegistryArgs, Report};
use shared::{Result, table};
use std::ffi::OsStr;
use std::path::Path;

/// What to do instead of running.
#[derive(clap::Subcommand)]
pub enum Manage {
    /// Bring an image
    Pull {
        #[command(flatten)]
        registry: RegistryArgs,
        /// Print nothing but the image's full name
        #[arg(short, long)]
        quiet: bool,
        /// The image: REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST, with defaults for registry and tag
        reference: Reference,
    },
}

impl Manage {
    /// Does it.
    pub fn execute(self, store: &Store) -> Result<u8> {
        let Manage::Pull { registry, quiet, reference } = self;
        let report = Report::new(if quiet { Out::Nowhere } else { Out::Stdout });
        Registry::new(Options::from(registry)).pull(&reference, store, &report)?;
        table::line(&reference.to_string())?;
        Ok(0)
    }
}

/// Pulls what is neither a directory nor an image that is here.
pub fn bring_if_missing(store: &Store, rootfs: &OsStr, registry: RegistryArgs) -> Result<()> {
    let Some(name) = rootfs.to_str().filter(|_| !Path::new(rootfs).is_dir()) else { return Ok(()) };
    if store.find(name)?.is_some() {
        return Ok(());
    }
    Registry::new(Options::from(registry)).pull(&name.parse()?, store, &Report::new(Out::Stderr))?;
    Ok(())
}
