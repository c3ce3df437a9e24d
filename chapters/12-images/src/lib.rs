//! Images: files by their content, stored once.
//!
//! **The problem.** A container needs a root file system, the same on every machine, from somebody one need
//! not trust more than one must, and a hundred containers of it must not need a hundred copies.
//!
//! **The mechanism.** Content is named by its SHA-256 ([`Digest`]). A [`Manifest`](manifest::Manifest) lists
//! the digests of a configuration and of layers; the digest of the configuration is the image's identifier.
//! A name that people use ([`Reference`]) only points to a manifest. Each layer is unpacked once ([`unpack`]) into
//! a directory that overlayfs stacks for every image and container that has it ([`Store`]).
//! Source: OCI image specification 1.1.
//!
//! **The moments.** None: an image is there before the container is. Its layers are what the layers chapter
//! mounts.
//!
//! **What it does not protect against.** A digest says that the content is what somebody meant, not that it
//! is good. And whoever can write to the store can change what is in a layer's directory: it is root's alone.

#![forbid(unsafe_code)]

mod changes;
pub mod config;
mod digest;
mod image;
mod import;
mod inflate;
mod layer;
pub mod list;
pub mod manifest;
mod names;
mod pipe;
mod reference;
mod store;
mod trash;
pub mod unpack;
mod work;

pub use config::Config;
pub use digest::{Digest, Hasher};
pub use image::Image;
pub use import::Import;
pub use layer::{Layer, Wanted};
pub use names::Named;
pub use reference::Reference;
pub use store::Store;
pub use trash::Trash;
