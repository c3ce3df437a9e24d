//! What the host sees of a process.

use probe::{Mount, mountinfo};
use std::fs::{read, read_link, read_to_string};
use std::path::{Path, PathBuf};

/// A process, seen from outside. It may end at any time: what cannot be read is `None` or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process(pub i32);

impl Process {
    /// The process that runs the tests.
    pub fn this() -> Process {
        Process(std::process::id() as i32)
    }

    /// Every process of this machine.
    pub fn all() -> Vec<Process> {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).map(Process).collect()
    }

    fn path(self, name: &str) -> PathBuf {
        Path::new("/proc").join(self.0.to_string()).join(name)
    }

    /// A field of `/proc/PID/status`.
    pub fn status(self, field: &str) -> Option<String> {
        let status = read_to_string(self.path("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        Some(line.trim().into())
    }

    /// Whether it exists and is no zombie.
    pub fn is_alive(self) -> bool {
        self.status("State").is_some_and(|state| !state.starts_with('Z'))
    }

    /// The identity of its namespace of this kind, such as `uts:[4026531838]`.
    pub fn namespace(self, kind: &str) -> Option<String> {
        Some(read_link(self.path("ns").join(kind)).ok()?.to_string_lossy().into_owned())
    }

    /// The mounts of its mount namespace.
    pub fn mounts(self) -> Vec<Mount> {
        mountinfo::parse(&read_to_string(self.path("mountinfo")).unwrap_or_default())
    }

    /// The processes that it has made and that live.
    pub fn children(self) -> Vec<Process> {
        let parent = self.0.to_string();
        Process::all().into_iter().filter(|it| it.status("PPid").as_ref() == Some(&parent)).collect()
    }

    /// Its children, theirs, and so on.
    pub fn descendants(self) -> Vec<Process> {
        let children = self.children();
        let below: Vec<_> = children.iter().flat_map(|child| child.descendants()).collect();
        [children, below].concat()
    }

    /// Its pid in each PID namespace that it is in, from this one inwards.
    pub fn pids(self) -> Vec<i32> {
        let pids = self.status("NSpid").unwrap_or_default();
        pids.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    }

    /// Its arguments, separated by spaces.
    pub fn command_line(self) -> String {
        self.text("cmdline")
    }

    /// A file of `/proc/PID`, the NUL bytes in it as spaces.
    pub fn text(self, name: &str) -> String {
        let bytes = read(self.path(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().into()
    }

    /// Where a link of `/proc/PID` leads: `root`, `cwd`, `exe`.
    pub fn link(self, name: &str) -> Option<PathBuf> {
        read_link(self.path(name)).ok()
    }

    /// The numbers of its open descriptors and where they lead.
    pub fn fds(self) -> Vec<(i32, PathBuf)> {
        let Ok(entries) = std::fs::read_dir(self.path("fd")) else { return vec![] };
        let pair = |entry: std::fs::DirEntry| {
            Some((entry.file_name().to_str()?.parse().ok()?, read_link(entry.path()).ok()?))
        };
        let mut fds: Vec<_> = entries.flatten().filter_map(pair).collect();
        fds.sort();
        fds
    }
}
