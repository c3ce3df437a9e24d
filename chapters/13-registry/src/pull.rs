//! `pull`: from a name to an image in the store.

use crate::blob::Blob;
use crate::client::{Answer, Client};
use crate::options::Options;
use crate::progress::{Event, Progress, Step};
use images::manifest::{Descriptor, Document, LONGEST_DOCUMENT, Manifest, Platform, media};
use images::{Config, Digest, Named, Reference, Store, Wanted};
use shared::{Doing, Error, Result};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Registries.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    options: Options,
}

/// What a pull brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The identifier of the image.
    pub id: Digest,
    /// The digest by which the registry knows the name.
    pub digest: Digest,
    /// Whether the name means another image than before.
    pub newer: bool,
}

/// A layer that is not in the store yet.
type Missing<'a> = (&'a Descriptor, &'a Digest);

impl Registry {
    /// Talks to registries as the options say.
    pub fn new(options: Options) -> Registry {
        Registry { options }
    }

    /// Brings an image into the store under its name. What was brought before a failure stays for the next
    /// try; the name is given last, when everything is there.
    pub fn pull(&self, reference: &Reference, store: &Store, progress: &dyn Progress) -> Result<Pulled> {
        let doing = || format!("pull {}", reference.familiar());
        let client = Client::new(reference, &self.options);
        self.pull_with(&client, reference, store, progress).doing(doing)
    }

    fn pull_with(
        &self,
        client: &Client,
        reference: &Reference,
        store: &Store,
        progress: &dyn Progress,
    ) -> Result<Pulled> {
        let (digest, bytes) = self.resolve(client, reference)?;
        progress.event(Event::Pulling(reference));
        let (manifest_digest, manifest) = match Document::parse(&bytes)? {
            Document::Manifest(manifest) => (store.put(&bytes)?, manifest),
            Document::Index(index) => {
                store.put(&bytes)?;
                self.chosen(client, store, index.choose(&Platform::here())?)?
            }
        };
        let config = self.config(client, store, &manifest)?;
        let missing = missing(store, &manifest, &config, progress)?;
        self.layers(client, store, &missing, progress)?;
        let named = Named { manifest: manifest_digest, pulled: Some(digest.clone()) };
        let newer = store.named(reference)?.as_ref() != Some(&named);
        store.name(Some(reference), named)?;
        progress.event(Event::Digest(&digest));
        progress.event(Event::Done { reference, newer });
        Ok(Pulled { id: manifest.config.digest, digest, newer })
    }

    /// What the registry has for the name, checked against the digest if the name has one.
    fn resolve(&self, client: &Client, reference: &Reference) -> Result<(Digest, Vec<u8>)> {
        let accept = [media::INDEX, media::MANIFEST, media::DOCKER_INDEX, media::DOCKER_MANIFEST].join(", ");
        let path = format!("manifests/{}", reference.wanted());
        let bytes = self.persist(|| client.document(&path, &accept, LONGEST_DOCUMENT))?;
        let digest = Digest::of(&bytes);
        match reference.digest().filter(|wanted| **wanted != digest) {
            Some(wanted) => Err(wrong("manifest", &digest, wanted)),
            None => Ok((digest, bytes)),
        }
    }

    /// The manifest that an index lists for this machine.
    fn chosen(&self, client: &Client, store: &Store, entry: &Descriptor) -> Result<(Digest, Manifest)> {
        let accept = [media::MANIFEST, media::DOCKER_MANIFEST].join(", ");
        let path = format!("manifests/{}", entry.digest);
        let bytes = self.checked(client, &path, &accept, entry, "manifest")?;
        match Document::parse(&bytes)? {
            Document::Manifest(manifest) => Ok((store.put(&bytes)?, manifest)),
            Document::Index(_) => Err(Error::refused("its index lists an index, not a manifest")),
        }
    }

