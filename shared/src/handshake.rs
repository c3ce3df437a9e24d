//! What parent and child say to each other between the clone and the program.
//!
//! ```text
//! parent (host)                         child (becomes the container)
//! ------------------------------------  ------------------------------------
//! prepare of every part
//! clone3 ─────────────────────────────▶ waits
//! attach of every part
//! Attached(descriptors) ──────────────▶ enter of every part
//!                  ◀────────────────── Ready(descriptors)  or  Failed(error)
//! Start ──────────────────────────────▶ enter of the last parts, execve
//!                  ◀────────────────── end of file (execve closed it)  or  Failed(error)
//! ```
//!
//! These are all the messages there are: a new capability is a new part, never a new message. Each is one
//! packet of a `SOCK_SEQPACKET` pair, so it arrives whole or not at all.

use crate::{Doing, Error, Fds, Result};
use nix::cmsg_space;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr, recvmsg,
    sendmsg, socketpair,
};
use serde::{Deserialize, Serialize};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

/// The longest message in bytes: an error that quotes a few paths of the kernel's longest kind (4096) fits.
const LONGEST: usize = 32 * 1024;
/// The most descriptors in a message; the kernel's own limit (`SCM_MAX_FD`) is 253.
const MOST_FDS: usize = 32;

/// What is said. The lists are the names of the descriptors that travel with the message.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message {
    /// Parent: the host has done its part, go on.
    Attached(Vec<String>),
    /// Child: everything is made, only the last step is left.
    Ready(Vec<String>),
    /// Parent: become the program.
    Start,
    /// Child: it did not work, and why.
    Failed(Error),
}

/// One end of the conversation.
#[derive(Debug)]
pub struct Channel(OwnedFd);

/// Both ends: they close on exec, which is how the parent learns that the program runs.
pub fn pair() -> Result<(Channel, Channel)> {
    let ends = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC);
    let (host, inside) = ends.doing(|| "make the socket pair between parent and child".into())?;
    Ok((Channel(host), Channel(inside)))
}

impl Channel {
    /// Sends one message, with descriptors if it names any.
    pub fn send(&self, message: &Message, fds: &Fds) -> Result<()> {
        let fds: Vec<RawFd> = fds.iter().map(|(_, fd)| fd.as_raw_fd()).collect();
        let rights = [ControlMessage::ScmRights(&fds)];
        let rights = if fds.is_empty() { &rights[..0] } else { &rights[..] };
        let bytes = encode(message)?;
        let packet = [IoSlice::new(&bytes)];
        sendmsg::<UnixAddr>(self.0.as_raw_fd(), &packet, rights, MsgFlags::MSG_NOSIGNAL, None)
            .doing(|| "send a message of the handshake".into())?;
        Ok(())
    }

    /// Waits for the next message; `None` when the other side is gone, or has become its program.
    pub fn receive(&self) -> Result<Option<(Message, Fds)>> {
        let doing = || "receive a message of the handshake".to_string();
        let mut bytes = vec![0; LONGEST];
        let mut space = cmsg_space!([RawFd; MOST_FDS]);
        let mut packet = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let received =
            recvmsg::<UnixAddr>(self.0.as_raw_fd(), &mut packet, Some(&mut space), flags).doing(doing)?;
        let mut fds = Vec::new();
        for control in received.cmsgs().doing(doing)? {
            if let ControlMessageOwned::ScmRights(new) = control {
                fds.extend(new.into_iter().map(crate::sys::received));
            }
        }
        let length = received.bytes;
        if length == 0 {
            return Ok(None);
        }
        let message = serde_json::from_slice(&bytes[..length]).doing(doing)?;
        let names = match &message {
            Message::Attached(names) | Message::Ready(names) => names.clone(),
            Message::Start | Message::Failed(_) => vec![],
        };
        if names.len() != fds.len() {
            // The kernel drops what the receiver has no room for, and says nothing.
            return Err(Error::new(doing(), format!("{} of {} descriptors arrived", fds.len(), names.len()))
                .next("raise the limit on open files: ulimit -n"));
        }
        Ok(Some((message, names.into_iter().zip(fds).collect())))
    }

    /// Whether the other side is gone.
    pub fn is_closed(&self) -> bool {
        let mut ends = [PollFd::new(self.0.as_fd(), PollFlags::empty())];
        let _ = poll(&mut ends, PollTimeout::ZERO);
        ends[0].any() == Some(true)
    }

    /// The number of the descriptor, for the panic hook that has nothing else left.
    pub fn as_raw(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// The names of descriptors, in the order in which they travel.
pub fn names(fds: &Fds) -> Vec<String> {
    fds.iter().map(|(name, _)| name.clone()).collect()
}

fn encode(message: &Message) -> Result<Vec<u8>> {
    let bytes = serde_json::to_vec(message).doing(|| "encode a message of the handshake".into())?;
    match message {
        // Better half a reason than none.
        Message::Failed(error) if bytes.len() > LONGEST => {
            let start: String = error.line().chars().take(LONGEST / 16).collect();
            encode(&Message::Failed(Error::refused(format!("{start}…")).exit(error.exit_code())))
        }
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

    #[test]
    fn carries_names_and_descriptors() {
        let (host, inside) = pair().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        let fds = vec![("null".to_string(), OwnedFd::from(file))];
        inside.send(&Message::Ready(names(&fds)), &fds).unwrap();
        let (message, received) = host.receive().unwrap().unwrap();
        assert!(matches!(message, Message::Ready(_)));
        assert_eq!(received[0].0, "null");
        assert_ne!(received[0].1.as_raw_fd(), fds[0].1.as_raw_fd());
    }

    #[test]
    fn a_closed_end_is_the_end() {
        let (host, inside) = pair().unwrap();
        assert!(!host.is_closed());
        drop(inside);
        assert!(host.is_closed());
        assert!(host.receive().unwrap().is_none());
    }

    #[test]
    fn an_endless_error_still_arrives() {
        let (host, inside) = pair().unwrap();
        let long = Error::new("open ".to_string() + &"\u{1}".repeat(100_000), Errno::ENOENT).exit(127);
        inside.send(&Message::Failed(long), &vec![]).unwrap();
        let Some((Message::Failed(error), _)) = host.receive().unwrap() else { panic!("not Failed") };
        assert!(error.line().starts_with("cannot open"));
        assert_eq!(error.exit_code(), 127);
    }
}
