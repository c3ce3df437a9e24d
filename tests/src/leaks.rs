//! What a test left on the host.
//!
//! Tests run side by side, so what is looked for must carry the test's name: its directory is in the path of
//! everything it makes, and the identifiers of its containers are in the names of links, cgroups and rules.
//! A process belongs to a test when its environment, its arguments, its root, working directory, program,
//! cgroup or any of its mounts says so: a container's program has a clean environment, but it cannot hide
//! where its root comes from.

use crate::host::Process;
use crate::scratch::MARK;
use crate::wait;
use nix::mount::{MntFlags, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long the kernel may take to clear up behind a container: a network namespace goes some 50 ms after its
/// last process.
pub const SETTLING: Duration = Duration::from_secs(3);

/// Looks again until nothing is left, or for as long as clearing up may take.
pub fn settle(limit: Duration, left: impl Fn() -> Vec<String>) -> Vec<String> {
    let clean = wait::at_most(limit, || left().is_empty().then_some(()));
    clean.map_or_else(left, |()| vec![])
}

/// Everything on this host that carries one of the names.
pub fn of(names: &[String]) -> Vec<String> {
    let named = |text: &str| names.iter().any(|name| text.contains(name.as_str()));
    let mut left = Vec::new();
    for (whose, process) in [("this process", Process::this()), ("process 1", Process(1))] {
        let mounts = process.mounts().into_iter().map(|mount| format!("{mount:?}")).filter(|it| named(it));
        left.extend(mounts.map(|mount| format!("mount seen by {whose}: {mount}")));
    }
    left.extend(processes(&named).into_iter().map(|it| format!("process {}: {}", it.0, it.command_line())));
    let host = Host::look();
    let things = [("link", &host.links), ("network namespace", &host.netns), ("cgroup", &host.cgroups)];
    for (what, all) in things {
        left.extend(all.iter().filter(|it| named(it)).map(|it| format!("{what}: {it}")));
    }
    left.extend(host.firewall.lines().filter(|it| named(it)).map(|it| format!("firewall rule: {it}")));
    left
}

/// Temporary files that somebody forgot in a state directory.
pub fn temporary_files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(".tmp") {
                found.push(format!("temporary file: {}", entry.path().display()));
            }
            // What is inside of a layer is the image's own business.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) && entry.file_name() != "layers" {
                directories.push(entry.path());
            }
        }
    }
    found
}

/// Ends and unmounts what a failed test left, so that the next one does not suffer.
pub fn clear(id: &str) {
    for process in processes(&|text| text.contains(id)) {
        let _ = kill(Pid::from_raw(process.0), Signal::SIGKILL);
    }
    for mount in Process::this().mounts().iter().rev().filter(|mount| mount.path.contains(id)) {
        let _ = umount2(Path::new(&mount.path), MntFlags::MNT_DETACH);
    }
}

fn processes(named: &dyn Fn(&str) -> bool) -> Vec<Process> {
    let ours = Process::this().namespace("mnt");
    let mut by_mounts = BTreeMap::new();
    let mut mounts_are_named = |process: Process| {
        let Some(namespace) = process.namespace("mnt").filter(|it| Some(it) != ours.as_ref()) else {
            return false;
        };
        *by_mounts.entry(namespace).or_insert_with(|| named(&process.text("mountinfo")))
    };
    let belongs = |process: &Process| {
        let texts = ["environ", "cmdline", "cgroup"].map(|name| process.text(name));
        let links = ["root", "cwd", "exe"].map(|name| process.link(name).unwrap_or_default());
        texts.iter().any(|text| named(text))
            || links.iter().any(|link| named(&link.to_string_lossy()))
            || mounts_are_named(*process)
    };
    let this = Process::this();
    Process::all().into_iter().filter(|it| *it != this && it.is_alive()).filter(belongs).collect()
}

/// Everything on this host that a container runtime could leave behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    mounts: BTreeSet<String>,
    links: BTreeSet<String>,
    netns: BTreeSet<String>,
    cgroups: BTreeSet<String>,
    firewall: String,
}

impl Host {
    /// Looks at the host now.
    pub fn look() -> Host {
        let mounts = Process(1).mounts().into_iter().chain(Process::this().mounts());
        Host {
            mounts: mounts
                .map(|mount| format!("{} on {} ({})", mount.source, mount.path, mount.id))
                .collect(),
            links: names_in(Path::new("/sys/class/net")).into_iter().map(link).collect(),
            netns: names_in(Path::new("/run/netns")).into_iter().collect(),
            cgroups: cgroups(),
            firewall: said(Command::new("nft").args(["list", "ruleset"])),
        }
    }

    /// What has come and what is gone between this look and a later one.
    pub fn differences(&self, later: &Host) -> Vec<String> {
        let mut found = Vec::new();
        let sets = [
            ("mount", &self.mounts, &later.mounts),
            ("link", &self.links, &later.links),
            ("network namespace", &self.netns, &later.netns),
            ("cgroup", &self.cgroups, &later.cgroups),
        ];
        for (what, before, after) in sets {
            found.extend(after.difference(before).map(|it| format!("new {what}: {it}")));
            found.extend(before.difference(after).map(|it| format!("{what} that is gone: {it}")));
        }
        if self.firewall != later.firewall {
            found.push(format!("the firewall was\n{}\nand is\n{}", self.firewall, later.firewall));
        }
        found
    }
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// A link with its alias, which is where a long name finds room.
fn link(name: String) -> String {
    let alias = std::fs::read_to_string(format!("/sys/class/net/{name}/ifalias")).unwrap_or_default();
    format!("{name} {}", alias.trim()).trim_end().into()
}

/// The directories of all cgroup filesystems. They are only looked at, never opened for more.
fn cgroups() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut directories: Vec<PathBuf> = vec!["/sys/fs/cgroup".into()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.insert(entry.path().to_string_lossy().into_owned());
                directories.push(entry.path());
            }
        }
    }
    found
}

/// What a command says on standard output; nothing where the command is not there.
fn said(command: &mut Command) -> String {
    let output = command.env(MARK, "").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}
