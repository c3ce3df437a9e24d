//! Blocks of bytes from one thread to another, so that fetching, inflating and unpacking go on at once.
//!
//! A few blocks wait at most, and each goes back to be filled again: memory stays what it is, however long
//! the stream. An end that is dropped early is seen at the other: as [`STOPPED`] by the writer, as [`CUT`]
//! by the reader.

use crate::digest::{Digest, Hasher};
use std::io::{self, BufRead, ErrorKind, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Bytes in a block: few enough to stay in the processor's cache from one thread to the next.
const BLOCK: usize = 128 * 1024;
/// Blocks that wait: enough to bridge the time that a small file takes to be made.
const WAITING: usize = 8;

/// What the writer gets when the reader has given up.
pub const STOPPED: ErrorKind = ErrorKind::BrokenPipe;
/// What the reader gets when the writer has given up.
pub const CUT: ErrorKind = ErrorKind::ConnectionAborted;

/// A block, and how much of it is filled; nothing marks the end.
type Filled = (Vec<u8>, usize);

/// The end that is filled.
pub struct Writer {
    to: SyncSender<Filled>,
    empty: Receiver<Vec<u8>>,
    block: Vec<u8>,
}

/// The end that is read.
pub struct Reader {
    from: Receiver<Filled>,
    empty: Sender<Vec<u8>>,
    block: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
    total: u64,
    hasher: Option<Hasher>,
}

/// Both ends.
pub fn pipe() -> (Writer, Reader) {
    let (to, from) = sync_channel(WAITING);
    let (back, empty) = channel();
    let reader =
        Reader { from, empty: back, block: vec![], at: 0, filled: 0, ended: false, total: 0, hasher: None };
    (Writer { to, empty, block: vec![0; BLOCK] }, reader)
}

impl Writer {
    /// Sends everything that `source` gives; `each` sees every block first.
    pub fn pump(
        mut self,
        source: &mut impl Read,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            let filled = read_full(source, &mut self.block)?;
            if filled > 0 {
                each(&self.block[..filled])?;
            }
            let next = self.empty.try_recv().unwrap_or_else(|_| vec![0; BLOCK]);
            let full = std::mem::replace(&mut self.block, next);
            self.to.send((full, filled)).map_err(|_| io::Error::from(STOPPED))?;
            if filled == 0 {
                return Ok(());
            }
        }
    }
}

fn read_full(source: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match source.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl Reader {
    /// Computes the digest of everything that comes by.
    pub fn hashed(mut self) -> Reader {
        self.hasher = Some(Hasher::default());
        self
    }

    /// The digest of everything that came by.
    pub fn digest(self) -> Digest {
        self.hasher.unwrap_or_default().finish()
    }

    /// How many bytes came by.
    pub fn total(&self) -> u64 {
        self.total
    }
}

impl BufRead for Reader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.filled && !self.ended {
            let used = std::mem::take(&mut self.block);
            if !used.is_empty() {
                let _ = self.empty.send(used); // a writer that has finished needs no more blocks
            }
            (self.block, self.filled) = self.from.recv().map_err(|_| io::Error::from(CUT))?;
            (self.at, self.ended) = (0, self.filled == 0);
            self.total += self.filled as u64;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&self.block[..self.filled]);
            }
        }
        Ok(&self.block[self.at..self.filled])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let step = there.len().min(buffer.len());
        buffer[..step].copy_from_slice(&there[..step]);
        self.consume(step);
        Ok(step)
    }
}
