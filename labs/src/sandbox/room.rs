//! What the room looks like.

use super::Request;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::Mode;
use nix::unistd::sethostname;
use shared::{Doing, Result, sys};
use std::fs::{copy, create_dir_all, write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// The name of the machine in the room.
const HOSTNAME: &str = "lab-host";
/// What `ROOTFS` stands for in a command line.
const ROOTFS: &str = "ROOTFS";
/// What `CANARY` stands for: a file of the host, which nothing inside should be able to read.
const CANARY: &str = "CANARY";

const NOTHING: Option<&str> = None;

/// The places in the scratch directory.
#[derive(Debug)]
pub struct Room {
    pub scratch: PathBuf,
    pub rootfs: PathBuf,
    pub canary: PathBuf,
}

/// Makes the room around this process, which is its process 1.
pub fn furnish(request: &Request) -> Result<Room> {
    let doing = || "furnish the room".to_string();
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING).doing(doing)?;
    let root = open("/", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).doing(doing)?;
    sys::mount_setattr(root.as_fd(), true, libc::MOUNT_ATTR_RDONLY).doing(doing)?;
    let small = Some("size=64m,mode=755");
    mount(Some("lab"), &request.scratch, Some("tmpfs"), MsFlags::empty(), small).doing(doing)?;
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), safe, NOTHING).doing(doing)?;
    // As systemd leaves a host: a program that forgets to make its copy private is seen by what it leaves here.
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_SHARED, NOTHING).doing(doing)?;
    sethostname(HOSTNAME).doing(doing)?;
    fill(request).doing(doing)
}

fn fill(request: &Request) -> std::io::Result<Room> {
    let scratch = request.scratch.clone();
    let (rootfs, canary) = (scratch.join("rootfs"), scratch.join("canary"));
    for directory in ["dev", "etc", "proc", "sys", "tmp"] {
        create_dir_all(rootfs.join(directory))?;
    }
    copy(&request.probe, rootfs.join("probe"))?;
    write(&canary, "a file of the host\n")?;
    Ok(Room { scratch, rootfs, canary })
}

impl Room {
    /// The words of a command line, with the two names replaced by their paths.
    pub fn words<'a>(&'a self, words: &'a [String]) -> Vec<&'a Path> {
        let path = |word: &'a String| match word.as_str() {
            ROOTFS => self.rootfs.as_path(),
            CANARY => self.canary.as_path(),
            word => Path::new(word),
        };
        words.iter().map(path).collect()
    }
}
