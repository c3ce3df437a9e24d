//! The one launch: every container of the project is made here.
//!
//! There is one clone, one handshake and one rollback, whatever the list of parts is. When part *i* fails,
//! the parts *i* to 0 are released, in that order and all of them, even when some fail at that too.

use crate::handshake::{Channel, Message, names, pair};
use crate::program::Program;
use crate::relay::{self, HeldSignals};
use crate::sys::{self, Forked};
use crate::{Child, CloneArgs, Doing, Error, Fds, Inside, Part, Result};
use nix::errno::Errno;
use nix::sched::CloneFlags;
use nix::sys::stat::{Mode, umask};
use std::sync::atomic::{AtomicI32, Ordering};

/// The parts of a container, in the order in which they act.
pub type Parts = Vec<Box<dyn Part>>;

/// A container whose program runs.
#[derive(Debug)]
pub struct Running {
    /// The first process of the container.
    pub child: Child,
    /// What came up with Ready: the standard streams, or the terminal.
    pub up: Fds,
    signals: HeldSignals,
}

impl Running {
    /// Serves the container until it ends: copies the streams, forwards signals. Returns the exit code, which
    /// is 128 + n after signal n.
    pub fn wait(self) -> Result<u8> {
        let served = relay::serve(&self.child, self.up, &self.signals);
        // Who cannot serve it must not leave it running: its parts are about to be released.
        served.map_err(|error| error.also(put_down(&self.child).err().into_iter().collect()))
    }
}

/// Launches the container, waits until it has ended, and releases its parts.
pub fn run(mut parts: Parts, program: &Program) -> Result<u8> {
    let ended = launch(&mut parts, program)?.wait();
    match (ended, Error::all(release(&parts))) {
        (Err(error), Err(more)) => Err(error.also(vec![more])),
        (ended, released) => ended.and_then(|code| released.map(|()| code)),
    }
}

/// Makes the container and starts its program.
///
/// # Errors
/// Whatever a part or the program reports. Everything is undone then, and what could not be undone is in the
/// error too.
pub fn launch(parts: &mut Parts, program: &Program) -> Result<Running> {
    // A signal that arrives from here on waits until somebody can act on it: it must not end this process
    // between making a thing and being able to undo it.
    let signals = HeldSignals::hold()?;
    // What is made for the container has the modes that are asked for, whatever its caller's umask, and the
    // program begins with the usual one: a user of the container must be able to read /etc/resolv.conf.
    umask(Mode::S_IWGRP | Mode::S_IWOTH);
    let mut clone = CloneArgs { new: CloneFlags::empty() };
    for i in 0..parts.len() {
        if let Err(error) = parts[i].prepare(&mut clone) {
            return Err(error.also(release(&parts[..=i])));
        }
    }
    match start(parts, program, &clone) {
        Ok((child, up)) => Ok(Running { child, up, signals }),
        Err(error) => Err(error.also(release(parts))),
    }
}

/// Releases the parts, the last one first, and collects what fails: one part that cannot let go is no reason
/// for the others to stay.
pub fn release(parts: &[Box<dyn Part>]) -> Vec<Error> {
    parts.iter().rev().filter_map(|part| part.release().err()).collect()
}

fn start(parts: &mut Parts, program: &Program, clone: &CloneArgs) -> Result<(Child, Fds)> {
    let (host, inside) = pair()?;
    match sys::clone3(clone.new) {
        Err(errno) => Err(clone_error(clone.new, errno)),
        Ok(Forked::Child) => {
            drop(host);
            become_container(parts, program, &inside)
        }
        Ok(Forked::Parent(pid, pidfd)) => {
            drop(inside); // or the end of the child would never be seen as the end of the conversation
            let child = Child { pid, pidfd };
            match guide(parts, &child, &host) {
                Ok(up) => Ok((child, up)),
                Err(error) => Err(error.also(put_down(&child).err().into_iter().collect())),
            }
        }
    }
}

// ANCHOR: guide
/// The parent's half of the handshake.
fn guide(parts: &mut Parts, child: &Child, host: &Channel) -> Result<Fds> {
    let mut down = Fds::new();
    for part in parts.iter_mut() {
        part.attach(child, &mut down)?;
    }
    // A child that has failed already cannot hear this, but what it said can still be heard.
    let _ = host.send(&Message::Attached(names(&down)), &down);
    drop(down);
    let up = match host.receive()? {
        Some((Message::Ready(_), up)) => up,
        Some((Message::Failed(error), _)) => return Err(error),
        _ => return Err(vanished(child)),
    };
    let _ = host.send(&Message::Start, &Fds::new());
    match host.receive()? {
        None => Ok(up),
        Some((Message::Failed(error), _)) => Err(error),
        Some(_) => Err(vanished(child)),
    }
}
// ANCHOR_END: guide

