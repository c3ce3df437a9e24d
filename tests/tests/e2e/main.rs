//! The end-to-end tests: one program, because every link of another one takes its time.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

mod cellar;
mod check;
mod chroot;
mod command_line;
mod depth;
mod filesystems;
mod harness;
mod help;
mod keg;
mod keg_crash;
mod keg_disks;
mod keg_flags;
mod keg_import;
mod keg_places;
mod keg_ps;
mod keg_pull;
mod keg_pull_faults;
mod keg_races;
mod keg_rm;
mod keg_run;
mod kernels;
mod launch;
mod masks;
mod names;
mod namespaces;
mod races;
mod root;
mod sealed;
mod signals;
mod state_root;
mod streams;
mod terminal;

use std::path::Path;
use tests::{Run, Scratch};

/// A run of a chapter's binary with this root filesystem, up to the command, which is still to be given. For
/// `keg` the root filesystem becomes an image first.
fn contained<'a>(scratch: &'a Scratch, chapter: &str, flags: &[&str], rootfs: &Path) -> Run<'a> {
    if chapter != "keg" {
        return scratch.run(chapter).args(flags).arg(rootfs);
    }
    scratch.run("keg").args(["run", "--rm"]).args(flags).arg(imported(scratch, rootfs))
}

/// Makes an image of a directory, and returns its name.
fn imported(scratch: &Scratch, rootfs: &Path) -> &'static str {
    let archive = scratch.path().join("imported.tar");
    scratch.tool("tar").arg("-C").arg(rootfs).arg("-cf").arg(&archive).arg(".").output().success();
    scratch.run("keg").arg("import").arg(archive).arg("imported:latest").output().success();
    "imported:latest"
}
