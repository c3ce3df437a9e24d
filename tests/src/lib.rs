//! The harness of the end-to-end tests.
//!
//! A test runs the real binaries on the real kernel and asks two witnesses what happened: the
//! [`probe`] inside the container, and the host. It begins with a [`Scratch`], and everything goes through it:
//!
//! ```no_run
//! use tests::{Scratch, rootfs};
//!
//! let scratch = Scratch::new();
//! let rootfs = rootfs::probe(&scratch);
//! let report = scratch.run("chroot").arg(&rootfs).arg("/probe").report();
//! assert_eq!(report.cwd.as_deref(), Some("/"));
//! ```
//!
//! - [`Scratch`] has a directory, a `KEG_ROOT`, and a canary that no attack may touch. When it goes out of
//!   scope, nothing that carries its name may be left on the host: see [`leaks`]. No test has to ask for that.
//!   [`Scratch::alone`] runs while no other test does, and compares the whole host before and after.
//! - [`Scratch::run`] runs a binary of this workspace, built fresh ([`binaries`]); [`Run::output`] gives
//!   [`Output`], [`Run::start`] a [`Started`] process to look at, [`Run::on_terminal`] a [`Terminal`].
//! - [`rootfs`] has root filesystems; [`Registry`] is a real registry on loopback, [`Oci`] makes images for it,
//!   and [`Proxy`] is a line to it that can be cut.
//! - [`host`] looks at a process from outside; [`wait`] waits for something, not for ever.
//! - [`skip!`] leaves a test and says why; where `CI` is set, only the skips listed in `tests/skips` are allowed.
//!
//! Tests are named after the rows of the list of attacks they stand for: `c1_02_no_descriptor_leaks_in`.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a harness that cannot do its work must end the test, and its panic is the test's failure"
)]

pub mod binaries;
pub mod host;
pub mod leaks;
pub mod oci;
mod output;
mod proxy;
pub mod registry;
pub mod rootfs;
mod run;
mod scratch;
pub mod skip;
mod started;
mod terminal;
pub mod wait;

pub use oci::Oci;
pub use output::Output;
pub use proxy::Proxy;
pub use registry::Registry;
pub use run::{Run, is_installed};
pub use scratch::{SECRET, Scratch};
pub use started::Started;
pub use terminal::Terminal;
