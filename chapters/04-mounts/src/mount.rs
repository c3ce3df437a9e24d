//! A filesystem that every container gets, as data.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use shared::path::Root;
use shared::sys::{self, FsContext};
use shared::{Doing, Error, Result};
use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::path::Path;

const RDONLY: u64 = libc::MOUNT_ATTR_RDONLY;
const NOSUID: u64 = libc::MOUNT_ATTR_NOSUID;
const NODEV: u64 = libc::MOUNT_ATTR_NODEV;
const NOEXEC: u64 = libc::MOUNT_ATTR_NOEXEC;

/// A fresh filesystem and where it goes.
#[derive(Debug)]
pub struct Mount {
    /// The kernel's name of the filesystem (`/proc/filesystems`).
    pub kind: &'static CStr,
    /// Where it is mounted, from the container's root.
    pub target: &'static str,
    /// `MOUNT_ATTR_…` of `mount_setattr(2)`.
    pub attributes: u64,
    /// Options of this filesystem; one without a value has the empty string.
    pub options: &'static [(&'static CStr, &'static CStr)],
}

// ANCHOR: filesystems
/// Shows the processes of the PID namespace in which it is mounted.
pub(crate) const PROC: Mount =
    Mount { kind: c"proc", target: "/proc", attributes: NOSUID | NODEV | NOEXEC, options: &[] };

/// Read-only: what is written there changes the machine.
pub(crate) const SYS: Mount =
    Mount { kind: c"sysfs", target: "/sys", attributes: RDONLY | NOSUID | NODEV | NOEXEC, options: &[] };

/// NODEV: the few devices in it are mounts of their own, and a node that is made beside them opens nothing.
pub(crate) const DEV: Mount = Mount {
    kind: c"tmpfs",
    target: "/dev",
    attributes: NOSUID | NODEV | NOEXEC,
    options: &[(c"mode", c"755"), (c"size", c"65536k")],
};

/// What is mounted below /dev, in this order.
pub(crate) const BELOW_DEV: [Mount; 3] = [
    // Terminals of its own. Group 5 is `tty` in every distribution; mode 620 lets it write (`devpts`).
    Mount {
        kind: c"devpts",
        target: "/dev/pts",
        attributes: NOSUID | NOEXEC,
        options: &[(c"newinstance", c""), (c"ptmxmode", c"0666"), (c"mode", c"0620"), (c"gid", c"5")],
    },
    // POSIX shared memory (`shm_overview(7)`); 64 MiB as in Docker.
    Mount {
        kind: c"tmpfs",
        target: "/dev/shm",
        attributes: NOSUID | NODEV | NOEXEC,
        options: &[(c"mode", c"1777"), (c"size", c"65536k")],
    },
    // The message queues of the IPC namespace (`mq_overview(7)`).
    Mount { kind: c"mqueue", target: "/dev/mqueue", attributes: NOSUID | NODEV | NOEXEC, options: &[] },
];
// ANCHOR_END: filesystems

impl Mount {
    /// Makes the filesystem and attaches it below `root`; returns it, so that what must be *this* filesystem
    /// is looked up from it and not by a path.
    pub(crate) fn attach(&self, root: &Root) -> Result<OwnedFd> {
        let doing = || format!("mount {} on {}", self.kind.to_string_lossy(), self.target);
        let target = self.directory(root)?;
        // The source is only a name, shown by `mount`: the kind, as everybody writes it.
        let mut context = FsContext::open(self.kind)
            .and_then(|new| new.set(c"source", self.kind))
            .map_err(|errno| explain(doing(), errno))?;
        for (key, value) in self.options {
            context =
                if value.is_empty() { context.flag(key) } else { context.set(key, value) }.doing(doing)?;
        }
        let filesystem = context.mount(self.attributes).map_err(|errno| explain(doing(), errno))?;
        sys::move_mount(&filesystem, &target).doing(doing)?;
        Ok(filesystem)
    }

    /// The target itself, made if it is missing. An image whose /proc is a symbolic link would have our mount,
    /// and every mask on it, somewhere else (CVE-2019-19921).
    pub(crate) fn directory(&self, root: &Root) -> Result<OwnedFd> {
        let target = Path::new(self.target);
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_DIRECTORY;
        let found = match root.open_at(target, flags, 0) {
            Err(Errno::ENOENT) => root.make_dirs(target, 0o755).and_then(|_| root.open_at(target, flags, 0)),
            found => found,
        };
        found.map_err(|errno| {
            let doing = format!("mount {} on {}", self.kind.to_string_lossy(), self.target);
            match errno {
                Errno::ENOTDIR | Errno::ELOOP | Errno::EEXIST => {
                    Error::new(doing, "it must be mounted on an ordinary directory, and the root filesystem has something else there")
                        .next(format!("remove {} from the root filesystem", self.target))
                }
                errno => Error::new(doing, errno),
            }
        })
    }
}

fn explain(doing: String, errno: Errno) -> Error {
    let error = Error::new(doing, errno);
    match errno {
        Errno::ENODEV => error.next("this kernel was built without it; /proc/filesystems lists what it has"),
        Errno::EPERM if nix::unistd::geteuid().is_root() => error.next(
            "the root of a user namespace, or of another container, may not mount it: run it as the machine's root",
        ),
        _ => error,
    }
}
