//! A terminal of the container's own, as somebody who types sees it.

use nix::sys::signal::Signal;
use nix::sys::termios::LocalFlags;
use tests::{Run, Scratch, Terminal, rootfs, wait};

/// A shell script in a new container, on a terminal of 30 rows and 90 columns.
fn typed<'a>(scratch: &'a Scratch, flags: &[&str], script: &str) -> Terminal<'a> {
    run(scratch, flags, script).on_terminal(30, 90)
}

fn run<'a>(scratch: &'a Scratch, flags: &[&str], script: &str) -> Run<'a> {
    let rootfs = rootfs::busybox(scratch);
    scratch.run("mounts").args(flags).arg(rootfs).args(["sh", "-c", script])
}

#[test]
fn the_terminal_has_a_name_and_controls_the_session() {
    let scratch = Scratch::new();
    let rootfs = rootfs::probe(&scratch);
    let mut terminal = scratch.run("mounts").arg("-it").arg(&rootfs).arg("/probe").on_terminal(30, 90);
    let shown = terminal.expect("\n");
    let report: probe::Report = serde_json::from_str(&shown).unwrap();
    for stream in &report.terminals {
        let stream = stream.as_ref().unwrap();
        assert_eq!(stream.name.as_deref(), Some("/dev/pts/0"));
        assert_eq!((stream.controlling, stream.rows, stream.columns), (true, 30, 90));
    }
    assert_eq!((report.pid, report.sid, report.pgid), (1, 1, 1));
    assert_eq!(report.env.iter().filter(|entry| entry.as_str() == "TERM=xterm").count(), 1);
    assert_eq!(report.fd_numbers(), [0, 1, 2]);
    assert_eq!(terminal.finish().0, 0);
}

#[test]
fn the_size_follows_the_window_of_the_caller() {
    let scratch = Scratch::new();
    let script = "trap 'stty size' WINCH; stty size; echo ready; while :; do sleep 0.05; done";
    let mut terminal = typed(&scratch, &["-it"], script);
    terminal.expect("30 90");
    terminal.expect("ready");
    terminal.resize(31, 91);
    terminal.expect("31 91");
    // The extremes must neither be refused nor end the container.
    terminal.resize(0, 0);
    terminal.resize(65535, 65535);
    terminal.resize(24, 80);
    terminal.expect("24 80");
    terminal.type_in("\x03");
    assert_eq!(terminal.finish().0, 130, "no handler, but a shell that ends by it");
}

#[test]
fn what_is_typed_arrives_and_is_shown_once() {
    let scratch = Scratch::new();
    let mut terminal = typed(&scratch, &["-it"], "echo ready; read x; echo got $x; cat; echo end of file");
    terminal.expect("ready");
    terminal.type_in("hello\r");
    assert_eq!(terminal.expect("got hello"), "\r\nhello\r\ngot hello");
    terminal.type_in("line\r");
    assert_eq!(terminal.expect("line\r\nline\r\n"), "\r\nline\r\nline\r\n");
    terminal.type_in("\x04");
    terminal.expect("end of file");
    assert_eq!(terminal.finish().0, 0);
}

#[test]
fn ctrl_c_goes_to_the_program_and_not_to_the_launcher() {
    for flags in [&["-it"][..], &["-it", "--init"]] {
        let scratch = Scratch::new();
        let script = "trap 'echo interrupted' INT; echo ready; while [ \"$x\" != end ]; do read x && echo got $x; done; exit 7";
        let mut terminal = typed(&scratch, flags, script);
        terminal.expect("ready");
        terminal.type_in("\x03");
        terminal.expect("interrupted");
        terminal.type_in("on\r");
        terminal.expect("got on");
        // Told once: the init must not pass on what the terminal has sent already.
        assert!(!terminal.screen().contains("interrupted"));
        terminal.type_in("end\r");
        assert_eq!(terminal.finish().0, 7);
    }
}

#[test]
fn the_callers_terminal_is_raw_meanwhile_and_as_before_afterwards() {
    for (end, code) in [("exit 42", 42), ("kill -KILL $$", 137), ("/not/there", 127)] {
        let scratch = Scratch::new();
        let script = format!("echo ready; read x; {end}");
        let mut terminal = typed(&scratch, &["-it", "--init"], &script);
        // `setsid` has not executed it yet, so these are the modes of a new terminal.
        let before = terminal.modes();
        assert!(before.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG));
        terminal.expect("ready");
        let raw = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
        wait::until("the raw mode", || (!terminal.modes().local_flags.intersects(raw)).then_some(()));
        terminal.type_in("\r");
        wait::until("the modes to be restored", || (terminal.modes() == before).then_some(()));
        assert_eq!(terminal.finish().0, code);
    }
}

