//! Trees of files that a container has made, removed whatever is in them.
//!
//! The standard library's `remove_dir_all` keeps a descriptor and a stack frame for every level. Who is root in
//! a container can make a tree a million levels deep, one `mkdir` and `chdir` after the other, and nobody could
//! remove that container any more.

use nix::Result;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, open, openat, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::os::fd::OwnedFd;
use std::path::Path;

/// How many levels are entered. What is deeper is moved up first: enough for honest trees to need none of that,
/// and few enough for any limit on descriptors, of which each level holds two.
const DEEPEST: usize = 32;
/// How often the top is looked through. Each time takes at least [`DEEPEST`] levels away.
const PASSES: u64 = 1 << 20;

/// Removes a directory and everything in it. Links are removed and not followed; a directory that is not there
/// is as good as removed.
///
/// # Errors
/// What the kernel says; what is left then is there to be removed again.
pub fn remove(path: &Path) -> Result<()> {
    let top = match open(path, flags(), Mode::empty()) {
        Err(Errno::ENOENT) => return Ok(()),
        // It may be a link, which then is all there is to remove.
        Err(Errno::ELOOP | Errno::ENOTDIR) if path.is_symlink() => {
            return unlinkat(AT_FDCWD, path, UnlinkatFlags::NoRemoveDir);
        }
        found => found?,
    };
    let mut moved = 0;
    for _ in 0..PASSES {
        let before = moved;
        clear(&top, &top, 0, &mut moved)?;
        match unlinkat(AT_FDCWD, path, UnlinkatFlags::RemoveDir) {
            Err(Errno::ENOTEMPTY) if moved > before => {}
            Err(Errno::ENOENT) => return Ok(()),
            removed => return removed,
        }
    }
    Err(Errno::ENOTEMPTY)
}

fn flags() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

/// Empties `directory`, and moves what is too deep to `top`, counting it.
fn clear(directory: &OwnedFd, top: &OwnedFd, depth: usize, moved: &mut u64) -> Result<()> {
    let mut entries = Dir::openat(directory, ".", flags(), Mode::empty())?;
    for entry in entries.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match unlinkat(directory, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => continue,
            Err(Errno::EISDIR) => {}
            refused => return refused,
        }
        if depth == DEEPEST {
            // No name of the container's own is that long, and no number comes twice.
            let place = format!("{}{moved:020}", "x".repeat(200));
            renameat(directory, name, top, place.as_str())?;
            *moved += 1;
            continue;
        }
        let child = openat(directory, name, flags(), Mode::empty())?;
        clear(&child, top, depth + 1, moved)?;
        unlinkat(directory, name, UnlinkatFlags::RemoveDir)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::mkdirat;
    use std::os::unix::fs::symlink;

    /// A tree of one directory in another, and a file and a link in each.
    fn deep(at: &Path, levels: usize) {
        std::fs::create_dir(at).unwrap();
        let mut directory = open(at, flags(), Mode::empty()).unwrap();
        for _ in 0..levels {
            mkdirat(&directory, "d", Mode::S_IRWXU).unwrap();
            nix::unistd::symlinkat("/", &directory, "link").unwrap();
            directory = openat(&directory, "d", flags(), Mode::empty()).unwrap();
        }
    }

    #[test]
    fn what_is_deeper_than_any_limit_is_removed() {
        for levels in [0, 1, DEEPEST - 1, DEEPEST, DEEPEST + 1, 3000] {
            let scratch = tempfile::tempdir().unwrap();
            let tree = scratch.path().join("tree");
            deep(&tree, levels);
            remove(&tree).unwrap();
            assert!(!tree.exists(), "{levels}");
            remove(&tree).unwrap();
        }
    }

    #[test]
    fn links_are_not_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let (tree, outside) = (scratch.path().join("tree"), scratch.path().join("outside"));
        std::fs::create_dir_all(tree.join("sub")).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("file"), "").unwrap();
        symlink(&outside, tree.join("sub/link")).unwrap();
        remove(&tree).unwrap();
        assert!(outside.join("file").exists() && !tree.exists());
        symlink(&outside, &tree).unwrap();
        remove(&tree).unwrap();
        assert!(outside.join("file").exists() && !tree.is_symlink());
        assert_eq!(remove(&outside.join("file")), Err(Errno::ENOTDIR));
    }
}
