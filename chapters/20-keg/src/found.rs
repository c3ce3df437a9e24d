//! The image that a container is made of.

use crate::{image, pull};
use images::Image;
use images::config::RunConfig;
use registry::RegistryArgs;
use shared::home::Home;
use shared::{Error, Result};
use std::ffi::OsStr;
use std::path::PathBuf;

/// What a container needs of an image.
pub struct Found {
    /// As it was asked for.
    pub name: String,
    /// Its identifier.
    pub id: String,
    /// How it wants to be run.
    pub config: RunConfig,
    /// Its directories, the lowest first.
    pub layers: Vec<PathBuf>,
}

/// The image with this name, pulled if it is not here.
pub fn find_or_pull(home: &Home, name: &OsStr, registry: RegistryArgs) -> Result<Found> {
    let name = name.to_str().ok_or_else(|| {
        Error::refused(format!("invalid reference format: {}", name.display())).next("write it as NAME[:TAG]")
    })?;
    let store = image::store(home)?;
    let image = match store.find(name)? {
        Some(image) => image,
        None => pull::missing(&store, name, registry)?,
    };
    let Image { id, config, layers, .. } = image;
    Ok(Found { name: name.into(), id: id.to_string(), config: config.config, layers })
}
