//! What is the container's own and what is still the machine's, asked from both sides.

use crate::contained;
use nix::sys::utsname::uname;
use std::collections::BTreeSet;
use tests::host::Process;
use tests::{Scratch, rootfs};

/// The kinds of namespaces that each chapter makes.
const OWN: [(&str, &[&str]); 8] = [
    ("chroot", &[]),
    ("hostname", &["uts", "ipc"]),
    ("pids", &["uts", "ipc", "pid"]),
    ("mounts", &["uts", "ipc", "pid", "mnt"]),
    ("privileges", &["uts", "ipc", "pid", "mnt"]),
    ("network", &["uts", "ipc", "pid", "mnt", "net"]),
    ("layers", &["uts", "ipc", "pid", "mnt", "net"]),
    ("keg", &["uts", "ipc", "pid", "mnt", "net"]),
];

#[test]
fn i1_two_distributions_on_one_kernel() {
    let scratch = Scratch::new();
    let roots =
        [("busybox", "ID=busybox", rootfs::busybox(&scratch)), ("debian", "ID=debian", rootfs::debian())];
    let kernel = uname().unwrap().release().to_str().unwrap().to_string();
    // Both at the same time, so that neither is where the other was.
    let running = roots.map(|(name, id, root)| {
        let script = format!("uname -r; grep ^ID= /etc/os-release; echo ready {name}; sleep 60");
        (scratch.run("layers").arg(root).args(["sh", "-c", &script]).start(), name, id)
    });
    for (started, name, id) in &running {
        let text = started.wait_for(&format!("ready {name}"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], [&kernel, *id], "{name}");
    }
    assert!(running.iter().all(|(started, ..)| started.process().is_alive()));
}

#[test]
fn i2_a_chroot_is_no_jail_and_a_root_mount_is() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let secret = scratch.canary().join("secret");
    let escapes = |chapter: &str| {
        let run = contained(&scratch, chapter, &[], &rootfs).args(["/probe", "escape-chroot"]).arg(&secret);
        run.output().text().contains(tests::SECRET)
    };
    let out: Vec<bool> = OWN.iter().map(|(chapter, _)| escapes(chapter)).collect();
    assert_eq!(out, [true, true, true, false, false, false, false, false]);
}

#[test]
fn i3_each_chapter_makes_its_namespaces_and_no_other() {
    let kinds = ["uts", "ipc", "pid", "mnt", "net", "user", "cgroup", "time"];
    for (chapter, own) in OWN {
        let scratch = Scratch::new();
        let rootfs = rootfs::probe(&scratch);
        let started = contained(&scratch, chapter, &[], &rootfs).args(["/probe", "hold", "60"]).start();
        let report = started.report();
        let process = started.inside("probe");
        for kind in kinds {
            let (inside, outside) =
                (process.namespace(kind).unwrap(), Process::this().namespace(kind).unwrap());
            assert_eq!(inside != outside, own.contains(&kind), "{kind} of {chapter}");
            // Where it has a /proc it sees the same identities as the host does.
            if let Some(seen) = report.namespace(kind) {
                assert_eq!(seen, inside, "{kind} of {chapter}");
            }
        }
        assert_eq!(report.namespaces.is_some(), own.contains(&"mnt"), "{chapter}");
    }
}

#[test]
fn i3_inside_there_is_a_name_a_process_one_and_no_message_queue_of_the_host() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let before = uname().unwrap().nodename().to_os_string();
    // A segment of shared memory that the host has: it must not be listed inside.
    let made = scratch.tool("ipcmk").args(["-M", "4096"]).output().success().text();
    let segment = made.rsplit(' ').next().unwrap().trim().to_string();
    let listed = |text: &str| text.lines().skip(1).count();
    let run = |chapter: &str, script: &str| {
        let run = scratch.run(chapter).args(["-h", "web-1"]).arg(&rootfs);
        run.args(["sh", "-c", script]).output().success().text()
    };
    let outside = listed(&std::fs::read_to_string("/proc/sysvipc/shm").unwrap());
    let inside = run("mounts", "hostname; echo $$; cat /proc/sysvipc/shm; hostname renamed; hostname");
    scratch.tool("ipcrm").args(["-m", &segment]).output().success();
    assert!(outside >= 1);
    let lines: Vec<&str> = inside.lines().collect();
    assert_eq!((lines[0], lines[1], lines.len(), lines[3]), ("web-1", "1", 4, "renamed"), "{inside}");
    assert!(lines[2].contains("shmid"), "{inside}");
    assert_eq!(uname().unwrap().nodename(), before);
}

#[test]
fn i3_the_network_chapter_has_loopback_alone_and_it_works() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let report = scratch.run("network").arg(&rootfs).arg("/probe").report();
    let interfaces = report.interfaces.unwrap();
    assert_eq!(interfaces.keys().collect::<Vec<_>>(), ["lo"]);
    assert!(interfaces["lo"].up && interfaces["lo"].addresses.contains(&"127.0.0.1".into()));
    let script = "ls /sys/class/net; nc -l -p 80 -e echo hello & sleep 0.3; nc 127.0.0.1 80 </dev/null";
    let run = scratch.run("network").arg(&rootfs).args(["sh", "-c", script]).output().success();
    assert_eq!(run.text(), "lo\nhello\n");
    let host = scratch.run("network").args(["--net", "host"]).arg(&rootfs).arg("/probe").report();
    let names = |all: Vec<String>| all.into_iter().collect::<BTreeSet<_>>();
    let of_host = nix::ifaddrs::getifaddrs().unwrap().map(|it| it.interface_name).collect();
    assert_eq!(names(host.interfaces.unwrap().into_keys().collect()), names(of_host));
}

