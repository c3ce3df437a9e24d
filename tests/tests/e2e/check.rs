//! `keg check`: each lack with what follows from it.

use std::os::unix::fs::PermissionsExt;
use tests::{Scratch, binaries};

#[test]
fn c0_08_check_says_that_all_is_there() {
    let scratch = Scratch::new();
    let output = scratch.run("keg").arg("check").output().success();
    for what in [
        "user: root",
        "namespaces: ipc mnt net pid uts",
        "mount descriptors:",
        "overlayfs:",
        "state directory:",
        "cgroups:",
    ] {
        assert!(
            output.text().lines().any(|line| line.starts_with("ok") && line.contains(what)),
            "{what} in {output:?}"
        );
    }
}

#[test]
fn c0_08_check_names_what_a_user_lacks() {
    let scratch = Scratch::new();
    let root = scratch.directory("root");
    std::fs::set_permissions(&root, PermissionsExt::from_mode(0o700)).unwrap();
    let run = scratch.run("keg").env("KEG_ROOT", &root).as_user(65534).arg("check");
    let output = run.output().code(1);
    let output = output.prints("MISSING  user: uid 65534").prints("no container can run");
    output
        .prints("MISSING  mount descriptors:")
        .prints("MISSING  state directory:")
        .prints("next: run it as root");
    let run = scratch.tool("unshare").args(["-U"]).arg(binaries::bin("keg")).arg("check");
    run.output().code(1).prints("MISSING  user: uid 65534").prints("MISSING  mount descriptors:");
}

#[test]
fn c0_08_check_names_what_the_kernel_forbids_or_lacks() {
    let scratch = Scratch::new();
    for kind in ["pid", "net", "uts", "ipc", "mnt"] {
        let script = format!("echo 0 >/proc/sys/user/max_{kind}_namespaces && exec \"$@\"");
        let shell = scratch.tool("unshare").args(["-U", "-r", "sh", "-c", &script, "sh"]);
        let output = shell.arg(binaries::bin("keg")).arg("check").output().code(1);
        let output = output.prints(&format!("MISSING  namespaces: no {kind} namespace may be made here"));
        output.prints(&format!("next: raise /proc/sys/user/max_{kind}_namespaces"));
    }
    let strace = |call: &str, errno: &str| {
        let inject = format!("inject={call}:error={errno}");
        let run = scratch.tool("strace").args([
            "-f",
            "-o",
            "/dev/null",
            "-e",
            &format!("trace={call}"),
            "-e",
            &inject,
        ]);
        run.arg(binaries::bin("keg")).arg("check").output().code(1)
    };
    strace("fsopen", "ENOSYS").prints("MISSING  mount descriptors: ").prints("next: use Linux 5.12 or newer");
    // A list of filesystems without overlay, mounted over the kernel's.
    let list = scratch.file("filesystems", "nodev\tproc\nnodev\ttmpfs\n\text4\n");
    let script = "mount --bind \"$1\" /proc/filesystems && shift && exec \"$@\"";
    let run = scratch.tool("unshare").args(["-m", "sh", "-c", script, "sh"]).arg(list);
    let output = run.arg(binaries::bin("keg")).arg("check").output().code(1);
    output
        .prints("MISSING  overlayfs: ")
        .prints("images cannot be mounted")
        .prints("next: load it with `modprobe overlay`");
}

/// Without root and without a hint there would be a bare EPERM.
#[test]
fn c0_08_every_command_without_root_says_what_to_do() {
    let scratch = Scratch::new();
    for arguments in [&["ps"][..], &["images"], &["rm", "x"], &["run", "x", "true"], &["import", "-"]] {
        let run = scratch.run("keg").as_user(65534).env("KEG_ROOT", "/root/keg").args(arguments);
        run.output().code(125).says("next: run it as root");
    }
}
