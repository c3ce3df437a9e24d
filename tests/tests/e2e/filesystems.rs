//! The filesystems that every container gets: `/proc`, `/sys`, `/dev` and the files of `/etc`.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use tests::{Output, Scratch, rootfs};

#[track_caller]
fn sh(scratch: &Scratch, rootfs: &Path, script: &str) -> Output {
    scratch.run("mounts").arg(rootfs).args(["sh", "-c", script]).output()
}

#[test]
fn dev_has_the_devices_and_links_that_docker_gives_and_no_other() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let script = "cd /dev; for name in *; do
        if [ -L $name ]; then echo $name '->' $(readlink $name); else echo $name $(stat -c '%F %t:%T %a' $name); fi; done";
    let text = sh(&scratch, &rootfs, script).success().text();
    let expected = "core -> /proc/kcore
fd -> /proc/self/fd
full character special file 1:7 666
mqueue directory 0:0 1777
null character special file 1:3 666
ptmx -> pts/ptmx
pts directory 0:0 755
random character special file 1:8 666
shm directory 0:0 1777
stderr -> /proc/self/fd/2
stdin -> /proc/self/fd/0
stdout -> /proc/self/fd/1
tty character special file 5:0 666
urandom character special file 1:9 666
zero character special file 1:5 666
";
    assert_eq!(text, expected);
}

#[test]
fn the_console_is_there_on_a_terminal_only_and_is_the_terminal() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let console = "test -e /dev/console && stat -c '%F %t' /dev/console && echo told >/dev/console";
    sh(&scratch, &rootfs, console).code(1);
    let run = scratch.run("mounts").arg("-t").arg(&rootfs).args(["sh", "-c", console]).output();
    assert_eq!(run.success().text(), "character special file 88\r\ntold\r\n");
}

#[test]
fn the_devices_work() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let script = "echo x >/dev/null; head -c 4 /dev/zero | tr '\\0' z; head -c 8 /dev/urandom | wc -c;
        head -c 8 /dev/random | wc -c; echo x >/dev/full || echo full; echo out >/dev/stdout; echo x | cat /dev/stdin";
    assert_eq!(sh(&scratch, &rootfs, script).success().text(), "zzzz8\n8\nfull\nout\nx\n");
}

#[test]
fn the_hosts_device_nodes_cannot_be_changed_from_inside() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let look = || {
        ["null", "zero", "full", "random", "urandom", "tty"].map(|name| {
            let node = std::fs::metadata(format!("/dev/{name}")).unwrap();
            (node.mode(), node.uid(), node.gid(), node.ctime(), node.ctime_nsec(), node.mtime())
        })
    };
    let before = look();
    let script = "for name in null zero full random urandom tty; do
        chmod 600 /dev/$name; chown 5:5 /dev/$name; touch -d 2001-01-01 /dev/$name; rm -f /dev/$name; done";
    let output = sh(&scratch, &rootfs, script);
    assert_eq!(look(), before, "{output:?}");
    let refused = output.errors().lines().filter(|line| line.contains("Read-only file system")).count();
    assert!(refused >= 12, "{output:?}");
}

#[test]
fn the_mounts_have_their_kind_size_and_options() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let report = scratch.run("mounts").arg(&rootfs).arg("/probe").report();
    let expected = [
        ("/proc", "proc", "rw,nosuid,nodev,noexec,relatime"),
        ("/sys", "sysfs", "ro,nosuid,nodev,noexec,relatime"),
        ("/dev", "tmpfs", "rw,nosuid,nodev,noexec,relatime"),
        ("/dev/pts", "devpts", "rw,nosuid,noexec,relatime"),
        ("/dev/shm", "tmpfs", "rw,nosuid,nodev,noexec,relatime"),
        ("/dev/mqueue", "mqueue", "rw,nosuid,nodev,noexec,relatime"),
    ];
    for (path, kind, options) in expected {
        let mount = report.mount(path).unwrap();
        assert_eq!((mount.kind.as_str(), mount.options.join(",").as_str()), (kind, options), "{path}");
    }
    assert!(report.mount("/").unwrap().has("nodev"));
    let options = &report.mount("/dev/pts").unwrap().super_options;
    assert!(options.contains("gid=5,mode=620,ptmxmode=666"), "{options}");
    assert!(report.mount("/dev/shm").unwrap().super_options.contains("size=65536k"));
}

#[test]
fn shared_memory_ends_at_64_mib() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let script =
        "dd if=/dev/zero of=/dev/shm/x bs=1M count=80 2>&1 | grep -o 'No space.*'; stat -c %s /dev/shm/x";
    let text = sh(&scratch, &rootfs, script).success().text();
    assert_eq!(text, format!("No space left on device\n{}\n", 64 << 20));
}

#[test]
fn a_terminal_can_be_made_inside_and_is_not_the_hosts() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    // Who opens /dev/ptmx makes a terminal: it is the first of this container, and nobody else's.
    let script = "exec 3<>/dev/ptmx; ls /dev/pts; exec 3>&-; ls /dev/pts";
    assert_eq!(sh(&scratch, &rootfs, script).success().text(), "0\nptmx\nptmx\n");
}

