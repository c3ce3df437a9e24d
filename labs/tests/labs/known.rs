//! The programs that come with the exercises, checked as a student's would be. These need root.

use crate::{entries, exercises, lab, mistakes, outcome, text};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn check(exercise: &str, arguments: &[&str]) -> Value {
    let work = tempfile::tempdir().unwrap();
    outcome(&lab(work.path()).args(["check", exercise, "--json"]).args(arguments).output().unwrap())
}

#[test]
fn starters_fail_and_say_that_they_are_not_done() {
    for exercise in entries(&exercises()) {
        let outcome = check(&exercise, &["--of", "starter"]);
        assert_eq!((&outcome["passed"], &outcome["not_done"]), (&false.into(), &true.into()), "{outcome:#}");
    }
}

#[test]
fn solutions_pass() {
    for exercise in entries(&exercises()) {
        let outcome = check(&exercise, &["--of", "solution"]);
        assert_eq!(outcome["passed"], true, "{outcome:#}");
        assert!(mistakes(&outcome).is_empty(), "{outcome:#}");
    }
}

#[test]
fn each_wrong_program_is_named_as_its_mistake_and_no_other() {
    for exercise in entries(&exercises()) {
        for mistake in entries(&exercises().join(&exercise).join("wrong")) {
            let outcome = check(&exercise, &["--of", &format!("wrong/{mistake}")]);
            assert_eq!(
                (&outcome["passed"], &outcome["not_done"]),
                (&false.into(), &false.into()),
                "{outcome:#}"
            );
            assert_eq!(mistakes(&outcome), [mistake.as_str()], "{outcome:#}");
        }
    }
}

#[test]
fn the_chapters_own_binaries_pass() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_lab")).parent().unwrap();
    for exercise in entries(&exercises()) {
        let chapter = crate::description(&exercise)["chapter"].as_str().unwrap().to_string();
        let package = chapter.split_once('-').unwrap().1.to_string();
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        let built =
            Command::new(cargo).args(["build", "-q", "-p", &package]).current_dir(project).output().unwrap();
        assert!(built.status.success(), "{}", text(&built.stderr));
        let outcome = check(&exercise, &["--runtime", binaries.join(&package).to_str().unwrap()]);
        assert_eq!(outcome["passed"], true, "{outcome:#}");
        assert!(mistakes(&outcome).is_empty(), "{outcome:#}");
    }
}

#[test]
fn a_check_leaves_this_machine_as_it_was() {
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let state = || (read("/proc/sys/kernel/hostname"), read("/proc/self/mountinfo"));
    let before = state();
    let renamed = check("hostname", &["--of", "wrong/renames-the-host"]);
    let mounted = check("mounts", &["--of", "wrong/not-private"]);
    assert_eq!((mistakes(&renamed), mistakes(&mounted)), (vec!["renames-the-host"], vec!["not-private"]));
    assert_eq!(state(), before);
}
