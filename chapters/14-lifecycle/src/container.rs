//! One container: its files, its run, its end.

use crate::spec::{Spec, parts};
use crate::state::{Ended, State, Status};
use jiff::Timestamp;
use nix::sys::wait::WaitPidFlag;
use shared::home::{Durable, Home, private_dir, read_json, write_json};
use shared::launch::{Parts, launch, release};
use shared::{Doing, Error, Result, sys, tree};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the container is. It is there as soon as this file is, and gone as soon as it is not.
pub(crate) const SPEC: &str = "spec.json";
const STATE: &str = "state.json";
const ENDED: &str = "ended.json";

/// The exit code of a container whose end nobody saw. Docker's.
const UNSEEN: u8 = 255;

/// A container that has been created.
#[derive(Debug)]
pub struct Container {
    /// What it is.
    pub spec: Spec,
    data: PathBuf,
    run: PathBuf,
    names: PathBuf,
}

impl Container {
    pub(crate) fn at(home: &Home, spec: Spec) -> Container {
        Container {
            data: home.data.join("containers").join(&spec.id),
            run: home.run.join(&spec.id),
            names: home.data.join("names"),
            spec,
        }
    }

    /// Where its files are, and what it writes.
    pub fn directory(&self) -> &Path {
        &self.data
    }

    /// A container that is removed at its end has no second life for which a disk would have to be waited for.
    fn durable(&self) -> Durable {
        if self.spec.remove { Durable::No } else { Durable::Yes }
    }

    pub(crate) fn store(&self) -> Result<()> {
        write_json(&self.data.join(SPEC), &self.spec, self.durable())
    }

    /// What the kernel and the files say of it now.
    pub fn status(&self) -> Result<Status> {
        Ok(match self.state()? {
            // Between its end and the record of it, only its launcher knows how it ended.
            Some(state) if state.alive() || self.has_launcher() => Status::Up(state.started),
            Some(state) => Status::Exited(self.end_of(Some(&state), state.started)?),
            None => read_json(&self.data.join(ENDED))?.map_or(Status::Created, Status::Exited),
        })
    }

    /// How a run that is over has ended: as its launcher has written down, if it came to that. What is written
    /// down from a run before counts for nothing.
    fn end_of(&self, state: Option<&State>, finished: Timestamp) -> Result<Ended> {
        let recorded: Option<Ended> = read_json(&self.data.join(ENDED))?;
        let of_this = recorded.filter(|ended| state.is_some_and(|state| ended.finished >= state.started));
        Ok(of_this.unwrap_or(Ended { exit_code: UNSEEN, finished }))
    }

    /// Whether its process runs.
    pub(crate) fn alive(&self) -> Result<bool> {
        Ok(self.state()?.is_some_and(|state| state.alive()))
    }

