//! All containers: names, look-up, and putting right what a crash left.

use crate::container::{Container, SPEC};
use crate::names;
use crate::spec::Spec;
use crate::state::Status;
use shared::home::{Home, private_dir, read_json};
use shared::{Doing, Error, Result, id};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many made-up names are tried before giving up.
const NAME_ATTEMPTS: usize = 100;

/// How often a new directory is made before giving up: that a sweep is quicker happens once in a blue moon.
const DIRECTORY_ATTEMPTS: usize = 100;

/// The containers of one home.
#[derive(Debug)]
pub struct Containers {
    home: Home,
    containers: PathBuf,
    names: PathBuf,
    /// What could not be put right, by the identifier: it must not keep the others from anything.
    wrong: Vec<(String, Error)>,
}

/// A line of `keg ps`.
#[derive(Debug)]
pub struct Listed {
    /// The container.
    pub container: Container,
    /// What it is doing.
    pub status: Status,
}

/// A container that nobody else may touch until this is dropped.
#[derive(Debug)]
struct Locked {
    container: Container,
    _lock: File,
}

impl Containers {
    /// The containers below `home`, after anything that a killed launcher left was put right.
    pub fn open(home: Home) -> Result<Containers> {
        let (containers, names) = (home.data.join("containers"), home.data.join("names"));
        private_dir(&containers)?;
        private_dir(&names)?;
        let mut all = Containers { home, containers, names, wrong: vec![] };
        all.wrong = all.sweep()?;
        Ok(all)
    }

    /// Creates the container that `spec` describes, runs it in the foreground, and returns its exit code. An
    /// empty name means a made-up one.
    pub fn run(&self, spec: Spec) -> Result<u8> {
        let Locked { container, _lock } = self.create(spec)?;
        let ended = container.run();
        if container.spec.remove {
            // The directory it wrote to is a part of the container, so it goes with it.
            let erased = container.erase();
            return match (ended, erased) {
                (Err(error), Err(more)) => Err(error.also(vec![more])),
                (ended, erased) => ended.and_then(|code| erased.map(|()| code)),
            };
        }
        ended
    }

    fn create(&self, mut spec: Spec) -> Result<Locked> {
        if !spec.name.is_empty() {
            names::valid(&spec.name)?;
        }
        let (id, lock) = self.new_directory()?;
        spec.layers.changes = Some(self.containers.join(&id));
        spec.hostname.name.get_or_insert_with(|| id::short(&id).into());
        spec.id = id;
        let mut container = Container::at(&self.home, spec);
        let made = self.reserve_name(&mut container).and_then(|()| container.store());
        match made {
            Ok(()) => Ok(Locked { container, _lock: lock }),
            Err(error) => Err(error.also(container.erase().err().into_iter().collect())),
        }
    }

    /// The directory of a new container, locked: a sweep takes an unlocked half for what a crash has left.
    fn new_directory(&self) -> Result<(String, File)> {
        for _ in 0..DIRECTORY_ATTEMPTS {
            let id = id::random()?;
            let stub = Container::at(&self.home, Spec { id: id.clone(), ..Spec::default() });
            private_dir(stub.directory())?;
            // A sweep may have been quicker than the lock. It has removed the directory then.
            let Some(lock) = stub.lock_file()? else { continue };
            lock.lock().doing(|| "lock a new container".into())?;
            if lock.metadata().doing(|| "look at the lock of a new container".into())?.nlink() > 0 {
                return Ok((id, lock));
            }
        }
        Err(Error::refused("other keg processes keep removing the directory of the new container")
            .next("try again"))
    }

