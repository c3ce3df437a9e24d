//! Where the program reads and writes: a terminal of its own, or pipes. Never the caller's terminal.
//!
//! Who holds a terminal can push characters into its input (`TIOCSTI`), and the caller's shell would execute
//! them after the container has ended. So the container gets a pty of its own `/dev/pts`, or pipes, and the
//! launcher copies between the two worlds.

use crate::devices;
use nix::fcntl::OFlag;
use nix::libc::winsize;
use nix::unistd::{pipe2, setsid};
use serde::{Deserialize, Serialize};
use shared::path::Root;
use shared::{CloneArgs, Doing, Error, Fds, Inside, Part, Result, relay, sys};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, RawFd};
use std::path::Path;

// ANCHOR: part
/// The standard streams of the program.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct Console {
    /// Keep standard input connected to the program
    #[arg(short, long)]
    pub interactive: bool,
    /// Give the program a terminal
    #[arg(short, long)]
    pub tty: bool,
    #[arg(skip)]
    #[serde(skip)]
    size: Option<winsize>,
}

impl Part for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn prepare(&mut self, _: &mut CloneArgs) -> Result<()> {
        if self.tty && self.interactive && !io::stdin().is_terminal() {
            return Err(Error::refused("the input device is not a TTY")
                .next("leave out -t when standard input is a pipe or a file")
                .exit(1));
        }
        // Known before the program starts, so that its first look at the terminal is right.
        self.size = relay::own_size();
        Ok(())
    }

    fn enter(&mut self, inside: &mut Inside) -> Result<()> {
        // A session of its own: no controlling terminal, and no signal from the caller's.
        setsid().doing(|| "begin a session".into())?;
        if self.tty { self.terminal(inside) } else { self.pipes(&mut inside.up) }
    }
}
// ANCHOR_END: part

impl Console {
    // ANCHOR: terminal
    /// Makes a pty in the container's own devpts. The program gets one end as its streams, its controlling
    /// terminal and `/dev/console`; the other end goes up to the launcher.
    fn terminal(&self, inside: &mut Inside) -> Result<()> {
        let doing = || "make a terminal".to_string();
        let dev = dev().doing(doing)?;
        let master = dev.open_at(Path::new("pts/ptmx"), OFlag::O_RDWR | OFlag::O_NOCTTY, 0).doing(doing)?;
        sys::pty_unlock(&master).doing(doing)?;
        let terminal = sys::pty_peer(&master).doing(doing)?;
        if let Some(size) = self.size {
            sys::set_window_size(&terminal, size).doing(doing)?;
        }
        sys::set_controlling_terminal(&terminal).doing(doing)?;
        let console = sys::open_tree(&terminal, c"", false).doing(doing)?;
        let place = dev.make_file(Path::new("console"), 0o620).doing(doing)?;
        sys::move_mount(&console, &place).doing(doing)?;
        for number in 0..=2 {
            sys::dup_onto(&terminal, number).doing(doing)?;
        }
        inside.env_default("TERM", "xterm");
        if self.interactive {
            inside.up.push(("terminal-in".into(), master.try_clone().doing(doing)?));
        }
        inside.up.push(("terminal".into(), master));
        Ok(())
    }
    // ANCHOR_END: terminal

    /// A pipe for each stream; without `-i`, an input that is at its end already.
    fn pipes(&self, up: &mut Fds) -> Result<()> {
        let doing = || "make the pipes of the standard streams".to_string();
        if self.interactive {
            let (ours, theirs) = pipe2(OFlag::O_CLOEXEC).doing(doing)?;
            connect(&ours, 0)?;
            up.push(("stdin".into(), theirs));
        } else {
            let null = dev().and_then(|dev| dev.open_at(Path::new("null"), OFlag::O_RDONLY, 0));
            let null = null.doing(doing)?;
            devices::check(&null, c"null").doing(doing)?;
            connect(&null, 0)?;
        }
        for (number, name) in [(1, "stdout"), (2, "stderr")] {
            let (theirs, ours) = pipe2(OFlag::O_CLOEXEC).doing(doing)?;
            connect(&ours, number)?;
            up.push((name.into(), theirs));
        }
        Ok(())
    }
}

/// The container's own `/dev`. Whoever shares the root filesystem with it may put a link in its place meanwhile,
/// and what is opened there becomes a stream of the program.
fn dev() -> nix::Result<Root> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
    Root::open(Path::new("/"))?.open_at(Path::new("dev"), flags, 0).map(Root::from_fd)
}

fn connect(fd: impl AsFd, stream: RawFd) -> Result<()> {
    sys::dup_onto(fd, stream).doing(|| format!("connect standard stream {stream}"))
}
