//! `keg ps`, and what is written down of a container.

use crate::cellar::{containers, keg, line, names_in, redacted, rows, said, with_box};
use insta::assert_snapshot;
use nix::sys::signal::Signal;
use serde_json::Value;
use std::path::PathBuf;
use tests::host::Process;
use tests::{Scratch, Started, wait};

/// A container that runs, and its program on the host.
fn running<'a>(scratch: &'a Scratch, name: &str) -> (Started<'a>, Process) {
    let started = line(scratch, &format!("run --name {name} box sleep 1000")).start();
    let inside = started.inside("busybox");
    wait::until("its state", || state(scratch).first().map(|_| ()));
    (started, inside)
}

/// The state files of the containers that run.
fn state(scratch: &Scratch) -> Vec<PathBuf> {
    let run = scratch.keg_root().join("run");
    let files = names_in(&run).into_iter().map(|id| run.join(id).join("state.json"));
    files.filter(|path| path.exists()).collect()
}

fn read(path: &PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Ends a container that sleeps.
fn end(started: Started) {
    started.signal(Signal::SIGKILL);
    started.finish();
}

#[test]
fn v40_the_table_while_it_runs_and_after() {
    let scratch = with_box();
    assert_snapshot!("ps_empty", line(&scratch, "ps").output().success().text());
    let (started, _) = running(&scratch, "web");
    let table = line(&scratch, "ps").output().success();
    assert_snapshot!("ps_running", redacted(&scratch, &rows(&table).join("\n")));
    let widths: Vec<usize> =
        table.text().lines().map(|row| row.find("web").or(row.find("NAMES")).unwrap()).collect();
    assert_eq!(widths[0], widths[1], "the columns stand below each other: {table:?}");
    wait::until("a second to pass", || {
        line(&scratch, "ps").output().text().contains("Up 2 seconds").then_some(())
    });
    started.signal(Signal::SIGKILL);
    started.finish();
    assert_eq!(rows(&line(&scratch, "ps").output()).len(), 1);
    let after = rows(&line(&scratch, "ps -a").output().success());
    assert!(after[1].contains("Exited (255)"), "nobody saw its end: {after:?}");
    let id = containers(&scratch).remove(0);
    assert_eq!(line(&scratch, "ps -aq").output().text().trim(), &id[..12]);
    assert_eq!(line(&scratch, "ps -aq --no-trunc").output().text().trim(), id);
}

#[test]
fn state_is_true_while_it_runs_and_gone_afterwards() {
    let scratch = with_box();
    let mut started = line(&scratch, "run -i --name web box sh -c").arg("echo up; read x").start_with_input();
    started.wait_for("up");
    let files = wait::until("the state", || Some(state(&scratch)).filter(|files| !files.is_empty()));
    assert_eq!(files.len(), 1);
    let (state_of, id) = (read(&files[0]), containers(&scratch).remove(0));
    assert_eq!(state_of["id"], Value::from(id.clone()));
    let pid = state_of["init_process_pid"].as_i64().unwrap() as i32;
    let init = Process(pid);
    assert_eq!(init.pids(), [pid, 1], "process 1 inside");
    assert!(started.process().descendants().contains(&init));
    let paths = state_of["namespace_paths"].as_object().unwrap();
    assert_eq!(paths.len(), 7);
    let ours = Process::this();
    for (name, kind, own) in [
        ("NEWNET", "net", true),
        ("NEWNS", "mnt", true),
        ("NEWPID", "pid", true),
        ("NEWUTS", "uts", true),
        ("NEWIPC", "ipc", true),
        ("NEWUSER", "user", false),
    ] {
        let path = paths[name].as_str().unwrap();
        let there = std::fs::read_link(path).unwrap().to_string_lossy().into_owned();
        assert_eq!(Some(&there), init.namespace(kind).as_ref(), "{name}");
        assert_eq!(Some(there) != ours.namespace(kind), own, "{name}");
    }
    started.write("\n");
    started.finish().success();
    assert_eq!(names_in(&scratch.keg_root().join("run")), Vec::<String>::new());
    line(&scratch, "ps -a").output().success().prints("Exited (0)");
}

#[test]
fn a_pid_that_was_given_again_is_not_believed() {
    let scratch = with_box();
    let stranger = scratch.tool("sleep").arg("1000").start();
    // Another process with that pid, and that very process in another boot.
    for (field, value) in [("init_process_start", Value::from(1)), ("boot_id", "another".into())] {
        let (started, inside) = running(&scratch, "web");
        let file = state(&scratch).remove(0);
        let mut bad = read(&file);
        end(started);
        wait::until("its end", || (!inside.is_alive()).then_some(()));
        bad["init_process_pid"] = stranger.process().0.into();
        bad[field] = value;
        std::fs::write(&file, bad.to_string()).unwrap();
        let all = rows(&line(&scratch, "ps -a").output().success());
        assert!(all[1].contains("Exited (255)"), "{field}: {all:?}");
        line(&scratch, "rm -f web").output().success();
        assert!(stranger.process().is_alive(), "a process was killed that is not the container's");
    }
    stranger.signal(Signal::SIGTERM);
    stranger.finish();
}

#[test]
fn a_damaged_state_does_not_keep_the_others_from_anything() {
    let scratch = with_box();
    let (started, inside) = running(&scratch, "bad");
    let file = state(&scratch).remove(0);
    end(started);
    wait::until("its end", || (!inside.is_alive()).then_some(()));
    std::fs::write(&file, "{").unwrap();
    line(&scratch, "run --name good box true").output().success();
    let ps = line(&scratch, "ps -a").output().code(1).prints("good");
    assert!(ps.errors().contains(&containers_of(&file)), "which one: {ps:?}");
    std::fs::remove_file(&file).unwrap();
    line(&scratch, "rm bad good").output().success();
}

/// The short identifier of the container that a state file is of.
fn containers_of(file: &std::path::Path) -> String {
    file.parent().unwrap().file_name().unwrap().to_string_lossy()[..12].into()
}

#[test]
fn a_damaged_container_does_not_hide_the_others() {
    let scratch = with_box();
    line(&scratch, "run --name good box true").output().success();
    line(&scratch, "run --name bad box true").output().success();
    let link = std::fs::read_link(scratch.keg_root().join("names/bad")).unwrap();
    let spec = scratch.keg_root().join("containers").join(&link).join("spec.json");
    let whole = std::fs::read(&spec).unwrap();
    for damage in [&b""[..], b"{", b"null", b"[]", b"{\"id\": 1}", &whole[..whole.len() / 2], b"\xff\xff"] {
        std::fs::write(&spec, damage).unwrap();
        let ps = line(&scratch, "ps -a").output().code(1).prints("good");
        assert!(ps.errors().contains(&link.to_string_lossy()[..12]), "which one: {ps:?}");
        assert!(ps.errors().contains("next: "), "{ps:?}");
        line(&scratch, "run --rm box true").output().success();
    }
    std::fs::write(&spec, b"{").unwrap();
    assert_snapshot!("ps_damaged", said(&scratch, &line(&scratch, "ps -a").output()));
    line(&scratch, "rm bad").output().code(1);
    std::fs::write(&spec, whole).unwrap();
    assert_eq!(rows(&line(&scratch, "ps -a").output().success()).len(), 3);
    for wanted in ["bad", "good"] {
        let link = std::fs::read_link(scratch.keg_root().join("names").join(wanted)).unwrap();
        std::fs::write(scratch.keg_root().join("containers").join(&link).join("spec.json"), "{").unwrap();
        let by = if wanted == "bad" { wanted.into() } else { link.to_string_lossy()[..12].to_string() };
        line(&scratch, &format!("rm -f {by}")).output().success();
        line(&scratch, &format!("rm -f {by}")).output().code(1);
    }
    line(&scratch, "rm -f ../../canary").output().code(1);
    crate::cellar::assert_no_container(&scratch);
}

#[test]
fn strange_files_in_the_state_are_no_containers() {
    let scratch = with_box();
    line(&scratch, "run --name good box true").output().success();
    let root = scratch.keg_root();
    std::fs::write(root.join("containers/file"), "x").unwrap();
    std::fs::create_dir(root.join("containers/directory")).unwrap();
    std::os::unix::fs::symlink(scratch.canary(), root.join("containers/link")).unwrap();
    std::os::unix::fs::symlink("../../canary", root.join("names/link")).unwrap();
    let ps = line(&scratch, "ps -a").output();
    assert!(ps.text().contains("good"), "{ps:?}");
    line(&scratch, "rm link").output().code(1);
    line(&scratch, "rm ../names/good").output().code(1);
    assert!(scratch.canary().join("secret").exists());
}

#[test]
fn prefixes_of_identifiers() {
    let scratch = with_box();
    for _ in 0..17 {
        // Of seventeen, two begin with the same digit.
        line(&scratch, "run box true").output().success();
    }
    let ids = containers(&scratch);
    let twice = ids.windows(2).find(|pair| pair[0][..1] == pair[1][..1]).unwrap();
    let ambiguous = line(&scratch, &format!("rm {}", &twice[0][..1])).output().code(1);
    assert!(ambiguous.errors().contains("containers"), "{ambiguous:?}");
    let empty = keg(&scratch, &["rm", ""]).output();
    assert_snapshot!("rm_empty", said(&scratch, &empty));
    line(&scratch, "rm zz").output().code(1).says("No such container: zz");
    assert_eq!(containers(&scratch).len(), 17, "none of these removed anything");
    line(&scratch, &format!("rm {}", &twice[0][..12])).output().success();
    line(&scratch, &format!("rm {}", twice[1])).output().success();
    // An exact name goes before the beginning of an identifier.
    let other = containers(&scratch).remove(0);
    let name = other[..4].to_string();
    line(&scratch, &format!("run --name {name} box true")).output().success();
    line(&scratch, &format!("rm {name}")).output().success();
    assert!(containers(&scratch).contains(&other));
    let words = [vec!["rm".to_string()], containers(&scratch)].concat();
    scratch.run("keg").args(words).output().success();
}

#[test]
fn c0_06_a_reader_that_goes_away_is_no_error() {
    let scratch = with_box();
    line(&scratch, "run --name gone box true").output().success();
    let keg = tests::binaries::bin("keg");
    for words in ["ps -a", "images", "--help", "run --help", "check"] {
        let script =
            format!("set -o pipefail; {} {words} | head -c0; echo ${{PIPESTATUS[0]}}", keg.display());
        let output = scratch.tool("bash").args(["-c", &script]).output();
        assert_eq!((output.text().as_str(), output.errors().as_str()), ("0\n", ""), "{words}: {output:?}");
    }
}
