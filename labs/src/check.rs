//! Comparing what an exercise claims with what is.

use crate::claim::{Judgement, Verdict};
use crate::exercise::{Exercise, Run};
use crate::paths::Paths;
use crate::sandbox::{self, Request};
use serde::Serialize;
use serde_json::Value;
use shared::{Doing, Result};
use std::path::Path;

/// What a starter says where its hole is: a program that says so is not wrong, it is not written.
const NOT_DONE: &str = "not done yet";

/// The outcome of a check.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The exercise's name.
    pub exercise: String,
    /// Whether every claim is true.
    pub passed: bool,
    /// Whether the program says itself that it is not written yet.
    pub not_done: bool,
    /// Every command line that was run.
    pub runs: Vec<RunOutcome>,
}

/// The outcome of one command line.
#[derive(Debug, Serialize)]
pub struct RunOutcome {
    pub command: String,
    pub facts: Vec<FactOutcome>,
    /// The known mistakes that this looks like.
    pub mistakes: Vec<Named>,
    /// What was printed on standard error.
    pub stderr: String,
    /// Whether it had to be ended.
    pub timed_out: bool,
}

/// A claim, what came of it, and why it matters.
#[derive(Debug, Serialize)]
pub struct FactOutcome {
    #[serde(flatten)]
    pub judgement: Judgement,
    pub why: String,
}

/// A mistake that was recognised.
#[derive(Debug, Serialize)]
pub struct Named {
    pub name: String,
    pub says: String,
}

/// Runs every command line of the exercise with `runtime` in the place of the chapter's binary.
pub fn check(
    paths: &Paths,
    exercise: &Exercise,
    runtime: &Path,
    probe: &Path,
    limit: u16,
) -> Result<Outcome> {
    let scratch = paths.build.join("scratch");
    std::fs::create_dir_all(&scratch).doing(|| format!("make {}", scratch.display()))?;
    let mut runs = Vec::new();
    for run in &exercise.text.runs {
        let request = Request {
            runtime: runtime.to_path_buf(),
            words: run.command.split_whitespace().skip(1).map(str::to_string).collect(),
            probe: probe.to_path_buf(),
            scratch: scratch.clone(),
            watched: run.watched,
            limit,
        };
        let outcome = judge(run, &sandbox::facts(&request)?);
        let hangs = outcome.timed_out;
        runs.push(outcome);
        if hangs {
            break; // it would hang in the others, too
        }
    }
    let good = |run: &RunOutcome| run.facts.iter().all(|fact| fact.judgement.verdict == Verdict::Good);
    Ok(Outcome {
        exercise: exercise.id.clone(),
        passed: runs.len() == exercise.text.runs.len() && runs.iter().all(good),
        not_done: runs.iter().any(|run| !good(run) && run.stderr.contains(NOT_DONE)),
        runs,
    })
}

fn judge(run: &Run, facts: &Value) -> RunOutcome {
    let of = |fact: &crate::exercise::Fact| FactOutcome {
        judgement: fact.claim.judge(facts),
        why: fact.why.clone(),
    };
    let made = |mistake: &&crate::exercise::Mistake| mistake.when.iter().all(|claim| claim.holds(facts));
    let named =
        |mistake: &crate::exercise::Mistake| Named { name: mistake.name.clone(), says: mistake.says.clone() };
    RunOutcome {
        command: run.command.clone(),
        facts: run.facts.iter().map(of).collect(),
        mistakes: run.mistakes.iter().filter(made).map(named).collect(),
        stderr: facts["stderr"].as_str().unwrap_or_default().to_string(),
        timed_out: facts["timed_out"] == true,
    }
}
