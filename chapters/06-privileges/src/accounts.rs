//! The container's own `/etc/passwd` and `/etc/group`, read with suspicion.

use nix::fcntl::OFlag;
use shared::path::Root;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How much of each file is read, in bytes. The longest honest ones hold some thousand accounts.
const LONGEST: u64 = 4 << 20;

/// The lines of both files, split at the colons.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    passwd: String,
    group: String,
}

/// A line of `/etc/passwd` (`passwd(5)`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Account<'a> {
    pub name: &'a str,
    pub uid: u32,
    pub gid: u32,
    pub home: &'a str,
}

impl Accounts {
    /// Reads the files of the root directory this process is in.
    pub(crate) fn of_container() -> Accounts {
        Accounts { passwd: read("etc/passwd"), group: read("etc/group") }
    }

    #[cfg(test)]
    pub(crate) fn from_text(passwd: &str, group: &str) -> Accounts {
        Accounts { passwd: passwd.into(), group: group.into() }
    }

    /// The accounts in the order of the file; lines that are none are passed over, as the C library does.
    pub(crate) fn all(&self) -> impl Iterator<Item = Account<'_>> {
        self.passwd.lines().filter_map(|line| {
            let mut fields = line.trim_end_matches('\r').split(':');
            let (name, _password) = (fields.next()?, fields.next()?);
            let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let (_comment, home) = (fields.next()?, fields.next()?);
            Some(Account { name, uid, gid, home })
        })
    }

    /// The groups as name, number and members (`group(5)`).
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&str, u32, Vec<&str>)> {
        self.group.lines().filter_map(|line| {
            let mut fields = line.trim_end_matches('\r').split(':');
            let (name, _password) = (fields.next()?, fields.next()?);
            let gid = fields.next()?.parse().ok()?;
            let members = fields.next().unwrap_or("").split(',').filter(|member| !member.is_empty());
            Some((name, gid, members.collect()))
        })
    }
}

/// The text of a regular file, or nothing. An image may put a FIFO there, which never answers, or a link to
/// `/dev/zero`, which never ends (CVE-2024-9676).
fn read(path: &str) -> String {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let opened = Root::open(Path::new("/")).and_then(|root| root.open_at(Path::new(path), flags, 0));
    let Ok(file) = opened.map(File::from) else { return String::new() };
    if !file.metadata().is_ok_and(|found| found.is_file()) {
        return String::new();
    }
    let mut bytes = Vec::new();
    let _ = file.take(LONGEST).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
