//! Mounts of its own, and a root that cannot be left.
//!
//! **The problem.** A chroot moves one starting point and leaves everything else mounted below and above it:
//! the way out is there, one `chroot` away. And what `/proc`, `/sys` and `/dev` show is the host.
//!
//! **The mechanism.** In a new mount namespace (`mount_namespaces(7)`) the tree of mounts is a copy. There,
//! `pivot_root(2)` exchanges the root *mount* itself, and the old one is unmounted: nothing of the host is
//! left to climb to. Into the new root come fresh filesystems that show the container's own namespaces, and
//! over what would still show or change the host comes a mask.
//!
//! **The moments.** [`Private`]: `prepare` asks for the namespace, `enter` cuts its ties. [`Rootfs`]: `enter`
//! builds the new root, every mount from a descriptor onto a descriptor (see [`shared::path`]), and pivots.
//! [`Console`]: `enter` gives the program a terminal or pipes of its own, so that it never holds the caller's
//! terminal.
//!
//! **What it does not protect against.** Root inside may still mount, load what the kernel lets root load, and
//! set the clock: it holds every capability, and it is the host's root. It can make device nodes, and can read
//! them on a filesystem that it mounts itself. Memory, processor and the network are shared.

#![forbid(unsafe_code)]

mod console;
mod devices;
mod files;
mod masks;
mod mount;
mod private;
mod rootfs;

pub use console::Console;
pub use masks::{MASKED, READ_ONLY};
pub use mount::Mount;
pub use private::Private;
pub use rootfs::Rootfs;
