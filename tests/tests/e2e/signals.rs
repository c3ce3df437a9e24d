//! Process 1, its duties, its signals and its end.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tests::host::Process;
use tests::{Run, Scratch, rootfs, wait};

fn sh<'a>(scratch: &'a Scratch, flags: &[&str], script: &str) -> Run<'a> {
    let rootfs = scratch.path().join("rootfs-busybox");
    let rootfs = if rootfs.exists() { rootfs } else { rootfs::busybox(scratch) };
    scratch.run("mounts").args(flags).arg(rootfs).args(["sh", "-c", script])
}

#[test]
fn i4_the_init_reaps_a_thousand_orphans() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let run = |flags: &[&str]| {
        let run = scratch.run("mounts").args(flags).arg(&rootfs).args(["/probe", "orphans", "1000"]);
        run.output().success().text()
    };
    assert_eq!(run(&["--init"]), "orphans=1000 zombies=0\n");
    // A program that does not know the duty keeps them all, which shows that the init is what does it.
    assert_eq!(run(&[]), "orphans=1000 zombies=1000\n");
}

#[test]
fn i4_signals_reach_the_program() {
    for chapter in ["chroot", "hostname", "pids", "mounts", "privileges", "network", "layers"] {
        let inits: &[&[&str]] =
            if ["chroot", "hostname"].contains(&chapter) { &[&[]] } else { &[&[], &["--init"]] };
        for flags in inits {
            let scratch = Scratch::new();
            let rootfs = rootfs::probe(&scratch);
            let run = scratch.run(chapter).args(*flags).arg(&rootfs);
            let started = run.args(["/probe", "trap", "HUP", "INT", "QUIT", "USR1", "USR2"]).start();
            started.wait_for("ready");
            for name in ["HUP", "INT", "QUIT", "USR1", "USR2"] {
                started.signal(format!("SIG{name}").parse().unwrap());
                started.wait_for(&format!("SIG{name}\n"));
            }
            started.signal(Signal::SIGTERM);
            let text = started.finish().success().text();
            let expected = "ready\nSIGHUP\nSIGINT\nSIGQUIT\nSIGUSR1\nSIGUSR2\nSIGTERM\n";
            assert_eq!(text, expected, "{chapter} {flags:?}");
        }
    }
}

#[test]
fn i4_a_program_without_a_handler_needs_the_init_to_be_ended() {
    let scratch = Scratch::new();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGUSR1] {
        let started = sh(&scratch, &["--init"], "echo ready; exec sleep 60").start();
        started.wait_for("ready");
        started.signal(signal);
        assert_eq!(started.finish().code, Some(128 + signal as i32), "{signal}");
    }
    let started = sh(&scratch, &[], "echo ready; exec sleep 60").start();
    started.wait_for("ready");
    started.signal(Signal::SIGTERM);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(started.inside("busybox").is_alive(), "process 1 has no default action for SIGTERM");
}

#[test]
fn i4_when_process_one_is_killed_the_tree_goes_along() {
    for flags in [&[][..], &["--init"]] {
        let scratch = Scratch::new();
        let script = "sleep 60 & (setsid sleep 60 &) & (sleep 60 & wait) & sleep 0.2; echo ready; wait";
        let started = sh(&scratch, flags, script).start();
        started.wait_for("ready");
        let [one] = started.process().children()[..] else { panic!("not one child") };
        let tree = one.descendants();
        assert!(tree.len() >= 3, "{tree:?}");
        kill(Pid::from_raw(one.0), Signal::SIGKILL).unwrap();
        assert_eq!(started.finish().code, Some(137));
        assert_eq!(tree.into_iter().filter(|process| process.is_alive()).collect::<Vec<_>>(), []);
    }
}

