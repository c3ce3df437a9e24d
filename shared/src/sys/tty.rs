//! Terminals: what `termios` does not cover.

use super::check;
use nix::Result;
use nix::libc::winsize;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

nix::ioctl_read_bad!(tiocgwinsz, libc::TIOCGWINSZ, winsize);
nix::ioctl_write_ptr_bad!(tiocswinsz, libc::TIOCSWINSZ, winsize);
nix::ioctl_write_int_bad!(tiocsctty, libc::TIOCSCTTY);
nix::ioctl_write_ptr_bad!(tiocsti, libc::TIOCSTI, libc::c_char);
nix::ioctl_write_ptr_bad!(tiocsptlck, libc::TIOCSPTLCK, libc::c_int);

/// The size of a terminal in rows and columns.
pub fn window_size(terminal: impl AsFd) -> Result<winsize> {
    let mut size = winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel fills in the structure, which outlives the call.
    unsafe { tiocgwinsz(terminal.as_fd().as_raw_fd(), &mut size) }?;
    Ok(size)
}

/// Sets the size; the programs on the terminal are told by SIGWINCH.
pub fn set_window_size(terminal: impl AsFd, size: winsize) -> Result<()> {
    // SAFETY: the structure is initialised and outlives the call.
    unsafe { tiocswinsz(terminal.as_fd().as_raw_fd(), &size) }?;
    Ok(())
}

/// Makes `terminal` the controlling terminal of this session, which must not have one yet.
pub fn set_controlling_terminal(terminal: impl AsFd) -> Result<()> {
    // SAFETY: takes integers only.
    unsafe { tiocsctty(terminal.as_fd().as_raw_fd(), 0) }?;
    Ok(())
}

/// Unlocks the other end of a pty, which is born locked.
pub fn pty_unlock(master: impl AsFd) -> Result<()> {
    // SAFETY: the integer outlives the call.
    unsafe { tiocsptlck(master.as_fd().as_raw_fd(), &0) }?;
    Ok(())
}

/// Opens the other end of a pty without any path that could lead elsewhere (`TIOCGPTPEER`, Linux 4.13).
pub fn pty_peer(master: impl AsFd) -> Result<OwnedFd> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: takes integers only.
    let fd = check(unsafe { libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCGPTPEER, flags) }.into())?;
    // SAFETY: the kernel has made the descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

/// Puts a byte into the input of a terminal as if it had been typed there (`TIOCSTI`). This is the attack of
/// CVE-2017-5226, which a container must not be able to make on its caller's terminal.
pub fn push_input(terminal: impl AsFd, byte: u8) -> Result<()> {
    let byte = byte as libc::c_char;
    // SAFETY: the byte outlives the call.
    unsafe { tiocsti(terminal.as_fd().as_raw_fd(), &byte) }?;
    Ok(())
}
