//! Copying between streams without ever waiting for one of them alone.
//!
//! If we waited in a write to the container's input, a container that waits in a write to its output would
//! never read that input: both would wait for ever. So a pump reads or writes only what `poll(2)` said it can.

use super::HeldSignals;
use crate::{Doing, Fds, Result};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{read, write};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// How much a pump holds in bytes: a pipe's capacity, so one read can empty it.
const BUFFER: usize = 64 * 1024;
/// How much is written at once. When a pipe is ready at all, at least this much fits (`PIPE_BUF`).
const PIECE: usize = 4096;

/// Copies from one stream to another. Dropping it closes both of its ends.
pub(super) struct Pump {
    from: OwnedFd,
    to: OwnedFd,
    held: Vec<u8>,
    /// Whether the end of `from` has been seen, or `to` has no reader any more.
    done: bool,
    /// Whether it carries the container's output, which is copied to its end even after the container's.
    output: bool,
}

/// The pumps for the streams that a container handed up.
pub(super) fn of_streams(up: Fds) -> Result<Vec<Pump>> {
    let own = |fd: io::Result<OwnedFd>| fd.doing(|| "keep a handle on a standard stream".into());
    let mut pumps = Vec::new();
    for (name, fd) in up {
        match name.as_str() {
            "stdin" => {
                pumps.push(Pump::new(own(io::stdin().as_fd().try_clone_to_owned())?, never_wait(fd)?, false))
            }
            "stdout" => pumps.push(Pump::new(fd, own(io::stdout().as_fd().try_clone_to_owned())?, true)),
            "stderr" => pumps.push(Pump::new(fd, own(io::stderr().as_fd().try_clone_to_owned())?, true)),
            "terminal-in" => {
                pumps.push(Pump::new(own(io::stdin().as_fd().try_clone_to_owned())?, never_wait(fd)?, false))
            }
            "terminal" => pumps.push(Pump::new(fd, own(io::stdout().as_fd().try_clone_to_owned())?, true)),
            _ => {}
        }
    }
    Ok(pumps)
}

fn never_wait(fd: OwnedFd) -> Result<OwnedFd> {
    let doing = || "make a stream of the container non-blocking".to_string();
    let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL).doing(doing)?);
    fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).doing(doing)?;
    Ok(fd)
}

impl Pump {
    fn new(from: OwnedFd, to: OwnedFd, output: bool) -> Pump {
        Pump { from, to, held: Vec::new(), done: false, output }
    }

    /// What the pump waits for: room while it holds something, else something to read.
    pub(super) fn interest(&self) -> PollFd<'_> {
        match self.held.is_empty() {
            true => PollFd::new(self.from.as_fd(), PollFlags::POLLIN),
            false => PollFd::new(self.to.as_fd(), PollFlags::POLLOUT),
        }
    }

    /// Does the one thing it waited for.
    fn step(&mut self) {
        let result = if self.held.is_empty() { self.fill() } else { self.pour() };
        match result {
            Ok(()) | Err(nix::Error::EAGAIN | nix::Error::EINTR) => {}
            // EIO is how a terminal says that nobody has its other end open; EPIPE that a reader is gone.
            // Either way nothing more can pass, and closing our end tells the other side.
            Err(_) => self.done = true,
        }
    }

    fn fill(&mut self) -> nix::Result<()> {
        self.held.resize(BUFFER, 0);
        let result = read(&self.from, &mut self.held);
        self.held.truncate(*result.as_ref().unwrap_or(&0));
        self.done = result? == 0;
        Ok(())
    }

    fn pour(&mut self) -> nix::Result<()> {
        let piece = &self.held[..self.held.len().min(PIECE)];
        let written = write(&self.to, piece)?;
        self.held.drain(..written);
        Ok(())
    }
}

/// Lets every pump do what `events` says it can, and drops those that are done.
pub(super) fn step(pumps: &mut Vec<Pump>, events: &[bool]) {
    for (pump, ready) in pumps.iter_mut().zip(events) {
        if *ready {
            pump.step();
        }
    }
    pumps.retain(|pump| !pump.done);
}

/// Copies the output that is left when the container has ended. Its processes are gone, so what is in the
/// pipes is all there will be; a descendant that outlived it (without a PID namespace) is not waited for.
pub(super) fn drain(mut pumps: Vec<Pump>, signals: &HeldSignals) {
    pumps.retain(|pump| pump.output);
    let mut patient = true;
    while !pumps.is_empty() {
        let mut ready = vec![PollFd::new(signals.0.as_fd(), PollFlags::POLLIN)];
        ready.extend(pumps.iter().map(Pump::interest));
        // What is held may wait for a slow reader; what is to be read is there now or never. A reader that has
        // stopped must not keep us from ending when we are told to.
        let timeout = if patient && pumps.iter().any(|pump| !pump.held.is_empty()) {
            PollTimeout::NONE
        } else {
            PollTimeout::ZERO
        };
        match poll(&mut ready, timeout) {
            Err(nix::Error::EINTR) => continue,
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let events: Vec<bool> = ready.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        drop(ready);
        patient &= !(events[0] && signals.ask_to_end());
        step(&mut pumps, &events[1..]);
    }
}
