//! `keg run`: what the program gets, and what becomes of it.

use crate::cellar::{
    assert_no_container, containers, digest_of, import, line, names_in, rows, said, with_box,
};
use insta::assert_snapshot;
use nix::sys::signal::Signal;
use tests::host::Process;
use tests::wait;

#[test]
fn rm_leaves_the_state_as_it_was() {
    let scratch = with_box();
    line(&scratch, "run --rm box true").output().success(); // makes the directories that stay
    let before = digest_of(&scratch, ".");
    for command in ["true", "touch /new", "rm -r /etc", "false", "/nope"] {
        let run = line(&scratch, &format!("run --rm --name again box {command}")).output();
        assert!(matches!(run.code, Some(0 | 1 | 127)), "{run:?}");
        assert_no_container(&scratch);
    }
    // The times of directories in which something came and went are new; what is in them is not.
    assert_eq!(digest_of(&scratch, "images"), digest_of(&scratch, "images"));
    let files = |_: &str| names_in(&scratch.keg_root());
    assert_eq!(files(&before), ["containers", "images", "names", "run"]);
}

#[test]
fn without_rm_it_stays_and_the_next_run_is_another_one() {
    let scratch = with_box();
    line(&scratch, "run --name first box sh -c").arg("echo 1 >/mine; exit 3").output().code(3);
    line(&scratch, "run box sh -c").arg("ls /mine").output().code(1);
    let all = rows(&line(&scratch, "ps -a").output().success());
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all[2].contains("box \"sh -c echo 1 >/mine…\"") && all[2].ends_with("first"), "{all:?}");
    assert!(all[2].contains("Exited (3)") && all[1].contains("Exited (1)"), "the newest first: {all:?}");
    assert_eq!(rows(&line(&scratch, "ps").output().success()).len(), 1, "only the head: none runs");
    assert_eq!(containers(&scratch).len(), 2);
}

#[test]
fn exit_codes_are_the_programs() {
    let scratch = with_box();
    for code in [0, 1, 2, 77, 124, 125, 126, 127, 128, 200, 254, 255] {
        line(&scratch, &format!("run --rm box /probe exit {code}")).output().code(code);
    }
    for (signal, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("ABRT", 6)] {
        let run = line(&scratch, "run --rm box sh -c").arg(format!("sh -c 'kill -{signal} $$'; exit $?"));
        run.output().code(128 + number);
    }
    let run = line(&scratch, "run --rm --init box /probe kill 9").output();
    assert_eq!(run.code, Some(128 + 9), "{run:?}");
}

#[test]
fn c0_03_what_cannot_be_executed() {
    let scratch = with_box();
    let table = [
        ("nosuch", 127, "nosuch"),
        ("/nope/x", 127, "no such file or directory"),
        ("/etc", 126, "directory"),
        ("/etc/passwd", 126, "permission denied"),
    ];
    for (command, code, why) in table {
        let run = line(&scratch, &format!("run --rm box {command}")).output().code(code);
        assert!(run.errors().to_lowercase().contains(why), "{run:?}");
        assert_no_container(&scratch);
    }
    // Without --rm it stays, as Docker's does, with the name it was given.
    line(&scratch, "run --name wrong box nosuch").output().code(127);
    let all = rows(&line(&scratch, "ps -a").output().success());
    assert!(all[1].contains("Created") && all[1].ends_with("wrong"), "{all:?}");
}

#[test]
fn ten_megabytes_go_through() {
    let scratch = with_box();
    let bytes: Vec<u8> = (0..10_000_000u32).map(|i| (i ^ (i >> 8)) as u8).collect();
    let run = line(&scratch, "run --rm -i box cat").input(bytes.clone()).output().success();
    assert!(run.stdout == bytes, "{} of {} bytes came back", run.stdout.len(), bytes.len());
    let run = line(&scratch, "run --rm box cat").input(bytes).output().success();
    assert_eq!(run.stdout, b"", "without -i the program's input is empty");
}

#[test]
fn a_terminal_is_a_terminal_inside_and_out() {
    let scratch = with_box();
    let mut terminal = line(&scratch, "run --rm -it box sh").on_terminal(33, 99);
    terminal.type_in("stty size; tty; echo pid $$\r");
    terminal.expect("33 99");
    terminal.expect("/dev/pts/0");
    terminal.expect("pid 1");
    terminal.resize(20, 70);
    terminal.type_in("sleep 0.3; stty size\r");
    terminal.expect("20 70");
    terminal.type_in("sleep 60\r");
    wait::until("the sleep", || {
        terminal.process().descendants().into_iter().find(|it| it.command_line().contains("sleep 60"))
    });
    terminal.type_in("\x03");
    terminal.type_in("echo code $?\r");
    terminal.expect("code 130");
    terminal.type_in("exit 7\r");
    let (code, _) = terminal.finish();
    assert_eq!(code, 7);
    let refused = line(&scratch, "run --rm -it box true").input("").output();
    assert_snapshot!("run_it_in_a_pipe", said(&scratch, &refused));
    assert_no_container(&scratch);
}

#[test]
fn signals_go_to_the_program() {
    let scratch = with_box();
    let run = line(&scratch, "run --rm box /probe trap TERM HUP INT USR1").start();
    run.inside("probe");
    wait::at_most(std::time::Duration::from_millis(300), || None::<()>);
    for (signal, name) in [(Signal::SIGHUP, "HUP"), (Signal::SIGUSR1, "USR1"), (Signal::SIGINT, "INT")] {
        run.signal(signal);
        run.wait_for(name);
    }
    run.signal(Signal::SIGTERM);
    run.finish().prints("TERM");
}

