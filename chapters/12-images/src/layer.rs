//! From a stream of bytes to a directory: one pass, three threads.
//!
//! ```text
//! source ─▶ sha256, blob file ─▶ inflate ─▶ sha256, unpack
//!           (the blob's digest)             (the diff_id)
//! ```

use crate::digest::{Digest, Hasher};
use crate::inflate::inflate;
use crate::manifest::{Descriptor, media};
use crate::pipe::{CUT, Reader, STOPPED, Writer, pipe};
use crate::unpack::{Unpacked, limits::Limits, unpack};
use crate::work::Work;
use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use shared::{Doing, Error, Result};
use std::fs::File;
use std::io::{self, Read, Write};
use std::thread::{self, ScopedJoinHandle};

/// What a layer must be, as far as it is known before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The compressed layer, as the manifest names it.
    pub blob: Option<&'a Descriptor>,
    /// The digest of the archive in it, as the configuration names it.
    pub diff_id: Option<&'a Digest>,
    /// Whether an archive without entries is refused.
    pub filled: bool,
}

/// A layer in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// The digest of the archive without compression: the layer's name.
    pub diff_id: Digest,
    /// The compressed layer, as it came.
    pub blob: Descriptor,
    /// Bytes of its files.
    pub size: u64,
    /// Entries in its archive.
    pub entries: u64,
}

/// Takes a layer in: the blob to `work`'s blob file, what is in it to `work`'s directory.
pub fn take_in(source: impl Read + Send, work: &Work, wanted: Wanted, limits: Limits) -> Result<Layer> {
    let (to_inflate, compressed) = pipe();
    let (to_unpack, archive) = pipe();
    let (fetched, inflated, unpacked) = thread::scope(|scope| {
        let fetching = scope.spawn(|| fetch(source, work, to_inflate, wanted));
        let inflating = scope.spawn(|| inflate(compressed, to_unpack, limits));
        let unpacked = untar(archive, work, limits);
        (join(fetching), join(inflating), unpacked)
    });
    let ((blob, size), compression, (unpacked, diff_id)) = first_cause(fetched, inflated, unpacked)?;
    if wanted.filled && unpacked.entries == 0 {
        return Err(Error::refused("there is nothing in it").next("give a tar archive of a root file system"));
    }
    check("compressed layer", wanted.blob.map(|blob| &blob.digest), &blob)?;
    check("layer", wanted.diff_id, &diff_id)?;
    let media_type = wanted
        .blob
        .map_or_else(|| format!("{}{}", media::LAYER, compression.suffix()), |blob| blob.media_type.clone());
    let blob = Descriptor { media_type, digest: blob, size, platform: None, annotations: Default::default() };
    Ok(Layer { diff_id, blob, size: unpacked.size, entries: unpacked.entries })
}

fn check(what: &str, wanted: Option<&Digest>, found: &Digest) -> Result<()> {
    match wanted.filter(|wanted| *wanted != found) {
        None => Ok(()),
        Some(wanted) => Err(Error::refused(format!("the {what} has the digest {found}, not {wanted}"))
            .next("pull it again; if it stays so, the image is damaged in the registry")),
    }
}

fn fetch(mut source: impl Read, work: &Work, to: Writer, wanted: Wanted) -> io::Result<(Digest, u64)> {
    let mut file = File::create_new(work.blob())?;
    let (mut hasher, mut size) = (Hasher::default(), 0);
    let most = wanted.blob.map_or(u64::MAX, |blob| blob.size);
    to.pump(&mut source, |block| {
        size += block.len() as u64;
        if size > most {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("it is longer than the {most} bytes announced"),
            ));
        }
        hasher.update(block);
        file.write_all(block)
    })?;
    if wanted.blob.is_some_and(|blob| blob.size != size) {
        let why = format!("it has {size} bytes; {most} were announced");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok((hasher.finish(), size))
}

fn untar(archive: Reader, work: &Work, limits: Limits) -> Result<(Unpacked, Digest)> {
    let mut archive = archive.hashed();
    let unpacked = unpack(&mut archive, &work.fs(), work.trash(), limits)?;
    Ok((unpacked, archive.digest()))
}

fn join<T>(thread: ScopedJoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a bug: one of its threads panicked")))
}

/// When one thread gives up, its neighbours lose their streams: the error that tells something is the one
/// that does not come from a neighbour.
fn first_cause<A, B, C>(
    fetched: io::Result<A>,
    inflated: io::Result<B>,
    unpacked: Result<C>,
) -> Result<(A, B, C)> {
    let own = |error: &io::Error| error.kind() != STOPPED && error.kind() != CUT;
    let fetched = match fetched {
        Err(error) if own(&error) => return Err(cause(error, "fetch it")),
        fetched => fetched,
    };
    let inflated = match inflated {
        Err(error) if own(&error) => return Err(cause(error, "inflate it")),
        inflated => inflated,
    };
    let unpacked = unpacked.map_err(no_space)?;
    let doing = || "unpack it".to_string();
    Ok((fetched.doing(doing)?, inflated.doing(doing)?, unpacked))
}

/// A source may put an error of ours into its `io::Error`, with what to do next.
fn cause(error: io::Error, doing: &str) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => no_space(Error::new(doing, error)),
    }
}

/// Says what to do when the disk is full.
pub fn no_space(error: Error) -> Error {
    match error.errno() {
        Some(Errno::ENOSPC | Errno::EDQUOT) => {
            error.next("free some space or inodes on that filesystem and try again; nothing was left behind")
        }
        _ => error,
    }
}