#[test]
fn i4_when_the_launcher_is_killed_the_container_goes_along() {
    let inits = [&[][..], &["--init"], &["--user", "33"], &["--user", "33", "--init"]];
    for chapter in ["pids", "mounts", "privileges", "network", "layers"] {
        for flags in inits.iter().filter(|flags| chapter == "privileges" || !flags.contains(&"--user")) {
            let scratch = Scratch::new();
            let rootfs = rootfs::busybox(&scratch);
            std::fs::write(rootfs.join("dev/null"), "").unwrap(); // a shell wants it, and `pids` has none
            let script = "sleep 60 & setsid sleep 60 & sleep 0.2; echo ready; wait";
            let run = scratch.run(chapter).env("TMPDIR", scratch.path()).args(*flags).arg(&rootfs);
            let started = run.args(["sh", "-c", script]).start();
            started.wait_for("ready");
            let tree = started.process().descendants();
            assert!(tree.len() >= 3, "{tree:?}");
            started.signal(Signal::SIGKILL);
            assert_eq!(started.finish().signal, Some(9), "{chapter} {flags:?}");
            let gone = || tree.iter().all(|process| !process.is_alive()).then_some(());
            wait::until(&format!("the end of {chapter} {flags:?}"), gone);
        }
    }
}

#[test]
fn c10_06_every_exit_code_is_passed_on() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    for code in 0..=255 {
        let flags = if code % 8 == 0 { &["--init"][..] } else { &[] };
        let run = scratch.run("mounts").args(flags).arg(&rootfs).args(["/probe", "exit", &code.to_string()]);
        run.output().code(code);
    }
}

/// Neither stops nor is ignored by default (`signal(7)`).
fn ends_a_process(number: i32) -> bool {
    ![
        nix::libc::SIGCHLD,
        nix::libc::SIGCONT,
        nix::libc::SIGSTOP,
        nix::libc::SIGTSTP,
        nix::libc::SIGTTIN,
        nix::libc::SIGTTOU,
        nix::libc::SIGURG,
        nix::libc::SIGWINCH,
    ]
    .contains(&number)
}

#[test]
fn c10_06_every_signal_is_128_and_its_number() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    // The real-time signals, too: the C library keeps 32 and 33 for itself.
    for number in (1..=31).chain(34..=64).filter(|number| ends_a_process(*number)) {
        let run =
            scratch.run("mounts").arg("--init").arg(&rootfs).args(["/probe", "kill", &number.to_string()]);
        run.output().code(128 + number);
    }
    // A process 1 is ended from outside only by SIGKILL, and by a fault of its own.
    let started = sh(&scratch, &[], "echo ready; sleep 60").start();
    started.wait_for("ready");
    let [one]: [Process; 1] = started.process().children().try_into().unwrap();
    kill(Pid::from_raw(one.0), Signal::SIGKILL).unwrap();
    assert_eq!(started.finish().code, Some(137));
}

#[test]
fn c10_06_without_a_pid_namespace_signals_are_128_and_their_number_too() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    for number in [1, 2, 9, 11, 15, 34, 64] {
        scratch
            .run("chroot")
            .arg(&rootfs)
            .args(["/probe", "kill", &number.to_string()])
            .output()
            .code(128 + number);
    }
}

/// An orphan that a real-time signal ended must be reaped, and must not end the reaping of the others.
#[test]
fn c10_07_orphans_are_reaped_however_they_ended() {
    let scratch = Scratch::new();
    let script =
        "i=0; while [ $i -lt 100 ]; do (sh -c 'sleep 0.1; kill -40 $$' &); (sleep 0.1 &); i=$((i+1)); done;
        sleep 2; grep -l '^State:.Z' /proc/[0-9]*/status | wc -l";
    let output = sh(&scratch, &["--init"], script).output().success();
    assert_eq!(output.text(), "0\n");
}

#[test]
fn a_program_begins_with_default_signals_and_none_held_back() {
    for (chapter, flags) in [("mounts", &[][..]), ("mounts", &["--init"]), ("layers", &["--user", "33"])] {
        let scratch = Scratch::new();
        let rootfs = rootfs::busybox(&scratch);
        // A caller that ignores some and holds back others, as nohup and some supervisors do.
        let shell = "trap '' HUP INT PIPE USR1; exec \"$@\"";
        let run = scratch.tool("bash").args(["-c", shell, "bash"]).arg(tests::binaries::bin(chapter));
        let run = run.args(flags).arg(&rootfs).args(["grep", "^Sig[BIC]", "/proc/self/status"]);
        let text = run.output().success().text();
        let none = "0000000000000000";
        assert_eq!(
            text,
            format!("SigBlk:\t{none}\nSigIgn:\t{none}\nSigCgt:\t{none}\n"),
            "{chapter} {flags:?}"
        );
    }
}
