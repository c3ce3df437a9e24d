//! Somebody who shares the root filesystem exchanges directories for links while a container is made
//! (CVE-2021-30465, CVE-2024-45310).

use std::os::unix::fs::symlink;
use std::path::Path;
use tests::{SECRET, Scratch, rootfs};

/// How often a container is started in each race.
const STARTS: usize = 300;

#[test]
fn c2_06_etc_that_is_swapped_for_a_link() {
    race("etc", STARTS);
}

#[test]
fn c2_06_dev_that_is_swapped_for_a_link() {
    race("dev", STARTS / 2);
}

#[test]
fn c2_06_proc_that_is_swapped_for_a_link() {
    race("proc", STARTS / 2);
}

/// Nothing may reach the canary: the scratch looks at it at the end, and at the mounts of the host.
fn race(name: &str, starts: usize) {
    for target in ["", "../../../../../../../.."] {
        let scratch = Scratch::new();
        let rootfs = rootfs::busybox(&scratch);
        let link = format!("{target}{}", scratch.canary().display());
        symlink(link, rootfs.join("swapped")).unwrap();
        // Not from a container of its own mounts, where `dev` and `proc` would be busy.
        let swapper = scratch.run("chroot").arg(&rootfs).args(["/probe", "swap", name, "swapped"]).start();
        swapper.wait_for("swapping");
        let mut started = 0;
        for number in 0..starts / 2 {
            started += usize::from(start(&scratch, &rootfs, number));
        }
        assert!(swapper.process().is_alive(), "it ended before the race did");
        drop(swapper);
        assert_eq!(std::fs::read_dir(scratch.canary()).unwrap().count(), 1, "something was made there");
        assert!(started > 0, "not one of {starts} starts succeeded: this was no race");
    }
}

/// Whether it started; if not, it must have said why.
fn start(scratch: &Scratch, rootfs: &Path, number: usize) -> bool {
    let flags = [&[][..], &["-t"], &["-i"], &["--init"]][number % 4];
    // Under whatever name procfs is by then, what is mounted is shown.
    let script = "echo ran; cat /proc/self/mountinfo /swapped/self/mountinfo /secret /etc/secret /dev/secret";
    let output = scratch.run("mounts").args(flags).arg(rootfs).args(["/bin/sh", "-c", script]).output();
    let text = output.text();
    assert!(!text.contains(SECRET) && !text.contains("canary"), "{output:?}");
    if text.starts_with("ran") {
        let mounts: Vec<&str> = text.lines().filter(|line| line.contains(" - ")).collect();
        let have = |words: &str| mounts.iter().any(|line| line.contains(words));
        let masked = have(" /sys ro,") && have(" ro,nosuid,nodev,noexec,relatime - proc");
        assert!(mounts.is_empty() || masked, "{output:?}");
        return true;
    }
    // What is refused is refused while it is made, and says why.
    assert!(output.code == Some(125) && output.errors().starts_with("mounts: cannot "), "{output:?}");
    false
}