#[test]
fn a_launcher_that_is_told_to_end_restores_the_terminal() {
    let scratch = Scratch::new();
    let mut terminal = typed(&scratch, &["-it", "--init"], "echo ready; sleep 60");
    let before = terminal.modes();
    terminal.expect("ready");
    // The launcher leads the session: `setsid` has become it.
    terminal.signal(Signal::SIGTERM);
    wait::until("the modes to be restored", || (terminal.modes() == before).then_some(()));
    assert_eq!(terminal.finish().0, 128 + 15);
}

#[test]
fn without_i_the_keys_stay_with_the_caller() {
    let scratch = Scratch::new();
    let mut terminal = typed(&scratch, &["-t", "--init"], "stty size; echo ready; sleep 60");
    let before = terminal.modes();
    terminal.expect("30 90");
    terminal.expect("ready");
    assert_eq!(terminal.modes(), before, "raw mode would take Ctrl-C from the caller and give it to nobody");
    terminal.type_in("\x03");
    assert_eq!(terminal.finish().0, 128 + 2);
}

#[test]
fn without_i_nothing_that_is_typed_gets_in() {
    let scratch = Scratch::new();
    let mut terminal = typed(&scratch, &["-t"], "read -t 1 x; echo \"got<$x>\"");
    terminal.type_in("hello\r");
    terminal.expect("got<>");
    assert_eq!(terminal.finish().0, 0);
}

#[test]
fn the_size_is_known_even_when_only_the_output_is_a_terminal() {
    let scratch = Scratch::new();
    let rootfs = rootfs::busybox(&scratch);
    let shell = scratch.tool("sh").args(["-c", "\"$@\" </dev/null", "sh"]);
    let run = shell.arg(tests::binaries::bin("mounts")).arg("-t").arg(rootfs).args(["stty", "size"]);
    let mut terminal = run.on_terminal(30, 90);
    terminal.expect("30 90");
    assert_eq!(terminal.finish().0, 0);
}

#[test]
fn an_input_that_is_no_terminal_is_refused() {
    let scratch = Scratch::new();
    for chapter in ["mounts", "privileges", "network", "layers"] {
        let rootfs = rootfs::probe(&scratch);
        let output = scratch.run(chapter).arg("-it").arg(&rootfs).arg("/probe").input("x").output();
        output.code(1).says("the input device is not a TTY").says("next: leave out -t");
        std::fs::remove_dir_all(rootfs).unwrap();
    }
}

/// What is in the caller's input after a container has ended is what his shell executes next.
fn left_in_the_input(scratch: &Scratch, chapter: &str, flags: &[&str], command: &[&str]) -> (String, String) {
    let rootfs = scratch.path().join("rootfs-busybox");
    let after = "\"$@\"; echo code=$?; read -t 1 left; echo \"left<$left>\"";
    let shell = scratch.tool("bash").args(["--norc", "-c", after, "bash"]);
    let run = shell.arg(tests::binaries::bin(chapter)).args(flags).arg(rootfs).args(command);
    let (code, screen) = run.on_terminal(24, 80).finish();
    assert_eq!(code, 0, "{screen}");
    let left = screen.rsplit_once("left<").unwrap().1.split_once('>').unwrap().0.to_string();
    (left, screen)
}

#[test]
fn c2_14_nothing_can_be_pushed_into_the_callers_terminal() {
    let scratch = Scratch::new();
    rootfs::busybox(&scratch);
    let push = ["/probe", "tiocsti", "echo PWN\n"];
    // Where the container has the caller's own terminal the attack succeeds.
    let (left, screen) = left_in_the_input(&scratch, "pids", &[], &push);
    assert_eq!(left, "echo PWN", "{screen}");
    for chapter in ["mounts", "layers"] {
        for flags in [&[][..], &["-i"], &["-t"], &["-it"], &["-it", "--init"]] {
            let (left, screen) = left_in_the_input(&scratch, chapter, flags, &push);
            assert_eq!(left, "", "{chapter} {flags:?}: {screen}");
            // On its own terminal it may do what it wants.
            let own = flags.iter().any(|flag| flag.contains('t') && !flag.starts_with("--"));
            assert_eq!(screen.contains("code=0"), own, "{flags:?}: {screen}");
        }
        // Nor is there another way to the terminal than the three streams.
        let others = [
            "sh",
            "-c",
            "for at in /dev/tty /dev/console /dev/tty0 /proc/self/fd/0; do /probe tiocsti PWN <$at; done",
        ];
        let (left, screen) = left_in_the_input(&scratch, chapter, &[], &others);
        assert_eq!(left, "", "{screen}");
        assert!(screen.contains("/dev/tty"), "the attempts must be seen to fail: {screen}");
    }
}
