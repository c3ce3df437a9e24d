//! Processes of its own, and what it means to be process 1.
//!
//! **The problem.** A program in another root still sees and can kill every process of the machine; and when
//! it ends, what it started goes on.
//!
//! **The mechanism.** In a new PID namespace (`pid_namespaces(7)`) the first process has the number 1 and sees
//! only its descendants. Outside it has an ordinary number too: one process, two numbers. When process 1 ends,
//! the kernel kills everything else in the namespace.
//!
//! Process 1 has two peculiarities. Orphans become its children, and it must wait for them or they stay as
//! zombies. And a signal for which it has no handler does nothing to it, so `kill` inside, or `SIGTERM` from
//! outside, is ignored by a program that never expected to be process 1. [`Init`] is a process 1 that knows
//! both duties.
//!
//! **The moments.** [`Pids`]: `prepare` asks the clone for the namespace. [`Init`]: `enter`, as the last part
//! of all, makes the process that becomes the program and stays behind as process 1.
//!
//! **What it does not protect against.** `/proc` is still the host's, if the root filesystem brings it along:
//! what is shown there are the processes outside. And nothing limits how many processes are made.

#![forbid(unsafe_code)]

mod init;

pub use init::Init;

use nix::sched::CloneFlags;
use shared::{CloneArgs, Part, Result};

// ANCHOR: pids
/// A PID namespace: the program is process 1 of its own small world.
#[derive(Debug, Clone, Default)]
pub struct Pids;

impl Part for Pids {
    fn name(&self) -> &'static str {
        "pids"
    }

    fn prepare(&mut self, clone: &mut CloneArgs) -> Result<()> {
        clone.new |= CloneFlags::CLONE_NEWPID;
        Ok(())
    }
}
// ANCHOR_END: pids
