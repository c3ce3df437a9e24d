//! `keg images`, and the image that a command names.

use crate::pull;
use images::config::RunConfig;
use images::{Image, Store, list};
use jiff::Timestamp;
use lifecycle::ago;
use registry::RegistryArgs;
use shared::home::{Home, HomeArgs};
use shared::{Error, Result, cli, table};
use std::ffi::OsStr;
use std::path::PathBuf;

/// The flags.
#[derive(clap::Args)]
pub struct Images {
    /// Show identifiers only
    #[arg(short, long)]
    quiet: bool,
}

impl Images {
    /// Lists the images; one that cannot be read is reported and does not hide the others.
    pub fn execute(self, home: &HomeArgs) -> Result<u8> {
        let (images, broken) = store(&Home::open(home)?)?.list()?;
        if self.quiet {
            let ids: String = images.iter().map(|image| image.id.short().to_string() + "\n").collect();
            table::out(ids.as_bytes())?;
        } else {
            table::print(&list::HEAD, &list::rows(&images, created))?;
        }
        for error in &broken {
            cli::report("keg", error);
        }
        Ok(if broken.is_empty() { 0 } else { 1 })
    }
}

fn created(time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => format!("{} ago", ago(time, Timestamp::now())),
        Err(_) => "N/A".into(),
    }
}

/// The images of this home.
pub fn store(home: &Home) -> Result<Store> {
    Store::open(&home.data.join("images"))
}

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
    let store = store(home)?;
    let image = match store.find(name)? {
        Some(image) => image,
        None => pull::missing(&store, name, registry)?,
    };
    let Image { id, config, layers, .. } = image;
    Ok(Found { name: name.into(), id: id.to_string(), config: config.config, layers })
}