    fn config(&self, client: &Client, store: &Store, manifest: &Manifest) -> Result<Config> {
        let entry = &manifest.config;
        let bytes = match store.get(&entry.digest, LONGEST_DOCUMENT) {
            Ok(bytes) => bytes,
            Err(_) => {
                let path = format!("blobs/{}", entry.digest);
                let bytes = self.checked(client, &path, "*/*", entry, "image configuration")?;
                store.put(&bytes)?;
                bytes
            }
        };
        let config = Config::parse(&bytes)?;
        let (layers, ids) = (manifest.layers.len(), config.rootfs.diff_ids.len());
        if layers != ids {
            let why = format!("its manifest lists {layers} layers and its configuration {ids}");
            return Err(Error::refused(why).next("push the image again"));
        }
        Ok(config)
    }

    fn checked(
        &self,
        client: &Client,
        path: &str,
        accept: &str,
        entry: &Descriptor,
        what: &str,
    ) -> Result<Vec<u8>> {
        if entry.size > LONGEST_DOCUMENT {
            return Err(Error::refused(format!("its {what} is longer than {LONGEST_DOCUMENT} bytes")));
        }
        let bytes = self.persist(|| client.document(path, accept, entry.size))?;
        let digest = Digest::of(&bytes);
        if digest != entry.digest { Err(wrong(what, &digest, &entry.digest)) } else { Ok(bytes) }
    }

    /// Tries again what fails for a reason that may pass. A registry that cannot be reached at all is
    /// reported at once: waiting would only hide a mistake in its name.
    fn persist<T>(&self, ask: impl Fn() -> Answer<T>) -> Result<T> {
        let mut pause = self.options.pause;
        for _ in 0..self.options.retries {
            match ask() {
                Err(failure) if failure.passing && !failure.unreachable => thread::sleep(pause),
                answer => return answer.map_err(|failure| failure.error),
            }
            pause *= 2;
        }
        ask().map_err(|failure| failure.error)
    }

    /// Fetches and unpacks the layers, a few at a time. The first failure stops the others.
    fn layers(
        &self,
        client: &Client,
        store: &Store,
        missing: &[Missing],
        progress: &dyn Progress,
    ) -> Result<()> {
        let (next, stop, failed) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(None));
        let work = || {
            while let Some((blob, diff_id)) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let source = Blob::new(client, blob, progress, &stop);
                let wanted = Wanted { blob: Some(blob), diff_id: Some(diff_id), filled: false };
                match store.add_layer(source, wanted) {
                    Ok(_) => progress.event(Event::Layer(blob.digest.short(), Step::Complete)),
                    Err(error) => {
                        let mut error = Error::new(format!("pull the layer {}", blob.digest.short()), error);
                        if error.hint().is_none() {
                            error =
                                error.next("try again; if it stays so, the image is damaged in the registry");
                        }
                        // Whoever comes second fails because of the first.
                        if !stop.swap(true, Ordering::Relaxed) {
                            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        }
                    }
                }
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        };
        let workers = self.options.parallel.clamp(1, missing.len().max(1));
        thread::scope(|scope| {
            // Joined one by one: the end of a scope waits for the work, a join for the thread itself.
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
            work();
            others.into_iter().for_each(|other| drop(other.join()));
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

fn wrong(what: &str, found: &Digest, wanted: &Digest) -> Error {
    Error::refused(format!("its {what} has the digest {found}, not {wanted}"))
        .next("the registry, or something on the way to it, gives other content than was asked for")
}

/// The layers that the store does not have, each once; says which it has.
fn missing<'a>(
    store: &Store,
    manifest: &'a Manifest,
    config: &'a Config,
    progress: &dyn Progress,
) -> Result<Vec<Missing<'a>>> {
    let mut seen = HashSet::new();
    let layers = manifest.layers.iter().zip(&config.rootfs.diff_ids);
    let layers: Vec<Missing> = layers.filter(|(_, diff_id)| seen.insert(*diff_id)).collect();
    let mut missing = Vec::new();
    for (blob, diff_id) in layers {
        let here = store.has_layer(diff_id);
        let step = if here { Step::Exists } else { Step::Waiting(blob.size) };
        progress.event(Event::Layer(blob.digest.short(), step));
        if !here {
            missing.push((blob, diff_id));
        }
    }
    Ok(missing)
}
