//! The exercises prove themselves: starters fail, solutions pass, and every known mistake is named.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod commands;
mod known;
mod shape;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The directory of the exercises.
fn exercises() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("exercises")
}

/// The names of the entries of a directory, sorted; none if it is missing.
fn entries(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into()).collect();
    names.sort();
    names
}

/// What an exercise says of itself.
fn description(exercise: &str) -> toml::Table {
    std::fs::read_to_string(exercises().join(exercise).join("exercise.toml")).unwrap().parse().unwrap()
}

/// `lab` with the student's work in `work`.
fn lab(work: &Path) -> Command {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_lab"));
    lab.env("LAB_WORK", work).env_remove("NO_COLOR");
    lab
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The JSON outcome of a check, which must have the exit code that belongs to it.
fn outcome(output: &Output) -> Value {
    let outcome: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
    let code = if outcome["passed"] == true { 0 } else { 1 };
    assert_eq!(output.status.code(), Some(code), "{outcome:#}");
    outcome
}

/// The names of the mistakes that a check has recognised.
fn mistakes(outcome: &Value) -> Vec<&str> {
    let runs = outcome["runs"].as_array().unwrap();
    runs.iter()
        .flat_map(|run| run["mistakes"].as_array().unwrap())
        .map(|mistake| mistake["name"].as_str().unwrap())
        .collect()
}
