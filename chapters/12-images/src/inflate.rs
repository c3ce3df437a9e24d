//! Takes the compression off. What it is, the first bytes say: media types are often wrong.

use crate::pipe::{Reader, Writer};
use crate::unpack::limits::Limits;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, ErrorKind, Read};

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, of one member or several.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// What is added to the media type of a layer.
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => "+gzip",
            Compression::Zstd => "+zstd",
        }
    }

    /// Recognises the compression. One that is unknown here is refused by its name, and never handed to a
    /// program: that could be one from an image (CVE-2026-41567).
    fn of(start: &[u8]) -> io::Result<Compression> {
        let refused = |name: &str| {
            let why = format!("it is compressed with {name}; gzip, zstd and no compression are understood");
            Err(io::Error::new(ErrorKind::InvalidData, why))
        };
        match start {
            [0x1f, 0x8b, ..] => Ok(Compression::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Compression::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => refused("xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => refused("bzip2"),
            [0x04, 0x22, 0x4d, 0x18, ..] => refused("lz4"),
            [b'P', b'K', 3, 4, ..] => refused("zip"),
            _ => Ok(Compression::None),
        }
    }
}

/// Inflates everything that comes, and says how it was compressed.
pub fn inflate(mut from: Reader, to: Writer, limits: Limits) -> io::Result<Compression> {
    let compression = Compression::of(from.fill_buf()?)?;
    match compression {
        Compression::None => to.pump(&mut from, bounded(limits, |_| 0))?,
        Compression::Gzip => {
            let decoder = MultiGzDecoder::new(from);
            pump(decoder, to, limits, |decoder| decoder.get_ref().total())?;
        }
        Compression::Zstd => {
            let decoder = zstd::Decoder::with_buffer(from)?;
            pump(decoder, to, limits, |decoder| decoder.get_ref().total())?;
        }
    }
    Ok(compression)
}

/// A decoder that the limits can ask, between two blocks, how much it has taken in.
struct Measured<D>(D, std::rc::Rc<std::cell::Cell<u64>>, fn(&D) -> u64);

impl<D: Read> Read for Measured<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => {
                io::Error::new(ErrorKind::InvalidData, "the compressed data is cut off")
            }
            // The header of a member that is none: flate2 calls this an invalid input.
            ErrorKind::InvalidInput => {
                io::Error::new(ErrorKind::InvalidData, "junk or damage in the compressed data")
            }
            _ => error,
        });
        self.1.set(self.2(&self.0));
        read
    }
}

fn pump<D: Read>(decoder: D, to: Writer, limits: Limits, taken: fn(&D) -> u64) -> io::Result<()> {
    let count = std::rc::Rc::new(std::cell::Cell::new(0));
    let mut measured = Measured(decoder, count.clone(), taken);
    to.pump(&mut measured, bounded(limits, move |_| count.get()))
}

/// Checks each block against the limits; `taken` gives the compressed bytes so far, 0 for no compression.
fn bounded(limits: Limits, taken: impl Fn(u64) -> u64) -> impl FnMut(&[u8]) -> io::Result<()> {
    let mut total = 0;
    move |block| {
        total += block.len() as u64;
        let compressed = taken(total);
        let too_long = |why: String| Err(io::Error::new(ErrorKind::InvalidData, why));
        if total > limits.bytes {
            return too_long(format!("it is longer than {} bytes when it is inflated", limits.bytes));
        }
        if compressed > 0 && total > limits.ratio_from && total / compressed > limits.ratio {
            return too_long(format!(
                "it gets more than {} times as long by inflating: a bomb",
                limits.ratio
            ));
        }
        Ok(())
    }
}
