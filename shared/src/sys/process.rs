//! Making, replacing and ending processes.

use super::check;
use nix::Result;
use nix::errno::Errno;
use nix::sched::CloneFlags;
use nix::unistd::Pid;
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Which of the two processes returned.
pub enum Forked {
    /// The one that called; the child's pid, and a descriptor that means this process and never another.
    Parent(Pid, OwnedFd),
    /// The new one.
    Child,
}

/// Makes a child in the new namespaces that `flags` name (`clone3(2)`, Linux 5.3).
///
/// Unlike the C library's `clone`, it returns twice, as `fork` does, and gives a pidfd.
///
/// # Errors
/// The kernel's; `EDEADLK` when the process has other threads: a child of a threaded process may only call
/// what is safe in a signal handler, and ours allocates.
pub fn clone3(flags: CloneFlags) -> Result<Forked> {
    alone()?;
    let mut pidfd: RawFd = -1;
    // SAFETY: the all-zero structure is a valid one.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags.bits() as u64 | libc::CLONE_PIDFD as u64;
    arguments.pidfd = (&raw mut pidfd) as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: without CLONE_VM the child runs on a copy of this memory, as after fork, and there is no other
    // thread that could hold a lock in it; `pidfd` outlives the call.
    match check(unsafe { libc::syscall(libc::SYS_clone3, &arguments, size_of::<libc::clone_args>()) })? {
        0 => Ok(Forked::Child),
        // SAFETY: the kernel has made the pidfd for us.
        pid => Ok(Forked::Parent(Pid::from_raw(pid as i32), unsafe { OwnedFd::from_raw_fd(pidfd) })),
    }
}

/// How often, a millisecond apart, it is looked again whether other threads are gone.
const LOOKS: u32 = 100;

/// Waits until this is the only thread: one that has been joined may still be on its way out of the kernel.
fn alone() -> Result<()> {
    for _ in 0..LOOKS {
        match std::fs::read_dir("/proc/self/task").map(Iterator::count) {
            Ok(2..) => std::thread::sleep(std::time::Duration::from_millis(1)),
            _ => return Ok(()), // without /proc nobody can tell
        }
    }
    Err(Errno::EDEADLK)
}

/// A plain child in the same namespaces.
pub fn fork() -> Result<Forked> {
    clone3(CloneFlags::empty())
}

/// A descriptor for a process that is known by its pid (`pidfd_open(2)`).
pub fn pidfd_open(pid: Pid) -> Result<OwnedFd> {
    // SAFETY: takes integers only; the kernel has made the descriptor for us.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Sends a signal to exactly the process that `pidfd` means, even if its pid was given to another meanwhile.
pub fn pidfd_signal(pidfd: impl AsFd, signal: i32) -> Result<()> {
    let pidfd = pidfd.as_fd().as_raw_fd();
    // SAFETY: the null pointer asks the kernel to fill in the usual signal information.
    check(unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, std::ptr::null::<libc::siginfo_t>(), 0)
    })?;
    Ok(())
}

/// Asks the kernel to kill this process when its parent ends (`PR_SET_PDEATHSIG`). A change of user takes
/// this back, so it comes after that.
pub fn die_with_parent() -> Result<()> {
    // SAFETY: takes integers only.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) }.into())?;
    Ok(())
}

/// The kernel's `_NSIG`: how many signals there are.
const SIGNALS: i32 = 64;

/// Every signal at its default and none blocked, as a new program expects. An ignored signal stays ignored
/// over exec, and Rust programs ignore SIGPIPE.
pub fn reset_signals() -> Result<()> {
    // Not through the C library: it refuses 32 and 33, which it keeps for itself, and a caller may have left
    // them ignored. Zero is the default disposition, no flags and an empty mask (`rt_sigaction(2)`).
    let default = [0_u64; 4];
    for number in 1..=SIGNALS {
        // SAFETY: the structure is as long as the kernel's longest, and the default disposition runs no code
        // of ours. KILL and STOP refuse; they are at their default always.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, number, &default, std::ptr::null::<u64>(), size_of::<u64>())
        };
    }
    nix::sys::signal::SigSet::empty().thread_set_mask()
}

/// Replaces the program of this process (`execve(2)`); returns only when that fails.
pub fn exec(path: &CStr, argv: &[CString], env: &[CString]) -> Result<Infallible> {
    nix::unistd::execve(path, argv, env)
}

/// Replaces the program by the one that `fd` refers to (`execveat(2)`); returns only when that fails.
pub fn exec_fd(fd: impl AsFd, argv: &[CString], env: &[CString]) -> Result<Infallible> {
    nix::unistd::fexecve(fd, argv, env)
}

/// Ends this process at once: no destructor, no exit handler, no flushing of buffers shared with the parent.
pub fn exit_now(code: u8) -> ! {
    // SAFETY: `_exit` is always safe; it returns nothing and touches no memory.
    unsafe { libc::_exit(code.into()) }
}
