//! A process while it runs.

use crate::host::Process;
use crate::{Output, Scratch, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use probe::Report;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

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

impl<'a> Started<'a> {
    pub(crate) fn new(
        scratch: &'a Scratch,
        mut child: Child,
        described: String,
        may_panic: bool,
    ) -> Started<'a> {
        let stdout = Stream::read(child.stdout.take().unwrap());
        let stderr = Stream::read(child.stderr.take().unwrap());
        Started { scratch, child, stdout, stderr, described, may_panic, limit: wait::LONG }
    }

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
