//! Building: the students' crates, the known programs, the probe.

use crate::exercise::Exercise;
use crate::paths::Paths;
use shared::{Doing, Error, Result, home};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Builds the crate in `directory` and returns a copy of its binary that no other build replaces.
///
/// All crates share one target directory, so that their dependencies are built once; and they share the
/// workspace's Cargo.lock, so that cargo needs nothing it has not downloaded for the workspace.
pub fn build(paths: &Paths, exercise: &Exercise, directory: &Path, label: &str) -> Result<PathBuf> {
    let doing = || format!("build {}", directory.display());
    let keep = paths.build.join("bin");
    fs::create_dir_all(&keep).doing(doing)?;
    // Two crates of one name have one place in the target directory: nobody else builds until ours is copied.
    let _lock = home::lock(&paths.build.join("lock"))?;
    lock_versions(paths, directory)?;
    // To cargo, two workspaces with a crate of one name are the same crate that has moved: it would take the
    // other's binary for up to date.
    let cleaned =
        cargo(paths, directory, &["clean", "--package", &package(directory)?]).output().doing(doing)?;
    let build = ["build", "--message-format=json-render-diagnostics"];
    let output = cargo(paths, directory, &build).stderr(Stdio::inherit()).output().doing(doing)?;
    if !cleaned.status.success() && output.status.success() {
        let why = String::from_utf8_lossy(&cleaned.stderr).trim().to_string();
        return Err(Error::new(doing(), why).next("try again after: cargo lab clean"));
    }
    if !output.status.success() {
        return Err(Error::new(doing(), "the compiler has said why above").next("mend it and check again"));
    }
    let binary = executable(&output.stdout).ok_or_else(|| Error::new(doing(), "it makes no binary"))?;
    let copy = keep.join(format!("{}-{label}", exercise.id));
    fs::copy(binary, &copy).doing(doing)?;
    Ok(copy)
}

fn cargo(paths: &Paths, directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).arg("--quiet").arg("--manifest-path").arg(directory.join("Cargo.toml"));
    command.arg("--target-dir").arg(paths.build.join("target"));
    // Nobody debugs these, and linking takes half the time without.
    command.env("CARGO_PROFILE_DEV_DEBUG", "false").stdin(Stdio::null());
    command
}

/// The name of the package, which a student may have changed.
fn package(directory: &Path) -> Result<String> {
    let path = directory.join("Cargo.toml");
    let doing = || format!("read {}", path.display());
    let text = fs::read_to_string(&path).doing(doing)?;
    let manifest: toml::Table =
        text.parse().map_err(|error: toml::de::Error| Error::new(doing(), error.to_string()))?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    name.map(str::to_string).ok_or_else(|| {
        Error::new(doing(), "it names no package").next("cargo lab reset puts the starter's back")
    })
}

/// Builds the probe, as a static program.
pub fn probe(paths: &Paths) -> Result<PathBuf> {
    let doing = || "build the probe".to_string();
    let output = Command::new(paths.project.join("tests/static"))
        .arg("probe")
        .env("CARGO", program())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .doing(doing)?;
    if !output.status.success() {
        return Err(Error::new(doing(), "its build has said why above"));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join("probe"))
}

/// The same versions as in the workspace: cargo takes what it needs from the list and drops the rest. A crate
/// that has a list already keeps it, since a student may add dependencies.
fn lock_versions(paths: &Paths, directory: &Path) -> Result<()> {
    let lock = directory.join("Cargo.lock");
    if lock.exists() {
        return Ok(());
    }
    fs::copy(paths.project.join("Cargo.lock"), &lock)
        .map(|_| ())
        .doing(|| format!("write {}", lock.display()))
}

fn program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Where cargo says it has put the binary.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(messages);
    text.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    })
}
