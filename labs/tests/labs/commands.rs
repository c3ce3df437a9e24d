//! The commands, as a student uses them.

use crate::{entries, exercises, lab, mistakes, outcome, text};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs `lab`; the exit code and both outputs.
fn run(work: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = lab(work).args(arguments).output().unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn program(directory: &Path, script: &str) -> PathBuf {
    let path = directory.join("mine");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

#[test]
fn list_shows_every_exercise_once_and_its_state() {
    let work = tempfile::tempdir().unwrap();
    assert_eq!(run(work.path(), &["start", "2"]).0, 0);
    let (code, out, _) = run(work.path(), &["list"]);
    assert_eq!((code, out.lines().count()), (0, entries(&exercises()).len()));
    assert!(out.contains("open   02-hostname ") && out.contains("-      01-chroot "), "{out}");
    assert!(!out.contains('\x1b'), "plain in a pipe");
}

#[test]
fn start_copies_the_starter_and_never_overwrites() {
    let work = tempfile::tempdir().unwrap();
    let (code, out, _) = run(work.path(), &["start", "pids"]);
    assert_eq!(code, 0);
    assert!(out.contains("cargo lab check 03-pids") && out.contains("src/pids.rs"), "{out}");
    let hole = work.path().join("03-pids/src/pids.rs");
    std::fs::write(&hole, "mine").unwrap();
    let (code, _, errors) = run(work.path(), &["start", "03"]);
    assert_eq!(code, 125);
    assert!(errors.contains("cargo lab reset 03-pids"), "{errors}");
    assert_eq!(std::fs::read_to_string(&hole).unwrap(), "mine");
}

#[test]
fn reset_keeps_the_old_work_and_says_where() {
    let work = tempfile::tempdir().unwrap();
    let hole = work.path().join("04-mounts/src/mounts.rs");
    run(work.path(), &["start", "4"]);
    run(work.path(), &["hint", "4"]);
    for number in 1..=2 {
        std::fs::write(&hole, format!("attempt {number}")).unwrap();
        let (code, out, _) = run(work.path(), &["reset", "4"]);
        let kept = work.path().join(format!("04-mounts.backup-{number}"));
        assert_eq!(code, 0);
        assert!(out.contains(kept.to_str().unwrap()), "{out}");
        assert_eq!(std::fs::read_to_string(kept.join("src/mounts.rs")).unwrap(), format!("attempt {number}"));
        assert!(std::fs::read_to_string(&hole).unwrap().contains("not done yet"));
    }
    assert!(run(work.path(), &["hint", "4"]).1.starts_with("Hint 1 of 3"), "the hints begin anew");
}

#[test]
fn each_hint_follows_the_one_before_and_the_last_stays() {
    let work = tempfile::tempdir().unwrap();
    for number in ["1", "2", "3", "3"] {
        let (code, out, _) = run(work.path(), &["hint", "1"]);
        assert_eq!((code, out.lines().next()), (0, Some(format!("Hint {number} of 3").as_str())));
    }
    let (_, out, _) = run(work.path(), &["hint", "2", "--all"]);
    assert_eq!(out.matches("of 3\n").count(), 3);
    assert!(run(work.path(), &["hint", "2"]).1.starts_with("Hint 3 of 3"));
}

#[test]
fn clean_removes_what_was_built_and_no_work() {
    let (work, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(work.path(), &["start", "1"]);
    std::fs::create_dir_all(target.path().join("labs/bin")).unwrap();
    std::fs::create_dir_all(target.path().join("debug")).unwrap();
    let output = lab(work.path()).arg("clean").env("CARGO_TARGET_DIR", target.path()).output().unwrap();
    assert!(output.status.success());
    assert_eq!(entries(target.path()), ["debug"]);
    assert!(work.path().join("01-chroot/src/root.rs").exists());
    let again = lab(work.path()).arg("clean").env("CARGO_TARGET_DIR", target.path()).output().unwrap();
    assert!(text(&again.stdout).starts_with("Nothing to remove"), "{again:?}");
}

#[test]
fn a_students_crate_is_built_checked_and_remembered() {
    let work = tempfile::tempdir().unwrap();
    let (code, _, errors) = run(work.path(), &["check", "1"]);
    assert_eq!(code, 125);
    assert!(errors.contains("cargo lab start 01-chroot"), "{errors}");

    run(work.path(), &["start", "1"]);
    let (code, out, _) = run(work.path(), &["check", "1"]);
    assert_eq!(code, 1);
    assert!(out.contains("the hole is in src/root.rs"), "{out}");

    let hole = work.path().join("01-chroot/src/root.rs");
    std::fs::write(&hole, "no rust").unwrap();
    let (code, _, errors) = run(work.path(), &["check", "1"]);
    assert_eq!(code, 125);
    assert!(errors.contains("the compiler has said why"), "{errors}");

    std::fs::copy(exercises().join("01-chroot/solution/src/root.rs"), &hole).unwrap();
    let (code, out, errors) = run(work.path(), &["check", "1"]);
    assert_eq!(code, 0, "{out}{errors}");
    assert!(out.contains("01-chroot is done. Next: cargo lab start 02-hostname"), "{out}");
    assert!(run(work.path(), &["list"]).1.contains("done   01-chroot"));
}

#[test]
fn any_language_will_do() {
    let work = tempfile::tempdir().unwrap();
    let mine = program(work.path(), "rootfs=$1; shift; exec chroot \"$rootfs\" \"$@\"");
    let (code, out, _) = run(work.path(), &["check", "1", "--runtime", mine.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_program_that_hangs_and_what_it_started_are_ended() {
    let work = tempfile::tempdir().unwrap();
    let mine = program(work.path(), "sleep 4217 & sleep 4218");
    let check = ["check", "3", "--json", "--limit", "1", "--runtime", mine.to_str().unwrap()];
    let outcome = outcome(&lab(work.path()).args(check).output().unwrap());
    assert_eq!((&outcome["passed"], &outcome["runs"][0]["timed_out"]), (&false.into(), &true.into()));
    assert_eq!(outcome["runs"].as_array().unwrap().len(), 1, "it is not tried again");
    assert!(mistakes(&outcome).is_empty(), "{outcome:#}");
    assert!(!runs("4217") && !runs("4218"), "one is left");
}

#[test]
fn a_check_that_is_killed_takes_everything_with_it() {
    let work = tempfile::tempdir().unwrap();
    let mine = program(work.path(), "sleep 4219 & sleep 4220");
    let mut check = lab(work.path());
    check.args(["check", "3", "--limit", "5", "--runtime", mine.to_str().unwrap()]);
    let mut check = check.stdout(Stdio::null()).spawn().unwrap();
    let started = eventually(|| runs("4219") && runs("4220"));
    check.kill().unwrap();
    check.wait().unwrap();
    assert!(started, "the program did not start");
    assert!(eventually(|| !runs("4219") && !runs("4220")), "one is left");
}

/// Whether a `sleep` of these seconds runs on this machine.
fn runs(seconds: &str) -> bool {
    let command_line =
        |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    entries(Path::new("/proc")).iter().any(|pid| command_line(pid) == format!("sleep\0{seconds}\0"))
}

/// Whether it becomes true within a minute: the probe may have to be built first.
fn eventually(holds: impl Fn() -> bool) -> bool {
    (0..600).any(|_| {
        let holds = holds();
        if !holds {
            std::thread::sleep(Duration::from_millis(100));
        }
        holds
    })
}

#[test]
fn what_a_program_prints_does_not_drive_the_terminal() {
    let work = tempfile::tempdir().unwrap();
    let mine = program(work.path(), "printf '\\033]0;owned\\007' >&2; exit 3");
    let (code, out, _) = run(work.path(), &["check", "1", "--runtime", mine.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(out.contains("your program said") && !out.contains('\x1b'), "{out}");
}

#[test]
fn what_is_wrong_with_a_command_line_is_said() {
    let work = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (&["start", "99"][..], "there is no exercise \"99\""),
        (&["check", "1", "--runtime", "/does/not/exist"], "executable file"),
        (&["check", "1", "--of", "wrong/../solution"], "has no program"),
        (&["check", "1", "--of", "wrong/unheard-of"], "has no program"),
        (&["check", "1", "--of", "starter", "--runtime", "x"], "cannot be used with"),
        (&["hint"], "Usage"),
    ] {
        let (code, _, errors) = run(work.path(), arguments);
        assert_eq!(code, 125, "{arguments:?}");
        assert!(errors.contains(says), "{arguments:?}: {errors}");
    }
}

#[test]
fn without_root_and_sudo_a_check_says_so_before_it_builds() {
    // The directories on the way to the binary may be closed to nobody; a copy in an open one is not.
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let copy = place.path().join("lab");
    std::fs::copy(env!("CARGO_BIN_EXE_lab"), &copy).unwrap();
    let mut command = Command::new(copy);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.args(["check", "1"]).env("PATH", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(text(&output.stderr).contains("a check needs root, and there is no sudo"), "{output:?}");
}
