//! `keg` killed at any moment: the container goes with it, and the next command puts things right.

use crate::cellar::{
    assert_no_container, assert_no_half_image, containers, keg, line, names_in, rows, with_box,
};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use tests::host::Process;
use tests::oci::layout;
use tests::{Oci, Registry, Scratch, wait};

/// Kills a run after so many microseconds.
fn kill_after(scratch: &Scratch, words: &str, delay: u64) {
    let run = line(scratch, words).start();
    let until = Instant::now() + Duration::from_micros(delay);
    while Instant::now() < until {
        std::hint::spin_loop();
    }
    run.signal(Signal::SIGKILL);
    run.finish();
}

/// The processes that have the state of this scratch among their mounts, or as their program.
fn below(scratch: &Scratch) -> Vec<Process> {
    let named = |it: &Process| {
        it.is_alive()
            && (it.text("environ").contains(scratch.id()) || it.text("mountinfo").contains(scratch.id()))
    };
    Process::all().into_iter().filter(|it| *it != Process::this()).filter(named).collect()
}

/// The next command finds nothing half-made: each container has its directory and its name, and none runs.
#[track_caller]
fn assert_put_right(scratch: &Scratch, delay: u64) {
    // The kernel kills the container a moment after its launcher, whose lock it may still have.
    let gone = wait::at_most(Duration::from_secs(3), || below(scratch).is_empty().then_some(()));
    assert!(gone.is_some(), "killed after {delay} µs, it left {:?}", below(scratch));
    let ps = line(scratch, "ps -a").output().success();
    let root = scratch.keg_root();
    let dirs = containers(scratch);
    assert_eq!(rows(&ps).len() - 1, dirs.len(), "a half directory after {delay} µs: {dirs:?} {ps:?}");
    assert_eq!(names_in(&root.join("names")).len(), dirs.len(), "names after {delay} µs: {ps:?}");
    assert_eq!(names_in(&root.join("run")), Vec::<String>::new(), "after {delay} µs");
    assert!(!ps.text().contains("Up "), "after {delay} µs: {ps:?}");
    let mounts = Process::this().mounts();
    assert!(mounts.iter().all(|mount| !mount.path.contains(scratch.id())), "a mount after {delay} µs");
}

/// Delays that are spread over a whole run, in another order each time.
fn delays(count: u64, most: u64) -> impl Iterator<Item = u64> {
    let seed = u64::from(std::process::id());
    (0..count).map(move |i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed * 97) >> 3) % most)
}

/// How long a whole run takes here and now, in microseconds.
fn whole_run(scratch: &Scratch) -> u64 {
    let began = Instant::now();
    line(scratch, "run --rm box true").output().success();
    began.elapsed().as_micros() as u64
}

#[test]
fn a_run_with_rm_that_is_killed_leaves_nothing() {
    let scratch = with_box();
    let most = whole_run(&scratch).max(30_000);
    for delay in delays(60, most) {
        kill_after(&scratch, "run --rm --name crash box true", delay);
        assert_put_right(&scratch, delay);
        assert_no_container(&scratch);
    }
    line(&scratch, "run --rm --name crash box true").output().success();
}

#[test]
fn a_run_without_rm_that_is_killed_leaves_a_container_that_can_be_removed() {
    let scratch = with_box();
    let most = whole_run(&scratch).max(30_000);
    for delay in delays(60, most) {
        kill_after(&scratch, "run --name crash box true", delay);
        assert_put_right(&scratch, delay);
        if !containers(&scratch).is_empty() {
            line(&scratch, "rm crash").output().success();
        }
        assert_no_container(&scratch);
    }
}

#[test]
fn a_program_that_runs_dies_with_keg_and_all_its_children_too() {
    for flags in ["--rm", "--rm --init", "--rm -i", ""] {
        let scratch = with_box();
        let script = "(while :; do sleep 100; done) & setsid sleep 1000 & sleep 1000";
        let mut run =
            line(&scratch, &format!("run {flags} --name crash box sh -c")).arg(script).start_with_input();
        wait::until("three sleeps", || {
            let sleeps =
                run.process().descendants().into_iter().filter(|it| it.command_line().contains("sleep 1"));
            (sleeps.count() >= 3).then_some(())
        });
        run.signal(Signal::SIGKILL);
        run.close_input();
        run.finish();
        assert_put_right(&scratch, 0);
        line(&scratch, "rm -f crash").output();
        assert_no_container(&scratch);
    }
}

#[test]
fn a_program_that_does_not_die_with_keg_is_ended_by_the_next_command() {
    let scratch = Scratch::new();
    let rootfs = tests::rootfs::busybox(&scratch);
    // Who executes a set-user-ID program is not killed with its parent any more (prctl(2)).
    let pack = "chmod 4755 \"$1/bin/busybox\"; tar -C \"$1\" -cf - . | \"$2\" import - box";
    let tool = scratch.tool("bash").args(["-euo", "pipefail", "-c", pack, "-"]).arg(&rootfs);
    tool.arg(tests::binaries::bin("keg")).output().success();
    for flags in ["--rm", ""] {
        let run = line(&scratch, &format!("run {flags} -u www-data --name crash box sleep 1000")).start();
        let inside = run.inside("busybox");
        wait::until("it to be up", || line(&scratch, "ps -q").output().text().lines().next().map(|_| ()));
        run.signal(Signal::SIGKILL);
        run.finish();
        assert!(inside.is_alive(), "this test has lost its subject: it died with its parent");
        line(&scratch, "ps").output().success();
        assert_put_right(&scratch, 0);
        assert!(!inside.is_alive());
        line(&scratch, "rm crash").output();
        assert_no_container(&scratch);
    }
}

#[test]
fn a_removal_that_is_killed_is_finished_by_the_next_command() {
    let scratch = with_box();
    for delay in delays(30, 15_000) {
        let script = "i=0; while [ $i -lt 300 ]; do echo $i >/f$i; i=$((i+1)); done";
        line(&scratch, "run --name crash box sh -c").arg(script).output().success();
        kill_after(&scratch, "rm crash", delay);
        assert_put_right(&scratch, delay);
        if !containers(&scratch).is_empty() {
            line(&scratch, "rm crash").output().success();
        }
        assert_no_container(&scratch);
    }
}

#[test]
fn a_pull_or_an_import_that_is_killed_leaves_nothing_half_made() {
    let scratch = Scratch::new();
    let registry = Registry::start(&scratch);
    let many: Vec<(String, Vec<u8>)> = (0..500).map(|i| (format!("f{i}"), vec![i as u8; 4000])).collect();
    let files: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (&**name, &**content)).collect();
    registry.push(&scratch, &layout(&scratch, "layout", &[Oci::busybox().files(&files)]), "box:1");
    let name = format!("{}/box:1", registry.address());
    let archive = crate::cellar::archive(&scratch);
    for delay in delays(30, 120_000) {
        for words in [format!("pull {name}"), format!("import {} imported", archive.display())] {
            kill_after(&scratch, &words, delay);
            line(&scratch, "images").output().success(); // the next command sweeps
            assert_no_half_image(&scratch);
        }
    }
    keg(&scratch, &["run", "--rm", &name, "ls", "/f499"]).output().success();
    line(&scratch, &format!("import {} imported", archive.display())).output().success();
    line(&scratch, "run --rm imported true").output().success();
    let images = rows(&line(&scratch, "images").output().success());
    // Each import that came to its end took the name from the one before.
    assert_eq!(images.iter().filter(|row| !row.contains("<none>")).count(), 3, "{images:?}");
}
