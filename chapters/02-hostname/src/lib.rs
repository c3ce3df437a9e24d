//! A host name of its own.
//!
//! **The problem.** A program that calls `sethostname(2)` renames the whole machine, and its shared memory and
//! message queues can be found by every other program.
//!
//! **The mechanism.** A *namespace* gives a group of processes its own copy of something that was global. The
//! UTS namespace holds the host name (`uts_namespaces(7)`), the IPC namespace the System V objects and the
//! POSIX message queues (`ipc_namespaces(7)`). `clone3(2)` makes a child in new ones.
//!
//! **The moments.** `prepare` asks the clone for both namespaces; `enter` sets the name, in the new one.
//!
//! **What it does not protect against.** The name is only a name. Root inside may set it again, and everything
//! that the chapters before left open is still open.

#![forbid(unsafe_code)]

use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use serde::{Deserialize, Serialize};
use shared::{CloneArgs, Doing, Error, Inside, Part, Result, id};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The longest host name in bytes: the kernel's `__NEW_UTS_LEN`, see `sethostname(2)`.
pub const LONGEST: usize = 64;

// ANCHOR: part
/// The name by which the container calls itself.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct Hostname {
    /// Host name inside [default: the first 12 digits of a random identifier]
    #[arg(id = "hostname", short = 'h', long, value_name = "NAME")]
    #[serde(with = "shared::text::option")]
    pub name: Option<OsString>,
}

impl Part for Hostname {
    fn name(&self) -> &'static str {
        "hostname"
    }

    fn prepare(&mut self, clone: &mut CloneArgs) -> Result<()> {
        match &self.name {
            Some(name) => check(name)?,
            None => self.name = Some(id::short(&id::random()?).into()),
        }
        clone.new |= CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC;
        Ok(())
    }

    fn enter(&mut self, inside: &mut Inside) -> Result<()> {
        let Some(name) = &self.name else { return Ok(()) };
        inside.env_default("HOSTNAME", name);
        sethostname(name).doing(|| format!("set the host name to {}", name.display()))
    }
}
// ANCHOR_END: part

/// Refuses what other programs could not use as a name, or would take for something else: the name ends up in
/// `/etc/hosts`, where a line break begins a new entry.
fn check(name: &OsStr) -> Result<()> {
    let bytes = name.as_bytes();
    let wrong = if bytes.is_empty() {
        "it is empty"
    } else if bytes.len() > LONGEST {
        "it is longer than 64 bytes"
    } else if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte)) {
        "only letters, digits, '-', '.' and '_' are allowed"
    } else if b"-.".contains(&bytes[0]) {
        "it must not begin with '-' or '.'"
    } else {
        return Ok(());
    };
    Err(Error::refused(format!("invalid hostname {:?}: {wrong}", name.display().to_string()))
        .next("choose a name such as web-1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_limit_is_ours() {
        for (name, good) in [
            ("a", true),
            ("web-1.example_x", true),
            ("", false),
            ("-rf", false),
            ("a\nb", false),
            ("ü", false),
        ] {
            assert_eq!(check(OsStr::new(name)).is_ok(), good, "{name:?}");
        }
        assert!(check(OsStr::new(&"a".repeat(64))).is_ok());
        assert!(check(OsStr::new(&"a".repeat(65))).is_err());
    }
}
