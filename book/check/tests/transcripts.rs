//! Every transcript of the book is what appears when its session is typed on this machine.
//!
//! `UPDATE_TRANSCRIPTS=1 cargo test -p book-check --test transcripts` records them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use book_check::stage::Stage;
use book_check::transcripts::{Recording, recordings, replay, session};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// The directory of this test's profile, `target/debug` as a rule, and the root filesystems beside it.
fn stage() -> Stage {
    assert!(nix::unistd::geteuid().is_root(), "recording makes namespaces and mounts: run the tests as root");
    let test = std::env::current_exe().unwrap();
    let binaries = test.ancestors().nth(2).unwrap().to_path_buf();
    Stage { rootfs: binaries.with_file_name("rootfs"), binaries }
}

/// Builds the binaries that the sessions call, into the directory from which they are called.
fn build(packages: &BTreeSet<String>, stage: &Stage) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "-q", "--bins", "--target-dir"]).arg(stage.binaries.parent().unwrap());
    if stage.binaries.ends_with("release") {
        cargo.arg("--release");
    }
    cargo.args(packages.iter().flat_map(|package| ["-p", package]));
    assert!(cargo.current_dir(repository()).status().unwrap().success(), "{cargo:?}");
}

#[test]
fn every_transcript_is_what_appears() {
    let (root, stage) = (repository(), stage());
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some_and(|value| value == "1");
    let recordings = recordings(&root).unwrap();
    let sessions = recordings.iter().map(|recording| session(&root, recording).unwrap());
    build(&sessions.flat_map(|session| session.needs).collect(), &stage);
    let play = |recording: &Recording| replay(&root, recording, &stage, update).err();
    let failed: Vec<String> = recordings.iter().filter_map(play).map(|error| error.to_string()).collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// A repository with one session and one transcript.
fn recorded(session: &str, transcript: &str) -> (tempfile::TempDir, Recording) {
    let root = tempfile::tempdir().unwrap();
    for directory in ["book/transcripts", "book/src/transcripts"] {
        fs::create_dir_all(root.path().join(directory)).unwrap();
    }
    fs::write(root.path().join("book/transcripts/x.session"), session).unwrap();
    fs::write(root.path().join("book/src/transcripts/x.txt"), transcript).unwrap();
    let recording = recordings(root.path()).unwrap().remove(0);
    (root, recording)
}

const SESSION: &str = "\n# echo one \\\n> two\nsilently A=three\n# sleep 100 &\n# echo $A $!; uname -n\n";
const TRANSCRIPT: &str =
    "# echo one \\\n> two\none two\n# sleep 100 &\n[1] PID-1\n# echo $A $!; uname -n\nthree PID-1\nhost\n";

#[test]
fn a_true_transcript_passes() {
    let (root, recording) = recorded(SESSION, TRANSCRIPT);
    replay(root.path(), &recording, &stage(), false).unwrap();
}

#[test]
fn a_forged_transcript_is_found() {
    let (root, recording) = recorded(SESSION, &TRANSCRIPT.replace("three", "four"));
    let error = replay(root.path(), &recording, &stage(), false).unwrap_err().to_string();
    assert!(error.contains("-four PID-1\n+three PID-1\n"), "{error}");
    replay(root.path(), &recording, &stage(), true).unwrap();
    assert_eq!(fs::read_to_string(root.path().join(&recording.transcript)).unwrap(), TRANSCRIPT);
}

#[test]
fn a_session_that_ends_its_shell_is_found() {
    let (root, recording) = recorded("\n# exit\n# echo one\n", "");
    let error = replay(root.path(), &recording, &stage(), false).unwrap_err().to_string();
    assert!(error.contains("the shell has ended"), "{error}");
}
