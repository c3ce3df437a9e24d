//! A terminal with nobody at it: types the lines of a session, and keeps what appears.

use crate::directive::regex;
use crate::session::{Prompt, Session, Step};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use regex::Regex;
use shared::{Doing, Error, Result};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How long a line may take. The slowest one starts a few processes.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a shell in a container must be silent behind its prompt: only then is it its prompt, and not
/// output that ends the same way.
const SILENCE: Duration = Duration::from_millis(150);
/// The width of a listing in the book; `ps` and others cut their lines to it.
const SIZE: Winsize = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
/// The most that may appear before a session counts as run away.
const LONGEST: usize = 1 << 20;

/// The host's shell says by an escape sequence, which no output has, that it waits.
pub const HOST: &str = "\x1b]777;host\x07";
/// The same, when it waits for the rest of a command.
pub const MORE: &str = "\x1b]777;more\x07";

/// What drives a terminal and shows nothing: colours, cursor movement, titles.
static ESCAPE: LazyLock<Regex> =
    LazyLock::new(|| regex("\x1b\\[[0-9;?]*[A-Za-z]|\x1b\\][^\x07]*\x07|\r|\x07"));

/// A terminal and the shell in it.
struct Terminal {
    ours: File,
    shell: Child,
    seen: String,
    /// Where what appeared after the last line begins.
    mark: usize,
}

/// Types a session into the shell that `command` starts; gives what appeared.
///
/// # Errors
/// The shell cannot be started, ends, or does not come back to a prompt in time.
pub fn play(session: &Session, command: Command) -> Result<String> {
    let mut terminal = Terminal::open(command)?;
    terminal.wait_for(Prompt::Host, "the start")?;
    let mut transcript = String::new();
    for (number, step) in session.steps.iter().enumerate() {
        let next = session.steps.get(number + 1).map_or(Prompt::Host, |step| step.prompt);
        let appeared = terminal.type_line(step, next)?;
        if step.shown {
            transcript.push_str(prompt(step.prompt));
            transcript.push_str(&appeared);
        }
    }
    terminal.close()?;
    Ok(transcript)
}

fn prompt(kind: Prompt) -> &'static str {
    match kind {
        Prompt::Host => "# ",
        Prompt::More => "> ",
        Prompt::Inside => "/ # ",
    }
}

impl Terminal {
    fn open(mut command: Command) -> Result<Terminal> {
        let pair = openpty(&SIZE, None).doing(|| "make a terminal".into())?;
        let end = || pair.slave.try_clone().doing(|| "share a terminal".into());
        command.stdin(end()?).stdout(end()?).stderr(end()?);
        let shell = command.spawn().doing(|| format!("start {}", command.get_program().display()))?;
        Ok(Terminal { ours: File::from(pair.master), shell, seen: String::new(), mark: 0 })
    }

    /// Types a line, and gives what appears up to the next prompt: the line itself, and what it prints.
    fn type_line(&mut self, step: &Step, next: Prompt) -> Result<String> {
        self.mark = self.seen.len();
        let line = format!("{}\n", step.typed);
        self.ours.write_all(line.as_bytes()).doing(|| format!("type `{}`", step.typed))?;
        self.wait_for(next, &step.typed)?;
        let appeared = ESCAPE.replace_all(&self.seen[self.mark..], "").into_owned();
        let appeared = appeared.strip_suffix(prompt(next)).unwrap_or(&appeared);
        Ok(appeared.to_string())
    }

    fn wait_for(&mut self, next: Prompt, what: &str) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let waits = self.waits(next);
            let patience = if waits && next == Prompt::Inside { SILENCE } else { PATIENCE };
            if waits && next != Prompt::Inside {
                return Ok(());
            }
            let limit = patience.min(end.saturating_duration_since(Instant::now()));
            match self.read(limit)? {
                true if Instant::now() < end && self.seen.len() < LONGEST => {}
                false if waits => return Ok(()),
                _ => {
                    let shown = ESCAPE.replace_all(&self.seen[self.mark..], "").into_owned();
                    let why =
                        format!("there is no prompt of {next:?} after {PATIENCE:?}; it shows:\n{shown}");
                    return Err(Error::new(format!("see the end of `{what}`"), why));
                }
            }
        }
    }

    fn waits(&self, next: Prompt) -> bool {
        let new = &self.seen[self.mark..];
        match next {
            Prompt::Host => new.ends_with(&format!("{HOST}# ")),
            Prompt::More => new.ends_with(&format!("{MORE}> ")),
            Prompt::Inside => ESCAPE.replace_all(new, "").ends_with("/ # "),
        }
    }

    /// Reads what is there, waiting at most for `limit`; false when nothing came.
    fn read(&mut self, limit: Duration) -> Result<bool> {
        let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        let mut ready = [PollFd::new(self.ours.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ready, limit).doing(|| "wait for a terminal".into())? == 0 {
            return Ok(false);
        }
        let mut bytes = [0; 4096];
        match self.ours.read(&mut bytes) {
            Ok(length) if length > 0 => {
                self.seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
                Ok(true)
            }
            // EIO: nobody holds the other end any more.
            _ => {
                Err(Error::new("read a terminal", format!("the shell has ended; it showed:\n{}", self.seen)))
            }
        }
    }

    fn close(mut self) -> Result<ExitStatus> {
        self.ours.write_all(b"exit\n").doing(|| "leave the shell".into())?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.shell.try_wait().doing(|| "wait for the shell".into())? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(Error::refused("the shell does not end"))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Its namespace of pids dies with it, and everything the session has left running.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
