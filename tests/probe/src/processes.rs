//! What is done with processes, signals and terminals.

use crate::{Done, print, see, told};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::unistd::getpid;
use shared::sys::{self, Forked};
use std::time::Duration;

/// How long an orphan lives: longer than its parent, so that it becomes one.
const ORPHAN_LIFE: Duration = Duration::from_millis(20);
/// How long to wait for the zombies to be reaped.
const REAPING: Duration = Duration::from_millis(500);

pub fn kill_self(signal: &str) -> Done {
    // By number, since the real-time signals have no other name.
    let number = signal.parse().or_else(|_| see::signal(signal).map(|signal| signal as i32))?;
    let own = told("pidfd", sys::pidfd_open(getpid()))?;
    told("signals", sys::reset_signals())?; // the Rust runtime catches SIGSEGV and SIGBUS
    told("kill", sys::pidfd_signal(own, number))
}

pub fn sleep(seconds: f64) -> Done {
    std::thread::sleep(told("seconds", Duration::try_from_secs_f64(seconds))?);
    Ok(())
}

/// Prints `ready` when the signals are held: from then on none is lost.
pub fn trap(signals: &[&str]) -> Done {
    let mut held = SigSet::empty();
    held.add(Signal::SIGTERM);
    for name in signals {
        held.add(see::signal(name)?);
    }
    told("block", held.thread_swap_mask(SigmaskHow::SIG_BLOCK))?;
    print("ready\n")?;
    loop {
        let signal = told("wait", held.wait())?;
        print(&format!("{signal}\n"))?;
        if signal == Signal::SIGTERM {
            return Ok(());
        }
    }
}

pub fn orphans(count: u32) -> Done {
    for _ in 0..count {
        // A child that makes a child and ends at once: the grandchild is nobody's then.
        let Forked::Parent(pid, _) = told("fork", sys::fork())? else {
            if let Ok(Forked::Child) = sys::fork() {
                std::thread::sleep(ORPHAN_LIFE);
            }
            sys::exit_now(0)
        };
        told("wait", nix::sys::wait::waitpid(pid, None))?;
    }
    std::thread::sleep(ORPHAN_LIFE + REAPING);
    print(&format!("orphans={count} zombies={}\n", zombies()?))
}

fn zombies() -> Result<usize, String> {
    let entries = told("/proc", std::fs::read_dir("/proc"))?.flatten();
    let is_zombie = |entry: &std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name of the program is in brackets and may hold brackets itself.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
    };
    Ok(entries.filter(is_zombie).count())
}

pub fn tiocsti(text: &str) -> Done {
    for byte in text.bytes() {
        told("TIOCSTI", sys::push_input(std::io::stdin(), byte))?;
    }
    Ok(())
}
