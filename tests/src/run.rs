//! Running a binary: to its end, or to look at while it runs.

use crate::host::Process;
use crate::scratch::MARK;
use crate::{Scratch, Terminal, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use probe::Report;
use serde::de::DeserializeOwned;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

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
        let stdout = Stream::read(child.stdout.take().unwrap());
        let stderr = Stream::read(child.stderr.take().unwrap());
        let (scratch, may_panic) = (self.scratch, self.may_panic);
        Started { scratch, child, stdout, stderr, described, may_panic, limit: wait::LONG }
    }
}

/// A stream that is read as it comes.
#[derive(Debug)]
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Stream {
    fn read(mut from: impl Read + Send + 'static) -> Stream {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 64 * 1024];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                to.lock().unwrap().extend_from_slice(&piece[..length]);
            }
        });
        Stream { bytes, reader }
    }

    fn so_far(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// All of it; `None` when somebody still holds the other end after a while.
    fn all(&self, limit: Duration) -> Option<Vec<u8>> {
        wait::at_most(limit, || self.reader.is_finished().then(|| self.so_far()))
    }
}

/// A process that a test has started. Dropped, it is killed with everything below it.
#[derive(Debug)]
pub struct Started<'a> {
    scratch: &'a Scratch,
    child: Child,
    stdout: Stream,
    stderr: Stream,
    described: String,
    may_panic: bool,
    limit: Duration,
}

impl Started<'_> {
    /// The process, seen from the host.
    pub fn process(&self) -> Process {
        Process(self.child.id() as i32)
    }

    /// The process that runs the container's program, seen from the host: the first descendant whose program
    /// is `name`, where the program of a script is its interpreter.
    #[track_caller]
    pub fn inside(&self, name: &str) -> Process {
        let is_it =
            |it: &Process| it.link("exe").is_some_and(|exe| exe.file_name() == Some(OsStr::new(name)));
        wait::until(&format!("{name} to run below {}", self.described), || {
            self.process().descendants().into_iter().find(is_it)
        })
    }

    /// Waits until it has said this on standard output, and returns all it has said.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        let seen = wait::at_most(self.limit, || {
            let said = String::from_utf8_lossy(&self.stdout.so_far()).into_owned();
            said.contains(text).then_some(said)
        });
        self.scratch.learn();
        seen.unwrap_or_else(|| {
            let said = [&self.stdout, &self.stderr].map(Stream::so_far).concat();
            panic!("{} never said {text:?}; it said\n{}", self.described, String::from_utf8_lossy(&said))
        })
    }

    /// Waits until the probe has said what it sees (`probe hold SECONDS`).
    #[track_caller]
    pub fn report(&self) -> Report {
        serde_json::from_str(self.wait_for("\n").lines().next().unwrap()).unwrap()
    }

    /// Sends it a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process().0), signal).unwrap();
    }

    /// Writes to its standard input.
    #[track_caller]
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.child.stdin.as_mut().expect("it was started with an input").write_all(bytes.as_ref()).unwrap();
    }

    /// Closes its standard input.
    pub fn close_input(&mut self) {
        self.child.stdin = None;
    }

    /// Waits for its end, longer than usual if need be.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Waits for its end.
    #[track_caller]
    pub fn finish(mut self) -> Output {
        let described = self.described.clone();
        let status = wait::at_most(self.limit, || {
            self.scratch.learn();
            self.child.try_wait().unwrap()
        });
        let status = status.unwrap_or_else(|| {
            let said = [&self.stdout, &self.stderr].map(Stream::so_far).concat();
            panic!("{described} did not end; it said\n{}", String::from_utf8_lossy(&said))
        });
        let streams = [&self.stdout, &self.stderr].map(|stream| stream.all(Duration::from_secs(5)));
        let [Some(stdout), Some(stderr)] = streams else {
            panic!("{described} has ended, and something below it still holds its output")
        };
        let output = Output { described, code: status.code(), signal: status.signal(), stdout, stderr };
        let panicked = ["panicked at", "a bug: "].iter().any(|sign| output.errors().contains(sign));
        assert!(self.may_panic || !panicked, "a panic: {output:?}");
        output
    }
}

impl Drop for Started<'_> {
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

/// How it ended and what it said.
#[derive(Clone)]
pub struct Output {
    described: String,
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// It must have ended with 0.
    #[track_caller]
    pub fn success(self) -> Output {
        self.code(0)
    }

    /// It must have ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Output {
        assert_eq!(self.code, Some(code), "the exit code of {self:?}");
        self
    }

    /// It must have said this on standard error.
    #[track_caller]
    pub fn says(self, text: &str) -> Output {
        assert!(self.errors().contains(text), "{text:?} is missing in {self:?}");
        self
    }

    /// It must have said this on standard output.
    #[track_caller]
    pub fn prints(self, text: &str) -> Output {
        assert!(self.text().contains(text), "{text:?} is missing in {self:?}");
        self
    }

    /// What it said on standard output, as JSON.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        writeln!(f, "{}", self.described)?;
        writeln!(f, "  code {:?}, signal {:?}", self.code, self.signal)?;
        writeln!(f, "--- standard output\n{}", self.text())?;
        write!(f, "--- standard error\n{}---", self.errors())
    }
}

/// Whether a program of this machine is there.
pub fn is_installed(program: &str) -> bool {
    let directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    directories.iter().any(|directory| Path::new(directory).join(program).is_file())
}
