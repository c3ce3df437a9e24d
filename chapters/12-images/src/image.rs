//! An image that is here, and how it is found.

use crate::config::Config;
use crate::manifest::{Document, LONGEST_DOCUMENT, Manifest};
use crate::names::Named;
use crate::store::Store;
use crate::{Digest, Reference};
use shared::{Doing, Error, Result};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// An image with everything that running it needs.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its identifier: the digest of its configuration.
    pub id: Digest,
    /// A name by which it is known here, if it has one.
    pub reference: Option<Reference>,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The digest by which it was pulled, which is that of the index if there was one.
    pub pulled: Option<Digest>,
    /// Its configuration.
    pub config: Config,
    /// The directories that overlayfs stacks, the lowest first.
    pub layers: Vec<PathBuf>,
    /// Bytes of the files in all layers.
    pub size: u64,
}

impl Store {
    /// The image that a person means: by its name, by name and digest, or by the first digits of its
    /// identifier.
    ///
    /// # Errors
    /// Several images begin with these digits; or what there is of the image is damaged. No such image is
    /// not an error but `None`: it may be pulled.
    pub fn find(&self, text: &str) -> Result<Option<Image>> {
        let names = self.names()?;
        if let Ok(reference) = text.parse::<Reference>()
            && let Some(named) = names.find(&reference)
        {
            return self.load(Some(reference), named).map(Some);
        }
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(None);
        }
        let mut found = BTreeMap::new();
        for (reference, named) in names.iter() {
            // A damaged image must not hide the others.
            if let Ok(id) = self.id(named)
                && id.hex().starts_with(digits)
            {
                found.entry(id).or_insert((reference, named));
            }
        }
        if found.len() > 1 {
            let ids: Vec<&str> = found.keys().map(Digest::short).collect();
            return Err(Error::refused(format!("{text:?} is the beginning of {} images", found.len()))
                .next(format!("give more digits: {}", ids.join(", "))));
        }
        found.into_values().next().map(|(reference, named)| self.load(reference, named)).transpose()
    }

    /// The directories that overlayfs stacks for what is called `rootfs`: that directory if there is one, else
    /// the layers of the image of that name.
    pub fn lower(&self, rootfs: &OsStr) -> Result<Vec<PathBuf>> {
        let directory = Path::new(rootfs);
        if directory.is_dir() {
            return shared::path::root_directory(directory).map(|directory| vec![directory]);
        }
        let found = rootfs.to_str().map_or(Ok(None), |name| self.find(name))?;
        let layers = found.map(|image| image.layers).unwrap_or_default();
        if layers.is_empty() {
            let why = format!("there is no directory and no image {}", rootfs.display());
            return Err(Error::refused(why).next("`images ls` shows the images; `images import` makes one"));
        }
        Ok(layers)
    }

    /// Every image under every name, and what could not be read.
    pub fn list(&self) -> Result<(Vec<Image>, Vec<Error>)> {
        let (mut images, mut errors) = (Vec::new(), Vec::new());
        for (reference, named) in self.names()?.iter() {
            match self.load(reference, named) {
                Ok(image) => images.push(image),
                Err(error) => errors.push(error),
            }
        }
        Ok((images, errors))
    }

    fn id(&self, named: &Named) -> Result<Digest> {
        Ok(self.manifest(&named.manifest)?.config.digest)
    }

    /// A manifest that is here.
    pub fn manifest(&self, digest: &Digest) -> Result<Manifest> {
        match Document::parse(&self.get(digest, LONGEST_DOCUMENT)?)? {
            Document::Manifest(manifest) => Ok(manifest),
            Document::Index(_) => {
                Err(Error::refused(format!("{} is an index, not a manifest", digest.short())))
            }
        }
    }

    fn load(&self, reference: Option<Reference>, named: &Named) -> Result<Image> {
        let name = reference.as_ref().map_or(named.manifest.short().to_string(), Reference::familiar);
        let doing = || format!("use the image {name}");
        let manifest = self.manifest(&named.manifest).doing(doing)?;
        let id = manifest.config.digest;
        let config = self.get(&id, LONGEST_DOCUMENT).and_then(|bytes| Config::parse(&bytes)).doing(doing)?;
        let mut size = 0;
        for diff_id in &config.rootfs.diff_ids {
            size += self.layer(diff_id).doing(doing)?.size;
        }
        let layers = config.rootfs.diff_ids.iter().map(|diff_id| self.layer_dir(diff_id)).collect();
        let (manifest, pulled) = (named.manifest.clone(), named.pulled.clone());
        Ok(Image { id, reference, manifest, pulled, config, layers, size })
    }
}
