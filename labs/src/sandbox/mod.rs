//! A room in which a program that nobody has checked runs as root.
//!
//! A wrong solution of the hostname exercise renames the machine, and a wrong one of the mounts exercise
//! leaves mounts behind. So what the student's program takes for the host is a host made for this one run:
//!
//! ```text
//! lab check ── sudo if need be ──▶ lab __sandbox              waits, and ends the room when time is up
//!                                    └─ process 1 of the room   looks, and says what it has seen
//!                                         └─ the student's program
//!                                              └─ the probe, in ROOTFS
//! ```
//!
//! The room has PID, mount, UTS, IPC and network namespaces of its own. All of the real host's mounts are
//! there, read-only; one scratch directory can be written and is gone with the room. When process 1 ends, the
//! kernel ends everything in it (`pid_namespaces(7)`), so nothing that the student's program starts survives.
//!
//! It protects from mistakes, not from malice: the program has every capability, and root that wants to leave
//! finds a way.

mod room;
mod seen;
mod watch;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::sys::{self, Forked};
use shared::{Doing, Error, Result};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How long the room may take in seconds beyond the time that the program has: a watched run has it twice,
/// and looking around takes some more.
const ROOM_EXTRA: u32 = 10;
/// The most bytes of facts that are read: two outputs of at most 1 MiB, escaped, are the largest part.
const LONGEST: u64 = 32 << 20;

/// One run of a student's program.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// The student's program.
    pub runtime: PathBuf,
    /// Its arguments.
    pub words: Vec<String>,
    /// The static probe, to be put into the root filesystem.
    pub probe: PathBuf,
    /// An existing directory, which becomes the scratch directory.
    pub scratch: PathBuf,
    /// Whether the program inside is looked at while it runs, and then killed.
    pub watched: bool,
    /// The time that the program has, in seconds.
    pub limit: u16,
}

/// Refuses early what would fail late, after minutes of building.
pub fn check_root() -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_sudo = std::env::split_paths(&path).any(|directory| directory.join("sudo").is_file());
    if nix::unistd::geteuid().is_root() || has_sudo {
        return Ok(());
    }
    Err(Error::refused("a check needs root, and there is no sudo").next("become root with su and try again"))
}

/// Runs the program in a room of its own and returns the facts.
pub fn facts(request: &Request) -> Result<Value> {
    let doing = || "run it in a room of its own".to_string();
    let lab = std::env::current_exe().doing(doing)?;
    let mut command = if nix::unistd::geteuid().is_root() {
        Command::new(lab)
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("--").arg(lab);
        sudo
    };
    let request = serde_json::to_string(request).doing(doing)?;
    command.arg("__sandbox").arg(request).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| {
        Error::new(doing(), format!("a check needs root, and sudo cannot be executed: {error}"))
            .next("become root with su and try again")
    })?;
    let mut text = String::new();
    if let Some(out) = child.stdout.take() {
        out.take(LONGEST).read_to_string(&mut text).doing(doing)?;
    }
    if !child.wait().doing(doing)?.success() {
        return Err(Error::new(doing(), "its first process has said why above")
            .next("a check needs root: if sudo asked for a password, give it; in a container, use a virtual machine"));
    }
    serde_json::from_str(&text).doing(doing)
}

/// `lab __sandbox`: makes the room, waits for its end.
pub fn main(request: &str) -> Result<u8> {
    let doing = || "make a room for the program".to_string();
    let request: Request = serde_json::from_str(request).doing(doing)?;
    sys::die_with_parent().doing(doing)?;
    let new = CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET;
    match sys::clone3(new).map_err(|errno| {
        Error::new(doing(), errno)
            .next("a check needs root: run it as root or with sudo, in a container not at all")
    })? {
        Forked::Child => be_process_1(&request),
        Forked::Parent(_, room) => {
            let mut ended = [PollFd::new(room.as_fd(), PollFlags::POLLIN)];
            if poll(&mut ended, time_out(&request)).doing(doing)? == 0 {
                sys::pidfd_signal(&room, libc::SIGKILL).doing(doing)?;
            }
            match waitid(Id::PIDFd(room.as_fd()), WaitPidFlag::WEXITED).doing(doing)? {
                WaitStatus::Exited(_, code) => Ok(code as u8),
                status => {
                    Err(Error::new("look at the program", format!("the room came to an end: {status:?}")))
                }
            }
        }
    }
}

fn time_out(request: &Request) -> PollTimeout {
    let seconds = u32::from(request.limit) * 2 + ROOM_EXTRA;
    PollTimeout::try_from(seconds * 1000).unwrap_or(PollTimeout::MAX)
}

fn be_process_1(request: &Request) -> ! {
    let done = sys::die_with_parent()
        .doing(|| "tie the room to its maker".into())
        .and_then(|()| room::furnish(request))
        .and_then(|room| watch::run(request, &room))
        .and_then(|facts| {
            let mut out = std::io::stdout();
            out.write_all(facts.to_string().as_bytes())
                .and_then(|()| out.flush())
                .doing(|| "say what was seen".into())
        });
    sys::exit_now(done.map_or_else(|error| shared::cli::report("lab", &error), |()| 0))
}
