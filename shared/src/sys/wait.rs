//! How processes end. `nix` knows no real-time signals, and takes a process that one of them has killed for an
//! error, after it has been reaped.

use super::check;
use crate::error::exit;
use nix::Result;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd};

/// How a process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exited(u8),
    /// By the signal of this number.
    Killed(u8),
}

impl Ended {
    /// As the exit code of whoever waited: 128 + n after signal n.
    pub fn code(self) -> u8 {
        match self {
            Ended::Exited(code) => code,
            Ended::Killed(signal) => exit::SIGNAL + signal,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Ended::Exited(code) => write!(f, "it exited with code {code}"),
            Ended::Killed(number) => match nix::sys::signal::Signal::try_from(i32::from(*number)) {
                Ok(signal) => write!(f, "it was killed by {signal}"),
                Err(_) => write!(f, "it was killed by signal {number}"),
            },
        }
    }
}

/// Waits until the process that `pidfd` means, a child of ours, has ended, and lets go of it.
pub fn wait(pidfd: impl AsFd) -> Result<Ended> {
    wait_for(libc::P_PIDFD, pidfd.as_fd().as_raw_fd() as libc::id_t, 0).map(|(_, ended)| ended)
}

/// The same, but leaves it to be waited for once more.
pub fn peek(pidfd: impl AsFd) -> Result<Ended> {
    wait_for(libc::P_PIDFD, pidfd.as_fd().as_raw_fd() as libc::id_t, libc::WNOWAIT).map(|(_, ended)| ended)
}

/// Lets go of one child that has ended, if there is one.
///
/// # Errors
/// `ECHILD` when there is no child at all.
pub fn reap() -> Result<Option<(Pid, Ended)>> {
    let (pid, ended) = wait_for(libc::P_ALL, 0, libc::WNOHANG)?;
    Ok((pid.as_raw() != 0).then_some((pid, ended)))
}

/// `waitid(2)`; pid 0 when there was nothing to wait for yet.
fn wait_for(kind: libc::idtype_t, id: libc::id_t, flags: libc::c_int) -> Result<(Pid, Ended)> {
    loop {
        // SAFETY: the all-zero structure is a valid one, and is what the kernel leaves for "none yet".
        let mut found: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the structure outlives the call.
        match check(unsafe { libc::waitid(kind, id, &mut found, libc::WEXITED | flags) }.into()) {
            Err(Errno::EINTR) => continue,
            result => result?,
        };
        // SAFETY: waitid has filled in these two fields, or they are zero.
        let (pid, status) = unsafe { (found.si_pid(), found.si_status()) };
        let ended = if found.si_code == libc::CLD_EXITED {
            Ended::Exited(status as u8)
        } else {
            Ended::Killed(status as u8)
        };
        return Ok((Pid::from_raw(pid), ended));
    }
}
