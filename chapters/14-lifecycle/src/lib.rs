//! Containers that are remembered.
//!
//! **The problem.** A container of the chapters before is gone, with all it wrote, when its command returns;
//! and nobody but that command knows of it.
//!
//! **The mechanism.** What a container is, is written down before it is made ([`Spec`]); that it runs is
//! written down when it does ([`State`]); how it ended, when it has. Each is a small JSON file, and the kernel
//! is asked again whenever it could know better: a process is only believed to be alive when its pid, its
//! start time and the boot are those that were written down.
//!
//! **The order.** [`order`] holds which part must come before which, and why. [`parts`] is the list.
//!
//! **What it does not protect against.** Whoever may write to the state directory may do anything: it belongs
//! to root, and is closed to everybody else.

#![forbid(unsafe_code)]

mod ago;
mod container;
mod containers;
mod names;
pub mod order;
mod spec;
mod state;

pub use ago::ago;
pub use container::Container;
pub use containers::{Containers, Listed};
pub use names::valid as valid_name;
pub use spec::{Spec, parts};
pub use state::{Ended, State, Status};
