//! What is to be run, and how.

use crate::scratch::MARK;
use crate::{Output, Scratch, Started, Terminal};
use probe::Report;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is about to be run, with an environment of nothing but what is named here.
#[derive(Debug)]
pub struct Run<'a> {
    scratch: &'a Scratch,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    input: Option<Vec<u8>>,
    leaked: Vec<(i32, PathBuf)>,
    user: Option<u32>,
    directory: PathBuf,
    may_panic: bool,
}

impl<'a> Run<'a> {
    pub(crate) fn new(scratch: &'a Scratch, program: PathBuf) -> Run<'a> {
        let pairs = [
            ("PATH", OsString::from("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
            ("HOME", scratch.path().join("home").into()),
            ("KEG_ROOT", scratch.keg_root().into()),
            ("TERM", "xterm".into()),
            (MARK, scratch.id().into()),
        ];
        let environment = pairs.map(|(name, value)| (name.into(), value)).into();
        let directory = scratch.path().into();
        let (arguments, leaked) = (vec![], vec![]);
        let (input, user, may_panic) = (None, None, false);
        Run { scratch, program, arguments, environment, input, leaked, user, directory, may_panic }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().into());
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().into()));
        self
    }

    /// A variable of the environment.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// What it reads on standard input, which else is empty.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Leaves a descriptor of `path` open in it under this number, as a careless caller would.
    pub fn leaking(mut self, number: i32, path: impl Into<PathBuf>) -> Self {
        self.leaked.push((number, path.into()));
        self
    }

    /// Runs it as another user, with the group of the same number and no other.
    pub fn as_user(mut self, uid: u32) -> Self {
        self.user = Some(uid);
        self
    }

    /// The working directory; the scratch's own by default.
    pub fn in_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// A panic is what the test wants to see. Without this it fails the test, whatever the exit code.
    pub fn may_panic(mut self) -> Self {
        self.may_panic = true;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn output(self) -> Output {
        self.start().finish()
    }

    /// Runs it to its end, which must be a success, and reads what the probe said.
    #[track_caller]
    pub fn report(self) -> Report {
        self.output().success().json()
    }

    /// Starts it.
    #[track_caller]
    pub fn start(mut self) -> Started<'a> {
        let input = self.input.take();
        let mut command = self.command();
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        self.spawn(command, input)
    }

    /// Starts it with a standard input that stays open until [`Started::close_input`].
    #[track_caller]
    pub fn start_with_input(self) -> Started<'a> {
        let mut command = self.command();
        command.stdin(Stdio::piped());
        self.spawn(command, None)
    }

    /// Starts it in a session of its own on a new terminal of this size.
    #[track_caller]
    pub fn on_terminal(self, rows: u16, columns: u16) -> Terminal<'a> {
        let described = format!("{:?}", self.command());
        Terminal::start(self.scratch, self.wrapped(&["setsid", "--ctty"]), described, rows, columns)
    }

    fn command(&self) -> Command {
        self.wrapped(&[])
    }

    /// The command, executed by another one (`setsid`), and by a shell where descriptors are to be left open.
    fn wrapped(&self, by: &[&str]) -> Command {
        let mut words: Vec<OsString> = by.iter().map(OsString::from).collect();
        if !self.leaked.is_empty() {
            let opens: String =
                self.leaked.iter().map(|(n, at)| format!("exec {n}<'{}'; ", at.display())).collect();
            words.extend(["bash", "-c", &format!("{opens}exec \"$@\""), "bash"].map(OsString::from));
        }
        words.push(self.program.clone().into());
        words.extend(self.arguments.iter().cloned());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().current_dir(&self.directory);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    #[track_caller]
    fn spawn(&self, mut command: Command, input: Option<Vec<u8>>) -> Started<'a> {
        let described = format!("{command:?}");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {described}: {error}"));
        if let Some(bytes) = input {
            let mut stdin = child.stdin.take().unwrap();
            // In a thread: it may not read before we read what it writes. It need not read at all.
            std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        }
        Started::new(self.scratch, child, described, self.may_panic)
    }
}

/// Whether a program of this machine is there.
pub fn is_installed(program: &str) -> bool {
    let directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    directories.iter().any(|directory| Path::new(directory).join(program).is_file())
}
