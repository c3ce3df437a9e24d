//! How a layer says that something of the layers below is gone.
//!
//! | in the archive | in the directory that overlayfs stacks |
//! |---|---|
//! | a file `.wh.NAME` | a character device 0:0 called `NAME` |
//! | a file `.wh..wh..opq` | `trusted.overlay.opaque=y` on its directory: nothing below shows through |
//!
//! Source: OCI image specification, `layer.md`, "Whiteouts"; the kernel's `overlayfs.rst`.

use super::pax::Wrong;

const PREFIX: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// The attribute of an opaque directory.
pub const OPAQUE_XATTR: &[u8] = b"trusted.overlay.opaque";
/// What AUFS, Docker's file system before 2016, left at the top of a layer for itself.
const AUFS: [&[u8]; 4] = [b".wh..wh.aufs", b".wh..wh.orph", b".wh..wh.plnk", b".wh..wh.tmp"];

/// What a name means.
#[derive(Debug, PartialEq, Eq)]
pub enum Mark<'a> {
    /// An entry like any other.
    Plain,
    /// What has this name in the layers below is gone.
    Gone(&'a [u8]),
    /// All that the directory had in the layers below is gone.
    Opaque,
    /// AUFS's own, of no meaning to anybody else.
    Ignored,
}

/// What the entry with these path components means.
pub fn mark<'a>(path: &[&'a [u8]]) -> Result<Mark<'a>, Wrong> {
    if path.first().is_some_and(|first| AUFS.contains(first)) {
        return Ok(Mark::Ignored);
    }
    let Some((name, parents)) = path.split_last() else { return Ok(Mark::Plain) };
    if parents.iter().any(|parent| parent.starts_with(PREFIX)) {
        return Err("a directory has the name of a whiteout".into());
    }
    match name.strip_prefix(PREFIX) {
        None => Ok(Mark::Plain),
        Some(_) if *name == OPAQUE => Ok(Mark::Opaque),
        Some(b"" | b"." | b"..") => Err("a whiteout hides its own directory, or nothing".into()),
        Some(gone) if gone.starts_with(PREFIX) => Err("a whiteout hides a whiteout".into()),
        Some(gone) => Ok(Mark::Gone(gone)),
    }
}

/// Whether an extended attribute would be read by overlayfs: a layer could fake what other layers hold.
pub fn is_overlays(xattr: &[u8]) -> bool {
    xattr.starts_with(b"trusted.overlay.") || xattr.starts_with(b"user.overlay.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c6_04_marks() {
        let of = |path: &'static str| {
            let parts: Vec<&[u8]> = path.split('/').map(str::as_bytes).collect();
            mark(&parts)
        };
        assert_eq!(of("a/.wh.b"), Ok(Mark::Gone(b"b")));
        assert_eq!(of(".wh..hidden"), Ok(Mark::Gone(b".hidden")));
        assert_eq!(of("a/.wh..wh..opq"), Ok(Mark::Opaque));
        assert_eq!(of(".wh..wh.plnk/1.2"), Ok(Mark::Ignored));
        assert_eq!(of("a/.whx"), Ok(Mark::Plain));
        for strange in
            [".wh.", ".wh..", "a/.wh...", ".wh.a/b", "a/.wh..wh..opq/b", ".wh..wh.x", "a/.wh..wh.plnk"]
        {
            assert!(of(strange).is_err(), "{strange}");
        }
    }
}
