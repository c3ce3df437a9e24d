//! Reads an archive entry by entry.
//!
//! The `tar` crate decodes the header blocks. Its iterator is not used, for what it does between headers: it
//! reads a long name of any length into memory, reads attributes by line though their values are binary, and
//! does not know PAX's sparse files. Where two readers could differ about what an archive holds, this one
//! refuses it.

use super::limits::{LONGEST_PATH, LONGEST_RECORD, Limits};
use super::member::{Kind, Member, id, kind, path};
use super::pax::{Pax, Wrong};
use super::sparse::{Map, Where};
use std::io::{self, BufRead, Read};
use std::ops::Range;
use tar::{EntryType, Header};

const BLOCK: u64 = 512;

/// The entries of an archive.
pub struct Members<'a, R> {
    source: &'a mut R,
    left: u64,
    padding: u64,
    seen: u64,
    limits: Limits,
}

/// What came before an entry and belongs to it.
#[derive(Default)]
struct Before {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Option<Pax>,
}

impl<'a, R: BufRead> Members<'a, R> {
    /// Begins to read.
    pub fn new(source: &'a mut R, limits: Limits) -> Members<'a, R> {
        Members { source, left: 0, padding: 0, seen: 0, limits }
    }

    /// How many headers came by.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The next entry; the data of the one before is skipped if it was not read.
    pub fn next_member(&mut self) -> Result<Option<Member>, Wrong> {
        let mut before = Before::default();
        loop {
            let Some(header) = self.header()? else {
                let dangling = before.name.is_some() || before.link.is_some() || before.pax.is_some();
                return if dangling {
                    Err("it ends before the entry that was announced".into())
                } else {
                    Ok(None)
                };
            };
            let size = field(&header, 124..136, header.entry_size())?;
            match header.entry_type() {
                EntryType::GNULongName => once(&mut before.name, self.text(size)?)?,
                EntryType::GNULongLink => once(&mut before.link, self.text(size)?)?,
                EntryType::XHeader => {
                    once(&mut before.pax, Pax::parse(&self.record(size, LONGEST_RECORD)?)?)?
                }
                EntryType::XGlobalHeader => {
                    Pax::parse(&self.record(size, LONGEST_RECORD)?)?.check_global()?
                }
                _ => return self.member(&header, size, before).map(Some),
            }
        }
    }

    fn header(&mut self) -> Result<Option<Header>, Wrong> {
        self.skip()?;
        let Some(header) = self.block()? else { return Ok(None) };
        if header.as_bytes().iter().all(|&c| c == 0) {
            return match self.block()? {
                Some(next) if next.as_bytes().iter().any(|&c| c != 0) => {
                    Err("a lone block of zeros stands between two entries".into())
                }
                _ => Ok(None),
            };
        }
        let summed = header.as_bytes().iter().enumerate();
        let sum: u32 = summed.map(|(at, &c)| if (148..156).contains(&at) { 32 } else { c.into() }).sum();
        if header.cksum().ok() != Some(sum) {
            return Err("the checksum of a header is wrong".into());
        }
        self.seen += 1;
        if self.seen > self.limits.entries {
            return Err(format!("it has more than {} entries", self.limits.entries));
        }
        Ok(Some(header))
    }

    fn block(&mut self) -> Result<Option<Header>, Wrong> {
        if self.source.fill_buf().map_err(wrong)?.is_empty() {
            return Ok(None);
        }
        let mut header = Header::new_old();
        self.source.read_exact(header.as_mut_bytes()).map_err(wrong)?;
        Ok(Some(header))
    }

    /// Skips what is left of the data of the entry before.
    fn skip(&mut self) -> Result<(), Wrong> {
        let mut left = std::mem::take(&mut self.left) + std::mem::take(&mut self.padding);
        while left > 0 {
            let there = self.source.fill_buf().map_err(wrong)?.len();
            if there == 0 {
                return Err("it ends in the middle of an entry".into());
            }
            let step = left.min(there as u64);
            self.source.consume(step as usize);
            left -= step;
        }
        Ok(())
    }

    fn begin(&mut self, size: u64) -> Result<(), Wrong> {
        if size > self.limits.bytes {
            return Err(format!("an entry of {size} bytes is more than a layer may hold"));
        }
        self.left = size;
        self.padding = size.next_multiple_of(BLOCK) - size;
        Ok(())
    }

    /// The data of an entry that describes the next one.
    fn record(&mut self, size: u64, longest: u64) -> Result<Vec<u8>, Wrong> {
        if size > longest {
            return Err(format!("a record of {size} bytes before an entry is longer than {longest}"));
        }
        self.begin(size)?;
        let mut bytes = vec![0; size as usize];
        self.read_exact(&mut bytes).map_err(wrong)?;
        Ok(bytes)
    }

    /// A long name, which ends with a NUL.
    fn text(&mut self, size: u64) -> Result<Vec<u8>, Wrong> {
        let mut bytes = self.record(size, LONGEST_PATH as u64 + 1)?;
        if let Some(end) = bytes.iter().position(|&c| c == 0) {
            bytes.truncate(end);
        }
        Ok(bytes)
    }

    fn member(&mut self, header: &Header, size: u64, before: Before) -> Result<Member, Wrong> {
        let Before { name: long_name, link: long_link, pax } = before;
        let mut pax = pax.unwrap_or_default();
        let name = pax.get("GNU.sparse.name").or(pax.get("path"));
        let name = path("name", name, long_name, || header.path_bytes().into())?;
        let link = path("link", pax.get("linkpath"), long_link, || {
            header.link_name_bytes().unwrap_or_default().into()
        })?;
        let size = pax.number("size")?.unwrap_or(size);
        let kind = kind(header, &name, size)?;
        let sparse = self.sparse(header, &kind, &pax, size)?;
        let mode = field(header, 100..108, header.mode().map(u64::from))? as u32 & 0o7777;
        let mtime = field(header, 136..148, header.mtime())? as i64; // before 1970 it has all 64 bits
        let device = |part: io::Result<Option<u32>>| part.map(Option::unwrap_or_default).map_err(wrong);
        let is_device = matches!(kind, Kind::Node(_)) && header.entry_type() != EntryType::Fifo;
        let numbers = (header.device_major(), header.device_minor());
        Ok(Member {
            mode,
            uid: id("uid", pax.number("uid")?.map_or_else(|| field(header, 108..116, header.uid()), Ok)?)?,
            gid: id("gid", pax.number("gid")?.map_or_else(|| field(header, 116..124, header.gid()), Ok)?)?,
            mtime: pax.time("mtime")?.unwrap_or((mtime, 0)),
            device: if is_device { (device(numbers.0)?, device(numbers.1)?) } else { (0, 0) },
            xattrs: std::mem::take(&mut pax.xattrs),
            size: self.left,
            kind,
            name,
            link,
            sparse,
        })
    }

    /// Begins the data of an entry, and reads the map of a sparse one, which may stand before it.
    fn sparse(&mut self, header: &Header, kind: &Kind, pax: &Pax, size: u64) -> Result<Option<Map>, Wrong> {
        let mut sparse = None;
        if header.entry_type() == EntryType::GNUSparse {
            sparse =
                Some(Map::of_gnu(header.as_gnu().ok_or("a sparse file has no GNU header")?, self.source)?);
        }
        self.begin(size)?;
        match Map::of_pax(pax)? {
            Some(_) if *kind != Kind::File || sparse.is_some() => {
                return Err("it is sparse in two ways".into());
            }
            Some(Where::Here(map)) => sparse = Some(map),
            Some(Where::BeforeData { length }) => sparse = Some(Map::read(self, length, size)?.0),
            None => {}
        }
        if sparse.as_ref().is_some_and(|map| map.stored() != self.left || map.length > self.limits.sparse) {
            return Err("the map of a sparse file does not fit its data, or the file is too long".into());
        }
        Ok(sparse)
    }
}

/// The data of the entry that was returned last.
impl<R: BufRead> Read for Members<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let step = there.len().min(buffer.len());
        buffer[..step].copy_from_slice(&there[..step]);
        self.consume(step);
        Ok(step)
    }
}

impl<R: BufRead> BufRead for Members<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let there = self.source.fill_buf()?;
        if there.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends in the middle of an entry"));
        }
        Ok(&there[..there.len().min(usize::try_from(self.left).unwrap_or(usize::MAX))])
    }

    fn consume(&mut self, amount: usize) {
        self.left -= amount as u64;
        self.source.consume(amount);
    }
}

fn wrong(error: io::Error) -> Wrong {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends in the middle of an entry".into(),
        _ => error.to_string(),
    }
}

/// A number of the header. One that was left blank is 0, as Go and GNU tar read it.
fn field(header: &Header, at: Range<usize>, value: io::Result<u64>) -> Result<u64, Wrong> {
    let blank = header.as_bytes()[at].iter().all(|c| matches!(c, 0 | b' '));
    if blank { Ok(0) } else { value.map_err(wrong) }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Wrong> {
    if place.replace(value).is_some() { Err("two records describe the same entry".into()) } else { Ok(()) }
}
