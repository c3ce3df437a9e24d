//! Unpacks a layer: an archive that nobody vouches for, written as root.
//!
//! The problem: an entry may be called `../../etc/shadow`, or `a/b` where an earlier entry made `a` a symbolic
//! link to `/etc`; it may be a device, a bomb, or the same file in two ways. The mechanism is `openat2(2)` and
//! the `…at` calls (see [`tree`]), and a reader that refuses what can be read in two ways (see [`members`]).
//!
//! What it does not protect against: a program in the image that does harm when it is run.

pub mod limits;
pub mod member;
pub mod members;
pub mod pax;
pub mod sparse;
pub mod tree;
pub mod whiteout;

use crate::trash::Trash;
use limits::Limits;
use member::{Kind, Member};
use members::Members;
use shared::{Doing, Error, Result};
use std::fs::File;
use std::io::{BufRead, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use tree::{Place, Tree, components};
use whiteout::Mark;

/// What was unpacked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Unpacked {
    /// Bytes of regular files: what Docker calls the size of a layer.
    pub size: u64,
    /// Headers in the archive.
    pub entries: u64,
}

/// Writes the archive's entries into `directory`, and reads it to its very end.
pub fn unpack(
    source: &mut impl BufRead,
    directory: &Path,
    trash: &Trash,
    limits: Limits,
) -> Result<Unpacked> {
    let tree = Tree::new(directory, trash, limits);
    let mut tree = tree.doing(|| format!("open {}", directory.display()))?;
    let mut size = 0;
    let mut members = Members::new(source, limits);
    while let Some(member) = members.next_member().map_err(|why| Error::new("read the archive", why))? {
        let doing = || format!("unpack the entry {:?}", String::from_utf8_lossy(&member.name));
        entry(&member, &mut members, &mut tree).doing(doing)?;
        size += member.size;
    }
    let entries = members.seen();
    tree.finish().doing(|| "set the times of directories".into())?;
    // Padding after the end: not an entry, but part of what the digest covers.
    std::io::copy(source, &mut std::io::sink()).doing(|| "read the archive".into())?;
    Ok(Unpacked { size, entries })
}

fn entry<R: BufRead>(member: &Member, data: &mut Members<R>, tree: &mut Tree) -> Result<()> {
    let parts = components(&member.name).map_err(Error::refused)?;
    let Some((_, parents)) = parts.split_last() else { return root(member, tree) };
    match whiteout::mark(&parts).map_err(Error::refused)? {
        Mark::Plain => plain(member, &parts, data, tree),
        Mark::Ignored => Ok(()),
        Mark::Opaque => {
            let directory = Place::of(tree.directory(parents)?);
            directory.set_xattr(whiteout::OPAQUE_XATTR, b"y").doing(|| "make its directory opaque".into())
        }
        Mark::Gone(name) => {
            let hidden: Vec<&[u8]> = parents.iter().copied().chain([name]).collect();
            let place = tree.place(&hidden)?;
            tree.whiteout(&place).doing(|| "make the whiteout".into())
        }
    }
}

/// The entry `./` describes the layer's own directory.
fn root(member: &Member, tree: &mut Tree) -> Result<()> {
    if member.kind != Kind::Directory {
        return Err(Error::refused("it has the name of the root but is no directory"));
    }
    Place::of(tree.directory(&[])?).describe(member)?;
    tree.keep_time(&[], member.mtime)
}

fn plain<R: BufRead>(member: &Member, parts: &[&[u8]], data: &mut Members<R>, tree: &mut Tree) -> Result<()> {
    let place = tree.place(parts)?;
    let make = || "make it".to_string();
    match member.kind {
        Kind::File => {
            let file = tree.file(&place).doing(make)?;
            fill(&file, member, data).doing(|| "write it".into())?;
        }
        Kind::Directory => {
            tree.make_directory(&place).doing(make)?;
            tree.keep_time(parts, member.mtime)?;
        }
        Kind::Symlink => tree.symlink(&place, &member.link).doing(make)?,
        // It has the owner, mode and time of the file that it is another name of.
        Kind::Hardlink => return tree.hard_link(&place, &member.link),
        Kind::Node(kind) => tree.node(&place, kind, member.device).doing(make)?,
    }
    place.describe(member)
}

fn fill<R: BufRead>(file: &File, member: &Member, data: &mut Members<R>) -> std::io::Result<()> {
    let Some(map) = &member.sparse else { return copy(file, 0, data) };
    for &(offset, size) in &map.pieces {
        copy(file, offset, &mut data.by_ref().take(size))?;
    }
    file.set_len(map.length)
}

/// Copies straight from the buffer that the archive was inflated into.
fn copy(file: &File, mut offset: u64, data: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let bytes = data.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        file.write_all_at(bytes, offset)?;
        let length = bytes.len();
        offset += length as u64;
        data.consume(length);
    }
}
