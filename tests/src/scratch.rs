//! What belongs to one test.

use crate::leaks::{self, Host};
use crate::{Run, binaries};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// Held by every test for reading, by a test that is alone for writing.
static TURN: RwLock<()> = RwLock::new(());

thread_local! {
    /// How many scratches this test has: a second turn for the same test could wait for itself.
    static TURNS: Cell<usize> = const { Cell::new(0) };
}

/// What the canary says: seen inside a container, it is a secret of the host that got in.
pub const SECRET: &str = "the canary of the host";

/// The variable that marks the processes of a test.
pub(crate) const MARK: &str = "COOPERAGE_SCRATCH";

#[derive(Debug)]
enum Turn {
    Shared { _guard: RwLockReadGuard<'static, ()> },
    Alone { _guard: RwLockWriteGuard<'static, ()>, before: Box<Host> },
    Nested,
}

/// The directory, the state and the canary of one test. Dropped, it checks that nothing is left on the host.
#[derive(Debug)]
pub struct Scratch {
    id: String,
    directory: PathBuf,
    /// What the attributes of the canary were.
    canary: (u64, u32, i64, i64),
    /// Names that belong to this test too: the identifiers of its containers.
    names: Mutex<BTreeSet<String>>,
    settling: Duration,
    turn: Turn,
}

impl Scratch {
    /// For a test that runs beside others.
    pub fn new() -> Scratch {
        let nested = TURNS.get() > 0;
        Scratch::with(|| match nested {
            true => Turn::Nested,
            false => Turn::Shared { _guard: TURN.read().unwrap_or_else(|poison| poison.into_inner()) },
        })
    }

    /// For a test that runs while no other of this binary does. The whole host must be as before, down to the
    /// links, firewall rules, cgroups and mounts that carry no name of ours.
    pub fn alone() -> Scratch {
        assert_eq!(TURNS.get(), 0, "a test that is alone has one scratch");
        Scratch::with(|| {
            let guard = TURN.write().unwrap_or_else(|poison| poison.into_inner());
            Turn::Alone { _guard: guard, before: Box::new(Host::look()) }
        })
    }

    fn with(turn: impl FnOnce() -> Turn) -> Scratch {
        // Built before the test begins, so that no time limit of a test pays for it.
        binaries::bin("faulty");
        let turn = turn();
        TURNS.set(TURNS.get() + 1);
        let directory =
            tempfile::Builder::new().prefix("cooperage-").rand_bytes(10).tempdir().unwrap().keep();
        let id = directory.file_name().unwrap().to_str().unwrap().to_string();
        // Others must reach a root filesystem in it, whoever they are inside.
        std::fs::set_permissions(&directory, PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::create_dir(directory.join("canary")).unwrap();
        std::fs::write(directory.join("canary/secret"), SECRET).unwrap();
        std::fs::create_dir(directory.join("home")).unwrap();
        let canary = attributes(&directory.join("canary"));
        let settling = leaks::SETTLING;
        Scratch { id, directory, canary, names: Mutex::default(), settling, turn }
    }

    /// The name of this test, which is in the path of everything it makes.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// The state directory of what it runs (`KEG_ROOT`). It is made by whoever needs it.
    pub fn keg_root(&self) -> PathBuf {
        self.directory.join("keg")
    }

    /// A directory with one file, `secret`, that stand for the host in attacks.
    pub fn canary(&self) -> PathBuf {
        self.directory.join("canary")
    }

    /// A new directory in it.
    pub fn directory(&self, name: &str) -> PathBuf {
        let directory = self.directory.join(name);
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// A new file in it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.directory.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        file
    }

    /// A run of a binary of this workspace.
    pub fn run(&self, name: &str) -> Run<'_> {
        Run::new(self, binaries::bin(name))
    }

    /// A run of a program of this machine, such as `nft`.
    pub fn tool(&self, program: impl Into<PathBuf>) -> Run<'_> {
        Run::new(self, program.into())
    }

    /// Says that everything with this name on the host belongs to this test. The identifiers of containers
    /// are learned without being told.
    pub fn own(&self, name: &str) {
        self.names.lock().unwrap().insert(name.into());
    }

    /// Changes how long the kernel may take to clear up behind the test before something counts as left.
    pub fn settle_within(&mut self, limit: Duration) {
        self.settling = limit;
    }

    /// Learns the identifiers of the containers that are there now.
    pub(crate) fn learn(&self) {
        for directory in ["containers", "run", "run/containers"] {
            let Ok(entries) = std::fs::read_dir(self.keg_root().join(directory)) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    self.own(shared::id::short(&name));
                }
            }
        }
    }

    /// What carries a name of this test on the host, and what happened to the canary.
    fn left(&self) -> Vec<String> {
        self.learn();
        let mut names: Vec<String> = self.names.lock().unwrap().iter().cloned().collect();
        names.push(self.id.clone());
        let mut left = leaks::of(&names);
        left.extend(leaks::temporary_files(&self.keg_root()));
        if attributes(&self.canary()) != self.canary
            || std::fs::read(self.canary().join("secret")).ok().as_deref() != Some(SECRET.as_bytes())
        {
            left.push(format!("the canary {} was changed", self.canary().display()));
        }
        if let Turn::Alone { before, .. } = &self.turn {
            left.extend(before.differences(&Host::look()));
        }
        left
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        TURNS.set(TURNS.get() - 1);
        let left = leaks::settle(self.settling, || self.left());
        leaks::clear(&self.id);
        let removed = shared::tree::remove(&self.directory);
        let mut complaint = left.join("\n  ");
        if let Err(error) = removed {
            complaint += &format!("\n  {} cannot be removed: {error}", self.directory.display());
        }
        if complaint.is_empty() {
            return;
        }
        if std::thread::panicking() {
            eprintln!("and this is left on the host:\n  {complaint}");
        } else {
            panic!("left on the host:\n  {complaint}");
        }
    }
}

/// What changes when anybody touches a directory.
fn attributes(path: &Path) -> (u64, u32, i64, i64) {
    let found = std::fs::symlink_metadata(path).map(|it| (it.ino(), it.mode(), it.ctime(), it.ctime_nsec()));
    found.unwrap_or_default()
}
