//! The student's own directory: a copy of the starter, and how far they have come.

use crate::exercise::Exercise;
use crate::paths::Paths;
use serde::{Deserialize, Serialize};
use shared::home::{self, Durable};
use shared::{Doing, Error, Result};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The most backups of an exercise: after a hundred resets, something else is wrong.
const MOST_BACKUPS: u32 = 100;

/// How far a student has come with one exercise.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// How many hints were shown.
    pub hints: usize,
    /// Whether a check has passed.
    pub done: bool,
}

type All = BTreeMap<String, Progress>;

/// Where the student's crate of this exercise is, or would be.
pub fn directory(paths: &Paths, exercise: &Exercise) -> PathBuf {
    paths.work.join(&exercise.id)
}

/// Copies the starter. What is there already is never touched.
pub fn start(paths: &Paths, exercise: &Exercise) -> Result<PathBuf> {
    let to = directory(paths, exercise);
    if to.exists() {
        return Err(Error::new(format!("start {}", exercise.id), "you have started it already")
            .next(format!("go on with it, or put the starter back with: cargo lab reset {}", exercise.id)));
    }
    copy(&exercise.directory.join("starter"), &to)?;
    Ok(to)
}

/// Puts the starter back and forgets the progress; returns where the old work is kept now, if there was any.
pub fn reset(paths: &Paths, exercise: &Exercise) -> Result<Option<PathBuf>> {
    let from = directory(paths, exercise);
    let kept = if from.exists() { Some(keep(&from)?) } else { None };
    start(paths, exercise)?;
    set_progress(paths, exercise, Progress::default())?;
    Ok(kept)
}

/// Puts a crate together in the build directory: the starter, with the files of `change` in their places.
pub fn assemble(paths: &Paths, exercise: &Exercise, label: &str, change: Option<&Path>) -> Result<PathBuf> {
    let to = paths.build.join("crates").join(&exercise.id).join(label);
    // Made anew from the workspace's, which may have changed.
    match fs::remove_file(to.join("Cargo.lock")) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Error::new(format!("remove {}", to.join("Cargo.lock").display()), error));
        }
        _ => {}
    }
    copy(&exercise.directory.join("starter"), &to)?;
    if let Some(change) = change {
        copy(change, &to)?;
    }
    Ok(to)
}

/// How far this student has come.
pub fn progress(paths: &Paths, exercise: &Exercise) -> Result<Progress> {
    Ok(read(paths)?.remove(&exercise.id).unwrap_or_default())
}

/// Remembers how far.
pub fn set_progress(paths: &Paths, exercise: &Exercise, progress: Progress) -> Result<()> {
    fs::create_dir_all(&paths.work).doing(|| format!("make {}", paths.work.display()))?;
    let _lock = home::lock(&paths.work.join(".lock"))?;
    let mut all = read(paths)?;
    all.insert(exercise.id.clone(), progress);
    home::write_json(&file(paths), &all, Durable::No)
}

fn read(paths: &Paths) -> Result<All> {
    Ok(home::read_json(&file(paths))?.unwrap_or_default())
}

fn file(paths: &Paths) -> PathBuf {
    paths.work.join(".progress.json")
}

/// Renames a directory to the first free name beside it. Renaming onto an empty directory would succeed, so
/// that name counts as taken, too.
fn keep(from: &Path) -> Result<PathBuf> {
    let doing = || format!("keep {} as a backup", from.display());
    for number in 1..=MOST_BACKUPS {
        let to = PathBuf::from(format!("{}.backup-{number}", from.display()));
        if !to.exists() {
            fs::rename(from, &to).doing(doing)?;
            return Ok(to);
        }
    }
    Err(Error::new(doing(), format!("there are {MOST_BACKUPS} of them")).next("remove some"))
}

/// Copies a tree of files. A file that is the same already keeps its time, so that cargo builds nothing anew.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let doing = || format!("copy {} to {}", from.display(), to.display());
    fs::create_dir_all(to).doing(doing)?;
    for entry in fs::read_dir(from).doing(doing)? {
        let entry = entry.doing(doing)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().doing(doing)?.is_dir() {
            copy(&source, &target)?;
        } else {
            let bytes = fs::read(&source).doing(doing)?;
            if fs::read(&target).ok().as_deref() != Some(&bytes[..]) {
                fs::write(&target, bytes).doing(doing)?;
            }
        }
    }
    Ok(())
}

/// Removes what was built; the students' work stays. Whether there was anything.
pub fn clean(paths: &Paths) -> Result<bool> {
    match fs::remove_dir_all(&paths.build) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::new(format!("remove {}", paths.build.display()), error)),
    }
}