    /// Whether somebody is at it who launches, finishes or removes it.
    fn has_launcher(&self) -> bool {
        let lock = self.lock_file().and_then(|lock| lock.ok_or_else(|| Error::refused("it is gone")));
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    fn state(&self) -> Result<Option<State>> {
        read_json(&self.run.join(STATE))
    }

    /// Starts it and stays with it until it has ended; returns its exit code. The caller holds its lock.
    pub(crate) fn run(&self) -> Result<u8> {
        let mut parts = parts(&self.spec);
        // Before anything is made: who finds this directory without a launcher knows that there is something to
        // be given back, even if the launcher did not live to write down which process it was.
        private_dir(&self.run)?;
        let running = match launch(&mut parts, &self.spec.program) {
            Ok(running) => running,
            Err(error) => return Err(error.also(remove_dir(&self.run).err().into_iter().collect())),
        };
        let recorded = State::of(&self.spec.id, &running.child)
            .and_then(|state| write_json(&self.run.join(STATE), &state, Durable::No));
        if recorded.is_err() {
            let _ = sys::pidfd_signal(&running.child.pidfd, libc::SIGKILL); // what is not recorded must not run
        }
        let ended = running.wait();
        let exit_code = *ended.as_ref().unwrap_or(&UNSEEN);
        let finished = self.finish(&parts, &Ended { exit_code, finished: Timestamp::now() });
        recorded?;
        finished.and(ended)
    }

    /// Records the end and gives back what the parts took. It can be repeated.
    fn finish(&self, parts: &Parts, ended: &Ended) -> Result<()> {
        let mut failed = Vec::new();
        if !self.spec.remove {
            failed.extend(write_json(&self.data.join(ENDED), ended, Durable::Yes).err());
        }
        failed.extend(release(parts));
        failed.extend(remove_dir(&self.run).err()); // the last: as long as it is there, this is done again
        Error::all(failed)
    }

    /// Finishes what a launcher that was killed left behind. The caller holds its lock, so nobody is at it.
    pub(crate) fn reconcile(&self) -> Result<()> {
        if !self.run.exists() {
            return Ok(());
        }
        // The kernel kills it together with its launcher, but not at the same instant, and not at all if its
        // program is a set-user-ID one (prctl(2), PR_SET_PDEATHSIG).
        self.kill()?;
        let ended = self.end_of(self.state()?.as_ref(), Timestamp::now())?;
        self.finish(&parts(&self.spec), &ended)
    }

    /// Kills it, and waits until its processes are gone.
    pub(crate) fn kill(&self) -> Result<()> {
        let Some(state) = self.state()?.filter(State::alive) else { return Ok(()) };
        let doing = || format!("kill container {}", self.spec.name);
        let pid = nix::unistd::Pid::from_raw(state.init_process_pid);
        let process = match sys::pidfd_open(pid) {
            // Looked at again: only what the descriptor means cannot change any more.
            Ok(process) if state.alive() => process,
            _ => return Ok(()),
        };
        sys::pidfd_signal(&process, libc::SIGKILL).doing(doing)?;
        wait_for_end(&process).doing(doing)
    }

    /// Removes every trace, in an order in which a half-removed container is never taken for a whole one.
    pub(crate) fn erase(&self) -> Result<()> {
        let gone = |result: std::io::Result<()>, path: &Path| match result {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::new(format!("remove {}", path.display()), error))
            }
            _ => Ok(()),
        };
        let (spec, name) = (self.data.join(SPEC), self.names.join(&self.spec.name));
        gone(std::fs::remove_file(&spec), &spec)?;
        if std::fs::read_link(&name).is_ok_and(|id| id == Path::new(&self.spec.id)) {
            gone(std::fs::remove_file(&name), &name)?;
        }
        remove_dir(&self.run)?;
        remove_dir(&self.data)
    }

    /// What is locked by whoever makes, runs or removes it: its directory itself. `None` if that is gone.
    pub(crate) fn lock_file(&self) -> Result<Option<File>> {
        match File::open(&self.data) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some).doing(|| format!("open {}", self.data.display())),
        }
    }
}

/// How long a killed container may take to be gone, in milliseconds. A process that is stuck in the kernel
/// takes for ever, and that is to be said and not waited for.
const PATIENCE: u16 = 10_000;

fn wait_for_end(process: &std::os::fd::OwnedFd) -> nix::Result<()> {
    use nix::poll::{PollFd, PollFlags, poll};
    use std::os::fd::AsFd;
    let mut ready = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    match poll(&mut ready, PATIENCE)? {
        0 => Err(nix::errno::Errno::ETIMEDOUT),
        _ => {
            // Reaped here only if it was ours.
            let _ = nix::sys::wait::waitid(nix::sys::wait::Id::PIDFd(process.as_fd()), WaitPidFlag::WEXITED);
            Ok(())
        }
    }
}

fn remove_dir(path: &Path) -> Result<()> {
    tree::remove(path).doing(|| format!("remove {}", path.display()))
}
