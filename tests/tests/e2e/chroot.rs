//! Another root, and what still leaks.

use nix::fcntl::OFlag;
use shared::path::Root;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use tests::host::Process;
use tests::{Scratch, rootfs};

#[test]
fn c1_01_the_double_chroot_gets_out() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let secret = scratch.canary().join("secret");
    let run = scratch.run("chroot").arg(&rootfs).args(["/probe", "escape-chroot"]).arg(&secret);
    let output = run.output().success();
    let inode = std::fs::metadata(&secret).unwrap().ino();
    output.prints(tests::SECRET).prints(&format!("\"number\":{inode}"));
}

#[test]
fn c1_02_no_descriptor_of_the_caller_gets_in() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let report =
        scratch.run("chroot").leaking(9, "/").leaking(200, "/etc").arg(&rootfs).arg("/probe").report();
    assert_eq!(report.fd_numbers(), [0, 1, 2]);
    let secret = scratch.canary().join("secret");
    let run = scratch.run("chroot").leaking(9, "/").arg(&rootfs).args(["/probe", "escape-fd"]).arg(&secret);
    run.output().code(1).says("no way out: 0 inherited descriptors");
}

#[test]
fn c1_03_the_working_directory_is_the_new_root() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let report = scratch.run("chroot").in_directory("/usr").arg(&rootfs).arg("/probe").report();
    assert_eq!(report.cwd.as_deref(), Some("/"));
    assert_eq!(report.cwd_inode, report.root_inode);
    assert_eq!(report.root_inode.unwrap().number, std::fs::metadata(&rootfs).unwrap().ino());
}

#[test]
fn c1_04_a_root_filesystem_that_is_none_is_refused() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let file = scratch.file("archive.tar", "");
    let to_the_root = scratch.path().join("to-the-root");
    symlink("/", &to_the_root).unwrap();
    let cases = [
        (Path::new("/not/there"), "No such file or directory (ENOENT)"),
        (&file, "it is not a directory"),
        (Path::new("/"), "it is the root of this machine"),
        (Path::new("/usr/.."), "it is the root of this machine"),
        (&to_the_root, "it is the root of this machine"),
    ];
    for (path, why) in cases {
        let output = scratch.run("chroot").arg(path).arg("/probe").output().code(125);
        output.says(&format!("cannot use {} as a root filesystem: {why}", path.display())).says("next: ");
    }
    let link = scratch.path().join("link");
    symlink(&rootfs, &link).unwrap();
    for path in [&link, Path::new("rootfs-probe"), Path::new("./link/../rootfs-probe/.")] {
        let report = scratch.run("chroot").arg(path).arg("/probe").report();
        assert_eq!(report.root_inode.unwrap().number, std::fs::metadata(&rootfs).unwrap().ino());
    }
}

#[test]
fn c1_05_an_untrusted_path_stays_below_its_root() {
    let scratch = Scratch::new();
    let directory = scratch.directory("root");
    let secret = scratch.canary().join("secret");
    symlink(scratch.canary(), directory.join("absolute")).unwrap();
    symlink("../canary", directory.join("relative")).unwrap();
    symlink("/proc/self/cwd", directory.join("magic")).unwrap();
    let root = Root::open(&directory).unwrap();
    let outside = secret.strip_prefix("/").unwrap();
    let paths = [secret.as_path(), outside, Path::new("../canary/secret"), Path::new("relative/secret")];
    for path in paths.into_iter().chain([Path::new("absolute/secret"), Path::new("magic/canary/secret")]) {
        if let Ok(file) = root.open_at(path, OFlag::O_RDONLY, 0) {
            let text = std::io::read_to_string(std::fs::File::from(file)).unwrap();
            assert_eq!(text, "inside", "{}", path.display());
        }
        // What cannot be opened can be made, and is made inside; the canary is checked with the scratch.
        if root.make_dirs(path.parent().unwrap(), 0o755).is_ok() {
            let flags = OFlag::O_CREAT | OFlag::O_WRONLY;
            let mut file = std::fs::File::from(root.open_at(path, flags, 0o644).unwrap());
            file.write_all(b"inside").unwrap();
        }
    }
    let made = root.open_at(&secret, OFlag::O_RDONLY, 0).unwrap();
    assert_eq!(std::io::read_to_string(std::fs::File::from(made)).unwrap(), "inside");
}

#[test]
fn the_host_is_still_to_be_seen() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let started = scratch.run("chroot").arg(&rootfs).args(["/probe", "hold", "60"]).start();
    let (report, process) = (started.report(), started.inside("probe"));
    assert_eq!(report.hostname, nix::unistd::gethostname().unwrap().to_string_lossy());
    assert_eq!(report.pid, process.0, "the same number inside and outside");
    assert_eq!(process.link("root").as_deref(), Some(rootfs.as_path()));
    for kind in ["mnt", "uts", "ipc", "pid", "net", "user", "cgroup"] {
        assert_eq!(process.namespace(kind), Process::this().namespace(kind), "{kind}");
    }
    assert_eq!(report.env, ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]);
}
