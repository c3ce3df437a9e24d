//! `keg check`

use nix::unistd::geteuid;
use shared::home::{Home, HomeArgs};
use shared::sys::FsContext;
use shared::{Error, Result, table};
use std::path::Path;

/// The flags.
#[derive(clap::Args)]
pub struct Check {}

/// One look at the machine.
struct Finding {
    what: &'static str,
    found: Result<String>,
}

impl Check {
    /// Says what this machine lacks, and what follows from it. The exit code is 1 if containers cannot run.
    pub fn execute(self, home: &HomeArgs) -> Result<u8> {
        let findings = [
            Finding { what: "user", found: user() },
            Finding { what: "namespaces", found: namespaces() },
            Finding { what: "mount descriptors", found: mount_descriptors() },
            Finding { what: "overlayfs", found: overlay() },
            Finding { what: "state directory", found: state_directory(home) },
            Finding { what: "cgroups", found: Ok(cgroups()) },
        ];
        let mut code = 0;
        for Finding { what, found } in &findings {
            match found {
                Ok(found) => table::line(&format!("ok       {what}: {found}"))?,
                Err(error) => {
                    code = 1;
                    table::line(&format!("MISSING  {what}: {}", error.line()))?;
                    table::line(&format!("         next: {}", error.hint().unwrap_or("see the book")))?;
                }
            }
        }
        Ok(code)
    }
}

fn user() -> Result<String> {
    match geteuid().as_raw() {
        0 => Ok("root".into()),
        uid => Err(Error::refused(format!(
            "uid {uid} may not make namespaces with mounts in them: no container can run"
        ))
        .next("run it as root, or with sudo")),
    }
}

/// Every container has these (`namespaces(7)`).
const NAMESPACES: [&str; 5] = ["ipc", "mnt", "net", "pid", "uts"];

fn namespaces() -> Result<String> {
    let built_in = |name: &str| Path::new("/proc/self/ns").join(name).exists();
    let forbidden = |name: &str| {
        std::fs::read_to_string(format!("/proc/sys/user/max_{name}_namespaces"))
            .is_ok_and(|max| max.trim() == "0")
    };
    for name in NAMESPACES {
        if !built_in(name) {
            return Err(Error::refused(format!(
                "this kernel has no {name} namespaces: no container can run"
            ))
            .next("use a kernel of a common distribution"));
        }
        if forbidden(name) {
            return Err(Error::refused(format!(
                "no {name} namespace may be made here: no container can run"
            ))
            .next(format!("raise /proc/sys/user/max_{name}_namespaces")));
        }
    }
    Ok(NAMESPACES.join(" "))
}

fn mount_descriptors() -> Result<String> {
    match FsContext::open(c"tmpfs") {
        Ok(_) => Ok("fsopen works".into()),
        Err(nix::errno::Errno::EPERM) => {
            Err(Error::refused("mounting is forbidden here: no container can run")
                .next("run it as root, or with sudo"))
        }
        Err(_) => Err(Error::refused("this kernel cannot mount onto descriptors: no container can run")
            .next("use Linux 5.12 or newer")),
    }
}

fn overlay() -> Result<String> {
    let filesystems = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    match filesystems.lines().any(|line| line.trim_start_matches("nodev").trim() == "overlay") {
        true => Ok("in the kernel".into()),
        false => Err(Error::refused("this kernel has no overlayfs loaded: images cannot be mounted")
            .next("load it with `modprobe overlay`")),
    }
}

fn state_directory(home: &HomeArgs) -> Result<String> {
    Home::open(home).map(|home| home.data.display().to_string())
}

fn cgroups() -> String {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let has = |kind: &str| mounts.lines().any(|line| line.split(' ').nth(2) == Some(kind));
    match (has("cgroup2"), has("cgroup")) {
        (true, false) => "version 2".into(),
        (true, true) => "versions 1 and 2 (hybrid)".into(),
        (false, true) => "version 1".into(),
        (false, false) => "none mounted".into(),
    }
}