#[test]
fn the_files_of_etc_belong_to_the_container() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let run = |script: &str| {
        let run = scratch.run("mounts").args(["-h", "web-1"]).arg(&rootfs).args(["sh", "-c", script]);
        run.output().success().text()
    };
    assert_eq!(run("cat /etc/hostname"), "web-1\n");
    let hosts = run("cat /etc/hosts");
    assert!(
        hosts.starts_with("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"),
        "{hosts}"
    );
    assert_eq!(hosts.lines().count(), 6);
    let of_host = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    assert_eq!(run("cat /etc/resolv.conf"), of_host);
    // It can write to them, and the next container, the image and the host have theirs.
    run(
        "echo 6.6.6.6 bank >>/etc/hosts; echo x >/etc/resolv.conf; echo y >/etc/hostname; grep -q bank /etc/hosts",
    );
    assert_eq!(run("cat /etc/hosts"), hosts);
    assert_eq!(std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default(), of_host);
    for name in ["hostname", "hosts", "resolv.conf"] {
        assert_eq!(std::fs::read(rootfs.join("etc").join(name)).unwrap(), b"", "/etc/{name} of the image");
    }
}

/// Many images have a link there, to a file that some resolver would make.
#[test]
fn an_etc_file_that_is_a_link_is_covered_and_its_target_is_not_touched() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let etc = rootfs.join("etc");
    for name in ["resolv.conf", "hosts", "hostname"] {
        std::fs::remove_file(etc.join(name)).unwrap();
    }
    symlink("../run/systemd/resolve/stub-resolv.conf", etc.join("resolv.conf")).unwrap();
    symlink(scratch.canary().join("secret"), etc.join("hosts")).unwrap();
    symlink("os-release", etc.join("hostname")).unwrap();
    let script = "cat /etc/hosts /etc/resolv.conf; hostname; cat /etc/hostname; grep ^ID= /etc/os-release";
    let text = scratch
        .run("mounts")
        .args(["-h", "web-1"])
        .arg(&rootfs)
        .args(["sh", "-c", script])
        .output()
        .success()
        .text();
    assert!(text.starts_with("127.0.0.1\tlocalhost"), "{text}");
    assert!(text.ends_with("web-1\nweb-1\nID=busybox\n"), "{text}");
}

/// A caller who is careful with his own files must not take them from the container's users.
#[test]
fn the_callers_umask_is_not_the_containers() {
    for chapter in ["mounts", "layers"] {
        let scratch = Scratch::new();
        let rootfs = rootfs::probe(&scratch);
        let run = |umask: &str, arguments: &[&str]| {
            let script = format!("umask {umask}; exec \"$@\"");
            let run = scratch.tool("sh").args(["-c", &script, "sh"]).arg(tests::binaries::bin(chapter));
            run.arg(&rootfs).args(arguments).output().success()
        };
        for path in ["/etc/resolv.conf", "/etc/hosts", "/", "/etc"] {
            let modes = ["022", "077", "000"].map(|umask| {
                let stat = run(umask, &["/probe", "stat", path]).json::<probe::Stat>();
                stat.mode
            });
            let expected = if path.contains("/etc/") { 0o644 } else { 0o755 };
            assert_eq!(modes, [expected; 3], "{path} in {chapter}");
        }
        assert_eq!(run("077", &["/probe"]).json::<probe::Report>().umask, 0o022);
    }
}

#[test]
fn the_caller_environment_stays_outside() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    for (chapter, more) in [("mounts", None), ("privileges", Some("HOME=/")), ("layers", Some("HOME=/"))] {
        let run = scratch.run(chapter).args(["-h", "web-1"]).arg(&rootfs).arg("/probe");
        let report = run.env("SECRET", "1").env("LD_PRELOAD", "").env("PATH", "/evil:/usr/bin").report();
        let mut expected = vec![format!("PATH={}", shared::program::PATH), "HOSTNAME=web-1".into()];
        expected.extend(more.map(String::from));
        let sorted = |list: Vec<String>| list.into_iter().map(|it| (it, ())).collect::<BTreeMap<_, _>>();
        assert_eq!(sorted(report.env), sorted(expected), "{chapter}");
    }
}

#[test]
fn a_root_filesystem_that_is_empty_gets_its_directories() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    std::fs::set_permissions(&rootfs, PermissionsExt::from_mode(0o755)).unwrap();
    scratch.run("mounts").arg(&rootfs).arg("/probe").output().success();
    let mut names: Vec<_> = std::fs::read_dir(&rootfs).unwrap().map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["bin", "dev", "etc", "probe", "proc", "sys"]);
    for name in ["dev", "proc", "sys"] {
        assert_eq!(std::fs::read_dir(rootfs.join(name)).unwrap().count(), 0, "in /{name}");
    }
}
