//! Every transcript of the book is what appears when its session is typed on this machine.
//!
//! `UPDATE_TRANSCRIPTS=1 cargo test -p book-check --test transcripts` records them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use book_check::stage::Stage;
use book_check::transcripts::{Recording, recordings, replay, session};
use std::fs;

/// The directory of the binaries, all built, and the root filesystems that `make images` has made.
fn stage() -> Stage {
    assert!(nix::unistd::geteuid().is_root(), "recording makes namespaces and mounts: run the tests as root");
    let binaries = tests::binaries::bin("chroot").parent().unwrap().to_path_buf();
    Stage { rootfs: tests::binaries::made().join("rootfs"), binaries }
}

#[test]
fn every_transcript_is_what_appears() {
    let (root, stage) = (tests::binaries::workspace(), stage());
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some_and(|value| value == "1");
    let recordings = recordings(root).unwrap();
    for needed in recordings.iter().flat_map(|recording| session(root, recording).unwrap().needs) {
        tests::binaries::bin(&needed);
    }
    let play = |recording: &Recording| replay(root, recording, &stage, update).err();
    let failed: Vec<String> = recordings.iter().filter_map(play).map(|error| error.line()).collect();
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
    let error = replay(root.path(), &recording, &stage(), false).unwrap_err().line();
    assert!(error.contains("-four PID-1\n+three PID-1\n"), "{error}");
    replay(root.path(), &recording, &stage(), true).unwrap();
    assert_eq!(fs::read_to_string(root.path().join(&recording.transcript)).unwrap(), TRANSCRIPT);
}

#[test]
fn what_is_to_be_proved_must_appear() {
    let (root, recording) = recorded("proves: two\n\n# echo one\n", "");
    let error = replay(root.path(), &recording, &stage(), true).unwrap_err().to_string();
    assert!(error.contains("the line `two` does not appear"), "{error}");
}

#[test]
fn a_session_that_ends_its_shell_is_found() {
    let (root, recording) = recorded("\n# exit\n# echo one\n", "");
    let error = replay(root.path(), &recording, &stage(), false).unwrap_err().to_string();
    assert!(error.contains("the shell has ended"), "{error}");
}
