//! What goes in and what comes out, byte for byte, and who must not wait for whom.

use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use tests::{Run, Scratch, rootfs, wait};

/// Far more than all pipes and buffers on the way hold together.
const MUCH: usize = 10 << 20;

fn sh<'a>(scratch: &'a Scratch, flags: &[&str], script: &str) -> Run<'a> {
    let rootfs = scratch.path().join("rootfs-busybox");
    let rootfs = if rootfs.exists() { rootfs } else { rootfs::busybox(scratch) };
    scratch.run("mounts").args(flags).arg(rootfs).args(["sh", "-c", script])
}

/// Bytes of every value, in no order that a lost or doubled piece would leave as it is.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn ten_megabytes_go_through_both_ways() {
    let scratch = Scratch::new();
    let much = noise(MUCH);
    for flags in [&["-i"][..], &["-i", "--init"]] {
        let output = sh(&scratch, flags, "cat").input(much.clone()).output().success();
        assert!(output.stdout == much, "{} bytes came back", output.stdout.len());
    }
    let output = sh(&scratch, &["-i"], "tee /dev/stderr").input(much.clone()).output().success();
    assert!(
        output.stdout == much && output.stderr == much,
        "{} and {}",
        output.stdout.len(),
        output.stderr.len()
    );
}

/// Neither side reads before it has written everything.
#[test]
fn a_container_that_writes_before_it_reads_is_no_deadlock() {
    let scratch = Scratch::new();
    let script = format!("head -c {MUCH} /dev/zero; wc -c >&2");
    let output = sh(&scratch, &["-i"], &script).input(noise(MUCH)).output().success();
    assert_eq!((output.stdout.len(), output.errors().trim()), (MUCH, MUCH.to_string().as_str()));
}

#[test]
fn an_input_that_nobody_reads_keeps_nobody_waiting() {
    let scratch = Scratch::new();
    for script in ["true", "exec <&-; sleep 0.2", "head -c 1 >/dev/null"] {
        sh(&scratch, &["-i"], script).input(noise(MUCH)).output().success();
    }
    // One that stays open and silent neither.
    let started = sh(&scratch, &["-i"], "echo said").start_with_input();
    assert_eq!(started.finish().success().text(), "said\n");
}

#[test]
fn without_i_there_is_an_input_that_is_at_its_end() {
    let scratch = Scratch::new();
    let output =
        sh(&scratch, &[], "cat; echo ended; stat -c %t:%T /proc/self/fd/0 -L").input("secret").output();
    assert_eq!(output.success().text(), "ended\n1:3\n");
}

#[test]
fn the_two_outputs_stay_apart() {
    let scratch = Scratch::new();
    rootfs::busybox(&scratch);
    let rootfs = scratch.path().join("rootfs-busybox");
    let run = scratch.run("mounts").arg(rootfs).args(["/probe", "say", "one", "two", "three"]);
    let output = run.output().success();
    assert_eq!((output.text().as_str(), output.errors().as_str()), ("one\nthree\n", "two\n"));
}

/// Runs the container below a shell that does something to its streams.
fn below<'a>(scratch: &'a Scratch, shell: &str, script: &str) -> Run<'a> {
    let rootfs = rootfs::busybox(scratch);
    let shell = scratch.tool("bash").args(["-c", shell, "bash"]);
    shell.arg(tests::binaries::bin("mounts")).arg(rootfs).args(["sh", "-c", script])
}

#[test]
fn c0_06_a_reader_that_goes_away_ends_an_endless_output() {
    let scratch = Scratch::new();
    let output = below(&scratch, "\"$@\" | head -1; echo ${PIPESTATUS[0]}", "exec yes").output().success();
    // `yes` is ended by SIGPIPE, were it not process 1, which ignores what it has no handler for: it sees EPIPE.
    let text = output.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "y");
    assert!(["1", "141"].contains(&lines[1]), "{output:?}");
    assert!(!output.errors().contains("panicked"), "{output:?}");
}

#[test]
fn c0_06_closed_streams_are_no_reason_to_panic() {
    for shell in [
        "\"$@\" >&-",
        "\"$@\" <&-",
        "\"$@\" 2>&-",
        "\"$@\" <&- >&- 2>&-",
        "\"$@\" | head -0",
        "\"$@\" >/dev/full",
    ] {
        let scratch = Scratch::new();
        let output =
            below(&scratch, shell, "echo said; ls /proc/self/fd | wc -l >/dev/null; exit 0").output();
        assert!(!output.errors().contains("panicked"), "{shell}: {output:?}");
        assert!([Some(0), Some(1)].contains(&output.code), "{shell}: {output:?}");
    }
    let scratch = Scratch::new();
    for chapter in ["chroot", "mounts", "layers"] {
        for argument in ["--help", "--version", "--no-such-flag"] {
            let shell = "\"$@\" >&- 2>&-; \"$@\" 2>&1 | head -0; \"$@\" >/dev/full 2>&1; true";
            let run = scratch.tool("bash").args(["-c", shell, "bash"]);
            let output = run.arg(tests::binaries::bin(chapter)).arg(argument).output().success();
            assert_eq!(output.errors(), "", "{chapter} {argument}");
        }
    }
}

#[test]
fn a_slow_reader_gets_everything() {
    let scratch = Scratch::new();
    let output = below(&scratch, "\"$@\" | (sleep 1; wc -c)", "head -c 3000000 /dev/zero").output().success();
    assert_eq!(output.text().trim(), "3000000");
}

#[test]
fn a_reader_that_has_stopped_does_not_keep_the_launcher_from_ending() {
    let scratch = Scratch::new();
    let shell = "mkfifo fifo; exec 3<>fifo; \"$@\" >fifo & echo $!; wait $!; echo code=$?";
    let started = below(&scratch, shell, "echo ready >&2; head -c 60000 /dev/zero; exit 5").start();
    let launcher: i32 = started.wait_for("\n").trim().parse().unwrap();
    let launcher = tests::host::Process(launcher);
    // 60,000 bytes are in the pipe already; one more container's worth does not fit.
    wait::until("the container to end", || (!launcher.is_alive()).then_some(()));
    assert_eq!(started.finish().success().text(), format!("{}\ncode=5\n", launcher.0));
    let shell = "exec 3<>fifo; \"$@\" >fifo & echo $!; wait $!; echo code=$?";
    let run = scratch.tool("bash").args(["-c", shell, "bash"]).arg(tests::binaries::bin("mounts"));
    let rootfs = scratch.path().join("rootfs-busybox");
    let started = run.arg(rootfs).args(["sh", "-c", "head -c 100000 /dev/zero; exit 6"]).start();
    let launcher = tests::host::Process(started.wait_for("\n").trim().parse().unwrap());
    wait::until("the container to begin", || (!launcher.children().is_empty()).then_some(()));
    wait::until("the container to end", || (!launcher.children()[0].is_alive()).then_some(()));
    std::thread::sleep(Duration::from_millis(100));
    assert!(launcher.is_alive(), "it waits for the reader");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(launcher.0), Signal::SIGTERM).unwrap();
    assert!(started.finish().success().text().ends_with("code=6\n"));
}

#[test]
fn what_a_background_process_holds_open_ends_with_the_container() {
    let scratch = Scratch::new();
    for flags in [&[][..], &["--init"], &["-i"]] {
        let start = Instant::now();
        let output = sh(&scratch, flags, "sleep 60 & setsid sleep 60 & echo said").output().success();
        assert_eq!(output.text(), "said\n");
        assert!(start.elapsed() < Duration::from_secs(20), "{flags:?} took {:?}", start.elapsed());
    }
}
