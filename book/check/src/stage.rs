//! The machine on which sessions are recorded: this one, seen through fresh namespaces.
//!
//! A short list of processes, no network, a host named `host`, root filesystems that forget what was done to
//! them, and nothing that outlives the session. The tools for it are the distribution's (`unshare(1)`,
//! `mount(8)`), not ours: what is on show must not hold the curtain.

use crate::session::Session;
use crate::terminal::{self, HOST, MORE};
use shared::{Doing, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where binaries and root filesystems are found.
#[derive(Debug)]
pub struct Stage {
    /// The directory of the built binaries: `target/debug`.
    pub binaries: PathBuf,
    /// The directory of root filesystems: `target/rootfs`.
    pub rootfs: PathBuf,
}

/// The root filesystems that a session finds in its working directory.
pub const ROOTFS: [&str; 2] = ["busybox", "debian"];

/// Makes the stage, as process 1 of its pid namespace. The numbers of processes begin at 4200 (or, where
/// the kernel cannot be told so, are used up to 1200), so that none is mistaken for another number. The mount point is shared, as systemd makes `/`.
const SCRIPT: &str = r#"
set -e
mount -t proc proc /proc
echo host > /proc/sys/kernel/hostname
mount -t tmpfs -o mode=755 stage "$STAGE"
cd "$STAGE"
for name in $NAMES; do
    mkdir -p "$name" ".upper/$name" ".work/$name"
    mount -t overlay -o "lowerdir=$ROOTFS/$name,upperdir=.upper/$name,workdir=.work/$name" overlay "$name"
done
mkdir .bin
mount --bind "$BINARIES" .bin
cp "$RC" .rc
cd /
mount --move "$STAGE" /mnt
mount --make-rshared /
cd /mnt
export PATH=/mnt/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
{ echo 4200 > /proc/sys/kernel/ns_last_pid; } 2>/dev/null || for i in $(seq 1200); do (:); done
setsid --ctty --wait bash --noprofile --noediting --rcfile .rc -i
"#;

impl Stage {
    /// Plays a session; gives the transcript, with what varies still in it.
    ///
    /// # Errors
    /// The stage cannot be made (it takes root), or a line does not come to its end.
    pub fn play(&self, session: &Session) -> Result<String> {
        let names: Vec<&str> = ROOTFS.into_iter().filter(|name| self.rootfs.join(name).is_dir()).collect();
        if names.len() < ROOTFS.len() {
            let why = format!("{} does not have {}", self.rootfs.display(), ROOTFS.join(" and "));
            return Err(Error::new("find the root filesystems", why).next("make them: `make images`"));
        }
        let directory = tempfile::tempdir().doing(|| "make a directory for a session".into())?;
        let rc = directory.path().join("rc");
        let prompts = format!("PS1=$'{}# '\nPS2=$'{}> '\n", escaped(HOST), escaped(MORE));
        fs::write(&rc, format!("set +H\nunset HISTFILE\n{prompts}"))
            .doing(|| "write a shell's rc file".into())?;
        let point = directory.path().join("stage");
        fs::create_dir(&point).doing(|| "make a mount point for a session".into())?;
        terminal::play(session, self.command(&names, &point, &rc))
    }

    fn command(&self, names: &[&str], point: &Path, rc: &Path) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child"])
            .args(["sh", "-c", SCRIPT])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([("HOME", "/root"), ("TERM", "xterm"), ("LC_ALL", "C.UTF-8"), ("LANG", "C.UTF-8")])
            .env("STAGE", point)
            .env("RC", rc)
            .env("NAMES", names.join(" "))
            .env("ROOTFS", &self.rootfs)
            .env("BINARIES", &self.binaries);
        command
    }
}

/// For `$'…'` of bash.
fn escaped(text: &str) -> String {
    text.replace('\x1b', "\\e").replace('\x07', "\\a")
}
