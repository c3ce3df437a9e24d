//! The store through the binary: crashes, two at once, no space, finding.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod yard;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use yard::{Archive, gzip};

fn images(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_images"));
    command.arg("--root").arg(root).env_remove("KEG_ROOT");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn import(root: &Path, archive: &[u8], arguments: &[&str]) -> Output {
    let mut command = images(root);
    command.args(["import", "-"]).args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(archive); // it may refuse early
    child.wait_with_output().unwrap()
}

fn imported(root: &Path, archive: &[u8], arguments: &[&str]) -> String {
    let out = import(root, archive, arguments);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(out.stderr.is_empty());
    text(&out.stdout).trim().to_string()
}

fn count(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn an_image_is_found_by_its_name_and_by_its_identifier() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    let ids: Vec<String> = (0..17)
        .map(|i| {
            imported(root, &gzip(&Archive::new().file("f", &i.to_string()).end()), &[&format!("a/b:{i}")])
        })
        .collect();
    let show = |name: &str| images(root).args(["show", name]).output().unwrap();
    let seven = show("a/b:7").stdout;
    assert_eq!(fs::read_to_string(Path::new(text(&seven).trim()).join("f")).unwrap(), "7");
    let hex = ids[7].strip_prefix("sha256:").unwrap();
    for name in ["docker.io/a/b:7", ids[7].as_str(), hex, &hex[..12]] {
        assert_eq!(show(name).stdout, seven, "{name}");
    }
    let mut firsts: Vec<&str> = ids.iter().map(|id| &id[7..8]).collect();
    firsts.sort();
    let twice = firsts.windows(2).find(|pair| pair[0] == pair[1]).unwrap()[0]; // 17 in 16 digits
    let error = text(&show(twice).stderr);
    assert!(error.contains("is the beginning of") && error.contains("give more digits"), "{error}");
    for unknown in ["nothing", "a/b:99", "a/b", "sha256:", "-", &"0".repeat(64)] {
        assert_eq!(images(root).args(["show", "--", unknown]).output().unwrap().status.code(), Some(125));
    }
    let list = text(&images(root).arg("ls").output().unwrap().stdout);
    let row: Vec<&str> =
        list.lines().find(|line| line.contains(&hex[..12])).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[1], row[2]), ("a/b", "7", &hex[..12]));
}

#[test]
fn a_moved_name_leaves_the_old_image_by_its_identifier() {
    let scratch = tempfile::tempdir().unwrap();
    let old = imported(scratch.path(), &Archive::new().file("f", "old").end(), &["x"]);
    imported(scratch.path(), &Archive::new().file("f", "new").end(), &["x"]);
    let show = |name: &str| text(&images(scratch.path()).args(["show", name]).output().unwrap().stdout);
    let read = |name: &str| fs::read_to_string(Path::new(show(name).trim()).join("f")).unwrap();
    assert_eq!((read("x"), read(&old)), ("new".into(), "old".into()));
    assert!(text(&images(scratch.path()).arg("ls").output().unwrap().stdout).contains("<none>"));
}

#[test]
fn an_import_has_its_configuration() {
    let scratch = tempfile::tempdir().unwrap();
    let archive = Archive::new().file("f", "").end();
    let arguments = ["x", "-c", "CMD [\"sh\"]", "--change", "ENV A=b", "-m", "why"];
    let id = imported(scratch.path(), &archive, &arguments);
    let blob = scratch.path().join("images/blobs/sha256").join(&id[7..]);
    let config = images::Config::parse(&fs::read(blob).unwrap()).unwrap();
    assert_eq!((config.config.cmd.unwrap(), config.config.env), (vec!["sh".into()], vec!["A=b".into()]));
    assert_eq!(config.history[0].comment.as_deref(), Some("why"));
    for (bad, why) in [(["x", "-c", "RUN x"], "apply the change"), (["X", "-m", ""], "lower case")] {
        let error = text(&import(scratch.path(), &archive, &bad).stderr);
        assert!(error.contains(why), "{error}");
    }
    let mut command = images(scratch.path());
    let missing = command.args(["import", "/nonexistent"]).output().unwrap();
    assert!(text(&missing.stderr).contains("/nonexistent: No such file"), "{}", text(&missing.stderr));
}

