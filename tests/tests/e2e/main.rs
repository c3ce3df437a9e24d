//! The end-to-end tests: one program, because every link of another one takes its time.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

mod chroot;
mod command_line;
mod filesystems;
mod harness;
mod kernels;
mod launch;
mod masks;
mod mounts;
mod namespaces;
mod root;
mod signals;
mod streams;
mod terminal;
