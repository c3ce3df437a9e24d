//! Machines that lack something: each command says what, why and what to do, and leaves nothing behind.

use std::path::Path;
use tests::{Output, Run, Scratch, binaries, rootfs};

/// The container must not have run, and the error must name the thing, the reason and the next step.
#[track_caller]
fn refused(output: Output, thing: &str, reason: &str, next: &str) {
    let output = output.code(125).says(thing).says(reason).says(&format!("next: {next}"));
    assert!(!output.text().contains("ran"), "{output:?}");
    assert!(!output.errors().contains("also:"), "clearing up failed as well: {output:?}");
}

/// Runs a chapter on a kernel that answers `call` with `errno`.
fn without(scratch: &Scratch, call: &str, errno: &str, chapter: &str, rootfs: &Path) -> Output {
    let inject = format!("inject={call}:error={errno}");
    let run =
        scratch.tool("strace").args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]);
    let run = run.arg(binaries::bin(chapter)).arg(rootfs).args(["/bin/echo", "ran"]);
    run.env("TMPDIR", scratch.path()).output()
}

#[test]
fn c0_08_a_kernel_that_lacks_a_system_call() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let old = "Linux 5.12 or later is needed";
    let calls = [
        ("clone3", "make a process in new namespaces"),
        ("fsopen", "mount proc on /proc"),
        ("fsmount", "mount proc on /proc"),
        ("open_tree", "on itself"),
        ("move_mount", "on itself"),
        ("mount_setattr", "on itself"),
        ("openat2", "mount proc on /proc"),
        ("pivot_root", "pivot to the new root"),
        ("close_range", "close what the program must not inherit"),
        ("signalfd4", "hold back signals"),
    ];
    for (call, thing) in calls {
        refused(without(&scratch, call, "ENOSYS", "mounts", &rootfs), thing, "ENOSYS", old);
    }
    // The root filesystem that was tried ten times still works, and nothing was put into it.
    scratch.run("mounts").arg(&rootfs).args(["/bin/echo", "ran"]).output().success().prints("ran");
}

#[test]
fn c0_08_a_kernel_that_lacks_a_namespace_or_a_filesystem() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let run = |call, errno, chapter| without(&scratch, call, errno, chapter, &rootfs);
    // The first mount of all is the one that makes the copied ones private, hence the second.
    let clone = "make a process in new namespaces (CloneFlags(CLONE_NEW";
    refused(
        run("clone3", "EINVAL", "mounts"),
        clone,
        "EINVAL",
        "this kernel was built without one of these namespaces",
    );
    refused(run("clone3", "EPERM", "mounts"), clone, "EPERM", "run it as root, or with sudo");
    refused(run("clone3", "ENOSPC", "mounts"), clone, "ENOSPC", "a limit on namespaces is reached");
    refused(run("clone3", "EAGAIN", "mounts"), clone, "EAGAIN", "a limit on processes is reached");
    refused(run("clone3", "ENOMEM", "mounts"), clone, "ENOMEM", "free some memory");
    refused(
        run("fsopen", "ENODEV", "mounts"),
        "mount proc on /proc",
        "ENODEV",
        "this kernel was built without it",
    );
    refused(
        run("mount", "ENODEV:when=2", "layers"),
        "mount the layers as one",
        "ENODEV",
        "this kernel has no overlayfs",
    );
    refused(
        run("mount", "EINVAL:when=2", "layers"),
        "mount the layers as one",
        "EINVAL",
        "the kernel's log (dmesg)",
    );
    let left = std::fs::read_dir(scratch.path()).unwrap().flatten();
    let left: Vec<_> = left.filter(|it| it.file_name().to_string_lossy().starts_with("layers-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Every system call that setting up makes, failing once: no hang, no success, no half of a container.
#[test]
fn f_04_every_step_of_setting_up_can_fail() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    for (call, calls) in
        [("fsmount", 8), ("move_mount", 25), ("open_tree", 20), ("mount_setattr", 18), ("openat2", 30)]
    {
        for number in 1..=calls {
            let inject = format!("inject={call}:error=ENOMEM:when={number}");
            let run = scratch.tool("strace").args([
                "-f",
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={call}"),
                "-e",
                &inject,
            ]);
            let run = run.arg(binaries::bin("mounts")).arg(&rootfs).args(["/bin/echo", "ran"]);
            let output = run.output();
            match output.code {
                // Past the last call of this kind nothing fails any more.
                Some(0) => assert_eq!(output.text(), "ran\n"),
                _ => refused(output, "cannot ", "ENOMEM", "free some memory"),
            }
        }
    }
}

#[test]
fn a_launcher_that_cannot_serve_its_container_does_not_leave_it_running() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    // The first poll is the one that waits for the container.
    let run = scratch.tool("strace").args(["-o", "/dev/null", "-e", "trace=poll,ppoll", "-e"]);
    let run = run.arg("inject=poll,ppoll:error=ENOMEM:when=2").env("TMPDIR", scratch.path());
    let run = run.arg(binaries::bin("layers")).arg(&rootfs).args(["sh", "-c", "sleep 60"]);
    let output = run.output().code(125).says("cannot wait for the container: ").says("ENOMEM");
    assert!(!output.errors().contains("also:"), "{output:?}");
}

fn unprivileged(run: Run, thing: &str) {
    refused(run.output(), thing, "Operation not permitted (EPERM)", "run it as root, or with sudo");
}

#[test]
fn c0_08_without_root() {
    for chapter in ["chroot", "hostname", "pids", "mounts", "privileges", "network", "layers"] {
        let scratch = Scratch::new();
        let rootfs = rootfs::busybox(&scratch);
        let thing =
            if chapter == "chroot" { "the root directory" } else { "make a process in new namespaces" };
        let run = |run: Run<'_>| unprivileged(run, thing);
        run(scratch
            .run(chapter)
            .env("TMPDIR", "/tmp")
            .as_user(65534)
            .arg(&rootfs)
            .args(["/bin/echo", "ran"]));
        // In a user namespace that maps nobody, one is nobody, too.
        let user = scratch.tool("unshare").arg("-U").arg(binaries::bin(chapter));
        run(user.env("TMPDIR", "/tmp").arg(&rootfs).args(["/bin/echo", "ran"]));
    }
}

#[test]
fn c0_08_where_no_namespace_may_be_made() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    for kind in ["pid", "uts", "ipc", "mnt"] {
        // The limit is that of the new user namespace: the host's stays what it is.
        let script = format!("echo 0 >/proc/sys/user/max_{kind}_namespaces && exec \"$@\"");
        let shell = scratch.tool("unshare").args(["-U", "-r", "sh", "-c", &script, "sh"]);
        let output = shell.arg(binaries::bin("mounts")).arg(&rootfs).args(["/bin/echo", "ran"]).output();
        refused(
            output,
            "make a process in new namespaces",
            "ENOSPC",
            "a limit on namespaces is reached; see /proc/sys/user",
        );
    }
}

/// The root of a user namespace may make namespaces, and may not mount what belongs to the machine.
#[test]
fn c0_08_as_root_of_a_user_namespace() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let run = scratch.tool("unshare").args(["-U", "-r"]).arg(binaries::bin("mounts")).arg(&rootfs);
    let output = run.args(["/bin/echo", "ran"]).output();
    assert!(!output.errors().contains("bare"), "{output:?}");
    if output.code != Some(0) {
        refused(output, "mount sysfs on /sys", "EPERM", "the root of a user namespace");
    }
}
