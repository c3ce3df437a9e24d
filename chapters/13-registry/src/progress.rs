//! What happens during a pull, for whoever shows it.

use images::{Digest, Reference};

/// Shows how a pull goes on. It is called from several threads.
pub trait Progress: Sync {
    /// Something happened.
    fn event(&self, event: Event);
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The registry has the image.
    Pulling(&'a Reference),
    /// A layer took a step; it is known by the first digits of its digest.
    Layer(&'a str, Step<'a>),
    /// Everything is here; the digest by which the registry knows the name.
    Digest(&'a Digest),
    /// The name means the new image now, or meant it before.
    Done {
        /// The name.
        reference: &'a Reference,
        /// Whether it is new.
        newer: bool,
    },
}

/// A step in the life of a layer.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// It is in the store already.
    Exists,
    /// It is going to be fetched: so many bytes.
    Waiting(u64),
    /// So many bytes of it are here.
    Loaded(u64),
    /// The connection broke, for this reason, and is made again.
    Again(&'a str),
    /// It is unpacked and in the store.
    Complete,
}