#[test]
fn i5_a_container_is_a_process_with_two_numbers() {
    for (chapter, own) in OWN {
        let scratch = Scratch::new();
        let rootfs = rootfs::probe(&scratch);
        let started = contained(&scratch, chapter, &[], &rootfs).args(["/probe", "hold", "60"]).start();
        let report = started.report();
        let process = started.inside("probe");
        assert_eq!(process.status("PPid"), Some(started.process().0.to_string()), "{chapter}");
        assert_eq!(process.command_line(), "/probe hold 60");
        let (outer, inner) = (process.0, if own.contains(&"pid") { 1 } else { process.0 });
        assert_eq!(report.pid, inner, "{chapter}");
        let numbers = if own.contains(&"pid") { vec![outer, 1] } else { vec![outer] };
        assert_eq!(process.pids(), numbers, "{chapter}");
    }
}

#[test]
fn c2_01_what_is_mounted_inside_stays_inside() {
    for chapter in ["mounts", "layers"] {
        // On a shared root, as systemd makes it: there the mounts would spread.
        let scratch = Scratch::new();
        let rootfs = rootfs::busybox(&scratch);
        let script =
            "mkdir /t && mount -t tmpfs none /t && echo mounted && grep -c ' /t ' /proc/self/mountinfo";
        let keep = "mount --make-rshared / && cat /proc/self/mountinfo >before && \"$@\" && \
                    cat /proc/self/mountinfo >after && cmp before after";
        let run = scratch.tool("unshare").args(["-m", "sh", "-c", keep, "sh"]);
        let run = run.arg(tests::binaries::bin(chapter)).arg(&rootfs).args(["sh", "-c", script]);
        run.output().success().prints("mounted\n1\n");
    }
}

#[test]
fn c2_01_what_the_host_mounts_later_stays_outside() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    std::fs::create_dir(rootfs.join("later")).unwrap();
    let mut started = scratch
        .run("mounts")
        .arg("-i")
        .arg(&rootfs)
        .args(["sh", "-c", "echo up; read x; ls /later"])
        .start_with_input();
    started.wait_for("up");
    let later = rootfs.join("later");
    scratch.tool("mount").args(["-t", "tmpfs", "none"]).arg(&later).output().success();
    std::fs::write(later.join("seen"), "").unwrap();
    started.write("\n");
    let output = started.finish();
    scratch.tool("umount").arg(&later).output().success();
    assert_eq!(output.success().text(), "up\n");
}

#[test]
fn c2_02_only_the_containers_own_mounts_are_left() {
    for chapter in ["mounts", "privileges", "network", "layers", "keg"] {
        let scratch = Scratch::new();
        let rootfs = rootfs::probe(&scratch);
        let mounts = contained(&scratch, chapter, &[], &rootfs).arg("/probe").report().mounts.unwrap();
        assert_eq!(mounts[0].path, "/", "{chapter}");
        for mount in &mounts {
            let known = ["/", "/proc", "/sys", "/dev", "/etc"];
            let below = |top: &str| mount.path == top || mount.path.starts_with(&format!("{top}/"));
            assert!(mount.path == "/" || known[1..].iter().any(|top| below(top)), "{mount:?} in {chapter}");
            assert!(mount.is_private(), "{mount:?} in {chapter}");
            assert!(!mount.path.contains("old"), "{mount:?}");
        }
        assert_eq!(mounts.iter().filter(|mount| mount.path == "/").count(), 1, "{chapter}");
    }
}

#[test]
fn c2_16_a_hostname_that_is_none_is_refused() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let before = uname().unwrap().nodename().to_os_string();
    let run =
        |name: &str| scratch.run("hostname").arg(format!("--hostname={name}")).arg(&rootfs).arg("/probe");
    let long = ["a".repeat(65), "a".repeat(70_000)];
    let wrong = [
        ("", "it is empty"),
        (&long[0], "it is longer than 64 bytes"),
        (&long[1], "it is longer than 64 bytes"),
        ("a\nb", "only letters, digits"),
        ("-rf", "it must not begin with '-' or '.'"),
        ("..", "it must not begin with '-' or '.'"),
        ("a b", "only letters, digits"),
        ("\u{202e}a", "only letters, digits"),
    ];
    for (name, why) in wrong {
        run(name).output().code(125).says(why);
    }
    for name in ["a", "web-1.example_x", &"a".repeat(64)] {
        assert_eq!(run(name).report().hostname, name);
    }
    let by_default = scratch.run("hostname").arg(&rootfs).arg("/probe").report();
    assert!(by_default.hostname.len() == 12 && by_default.hostname.bytes().all(|it| it.is_ascii_hexdigit()));
    assert_eq!(by_default.variable("HOSTNAME"), Some(by_default.hostname.as_str()));
    assert_eq!(uname().unwrap().nodename(), before);
}
