//! The caller's own terminal while a container has one, too.

use crate::sys;
use nix::libc::winsize;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::AsFd;

/// The caller's terminal, raw: every key goes to the container's terminal, which then does the echo and makes
/// Ctrl-C a signal, there. Restored on drop.
pub(super) struct RawMode(Termios);

impl RawMode {
    /// `None` when standard input is no terminal.
    pub(super) fn enter() -> Option<RawMode> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &raw).ok()?;
        Some(RawMode(before))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.0);
    }
}

/// Gives the container's terminal the size of ours, if we have one.
pub(super) fn follow_size(terminal: impl AsFd) {
    if let Some(size) = own_size() {
        let _ = sys::set_window_size(terminal, size);
    }
}

/// The size of the caller's terminal, whichever of the three streams leads to it.
pub fn own_size() -> Option<winsize> {
    let (input, output, errors) = (io::stdin(), io::stdout(), io::stderr());
    [input.as_fd(), output.as_fd(), errors.as_fd()].into_iter().find_map(|it| sys::window_size(it).ok())
}
