//! The system calls that `nix` does not wrap, and the only unsafe code of the project.
//!
//! Every function here is safe to call: what makes it safe stands beside each block. Nothing else in the
//! project knows the processor or writes `unsafe`.

mod fd;
mod mount;
mod net;
mod process;
mod rename;
mod tty;
mod wait;
mod xattr;

pub(crate) use fd::received;
pub use fd::{close_from, close_on_exec_from, dup_onto, duplicate};
pub use mount::{FsContext, mount_setattr, move_mount, open_tree};
pub use net::loopback_up;
pub use process::{
    Forked, clone3, die_with_parent, exec, exec_fd, exit_now, fork, pidfd_open, pidfd_signal, reset_signals,
};
pub use rename::exchange;
pub use tty::{pty_peer, pty_unlock, push_input, set_controlling_terminal, set_window_size, window_size};
pub use wait::{Ended, peek, reap, wait};
pub use xattr::{get_xattr, set_xattr};

use nix::Result;
use nix::errno::Errno;

/// Turns the kernel's −1 into the error number.
fn check(result: libc::c_long) -> Result<libc::c_long> {
    if result < 0 { Err(Errno::last()) } else { Ok(result) }
}
