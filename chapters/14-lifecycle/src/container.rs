//! One container: its files, its run, its end.

use crate::spec::{Spec, parts};
use crate::state::{Ended, State, Status};
use jiff::Timestamp;
use nix::sys::wait::WaitPidFlag;
use shared::home::{Durable, Home, private_dir, read_json, write_json};
use shared::launch::{Parts, launch, release};
use shared::{Doing, Error, Result, sys};
use std::fs::File;
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
        match self.state()? {
            Some(state) if state.alive() => return Ok(Status::Up(state.started)),
            Some(state) => return Ok(Status::Exited(Ended { exit_code: UNSEEN, finished: state.started })),
            None => {}
        }
        Ok(read_json(&self.data.join(ENDED))?.map_or(Status::Created, Status::Exited))
    }

    fn state(&self) -> Result<Option<State>> {
        read_json(&self.run.join(STATE))
    }

    /// Starts it and stays with it until it has ended; returns its exit code. The caller holds its lock.
    pub(crate) fn run(&self) -> Result<u8> {
        let mut parts = parts(&self.spec);
        let running = launch(&mut parts, &self.spec.program)?;
        let recorded = private_dir(&self.run)
            .and_then(|()| State::of(&self.spec.id, &running.child))
            .and_then(|state| write_json(&self.run.join(STATE), &state, Durable::No));
        if recorded.is_err() {
            let _ = sys::pidfd_signal(&running.child.pidfd, libc::SIGKILL); // what is not recorded must not run
        }
        let ended = running.wait();
        let finished = self.finish(&parts, *ended.as_ref().unwrap_or(&UNSEEN));
        recorded?;
        finished.and(ended)
    }

    /// Records the end and gives back what the parts took. It can be repeated.
    fn finish(&self, parts: &Parts, exit_code: u8) -> Result<()> {
        let mut failed = Vec::new();
        if !self.spec.remove {
            let ended = Ended { exit_code, finished: Timestamp::now() };
            failed.extend(write_json(&self.data.join(ENDED), &ended, Durable::Yes).err());
        }
        failed.extend(release(parts));
        failed.extend(remove_dir(&self.run).err()); // the last: as long as it is there, this is done again
        Error::all(failed)
    }

    /// Finishes what a launcher that was killed left behind. The caller holds its lock, so nobody is at it.
    pub(crate) fn reconcile(&self) -> Result<()> {
        if self.state()?.is_some_and(|state| !state.alive()) {
            self.finish(&parts(&self.spec), UNSEEN)?;
        }
        Ok(())
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

    /// What is locked by whoever makes, runs or removes it: its directory itself.
    pub(crate) fn lock_file(&self) -> Result<File> {
        File::open(&self.data).doing(|| format!("open {}", self.data.display()))
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
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
