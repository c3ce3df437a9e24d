//! The root of a container from the mounts chapter on: nothing of the host is left to climb to.

use crate::contained;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use tests::{Output, SECRET, Scratch, rootfs};

/// Every chapter whose containers cannot leave their root.
const CLOSED: [&str; 5] = ["mounts", "privileges", "network", "layers", "keg"];
/// A way up from anywhere.
const UP: &str = "../../../../../../../../../../../..";

/// The program must have failed, and must have shown nothing of the host.
#[track_caller]
fn shows_nothing(output: Output) -> Output {
    assert_ne!(output.code, Some(0), "{output:?}");
    assert!(!output.text().contains(SECRET), "{output:?}");
    output
}

#[test]
fn c1_01_the_double_chroot_stays_inside() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let secret = scratch.canary().join("secret");
    // The same attack on the same directory: it is the chapter that makes the difference.
    for chapter in ["chroot", "hostname", "pids"] {
        let run = scratch.run(chapter).arg(&rootfs).args(["/probe", "escape-chroot"]).arg(&secret);
        run.output().success().prints(SECRET);
    }
    for chapter in CLOSED {
        let run = contained(&scratch, chapter, &[], &rootfs).args(["/probe", "escape-chroot"]).arg(&secret);
        shows_nothing(run.output()).code(1).says("No such file or directory");
    }
}

#[test]
fn c1_02_no_descriptor_of_the_caller_gets_in() {
    for chapter in ["hostname", "pids"].iter().chain(&CLOSED) {
        let scratch = Scratch::new();
        let rootfs = rootfs::probe(&scratch);
        let run = || contained(&scratch, chapter, &[], &rootfs).leaking(9, "/").leaking(200, "/etc");
        assert_eq!(run().arg("/probe").report().fd_numbers(), [0, 1, 2], "{chapter}");
        let secret = scratch.canary().join("secret");
        let output = run().args(["/probe", "escape-fd"]).arg(&secret).output();
        shows_nothing(output).says("no way out: 0 inherited descriptors");
    }
}

/// The init stays in the container for good: what it holds open is there to be taken from `/proc/1/fd`.
#[test]
fn c2_10_the_init_holds_no_descriptor_of_the_caller() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let run = scratch.run("mounts").leaking(9, "/").leaking(200, "/etc").arg("--init").arg(&rootfs);
    let output = run.args(["sh", "-c", "for fd in /proc/1/fd/*; do readlink $fd; done"]).output().success();
    let others: Vec<String> = output.text().lines().map(str::to_string).collect();
    assert_eq!(others.len(), 5, "{output:?}"); // the three streams, and what it waits with
    for link in &others {
        let known = ["pipe:", "/dev/null", "anon_inode:[signalfd]", "anon_inode:[pidfd]", "pidfd:"];
        assert!(known.iter().any(|start| link.starts_with(start)), "{link} in {output:?}");
    }
}

#[test]
fn c1_03_the_working_directory_is_the_new_root() {
    for chapter in CLOSED {
        let scratch = Scratch::new();
        let rootfs = rootfs::busybox(&scratch);
        let run = |command: &str| {
            let run = contained(&scratch, chapter, &[], &rootfs).in_directory(scratch.canary());
            run.args(["sh", "-c", command]).output().success().text()
        };
        assert_eq!(
            run("pwd -P; readlink /proc/self/cwd; readlink /proc/self/root"),
            "/\n/\n/\n",
            "{chapter}"
        );
        let report = contained(&scratch, chapter, &[], &rootfs).in_directory("/usr").arg("/probe").report();
        assert_eq!(report.cwd_inode, report.root_inode, "{chapter}");
    }
}

