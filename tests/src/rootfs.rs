//! Root filesystems for tests.
//!
//! Each test has its own copy, so that it may write to it, except [`debian`], which is big.

use crate::Scratch;
use crate::binaries::{made, probe as probe_binary};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory with nothing in it but the probe, as `/probe` and `/bin/probe`.
pub fn probe(scratch: &Scratch) -> PathBuf {
    let rootfs = scratch.directory("rootfs-probe");
    std::fs::create_dir(rootfs.join("bin")).unwrap();
    std::fs::copy(probe_binary(), rootfs.join("probe")).unwrap();
    std::fs::hard_link(rootfs.join("probe"), rootfs.join("bin/probe")).unwrap();
    rootfs
}

/// The small distribution that is the image `busybox`, with the probe as `/probe`.
pub fn busybox(scratch: &Scratch) -> PathBuf {
    let rootfs = scratch.path().join("rootfs-busybox");
    copy(&unpacked("busybox"), &rootfs);
    std::fs::copy(probe_binary(), rootfs.join("probe")).unwrap();
    rootfs
}

/// The root filesystem of the image `debian`, shared by all tests: nothing may be written to it.
pub fn debian() -> PathBuf {
    unpacked("debian")
}

/// A copy of [`debian`] that may be written to; it takes a second.
pub fn debian_copy(scratch: &Scratch) -> PathBuf {
    let rootfs = scratch.path().join("rootfs-debian");
    copy(&unpacked("debian"), &rootfs);
    rootfs
}

/// The archive of the image `busybox` or `debian`.
pub fn archive(name: &str) -> PathBuf {
    present(made().join("images").join(format!("{name}.tar")))
}

/// The root filesystem that the image `busybox` or `debian` is made of. Nothing may be written to it.
pub fn unpacked(name: &str) -> PathBuf {
    present(made().join("rootfs").join(name))
}

fn present(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is not there\n  next: run tests/setup, which makes it", path.display());
    path
}

/// Copies a root filesystem with everything that its files are and carry.
pub fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg("--reflink=auto").arg(from).arg(to).status().unwrap();
    assert!(status.success(), "cannot copy {}", from.display());
}
