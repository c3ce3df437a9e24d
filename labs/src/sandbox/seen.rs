//! What the host sees of processes, in its `/proc`.

use probe::mountinfo::{self, Mount};
use serde_json::{Value, json};
use std::fs::{metadata, read_dir, read_link, read_to_string};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The processes of the room except the one that looks, by number.
pub fn processes() -> Vec<i32> {
    let entries = read_dir("/proc").into_iter().flatten().flatten();
    let mut pids: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.retain(|pid| *pid != 1);
    pids.sort_unstable();
    pids
}

/// The names of the processes, as `ps` shows them.
pub fn names(pids: &[i32]) -> Value {
    pids.iter()
        .filter_map(|pid| read_to_string(format!("/proc/{pid}/comm")).ok())
        .map(|name| json!(name.trim()))
        .collect()
}

/// The process that executes this very file, whoever started it and in whatever namespaces it is.
pub fn running(program: &Path) -> Option<i32> {
    let wanted = inode(program);
    processes().into_iter().find(|pid| !wanted.is_null() && inode(format!("/proc/{pid}/exe")) == wanted)
}

/// Which file a path means, as the probe says it.
pub fn inode(path: impl AsRef<Path>) -> Value {
    metadata(path).map_or(Value::Null, |found| json!({"device": found.dev(), "number": found.ino()}))
}

/// The namespaces of a process by their kind; `who` is a pid or `self`.
pub fn namespaces(who: &str) -> Value {
    let entries = read_dir(format!("/proc/{who}/ns")).into_iter().flatten().flatten();
    let link = |entry: std::fs::DirEntry| {
        Some((entry.file_name().to_str()?.to_string(), json!(read_link(entry.path()).ok()?.to_str()?)))
    };
    entries.filter_map(link).collect::<serde_json::Map<_, _>>().into()
}

/// The mounts that a process sees.
pub fn mounts(who: &str) -> Vec<Mount> {
    mountinfo::parse(&read_to_string(format!("/proc/{who}/mountinfo")).unwrap_or_default())
}

/// The mounts, one short text each.
pub fn in_short(mounts: &[Mount]) -> Value {
    mounts.iter().map(|mount| json!(format!("{} ({})", mount.path, mount.kind))).collect()
}

/// Everything about one process that a check may want.
pub fn look(pid: i32) -> Value {
    let who = pid.to_string();
    let status = read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    let numbers: Vec<i32> = numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let seen = mounts(&who);
    let host = mounts("self");
    let host_root = host.iter().find(|mount| mount.path == "/");
    // A bind mount of one file of the host's root, such as resolv.conf, has another root than "/".
    let of_host = |mount: &&Mount| {
        host_root.is_some_and(|root| (&root.device, &root.root) == (&mount.device, &mount.root))
    };
    json!({
        "pid": pid,
        "pids": numbers,
        "ns": namespaces(&who),
        "root": inode(format!("/proc/{pid}/root")),
        "cwd": inode(format!("/proc/{pid}/cwd")),
        "mounts": in_short(&seen),
        "host_root": seen.iter().filter(of_host).map(|mount| mount.path.clone()).collect::<Vec<_>>(),
    })
}
