//! A process 1 that does its duties.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, getpgrp, setpgid, tcgetpgrp, tcsetpgrp};
use serde::{Deserialize, Serialize};
use shared::error::exit;
use shared::sys::{self, Forked};
use shared::{Doing, Inside, Part, Result};
use std::convert::Infallible;
use std::io;

// ANCHOR: init
/// Puts a small init in front of the program, which then is process 2.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct Init {
    /// Run an init as process 1 that forwards signals and reaps processes
    #[arg(long = "init")]
    pub wanted: bool,
}

impl Part for Init {
    fn name(&self) -> &'static str {
        "init"
    }

    /// The last of the last: whatever acted after the fork would act in the program only.
    fn last(&self) -> bool {
        true
    }

    fn enter(&mut self, _: &mut Inside) -> Result<()> {
        if !self.wanted {
            return Ok(());
        }
        // Blocked before the fork, so that no signal is lost between it and the first wait.
        let everything = SigSet::all();
        everything.thread_swap_mask(SigmaskHow::SIG_BLOCK).doing(|| "hold back signals".into())?;
        match sys::fork().doing(|| "fork the program from its init".into())? {
            Forked::Child => own_process_group(),
            Forked::Parent(program, _) => be_init(program, &everything),
        }
    }
}
// ANCHOR_END: init

/// Takes the program into a group of its own, in the foreground of the terminal if there is one: Ctrl-C then
/// reaches the program and not the init, which would forward it a second time.
fn own_process_group() -> Result<()> {
    let doing = || "give the program a process group".to_string();
    let had_terminal = tcgetpgrp(io::stdin()) == Ok(getpgrp());
    setpgid(Pid::from_raw(0), Pid::from_raw(0)).doing(doing)?;
    if had_terminal {
        tcsetpgrp(io::stdin(), getpgrp()).doing(doing)?; // SIGTTOU would stop us, but is blocked
    }
    Ok(())
}

// ANCHOR: duties
/// Becomes process 1 for good: it ends when the program does, with the program's exit code.
fn be_init(program: Pid, signals: &SigSet) -> ! {
    // Not even the handshake's socket stays open: the launcher waits for its end.
    let _ = sys::close_from(3);
    let Err(_) = serve(program, signals);
    sys::exit_now(exit::RUNTIME)
}

/// Forwards every signal to the program, and reaps every child.
fn serve(program: Pid, signals: &SigSet) -> nix::Result<Infallible> {
    let pending = SignalFd::with_flags(signals, SfdFlags::SFD_CLOEXEC)?;
    let handle = sys::pidfd_open(program)?;
    loop {
        let Some(signal) = pending.read_signal()? else { continue };
        if signal.ssi_signo as i32 != Signal::SIGCHLD as i32 {
            let _ = sys::pidfd_signal(&handle, signal.ssi_signo as i32); // it may just have ended
        } else if let Some(code) = reap(program) {
            sys::exit_now(code);
        }
    }
}

/// Waits for every child that has ended; the exit code if the program itself is among them. One SIGCHLD may
/// stand for many.
fn reap(program: Pid) -> Option<u8> {
    let mut code = None;
    loop {
        match sys::reap() {
            Ok(Some((pid, ended))) if pid == program => code = Some(ended.code()),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return code,
        }
    }
}
// ANCHOR_END: duties
