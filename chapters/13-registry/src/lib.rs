//! Registries: images from elsewhere.
//!
//! **The problem.** An image is hundreds of megabytes on another machine, behind a network that breaks, a
//! server that may lie, and sometimes a password.
//!
//! **The mechanism.** The OCI distribution protocol: `GET /v2/NAME/manifests/TAG` gives a document that lists
//! digests, `GET /v2/NAME/blobs/DIGEST` gives the bytes of each. Who has the digest of the document can check
//! everything else, so only the way from a name to a digest needs trust: that is what TLS is for here.
//! Layers are fetched, checked and unpacked while they stream, several at a time, and a connection that
//! breaks is taken up where it broke (`Range`). Source: OCI distribution specification 1.1.
//!
//! **The moments.** None: this happens before a container is.
//!
//! **What it does not protect against.** A registry that gives another image for a tag than yesterday: name
//! the digest, if it matters.

#![forbid(unsafe_code)]

mod auth;
mod blob;
mod client;
mod credentials;
mod options;
mod progress;
mod pull;
mod report;
mod url;

pub use options::{Options, RegistryArgs};
pub use progress::{Event, Progress, Step};
pub use pull::{Pulled, Registry};
pub use report::{Out, Report};
