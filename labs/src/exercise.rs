//! An exercise as it lies in `labs/exercises`: a directory with a description, a starter and known programs.

use crate::claim::Claim;
use serde::Deserialize;
use shared::{Doing, Error, Result};
use std::path::{Path, PathBuf};

/// The most bytes of a description.
const LONGEST: u64 = 1 << 20;

/// One exercise.
#[derive(Debug)]
pub struct Exercise {
    /// The directory's name, such as `03-pids`.
    pub id: String,
    /// The directory.
    pub directory: PathBuf,
    /// What `exercise.toml` says.
    pub text: Description,
}

/// The contents of `exercise.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// A few words.
    pub title: String,
    /// The chapter it belongs to, as its directory is called: `03-pids`.
    pub chapter: String,
    /// What the student is to do, a paragraph.
    pub goal: String,
    /// The file of the starter that has the hole.
    pub hole: PathBuf,
    /// Three hints: where to look, what to use, nearly the answer.
    pub hints: [String; 3],
    /// What is run, and what must be true then.
    #[serde(rename = "run")]
    pub runs: Vec<Run>,
}

/// One command line, and what must be true when it has run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Words separated by spaces; the first is the chapter's binary. ROOTFS and CANARY stand for the root
    /// filesystem and for a file of the host beside it.
    pub command: String,
    /// Whether the program is looked at from the host while it runs, and then killed. It must be one that
    /// waits after its first line of output (`probe hold`).
    #[serde(default)]
    pub watched: bool,
    /// What must be true.
    #[serde(rename = "fact")]
    pub facts: Vec<Fact>,
    /// What usually goes wrong.
    #[serde(default, rename = "mistake")]
    pub mistakes: Vec<Mistake>,
}

/// Something that must be true.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What must be true.
    pub claim: Claim,
    /// Why it matters: shown when it is not.
    pub why: String,
}

/// A pattern of facts by which a known mistake is recognised.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// The name, which is also that of the directory below `wrong` that makes it.
    pub name: String,
    /// All of these are true when it was made.
    pub when: Vec<Claim>,
    /// What was done and what to think about.
    pub says: String,
}

impl Exercise {
    /// The name of the binary that it is about: the chapter's without the number.
    pub fn binary(&self) -> &str {
        self.text.chapter.split_once('-').map_or(self.text.chapter.as_str(), |(_, name)| name)
    }

    /// All exercises, in the order of their numbers.
    pub fn all(exercises: &Path) -> Result<Vec<Exercise>> {
        let doing = || format!("list the exercises in {}", exercises.display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir(exercises).doing(doing)? {
            let entry = entry.doing(doing)?;
            if entry.path().join("exercise.toml").is_file() {
                found.push(Exercise::read(entry.path(), entry.file_name().to_string_lossy().into())?);
            }
        }
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    /// The exercise that a person means: `3`, `03`, `pids` or `03-pids`.
    pub fn find(exercises: &Path, wanted: &str) -> Result<Exercise> {
        let all = Exercise::all(exercises)?;
        let names: Vec<String> = all.iter().map(|exercise| exercise.id.clone()).collect();
        all.into_iter().find(|exercise| exercise.is_meant_by(wanted)).ok_or_else(|| {
            Error::refused(format!("there is no exercise {wanted:?}"))
                .next(format!("choose one of {}", names.join(", ")))
        })
    }

    fn is_meant_by(&self, wanted: &str) -> bool {
        let (number, name) = self.id.split_once('-').unwrap_or((self.id.as_str(), ""));
        let same_number = number.parse::<u32>().is_ok_and(|number| wanted.parse() == Ok(number));
        wanted == self.id || wanted == name || same_number
    }

    fn read(directory: PathBuf, id: String) -> Result<Exercise> {
        let path = directory.join("exercise.toml");
        let doing = || format!("read {}", path.display());
        let file = std::fs::File::open(&path).doing(doing)?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(file, LONGEST), &mut text).doing(doing)?;
        let text = toml::from_str(&text).map_err(|error| Error::new(doing(), error.to_string()))?;
        let exercise = Exercise { id, directory, text };
        exercise.check().map_err(|why| Error::new(doing(), why))?;
        Ok(exercise)
    }

    /// What the types cannot say.
    fn check(&self) -> Result<(), String> {
        if !self.directory.join("starter").join(&self.text.hole).is_file() {
            return Err(format!("the starter has no {}", self.text.hole.display()));
        }
        for run in &self.text.runs {
            if run.command.split(' ').next() != Some(self.binary()) {
                return Err(format!("a command begins with {:?}: {}", self.binary(), run.command));
            }
            if run.facts.is_empty() {
                return Err(format!("nothing is claimed of: {}", run.command));
            }
        }
        Ok(())
    }
}
