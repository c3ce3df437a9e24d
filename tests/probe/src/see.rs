//! Looking around.

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::Signal;
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, umask};
use nix::unistd;
use probe::{Capabilities, Descriptor, Ids, Inode, Interface, Limit, Report, Signals, Terminal, mountinfo};
use shared::sys;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{read_link, read_to_string};
use std::io::IsTerminal;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

/// The highest descriptor that is looked at: what leaks has a low number.
const HIGHEST_FD: i32 = 4096;

pub fn report() -> Report {
    let fds = descriptors(); // first, before anything here opens one
    let status = read_to_string("/proc/self/status").ok();
    let status = status.as_deref();
    let field = |name: &str| status_field(status?, name);
    Report {
        pid: unistd::getpid().as_raw(),
        ppid: unistd::getppid().as_raw(),
        pgid: unistd::getpgrp().as_raw(),
        sid: unistd::getsid(None).map_or(0, unistd::Pid::as_raw),
        uid: unistd::getresuid().map_or_else(|_| ids(0, 0, 0), user),
        gid: unistd::getresgid().map_or_else(|_| ids(0, 0, 0), group),
        groups: unistd::getgroups().unwrap_or_default().iter().map(|group| group.as_raw()).collect(),
        hostname: unistd::gethostname().map(|name| text(&name)).unwrap_or_default(),
        namespaces: namespaces(),
        mounts: read_to_string("/proc/self/mountinfo").ok().map(|text| mountinfo::parse(&text)),
        capabilities: capabilities(&field),
        seccomp: field("Seccomp").and_then(|value| value.parse().ok()),
        no_new_privs: nix::sys::prctl::get_no_new_privs().ok(),
        limits: limits(),
        oom_score_adj: read_to_string("/proc/self/oom_score_adj").ok().and_then(|n| n.trim().parse().ok()),
        interfaces: interfaces(),
        fds,
        env: std::env::vars_os().map(|(name, value)| format!("{}={}", text(&name), text(&value))).collect(),
        argv: std::env::args_os().map(|word| text(&word)).collect(),
        cwd: unistd::getcwd().ok().map(|path| text(path.as_os_str())),
        cwd_inode: inode_of("."),
        root_inode: inode_of("/"),
        umask: current_umask(),
        signals: signals(&field),
        terminals: terminals(),
    }
}

/// Bytes as text: as they are when they are UTF-8, else with the odd ones as `\xff`.
pub fn text(bytes: &OsStr) -> String {
    match bytes.to_str() {
        Some(text) => text.into(),
        None => bytes.as_bytes().escape_ascii().to_string(),
    }
}

/// What kind of file it is, in a word.
pub fn kind(stat: &FileStat) -> &'static str {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => "file",
        SFlag::S_IFDIR => "directory",
        SFlag::S_IFCHR => "character",
        SFlag::S_IFBLK => "block",
        SFlag::S_IFIFO => "fifo",
        SFlag::S_IFSOCK => "socket",
        SFlag::S_IFLNK => "link",
        _ => "other",
    }
}

pub fn inode(stat: &FileStat) -> Inode {
    Inode { device: stat.st_dev, number: stat.st_ino }
}

fn descriptors() -> Vec<Descriptor> {
    let look = |number| {
        let copy = sys::duplicate(number).ok()?;
        let stat = fstat(&copy).ok()?;
        let target = read_link(format!("/proc/self/fd/{number}")).ok();
        let target = target.map(|path| text(path.as_os_str()));
        Some(Descriptor { number, kind: kind(&stat).into(), inode: inode(&stat), target })
    };
    (0..HIGHEST_FD).filter_map(look).collect()
}

fn status_field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim())
}

fn ids(real: u32, effective: u32, saved: u32) -> Ids {
    Ids { real, effective, saved }
}

fn user(user: unistd::ResUid) -> Ids {
    ids(user.real.as_raw(), user.effective.as_raw(), user.saved.as_raw())
}

fn group(group: unistd::ResGid) -> Ids {
    ids(group.real.as_raw(), group.effective.as_raw(), group.saved.as_raw())
}