#[test]
fn c1_04_a_rootfs_that_is_none_is_refused() {
    let scratch = Scratch::new();
    let file = scratch.file("file", "");
    let links = scratch.directory("links");
    symlink("/", links.join("root")).unwrap();
    symlink("nowhere", links.join("dangling")).unwrap();
    symlink("loop", links.join("loop")).unwrap();
    let link = |name: &str| links.join(name).to_str().unwrap().to_string();
    let (root, none) = ("it is the root of this machine", "No such file or directory (ENOENT)");
    let wrong = [
        ("/".to_string(), root),
        ("//.".into(), root),
        ("/usr/..".into(), root),
        ("/proc/self/root".into(), root),
        ("../../../../../../../..".into(), root),
        (link("root"), root),
        (link("dangling"), none),
        (link("loop"), "Too many symbolic links encountered (ELOOP)"),
        ("/not/there".into(), none),
        (file.to_str().unwrap().into(), "it is not a directory"),
    ];
    for chapter in ["chroot", "hostname", "pids"].iter().chain(&CLOSED[..4]) {
        for (rootfs, why) in &wrong {
            let output = scratch.run(chapter).arg(rootfs).args(["/probe"]).output();
            output.code(125).says(&format!("cannot use {rootfs} as a root filesystem: {why}")).says("next: ");
        }
    }
}

/// The root of the machine is the same directory under whatever name.
#[test]
fn c1_04_the_machines_root_is_refused_under_another_name() {
    let scratch = Scratch::new();
    let other = scratch.directory("other");
    let script = "mount --bind / \"$1\" && shift && exec \"$@\"";
    let run = scratch.tool("unshare").args(["-m", "sh", "-c", script, "sh"]).arg(&other);
    let run = run.arg(tests::binaries::bin("mounts")).arg(&other).arg("/bin/true");
    run.output().code(125).says("it is the root of this machine");
}

#[test]
fn c1_04_a_relative_rootfs_and_a_link_to_one_are_fine() {
    for chapter in &CLOSED[..4] {
        let scratch = Scratch::new();
        let rootfs = rootfs::probe(&scratch);
        let link = scratch.path().join("link");
        symlink(&rootfs, &link).unwrap();
        for path in [Path::new("rootfs-probe"), Path::new("./bin/../rootfs-probe/."), &link] {
            scratch.directory("bin");
            let report = scratch.run(chapter).arg(path).arg("/probe").report();
            assert_eq!(report.cwd.as_deref(), Some("/"));
        }
    }
}

/// Everything that is made inside is made inside, wherever the links of the root filesystem lead.
#[test]
fn c1_05_no_path_of_the_rootfs_leads_out() {
    let canary = |scratch: &Scratch| scratch.canary().join("secret");
    type Craft<'a> = &'a dyn Fn(&Scratch, &Path);
    let crafts: [(&str, Craft); 5] = [
        ("etc is a link", &|scratch, root| symlink(scratch.canary(), root.join("etc")).unwrap()),
        ("etc climbs", &|scratch, root| {
            symlink(format!("{UP}{}", scratch.canary().display()), root.join("etc")).unwrap();
        }),
        ("etc is a magic link", &|_, root| symlink("/proc/1/root/etc", root.join("etc")).unwrap()),
        ("hosts is a link", &|scratch, root| {
            std::fs::create_dir(root.join("etc")).unwrap();
            symlink(canary(scratch), root.join("etc/hosts")).unwrap();
        }),
        ("hostname climbs", &|scratch, root| {
            std::fs::create_dir(root.join("etc")).unwrap();
            symlink(format!("{UP}{}", canary(scratch).display()), root.join("etc/hostname")).unwrap();
        }),
    ];
    for (what, craft) in crafts {
        for chapter in CLOSED {
            let scratch = Scratch::new();
            let rootfs = rootfs::probe(&scratch);
            craft(&scratch, &rootfs);
            let output =
                contained(&scratch, chapter, &[], &rootfs).args(["/probe", "cat", "/etc/hosts"]).output();
            match output.code {
                Some(0) => drop(output.prints("127.0.0.1\tlocalhost")),
                // A link that leads nowhere inside cannot be mounted on.
                _ => drop(shows_nothing(output).code(125).says("mount /etc/")),
            }
            let left: Vec<_> = std::fs::read_dir(scratch.canary()).unwrap().collect();
            assert_eq!(left.len(), 1, "{what}, {chapter}: {left:?}");
        }
    }
}

