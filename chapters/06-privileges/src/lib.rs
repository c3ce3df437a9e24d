//! Which user the program is.
//!
//! **The problem.** Whoever launches a container is root, and the program need not be.
//!
//! **The mechanism.** A process has a user, a group and supplementary groups (`credentials(7)`). The kernel
//! knows them by numbers only; the names stand in the container's own `/etc/passwd` and `/etc/group`.
//!
//! **The moments.** `enter`, after everything else is made, since afterwards there is no right to make
//! anything.
//!
//! **What it does not protect against.** User 0 inside is user 0 outside, with every capability, unless the
//! program is another user.

#![forbid(unsafe_code)]

mod accounts;
mod user;

pub use user::User;

use accounts::Accounts;
use nix::sys::stat::{SFlag, fstat};
use nix::unistd::{Gid, Uid, fchown, getuid, setgroups, setresgid, setresuid};
use serde::{Deserialize, Serialize};
use shared::{Doing, Inside, Part, Result};
use std::io;
use std::os::fd::AsFd;

// ANCHOR: part
/// What the program may do.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct Privileges {
    /// Run as this user, by name or number, with an optional group
    #[arg(short, long, value_name = "NAME|UID[:GROUP|GID]")]
    pub user: Option<User>,
}

impl Part for Privileges {
    fn name(&self) -> &'static str {
        "privileges"
    }

    fn last(&self) -> bool {
        true
    }

    fn enter(&mut self, inside: &mut Inside) -> Result<()> {
        let accounts = Accounts::of_container();
        let user = self.user.clone().unwrap_or_default().resolve(&accounts)?;
        inside.env_default("HOME", &user.home);
        hand_over_streams(user.uid, user.gid)?;
        // The caller's own groups would come along otherwise. Groups before user: afterwards it is too late.
        setgroups(&user.groups).doing(|| "set the supplementary groups".into())?;
        setresgid(user.gid, user.gid, user.gid).doing(|| format!("become group {}", user.gid))?;
        setresuid(user.uid, user.uid, user.uid).doing(|| format!("become user {}", user.uid))
    }
}
// ANCHOR_END: part

/// Gives the pipes or the terminal to the user, who could not open `/dev/stdout` otherwise. Nothing else is
/// touched: standard input may be `/dev/null`, which is everybody's.
fn hand_over_streams(uid: Uid, gid: Gid) -> Result<()> {
    if uid == getuid() {
        return Ok(());
    }
    for stream in [io::stdin().as_fd(), io::stdout().as_fd(), io::stderr().as_fd()] {
        let found = fstat(stream).doing(|| "look at the standard streams".into())?;
        let kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT;
        let is_null = kind == SFlag::S_IFCHR && nix::sys::stat::major(found.st_rdev) == 1;
        let group = if kind == SFlag::S_IFCHR { None } else { Some(gid) }; // a terminal stays in group tty
        if !is_null && matches!(kind, SFlag::S_IFIFO | SFlag::S_IFCHR) {
            fchown(stream, Some(uid), group).doing(|| "give the standard streams to the user".into())?;
        }
    }
    Ok(())
}
