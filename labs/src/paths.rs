//! Where things lie.

use shared::{Doing, Result};
use std::path::{Path, PathBuf};

/// The directories that `lab` uses.
#[derive(Debug)]
pub struct Paths {
    /// The project.
    pub project: PathBuf,
    /// The exercises, which nobody changes.
    pub exercises: PathBuf,
    /// The student's own crates.
    pub work: PathBuf,
    /// What is built, which can be thrown away.
    pub build: PathBuf,
}

impl Paths {
    /// The usual places; `work` when the user has chosen another.
    pub fn new(work: Option<PathBuf>) -> Result<Paths> {
        let labs = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = labs.parent().unwrap_or(labs).to_path_buf();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project.join("target"), PathBuf::from);
        let absolute = |path: PathBuf| std::path::absolute(&path).doing(|| format!("use {}", path.display()));
        Ok(Paths {
            exercises: labs.join("exercises"),
            work: absolute(work.unwrap_or_else(|| labs.join("work")))?,
            build: absolute(target)?.join("labs"),
            project,
        })
    }
}

/// A path as a person would type it here.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    below.unwrap_or_else(|| path.to_path_buf()).display().to_string()
}
