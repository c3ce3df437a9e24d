//! Trees that a container makes so that nobody can remove them.

use tests::{Scratch, binaries, rootfs};

/// Twenty times as many levels as a process usually may have descriptors.
const LEVELS: &str = "3000";

#[test]
fn f_01_a_tree_of_three_thousand_levels_is_thrown_away() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let shell = scratch.tool("bash").args(["-c", "ulimit -n 128; exec \"$@\"", "bash"]);
    let run = shell.arg(binaries::bin("layers")).arg(&rootfs).args(["/probe", "deep", LEVELS]);
    run.env("TMPDIR", scratch.directory("changes")).output().success();
    assert_eq!(std::fs::read_dir(scratch.path().join("changes")).unwrap().count(), 0);
}

#[test]
fn f_01_a_container_with_such_a_tree_can_be_removed() {
    let scratch = Scratch::new();
    let image = crate::imported(&scratch, &rootfs::probe(&scratch));
    let keg = |arguments: &[&str]| {
        let shell = scratch.tool("bash").args(["-c", "ulimit -n 128; exec \"$@\"", "bash"]);
        shell.arg(binaries::bin("keg")).args(arguments).output().success().text()
    };
    keg(&["run", "--name", "deep", image, "/probe", "deep", LEVELS]);
    assert_eq!(keg(&["rm", "deep"]), "deep\n");
    assert_eq!(std::fs::read_dir(scratch.keg_root().join("containers")).unwrap().count(), 0);
    assert_eq!(keg(&["run", "--rm", image, "/probe", "deep", LEVELS]), "");
    assert_eq!(std::fs::read_dir(scratch.keg_root().join("containers")).unwrap().count(), 0);
}