fn namespaces() -> Option<BTreeMap<String, String>> {
    let entries = std::fs::read_dir("/proc/self/ns").ok()?;
    let named = |entry: std::fs::DirEntry| {
        Some((text(&entry.file_name()), text(read_link(entry.path()).ok()?.as_os_str())))
    };
    Some(entries.flatten().filter_map(named).collect())
}

fn capabilities<'a>(field: &impl Fn(&str) -> Option<&'a str>) -> Option<Capabilities> {
    let set = |name| u64::from_str_radix(field(name)?, 16).ok();
    Some(Capabilities {
        inheritable: set("CapInh")?,
        permitted: set("CapPrm")?,
        effective: set("CapEff")?,
        bounding: set("CapBnd")?,
        ambient: set("CapAmb")?,
    })
}

fn signals<'a>(field: &impl Fn(&str) -> Option<&'a str>) -> Option<Signals> {
    let set = |name| u64::from_str_radix(field(name)?, 16).ok();
    Some(Signals { blocked: set("SigBlk")?, ignored: set("SigIgn")?, caught: set("SigCgt")? })
}

fn limits() -> BTreeMap<String, Limit> {
    use Resource::*;
    let all = [
        RLIMIT_AS,
        RLIMIT_CORE,
        RLIMIT_CPU,
        RLIMIT_DATA,
        RLIMIT_FSIZE,
        RLIMIT_LOCKS,
        RLIMIT_MEMLOCK,
        RLIMIT_MSGQUEUE,
        RLIMIT_NICE,
        RLIMIT_NOFILE,
        RLIMIT_NPROC,
        RLIMIT_RSS,
        RLIMIT_RTPRIO,
        RLIMIT_RTTIME,
        RLIMIT_SIGPENDING,
        RLIMIT_STACK,
    ];
    let read = |resource| {
        let (soft, hard) = getrlimit(resource).ok()?;
        Some((format!("{resource:?}"), Limit { soft, hard }))
    };
    all.into_iter().filter_map(read).collect()
}

fn interfaces() -> Option<BTreeMap<String, Interface>> {
    let mut found = BTreeMap::<String, Interface>::new();
    for entry in nix::ifaddrs::getifaddrs().ok()? {
        let interface = found.entry(entry.interface_name).or_default();
        interface.up = entry.flags.contains(nix::net::if_::InterfaceFlags::IFF_UP);
        let Some(address) = entry.address else { continue };
        let v4 = address.as_sockaddr_in().map(|address| address.ip().to_string());
        let v6 = address.as_sockaddr_in6().map(|address| address.ip().to_string());
        interface.addresses.extend(v4.or(v6));
    }
    Some(found)
}

fn inode_of(path: &str) -> Option<Inode> {
    let found = std::fs::metadata(path).ok()?;
    Some(Inode { device: found.dev(), number: found.ino() })
}

/// It can only be read by setting another one.
fn current_umask() -> u32 {
    let current = umask(Mode::empty());
    umask(current);
    current.bits()
}

fn terminals() -> [Option<Terminal>; 3] {
    let (input, output, errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    [terminal(input.as_fd()), terminal(output.as_fd()), terminal(errors.as_fd())]
}

fn terminal(fd: BorrowedFd) -> Option<Terminal> {
    if !fd.is_terminal() {
        return None;
    }
    let size = sys::window_size(fd).ok()?;
    Some(Terminal {
        name: unistd::ttyname(fd).ok().map(|path| text(&path.into_os_string())),
        controlling: unistd::tcgetpgrp(fd).is_ok(),
        rows: size.ws_row,
        columns: size.ws_col,
    })
}

/// The signal that a name (`TERM`, `SIGTERM`) or a number means.
pub fn signal(name: &str) -> Result<Signal, String> {
    let by_number = name.parse().ok().and_then(|number: i32| Signal::try_from(number).ok());
    let full = if name.starts_with("SIG") { name.into() } else { format!("SIG{name}") };
    by_number.or_else(|| full.parse().ok()).ok_or(format!("no such signal: {name}"))
}
