//! Which network the program sees.
//!
//! **The problem.** Two servers want port 80, and a program that should talk to nobody can talk to everybody.
//!
//! **The mechanism.** A network namespace (`network_namespaces(7)`) has its own interfaces, addresses, routes,
//! ports and firewall. A new one holds the loopback interface alone, and that one is down.
//!
//! **The moments.** `prepare` asks the clone for the namespace; `enter` brings loopback up in it.
//!
//! **What it does not protect against.** `none` is complete: there is no way out, and none in. `host` is no
//! isolation at all: the program listens on the machine's own ports and reaches its abstract sockets.

#![forbid(unsafe_code)]

use nix::sched::CloneFlags;
use serde::{Deserialize, Serialize};
use shared::{CloneArgs, Doing, Inside, Part, Result, sys};

/// The kinds of network there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Only a loopback interface of its own
    #[default]
    None,
    /// The network of this machine
    Host,
}

// ANCHOR: part
/// The network of a container.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct Network {
    /// Connect the container to a network
    #[arg(long = "net", visible_alias = "network", value_name = "NETWORK", default_value = "none")]
    pub mode: Mode,
}

impl Part for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn prepare(&mut self, clone: &mut CloneArgs) -> Result<()> {
        if self.mode == Mode::None {
            clone.new |= CloneFlags::CLONE_NEWNET;
        }
        Ok(())
    }

    fn enter(&mut self, _: &mut Inside) -> Result<()> {
        match self.mode {
            Mode::None => sys::loopback_up().doing(|| "bring the loopback interface up".into()),
            Mode::Host => Ok(()),
        }
    }
}
// ANCHOR_END: part
