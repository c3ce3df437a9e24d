//! What each command does. The exit code is 0 when all is well, 1 when a check has not passed, and 125 when
//! `lab` itself could not do its work.

use crate::exercise::Exercise;
use crate::paths::{Paths, shown};
use crate::report::{Paint, indented, say};
use crate::work::{self, Progress};
use crate::{cargo, check, report, sandbox};
use shared::{Doing, Error, Result};
use std::path::{Path, PathBuf};

/// The exit code of a check that has not passed.
const NOT_PASSED: u8 = 1;

/// `lab list`
pub fn list(paths: &Paths) -> Result<u8> {
    let paint = Paint::new();
    for exercise in Exercise::all(&paths.exercises)? {
        let state = match (work::progress(paths, &exercise)?.done, work::directory(paths, &exercise).exists())
        {
            (true, _) => paint.green("done "),
            (false, true) => paint.bold("open "),
            (false, false) => "-    ".into(),
        };
        say(&format!("{state}  {:<12}  {}\n", exercise.id, exercise.text.title));
    }
    Ok(0)
}

/// `lab start`
pub fn start(paths: &Paths, wanted: &str) -> Result<u8> {
    let exercise = Exercise::find(&paths.exercises, wanted)?;
    let directory = work::start(paths, &exercise)?;
    say(&briefing(&exercise, &directory));
    Ok(0)
}

/// `lab hint`
pub fn hint(paths: &Paths, wanted: &str, all: bool) -> Result<u8> {
    let exercise = Exercise::find(&paths.exercises, wanted)?;
    let hints = &exercise.text.hints;
    let mut progress = work::progress(paths, &exercise)?;
    let from = if all { 0 } else { progress.hints.min(hints.len() - 1) };
    let to = if all { hints.len() } else { from + 1 };
    for (i, hint) in hints.iter().enumerate().take(to).skip(from) {
        say(&format!(
            "{}\n{}",
            Paint::new().bold(&format!("Hint {} of {}", i + 1, hints.len())),
            indented(hint, "  ")
        ));
    }
    progress.hints = progress.hints.max(to);
    work::set_progress(paths, &exercise, progress)?;
    Ok(0)
}

/// Which program is checked.
#[derive(Debug)]
pub enum Which {
    /// The student's crate.
    Work,
    /// Any program.
    Program(PathBuf),
    /// One that came with the exercise.
    Known(String),
}

impl Which {
    /// From the flags, of which at most one is given.
    pub fn new(runtime: Option<PathBuf>, of: Option<String>) -> Which {
        match (runtime, of) {
            (Some(runtime), _) => Which::Program(runtime),
            (None, Some(of)) => Which::Known(of),
            (None, None) => Which::Work,
        }
    }
}

/// `lab check`
pub fn check(paths: &Paths, wanted: &str, which: Which, limit: u16, json: bool) -> Result<u8> {
    sandbox::check_root()?;
    let exercise = Exercise::find(&paths.exercises, wanted)?;
    let runtime = program(paths, &exercise, &which)?;
    let probe = cargo::probe(paths)?;
    let outcome = check::check(paths, &exercise, &runtime, &probe, limit)?;
    if json {
        say(&format!("{}\n", serde_json::to_string(&outcome).doing(|| "print the outcome".into())?));
    } else {
        say(&report::outcome(&outcome, &exercise, Paint::new()));
    }
    if outcome.passed && !matches!(which, Which::Known(_)) {
        let progress = Progress { done: true, ..work::progress(paths, &exercise)? };
        work::set_progress(paths, &exercise, progress)?;
        if !json {
            say(&next(paths, &exercise)?);
        }
    }
    Ok(if outcome.passed { 0 } else { NOT_PASSED })
}

/// What to do after an exercise that is done.
fn next(paths: &Paths, done: &Exercise) -> Result<String> {
    for exercise in Exercise::all(&paths.exercises)? {
        if !work::progress(paths, &exercise)?.done {
            return Ok(format!("{} is done. Next: cargo lab start {}\n", done.id, exercise.id));
        }
    }
    Ok(format!("{} is done, and with it all exercises.\n", done.id))
}

/// The program to check, built if it has to be.
fn program(paths: &Paths, exercise: &Exercise, which: &Which) -> Result<PathBuf> {
    match which {
        Which::Work => {
            let directory = work::directory(paths, exercise);
            if !directory.exists() {
                return Err(Error::refused(format!("{} is not started", exercise.id)).next(format!(
                    "cargo lab start {0}, or name a program: cargo lab check {0} --runtime ./mine",
                    exercise.id
                )));
            }
            cargo::build(paths, exercise, &directory, "work")
        }
        Which::Program(path) => path.canonicalize().map_err(|error| {
            Error::new(format!("check {}", path.display()), error).next("give the path of an executable file")
        }),
        Which::Known(name) => {
            let change = known(exercise, name)?;
            let label = name.replace('/', "-");
            let directory = work::assemble(paths, exercise, &label, change.as_deref())?;
            cargo::build(paths, exercise, &directory, &label)
        }
    }
}

/// The files by which a known program differs from the starter.
fn known(exercise: &Exercise, name: &str) -> Result<Option<PathBuf>> {
    let below = exercise.directory.join(name);
    match name.split_once('/') {
        None if name == "starter" => Ok(None),
        None if name == "solution" => Ok(Some(below)),
        Some(("wrong", mistake)) if !mistake.contains(['/', '.']) && below.is_dir() => Ok(Some(below)),
        _ => Err(Error::refused(format!("{} has no program {name:?}", exercise.id))
            .next("give starter, solution, or wrong/ with a name from the exercise's directory")),
    }
}

/// `lab reset`
pub fn reset(paths: &Paths, wanted: &str) -> Result<u8> {
    let exercise = Exercise::find(&paths.exercises, wanted)?;
    if let Some(kept) = work::reset(paths, &exercise)? {
        say(&format!("Your work is kept in {}\n\n", shown(&kept)));
    }
    say(&briefing(&exercise, &work::directory(paths, &exercise)));
    Ok(0)
}

/// `lab clean`
pub fn clean(paths: &Paths) -> Result<u8> {
    let removed = work::clean(paths)?;
    let what = if removed { "Removed" } else { "Nothing to remove in" };
    say(&format!("{what} {}. Your work stays in {}\n", shown(&paths.build), shown(&paths.work)));
    Ok(0)
}

fn briefing(exercise: &Exercise, directory: &Path) -> String {
    format!(
        "{}: {}\n\n{}\n  read    chapters/{}\n  fill    {}\n  then    cargo lab check {id}\n  stuck?  cargo lab hint {id}\n",
        Paint::new().bold(&exercise.id),
        exercise.text.title,
        indented(&exercise.text.goal, "  "),
        exercise.text.chapter,
        shown(&directory.join(&exercise.text.hole)),
        id = exercise.id,
    )
}
