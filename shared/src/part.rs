//! A container is a list of parts, and a part has four moments.
//!
//! | moment | where | when |
//! |---|---|---|
//! | `prepare` | on the host | before the process exists |
//! | `attach` | on the host | the child exists and waits |
//! | `enter` | inside | before the program is executed |
//! | `release` | on the host | the child is gone |
//!
//! A part overrides the moments it needs and no other.

use crate::Result;
use nix::sched::CloneFlags;
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;

// ANCHOR: part
/// One capability of a container.
pub trait Part {
    /// The noun by which errors, the book and the order of parts know it.
    fn name(&self) -> &'static str;

    /// On the host, before the process exists: checks the input, makes what the host must hold, and says what
    /// the clone must do.
    fn prepare(&mut self, clone: &mut CloneArgs) -> Result<()> {
        let _ = clone;
        Ok(())
    }

    /// On the host, while the child waits: what needs the child's pid. Descriptors put into `down` are handed
    /// to the child.
    fn attach(&mut self, child: &Child, down: &mut Fds) -> Result<()> {
        let _ = (child, down);
        Ok(())
    }

    /// Inside the new process, before the program: what only the process itself can do to itself.
    fn enter(&mut self, inside: &mut Inside) -> Result<()> {
        let _ = inside;
        Ok(())
    }

    /// Whether it enters only after the parent has said Start, when everything else is made: what takes away
    /// the right to make things, or makes another process, comes last.
    fn last(&self) -> bool {
        false
    }

    /// On the host, when the child is gone: gives back what `prepare` and `attach` took.
    ///
    /// It may run twice, after a failure half-way, or in another process than the one that prepared: so it
    /// needs nothing but the part's own description, and what is gone already is no error.
    fn release(&self) -> Result<()> {
        Ok(())
    }
}
// ANCHOR_END: part

/// What the parts want of the one clone (`clone_args` of `clone3(2)`).
#[derive(Debug)]
pub struct CloneArgs {
    /// The namespaces to make, as `CLONE_NEW…`.
    pub new: CloneFlags,
}

impl Inside {
    /// Sets a variable of the program's environment unless the user has set it.
    pub fn env_default(&mut self, name: &str, value: impl AsRef<OsStr>) {
        if crate::program::variable(&self.env, name).is_none() {
            let mut entry = OsString::from(name);
            entry.push("=");
            entry.push(value);
            self.env.push(entry);
        }
    }
}

/// The process that becomes the container, seen from the host.
#[derive(Debug)]
pub struct Child {
    /// Its pid on the host.
    pub pid: Pid,
    /// A descriptor that means this process and never another one.
    pub pidfd: OwnedFd,
}

/// Named descriptors that travel with the handshake.
pub type Fds = Vec<(String, OwnedFd)>;

/// What a part finds when it enters.
#[derive(Debug, Default)]
pub struct Inside {
    /// The mount that is going to be the root, while it is being made and attached nowhere yet.
    pub root: Option<OwnedFd>,
    /// The environment of the program as `NAME=value`, to which parts may add.
    pub env: Vec<OsString>,
    /// What came down from the `attach` of the parts.
    pub down: Fds,
    /// What goes up to the host when the container is ready.
    pub up: Fds,
}
