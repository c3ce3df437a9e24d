//! What is known of a container's process, and what follows from it.

use crate::ago::ago;
use jiff::Timestamp;
use procfs::ProcResult;
use procfs::process::Process;
use serde::{Deserialize, Serialize};
use shared::{Child, Doing, Error, Result};
use std::collections::BTreeMap;
use std::fmt;

/// `state.json` in the container's run directory: that it runs, and as which process. The names are those of
/// the file that runc keeps, which tutorials show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The container.
    pub id: String,
    /// Its first process, by its number on the host.
    pub init_process_pid: i32,
    /// When that process began, in clock ticks since the boot: a pid is given again to another process, but
    /// not together with this (`proc_pid_stat(5)`, field 22).
    pub init_process_start: u64,
    /// The boot in which that was.
    pub boot_id: String,
    /// When it was started.
    pub started: Timestamp,
    /// Where its namespaces can be found and joined.
    pub namespace_paths: BTreeMap<String, String>,
}

/// The kernel's names of the namespaces, as runc writes them, and of their files below `/proc/PID/ns`.
const NAMESPACES: [(&str, &str); 7] = [
    ("NEWCGROUP", "cgroup"),
    ("NEWIPC", "ipc"),
    ("NEWNET", "net"),
    ("NEWNS", "mnt"),
    ("NEWPID", "pid"),
    ("NEWUSER", "user"),
    ("NEWUTS", "uts"),
];

impl State {
    /// Of a container that was started just now.
    pub(crate) fn of(id: &str, child: &Child) -> Result<State> {
        let pid = child.pid.as_raw();
        let start = Process::new(pid).and_then(|process| process.stat()).map(|stat| stat.starttime);
        let path = |file| format!("/proc/{pid}/ns/{file}");
        Ok(State {
            id: id.into(),
            init_process_pid: pid,
            init_process_start: start
                .map_err(|error| Error::new(format!("look at process {pid}"), error.to_string()))?,
            boot_id: boot_id()?,
            started: Timestamp::now(),
            namespace_paths: NAMESPACES.iter().map(|(name, file)| (name.to_string(), path(file))).collect(),
        })
    }

    /// Whether that process still runs, and is still that process.
    pub fn alive(&self) -> bool {
        let same = || -> ProcResult<bool> {
            let stat = Process::new(self.init_process_pid)?.stat()?;
            Ok(stat.starttime == self.init_process_start && stat.state != 'Z')
        };
        boot_id().is_ok_and(|now| now == self.boot_id) && same().unwrap_or(false)
    }
}

fn boot_id() -> Result<String> {
    let path = "/proc/sys/kernel/random/boot_id";
    std::fs::read_to_string(path).map(|id| id.trim().into()).doing(|| format!("read {path}"))
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit code; 128 + n after signal n; 255 when nobody was there to see it.
    pub exit_code: u8,
    /// When.
    pub finished: Timestamp,
}

/// What `keg ps` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It was never started.
    Created,
    /// It runs since then.
    Up(Timestamp),
    /// It has ended.
    Exited(Ended),
}

impl Status {
    /// In Docker's words, as of `now`.
    pub fn words(&self, now: Timestamp) -> String {
        match self {
            Status::Created => "Created".into(),
            Status::Up(since) => format!("Up {}", ago(*since, now)),
            Status::Exited(ended) => format!("Exited ({}) {} ago", ended.exit_code, ago(ended.finished, now)),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.words(Timestamp::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::Pid;

    #[test]
    fn another_process_with_the_same_pid_is_not_it() {
        let child = Child { pid: Pid::this(), pidfd: std::fs::File::open("/dev/null").unwrap().into() };
        let state = State::of("a", &child).unwrap();
        assert!(state.alive());
        assert!(!State { init_process_start: state.init_process_start + 1, ..state.clone() }.alive());
        assert!(!State { boot_id: "another".into(), ..state }.alive());
    }
}