    /// A name is a symbolic link to the identifier: making it is one step, which only one can win.
    fn reserve_name(&self, container: &mut Container) -> Result<()> {
        let given = !container.spec.name.is_empty();
        for attempt in 0..NAME_ATTEMPTS {
            if !given {
                container.spec.name = names::made_up(&container.spec.id, attempt);
            }
            let name = &container.spec.name;
            match symlink(&container.spec.id, self.names.join(name)) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(error).doing(|| format!("reserve the name {name}"));
                }
                Err(_) if given => return Err(self.conflict(name)),
                Err(_) => {}
            }
        }
        Err(Error::refused("every made-up name is taken").next("give one with --name"))
    }

    fn conflict(&self, name: &str) -> Error {
        let holder = std::fs::read_link(self.names.join(name)).unwrap_or_default();
        Error::refused(format!(
            "Conflict. The container name \"/{name}\" is already in use by container \"{}\"",
            holder.display()
        ))
        .next(format!("remove that container with `keg rm {name}`, or choose another name"))
    }

    /// All containers, the newest first. One whose file is damaged is in the second list, as the reason why:
    /// it must not hide the others.
    pub fn list(&self) -> Result<(Vec<Listed>, Vec<Error>)> {
        let (mut listed, mut broken) = (Vec::new(), Vec::new());
        for id in self.ids()? {
            let found = self.load(&id).and_then(|container| match container {
                Some(container) => container.status().map(|status| Some(Listed { container, status })),
                None => Ok(None), // it is being made, or being removed
            });
            match found {
                Ok(found) => {
                    listed.extend(found);
                    let wrong = self.wrong.iter().filter(|(of, _)| *of == id);
                    broken.extend(wrong.map(|(_, error)| error.clone()));
                }
                Err(error) => {
                    let short = id::short(&id);
                    let next = format!("`keg rm -f {short}` removes it; or restore it from a backup");
                    broken.push(Error::new(format!("show container {short}"), error).next(next));
                }
            }
        }
        listed.sort_by_key(|line| std::cmp::Reverse(line.container.spec.created));
        Ok((listed, broken))
    }

    /// The container with exactly this name, else the only one whose identifier begins so.
    pub fn find(&self, wanted: &str) -> Result<Container> {
        let (listed, _) = self.list()?;
        let mut all: Vec<Container> = listed.into_iter().map(|line| line.container).collect();
        if let Some(found) = all.iter().position(|container| container.spec.name == wanted) {
            return Ok(all.swap_remove(found));
        }
        all.retain(|container| !wanted.is_empty() && container.spec.id.starts_with(wanted));
        match all.len() {
            1 => Ok(all.swap_remove(0)),
            0 => Err(Error::refused(format!("No such container: {wanted}"))
                .next("`keg ps -a` shows all")
                .exit(1)),
            many => Err(Error::refused(format!("\"{wanted}\" matches {many} containers"))
                .next("give more digits of the identifier, or the name")
                .exit(1)),
        }
    }

    /// Removes a container; one that runs only with `force`, which kills it.
    pub fn remove(&self, wanted: &str, force: bool) -> Result<()> {
        let found = self.find(wanted);
        let container = match found {
            Err(error) if force => self.damaged(wanted)?.ok_or(error)?,
            found => found?,
        };
        let Some(_lock) = take(&container, force)? else { return Ok(()) };
        container.reconcile()?;
        container.erase()
    }

    /// A container of which nobody can say any more what it is, by its name or the first 12 digits at least of
    /// its identifier: enough of it to be removed.
    fn damaged(&self, wanted: &str) -> Result<Option<Container>> {
        let is_it = |id: &String| {
            let named = self.name_of(id).is_some_and(|name| name == wanted);
            let same = named || id::short(wanted).len() >= 12 && id.starts_with(wanted);
            same && self.load(id).is_err()
        };
        let Some(id) = self.ids()?.into_iter().find(is_it) else { return Ok(None) };
        let name = self.name_of(&id).unwrap_or_default();
        Ok(Some(Container::at(&self.home, Spec { id, name, remove: true, ..Spec::default() })))
    }

    /// The name that is reserved for an identifier.
    fn name_of(&self, id: &str) -> Option<String> {
        let names = std::fs::read_dir(&self.names).ok()?.flatten();
        let mut names =
            names.filter(|name| std::fs::read_link(name.path()).is_ok_and(|to| to == Path::new(id)));
        names.next()?.file_name().into_string().ok()
    }

    /// Puts right what no living launcher is at: finishes containers that ended unseen, and removes halves.
    /// Returns what could not be put right.
    fn sweep(&self) -> Result<Vec<(String, Error)>> {
        let put_right = |id: String| {
            let error = self.put_right(&id).err()?;
            let doing = format!("clear up behind container {}", id::short(&id));
            Some((id, Error::new(doing, error)))
        };
        Ok(self.ids()?.into_iter().filter_map(put_right).collect())
    }

    fn put_right(&self, id: &str) -> Result<()> {
        let stub = Container::at(&self.home, Spec { id: id.into(), ..Spec::default() });
        let Some(lock) = stub.lock_file()? else { return Ok(()) };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error).doing(|| "lock it".into()),
        }
        // Only now: before, it could have been a half that its maker was about to make whole.
        match self.load(id) {
            Err(_) => Ok(()), // damaged: shown by `list`, and removed by nobody unasked
            Ok(None) => {
                let name = self.name_of(id).unwrap_or_default();
                Container::at(&self.home, Spec { name, ..stub.spec }).erase()
            }
            Ok(Some(container)) => {
                container.reconcile()?;
                if container.spec.remove { container.erase() } else { Ok(()) }
            }
        }
    }

    fn ids(&self) -> Result<Vec<String>> {
        let doing = || format!("list {}", self.containers.display());
        let entries = std::fs::read_dir(&self.containers).doing(doing)?;
        Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    fn load(&self, id: &str) -> Result<Option<Container>> {
        let spec: Option<Spec> = read_json(&self.containers.join(id).join(SPEC))?;
        Ok(spec.map(|spec| Container::at(&self.home, spec)))
    }
}

/// How long a launcher may take to record an end and let go.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before looking again.
const STEP: Duration = Duration::from_millis(5);

/// Locks a container that is to be removed, once it has ended and its launcher has let go of it. `None` if the
/// launcher has removed it.
fn take(container: &Container, force: bool) -> Result<Option<File>> {
    let doing = || format!("remove container \"/{}\"", container.spec.name);
    let end = Instant::now() + PATIENCE;
    loop {
        let Some(lock) = container.lock_file()? else { return Ok(None) };
        // Looked at each time: it may only just be starting.
        if container.alive()? {
            if !force {
                return Err(Error::new(doing(), "container is running")
                    .next("stop it first, or use -f to kill and remove it")
                    .exit(1));
            }
            container.kill()?;
        }
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(STEP),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(doing(), "another keg is at it and does not let go")
                    .next("end the `keg run` that started it, then try again")
                    .exit(1));
            }
            Err(TryLockError::Error(error)) => return Err(error).doing(doing),
        }
    }
}
