//! The harness catches what it is there to catch.

use nix::sys::signal::Signal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::{Registry, Scratch, rootfs};

/// These leaks do not go away by waiting.
const BRIEFLY: Duration = Duration::from_millis(50);

/// What the check at the end of a scratch complained of.
fn complaint(leak: impl FnOnce(&Scratch)) -> String {
    let mut scratch = Scratch::new();
    scratch.settle_within(BRIEFLY);
    leak(&scratch);
    let ended = catch_unwind(AssertUnwindSafe(|| drop(scratch)));
    let panic = ended.expect_err("the leak went unnoticed");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_mount_that_is_left_is_noticed_and_removed() {
    let mut directory = None;
    let complaint = complaint(|scratch| {
        let at = scratch.directory("mounted");
        scratch.tool("mount").args(["-t", "tmpfs", "none"]).arg(&at).output().success();
        directory = Some(at);
    });
    assert!(complaint.contains("mount seen by this process"), "{complaint}");
    assert!(!directory.unwrap().exists());
}

#[test]
fn a_process_that_is_left_is_noticed_and_killed() {
    let mut child = None;
    let complaint = complaint(|scratch| {
        // Not through the harness, and with a clean environment: only its root gives it away.
        let rootfs = rootfs::probe(scratch);
        let program = Command::new(tests::binaries::bin("chroot"))
            .arg(rootfs)
            .args(["/probe", "sleep", "60"])
            .env_clear()
            .stdin(Stdio::null())
            .spawn();
        child = Some(program.unwrap());
    });
    assert!(complaint.contains("process "), "{complaint}");
    child.unwrap().wait().unwrap();
}

#[test]
fn a_touched_canary_is_noticed() {
    let complaint = complaint(|scratch| std::fs::write(scratch.canary().join("new"), "").unwrap());
    assert!(complaint.contains("canary"), "{complaint}");
}

#[test]
fn a_forgotten_temporary_file_is_noticed() {
    let complaint = complaint(|scratch| drop(scratch.file("keg/images/.tmpXyz", "")));
    assert!(complaint.contains(".tmpXyz"), "{complaint}");
}

#[test]
fn a_link_that_is_left_is_noticed_by_a_test_that_is_alone() {
    let mut scratch = Scratch::alone();
    scratch.settle_within(BRIEFLY);
    let name = format!("leak{}", std::process::id());
    scratch.tool("ip").args(["link", "add", &name, "type", "bridge"]).output().success();
    let ended = catch_unwind(AssertUnwindSafe(|| drop(scratch)));
    Command::new("ip").args(["link", "del", &name]).status().unwrap();
    let panic = ended.expect_err("the leak went unnoticed");
    assert!(panic.downcast_ref::<String>().unwrap().contains(&name));
}

#[test]
fn a_terminal_shows_and_takes_input() {
    let scratch = Scratch::new();
    let script = "stty size; read x; echo got $x; stty size";
    let mut terminal = scratch.tool("bash").args(["--norc", "-c", script]).on_terminal(30, 90);
    terminal.expect("30 90");
    terminal.resize(31, 91);
    terminal.type_in("hello\r");
    terminal.expect("got hello");
    terminal.expect("31 91");
    assert_eq!(terminal.finish().0, 0);
}

#[test]
fn a_process_can_be_watched_and_ended() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let started = scratch.run("chroot").arg(&rootfs).args(["/probe", "hold", "60"]).start();
    let report = started.report();
    assert_eq!(started.inside("probe").0, report.pid);
    started.signal(Signal::SIGTERM);
    assert_eq!(started.finish().code, Some(128 + 15));
}

#[test]
fn the_registry_takes_an_image() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let from = format!("tarball:{}", rootfs::archive("busybox").display());
    registry.push(&scratch, &from, "cooperage/busybox:1");
    let tags = scratch.tool("skopeo").args(["list-tags", "--tls-verify=false"]);
    let tags = tags.arg(format!("docker://{}/cooperage/busybox", registry.address())).output().success();
    assert_eq!(tags.json::<serde_json::Value>()["Tags"], serde_json::json!(["1"]));
}
