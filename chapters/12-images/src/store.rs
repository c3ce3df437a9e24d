//! Where images are kept.
//!
//! ```text
//! blobs/sha256/HEX   what came from a registry, by its digest: manifests, configurations, layers
//! layers/HEX/        a layer as overlayfs stacks it, by its diff_id: unpacked once for all images
//! layers/HEX.json    its size, and which blob it came from
//! names.json         full reference → manifest
//! tmp/               what is being made (see `work`)
//! lock               held while names.json is read and written
//! ```
//!
//! Nothing has its name before all of it is on the disk: first the content, then `syncfs(2)`, then the
//! rename, and the name of an image last of all.

use crate::Reference;
use crate::digest::Digest;
use crate::layer::{Layer, Wanted, no_space, take_in};
use crate::names::{Named, Names};
use crate::unpack::limits::Limits;
use crate::work::{Work, sweep};
use nix::errno::Errno;
use shared::home::{self, Durable};
use shared::{Doing, Error, Result};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    limits: Limits,
}

impl Store {
    /// Uses a directory, which is made if it is missing, and sweeps what a crash left in it.
    pub fn open(directory: &Path) -> Result<Store> {
        Store::with_limits(directory, Limits::default())
    }

    /// The same, with other limits on layers.
    pub fn with_limits(directory: &Path, limits: Limits) -> Result<Store> {
        home::private_dir(directory)?;
        let store = Store { root: directory.to_path_buf(), limits };
        for below in ["blobs/sha256", "layers", "tmp"] {
            let path = store.root.join(below);
            std::fs::create_dir_all(&path)
                .doing(|| format!("make the directory {}", path.display()))
                .map_err(no_space)?;
        }
        sweep(&store.tmp(), &store.lock())?;
        Ok(store)
    }

    /// Whether a layer is here already.
    pub fn has_layer(&self, diff_id: &Digest) -> bool {
        self.layer_dir(diff_id).is_dir()
    }

    /// The directory of a layer, to be stacked by overlayfs and never written to.
    pub fn layer_dir(&self, diff_id: &Digest) -> PathBuf {
        self.root.join("layers").join(diff_id.hex())
    }

    /// What is known of a layer that is here.
    pub fn layer(&self, diff_id: &Digest) -> Result<Layer> {
        let known = home::read_json(&self.layer_record(diff_id))?.filter(|_| self.has_layer(diff_id));
        known.ok_or_else(|| {
            Error::refused(format!("the layer {} is not in the store", diff_id.short()))
                .next("pull the image again")
        })
    }

    /// Takes a layer in from a stream, checking all that is known of it. One that came a second time, or
    /// from two processes at once, is kept once.
    pub fn add_layer(&self, source: impl Read + Send, wanted: Wanted) -> Result<Layer> {
        let work = self.work()?;
        let layer = take_in(source, &work, wanted, self.limits)?;
        let record = work.file("layer.json");
        home::write_json(&record, &layer, Durable::No)?;
        let keep = || format!("keep the layer {}", layer.diff_id.short());
        sync_all(&work.fs()).doing(keep).map_err(no_space)?;
        let moved = std::fs::rename(work.blob(), self.blob_path(&layer.blob.digest))
            .and_then(|()| std::fs::rename(&record, self.layer_record(&layer.diff_id)));
        moved.doing(keep)?;
        let to = self.layer_dir(&layer.diff_id);
        match std::fs::rename(work.fs(), to).doing(keep) {
            // Another process was faster: the same digest is the same content.
            Err(error) if matches!(error.errno(), Some(Errno::ENOTEMPTY | Errno::EEXIST)) => {}
            renamed => renamed?,
        }
        self.sync_dirs().doing(keep)?;
        Ok(layer)
    }

    /// Keeps a document under its digest.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        let path = self.blob_path(&digest);
        if path.exists() {
            return Ok(digest);
        }
        let keep = || format!("keep the document {}", digest.short());
        let work = self.work()?;
        let made = std::fs::write(work.blob(), bytes).and_then(|()| File::open(work.blob())?.sync_all());
        made.and_then(|()| std::fs::rename(work.blob(), &path)).doing(keep).map_err(no_space)?;
        self.sync_dirs().doing(keep)?;
        Ok(digest)
    }

    /// A document of at most `longest` bytes; one that has changed on the disk is an error.
    pub fn get(&self, digest: &Digest, longest: u64) -> Result<Vec<u8>> {
        let doing = || format!("read the document {}", digest.short());
        let mut bytes = Vec::new();
        let file = File::open(self.blob_path(digest)).doing(doing)?;
        file.take(longest).read_to_end(&mut bytes).doing(doing)?;
        if Digest::of(&bytes) != *digest {
            return Err(
                Error::new(doing(), "it is damaged: its digest is another one").next("pull the image again")
            );
        }
        Ok(bytes)
    }

    /// Whether a blob is here.
    pub fn has_blob(&self, digest: &Digest) -> bool {
        self.blob_path(digest).exists()
    }

    /// Names an image of which everything is in the store.
    pub fn name(&self, reference: Option<&Reference>, named: Named) -> Result<()> {
        let _held = home::lock(&self.lock())?;
        let mut names = Names::read(&self.names_path())?;
        names.set(reference, named);
        names.write(&self.names_path())
    }

    /// What a name means.
    pub fn named(&self, reference: &Reference) -> Result<Option<Named>> {
        Ok(self.names()?.find(reference).cloned())
    }

    pub(crate) fn names(&self) -> Result<Names> {
        Names::read(&self.names_path())
    }

    fn work(&self) -> Result<Work> {
        Work::new(&self.tmp(), &self.lock()).map_err(no_space)
    }

    fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    fn names_path(&self) -> PathBuf {
        self.root.join("names.json")
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    fn layer_record(&self, diff_id: &Digest) -> PathBuf {
        self.root.join("layers").join(format!("{}.json", diff_id.hex()))
    }

    /// The names that were given reach the disk.
    fn sync_dirs(&self) -> io::Result<()> {
        ["blobs/sha256", "layers"].iter().try_for_each(|below| File::open(self.root.join(below))?.sync_all())
    }
}

/// Twenty thousand files at once: one call for the whole file system is faster than one for each.
fn sync_all(inside: &Path) -> io::Result<()> {
    nix::unistd::syncfs(File::open(inside)?).map_err(io::Error::from)
}
