//! `/etc/hostname`, `/etc/hosts` and `/etc/resolv.conf`: what belongs to the container and not to its image.

use nix::fcntl::OFlag;
use nix::mount::{MntFlags, umount2};
use shared::path::Root;
use shared::sys::{self, FsContext};
use shared::{Doing, Result};
use std::ffi::CStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

/// What every hosts file begins with, as Docker writes it.
const HOSTS: &str = "127.0.0.1\tlocalhost\n\
    ::1\tlocalhost ip6-localhost ip6-loopback\n\
    fe00::0\tip6-localnet\n\
    ff00::0\tip6-mcastprefix\n\
    ff02::1\tip6-allnodes\n\
    ff02::2\tip6-allrouters\n";

/// The longest resolv.conf that is copied, in bytes; the C library reads a few lines of it (`resolv.conf(5)`).
const LONGEST_RESOLV_CONF: u64 = 64 * 1024;

/// The three files, as they will be.
#[derive(Debug, Default)]
pub(crate) struct Files {
    resolv_conf: String,
}

impl Files {
    /// Reads what the host contributes.
    pub(crate) fn of_host() -> Files {
        let mut resolv_conf = String::new();
        // A host without one has no resolver to offer: the container then has an empty file.
        if let Ok(file) = File::open("/etc/resolv.conf") {
            let _ = file.take(LONGEST_RESOLV_CONF).read_to_string(&mut resolv_conf);
        }
        Files { resolv_conf }
    }

    /// Mounts the files over those of the image.
    ///
    /// They live in a filesystem in memory that no path leads to: nothing is left on the host when the
    /// container ends. Until each file is mounted in its place, that filesystem must be attached somewhere
    /// (only Linux 6.15 copies from a detached one), and `place` is covered a moment later anyway.
    pub(crate) fn mount(&self, root: &Root, place: &OwnedFd) -> Result<()> {
        let doing = || "make the files of /etc".to_string();
        let tmpfs = FsContext::open(c"tmpfs")
            .and_then(|tmpfs| tmpfs.set(c"size", c"1m"))
            .and_then(|tmpfs| {
                tmpfs.mount(libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC)
            })
            .doing(doing)?;
        sys::move_mount(&tmpfs, place).doing(doing)?;
        let hostname = nix::unistd::gethostname().doing(doing)?;
        let hostname = format!("{}\n", hostname.display());
        for (name, content) in
            [(c"hostname", hostname.as_str()), (c"hosts", HOSTS), (c"resolv.conf", &self.resolv_conf)]
        {
            bind(root, &tmpfs, name, content).doing(|| format!("mount /etc/{}", name.to_string_lossy()))?;
        }
        umount2(format!("/proc/self/fd/{}", tmpfs.as_raw_fd()).as_str(), MntFlags::MNT_DETACH).doing(doing)
    }
}

fn bind(root: &Root, tmpfs: &OwnedFd, name: &CStr, content: &str) -> Result<()> {
    let doing = || "write it".to_string();
    let directory = Root::from_fd(tmpfs.try_clone().doing(doing)?);
    let path = name.to_string_lossy();
    let file = directory.open_at(Path::new(&*path), OFlag::O_CREAT | OFlag::O_WRONLY, 0o644).doing(doing)?;
    File::from(file).write_all(content.as_bytes()).doing(doing)?;
    let copy = sys::open_tree(tmpfs, name, false).doing(doing)?;
    let place = root.make_file(&Path::new("/etc").join(&*path), 0o644).doing(|| "find its place".into())?;
    sys::move_mount(&copy, &place).doing(|| "put it there".into())
}
