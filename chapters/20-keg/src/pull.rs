//! `keg pull`, and the pull that `keg run` does by itself.

use crate::image;
use images::{Image, Reference, Store};
use registry::{Options, Out, Registry, RegistryArgs, Report};
use shared::home::{Home, HomeArgs};
use shared::{Error, Result, table};
use std::io::Write;

/// The flags.
#[derive(clap::Args)]
pub struct Pull {
    #[command(flatten)]
    registry: RegistryArgs,
    /// Print nothing but the image's full name
    #[arg(short, long)]
    quiet: bool,
    /// The image: REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST, with defaults for registry and tag
    #[arg(value_name = "IMAGE")]
    image: String,
}

impl Pull {
    /// Downloads the image and prints its full name.
    pub fn execute(self, home: &HomeArgs) -> Result<u8> {
        let reference: Reference = self.image.parse()?;
        let store = image::store(&Home::open(home)?)?;
        let given = self.image.rsplit('/').next().is_some_and(|name| name.contains([':', '@']));
        if !self.quiet && !given {
            table::line("Using default tag: latest")?;
        }
        let report = Report::new(if self.quiet { Out::Nowhere } else { Out::Stdout });
        Registry::new(Options::from(self.registry)).pull(&reference, &store, &report)?;
        table::line(&reference.to_string())?;
        Ok(0)
    }
}

/// An image that is not here, brought for a container that is to run. Standard output is the container's, so
/// everything is told on standard error.
pub fn missing(store: &Store, name: &str, registry: RegistryArgs) -> Result<Image> {
    let reference: Reference = name.parse()?;
    let _ = writeln!(std::io::stderr(), "Unable to find image '{}' locally", reference.familiar());
    Registry::new(Options::from(registry)).pull(&reference, store, &Report::new(Out::Stderr))?;
    store
        .find(name)?
        .ok_or_else(|| Error::new(format!("use the image {name}"), "it is gone again").next("try again"))
}
