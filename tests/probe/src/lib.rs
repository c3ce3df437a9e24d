//! What the probe answers: everything a process can see of the container it is in.
//!
//! The `probe` binary fills in a [`Report`] and prints it as one JSON document; the tests read it back into
//! the same type. What cannot be seen, because there is no `/proc` for example, is `None` (JSON `null`).

#![forbid(unsafe_code)]

pub mod mountinfo;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use mountinfo::Mount;

/// What a process sees from inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Its own process id.
    pub pid: i32,
    /// Its parent's; 0 when the parent is outside of the PID namespace.
    pub ppid: i32,
    /// Its process group.
    pub pgid: i32,
    /// Its session; 0 when the leader is outside of the PID namespace.
    pub sid: i32,
    /// Its user.
    pub uid: Ids,
    /// Its group.
    pub gid: Ids,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
    /// The name of the machine (`gethostname(2)`).
    pub hostname: String,
    /// From the kind of namespace to its identity, such as `"uts": "uts:[4026531838]"`. From `/proc`.
    pub namespaces: Option<BTreeMap<String, String>>,
    /// The mounts, in the order of `/proc/self/mountinfo`.
    pub mounts: Option<Vec<Mount>>,
    /// The five capability sets. From `/proc`.
    pub capabilities: Option<Capabilities>,
    /// 0 for none, 1 for strict, 2 for a filter. From `/proc`.
    pub seccomp: Option<u8>,
    /// Whether exec can give privileges.
    pub no_new_privs: Option<bool>,
    /// The resource limits by their name, such as `RLIMIT_NOFILE`.
    pub limits: BTreeMap<String, Limit>,
    /// How gladly the out-of-memory killer takes it. From `/proc`.
    pub oom_score_adj: Option<i32>,
    /// The network interfaces by name.
    pub interfaces: Option<BTreeMap<String, Interface>>,
    /// The open descriptors, found without `/proc`.
    pub fds: Vec<Descriptor>,
    /// The environment as `NAME=value`, unsorted.
    pub env: Vec<String>,
    /// The arguments, the name of the program first.
    pub argv: Vec<String>,
    /// The working directory; `None` when it cannot be reached from the root.
    pub cwd: Option<String>,
    /// Which directory that is.
    pub cwd_inode: Option<Inode>,
    /// Which directory `/` is.
    pub root_inode: Option<Inode>,
    /// The bits that new files do not get.
    pub umask: u32,
    /// What it does about signals. From `/proc`.
    pub signals: Option<Signals>,
    /// What the descriptors 0, 1 and 2 are, where they are a terminal.
    pub terminals: [Option<Terminal>; 3],
}

/// The three identities of a process (`credentials(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    /// Who it belongs to.
    pub real: u32,
    /// Whose rights it has.
    pub effective: u32,
    /// Whose rights it can take back.
    pub saved: u32,
}

/// The capability sets as bits (`capabilities(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Capabilities {
    pub inheritable: u64,
    pub permitted: u64,
    pub effective: u64,
    pub bounding: u64,
    pub ambient: u64,
}

/// A resource limit; `u64::MAX` means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Limit {
    pub soft: u64,
    pub hard: u64,
}

/// A network interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Whether it is up.
    pub up: bool,
    /// Its IPv4 and IPv6 addresses.
    pub addresses: Vec<String>,
}

/// An open descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Its number.
    pub number: i32,
    /// `file`, `directory`, `character`, `block`, `fifo`, `socket`, `link` or `other`.
    pub kind: String,
    /// Which file it is.
    pub inode: Inode,
    /// Where the link in `/proc/self/fd` leads.
    pub target: Option<String>,
}

/// What identifies a file on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Inode {
    pub device: u64,
    pub number: u64,
}

/// Signals as bits, signal 1 being the lowest. The Rust runtime ignores SIGPIPE (13) in the probe itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Signals {
    pub blocked: u64,
    pub ignored: u64,
    pub caught: u64,
}

/// A terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// Its path, as `tty(1)` says it; `None` when it has no name in this container.
    pub name: Option<String>,
    /// Whether it is the controlling terminal of this session.
    pub controlling: bool,
    /// Its height in characters.
    pub rows: u16,
    /// Its width in characters.
    pub columns: u16,
}

/// What `probe stat FILE` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Stat {
    /// As in [`Descriptor::kind`].
    pub kind: String,
    pub inode: Inode,
    /// The permission bits with setuid, setgid and sticky.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub links: u64,
    pub size: i64,
    /// Major and minor number of a device.
    pub device: (u64, u64),
}

impl Report {
    /// The mount at exactly this path: the last one, which covers those before.
    pub fn mount(&self, path: &str) -> Option<&Mount> {
        self.mounts.as_ref()?.iter().rev().find(|mount| mount.path == path)
    }

    /// The numbers of the open descriptors.
    pub fn fd_numbers(&self) -> Vec<i32> {
        self.fds.iter().map(|fd| fd.number).collect()
    }

    /// The value of a variable of the environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
    }

    /// The identity of its namespace of this kind, where it can be seen.
    pub fn namespace(&self, kind: &str) -> Option<&str> {
        self.namespaces.as_ref()?.get(kind).map(String::as_str)
    }
}
