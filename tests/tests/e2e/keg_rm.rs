//! `keg rm`.

use crate::cellar::{assert_no_container, containers, line, names_in, rows, said, with_box};
use insta::assert_snapshot;
use tests::{Scratch, wait};

fn is_up(scratch: &Scratch) -> Option<()> {
    (rows(&line(scratch, "ps").output().success()).len() == 2).then_some(())
}

#[test]
fn v39_what_is_there_goes_and_what_is_not_is_an_error_each() {
    let scratch = with_box();
    line(&scratch, "run --name r1 box touch /new").output().success();
    line(&scratch, "run --name r2 box true").output().success();
    let rm = line(&scratch, "rm r1 nosuch r2 other").output();
    assert_snapshot!("rm_some", said(&scratch, &rm));
    assert_eq!(rm.text(), "r1\nr2\n");
    assert_no_container(&scratch);
    line(&scratch, "rm r1").output().code(1);
    line(&scratch, "rm -f r1").output().code(1);
    line(&scratch, "run --name r1 box true").output().success();
    line(&scratch, "rm -f r1 r1").output().code(1).prints("r1");
    assert_no_container(&scratch);
}

#[test]
fn a_container_that_runs_is_removed_by_force_only() {
    let scratch = with_box();
    let started = line(&scratch, "run --name web box sleep 1000").start();
    let inside = started.inside("busybox");
    wait::until("it to be up", || is_up(&scratch));
    let refused = line(&scratch, "rm web").output();
    assert_snapshot!("rm_running", said(&scratch, &refused));
    assert!(inside.is_alive());
    assert_eq!(containers(&scratch).len(), 1);
    line(&scratch, "rm -f web").output().success().prints("web");
    assert!(!inside.is_alive());
    assert_no_container(&scratch);
    assert_eq!(started.finish().code, Some(137));
    assert_no_container(&scratch);
}

#[test]
fn rm_force_of_one_that_removes_itself() {
    let scratch = with_box();
    for _ in 0..10 {
        let started = line(&scratch, "run --rm --name web box sleep 1000").start();
        started.inside("busybox");
        wait::until("it to be up", || is_up(&scratch));
        line(&scratch, "rm -f web").output().success();
        let ended = started.finish();
        assert_eq!(ended.code, Some(137), "{ended:?}");
        assert_eq!(ended.errors(), "");
        assert_no_container(&scratch);
    }
}

#[test]
fn a_container_that_another_keg_holds_is_not_waited_for_for_ever() {
    let scratch = with_box();
    line(&scratch, "run --name held box true").output().success();
    let directory = scratch.keg_root().join("containers").join(&containers(&scratch)[0]);
    let mut holder = scratch.tool("flock").arg(&directory).arg("cat").start_with_input();
    wait::until("the lock to be held", || {
        let lock = std::fs::File::open(&directory).unwrap();
        lock.try_lock().is_err().then_some(())
    });
    for words in ["rm held", "rm -f held"] {
        let rm = line(&scratch, words).output();
        assert_snapshot!("rm_held", said(&scratch, &rm));
    }
    line(&scratch, "ps -a").output().success().prints("held");
    line(&scratch, "run --rm box true").output().success();
    holder.close_input();
    holder.finish().success();
    line(&scratch, "rm held").output().success();
}

#[test]
fn many_at_once_remove_one_container_once() {
    let scratch = with_box();
    line(&scratch, "run --name one box true").output().success();
    let all: Vec<_> = (0..20).map(|_| line(&scratch, "rm one").start()).collect();
    let outputs: Vec<_> = all.into_iter().map(|run| run.finish()).collect();
    assert!(outputs.iter().any(|output| output.code == Some(0)));
    for output in &outputs {
        assert!(matches!(output.code, Some(0 | 1)), "{output:?}");
        assert!(output.code == Some(0) || output.errors().contains("No such container"), "{output:?}");
    }
    assert_no_container(&scratch);
}

/// Fills a container with what is hard to remove: deeper than a path is long and than there are descriptors,
/// links to the host, what only its owner may enter.
fn hostile(scratch: &Scratch) -> String {
    let script =
        "p=$(printf 'a/%.0s' $(seq 1000)); for i in 1 2 3; do mkdir -p $p; cd -P $p; done 2>/dev/null; >deep
        cd /; ln -s CANARY link; mkdir l; ln -s CANARY l/d; mkfifo fifo; mknod node c 1 3; rm -r /bin/vi /home
        ln -s CANARY /home; mkdir shut; ln -s CANARY shut/x; chmod 000 shut l; exit 0";
    script.replace("CANARY", &scratch.canary().display().to_string())
}

#[test]
fn deep_and_hostile_trees_are_removed_and_links_in_them_are_not_followed() {
    let scratch = with_box();
    let few = format!("ulimit -n 256; exec \"{}\" \"$@\"", tests::binaries::bin("keg").display());
    let keg = |words: &str| scratch.tool("bash").args(["-c", &few, "-"]).args(words.split_whitespace());
    let script = hostile(&scratch);
    keg("run --name tree box sh -c").arg(&script).output().success();
    let changes = scratch.keg_root().join("containers").join(&containers(&scratch)[0]).join("upper");
    assert!(changes.join("a/".repeat(1000)).is_dir(), "the tree is not as deep as it should be");
    keg("rm tree").output().success();
    assert_no_container(&scratch);
    keg("run --rm box sh -c").arg(&script).output().success();
    assert_no_container(&scratch);
    assert_eq!(names_in(&scratch.canary()), ["secret"]);
}