#[test]
fn c1_06_a_dev_that_is_a_link_is_refused() {
    for chapter in CLOSED {
        let scratch = Scratch::new();
        let absolute = scratch.canary();
        let climbing = Path::new(UP).join(absolute.strip_prefix("/").unwrap());
        for target in [absolute.as_path(), &climbing, Path::new("/bin"), Path::new("/proc/1/root/dev")] {
            let rootfs = rootfs::probe(&scratch);
            symlink(target, rootfs.join("dev")).unwrap();
            let output = contained(&scratch, chapter, &[], &rootfs).arg("/probe").output().code(125);
            output.says("on /dev: it must be mounted on an ordinary directory").says("next: remove /dev");
            std::fs::remove_dir_all(&rootfs).unwrap();
        }
        assert_eq!(std::fs::read_dir(scratch.canary()).unwrap().count(), 1);
    }
}

/// A disk of this machine, with nothing on it that matters.
struct Disk<'a> {
    scratch: &'a Scratch,
    node: String,
}

impl Disk<'_> {
    fn attach(scratch: &Scratch) -> Disk<'_> {
        let file = scratch.file("disk", vec![0; 1 << 20]);
        let node = scratch.tool("losetup").args(["--find", "--show"]).arg(file).output().success().text();
        Disk { scratch, node: node.trim().into() }
    }

    fn numbers(&self) -> [String; 2] {
        let device = std::fs::metadata(&self.node).unwrap().rdev();
        [nix::sys::stat::major(device).to_string(), nix::sys::stat::minor(device).to_string()]
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        self.scratch.tool("losetup").args(["--detach", &self.node]).output().success();
    }
}

#[test]
fn c1_07_a_node_of_the_hosts_disk_opens_nothing() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let disk = Disk::attach(&scratch);
    let numbers = disk.numbers();
    let attack = |chapter: &str| {
        contained(&scratch, chapter, &[], &rootfs).args(["/probe", "mknod-read"]).args(&numbers).output()
    };
    // In the first chapter it succeeds, which shows that the attack is one.
    attack("chroot").success().prints("read 512 bytes");
    for chapter in CLOSED {
        attack(chapter).code(1).says("open: Permission denied");
        let [major, minor] = &numbers;
        let script = format!(
            "for at in /dev /dev/shm /tmp; do mknod $at/d b {major} {minor} || continue; \
             dd if=$at/d count=1 2>/dev/null && echo READ at $at; rm $at/d; done; true"
        );
        let output =
            contained(&scratch, chapter, &[], &rootfs).args(["sh", "-c", &script]).output().success();
        assert_eq!(output.text(), "", "{chapter}");
    }
}

#[test]
fn c1_08_proc_shows_no_way_to_the_host() {
    for chapter in CLOSED {
        let scratch = Scratch::new();
        let rootfs = rootfs::busybox(&scratch);
        let canary = scratch.canary();
        let script = format!(
            "cat /proc/1/root{0}/secret /proc/1/cwd{0}/secret /proc/*/root{0}/secret /proc/*/cwd{0}/secret; \
             ls -di /proc/1/root/ /; ls /proc | grep -c '^[0-9]'",
            canary.display()
        );
        let output = contained(&scratch, chapter, &[], &rootfs).args(["sh", "-c", &script]).output();
        assert!(!output.text().contains(SECRET), "{output:?}");
        let text = output.text();
        let lines: Vec<&str> = text.lines().collect();
        let inodes: Vec<_> = lines[..2].iter().map(|line| line.split_whitespace().next()).collect();
        assert_eq!(inodes[0], inodes[1], "{output:?}");
        let processes: usize = lines[2].parse().unwrap();
        assert!((2..=4).contains(&processes), "it sees more than itself: {output:?}");
    }
}
