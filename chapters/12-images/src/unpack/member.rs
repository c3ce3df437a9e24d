//! One entry of an archive, and what its fields may say.

use super::limits::LONGEST_PATH;
use super::pax::Wrong;
use super::sparse::Map;
use nix::sys::stat::SFlag;
use tar::{EntryType, Header};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file that came before.
    Hardlink,
    /// A character device, a block device, or a FIFO.
    Node(SFlag),
}

/// One entry.
#[derive(Debug)]
pub struct Member {
    /// What it is.
    pub kind: Kind,
    /// Its path as it stands in the archive.
    pub name: Vec<u8>,
    /// Where a link leads.
    pub link: Vec<u8>,
    /// The permissions, with the setuid, setgid and sticky bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// When it was changed: seconds and nanoseconds.
    pub mtime: (i64, i64),
    /// The number of a device.
    pub device: (u32, u32),
    /// Extended attributes.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the data of a sparse file belongs.
    pub sparse: Option<Map>,
    /// How many bytes of data the archive holds for it.
    pub size: u64,
}

/// A name from the records, from GNU's long entry or from the header; not from two of the first.
pub fn path(
    what: &str,
    pax: Option<&[u8]>,
    gnu: Option<Vec<u8>>,
    header: impl Fn() -> Vec<u8>,
) -> Result<Vec<u8>, Wrong> {
    let path = match (pax, gnu) {
        (Some(_), Some(_)) => return Err(format!("the {what} of an entry is given in two ways")),
        (Some(pax), None) => pax.to_vec(),
        (None, gnu) => gnu.unwrap_or_else(header),
    };
    if path.len() > LONGEST_PATH {
        return Err(format!(
            "the {what} of an entry has {} bytes; {LONGEST_PATH} is the longest",
            path.len()
        ));
    }
    if path.contains(&0) {
        return Err(format!("the {what} of an entry has a NUL character in it"));
    }
    Ok(path)
}

/// 4294967295 means "no change" to `chown(2)`, and larger numbers would wrap around to root's.
pub fn id(what: &str, value: u64) -> Result<u32, Wrong> {
    u32::try_from(value)
        .ok()
        .filter(|&id| id != u32::MAX)
        .ok_or_else(|| format!("its {what} {value} is too large"))
}

/// What an entry is. A name that ends with a slash and data where none belongs are the cases in which
/// readers differ.
pub fn kind(header: &Header, name: &[u8], size: u64) -> Result<Kind, Wrong> {
    let slash = name.ends_with(b"/");
    let kind = match header.entry_type() {
        // Before there was a type for it, a slash at the end meant a directory.
        EntryType::Regular if slash && size == 0 => Kind::Directory,
        EntryType::Regular if slash => return Err("a regular file has a name that ends with a slash".into()),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File,
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink,
        EntryType::Link => Kind::Hardlink,
        EntryType::Char => Kind::Node(SFlag::S_IFCHR),
        EntryType::Block => Kind::Node(SFlag::S_IFBLK),
        EntryType::Fifo => Kind::Node(SFlag::S_IFIFO),
        other => return Err(format!("an entry has the unknown type {:?}", char::from(other.as_byte()))),
    };
    if kind != Kind::File && size != 0 {
        return Err("an entry that is no regular file has data".into());
    }
    Ok(kind)
}
