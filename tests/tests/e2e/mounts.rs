//! A root that cannot be left.

use std::os::unix::fs::symlink;
use tests::{Scratch, rootfs};

#[test]
fn c1_01_the_double_chroot_does_not_get_out() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let secret = scratch.canary().join("secret");
    let run = scratch.run("mounts").arg(&rootfs).args(["/probe", "escape-chroot"]).arg(&secret);
    let output = run.output().code(1).says("No such file or directory");
    assert!(!output.text().contains(tests::SECRET), "{output:?}");
}

#[test]
fn c1_02_no_descriptor_of_the_caller_gets_in() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    for flags in [&[][..], &["-i"], &["--init"]] {
        let run = scratch.run("mounts").leaking(9, "/").leaking(200, "/etc").args(flags).arg(&rootfs);
        let report = run.arg("/probe").report();
        assert_eq!(report.fd_numbers(), [0, 1, 2], "{flags:?}");
    }
}

#[test]
fn c1_06_a_dev_that_leads_out_is_not_followed() {
    let scratch = Scratch::new();
    for target in [scratch.canary(), "../canary".into(), "/".into()] {
        let rootfs = rootfs::probe(&scratch);
        symlink(&target, rootfs.join("dev")).unwrap();
        let output = scratch.run("mounts").arg(&rootfs).args(["/probe", "ls", "/dev"]).output();
        assert_ne!(output.code, Some(0), "{output:?}");
        output.says("/dev");
        std::fs::remove_dir_all(&rootfs).unwrap();
    }
}

#[test]
fn c1_08_no_process_of_the_host_leads_to_its_root() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let secret = scratch.canary().join("secret");
    for flags in [&[][..], &["--init"]] {
        for process in ["1", "self"] {
            for link in ["root", "cwd"] {
                let through = format!("/proc/{process}/{link}{}", secret.display());
                let run = scratch.run("mounts").args(flags).arg(&rootfs).args(["/probe", "cat", &through]);
                run.output().code(1).says("No such file or directory");
            }
        }
    }
}
