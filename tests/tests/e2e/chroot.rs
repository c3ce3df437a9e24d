//! Another root, and what still leaks.

use std::os::unix::fs::MetadataExt;
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
