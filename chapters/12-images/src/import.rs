//! `import`: an archive of a root file system becomes an image of one layer.

use crate::config::{Config, History, RootFs, RunConfig};
use crate::layer::Wanted;
use crate::manifest::{Descriptor, Manifest, Platform, media};
use crate::names::Named;
use crate::store::Store;
use crate::{Digest, Reference};
use jiff::Timestamp;
use serde::Serialize;
use shared::{Doing, Error, Result};
use std::io::Read;

/// What the new image is to be.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct Import {
    /// The name of the image
    #[arg(value_name = "REPOSITORY[:TAG]")]
    pub reference: Option<String>,
    /// Apply a Dockerfile instruction to the image, such as 'CMD ["sh"]'
    #[arg(short, long = "change", value_name = "CHANGE")]
    pub changes: Vec<String>,
    /// Set a message for the image's history
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    pub message: String,
}

impl Store {
    /// Reads an archive, compressed or not, and makes it an image. Returns its identifier.
    pub fn import(&self, source: impl Read + Send, import: &Import) -> Result<Digest> {
        // What the user can have wrong is looked at before gigabytes are read.
        let reference = import.reference.as_deref().map(str::parse::<Reference>).transpose()?;
        if reference.as_ref().is_some_and(|reference| reference.digest().is_some()) {
            return Err(
                Error::refused("an image that is imported has no digest yet").next("give NAME[:TAG] only")
            );
        }
        let mut run = RunConfig::default();
        import.changes.iter().try_for_each(|change| run.change(change))?;
        let created = now()?;
        let doing = || match &reference {
            Some(reference) => format!("import the archive as {}", reference.familiar()),
            None => "import the archive".to_string(),
        };
        let layer = self.add_layer(source, Wanted { filled: true, ..Wanted::default() });
        let layer = layer.doing(doing).map_err(|error| match error.hint() {
            Some(_) => error,
            None => error.next("give a whole tar archive, not compressed or with gzip or zstd"),
        })?;
        let config = config(created, run, layer.diff_id, &import.message);
        let config = self.put_as(media::CONFIG, &config).doing(doing)?;
        let id = config.digest.clone();
        let manifest = Manifest {
            schema_version: 2,
            media_type: media::MANIFEST.into(),
            config,
            layers: vec![layer.blob],
        };
        let manifest = self.put_as(media::MANIFEST, &manifest).doing(doing)?.digest;
        self.name(reference.as_ref(), Named { manifest, pulled: None }).doing(doing)?;
        Ok(id)
    }

    fn put_as(&self, media_type: &str, document: &impl Serialize) -> Result<Descriptor> {
        let bytes = serde_json::to_vec(document).doing(|| "write a document".into())?;
        let (media_type, size) = (media_type.to_string(), bytes.len() as u64);
        let digest = self.put(&bytes)?;
        Ok(Descriptor { media_type, digest, size, platform: None, annotations: Default::default() })
    }
}

/// The configuration of an image of one layer.
fn config(created: String, run: RunConfig, layer: Digest, message: &str) -> Config {
    let comment = if message.is_empty() { "Imported from an archive" } else { message };
    let history =
        History { created: Some(created.clone()), comment: Some(comment.into()), ..Default::default() };
    let Platform { architecture, os, variant } = Platform::here();
    Config {
        created: Some(created),
        author: None,
        architecture,
        os,
        variant,
        config: run,
        rootfs: RootFs { kind: "layers".into(), diff_ids: vec![layer] },
        history: vec![history],
    }
}

/// The time, or what `SOURCE_DATE_EPOCH` says it is, so that the same archive can give the same image.
fn now() -> Result<String> {
    let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(Timestamp::now().to_string()) };
    let second = epoch.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    let time = second.ok_or_else(|| {
        Error::refused(format!("SOURCE_DATE_EPOCH={epoch:?} is not a time in seconds")).next("unset it")
    })?;
    Ok(time.to_string())
}
