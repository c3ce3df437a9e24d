//! The binaries under test: built here, so that no test ever runs yesterday's.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The top of the source tree.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The directory where the images and root filesystems are, made by `tests/setup`.
pub fn made() -> PathBuf {
    workspace().join("target")
}

/// A binary of the workspace by its name, built in the profile of this test.
pub fn bin(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| {
        let directory = profile_directory();
        let mut build = as_owner(&cargo());
        build.args(["build", "--quiet", "--workspace", "--bins"]);
        build.arg("--target-dir").arg(directory.parent().unwrap());
        if directory.ends_with("release") {
            build.arg("--release");
        }
        succeed(build);
        directory
    });
    let path = directory.join(name);
    assert!(
        path.is_file(),
        "there is no binary {name}: no package of the workspace builds {}",
        path.display()
    );
    path
}

/// The static probe.
pub fn probe() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut build = as_owner(workspace().join("tests/static").to_str().unwrap());
        build.arg("probe").env("CARGO_TARGET_DIR", profile_directory().parent().unwrap());
        PathBuf::from(succeed(build).trim()).join("probe")
    })
}

/// `target/debug`, found from where this test itself is: `target/debug/deps/e2e-…` or `target/debug/bench`.
fn profile_directory() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let directory = this.parent().unwrap();
    if directory.ends_with("deps") { directory.parent().unwrap().into() } else { directory.into() }
}

fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// A command that runs as the owner of the build: what root would leave there, the owner could not replace.
fn as_owner(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace());
    let owner = profile_directory().metadata().unwrap();
    if owner.uid() != nix::unistd::geteuid().as_raw() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    // cargo sets these for the program it runs; handed on, they would describe the wrong package.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "LD_LIBRARY_PATH"
        {
            command.env_remove(&*name);
        }
    }
    command
}

fn succeed(mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}
