//! What every exercise has, so that who has done one can do the next.

use crate::{description, entries, exercises};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_mistake_has_a_program_that_makes_it_and_every_wrong_program_a_mistake() {
    for exercise in entries(&exercises()) {
        let runs = description(&exercise)["run"].as_array().unwrap().clone();
        let named: BTreeSet<String> = runs
            .iter()
            .filter_map(|run| run.get("mistake"))
            .flat_map(|mistakes| mistakes.as_array().unwrap())
            .map(|mistake| mistake["name"].as_str().unwrap().to_string())
            .collect();
        let made: BTreeSet<String> =
            entries(&exercises().join(&exercise).join("wrong")).into_iter().collect();
        assert_eq!(named, made, "{exercise}");
        assert!(!made.is_empty(), "{exercise} has no wrong solution");
    }
}

#[test]
fn known_programs_differ_from_the_starter_in_the_hole_only() {
    for exercise in entries(&exercises()) {
        let directory = exercises().join(&exercise);
        let hole = description(&exercise)["hole"].as_str().unwrap().to_string();
        let wrong = entries(&directory.join("wrong"));
        for program in wrong.iter().map(|name| format!("wrong/{name}")).chain(["solution".into()]) {
            assert_eq!(
                files(&directory.join(&program)),
                *std::slice::from_ref(&hole),
                "{exercise}/{program}"
            );
        }
        let starter = std::fs::read_to_string(directory.join("starter").join(&hole)).unwrap();
        assert!(starter.contains("not done yet: "), "the hole of {exercise} says that it is one");
    }
}

#[test]
fn starters_have_the_versions_of_the_workspace_and_stand_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("Cargo.toml");
    let root: toml::Table = std::fs::read_to_string(root).unwrap().parse().unwrap();
    for exercise in entries(&exercises()) {
        let path = exercises().join(&exercise).join("starter/Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        assert!(manifest.contains_key("workspace"), "{exercise} would look for the project's workspace");
        for (name, wanted) in manifest["dependencies"].as_table().unwrap() {
            let ours = &root["workspace"]["dependencies"][name];
            let version =
                |entry: &toml::Value| entry.get("version").unwrap_or(entry).as_str().unwrap().to_string();
            assert_eq!(version(wanted), version(ours), "{exercise}: {name}");
        }
    }
}

#[test]
fn no_program_of_an_exercise_can_panic_or_is_unsafe() {
    for exercise in entries(&exercises()) {
        for file in files(&exercises().join(&exercise)).iter().filter(|file| file.ends_with(".rs")) {
            let text = std::fs::read_to_string(exercises().join(&exercise).join(file)).unwrap();
            for word in ["unwrap()", "expect(", "todo!", "unimplemented!", "panic!", "unsafe "] {
                assert!(!text.contains(word), "{exercise}/{file}: {word}");
            }
        }
    }
}

#[test]
fn programs_are_formatted() {
    let labs = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = files(&exercises()).into_iter().filter(|file| file.ends_with(".rs"));
    let output = std::process::Command::new("rustfmt")
        .args(["--check", "--edition", "2024", "--config-path", "../rustfmt.toml"])
        .args(all.map(|file| format!("exercises/{file}")))
        .current_dir(labs)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// All files below a directory, as paths from there.
fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for name in entries(directory) {
        match directory.join(&name) {
            path if path.is_dir() => {
                found.extend(files(&path).into_iter().map(|file| format!("{name}/{file}")))
            }
            _ => found.push(name),
        }
    }
    found
}
