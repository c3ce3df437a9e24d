//! State on a disk that is full, read-only, or another user's.

use crate::cellar::{assert_no_container, keg, names_in, said};
use crate::keg_pull_faults::{assert_nothing_came, registry};
use insta::assert_snapshot;
use std::path::{Path, PathBuf};
use tests::{Output, Scratch};

/// Mounts a tmpfs of this size over the state of the scratch; gone when dropped.
struct Small<'a> {
    scratch: &'a Scratch,
    at: PathBuf,
}

impl<'a> Small<'a> {
    fn mount(scratch: &'a Scratch, options: &str) -> Small<'a> {
        let at = scratch.directory("keg");
        let mount = scratch.tool("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(&at);
        mount.output().success();
        Small { scratch, at }
    }

    fn grow(&self, options: &str) {
        let mount = self.scratch.tool("mount").args(["-o", &format!("remount,{options}")]).arg(&self.at);
        mount.output().success();
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(Path::new(&self.at), nix::mount::MntFlags::MNT_DETACH);
    }
}

/// The disk may be full for the layer as it comes or for a file in it, whichever is first.
#[track_caller]
fn assert_says_no_space(output: &Output) {
    let errors = output.errors();
    for part in
        ["cannot pull the layer", "No space left on device (ENOSPC)", "next: free some space or inodes"]
    {
        assert!(errors.contains(part), "{part:?} is missing in {output:?}");
    }
}

#[test]
fn no_space_for_the_image_and_then_there_is() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let name = format!("{}/box:1", registry.address());
    let small = Small::mount(&scratch, "size=3m,mode=0700");
    let pull = keg(&scratch, &["pull", &name]).output();
    assert_eq!(pull.code, Some(125), "{pull:?}");
    assert_says_no_space(&pull);
    assert_nothing_came(&scratch);
    small.grow("size=50m");
    // The upper directory is on tmpfs here, which overlayfs can use.
    let run = keg(&scratch, &["run", "--rm", &name, "sh", "-c", "echo x >/x; cat /x"]).output();
    run.success().prints("x");
}

#[test]
fn no_inodes_for_the_image() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let _small = Small::mount(&scratch, "size=50m,nr_inodes=100,mode=0700");
    let pull = keg(&scratch, &["pull", &format!("{}/box:1", registry.address())]).output();
    assert_eq!(pull.code, Some(125), "{pull:?}");
    assert_says_no_space(&pull);
    assert_nothing_came(&scratch);
}

#[test]
fn no_space_for_a_container() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let name = format!("{}/box:1", registry.address());
    let small = Small::mount(&scratch, "size=50m,mode=0700");
    keg(&scratch, &["pull", &name]).output().success();
    let fill = scratch.tool("dd").args(["if=/dev/zero", "bs=4k", "status=none"]);
    let filled = small.at.join("filler");
    let _ = fill.arg(format!("of={}", filled.display())).output();
    let run = keg(&scratch, &["run", &name]).output();
    assert_eq!(run.code, Some(125), "{run:?}");
    let errors = run.errors();
    assert!(
        errors.contains("No space left on device") && errors.contains("next: free some space"),
        "{run:?}"
    );
    std::fs::remove_file(filled).unwrap();
    assert_eq!(keg(&scratch, &["ps", "-aq"]).output().success().text(), "");
    assert_no_container(&scratch);
    keg(&scratch, &["run", "--rm", &name]).output().success().prints("hello");
}

#[test]
fn no_permission() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let name = format!("{}/box:1", registry.address());
    keg(&scratch, &["pull", &name]).output().success();
    for (words, snapshot) in [
        (&["pull", &name][..], "fault_user_pull"),
        (&["run", "--rm", &name], "fault_user_run"),
        (&["ps"], "fault_user_ps"),
    ] {
        let output = keg(&scratch, words).as_user(65534).output();
        assert_snapshot!(snapshot, said(&scratch, &output));
    }
    // A state directory of one's own is not enough: only root can give files their owners.
    let own = scratch.directory("own");
    std::os::unix::fs::chown(&own, Some(65534), Some(65534)).unwrap();
    let root = own.join("keg");
    let pull = keg(&scratch, &["pull", "-q", &name]).env("KEG_ROOT", &root).as_user(65534).output();
    let pull = pull.code(125).says("cannot set its owner: Operation not permitted (EPERM)");
    pull.says("next: run it as root, or with sudo");
    assert_eq!(names_in(&root.join("images/tmp")), Vec::<String>::new());
    let run = keg(&scratch, &["run", "--rm", &name]).env("KEG_ROOT", &root).as_user(65534).output();
    assert_snapshot!("fault_user_own_run", said(&scratch, &run));
    assert_eq!(names_in(&root.join("containers")), Vec::<String>::new());
}

#[test]
fn a_state_directory_that_is_read_only() {
    let scratch = Scratch::new();
    let registry = registry(&scratch);
    let name = format!("{}/box:1", registry.address());
    let small = Small::mount(&scratch, "size=50m,mode=0700");
    keg(&scratch, &["pull", &name]).output().success();
    keg(&scratch, &["run", "--name", "web", &name]).output().success();
    small.grow("ro");
    for (words, snapshot) in
        [(&["run", &name][..], "fault_read_only_run"), (&["pull", &name], "fault_read_only_pull")]
    {
        assert_snapshot!(snapshot, said(&scratch, &keg(&scratch, words).output()));
    }
    keg(&scratch, &["images"]).output().success().prints("box");
    keg(&scratch, &["ps", "-a"]).output().success().prints("web");
    keg(&scratch, &["rm", "web"]).output().code(1).says("EROFS");
    small.grow("rw");
    keg(&scratch, &["rm", "web"]).output().success();
}