#[test]
fn a_killed_import_leaves_nothing_to_the_next() {
    let scratch = tempfile::tempdir().unwrap();
    let tmp = scratch.path().join("images/tmp");
    let mut command = images(scratch.path());
    let mut killed = command.args(["import", "-", "x"]).stdin(Stdio::piped()).spawn().unwrap();
    let deep = (0..100).fold(Archive::new(), |all, i| all.file(&format!("d/e/{i}"), &"x".repeat(9000)));
    killed.stdin.as_mut().unwrap().write_all(&deep.0).unwrap();
    let unpacking = || {
        fs::read_dir(&tmp).is_ok_and(|mut all| {
            all.next().is_some_and(|one| {
                fs::read_dir(one.unwrap().path().join("fs/d/e")).is_ok_and(|files| files.count() > 20)
            })
        })
    };
    for _ in 0..500 {
        if unpacking() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(unpacking(), "it never began to unpack");
    // Another one, while the first lives: its work is not swept.
    imported(scratch.path(), &Archive::new().file("f", "").end(), &["y"]);
    assert!(unpacking(), "a living import was swept");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(count(&tmp), 1, "this is what the crash left");
    let list = images(scratch.path()).arg("ls").output().unwrap();
    assert_eq!(count(&tmp), 0, "swept");
    assert_eq!(text(&list.stdout).lines().count(), 2, "nothing half-made has a name");
    imported(scratch.path(), &deep.end(), &["x"]);
}

#[test]
fn c6_19_many_imports_of_one_archive_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let archive = (0..200).fold(Archive::new(), |all, i| all.file(&format!("d/{i}"), "x")).end();
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (root, archive) = (scratch.path(), &archive);
            scope.spawn(move || imported(root, archive, &[&format!("x:{i}")]));
        }
    });
    let images_dir = scratch.path().join("images");
    assert_eq!((count(&images_dir.join("tmp")), count(&images_dir.join("layers"))), (0, 2));
    let list = text(&images(scratch.path()).arg("ls").output().unwrap().stdout);
    assert_eq!(list.lines().count(), 7, "no name was lost: {list}");
}

#[test]
fn no_space_is_said_and_leaves_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let tar = scratch.path().join("a.tar");
    let noise = "0123456789".repeat(300_000);
    fs::write(&tar, Archive::new().file("small", "x").file("large", &noise).end()).unwrap();
    let small = scratch.path().join("small");
    fs::create_dir(&small).unwrap();
    // A mount namespace of its own: the small filesystem goes with the shell.
    let script = format!(
        "mount -t tmpfs -o size=4m,mode=700 small {0} && {1} --root {0}/k import {2} x; echo $?; find {0}/k/images/tmp {0}/k/images/layers {0}/k/images/blobs/sha256 -mindepth 1",
        small.display(),
        env!("CARGO_BIN_EXE_images"),
        tar.display()
    );
    let out = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
    let error = text(&out.stderr);
    assert!(error.contains("import the archive as x:latest") && error.contains("ENOSPC"), "{error}");
    assert!(error.contains("next: free some space"), "{error}");
    assert_eq!(text(&out.stdout), "125\n", "nothing is left");
}

#[test]
fn d_05_a_damaged_document_is_noticed_and_hides_no_other() {
    let scratch = tempfile::tempdir().unwrap();
    let bad = imported(scratch.path(), &Archive::new().file("f", "1").end(), &["bad"]);
    imported(scratch.path(), &Archive::new().file("f", "2").end(), &["good"]);
    let blob = scratch.path().join("images/blobs/sha256").join(&bad[7..]);
    let mut bytes = fs::read(&blob).unwrap();
    bytes[20] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let show = images(scratch.path()).args(["show", "bad"]).output().unwrap();
    assert!(text(&show.stderr).contains("use the image bad:latest: "), "{}", text(&show.stderr));
    assert!(text(&show.stderr).contains("it is damaged"), "{}", text(&show.stderr));
    let list = images(scratch.path()).arg("ls").output().unwrap();
    assert!(text(&list.stdout).contains("good"), "the others are listed");
    assert_eq!(list.status.code(), Some(125));
}