/// The child's half. It returns to nobody: it becomes the program, or it reports and ends.
fn become_container(parts: &mut Parts, program: &Program, channel: &Channel) -> ! {
    report_panics(channel);
    let Err(error) = enter(parts, program, channel);
    let code = error.exit_code();
    let _ = channel.send(&Message::Failed(error), &Fds::new());
    sys::exit_now(code)
}

// ANCHOR: enter
fn enter(parts: &mut Parts, program: &Program, channel: &Channel) -> Result<std::convert::Infallible> {
    sys::die_with_parent().doing(|| "ask to be killed with the parent".into())?;
    let Some((Message::Attached(_), down)) = channel.receive()? else {
        return Err(Error::refused("the parent went away"));
    };
    let mut inside = Inside { env: program.env.clone(), down, ..Inside::default() };
    let (mut last, mut first): (Vec<_>, Vec<_>) = parts.iter_mut().partition(|part| part.last());
    for part in &mut first {
        part.enter(&mut inside)?;
    }
    program.enter_directory()?;
    let up = std::mem::take(&mut inside.up);
    channel.send(&Message::Ready(names(&up)), &up)?;
    drop(up); // the host holds them now; a copy that stays here would keep its streams open for ever
    let Some((Message::Start, _)) = channel.receive()? else {
        return Err(Error::refused("the parent went away"));
    };
    for part in &mut last {
        part.enter(&mut inside)?;
        // A change of user has taken it back, and the parent may have ended meanwhile.
        sys::die_with_parent().doing(|| "ask to be killed with the parent".into())?;
        if channel.is_closed() {
            return Err(Error::refused("the parent went away"));
        }
    }
    program.exec(&inside.env)
}
// ANCHOR_END: enter

/// Where the panic hook can say something: a panic as process 1 would otherwise look like a crash without a
/// reason, because the kernel does not deliver SIGABRT to it.
static PANIC_CHANNEL: AtomicI32 = AtomicI32::new(-1);

fn report_panics(channel: &Channel) {
    PANIC_CHANNEL.store(channel.as_raw(), Ordering::Relaxed);
    std::panic::set_hook(Box::new(|panic| {
        let error = Error::refused(format!("a bug: {panic}")).next("please report it");
        if let Ok(bytes) = serde_json::to_vec(&Message::Failed(error)) {
            let flags = nix::sys::socket::MsgFlags::MSG_NOSIGNAL;
            let _ = nix::sys::socket::send(PANIC_CHANNEL.load(Ordering::Relaxed), &bytes, flags);
        }
        sys::exit_now(crate::error::exit::RUNTIME)
    }));
}

/// Ends a child that is not to go on, and waits until it is gone: only then can the parts be released.
fn put_down(child: &Child) -> Result<()> {
    match sys::pidfd_signal(&child.pidfd, libc::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => return Err(Error::new(format!("kill process {}", child.pid), errno)),
    }
    match sys::wait(&child.pidfd) {
        Ok(_) | Err(Errno::ECHILD) => Ok(()),
        Err(errno) => Err(Error::new(format!("wait for process {}", child.pid), errno)),
    }
}

/// The child ended and said nothing: what the kernel knows of it is all there is.
fn vanished(child: &Child) -> Error {
    let how = match sys::peek(&child.pidfd) {
        Ok(ended) => ended.to_string(),
        Err(_) => "nothing is known of its end".into(),
    };
    Error::new("start the container", format!("its first process ended before it was ready: {how}"))
        .next("look into the kernel's log with dmesg: the out-of-memory killer leaves a line there")
}

fn clone_error(namespaces: CloneFlags, errno: Errno) -> Error {
    let error = Error::new(format!("make a process in new namespaces ({namespaces:?})"), errno);
    match errno {
        Errno::EPERM => error.next("run it as root, or with sudo"),
        Errno::ENOSPC | Errno::EUSERS => {
            error.next("a limit on namespaces is reached; see /proc/sys/user/max_*_namespaces")
        }
        Errno::EINVAL => {
            error.next("this kernel was built without one of these namespaces; see /proc/self/ns")
        }
        Errno::EAGAIN => {
            error.next("a limit on processes is reached; see ulimit -u and /proc/sys/kernel/pid_max")
        }
        Errno::EDEADLK => error.next("a bug: the process that launches must have one thread only"),
        _ => error,
    }
}
