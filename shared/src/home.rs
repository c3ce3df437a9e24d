//! Where state lives, and how it is written so that neither a crash nor a reader sees half of it.
//!
//! | | by default | with `--root DIR` or `KEG_ROOT=DIR` |
//! |---|---|---|
//! | data: survives a reboot | `/var/lib/keg` | `DIR` |
//! | run: true only while the machine runs | `/run/keg` | `DIR/run` |

use crate::{Doing, Error, Result};
use nix::errno::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The longest state file that is read, in bytes: ours are a few kilobytes, and a damaged or hostile one must
/// not fill the memory.
const LONGEST_STATE: u64 = 16 << 20;

/// Where to keep images and containers.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct HomeArgs {
    /// Keep everything below DIR instead of /var/lib/keg and /run/keg
    #[arg(long, value_name = "DIR", env = "KEG_ROOT", global = true)]
    pub root: Option<PathBuf>,
}

/// The directories that hold all state.
#[derive(Debug, Clone)]
pub struct Home {
    /// What survives a reboot.
    pub data: PathBuf,
    /// What is true only while this machine runs.
    pub run: PathBuf,
}

impl Home {
    /// Makes the directories where they are missing, readable for nobody else: images hold setuid programs
    /// (CVE-2021-41091).
    ///
    /// # Errors
    /// A directory that another user owns, that others may write to, or that is another user's symbolic link.
    pub fn open(args: &HomeArgs) -> Result<Home> {
        let home = match &args.root {
            Some(root) => {
                let root = std::path::absolute(root).doing(|| format!("use the state directory {root:?}"))?;
                Home { run: root.join("run"), data: root }
            }
            None => Home { data: "/var/lib/keg".into(), run: "/run/keg".into() },
        };
        for directory in [&home.data, &home.run] {
            private_dir(directory)?;
        }
        Ok(home)
    }
}

/// Makes a directory of mode 0700 with its parents, or checks that the one that is there is ours alone.
pub fn private_dir(directory: &Path) -> Result<()> {
    let doing = || format!("use the state directory {}", directory.display());
    let failed = |error: io::Error| {
        let error = Error::new(doing(), error);
        match (error.errno(), error.hint()) {
            (Some(Errno::EACCES), _) => {
                error.next("run it as root (sudo), or choose another place with --root DIR")
            }
            (_, None) => error.next("choose another place with --root DIR"),
            _ => error,
        }
    };
    let us = nix::unistd::geteuid().as_raw();
    if let Some(parent) = directory.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map_err(failed),
    }
    let link = std::fs::symlink_metadata(directory).map_err(failed)?;
    if link.uid() != us {
        return Err(Error::new(doing(), format!("it belongs to uid {}, not to us (uid {us})", link.uid()))
            .next("run it as that user, or choose another place with --root DIR"));
    }
    let found = std::fs::metadata(directory).map_err(failed)?;
    if !found.is_dir() {
        return Err(Error::new(doing(), "it is not a directory").next("choose another place with --root DIR"));
    }
    if found.uid() != us || found.mode() & 0o022 != 0 {
        return Err(Error::new(
            doing(),
            format!("others may write to it (mode {:o})", found.mode() & 0o7777),
        )
        .next(format!("chmod 700 {}", directory.display())));
    }
    Ok(())
}

/// Whether a file must still be there after the power was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// It must: its bytes reach the disk before its name does.
    Yes,
    /// A reboot ends what it tells of anyway, so the disk need not be waited for.
    No,
}

/// Puts `bytes` under a name so that a reader, and with [`Durable::Yes`] the next boot, finds either all of
/// them or what was there before. The caller holds the lock of what it writes, so there is one writer at a time.
pub fn write(path: &Path, bytes: &[u8], durable: Durable) -> Result<()> {
    write_quietly(path, bytes, durable).map_err(|error| {
        let error = Error::new(format!("write {}", path.display()), error);
        match error.errno() {
            Some(Errno::ENOSPC | Errno::EDQUOT) => {
                error.next("free some space on that filesystem and try again")
            }
            _ => error,
        }
    })
}

fn write_quietly(path: &Path, bytes: &[u8], durable: Durable) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    // Always the same name: what a writer that was killed has left is overwritten by the next one.
    let mut name = OsString::from(".tmp-");
    name.push(path.file_name().unwrap_or_default());
    let temporary = directory.join(name);
    let written = (|| {
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        if durable == Durable::Yes {
            file.sync_all()?;
        }
        std::fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written?;
    if durable == Durable::Yes {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Writes a value as JSON, one field a line: people look into these files.
pub fn write_json(path: &Path, value: &impl Serialize, durable: Durable) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value).doing(|| format!("write {}", path.display()))?;
    bytes.push(b'\n');
    write(path, &bytes, durable)
}

/// Reads a value from JSON; `None` when there is no such file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let doing = || format!("read {}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::new(doing(), error)),
    };
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, LONGEST_STATE), &mut bytes).doing(doing)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Error::new(doing(), error)
            .next("the file is damaged: remove what it describes, or restore it from a backup")
    })
}

/// Holds `path` for this process alone until the file is dropped; waits while another has it.
pub fn lock(path: &Path) -> Result<File> {
    let doing = || format!("lock {}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(path).doing(doing)?;
    file.lock().doing(doing)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_new_home_is_private_and_an_open_one_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("a/b");
        let home = Home::open(&HomeArgs { root: Some(root.clone()) }).unwrap();
        assert_eq!(std::fs::metadata(&home.run).unwrap().mode() & 0o777, 0o700);
        std::fs::set_permissions(&root, PermissionsExt::from_mode(0o777)).unwrap();
        let error = Home::open(&HomeArgs { root: Some(root) }).unwrap_err();
        assert!(error.to_string().contains("chmod 700"), "{error}");
    }

    #[test]
    fn json_comes_back_and_a_damaged_file_is_an_error() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("state.json");
        assert_eq!(read_json::<Vec<u8>>(&path).unwrap(), None);
        write_json(&path, &vec![1, 2], Durable::Yes).unwrap();
        assert_eq!(read_json::<Vec<u8>>(&path).unwrap(), Some(vec![1, 2]));
        std::fs::write(&path, b"[1,").unwrap();
        assert!(read_json::<Vec<u8>>(&path).unwrap_err().to_string().contains("damaged"));
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1, "no temporary file stays");
    }
}
