//! What the launcher does while the container runs: copies its streams, forwards signals, waits for its end.

mod pump;
mod terminal;

use crate::sys::{self, Ended};
use crate::{Child, Doing, Fds, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use pump::Pump;
use std::os::fd::AsFd;
use terminal::RawMode;

pub use terminal::own_size;

/// What is passed on to the container: everything a person or a supervisor sends to end or to nudge a program.
const FORWARDED: [Signal; 7] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
];

/// Signals that wait in the kernel until they are read from a descriptor.
#[derive(Debug)]
pub struct HeldSignals(SignalFd);

impl HeldSignals {
    /// Holds the forwarded signals from now on.
    pub fn hold() -> Result<HeldSignals> {
        let doing = || "hold back signals".to_string();
        let set = FORWARDED.iter().copied().collect::<SigSet>();
        set.thread_swap_mask(SigmaskHow::SIG_BLOCK).doing(doing)?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        SignalFd::with_flags(&set, flags).doing(doing).map(HeldSignals)
    }

    /// Whether one has come that asks to end.
    fn ask_to_end(&self) -> bool {
        let mut ask = false;
        while let Ok(Some(signal)) = self.0.read_signal() {
            ask |= signal.ssi_signo as i32 != libc::SIGWINCH;
        }
        ask
    }
}

/// Serves `child` until it has ended and its streams are drained; returns the exit code as Docker gives it.
///
/// `up` holds `terminal`, or any of `stdin`, `stdout`, `stderr`: the host's ends of what the container uses.
/// With none of them the container has our own streams and there is nothing to copy.
pub(crate) fn serve(child: &Child, up: Fds, signals: &HeldSignals) -> Result<u8> {
    let own_session = !up.is_empty();
    let terminal = up.iter().find(|(name, _)| name == "terminal").map(|(_, fd)| fd.try_clone());
    let terminal = terminal.transpose().doing(|| "keep a handle on the container's terminal".into())?;
    // Only where the keys go to the container: else Ctrl-C must stay what it is.
    let interactive = up.iter().any(|(name, _)| name == "terminal-in");
    let _raw = interactive.then(RawMode::enter).flatten();
    let mut pumps = pump::of_streams(up)?;
    if let Some(terminal) = &terminal {
        terminal::follow_size(terminal);
    }
    let mut running = true;
    while running {
        let mut ready = vec![
            PollFd::new(child.pidfd.as_fd(), PollFlags::POLLIN),
            PollFd::new(signals.0.as_fd(), PollFlags::POLLIN),
        ];
        ready.extend(pumps.iter().map(Pump::interest));
        match poll(&mut ready, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            result => result.doing(|| "wait for the container".into())?,
        };
        let events: Vec<bool> = ready.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        drop(ready);
        if events[1] {
            forward(child, signals, terminal.as_ref(), own_session);
        }
        pump::step(&mut pumps, &events[2..]);
        running = !events[0];
    }
    pump::drain(pumps, signals);
    sys::wait(&child.pidfd).map(Ended::code).doing(|| format!("wait for process {}", child.pid))
}

fn forward(child: &Child, signals: &HeldSignals, terminal: Option<&impl AsFd>, own_session: bool) {
    while let Ok(Some(signal)) = signals.0.read_signal() {
        let number = signal.ssi_signo as i32;
        if number == libc::SIGWINCH {
            if let Some(terminal) = terminal {
                terminal::follow_size(terminal);
            }
        // What a terminal sends (SI_KERNEL: Ctrl-C) goes to its whole group. A container that shares our
        // session is in that group and has it already.
        } else if own_session || signal.ssi_code != libc::SI_KERNEL {
            let _ = sys::pidfd_signal(&child.pidfd, number); // it may have ended just now
        }
    }
}