#[test]
fn c6_18_an_image_never_changes_and_containers_do_not_see_each_other() {
    let scratch = with_box();
    let before = digest_of(&scratch, "images");
    let hold = |name: &str| {
        let script = format!(
            "echo {name} >/mine; echo {name} >/etc/passwd; rm -r /bin/vi /home; chmod 700 /tmp; echo ready; read x; cat /mine; ls /"
        );
        line(&scratch, &format!("run --rm -i --name {name} box sh -c")).arg(script).start_with_input()
    };
    let (mut one, mut two) = (hold("one"), hold("two"));
    one.wait_for("ready");
    two.wait_for("ready");
    line(&scratch, "run --rm box sh -c").arg("ls /mine || ls /bin/vi").output().success().prints("/bin/vi");
    for (run, name) in [(&mut one, "one"), (&mut two, "two")] {
        run.write("\n");
        run.wait_for(&format!("ready\n{name}\n"));
    }
    one.finish().success();
    two.finish().success();
    assert_eq!(digest_of(&scratch, "images"), before);
}

#[test]
fn net_none_has_only_loopback_and_it_is_up() {
    let scratch = with_box();
    let script =
        "ls /sys/class/net; ip -o addr show lo; nc -l -p 80 -e echo answered & sleep 0.3; nc 127.0.0.1 80";
    for flags in ["", "--net none", "--network=none"] {
        let text =
            line(&scratch, &format!("run --rm {flags} box sh -c")).arg(script).output().success().text();
        assert!(text.starts_with("lo\n"), "{text}");
        assert!(text.contains("127.0.0.1/8") && text.ends_with("answered\n"), "{text}");
    }
    let interfaces = line(&scratch, "run --rm box /probe").report().interfaces.unwrap();
    assert_eq!(interfaces.keys().collect::<Vec<_>>(), ["lo"]);
}

#[test]
fn net_host_is_the_callers_network() {
    let scratch = with_box();
    // In a network of its own, so that what is seen is known.
    let script = "ip link add probe0 type bridge && \"$1\" run --rm --net host box ls /sys/class/net";
    let run =
        scratch.tool("unshare").args(["--net", "bash", "-euc", script, "-"]).arg(tests::binaries::bin("keg"));
    assert_eq!(run.output().success().text(), "lo\nprobe0\n");
    let started = line(&scratch, "run --rm --net host box sleep 60").start();
    let inside = started.inside("busybox");
    // Recorded, before it is killed: a record half written is the next command's to clear.
    wait::until("it to be up", || line(&scratch, "ps -q").output().text().lines().next().map(|_| ()));
    assert_eq!(inside.namespace("net"), Process::this().namespace("net"));
    assert_ne!(inside.namespace("uts"), Process::this().namespace("uts"));
    started.signal(Signal::SIGKILL);
    started.finish();
    line(&scratch, "run --rm --net nosuch box true").output().code(125).says("nosuch");
}

#[test]
fn two_names_for_one_image_are_one_image() {
    let scratch = with_box();
    let id = line(&scratch, "images -q").output().success().text();
    import(&scratch, "other:tag", &[]);
    let images = rows(&line(&scratch, "images").output().success());
    assert_eq!(images.len(), 3, "{images:?}");
    let layers = names_in(&scratch.keg_root().join("images/layers"));
    assert_eq!(layers.len(), 2, "one layer and what is known of it: {layers:?}");
    line(&scratch, "run --rm other:tag true").output().success();
    // By identifier too, whole and in part.
    let id = id.trim();
    line(&scratch, &format!("run --rm {id} true")).output().success();
    line(&scratch, &format!("run --rm sha256:{} true", &id[..6])).output().success();
}

#[test]
fn c2_15_what_is_shown_does_not_drive_the_terminal() {
    let scratch = with_box();
    line(&scratch, "run --name esc box echo").arg("\u{1b}]0;x\u{7}\n\t\u{202e}").output().success();
    let shown = line(&scratch, "ps -a --no-trunc").output().success();
    assert!(!shown.text().contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown:?}");
    assert_eq!(shown.text().lines().count(), 2, "{shown:?}");
    line(&scratch, "run --rm --name aa").arg("--hostname=a\u{1b}b").args(["box", "true"]).output().code(125);
    let errors = line(&scratch, "rm").arg("\u{1b}[2J").output().code(1).errors();
    assert!(!errors.contains('\u{1b}'), "{errors:?}");
}

#[test]
fn c0_04_bytes_go_through_as_they_are() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = with_box();
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\xfe\n\x01");
    let run = line(&scratch, "run --name raw box printf %s").arg(bytes).output().success();
    assert_eq!(run.stdout, bytes.as_bytes());
    let mut variable = std::ffi::OsString::from("X=");
    variable.push(bytes);
    let run = line(&scratch, "run --rm -e").arg(&variable).args(["box", "sh", "-c", "printf %s \"$X\""]);
    assert_eq!(run.output().success().stdout, bytes.as_bytes());
    line(&scratch, "ps -a").output().success().prints("raw");
    line(&scratch, "rm raw").output().success();
    let image = line(&scratch, "run --rm").arg(bytes).arg("true").output().code(125);
    assert!(image.errors().contains("invalid reference format"), "{image:?}");
}
