//! A program on a terminal, and somebody who types.

use crate::host::Process;
use crate::{Scratch, wait};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::{Pid, read, write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

/// A process whose three standard streams are a terminal, seen from the other end of it.
#[derive(Debug)]
pub struct Terminal<'a> {
    scratch: &'a Scratch,
    child: Child,
    master: OwnedFd,
    /// Kept open, so that the modes can be looked at after the program has ended.
    slave: OwnedFd,
    screen: Vec<u8>,
    described: String,
}

impl<'a> Terminal<'a> {
    #[track_caller]
    pub(crate) fn start(
        scratch: &'a Scratch,
        mut command: Command,
        described: String,
        rows: u16,
        columns: u16,
    ) -> Terminal<'a> {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
        fcntl(&master, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK)).unwrap();
        fcntl(&master, FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        fcntl(&slave, FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot run {described}: {error}"));
        Terminal { scratch, child, master, slave, screen: vec![], described }
    }

    /// The process, seen from the host.
    pub fn process(&self) -> Process {
        Process(self.child.id() as i32)
    }

    /// The modes of the terminal now.
    pub fn modes(&self) -> Termios {
        tcgetattr(&self.slave).unwrap()
    }

    /// Everything that has appeared so far.
    pub fn screen(&mut self) -> String {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = read(&self.master, &mut piece) {
            self.screen.extend_from_slice(&piece[..length]);
        }
        String::from_utf8_lossy(&self.screen).into_owned()
    }

    /// Waits until this has appeared; what comes next is looked for behind it.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        let seen = wait::at_most(wait::LONG, || {
            let screen = self.screen();
            screen.contains(text).then_some(screen)
        });
        self.scratch.learn();
        let Some(seen) = seen else {
            let shown = self.screen();
            panic!("{} never showed {text:?}; it showed\n{shown}", self.described)
        };
        let end = seen.find(text).unwrap() + text.len();
        self.screen = seen.as_bytes()[end..].to_vec();
        seen[..end].into()
    }

    /// Types something; `\r` is the Enter key, `\x03` is Ctrl-C.
    #[track_caller]
    pub fn type_in(&self, text: &str) {
        assert_eq!(write(&self.master, text.as_bytes()), Ok(text.len()), "typing {text:?}");
    }

    /// Changes the size of the window, of which the kernel tells the program.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        shared::sys::set_window_size(&self.master, size).unwrap();
    }

    /// Sends the process a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process().0), signal).unwrap();
    }

    /// Waits for its end; returns the exit code, 128 + n after signal n, and what was left on the screen.
    #[track_caller]
    pub fn finish(mut self) -> (i32, String) {
        let status = wait::at_most(wait::LONG, || {
            self.screen(); // a full terminal would keep it from ending
            self.scratch.learn();
            self.child.try_wait().unwrap()
        });
        let screen = self.screen();
        let Some(status) = status else { panic!("{} did not end; it showed\n{screen}", self.described) };
        (status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)), screen)
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        for process in self.process().descendants() {
            let _ = kill(Pid::from_raw(process.0), Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
